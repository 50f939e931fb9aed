// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instanceImportOffset, instanceRegionOffset, type NativeArch } from '../../compiler/image/fields.js';

/**
 * Text by hand, without guards, for what compiled text never does: the same entry points on every instruction set, in
 * instructions that its smallest core has. Constants stay small, as pools are not at hand everywhere.
 */

/** One granted region, "pdu". */
export const GRANTED = 1;
const base = (region: number): number => instanceRegionOffset(region, 'base');
const PDU = base(3);
const PDU_LENGTH = PDU + 4;
const DATA = base(0);
/** The first import of every image: now_ms. */
const NOW = instanceImportOffset(GRANTED, 0);

/**
 * Context of `helper`: the address of pdu (8 bytes), offset in the instance of what to call, offset in the context of the word to
 * add that address to, eight argument words, one word to add to in vain.
 */
export const CALL = { slot: 8, adjust: 12, words: 16, vain: 48, size: 56 } as const;
/** Context of `poke`: the address of pdu, what to add to it, the byte to store there. */
export const POKE = { offset: 8, byte: 12, size: 16 } as const;

/** Turns of `spin`: long enough for a few ticks of the clock. */
const SPINS_LOG = 25;

export const NAMES = [
  'answer', // 42
  'clobber', // changes every register that an entry may change; 7 and 8
  'arguments', // first argument word ^ third, second | fourth
  'fuel', // what the instance says
  'context_up', // adds 1 to byte 1 of the context
  'data', // words 0 and 2 of the block, and word 7 into the high half; changes all of them
  'preserve', // sum of 1, 2, 4, ... in the registers that a call keeps, behind a call
  'spin', // the same behind a long loop
  'helper', // calls with the instance and seven argument words
  'trapped', // site 1, with things on the stack
  'trap0', // site 0
  'illegal',
  'wild_load',
  'wild_store',
  'wild_call',
  'forever',
  'forever_deep', // with a frame on the stack
  'forever_lost', // without a usable stack pointer
  'poke', // stores a byte near pdu
  'instance', // makes pdu longer than it is
  'text', // changes an instruction
] as const;
type Name = (typeof NAMES)[number];

interface Dialect {
  readonly tools: string;
  readonly as: readonly string[];
  readonly ld: readonly string[];
  readonly head: string;
  /** Trap table and what it jumps to. */
  readonly tail: string;
  readonly routines: Readonly<Record<Name, string>>;
}

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n ');

