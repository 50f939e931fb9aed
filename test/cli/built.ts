// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { madeOnce } from '../cache.js';

const ROOT = resolve(import.meta.dirname, '../..');
/** Below the checkout, where the packages and the C runtime are found. */
const CACHE = join(ROOT, 'build', 'test-js');
const OPTIONS = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };

/**
 * Path of the command line as JavaScript, for tests that need it as a process of its own: translated file by file, without
 * type checks, once for each state of the sources.
 */
export function builtMain(): string {
  const sources = ['compiler', 'backends'].flatMap((part) =>
    readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .sort()
      .map((name): [string, string] => [join(part, name), readFileSync(join(ROOT, part, name), 'utf8')]),
  );
  const hash = createHash('sha256').update(ts.version).update(JSON.stringify(sources)).digest('hex').slice(0, 24);
  const folder = madeOnce(CACHE, hash, (scratch) => {
    for (const [name, text] of sources) {
      const out = join(scratch, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(out), { recursive: true });
      writeFileSync(out, ts.transpileModule(text, { compilerOptions: OPTIONS }).outputText);
    }
  });
  return join(folder, 'compiler/cli/main.js');
}
