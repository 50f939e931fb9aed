// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Core } from '../../compiler/codegen/target.js';
import { OPS } from '../../compiler/ir/ir.js';
import { IMAC, VARIANTS } from './harness.js';
import { select, selectBranch } from './listing.js';

/** What each operation is selected as. `k(n, v)` makes v`n` the constant. */

const k = (n: number, v: number): string => `v${n}:i32 = const imm=${v};`;
const A1 = 'access={context, proved, align 1, write}';
const A2 = 'access={context, proved, align 2, write}';
const A4 = 'access={context, proved, align 4, write}';
const A8 = 'access={context, proved, align 8, write}';

/** Lines, values read afterwards, instructions. */
const CASES: readonly (readonly [string, string, string])[] = [
  // Constants where an instruction takes none.
  [`${k(4, 200)} v5:i32 = udiv v0, v4`, 'v5', 'addi a4 zero 200|divu a5 a0 a4'],
  [`${k(4, 0x12345678)} v5:i32 = udiv v0, v4`, 'v5', 'lui a4 0x12345|addi a4 a4 0x678|divu a5 a0 a4'],
  [`${k(4, 0x12345fff)} v5:i32 = udiv v0, v4`, 'v5', 'lui a4 0x12346|addi a4 a4 -1|divu a5 a0 a4'],
  [`${k(4, 0x7fffffff)} v5:i32 = udiv v0, v4`, 'v5', 'addi a4 zero -1|srli a4 a4 1|divu a5 a0 a4'],
  [`${k(4, 0x5000)} v5:i32 = udiv v0, v4`, 'v5', 'lui a4 5|divu a5 a0 a4'],
  [`${k(4, 1001 << 9)} v5:i32 = udiv v0, v4`, 'v5', 'addi a4 zero 0x3e9|slli a4 a4 9|divu a5 a0 a4'],

  ['v4:i32 = add v0, v1', 'v4', 'add a4 a0 a1'],
  [`${k(4, 5)} v5:i32 = add v4, v0`, 'v5', 'addi a4 a0 5'],
  [`${k(4, 0xfffff800)} v5:i32 = add v0, v4`, 'v5', 'addi a4 a0 -0x800'],
  [`${k(4, 2048)} v5:i32 = add v0, v4`, 'v5', 'addi a4 zero 1|slli a4 a4 11|add a5 a0 a4'],
  ['v4:i32 = sub v0, v1', 'v4', 'sub a4 a0 a1'],
  [`${k(4, 2048)} v5:i32 = sub v0, v4`, 'v5', 'addi a4 a0 -0x800'],
  [`${k(4, 0)} v5:i32 = sub v4, v0`, 'v5', 'sub a4 zero a0'],
  [`${k(4, 9)} v5:i32 = sub v4, v0`, 'v5', 'addi a4 zero 9|sub a5 a4 a0'],

  ['v4:i32 = mul v0, v1', 'v4', 'mul a4 a0 a1'],
  [`${k(4, 8)} v5:i32 = mul v0, v4`, 'v5', 'slli a4 a0 3'],
  [`${k(4, 5)} v5:i32 = mul v0, v4`, 'v5', 'slli a4 a0 2|add a5 a4 a0'],
  [`${k(4, 7)} v5:i32 = mul v4, v0`, 'v5', 'slli a4 a0 3|sub a5 a4 a0'],
  // x / 0 = 0: the divisor's zero stays where the quotient would be.
  ['v4:i32 = udiv v0, v1', 'v4', 'beq a1 zero L1|divu a1 a0 a1|L1:'],
  ['v4:i32 = sdiv v0, v1', 'v4', 'beq a1 zero L1|div a1 a0 a1|L1:'],
  [`${k(4, 1)} v5:i32 = or v1, v4; v6:i32 = sdiv v0, v5`, 'v6', 'ori a4 a1 1|div a5 a0 a4'],
  ['v4:i32 = umod v0, v1', 'v4', 'remu a4 a0 a1'],
  ['v4:i32 = smod v0, v1', 'v4', 'rem a4 a0 a1'],

  ['v4:i32 = and v0, v1', 'v4', 'and a4 a0 a1'],
  [`${k(4, 255)} v5:i32 = and v0, v4`, 'v5', 'andi a4 a0 255'],
  [`${k(4, 0xffff)} v5:i32 = and v0, v4`, 'v5', 'slli a4 a0 16|srli a5 a4 16'],
  [`${k(4, 0xfffffff8)} v5:i32 = and v0, v4`, 'v5', 'andi a4 a0 -8'],
  [`${k(4, 0xffff0000)} v5:i32 = and v0, v4`, 'v5', 'srli a4 a0 16|slli a5 a4 16'],
  [`${k(4, 5)} v5:i32 = lshr v0, v4; ${k(6, 7)} v7:i32 = and v5, v6`, 'v7', 'slli a4 a0 24|srli a5 a4 29'],
  [`${k(4, 24)} v5:i32 = ashr v0, v4; ${k(6, 255)} v7:i32 = and v5, v6`, 'v7', 'srli a4 a0 24'],
  ['v4:i32 = or v0, v1', 'v4', 'or a4 a0 a1'],
  [`${k(4, 0x7ff)} v5:i32 = or v0, v4`, 'v5', 'ori a4 a0 0x7ff'],
  ['v4:i32 = xor v0, v1', 'v4', 'xor a4 a0 a1'],
  [`${k(4, 0xffffffff)} v5:i32 = xor v0, v4`, 'v5', 'xori a4 a0 -1'],

  [`${k(4, 33)} v5:i32 = shl v0, v4`, 'v5', 'slli a4 a0 1'],
  ['v4:i32 = shl v0, v1', 'v4', 'sll a4 a0 a1'],
  [`${k(4, 31)} v5:i32 = and v1, v4; v6:i32 = lshr v0, v5`, 'v6', 'srl a4 a0 a1'],
  [`${k(4, 63)} v5:i32 = and v1, v4; v6:i32 = ashr v0, v5`, 'v6', 'sra a4 a0 a1'],
  [`${k(4, 15)} v5:i32 = and v1, v4; v6:i32 = ashr v0, v5`, 'v6', 'andi a4 a1 15|sra a5 a0 a4'],

  ['v4:i32 = sext bits=8 v0', 'v4', 'slli a4 a0 24|srai a5 a4 24'],
  [`${k(4, 16)} v5:i32 = lshr v0, v4; v6:i32 = sext bits=16 v5`, 'v6', 'srai a4 a0 16'],
  ['v4:i32 = bswap bits=16 v0', 'v4', 'slli a4 a0 24|srli a5 a4 16|slli s0 a0 16|srli s1 s0 24|or a6 a5 s1'],
  [
    'v4:i32 = bswap bits=32 v0',
    'v4',
    // The mask is made once, at the function's start.
    'lui a4 0xff0|addi a4 a4 255|srli a5 a0 8|and s0 a5 a4|and s1 a0 a4|slli a6 s1 8|or a7 s0 a6|slli s2 a7 16|srli s3 a7 16|or s4 s3 s2',
  ],

  ['v4:i32 = icmp cond=slt v0, v1', 'v4', 'slt a4 a0 a1'],
  ['v4:i32 = icmp cond=ugt v0, v1', 'v4', 'sltu a4 a1 a0'],
  ['v4:i32 = icmp cond=uge v0, v1', 'v4', 'sltu a4 a0 a1|xori a5 a4 1'],
  ['v4:i32 = icmp cond=eq v0, v1', 'v4', 'xor a4 a0 a1|sltiu a5 a4 1'],
  [`${k(4, 0)} v5:i32 = icmp cond=eq v0, v4`, 'v5', 'sltiu a4 a0 1'],
  [`${k(4, 0)} v5:i32 = icmp cond=ne v0, v4`, 'v5', 'sltu a4 zero a0'],
  [`${k(4, 7)} v5:i32 = icmp cond=ne v0, v4`, 'v5', 'addi a4 a0 -7|sltu a5 zero a4'],
  [`${k(4, 7)} v5:i32 = icmp cond=ule v0, v4`, 'v5', 'sltiu a4 a0 8'],
  [`${k(4, 0xffffffff)} v5:i32 = icmp cond=sle v0, v4`, 'v5', 'srli a4 a0 31'],
  [`${k(4, 8)} v5:i32 = icmp cond=set v0, v4`, 'v5', 'andi a4 a0 8|sltu a5 zero a4'],

  // A condition decides whether a move is jumped over.
  ['v4:i32 = select v0, v1, v2', 'v4', 'bne a0 zero L1|addi a1 a2 0|L1:'],
  [`${k(4, 0)} v5:i32 = select v0, v4, v2`, 'v5', 'beq a0 zero L1|addi a2 zero 0|L1:'],
  [`v4:i32 = icmp cond=ult v0, v1; v5:i32 = select v4, v2, v3`, 'v5', 'bltu a0 a1 L1|addi a2 a3 0|L1:'],

  ['v4:i32, v5:i32 = add64 v0, v1, v2, v3', 'v4, v5', 'add a4 a1 a3|add a5 a0 a2|sltu s0 a5 a2|add s1 a4 s0'],
  [`${k(6, 1)} ${k(7, 0)} v4:i32, v5:i32 = add64 v6, v7, v0, v1`, 'v4, v5', 'addi a4 a0 1|sltiu a5 a4 1|add s0 a1 a5'],
  [`${k(6, 0xffffffff)} v4:i32, v5:i32 = add64 v0, v1, v6, v6`, 'v4, v5', 'sltiu a4 a0 1|addi a5 a0 -1|sub s0 a1 a4'],
  ['v4:i32, v5:i32 = add64 v0, v1, v2, v3', 'v4', 'add a4 a0 a2'],
  ['v4:i32, v5:i32 = sub64 v0, v1, v2, v3', 'v4, v5', 'sltu a4 a0 a2|sub a5 a0 a2|sub s0 a1 a3|sub s1 s0 a4'],
  ['v4:i32, v5:i32 = sub64 v0, v1, v2, v3', 'v5', 'sltu a4 a0 a2|sub a5 a1 a3|sub s0 a5 a4'],
  [
    `${k(6, 0)} v4:i32, v5:i32 = sub64 v6, v6, v0, v1`,
    'v4, v5',
    'sltu a4 zero a0|sub a5 zero a0|add s0 a4 a1|sub s1 zero s0',
  ],
  [
    `${k(6, 16)} ${k(7, 0)} v4:i32, v5:i32 = sub64 v0, v1, v6, v7`,
    'v4, v5',
    'sltiu a4 a0 16|addi a5 a0 -16|sub s0 a1 a4',
  ],
  ['v4:i32, v5:i32 = umul64 v0, v1', 'v4, v5', 'mulhu a4 a0 a1|mul a5 a0 a1'],
  ['v4:i32, v5:i32 = umul64 v0, v1', 'v5', 'mulhu a4 a0 a1'],
  [
    'v4:i32, v5:i32 = mul64 v0, v1, v2, v3',
    'v4, v5',
    'mul a4 a0 a3|mul a5 a1 a2|add s0 a4 a5|mulhu s1 a0 a2|add a6 s1 s0|mul a7 a0 a2',
  ],
  [
    `${k(6, 0)} v4:i32, v5:i32 = mul64 v0, v6, v2, v3`,
    'v4, v5',
    'mul a4 a0 a3|mulhu a5 a0 a2|add s0 a5 a4|mul s1 a0 a2',
  ],
  // In line where that is short.
  [
    `${k(6, 31)} v7:i32 = and v2, v6; v4:i32, v5:i32 = shl64 v0, v1, v7`,
    'v5, v4',
    'andi a4 a2 31|sll a5 a0 a4|sll s0 a1 a4|srli s1 a0 1|xori a6 a4 -1|srl a7 s1 a6|or s2 a7 s0|addi s3 a5 0|addi s4 s2 0',
  ],
  [
    `${k(6, 0)} ${k(7, 1)} v4:i32, v5:i32 = shl64 v7, v6, v2`,
    'v4',
    'addi a4 zero 1|sll a5 a4 a2|andi s0 a2 32|beq s0 zero L1|addi a5 zero 0|L1:',
  ],
  ['v4:i32, v5:i32 = ashr64 v0, v1, v2', 'v5', 'sra a4 a1 a2|andi a5 a2 32|beq a5 zero L1|srai a4 a4 31|L1:'],

  ['v4:i32 = icmp64 cond=slt v0, v1, v2, v3', 'v4', 'sltu a4 a0 a2|beq a1 a3 L1|slt a4 a1 a3|L1:'],
  ['v4:i32 = icmp64 cond=uge v0, v1, v2, v3', 'v4', 'sltu a4 a0 a2|beq a1 a3 L1|sltu a4 a1 a3|L1:|xori a5 a4 1'],
  [`${k(6, 0)} v4:i32 = icmp64 cond=ne v0, v1, v6, v6`, 'v4', 'or a4 a0 a1|sltu a5 zero a4'],
  [`${k(6, 0)} v4:i32 = icmp64 cond=slt v0, v1, v6, v6`, 'v4', 'slt a4 a1 zero'],

  ['v4:i32 = base region=context', 'v4', 'lw a4 s11 64'],
  ['v4:i32 = length region=context', 'v4', 'lw a4 s11 68'],
  [`v4:i32 = load size=1 signed=true off=-3 v0`, 'v4', 'lb a4 a0 -3'],
  [`v4:i32 = load size=4 off=8 ${A4} v0`, 'v4', 'lw a4 a0 8'],
  [`${k(5, 40)} v6:i32 = add v0, v5; v4:i32 = load size=2 off=8 ${A2} v6`, 'v4', 'lhu a4 a0 48'],
  [`v4:i32 = load size=4 off=5000 ${A4} v0`, 'v4', 'lui a4 1|add a5 a0 a4|lw s0 a5 0x388'],
  [`v4:i32 = load size=2 signed=true off=0 ${A1} v0`, 'v4', 'lbu a4 a0 0|lb a5 a0 1|slli s0 a5 8|or s1 a4 s0'],
  [`v4:i32 = load size=4 off=2 ${A2} v0`, 'v4', 'lhu a4 a0 2|lhu a5 a0 4|slli s0 a5 16|or s1 a4 s0'],
  [`v4:i32, v5:i32 = load size=8 off=8 ${A8} v0`, 'v4, v5', 'lw a4 a0 8|lw a5 a0 12'],
  [`v4:i32, v5:i32 = load size=8 off=8 ${A4} v0`, 'v5', 'lw a4 a0 12'],
  [
    `v4:i32 = load size=2 off=4 ${A2} v0; v5:i32 = bswap bits=16 v4`,
    'v5',
    'lbu a4 a0 4|slli a5 a4 8|lbu s0 a0 5|or s1 a5 s0',
  ],
  [`store size=1 off=0 v0, v1`, '', 'sb a1 a0 0'],
  [`store size=8 off=8 ${A8} v0, v1, v2`, '', 'sw a1 a0 8|sw a2 a0 12'],
  [`store size=4 off=1 ${A2} v0, v1`, '', 'sh a1 a0 1|srli a4 a1 16|sh a4 a0 3'],
  [`${k(4, 0xffff)} v5:i32 = and v1, v4; store size=2 off=0 ${A2} v0, v5`, '', 'sh a1 a0 0'],
  [`v4:i32 = bswap bits=16 v1; store size=2 off=0 ${A2} v0, v4`, '', 'sb a1 a0 1|srli a4 a1 8|sb a4 a0 0'],
  [`${k(4, 0)} store size=4 off=0 ${A4} v0, v4`, '', 'sw zero a0 0'],
  // Two zeros pay for a register.
  [`${k(4, 0)} store size=8 off=0 ${A4} v0, v4, v4`, '', 'addi a4 zero 0|sw a4 a0 0|sw a4 a0 4'],

  [`v4:i32 = atomic atomic=add size=4 off=0 ${A4} v0, v1`, 'v4', 'amoadd.w.aqrl a4 a1 a0'],
  [`v4:i32 = atomic atomic=xchg size=4 off=4 ${A4} v0, v1`, '', 'addi a4 a0 4|amoswap.w.aqrl zero a1 a4'],
  [
    `v4:i32 = atomic atomic=cmpxchg size=4 off=0 ${A4} v0, v1, v2`,
    'v4',
    'L1:|lr.w.aqrl a4 a0|bne a4 a1 L2|sc.w.rl a5 a2 a0|bne a5 zero L1|L2:',
  ],

  ['trapif cond=ugt trap=memory v0, v1', '', 'bltu a1 a0 trap.memory'],
  [`${k(4, 0)} trapif cond=eq trap=memory v0, v4`, '', 'beq a0 zero trap.memory'],
  [
    `${k(4, 4)} search write=true v1, v4`,
    '',
    'addi a2 zero 4|addi a0 s11 0|addi a3 zero 3|lw t6 s11 144|jalr ra t6 0|beq a0 zero trap.memory',
  ],
  ['v4:i32, v5:i32 = locate imm=1 v1', 'v4, v5', 'addi a0 s11 0|addi a2 zero 1|lw t6 s11 200|jalr ra t6 0'],
  ['fuel imm=12', '', 'lw a4 s11 0|addi a5 a4 -12|bltu a4 a5 trap.fuel|sw a5 s11 0'],
  ['fuel imm=5000', '', 'lw a4 s11 0|lui a5 1|addi a5 a5 0x388|sub a5 a4 a5|bltu a4 a5 trap.fuel|sw a5 s11 0'],
  ['zeroframe', '', 'lw a4 s11 64|addi a5 zero 0|sw a5 a4 0|sw a5 a4 4|sw a5 a4 8|sw a5 a4 12'],
];