const THUMB_HELPER = `push {r4-r7, lr}
 sub sp, #20
 mov r4, r0
 ldr r1, [r4, #${CALL.adjust}]
 ldr r2, [r4, r1]
 ldr r3, [r4]
 adds r2, r3
 str r2, [r4, r1]
 ${lines(4, (i) => `ldr r0, [r4, #${CALL.words + 16 + 4 * i}]\n str r0, [sp, #${4 * i}]`)}
 mov r5, r9
 ldr r6, [r4, #${CALL.slot}]
 ldr r6, [r5, r6]
 mov r0, r9
 ${lines(3, (i) => `ldr r${i + 1}, [r4, #${CALL.words + 4 + 4 * i}]`)}
 blx r6
 add sp, #20
 pop {r4-r7, pc}`;
/** 1, 2, 4, 8 in r4 to r7; 16, 32, 64 in r8, r10, r11. */
const THUMB_SET =
  'movs r0, #16\n mov r8, r0\n movs r0, #32\n mov r10, r0\n movs r0, #64\n mov r11, r0\n movs r4, #1\n movs r5, #2\n movs r6, #4\n movs r7, #8';
const THUMB_SUM =
  'mov r0, r8\n add r0, r10\n add r0, r11\n adds r0, r4\n adds r0, r5\n adds r0, r6\n adds r0, r7\n movs r1, #0';
const THUMB_WILD = 'movs r0, #0xe7\n lsls r0, r0, #24';

const THUMB: Dialect = {
  tools: 'arm-none-eabi-',
  as: ['-mcpu=cortex-m0'],
  ld: [],
  head: '.syntax unified\n.thumb',
  tail: `.balign 4
common1: movs r0, #1
 b leave
common2: movs r0, #2
leave: mov r3, r9
 ldr r3, [r3, #4]
 bx r3
 .balign 4
 .global table
table:
stub0: bl common2
stub1: bl common1`,
  routines: {
    answer: 'movs r0, #42\n movs r1, #0\n bx lr',
    clobber: `movs r0, #1
 ${lines(7, (i) => `movs r${i + 1}, #1`)}
 mov r8, r0\n mov r10, r0\n mov r11, r0\n mov r12, r0\n movs r0, #7\n movs r1, #8\n bx lr`,
    arguments: 'eors r0, r2\n orrs r1, r3\n bx lr',
    fuel: 'mov r1, r9\n ldr r0, [r1]\n movs r1, #0\n bx lr',
    context_up: 'ldrb r3, [r0, #1]\n adds r3, #1\n strb r3, [r0, #1]\n movs r0, #0\n movs r1, #0\n bx lr',
    data: `mov r3, r9
 ldr r2, [r3, #${DATA}]
 ldr r0, [r2]
 ldr r1, [r2, #8]
 ldr r3, [r2, #28]
 orrs r1, r3
 adds r3, r0, #1
 str r3, [r2]
 str r3, [r2, #8]
 str r3, [r2, #28]
 bx lr`,
    preserve: `push {lr}\n sub sp, #4\n ${THUMB_SET}
 mov r0, r9
 ldr r3, [r0, #${NOW}]
 blx r3
 ${THUMB_SUM}
 add sp, #4\n pop {pc}`,
    spin: `${THUMB_SET}
 movs r3, #1\n lsls r3, r3, #${SPINS_LOG}
1: subs r3, #1\n bne 1b
 ${THUMB_SUM}
 bx lr`,
    helper: THUMB_HELPER,
    trapped: 'push {r4, lr}\n sub sp, #64\n bl stub1',
    trap0: 'bl stub0',
    illegal: 'udf #0',
    wild_load: `${THUMB_WILD}\n ldr r0, [r0]\n bx lr`,
    wild_store: `${THUMB_WILD}\n str r0, [r0]\n bx lr`,
    wild_call: `${THUMB_WILD}\n adds r0, #1\n bx r0`,
    forever: 'b .',
    forever_deep: 'push {r4, lr}\n sub sp, #256\n b .',
    forever_lost: 'movs r0, #0\n mov sp, r0\n b .',
    poke: `ldr r1, [r0]\n ldr r2, [r0, #${POKE.offset}]\n ldr r3, [r0, #${POKE.byte}]\n strb r3, [r1, r2]\n movs r0, #0\n movs r1, #0\n bx lr`,
    instance: `mov r1, r9\n movs r0, #0\n mvns r0, r0\n str r0, [r1, #${PDU_LENGTH}]\n bx lr`,
    text: 'adr r2, 1f\n movs r0, #0\n str r0, [r2]\n bx lr\n .balign 4\n1: .word 0x12345678',
  },
};

const RISCV_HELPER = `addi sp, sp, -16
 sw ra, 12(sp)
 mv t0, a0
 lw t1, ${CALL.adjust}(t0)
 add t1, t1, t0
 lw t2, 0(t1)
 lw t3, 0(t0)
 add t2, t2, t3
 sw t2, 0(t1)
 lw t4, ${CALL.slot}(t0)
 add t4, t4, s11
 lw t4, 0(t4)
 mv a0, s11
 ${lines(7, (i) => `lw a${i + 1}, ${CALL.words + 4 + 4 * i}(t0)`)}
 jalr t4
 lw ra, 12(sp)
 addi sp, sp, 16
 ret`;
/** Powers of two in s0 to s10. */
const RISCV_SET = lines(11, (i) => `li s${i}, ${2 ** i}`);
const RISCV_SUM = `li a0, 0\n li a1, 0\n ${lines(11, (i) => `add a0, a0, s${i}`)}`;

const RISCV: Dialect = {
  tools: 'riscv64-unknown-elf-',
  as: ['-march=rv32imc', '-mabi=ilp32', '-mno-relax'],
  ld: ['-m', 'elf32lriscv'],
  head: '',
  tail: `common1: li a0, 1
 j leave
common2: li a0, 2
leave: lw t0, 4(s11)
 jr t0
 .balign 4
 .option norvc
 .global table
table:
stub0: jal common2
stub1: jal common1`,
  routines: {
    answer: 'li a0, 42\n li a1, 0\n ret',
    clobber: `${lines(7, (i) => `li t${i}, 1`)}
 ${lines(11, (i) => `li s${i}, 1`)}
 ${lines(6, (i) => `li a${i + 2}, 1`)}
 li a0, 7\n li a1, 8\n ret`,
    arguments: 'xor a0, a0, a2\n or a1, a1, a3\n ret',
    fuel: 'lw a0, 0(s11)\n li a1, 0\n ret',
    context_up: 'lb t0, 1(a0)\n addi t0, t0, 1\n sb t0, 1(a0)\n li a0, 0\n li a1, 0\n ret',
    data: `lw a2, ${DATA}(s11)
 lw a0, 0(a2)
 lw a1, 8(a2)
 lw a3, 28(a2)
 or a1, a1, a3
 addi a3, a0, 1
 sw a3, 0(a2)
 sw a3, 8(a2)
 sw a3, 28(a2)
 ret`,
    preserve: `addi sp, sp, -16\n sw ra, 0(sp)\n ${RISCV_SET}
 mv a0, s11
 lw t0, ${NOW}(s11)
 jalr t0
 ${RISCV_SUM}
 lw ra, 0(sp)\n addi sp, sp, 16\n ret`,
    spin: `${RISCV_SET}
 li t0, 1\n slli t0, t0, ${SPINS_LOG}
1: addi t0, t0, -1\n bnez t0, 1b
 ${RISCV_SUM}
 ret`,
    helper: RISCV_HELPER,
    trapped: 'addi sp, sp, -64\n j stub1',
    trap0: 'j stub0',
    illegal: '.word 0',
    wild_load: 'lui a0, 0xe7000\n lw a0, 0(a0)\n ret',
    wild_store: 'lui a0, 0xe7000\n sw a0, 0(a0)\n ret',
    wild_call: 'lui a0, 0xe7000\n jr a0',
    forever: 'j .',
    forever_deep: 'addi sp, sp, -256\n j .',
    forever_lost: 'li sp, 0\n j .',
    poke: `lw a1, 0(a0)\n lw a2, ${POKE.offset}(a0)\n lw a3, ${POKE.byte}(a0)\n add a1, a1, a2\n sb a3, 0(a1)\n li a0, 0\n li a1, 0\n ret`,
    instance: `li a0, -1\n sw a0, ${PDU_LENGTH}(s11)\n ret`,
    text: 'auipc a2, 0\n sw zero, 12(a2)\n ret\n .balign 4\n .word 0x12345678',
  },
};

const XTENSA_HELPER = `addi a1, a1, -32
 s32i a0, a1, 8
 mov a8, a2
 l32i a9, a8, ${CALL.adjust}
 add a9, a9, a8
 l32i a10, a9, 0
 l32i a11, a8, 0
 add a10, a10, a11
 s32i a10, a9, 0
 l32i a9, a8, ${CALL.slot}
 add a9, a9, a15
 l32i a9, a9, 0
 mov a2, a15
 ${lines(5, (i) => `l32i a${3 + i}, a8, ${CALL.words + 4 + 4 * i}`)}
 ${lines(2, (i) => `l32i a10, a8, ${CALL.words + 24 + 4 * i}\n s32i a10, a1, ${4 * i}`)}
 callx0 a9
 l32i a0, a1, 8
 addi a1, a1, 32
 ret`;
/** 1, 2, 4 in a12 to a14. */
const XTENSA_SET = 'movi a12, 1\n movi a13, 2\n movi a14, 4';
const XTENSA_SUM = 'add a2, a12, a13\n add a2, a2, a14\n movi a3, 0';
const XTENSA_WILD = 'movi a2, -25\n slli a2, a2, 24';

const XTENSA: Dialect = {
  tools: 'xtensa-lx106-elf-',
  as: ['--no-transform'],
  ld: ['--no-relax'],
  head: '',
  tail: `.balign 4
common1: movi a2, 1
 j leave
 .balign 4
common2: movi a2, 2
leave: l32i a3, a15, 4
 jx a3
 .balign 4
 .global table
table:
stub0: call0 common2
 .byte 0
stub1: call0 common1
 .byte 0`,
  routines: {
    answer: 'movi a2, 42\n movi a3, 0\n ret',
    clobber: `${lines(11, (i) => `movi a${i + 4}, 1`)}\n movi a2, 7\n movi a3, 8\n ret`,
    arguments: 'xor a2, a2, a4\n or a3, a3, a5\n ret',
    fuel: 'l32i a2, a15, 0\n movi a3, 0\n ret',
    context_up: 'l8ui a4, a2, 1\n addi a4, a4, 1\n s8i a4, a2, 1\n movi a2, 0\n movi a3, 0\n ret',
    data: `l32i a4, a15, ${DATA}
 l32i a2, a4, 0
 l32i a3, a4, 8
 l32i a5, a4, 28
 or a3, a3, a5
 addi a5, a2, 1
 s32i a5, a4, 0
 s32i a5, a4, 8
 s32i a5, a4, 28
 ret`,
    preserve: `addi a1, a1, -16\n s32i a0, a1, 0\n ${XTENSA_SET}
 mov a2, a15
 l32i a8, a15, ${NOW}
 callx0 a8
 ${XTENSA_SUM}
 l32i a0, a1, 0\n addi a1, a1, 16\n ret`,
    spin: `${XTENSA_SET}
 movi a8, 1\n slli a8, a8, ${SPINS_LOG}
1: addi a8, a8, -1\n bnez a8, 1b
 ${XTENSA_SUM}
 ret`,
    helper: XTENSA_HELPER,
    trapped: 'addi a1, a1, -64\n j stub1',
    trap0: 'j stub0',
    illegal: 'ill',
    wild_load: `${XTENSA_WILD}\n l32i a2, a2, 0\n ret`,
    wild_store: `${XTENSA_WILD}\n s32i a2, a2, 0\n ret`,
    wild_call: `${XTENSA_WILD}\n jx a2`,
    forever: '1: j 1b',
    forever_deep: 'addi a1, a1, -128\n addi a1, a1, -128\n1: j 1b',
    forever_lost: 'movi a1, 0\n1: j 1b',
    poke: `l32i a4, a2, 0\n l32i a5, a2, ${POKE.offset}\n l32i a6, a2, ${POKE.byte}\n add a4, a4, a5\n s8i a6, a4, 0\n movi a2, 0\n movi a3, 0\n ret`,
    instance: `movi a2, -1\n s32i a2, a15, ${PDU_LENGTH}\n ret`,
    text: 'mov a8, a0\n call0 1f\n .word 0x12345678\n .balign 4\n1: movi a2, 85\n s8i a2, a0, 0\n jx a8',
  },
};

const DIALECTS: Readonly<Record<NativeArch, Dialect>> = { thumb: THUMB, riscv32: RISCV, xtensa: XTENSA };

/** What `preserve` and `spin` answer. */
export const PRESERVED: Readonly<Record<NativeArch, bigint>> = { thumb: 127n, riscv32: 2047n, xtensa: 7n };

export interface Assembled {
  readonly text: Uint8Array;
  readonly offset: ReadonlyMap<string, number>;
}

/** Assembles and links all routines with the instruction set's GNU tools, for address 0. */
export function assemble(arch: NativeArch): Assembled {
  const { tools, as, ld, head, tail, routines } = DIALECTS[arch];
  const folder = mkdtempSync(join(tmpdir(), 'fcc-asm-'));
  try {
    const run = (tool: string, ...args: string[]): string =>
      execFileSync(`${tools}${tool}`, args, { cwd: folder, encoding: 'utf8' });
    const body = NAMES.map((name) => `.balign 4\n.global ${name}\n${name}:\n ${routines[name]}`);
    writeFileSync(join(folder, 'a.s'), `.text\n${head}\n${body.join('\n')}\n${tail}\n`);
    run('as', ...as, '-o', 'a.o', 'a.s');
    run('ld', ...ld, '-Ttext=0', '-e', '0', '-o', 'a.elf', 'a.o');
    run('objcopy', '-O', 'binary', '-j', '.text', 'a.elf', 'a.bin');
    const offset = new Map<string, number>();
    for (const line of run('nm', 'a.elf').trim().split('\n')) {
      const [address, , name] = line.split(' ');
      offset.set(name!, Number.parseInt(address!, 16));
    }
    return { text: readFileSync(join(folder, 'a.bin')), offset };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An argument of a helper behind the instance: a number is 32 bits wide, a bigint 64; `pdu` adds the region's address. */
export type Argument = number | bigint | { readonly pdu: number };

/**
 * Argument words as the platform's C compilers pass them, behind the instance: 64-bit values start at even words for Arm
 * (AAPCS32 6.5) and Xtensa (ISA Reference Manual 8.1.4); the RISC-V ELF psABI (2.1) leaves no gaps in registers. `adjust`: the
 * word that wants the region's address, or null.
 */
export function argumentWords(arch: NativeArch, args: readonly Argument[]): { words: number[]; adjust: number | null } {
  const words: number[] = [0];
  let adjust: number | null = null;
  for (const a of args) {
    if (typeof a === 'bigint') {
      if (arch !== 'riscv32' && words.length % 2 === 1) words.push(0);
      words.push(Number(a & 0xffffffffn), Number(a >> 32n));
    } else if (typeof a === 'object') {
      adjust = words.length;
      words.push(a.pdu >>> 0);
    } else words.push(a >>> 0);
  }
  return { words, adjust };
}
