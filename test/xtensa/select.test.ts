// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { OPS } from '../../compiler/ir/ir.js';
import { BENCHES } from './harness.js';
import { select, selectBranch } from './listing.js';

/** What each operation is selected as. `k(n, v)` makes v`n` the constant. */

const [ESP8266, ESP32] = BENCHES as [(typeof BENCHES)[0], (typeof BENCHES)[0]];
const k = (n: number, v: number): string => `v${n}:i32 = const imm=${v};`;
const access = (align: number): string => `access={context, proved, align ${align}, write}`;

type Case = readonly [string, string, string];

/** Lines, values read afterwards, instructions: on every core. */
const CASES: readonly Case[] = [
  // Constants where an instruction takes none.
  [`${k(4, 95)} v5:i32 = xor v0, v4`, 'v5', 'movi a6 95|xor a7 a2 a6'],
  [`${k(4, 2047)} v5:i32 = xor v0, v4`, 'v5', 'movi a6 2047|xor a7 a2 a6'],
  [`${k(4, 0x7ffff)} v5:i32 = xor v0, v4`, 'v5', 'movi a6 -1|srli a6 a6 13|xor a7 a2 a6'],
  [`${k(4, 0xffff)} v5:i32 = xor v0, v4`, 'v5', 'movi a6 -1|extui a6 a6 16 16|xor a7 a2 a6'],
  [`${k(4, 0x500000)} v5:i32 = xor v0, v4`, 'v5', 'movi a6 5|slli a6 a6 20|xor a7 a2 a6'],
  [`${k(4, 0x4005)} v5:i32 = xor v0, v4`, 'v5', 'movi a6 5|addmi a6 a6 16384|xor a7 a2 a6'],
  [`${k(4, 0x12345678)} v5:i32 = xor v0, v4`, 'v5', 'literal a6 0x12345678|xor a7 a2 a6'],

  ['v4:i32 = add v0, v1', 'v4', 'add a6 a2 a3'],
  [`${k(4, 5)} v5:i32 = add v4, v0`, 'v5', 'addi a6 a2 5'],
  [`${k(4, 0xfffffffb)} v5:i32 = add v0, v4`, 'v5', 'addi a6 a2 -5'],
  [`${k(4, 512)} v5:i32 = add v0, v4`, 'v5', 'addmi a6 a2 512'],
  [`${k(4, 1000)} v5:i32 = add v0, v4`, 'v5', 'movi a11 1000|add a6 a2 a11'],
  [`${k(4, 4001)} v5:i32 = add v0, v4`, 'v5', 'addmi a6 a2 4096|addi a6 a6 -95'],
  [`${k(4, 0)} v5:i32 = add v0, v4`, 'v5', 'mov a6 a2'],
  [`${k(4, 3)} v5:i32 = shl v1, v4; v6:i32 = add v5, v0`, 'v6', 'addx8 a6 a3 a2'],
  // A shift that something else reads too stays.
  [`${k(4, 3)} v5:i32 = shl v1, v4; v6:i32 = add v5, v0`, 'v6, v5', 'slli a6 a3 3|add a7 a6 a2'],
  [`${k(4, 10)} v5:i32 = mul v1, v4; v6:i32 = add v5, v0`, 'v6', 'addx4 a11 a3 a3|addx2 a6 a11 a2'],

  ['v4:i32 = sub v0, v1', 'v4', 'sub a6 a2 a3'],
  [`${k(4, 9)} v5:i32 = sub v0, v4`, 'v5', 'addi a6 a2 -9'],
  [`${k(4, 0)} v5:i32 = sub v4, v0`, 'v5', 'neg a6 a2'],
  [`${k(4, 2)} v5:i32 = shl v1, v4; v6:i32 = sub v5, v0`, 'v6', 'subx4 a6 a3 a2'],

  ['v4:i32 = mul v0, v1', 'v4', 'mull a6 a2 a3'],
  [`${k(4, 2)} v5:i32 = mul v0, v4`, 'v5', 'add a6 a2 a2'],
  [`${k(4, 8)} v5:i32 = mul v0, v4`, 'v5', 'slli a6 a2 3'],
  [`${k(4, 5)} v5:i32 = mul v0, v4`, 'v5', 'addx4 a6 a2 a2'],
  [`${k(4, 7)} v5:i32 = mul v4, v0`, 'v5', 'subx8 a6 a2 a2'],

  ['v4:i32 = and v0, v1', 'v4', 'and a6 a2 a3'],
  [`${k(4, 255)} v5:i32 = and v0, v4`, 'v5', 'extui a6 a2 0 8'],
  [`${k(4, 0xf0)} v5:i32 = and v0, v4`, 'v5', 'movi a6 240|and a7 a2 a6'],
  [`${k(4, 0xfffffff8)} v5:i32 = and v0, v4`, 'v5', 'movi a6 -8|and a7 a2 a6'],
  [`${k(4, 0x3ffff)} v5:i32 = and v0, v4`, 'v5', 'slli a6 a2 14|srli a6 a6 14'],
  [`${k(4, 0xfffff000)} v5:i32 = and v0, v4`, 'v5', 'srli a6 a2 12|slli a6 a6 12'],
  [`${k(4, 0xff0000)} v5:i32 = and v0, v4`, 'v5', 'extui a6 a2 16 8|slli a6 a6 16'],
  [`${k(4, 5)} v5:i32 = lshr v0, v4; ${k(6, 7)} v7:i32 = and v5, v6`, 'v7', 'extui a6 a2 5 3'],
  ['v4:i32 = or v0, v1', 'v4', 'or a6 a2 a3'],
  [
    `${k(4, 8)} v5:i32 = shl v0, v4; ${k(6, 255)} v7:i32 = and v1, v6; v8:i32 = or v5, v7`,
    'v8',
    'slli a6 a2 8|extui a7 a3 0 8|add a8 a6 a7',
  ],
  [`${k(4, 8)} v5:i32 = shl v0, v4; ${k(6, 1)} v7:i32 = or v5, v6`, 'v7', 'slli a6 a2 8|addi a7 a6 1'],
  [
    `${k(4, 7)} ${k(5, 25)} v6:i32 = shl v0, v4; v7:i32 = lshr v1, v5; v8:i32 = or v6, v7`,
    'v8',
    'ssai 25|src a6 a2 a3',
  ],
  ['v4:i32 = xor v0, v1', 'v4', 'xor a6 a2 a3'],

  [`${k(4, 33)} v5:i32 = shl v0, v4`, 'v5', 'add a6 a2 a2'],
  [`${k(4, 31)} v5:i32 = shl v0, v4`, 'v5', 'slli a6 a2 31'],
  ['v4:i32 = shl v0, v1', 'v4', 'ssl a3|sll a6 a2'],
  [`${k(4, 31)} v5:i32 = and v1, v4; v6:i32 = lshr v0, v5`, 'v6', 'ssr a3|srl a6 a2'],
  [`${k(4, 63)} v5:i32 = and v1, v4; v6:i32 = ashr v0, v5`, 'v6', 'ssr a3|sra a6 a2'],
  [`${k(4, 15)} v5:i32 = lshr v0, v4`, 'v5', 'srli a6 a2 15'],
  [`${k(4, 16)} v5:i32 = lshr v0, v4`, 'v5', 'extui a6 a2 16 16'],
  [`${k(4, 31)} v5:i32 = ashr v0, v4`, 'v5', 'srai a6 a2 31'],
  [`${k(4, 10)} ${k(5, 12)} v6:i32 = shl v0, v4; v7:i32 = ashr v6, v5`, 'v7', 'slli a6 a2 10|srai a6 a6 12'],
  [`${k(4, 14)} ${k(5, 20)} v6:i32 = shl v0, v4; v7:i32 = lshr v6, v5`, 'v7', 'extui a6 a2 6 12'],

  [`${k(4, 16)} v5:i32 = lshr v0, v4; v6:i32 = sext bits=16 v5`, 'v6', 'srai a6 a2 16'],
  [
    'v4:i32 = bswap bits=16 v0; v5:i32 = sext bits=16 v4',
    'v5',
    'extui a11 a2 8 8|slli a6 a2 24|srai a6 a6 16|add a6 a6 a11',
  ],
  ['v4:i32 = bswap bits=16 v0', 'v4', 'extui a11 a2 8 8|extui a6 a2 0 8|slli a6 a6 8|add a6 a6 a11'],
  ['v4:i32 = bswap bits=32 v0', 'v4', 'ssai 8|extui a11 a2 16 16|src a11 a11 a2|src a11 a11 a11|src a6 a2 a11'],

  ['v4:i32 = icmp cond=slt v0, v1', 'v4', 'movi a6 1|blt a2 a3 L1|movi a6 0|L1:'],
  [`${k(4, 0)} v5:i32 = icmp cond=slt v0, v4`, 'v5', 'extui a6 a2 31 1'],
  [`${k(4, 0)} v5:i32 = icmp cond=sge v0, v4`, 'v5', 'srai a6 a2 31|addi a6 a6 1'],
  [`${k(4, 0)} v5:i32 = icmp cond=eq v0, v4`, 'v5', 'nsau a6 a2|srli a6 a6 5'],
  [`${k(4, 9)} v5:i32 = icmp cond=eq v0, v4`, 'v5', 'addi a11 a2 -9|nsau a6 a11|srli a6 a6 5'],
  [`${k(4, 64)} v5:i32 = icmp cond=set v0, v4`, 'v5', 'extui a6 a2 6 1'],
  ['v4:i32 = select v0, v1, v2', 'v4', 'movnez a4 a3 a2'],
  [`${k(4, 7)} v5:i32 = select v0, v1, v4`, 'v5', 'bnez a2 L1|movi a3 7|L1:'],
  [`${k(4, 7)} ${k(6, 8)} v5:i32 = select v0, v6, v4`, 'v5', 'movi a6 8|bnez a2 L1|movi a6 7|L1:'],
  [
    `v4:i32 = icmp cond=ult v0, v1; ${k(5, 1)} v6:i32 = select v4, v5, v2; v7:i32 = select v4, v3, v2`,
    'v6, v7',
    'bgeu a2 a3 L1|movi a4 1|L1:|bgeu a2 a3 L2|mov a4 a5|L2:',
  ],

  ['v4:i32, v5:i32 = add64 v0, v1, v2, v3', 'v4, v5', 'add a6 a2 a4|add a7 a3 a5|bgeu a6 a2 L1|addi a7 a7 1|L1:'],
  [`${k(6, 1)} ${k(7, 0)} v4:i32, v5:i32 = add64 v6, v7, v0, v1`, 'v4, v5', 'addi a6 a2 1|bnez a6 L1|addi a3 a3 1|L1:'],
  [
    `${k(6, 9)} ${k(7, 0)} v4:i32, v5:i32 = add64 v0, v1, v6, v7`,
    'v4, v5',
    'addi a6 a2 9|bgeu a6 a2 L1|addi a3 a3 1|L1:',
  ],
  [`${k(6, 0xffffffff)} v4:i32, v5:i32 = add64 v0, v1, v6, v6`, 'v4, v5', 'bnez a2 L1|addi a3 a3 -1|L1:|addi a6 a2 -1'],
  [`${k(6, 0)} v4:i32, v5:i32 = add64 v0, v1, v2, v6`, 'v4, v5', 'add a6 a2 a4|bgeu a6 a2 L1|addi a3 a3 1|L1:'],
  ['v4:i32, v5:i32 = add64 v0, v1, v0, v1', 'v4, v5', 'extui a11 a2 31 1|add a6 a2 a2|addx2 a7 a3 a11'],
  ['v4:i32, v5:i32 = add64 v0, v1, v2, v3', 'v4', 'add a6 a2 a4'],
  ['v4:i32, v5:i32 = sub64 v0, v1, v2, v3', 'v4, v5', 'sub a7 a3 a5|bgeu a2 a4 L1|addi a7 a7 -1|L1:|sub a6 a2 a4'],
  [`${k(6, 0)} v4:i32, v5:i32 = sub64 v6, v6, v0, v1`, 'v4, v5', 'neg a7 a3|beqz a2 L1|addi a7 a7 -1|L1:|neg a6 a2'],
  [
    `${k(6, 4)} ${k(7, 0)} v4:i32, v5:i32 = sub64 v0, v1, v6, v7`,
    'v4, v5',
    'bgeui a2 4 L1|addi a3 a3 -1|L1:|addi a6 a2 -4',
  ],
  ['v4:i32, v5:i32 = mul64 v0, v1, v2, v3', 'v4', 'mull a6 a2 a4'],
  ['v4:i32, v5:i32 = shl64 v0, v1, v2', 'v4, v5', 'ssl a4|src a7 a3 a2|sll a6 a2|bbci a4 5 L1|mov a7 a6|movi a6 0|L1:'],
  [
    `${k(4, 63)} v5:i32 = and v2, v4; v6:i32, v7:i32 = lshr64 v0, v1, v5`,
    'v6, v7',
    'ssr a4|src a7 a3 a2|srl a6 a3|bbci a4 5 L1|mov a7 a6|movi a6 0|L1:',
  ],
  [
    'v4:i32, v5:i32 = ashr64 v0, v1, v2',
    'v4, v5',
    'ssr a4|src a7 a3 a2|sra a6 a3|bbci a4 5 L1|mov a7 a6|srai a6 a6 31|L1:',
  ],
  [`${k(4, 31)} v5:i32 = and v2, v4; v6:i32, v7:i32 = shl64 v0, v1, v5`, 'v6, v7', 'ssl a4|src a7 a3 a2|sll a6 a2'],
  ['v4:i32, v5:i32 = shl64 v0, v1, v2', 'v4', 'ssl a4|sll a6 a2|bbci a4 5 L1|movi a6 0|L1:'],
  [
    'v4:i32 = icmp64 cond=slt v0, v1, v2, v3',
    'v4',
    'movi a6 1|blt a3 a5 L1|bne a3 a5 L2|bltu a2 a4 L1|L2:|movi a6 0|L1:',
  ],

  ['v4:i32 = base region=context', 'v4', 'l32i a6 a15 64'],
  ['v4:i32 = length region=context', 'v4', 'l32i a6 a15 68'],
  [`v4:i32 = load size=4 signed=false off=8 ${access(4)} v0`, 'v4', 'l32i a6 a2 8'],
  [`v4:i32 = load size=2 signed=true off=8 ${access(2)} v0`, 'v4', 'l16si a6 a2 8'],
  [`${k(5, 40)} v6:i32 = add v0, v5; v4:i32 = load size=2 signed=false off=8 ${access(2)} v6`, 'v4', 'l16ui a6 a2 48'],
  ['v4:i32 = load size=1 signed=false off=-3 v0', 'v4', 'addi a7 a2 -3|l8ui a6 a7 0'],
  [`v4:i32 = load size=4 signed=false off=5000 ${access(4)} v0`, 'v4', 'addmi a7 a2 4864|l32i a6 a7 136'],
  [`v4:i32 = load size=4 signed=false off=70000 ${access(4)} v0`, 'v4', 'literal a7 0x11170|add a7 a2 a7|l32i a6 a7 0'],
  ['v4:i32 = load size=2 signed=false off=1 v0', 'v4', 'l8ui a6 a2 2|l8ui a11 a2 1|slli a6 a6 8|add a6 a6 a11'],
  [
    'v4:i32 = load size=2 signed=true off=0 v0',
    'v4',
    'l8ui a6 a2 1|l8ui a11 a2 0|slli a6 a6 24|srai a6 a6 16|add a6 a6 a11',
  ],
  [
    `v4:i32 = load size=4 signed=false off=2 ${access(2)} v0`,
    'v4',
    'l16ui a6 a2 4|l16ui a11 a2 2|slli a6 a6 16|add a6 a6 a11',
  ],
  [`v4:i32, v5:i32 = load size=8 off=8 ${access(4)} v0`, 'v4, v5', 'l32i a6 a2 8|l32i a7 a2 12'],
  [`v4:i32, v5:i32 = load size=8 off=8 ${access(8)} v0`, 'v5', 'l32i a6 a2 12'],
  ['store size=1 off=0 v0, v1', '', 's8i a3 a2 0'],
  ['store size=2 off=4 v0, v1', '', 's8i a3 a2 4|extui a11 a3 8 16|s8i a11 a2 5'],
  [`store size=4 off=4 ${access(2)} v0, v1`, '', 's16i a3 a2 4|extui a11 a3 16 16|s16i a11 a2 6'],
  [`${k(4, 0)} store size=4 off=4 ${access(2)} v0, v4`, '', 'movi a6 0|s16i a6 a2 4|s16i a6 a2 6'],
  [`store size=8 off=8 ${access(8)} v0, v1, v2`, '', 's32i a3 a2 8|s32i a4 a2 12'],
  [`${k(4, 0xffff)} v5:i32 = and v1, v4; store size=2 off=0 ${access(2)} v0, v5`, '', 's16i a3 a2 0'],

  ['trapif cond=ugt trap=memory v0, v1', '', 'bltu a3 a2 trap.memory'],
  [`${k(4, 0)} trapif cond=eq trap=memory v0, v4`, '', 'beqz a2 trap.memory'],
  [
    `${k(4, 4)} search write=true v1, v4`,
    '',
    'movi a4 4|movi a5 3|mov a2 a15|l32i a11 search|callx0 a11|beqz a2 trap.memory',
  ],
  ['v4:i32, v5:i32 = locate imm=1 v1', 'v4, v5', 'movi a4 1|mov a2 a15|l32i a11 locate|callx0 a11'],
  ['fuel imm=1', '', 'l32i a11 a15 0|beqz a11 trap.fuel|addi a11 a11 -1|s32i a11 a15 0'],
  ['fuel imm=12', '', 'l32i a11 a15 0|bltui a11 12 trap.fuel|addi a11 a11 -12|s32i a11 a15 0'],
  ['fuel imm=13', '', 'l32i a11 a15 0|movi a6 13|bltu a11 a6 trap.fuel|sub a11 a11 a6|s32i a11 a15 0'],
  ['zeroframe', '', 'l32i a6 a15 64|movi a7 0|s32i a7 a6 0|s32i a7 a6 4|s32i a7 a6 8|s32i a7 a6 12'],
];

