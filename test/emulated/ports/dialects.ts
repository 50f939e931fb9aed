// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NativeArch } from '../../../compiler/image/fields.js';

/** Bytes of a routine's frame that it may use, from SP upwards. */
export const FRAME = 44;

/** What the routines of the port tests are made of, for one instruction set: pieces of assembly text for GNU as. */
export interface Dialect {
  readonly arch: NativeArch;
  /** What to change in the arguments of a board's compiler, where the firmware is to be built otherwise. */
  readonly build?: { readonly title: string; flag(flag: string): string };
  /** Where 64-bit arguments of C functions start at even words: Sources: AAPCS 6.4, RISC-V psABI 2.1 and 2.2, Xtensa ABI. */
  readonly evenPairs: { readonly registers: boolean; readonly stack: boolean };
  readonly tools: string;
  readonly asFlags: readonly string[];
  /** Argument registers; the first two are the result's. */
  readonly args: readonly string[];
  /** What C code keeps over calls, the instance's register apart. The first is one that addresses memory. */
  readonly kept: readonly string[];
  readonly instance: string;
  /** Makes a frame and saves the link. */
  readonly enter: string;
  readonly leave: string;
  readonly undefined: string;
  readonly forever: string;
  set(register: string, value: number): string;
  copy(to: string, from: string): string;
  add(to: string, from: string): string;
  subtract(to: string, from: string): string;
  /** Subtracts 1. */
  decrement(register: string): string;
  branchNonzero(register: string, label: string): string;
  /** Words at a register, or at SP. */
  load(to: string, base: string, offset: number): string;
  store(from: string, offset: number): string;
  loadSp(to: string, offset: number): string;
  loadInstance(to: string, offset: number): string;
  /** Calls the import at this offset of the instance. */
  call(offset: number): string;
  callLocal(label: string): string;
  jump(label: string): string;
  /** Trap table entry, and the code behind it. */
  stub(common: string): string;
  common(code: number): string;
}

const signed = (value: number): number => value | 0;

const thumb: Dialect = {
  arch: 'thumb',
  evenPairs: { registers: true, stack: true },
  tools: 'arm-none-eabi-',
  asFlags: ['-mcpu=cortex-m0'],
  args: ['r0', 'r1', 'r2', 'r3'],
  kept: ['r4', 'r5', 'r6', 'r7', 'r8', 'r10', 'r11'],
  instance: 'r9',
  enter: 'push {r4-r7, lr}\n sub sp, #44',
  leave: 'add sp, #44\n pop {r4-r7, pc}\n .ltorg',
  undefined: 'udf #0',
  forever: 'b .',
  set: (r, value) =>
    Number(r.slice(1)) < 8
      ? `ldr ${r}, =${signed(value)}`
      : `push {r3}\n ldr r3, =${signed(value)}\n mov ${r}, r3\n pop {r3}`,
  copy: (to, from) => `mov ${to}, ${from}`,
  add: (to, from) => `add ${to}, ${from}`,
  subtract: (to, from) => `subs ${to}, ${to}, ${from}`,
  decrement: (r) => `subs ${r}, #1`,
  branchNonzero: (r, label) => `cmp ${r}, #0\n bne ${label}`,
  load: (to, base, offset) => `ldr ${to}, [${base}, #${offset}]`,
  store: (from, offset) => `str ${from}, [sp, #${offset}]`,
  loadSp: (to, offset) => `ldr ${to}, [sp, #${offset}]`,
  loadInstance: (to, offset) => `mov ${to}, r9\n ldr ${to}, [${to}, #${offset}]`,
  // r4 carries a value over the call; r12 is for the way.
  call: (offset) => `push {r4}\n mov r4, r9\n ldr r4, [r4, #${offset}]\n mov r12, r4\n pop {r4}\n blx r12`,
  callLocal: (label) => `bl ${label}`,
  // b reaches 2 KB; the stub sets the link anew.
  jump: (label) => `bl ${label}`,
  stub: (common) => `bl ${common}`,
  common: (code) => `movs r0, #${code}\n mov r4, r9\n ldr r4, [r4, #4]\n bx r4`,
};

const riscv = (instance: string): Omit<Dialect, 'asFlags' | 'args' | 'kept' | 'evenPairs'> => ({
  arch: 'riscv32',
  tools: 'riscv64-unknown-elf-',
  instance,
  enter: 'addi sp, sp, -64\n sw ra, 60(sp)',
  leave: 'lw ra, 60(sp)\n addi sp, sp, 64\n ret',
  undefined: '.4byte 0',
  forever: 'j .',
  set: (r, value) => `li ${r}, ${signed(value)}`,
  copy: (to, from) => `mv ${to}, ${from}`,
  add: (to, from) => `add ${to}, ${to}, ${from}`,
  subtract: (to, from) => `sub ${to}, ${to}, ${from}`,
  decrement: (r) => `addi ${r}, ${r}, -1`,
  branchNonzero: (r, label) => `bnez ${r}, ${label}`,
  load: (to, base, offset) => `lw ${to}, ${offset}(${base})`,
  store: (from, offset) => `sw ${from}, ${offset}(sp)`,
  loadSp: (to, offset) => `lw ${to}, ${offset}(sp)`,
  loadInstance: (to, offset) => `lw ${to}, ${offset}(${instance})`,
  call: (offset) => `lw t0, ${offset}(${instance})\n jalr t0`,
  callLocal: (label) => `jal ra, ${label}`,
  jump: (label) => `j ${label}`,
  stub: (common) => `jal ra, ${common}`,
  common: (code) => `li a0, ${code}\n lw t0, 4(${instance})\n jr t0`,
});

