// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

/** Compilers of both sides of a hook. */
export interface Compiler {
  readonly name: string;
  readonly commands: readonly string[];
  readonly options: readonly string[];
  readonly suffix: 'c' | 'cc';
}

const INCLUDE = resolve(import.meta.dirname, '../../runtime-c/include');
const STRICT = ['-Wall', '-Wextra', '-Werror', '-ffreestanding', `-I${INCLUDE}`];
const C = ['-std=c11', '-pedantic', ...STRICT];

export const BPF: Compiler = {
  name: 'clang for BPF',
  commands: ['clang-19', 'clang', 'clang-22'],
  options: ['-target', 'bpf', '-mcpu=v3', '-O2', '-g', ...C],
  suffix: 'c',
};
export const FIRMWARE: readonly Compiler[] = [
  {
    name: 'gcc for Arm',
    commands: ['arm-none-eabi-gcc'],
    options: ['-mcpu=cortex-m4', '-mthumb', ...C],
    suffix: 'c',
  },
  {
    name: 'gcc for RV32',
    commands: ['riscv64-unknown-elf-gcc'],
    options: ['-march=rv32imac', '-mabi=ilp32', ...C],
    suffix: 'c',
  },
  { name: 'gcc of the host', commands: ['gcc', 'cc'], options: C, suffix: 'c' },
  { name: 'g++ of the host', commands: ['g++', 'c++'], options: ['-std=c++11', ...STRICT], suffix: 'cc' },
];

/** The first of a compiler's commands that is there. */
export function commandOf(compiler: Compiler): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return compiler.commands.find((c) => folders.some((folder) => existsSync(join(folder, c))));
}

export interface Compiled {
  readonly ok: boolean;
  readonly errors: string;
}

/** Calls `body` with a function that compiles `main` beside some files, to `output` or for its mistakes only. */
export function withCompiler<T>(
  compiler: Compiler,
  command: string,
  body: (
    compile: (main: string, files: Readonly<Record<string, string>>, output?: string) => Compiled,
    folder: string,
  ) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'fcc-header-'));
  try {
    return body((main, files, output) => {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const source = join(folder, `main.${compiler.suffix}`);
      writeFileSync(source, main);
      const end = output === undefined ? ['-fsyntax-only', source] : ['-c', source, '-o', join(folder, output)];
      const result = spawnSync(command, [...compiler.options, `-I${folder}`, ...end], { encoding: 'utf8' });
      return { ok: result.status === 0, errors: result.stderr };
    }, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