/** What an option of the core changes: without it, with it. */
const OPTIONS: readonly (readonly [string, string, string, string])[] = [
  ['v4:i32 = udiv v0, v1', 'v4', 'l32i a11 udiv32|callx0 a11', 'movi a6 0|beqz a3 L1|quou a6 a2 a3|L1:'],
  [
    `${k(4, 1)} v5:i32 = or v1, v4; v6:i32 = sdiv v0, v5`,
    'v6',
    'movi a6 1|or a7 a3 a6|l32i a11 sdiv32|callx0 a11',
    'movi a6 1|or a7 a3 a6|quos a8 a2 a7',
  ],
  ['v4:i32 = umod v0, v1', 'v4', 'l32i a11 umod32|callx0 a11', 'beqz a3 L1|remu a2 a2 a3|L1:'],
  [`${k(4, 10)} v5:i32 = smod v0, v4`, 'v5', 'movi a3 10|l32i a11 smod32|callx0 a11', 'movi a6 10|rems a7 a2 a6'],
  ['v4:i32 = sext bits=8 v0', 'v4', 'slli a6 a2 24|srai a6 a6 24', 'sext a6 a2 7'],
  [
    'v4:i32 = load size=1 signed=true off=3 v0',
    'v4',
    'l8ui a6 a2 3|slli a6 a6 24|srai a6 a6 24',
    'l8ui a6 a2 3|sext a6 a6 7',
  ],
  [`${k(4, 0)} v5:i32 = icmp cond=ne v0, v4`, 'v5', 'movi a6 1|bnez a2 L1|movi a6 0|L1:', 'movi a11 1|minu a6 a2 a11'],
  ['v4:i32 = icmp cond=ult v0, v1; v5:i32 = select v4, v0, v1', 'v5', 'bgeu a2 a3 L1|mov a3 a2|L1:', 'minu a6 a2 a3'],
  ['v4:i32 = icmp cond=sgt v0, v1; v5:i32 = select v4, v1, v0', 'v5', 'bge a3 a2 L1|mov a2 a3|L1:', 'min a6 a2 a3'],
  ['v4:i32, v5:i32 = umul64 v0, v1', 'v4, v5', 'l32i a11 umul64|callx0 a11', 'mull a6 a2 a3|muluh a7 a2 a3'],
  [
    'v4:i32, v5:i32 = mul64 v0, v1, v2, v3',
    'v4, v5',
    'l32i a11 mul64|callx0 a11',
    'mull a6 a2 a4|muluh a7 a2 a4|mull a11 a2 a5|add a7 a7 a11|mull a11 a3 a4|add a7 a7 a11',
  ],
  [
    `${k(6, 31)} v7:i32 = ashr v0, v6; v8:i32 = ashr v1, v6; v4:i32, v5:i32 = mul64 v0, v7, v1, v8`,
    'v4, v5',
    'srai a6 a2 31|srai a7 a3 31|l32i a11 mul64|callx0 a11',
    'mull a6 a2 a3|mulsh a7 a2 a3',
  ],
  [
    `v4:i32 = atomic atomic=or size=4 off=8 ${access(4)} v0, v1`,
    'v4',
    'movi a4 1|addi a3 a3 8|l32i a11 atomic32|callx0 a11',
    'l32i a11 a2 8|L1:|mov a6 a11|wsr.scompare1 a6|or a11 a6 a3|s32c1i a11 a2 8|bne a11 a6 L1',
  ],
  [
    `v4:i32 = atomic atomic=cmpxchg size=4 off=0 ${access(4)} v0, v1, v2`,
    'v4',
    'l32i a11 cmpxchg32|callx0 a11',
    'mov a6 a4|wsr.scompare1 a3|s32c1i a6 a2 0',
  ],
];

