// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '../..');
/** Below the checkout, where the packages and the C runtime are found. */
const CACHE = join(ROOT, 'build', 'test-js');
const HOUR = 3_600_000;
const OPTIONS = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };

/**
 * Path of the command line as JavaScript, for tests that need it as a process of its own: translated file by file, without
 * type checks, once for each state of the sources. Several processes may do so at once: each renames its own.
 */
export function builtMain(): string {
  const sources = ['compiler', 'backends'].flatMap((part) =>
    readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .sort()
      .map((name): [string, string] => [join(part, name), readFileSync(join(ROOT, part, name), 'utf8')]),
  );
  const hash = createHash('sha256').update(ts.version).update(JSON.stringify(sources)).digest('hex').slice(0, 24);
  const folder = join(CACHE, hash);
  const main = join(folder, 'compiler/cli/main.js');
  if (existsSync(main)) return main;
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const old = join(CACHE, name);
    const made = statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > HOUR) rmSync(old, { recursive: true, force: true });
  }
  const scratch = mkdtempSync(join(CACHE, 'new-'));
  for (const [name, text] of sources) {
    const out = join(scratch, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, ts.transpileModule(text, { compilerOptions: OPTIONS }).outputText);
  }
  try {
    renameSync(scratch, folder);
  } catch (e) {
    // Another process was first.
    rmSync(scratch, { recursive: true, force: true });
    if (!existsSync(main)) throw e;
  }
  return main;
}