const A = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'];

const riscv32: Dialect = {
  ...riscv('s11'),
  asFlags: ['-march=rv32im', '-mabi=ilp32'],
  args: A,
  kept: ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10'],
  evenPairs: { registers: false, stack: true },
};

/** 16 registers, and a stack that is only 4-aligned; the firmware is built alike. */
const riscv32e: Dialect = {
  ...riscv('s1'),
  build: {
    title: ' with 16 registers',
    flag: (flag) => flag.replace(/^-march=rv32i/, '-march=rv32e').replace(/^-mabi=ilp32$/, '-mabi=ilp32e'),
  },
  asFlags: ['-march=rv32em', '-mabi=ilp32e'],
  args: A.slice(0, 6),
  kept: ['s0'],
  evenPairs: { registers: false, stack: false },
};

/** Text of images is call0 code on every core. */
const xtensa: Dialect = {
  arch: 'xtensa',
  evenPairs: { registers: true, stack: true },
  tools: 'xtensa-lx106-elf-',
  asFlags: ['--text-section-literals', '--no-target-align'],
  args: ['a2', 'a3', 'a4', 'a5', 'a6', 'a7'],
  kept: ['a12', 'a13', 'a14'],
  instance: 'a15',
  enter: 'addi a1, a1, -64\n s32i a0, a1, 60',
  leave: 'l32i a0, a1, 60\n addi a1, a1, 64\n ret',
  undefined: 'ill',
  forever: 'j .',
  set: (r, value) => `movi ${r}, ${signed(value)}`,
  copy: (to, from) => `mov ${to}, ${from}`,
  add: (to, from) => `add ${to}, ${to}, ${from}`,
  subtract: (to, from) => `sub ${to}, ${to}, ${from}`,
  decrement: (r) => `addi ${r}, ${r}, -1`,
  branchNonzero: (r, label) => `bnez ${r}, ${label}`,
  load: (to, base, offset) => `l32i ${to}, ${base}, ${offset}`,
  store: (from, offset) => `s32i ${from}, a1, ${offset}`,
  loadSp: (to, offset) => `l32i ${to}, a1, ${offset}`,
  loadInstance: (to, offset) => `l32i ${to}, a15, ${offset}`,
  call: (offset) => `l32i a0, a15, ${offset}\n callx0 a0`,
  callLocal: (label) => `_call0 ${label}`,
  jump: (label) => `_j ${label}`,
  stub: (common) => `_call0 ${common}\n .byte 0`,
  common: (code) => `movi a2, ${code}\n l32i a3, a15, 4\n jx a3`,
};

const BY_ARCH = { thumb, riscv32, xtensa } satisfies Record<NativeArch, Dialect>;

/** The ways in which images are called on a board. */
export function dialectsOf(board: string, arch: NativeArch): readonly Dialect[] {
  return board === 'virt-e31' ? [riscv32, riscv32e] : [BY_ARCH[arch]];
}

export interface Assembled {
  readonly text: Uint8Array;
  readonly offset: ReadonlyMap<string, number>;
  readonly sites: number;
}

/**
 * Assembles routines by name, and a trap table with a site `stub0`, `stub1`, … for each of these trap codes, its start called
 * `table`.
 */
export function assemble(d: Dialect, routines: Readonly<Record<string, string>>, traps: readonly number[]): Assembled {
  const folder = mkdtempSync(join(tmpdir(), 'fcc-asm-'));
  const pool = d.arch === 'xtensa' ? '.literal_position\n' : '';
  const body = Object.entries(routines).map(
    ([name, code]) => `${pool}.balign 4\n.global ${name}\n${name}:\n ${code}\n`,
  );
  const common = traps.map((code, i) => `${pool}.balign 4\ncommon${i}: ${d.common(code)}\n`);
  const stubs = traps.map((_, i) => `stub${i}: ${d.stub(`common${i}`)}\n`);
  const head = d.arch === 'thumb' ? '.syntax unified\n.thumb\n' : '';
  writeFileSync(
    join(folder, 'a.s'),
    `${head}.text\n${body.join('')}${common.join('')}.balign 4\n.global table\ntable:\n${stubs.join('')}`,
  );
  const run = (tool: string, ...args: string[]): string =>
    execFileSync(`${d.tools}${tool}`, args, { cwd: folder, encoding: 'utf8' });
  try {
    run('as', ...d.asFlags, '-o', 'a.o', 'a.s');
    run(
      'ld',
      ...(d.arch === 'riscv32' ? ['-m', 'elf32lriscv'] : []),
      '--no-relax',
      '-Ttext=0',
      '-e',
      '0',
      '-o',
      'a.elf',
      'a.o',
    );
    run('objcopy', '-O', 'binary', '-j', '.text', 'a.elf', 'a.bin');
    const offset = new Map<string, number>();
    for (const line of run('nm', 'a.elf').trim().split('\n')) {
      const [address, , name] = line.split(' ');
      offset.set(name!, Number.parseInt(address!, 16));
    }
    return { text: readFileSync(join(folder, 'a.bin')), offset, sites: traps.length };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