describe('selection', () => {
  it.each(CASES)('%s [%s]', (lines, keep, want) => {
    for (const bench of [ESP8266, ESP32]) expect(select(bench, lines, keep).join('|')).toBe(want);
  });

  it.each(OPTIONS)('%s [%s] by the options of the core', (lines, keep, without, having) => {
    expect(select(ESP8266, lines, keep).join('|')).toBe(without);
    expect(select(ESP32, lines, keep).join('|')).toBe(having);
  });

  it('of each operation is listed here or in the calls below', () => {
    const all = [...CASES, ...OPTIONS].map(([lines]) => lines);
    const shown = new Set(all.flatMap((lines) => [...lines.matchAll(/[a-z][a-z0-9]*/g)].map((m) => m[0])));
    const below = ['call', 'helper', 'udiv64', 'sdiv64', 'umod64', 'smod64'];
    const early = ['zext', 'trunc'];
    expect(Object.keys(OPS).filter((op) => !shown.has(op) && ![...below, ...early].includes(op))).toEqual([]);
  });

  it('of calls puts constants straight into their registers', () => {
    expect(select(ESP32, `${k(4, 7)} v5:i32 = helper helper=1 v0, v4, v1, v2, v3`, 'v5')).toEqual([
      'movi a4 7',
      'mov a2 a15',
      'l32i a11 helper 1',
      'callx0 a11',
    ]);
    const callee = { params: [{ reg: 1, lane: 'lo' as const }], results: ['lo' as const] };
    expect(select(ESP32, `${k(4, 0x10000)} v5:i32 = call callee=0 v4`, 'v5', { callees: [callee] })).toEqual([
      'movi a2 1',
      'slli a2 a2 16',
      'call0 f0',
    ]);
    expect(select(ESP32, 'v4:i32, v5:i32 = sdiv64 v0, v1, v2, v3', 'v4, v5')).toEqual([
      'l32i a11 sdiv64',
      'callx0 a11',
    ]);
  });

  it('of region bases shares the load and folds the constant into offsets', () => {
    const lines = `v4:i32 = base region=frame.0; store size=4 off=0 ${access(4)} v4, v1; store size=4 off=4 ${access(4)} v4, v2`;
    expect(select(ESP32, lines, '', { add: 256 })).toEqual(['l32i a6 a15 64', 's32i a3 a6 256', 's32i a4 a6 260']);
    expect(select(ESP32, 'v4:i32 = base region=frame.0', 'v4', { add: 64 })).toEqual([
      'l32i a6 a15 64',
      'addi a6 a6 64',
    ]);
  });

  it('refuses what belongs to earlier stages', () => {
    expect(() => select(ESP32, 'v4:i64 = zext v0; v5:i32 = trunc v4', 'v5')).toThrow(/64 bits wide|must not reach/);
  });
});