describe('selection', () => {
  it.each(CASES)('%s [%s]', (lines, keep, want) => {
    expect(select(lines, keep).join('|')).toBe(want);
  });

  it('of each operation is listed here or in the calls below', () => {
    const shown = new Set(CASES.flatMap(([lines]) => [...lines.matchAll(/[a-z][a-z0-9]*/g)].map((m) => m[0])));
    const below = ['call', 'helper', 'udiv64', 'sdiv64', 'umod64', 'smod64', 'lshr64'];
    const early = ['zext', 'trunc'];
    expect(Object.keys(OPS).filter((op) => !shown.has(op) && ![...below, ...early].includes(op))).toEqual([]);
  });

  it('of calls puts constants straight into their registers', () => {
    expect(select(`${k(4, 7)} v5:i32 = helper helper=1 v0, v4, v1, v2, v3`, 'v5').slice(-4)).toEqual([
      'addi a2 zero 7',
      'addi a0 s11 0',
      'lw t6 s11 208',
      'jalr ra t6 0',
    ]);
    const callee = { params: [{ reg: 1, lane: 'lo' as const }], results: ['lo' as const] };
    expect(select(`${k(4, 0x10000)} v5:i32 = call callee=0 v4`, 'v5', IMAC, { callees: [callee] })).toEqual([
      'lui a0 16',
      'jal ra f0',
    ]);
    expect(select('v4:i32, v5:i32 = sdiv64 v0, v1, v2, v3', 'v4, v5')).toEqual(['lw t6 s11 136', 'jalr ra t6 0']);
  });

  it('of long shifts calls the intrinsic once the function calls anyway, without masking the amount', () => {
    const shift = `${k(8, 63)} v9:i32 = and v2, v8; v4:i32, v5:i32 = lshr64 v0, v1, v9`;
    expect(select(`v6:i32 = helper helper=1 v0, v0, v1, v2, v3; ${shift}`, 'v4, v5').slice(-2)).toEqual([
      'lw t6 s11 176',
      'jalr ra t6 0',
    ]);
  });

  it('of region bases shares the load and folds the constant into offsets', () => {
    const lines = `v4:i32 = base region=frame.0; store size=4 off=0 ${A4} v4, v1; store size=4 off=4 ${A4} v4, v2`;
    expect(select(lines, '', IMAC, { add: 256 })).toEqual(['lw a4 s11 64', 'sw a1 a4 0x100', 'sw a2 a4 0x104']);
    expect(select('v4:i32 = base region=frame.0', 'v4', IMAC, { add: 64 })).toEqual(['lw a4 s11 64', 'addi a4 a4 64']);
    expect(select('v4:i32 = base region=frame.0', 'v4', IMAC, { add: 4096 })).toEqual([
      'lw a4 s11 64',
      'lui t6 1',
      'add a4 a4 t6',
    ]);
  });

  it('of what a core lacks is a call', () => {
    const without: Core = VARIANTS.find((c) => c.name === 'rv32i')!;
    const slots: readonly (readonly [string, string, number])[] = [
      ['v4:i32 = udiv v0, v1', 'v4', 148],
      ['v4:i32 = umod v0, v1', 'v4', 152],
      ['v4:i32 = sdiv v0, v1', 'v4', 156],
      ['v4:i32 = smod v0, v1', 'v4', 160],
      ['v4:i32, v5:i32 = mul64 v0, v1, v2, v3', 'v4, v5', 164],
      ['v4:i32, v5:i32 = umul64 v0, v1', 'v4, v5', 168],
      ['v4:i32 = mul v0, v1', 'v4', 168],
    ];
    for (const [lines, keep, slot] of slots) {
      expect(select(lines, keep, without)).toEqual([`lw t6 s11 ${slot}`, 'jalr ra t6 0']);
    }
    const atomic = select(`v4:i32 = atomic atomic=xor size=4 off=8 ${A4} v0, v1`, 'v4', without);
    expect(atomic.slice(-3)).toEqual(['addi a2 zero 3', 'lw t6 s11 184', 'jalr ra t6 0']);
  });

  it('refuses what belongs to earlier stages', () => {
    expect(() => select('v4:i64 = zext v0; v5:i32 = trunc v4', 'v5')).toThrow(/64 bits wide|must not reach/);
  });
});

