// SPDX-License-Identifier: MIT
// npm run fuzz -- [--minutes N] [--runs R] [--seed S] [--targets A,B] [--jobs J]: random programs on all targets and levels,
// interpreter against simulator. test/differential/fuzz.ts does it; this turns it into JavaScript first, in a folder of its own, so
// that a change of the sources does not reach a run.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..');
mkdirSync(join(root, 'build'), { recursive: true });
const outDir = mkdtempSync(join(root, 'build', 'fuzz-'));
try {
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const entry = join(root, 'test', 'differential', 'fuzz.ts');
  // Types are checked elsewhere: no declarations need to be read.
  const emit = { noEmit: false, noCheck: true, noLib: true, types: [], declaration: false, sourceMap: false };
  ts.createProgram([entry], { ...config.options, ...emit, outDir, rootDir: root }).emit();
  const js = join(outDir, 'test', 'differential', 'fuzz.js');
  const { status } = spawnSync(process.execPath, [js, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 70;
} finally {
  rmSync(outDir, { recursive: true, force: true });
}