describe('branches', () => {
  it.each([
    ['', 'ult v0, v1', 'bltu a2 a3 then'],
    ['', 'sle v0, v1', 'bge a3 a2 then'],
    ['', 'set v0, v1', 'bany a2 a3 then'],
    [k(4, 0), 'eq v0, v4', 'beqz a2 then'],
    [k(4, 0), 'ne v4, v0', 'bnez a2 then'],
    [k(4, 0), 'slt v0, v4', 'bltz a2 then'],
    [k(4, 0xffffffff), 'sgt v0, v4', 'bgez a2 then'],
    [k(4, 0x7fffffff), 'ugt v0, v4', 'bltz a2 then'],
    [k(4, 300), 'sgt v4, v0', 'movi a6 300|blt a2 a6 then'],
    [k(4, 16), 'ult v0, v4', 'bltui a2 16 then'],
    [k(4, 15), 'ugt v0, v4', 'bgeui a2 16 then'],
    [k(4, 7), 'sle v0, v4', 'blti a2 8 then'],
    [k(4, 1), 'ult v0, v4', 'beqz a2 then'],
    [k(4, 0x3ff), 'ule v0, v4', 'srli a11 a2 10|beqz a11 then'],
    [k(4, 0x100000), 'uge v0, v4', 'extui a11 a2 20 12|bnez a11 then'],
    [k(4, 0xffffffff), 'eq v0, v4', 'beqi a2 -1 then'],
    [k(4, 9), 'ne v0, v4', 'addi a11 a2 -9|bnez a11 then'],
    [k(4, 0x4000), 'eq v0, v4', 'addmi a11 a2 -16384|beqz a11 then'],
    [k(4, 8), 'set v0, v4', 'bbsi a2 3 then'],
    [k(4, 0x80000000), 'nset v0, v4', 'bgez a2 then'],
    [k(4, 0x70), 'set v0, v4', 'extui a11 a2 4 3|bnez a11 then'],
    [k(4, 0xfffff000), 'nset v0, v4', 'srli a11 a2 12|beqz a11 then'],
    [`${k(4, 4)} v5:i32 = and v0, v4; ${k(6, 0)}`, 'eq v5, v6', 'bbci a2 2 then'],
    [`${k(4, 0xf0)} v5:i32 = and v0, v4; ${k(6, 0x60)}`, 'eq v5, v6', 'extui a11 a2 4 4|beqi a11 6 then'],
    [`${k(4, 0xf0)} v5:i32 = and v0, v4; ${k(6, 0x90)}`, 'ne v5, v6', 'extui a11 a2 4 4|addi a11 a11 -9|bnez a11 then'],
    ['v4:i32 = and v0, v1', 'eq v4, v1', 'ball a2 a3 then'],
    [`v4:i32 = icmp cond=sle v0, v1; ${k(5, 0)}`, 'eq v4, v5', 'blt a3 a2 then'],
    ['', 'eq wide v0, v1, v2, v3', 'bne a2 a4 L1|beq a3 a5 then|L1:'],
    ['', 'ne wide v0, v1, v2, v3', 'bne a2 a4 then|bne a3 a5 then|L1:'],
    ['', 'set wide v0, v1, v2, v3', 'bany a2 a4 then|bany a3 a5 then|L1:'],
    ['', 'ult wide v0, v1, v2, v3', 'bltu a3 a5 then|bne a3 a5 L1|bltu a2 a4 then|L1:'],
    ['', 'sge wide v0, v1, v2, v3', 'blt a3 a5 L1|bne a3 a5 then|bgeu a2 a4 then|L1:'],
    [k(4, 0), 'ne wide v0, v1, v4, v4', 'or a11 a2 a3|bnez a11 then'],
    [k(4, 0), 'slt wide v0, v1, v4, v4', 'bltz a3 then'],
    [`${k(4, 9)} ${k(5, 0)}`, 'ugt wide v0, v1, v4, v5', 'bnez a3 then|bgeui a2 10 then|L1:'],
    [k(4, 0xffffffff), 'sgt wide v0, v1, v4, v4', 'bgez a3 then'],
    [`${k(4, 8)} ${k(5, 0)}`, 'slt wide v0, v5, v4, v5', 'bltui a2 8 then'],
    [k(5, 0), 'ult wide v0, v5, v2, v3', 'bnez a5 then|bltu a2 a4 then|L1:'],
  ])('%s branch %s', (lines, branch, want) => {
    expect(selectBranch(ESP32, lines.replace(/;\s*$/, ''), branch).join('|')).toBe(want);
  });
});