describe('branches', () => {
  it.each([
    ['', 'ult v0, v1', 'bltu a0 a1 then'],
    ['', 'sgt v0, v1', 'blt a1 a0 then'],
    ['', 'ule v0, v1', 'bgeu a1 a0 then'],
    [k(4, 0), 'eq v0, v4', 'beq a0 zero then'],
    [k(4, 0), 'slt v4, v0', 'blt zero a0 then'],
    // One more or less, where that is zero or the sign.
    [k(4, 1), 'slt v0, v4', 'bge zero a0 then'],
    [k(4, 0xffffffff), 'sgt v0, v4', 'bge a0 zero then'],
    [k(4, 1), 'ult v0, v4', 'beq a0 zero then'],
    [k(4, 0x7fffffff), 'ugt v0, v4', 'blt a0 zero then'],
    [k(4, 0x1000), 'ult v0, v4', 'srli a4 a0 12|beq a4 zero then'],
    [k(4, 31), 'ugt v0, v4', 'srli a4 a0 5|bne a4 zero then'],
    [k(4, 300), 'eq v0, v4', 'addi a4 a0 -0x12c|beq a4 zero then'],
    [k(4, 0x12345), 'ne v4, v0', 'lui a4 18|addi a4 a4 0x345|bne a0 a4 then'],
    [k(4, 8), 'set v0, v4', 'andi a4 a0 8|bne a4 zero then'],
    [k(4, 0x8000), 'nset v0, v4', 'slli a4 a0 16|bge a4 zero then'],
    [k(4, 0xff00), 'set v0, v4', 'slli a4 a0 16|srli a5 a4 24|bne a5 zero then'],
    [`${k(4, 4)} v5:i32 = and v0, v4; ${k(6, 0)}`, 'eq v5, v6', 'andi a4 a0 4|beq a4 zero then'],
    [`v4:i32 = icmp cond=sle v0, v1; ${k(5, 0)}`, 'eq v4, v5', 'blt a1 a0 then'],
    ['', 'eq wide v0, v1, v2, v3', 'bne a0 a2 L2|beq a1 a3 then|L2:'],
    ['', 'ne wide v0, v1, v2, v3', 'bne a0 a2 then|bne a1 a3 then'],
    ['', 'set wide v0, v1, v2, v3', 'and a4 a0 a2|and a5 a1 a3|bne a4 zero then|bne a5 zero then'],
    ['', 'ult wide v0, v1, v2, v3', 'bltu a1 a3 then|bne a1 a3 L2|bltu a0 a2 then|L2:'],
    ['', 'sge wide v0, v1, v2, v3', 'blt a1 a3 L2|bne a1 a3 then|bgeu a0 a2 then|L2:'],
    ['', 'sgt wide v0, v1, v2, v3', 'blt a3 a1 then|bne a3 a1 L2|bltu a2 a0 then|L2:'],
    [k(4, 0), 'ne wide v0, v1, v4, v4', 'or a4 a0 a1|bne a4 zero then'],
    [k(4, 0), 'slt wide v0, v1, v4, v4', 'blt a1 zero then'],
    [`${k(4, 9)} ${k(5, 0)}`, 'ult wide v0, v1, v4, v5', 'addi a4 zero 9|bne a1 zero L2|bltu a0 a4 then|L2:'],
    [`${k(4, 9)} ${k(5, 0)}`, 'ugt wide v0, v1, v4, v5', 'addi a4 zero 9|bne a1 zero then|bltu a4 a0 then'],
    [k(4, 0xffffffff), 'sgt wide v0, v1, v4, v4', 'bge a1 zero then'],
    [`${k(4, 9)} ${k(5, 0)}`, 'slt wide v0, v5, v4, v5', 'addi a4 zero 9|bltu a0 a4 then'],
  ])('%s branch %s', (lines, branch, want) => {
    expect(selectBranch(lines.replace(/;\s*$/, ''), branch).join('|')).toBe(want);
  });
});
