// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { OPS } from '../../compiler/ir/ir.js';
import type { Level } from './harness.js';
import { select, selectBranch } from './listing.js';

/**
 * What each operation is selected as with 16-bit encodings, results in the place of an operand where the instruction wants that;
 * and what ARMv8-M baseline makes of it, where that is something else. `k(n, v)` makes v`n` the constant.
 */
const k = (n: number, v: number): string => `v${n}:i32 = const imm=${v};`;
const aligned = (n: number): string => `access={context, proved, align ${n}, write}`;
/** The address of a routine, by its slot in the harness: 128 and 4 a row. */
const routine = (row: number): string => {
  const slot = 128 + 4 * (row < 8 ? row : 90 + row);
  if (slot < 380) return `movs.i r3 #${slot}|add r3 r3 r9|ldr r3 r3 #0|blx r3`;
  return `movs.i r3 #1|lsls.i r3 r3 #9|add r3 r3 r9|ldr r3 r3 #${slot - 512}|blx r3`;
};
const wide = (text: string): string => text.replace('movs.i r3 #1|lsls.i r3 r3 #9', 'movw r3 #0x200');

/** Lines, values read afterwards, instructions on Cortex-M0, on Cortex-M23. */
const CASES: readonly (readonly [string, string, string, string?])[] = [
  // Constants.
  [`${k(4, 200)} v5:i32 = mul v0, v4`, 'v5', 'movs.i r4 #200|muls r0 r0 r4'],
  [
    `${k(4, 300)} v5:i32 = mul v0, v4`,
    'v5',
    'movs.i r4 #75|lsls.i r4 r4 #2|muls r0 r0 r4',
    'movw r4 #0x12c|muls r0 r0 r4',
  ],
  [
    `${k(4, 509)} v5:i32 = mul v0, v4`,
    'v5',
    'movs.i r4 #255|adds.i r4 r4 #254|muls r0 r0 r4',
    'movw r4 #0x1fd|muls r0 r0 r4',
  ],
  [`${k(4, 0xffffff01)} v5:i32 = mul v0, v4`, 'v5', 'movs.i r4 #254|mvns r4 r4|muls r0 r0 r4'],
  [`${k(4, 0xab000000)} v5:i32 = mul v0, v4`, 'v5', 'movs.i r4 #171|lsls.i r4 r4 #24|muls r0 r0 r4'],
  [`${k(4, 0xabcd)} v5:i32 = mul v0, v4`, 'v5', 'literal r4 #0xabcd|muls r0 r0 r4', 'movw r4 #0xabcd|muls r0 r0 r4'],
  [`${k(4, 0x12345678)} v5:i32 = mul v0, v4`, 'v5', 'literal r4 #0x12345678|muls r0 r0 r4'],

  ['v4:i32 = add v0, v1', 'v4', 'adds r4 r0 r1'],
  [`${k(4, 7)} v5:i32 = add v4, v0`, 'v5', 'adds.i r4 r0 #7'],
  [`${k(4, 8)} v5:i32 = add v0, v4`, 'v5', 'adds.i r0 r0 #8'],
  [`${k(4, 0xffffff01)} v5:i32 = add v0, v4`, 'v5', 'subs.i r0 r0 #255'],
  [`${k(4, 0)} v5:i32 = add v0, v4`, 'v5', 'mov r4 r0'],
  [
    `${k(4, 256)} v5:i32 = add v0, v4`,
    'v5',
    'movs.i r4 #1|lsls.i r4 r4 #8|adds r5 r0 r4',
    'movw r4 #0x100|adds r5 r0 r4',
  ],
  ['v4:i32 = sub v0, v1', 'v4', 'subs r4 r0 r1'],
  [`${k(4, 0)} v5:i32 = sub v4, v0`, 'v5', 'rsbs.i r4 r0 #0'],
  [`${k(4, 9)} v5:i32 = sub v0, v4`, 'v5', 'subs.i r0 r0 #9'],
  // In the place of what is not read any more.
  ['v4:i32 = mul v0, v1', 'v4', 'muls r0 r0 r1'],
  ['v4:i32 = mul v0, v1', 'v4, v0', 'muls r1 r1 r0'],
  [`${k(4, 8)} v5:i32 = mul v0, v4`, 'v5', 'lsls.i r4 r0 #3'],
  [`${k(4, 9)} v5:i32 = mul v0, v4`, 'v5', 'lsls.i r4 r0 #3|adds r4 r4 r0'],
  [`${k(4, 7)} v5:i32 = mul v4, v0`, 'v5', 'lsls.i r4 r0 #3|subs r4 r4 r0'],
  ['v4:i32 = udiv v0, v1', 'v4', routine(5), 'cbz r1 L1|udiv r1 r0 r1|L1:'],
  ['v4:i32 = sdiv v0, v1', 'v4', routine(7), 'cbz r1 L1|sdiv r1 r0 r1|L1:'],
  ['v4:i32 = umod v0, v1', 'v4', routine(6), 'cbz r1 L1|udiv r4 r0 r1|muls r4 r4 r1|subs r0 r0 r4|L1:'],
  [`${k(4, 10)} v5:i32 = udiv v0, v4`, 'v5', `movs.i r1 #10|${routine(5)}`, 'movs.i r4 #10|udiv r5 r0 r4'],
  [
    `${k(4, 1)} v5:i32 = or v1, v4; v6:i32 = smod v0, v5`,
    'v6',
    `movs.i r4 #1|orrs r1 r1 r4|${routine(8)}`,
    'movs.i r4 #1|orrs r1 r1 r4|sdiv r5 r0 r1|muls r5 r5 r1|subs r0 r0 r5|L1:',
  ],

  ['v4:i32 = and v0, v1', 'v4', 'ands r0 r0 r1'],
  [`${k(4, 255)} v5:i32 = and v0, v4`, 'v5', 'uxtb r4 r0'],
  [`${k(4, 0xffff)} v5:i32 = and v0, v4`, 'v5', 'uxth r4 r0'],
  [`${k(4, 0xf0)} v5:i32 = and v0, v4`, 'v5', 'movs.i r4 #240|ands r0 r0 r4'],
  [`${k(4, 0x3fff)} v5:i32 = and v0, v4`, 'v5', 'lsls.i r4 r0 #18|lsrs.i r4 r4 #18'],
  [`${k(4, 0xfffff000)} v5:i32 = and v0, v4`, 'v5', 'lsrs.i r4 r0 #12|lsls.i r4 r4 #12'],
  [`${k(4, 0xfffffff5)} v5:i32 = and v0, v4`, 'v5', 'movs.i r4 #10|bics r0 r0 r4'],
  [`${k(4, 5)} v5:i32 = lshr v0, v4; ${k(6, 7)} v7:i32 = and v5, v6`, 'v7', 'lsls.i r4 r0 #24|lsrs.i r4 r4 #29'],
  [`${k(4, 0xffffffff)} v5:i32 = xor v1, v4; v6:i32 = and v0, v5`, 'v6', 'bics r0 r0 r1'],
  ['v4:i32 = or v0, v1', 'v4', 'orrs r0 r0 r1'],
  [
    `${k(4, 7)} ${k(5, 25)} v6:i32 = shl v0, v4; v7:i32 = lshr v0, v5; v8:i32 = or v6, v7`,
    'v8',
    'movs.i r4 #25|rors r0 r0 r4',
  ],
  ['v4:i32 = xor v0, v1', 'v4', 'eors r0 r0 r1'],
  [`${k(4, 0xffffffff)} v5:i32 = xor v0, v4`, 'v5', 'mvns r4 r0'],
  [`${k(4, 33)} v5:i32 = shl v0, v4`, 'v5', 'lsls.i r4 r0 #1'],
  ['v4:i32 = shl v0, v1', 'v4', 'movs.i r4 #31|ands r4 r4 r1|lsls r0 r0 r4'],
  [`${k(4, 7)} v5:i32 = and v1, v4; v6:i32 = lshr v0, v5`, 'v6', 'lsls.i r4 r1 #29|lsrs.i r4 r4 #29|lsrs r0 r0 r4'],
  [`${k(4, 63)} v5:i32 = and v1, v4; v6:i32 = ashr v0, v5`, 'v6', 'movs.i r4 #31|ands r4 r4 r1|asrs r0 r0 r4'],
  [`${k(4, 24)} v5:i32 = shl v0, v4; v6:i32 = ashr v5, v4`, 'v6', 'sxtb r4 r0'],
  [`${k(4, 10)} ${k(5, 12)} v6:i32 = shl v0, v4; v7:i32 = lshr v6, v5`, 'v7', 'lsls.i r4 r0 #10|lsrs.i r4 r4 #12'],
  ['v4:i32 = sext bits=8 v0', 'v4', 'sxtb r4 r0'],
  ['v4:i32 = bswap bits=16 v0; v5:i32 = sext bits=16 v4', 'v5', 'revsh r4 r0'],
  ['v4:i32 = bswap bits=16 v0', 'v4', 'rev16 r4 r0|uxth r4 r4'],
  ['v4:i32 = bswap bits=32 v0', 'v4', 'rev r4 r0'],

  ['v4:i32 = icmp cond=slt v0, v1', 'v4', 'movs.i r4 #1|cmp r0 r1|blt L1|movs.i r4 #0|L1:'],
  ['v4:i32 = icmp cond=ult v0, v1', 'v4', 'cmp r0 r1|sbcs r4 r4 r4|rsbs.i r4 r4 #0'],
  ['v4:i32 = icmp cond=uge v0, v1', 'v4', 'cmp r0 r1|movs.i r4 #0|adcs r4 r4 r4'],
  ['v4:i32 = icmp cond=eq v0, v1', 'v4', 'subs r4 r0 r1|rsbs.i r5 r4 #0|adcs r4 r4 r5'],
  ['v4:i32 = icmp cond=ne v0, v1', 'v4', 'subs r4 r0 r1|subs.i r5 r4 #1|sbcs r4 r4 r5'],
  [`${k(4, 0)} v5:i32 = icmp cond=eq v0, v4`, 'v5', 'rsbs.i r4 r0 #0|adcs r4 r4 r0'],
  [`${k(4, 0)} v5:i32 = icmp cond=ne v0, v4`, 'v5', 'subs.i r4 r0 #1|sbcs r0 r0 r4'],
  [`${k(4, 0)} v5:i32 = icmp cond=sgt v4, v0`, 'v5', 'lsrs.i r4 r0 #31'],
  [`${k(4, 0)} v5:i32 = icmp cond=sge v0, v4`, 'v5', 'mvns r4 r0|lsrs.i r4 r4 #31'],
  ['v4:i32 = select v0, v1, v2', 'v4', 'cmp.i r0 #0|bne L1|mov r1 r2|L1:'],
  ['v4:i32 = select v0, v1, v2', 'v4, v1', 'cmp.i r0 #0|beq L1|mov r2 r1|L1:'],
  [`v4:i32 = icmp cond=ult v0, v1; ${k(5, 1)} v6:i32 = select v4, v5, v2`, 'v6', 'cmp r0 r1|bhs L1|movs.i r2 #1|L1:'],
  [`${k(5, 1)} ${k(6, 3)} v7:i32 = select v0, v5, v6`, 'v7', 'movs.i r4 #1|cmp.i r0 #0|bne L1|movs.i r4 #3|L1:'],

  ['v4:i32, v5:i32 = add64 v0, v1, v2, v3', 'v4, v5', 'adds r0 r0 r2|adcs r1 r1 r3'],
  [
    `${k(6, 1)} ${k(7, 0)} v4:i32, v5:i32 = add64 v6, v7, v0, v1`,
    'v4, v5',
    'adds.i r0 r0 #1|movs.i r4 #0|adcs r4 r4 r1',
  ],
  [`${k(6, 0xffffffff)} v4:i32, v5:i32 = add64 v0, v1, v6, v6`, 'v4, v5', 'subs.i r0 r0 #1|movs.i r4 #0|sbcs r1 r1 r4'],
  [`${k(7, 0)} v4:i32, v5:i32 = add64 v0, v7, v1, v7`, 'v4, v5', 'adds r0 r0 r1|movs.i r4 #0|adcs r4 r4 r4'],
  ['v4:i32, v5:i32 = add64 v0, v1, v2, v3', 'v4', 'adds r4 r0 r2'],
  ['v4:i32, v5:i32 = sub64 v0, v1, v2, v3', 'v4, v5', 'subs r0 r0 r2|sbcs r1 r1 r3'],
  [`${k(6, 0)} v4:i32, v5:i32 = sub64 v6, v6, v0, v1`, 'v4, v5', 'rsbs.i r0 r0 #0|movs.i r4 #0|sbcs r4 r4 r1'],
  [
    `${k(6, 9)} ${k(7, 0)} v4:i32, v5:i32 = sub64 v0, v1, v6, v7`,
    'v4, v5',
    'subs.i r0 r0 #9|movs.i r4 #0|sbcs r1 r1 r4',
  ],
  ['v4:i32, v5:i32 = umul64 v0, v1', 'v4, v5', routine(10), wide(routine(10))],
  ['v4:i32, v5:i32 = mul64 v0, v1, v2, v3', 'v4', 'muls r0 r0 r2'],
  ['v4:i32, v5:i32 = shl64 v0, v1, v2', 'v4, v5', routine(11), wide(routine(11))],
  ['v4:i32, v5:i32 = lshr64 v0, v1, v2', 'v4, v5', routine(12), wide(routine(12))],
  ['v4:i32, v5:i32 = ashr64 v0, v1, v2', 'v4, v5', routine(13), wide(routine(13))],
  [
    'v4:i32 = icmp64 cond=slt v0, v1, v2, v3',
    'v4',
    'movs.i r4 #1|cmp r0 r2|mov r5 r1|sbcs r5 r5 r3|blt L1|movs.i r4 #0|L1:',
  ],

  ['v4:i32 = base region=context', 'v4', 'mov r4 r9|ldr r4 r4 #64'],
  ['v4:i32 = length region=context', 'v4', 'mov r4 r9|ldr r4 r4 #68'],
  ['v4:i32 = load size=1 signed=true off=3 v0', 'v4', 'ldrb r4 r0 #3|sxtb r4 r4'],
  ['v4:i32 = load size=1 signed=false off=-3 v0', 'v4', 'subs.i r4 r0 #3|ldrb r4 r4 #0'],
  [`v4:i32 = load size=4 signed=false off=124 ${aligned(4)} v0`, 'v4', 'ldr r4 r0 #124'],
  [`v4:i32 = load size=4 signed=false off=128 ${aligned(4)} v0`, 'v4', 'adds.i r4 r0 #4|ldr r4 r4 #124'],
  [`v4:i32 = load size=4 signed=false off=200 ${aligned(4)} v0`, 'v4', 'movs.i r4 #200|ldr.r r4 r0 r4 #0'],
  [
    `v4:i32 = load size=4 signed=false off=5000 ${aligned(4)} v0`,
    'v4',
    'movs.i r4 #39|lsls.i r4 r4 #7|adds r4 r0 r4|ldr r4 r4 #8',
    'movw r4 #0x1380|adds r4 r0 r4|ldr r4 r4 #8',
  ],
  [
    `v4:i32 = load size=4 signed=false off=8 ${aligned(2)} v0`,
    'v4',
    'ldrh r4 r0 #8|ldrh r5 r0 #10|lsls.i r5 r5 #16|orrs r4 r4 r5',
  ],
  [
    'v4:i32 = load size=2 signed=true off=8 v0',
    'v4',
    'ldrb r4 r0 #8|ldrb r5 r0 #9|lsls.i r5 r5 #8|orrs r4 r4 r5|sxth r4 r4',
  ],
  [`v6:i32 = add v0, v1; v4:i32 = load size=2 signed=true off=0 ${aligned(2)} v6`, 'v4', 'ldrsh.r r4 r0 r1 #0'],
  [`v4:i32, v5:i32 = load size=8 off=8 ${aligned(4)} v0`, 'v4, v5', 'ldr r4 r0 #8|ldr r5 r0 #12'],
  [`v4:i32, v5:i32 = load size=8 off=8 ${aligned(8)} v0`, 'v5', 'ldr r4 r0 #12'],
  [`store size=8 off=8 ${aligned(8)} v0, v1, v2`, '', 'str r1 r0 #8|str r2 r0 #12'],
  [`store size=4 off=0 ${aligned(2)} v0, v1`, '', 'strh r1 r0 #0|lsrs.i r4 r1 #16|strh r4 r0 #2'],
  ['store size=1 off=200 v0, v1', '', 'movs.i r4 #200|strb.r r1 r0 r4 #0'],
  [
    `v4:i32 = atomic atomic=add size=4 off=8 ${aligned(4)} v0, v1`,
    'v4',
    `adds.i r0 r0 #8|movs.i r2 #0|${routine(14)}`,
    'L1:|ldrex r4 r0 #8|adds r6 r4 r1|strex r5 r6 r0 #8|cmp.i r5 #0|bne L1|L2:',
  ],
  [
    `atomic atomic=and size=4 off=-4 ${aligned(4)} v0, v1`,
    '',
    `subs.i r4 r0 #4|movs.i r2 #2|${routine(14)}`,
    'subs.i r7 r0 #4|L1:|ldrex r4 r7 #0|mov r6 r4|ands r6 r6 r1|strex r5 r6 r7 #0|cmp.i r5 #0|bne L1|L2:',
  ],
  [
    `v4:i32 = atomic atomic=cmpxchg size=4 off=0 ${aligned(4)} v0, v1, v2`,
    'v4',
    routine(16),
    'L1:|ldrex r4 r0 #0|cmp r4 r1|bne L2|strex r5 r2 r0 #0|cmp.i r5 #0|bne L1|L2:',
  ],
  [
    `${k(4, 32)} v5:i32 = sub v4, v1; v6:i32 = shl v0, v1; v7:i32 = lshr v0, v5; v8:i32 = or v6, v7`,
    'v8',
    'movs.i r4 #32|subs r5 r4 r1|rors r0 r0 r5',
  ],
  ['trapif cond=ugt trap=memory v0, v1', '', 'cmp r0 r1|bhi trap.memory|L2:'],
  [`${k(4, 0)} trapif cond=eq trap=memory v0, v4`, '', 'cmp.i r0 #0|beq trap.memory|L2:', 'cbz r0 trap.memory|L2:'],
  [
    `${k(4, 4)} search write=true v1, v4`,
    '',
    'movs.i r2 #4|movs.i r3 #3|mov r0 r9|movs.i r4 #144|ldr.r r4 r0 r4 #0|blx r4|cmp.i r0 #0|beq trap.memory|L2:',
    'movs.i r2 #4|movs.i r3 #3|mov r0 r9|movs.i r4 #144|ldr.r r4 r0 r4 #0|blx r4|cbz r0 trap.memory|L2:',
  ],
  [
    'v4:i32, v5:i32 = locate imm=3 v0',
    'v4, v5',
    'movs.i r2 #3|mov r0 r9|movs.i r3 #35|lsls.i r3 r3 #4|ldr.r r3 r0 r3 #0|blx r3',
    'movs.i r2 #3|mov r0 r9|movw r3 #0x230|ldr.r r3 r0 r3 #0|blx r3',
  ],
  ['fuel imm=12', '', 'mov r4 r9|ldr r5 r4 #0|subs.i r5 r5 #12|blo trap.fuel|L2:|str r5 r4 #0'],
  ['zeroframe', '', 'mov r4 r9|ldr r4 r4 #64|movs.i r5 #0|str r5 r4 #0|str r5 r4 #4|str r5 r4 #8|str r5 r4 #12'],
];

describe('selection with 16-bit encodings', () => {
  it.each(CASES)('%s [%s]', (lines = '', keep = '', want = '', base = want) => {
    expect(select(lines, keep, { level: 'cortex-m0' }).join('|')).toBe(want);
    expect(select(lines, keep, { level: 'cortex-m23' }).join('|')).toBe(base);
  });

  it('of each operation is listed here, in the calls below or in the other file', () => {
    const shown = new Set(CASES.flatMap(([lines]) => [...lines.matchAll(/[a-z][a-z0-9]*/g)].map((m) => m[0])));
    const common = ['call', 'helper', 'udiv64', 'sdiv64', 'umod64', 'smod64', 'zext', 'trunc'];
    expect(Object.keys(OPS).filter((op) => !shown.has(op) && !common.includes(op))).toEqual([]);
  });

  it('of calls takes the slot by a register that no argument needs', () => {
    const at = { level: 'cortex-m0' } as const;
    expect(select('v4:i32 = helper helper=1 v0, v1, v2, v3, v1', 'v4', at)).toEqual([
      'str r3 r13 #0',
      'str r1 r13 #4',
      'mov r0 r9',
      'movs.i r4 #164',
      'ldr.r r4 r0 r4 #0',
      'blx r4',
    ]);
    expect(select('v4:i32, v5:i32 = sdiv64 v0, v1, v2, v3', 'v4, v5', at)).toEqual([
      'movs.i r4 #136',
      'add r4 r4 r9',
      'ldr r4 r4 #0',
      'blx r4',
    ]);
  });
});

describe('branches with 16-bit encodings', () => {
  it.each<readonly [string, string, string, string?]>([
    ['', 'ult v0, v1', 'cmp r0 r1|blo then|L2:'],
    [k(4, 0), 'ne v4, v0', 'cmp.i r0 #0|bne then|L2:', 'cbnz r0 then|L2:'],
    [
      k(4, 300),
      'sgt v4, v0',
      'movs.i r4 #75|lsls.i r4 r4 #2|cmp r0 r4|blt then|L2:',
      'movw r4 #0x12c|cmp r0 r4|blt then|L2:',
    ],
    [k(4, 256), 'ult v0, v4', 'cmp.i r0 #255|bls then|L2:'],
    // Nothing is left of x >> 12.
    [k(4, 0x1000), 'ult v0, v4', 'lsrs.i r4 r0 #12|beq then|L2:'],
    [k(4, 0xfff), 'ugt v0, v4', 'lsrs.i r4 r0 #12|bne then|L2:'],
    [k(4, 0xffffffff), 'sgt v0, v4', 'cmp.i r0 #0|bge then|L2:'],
    [k(4, 0xfffffff6), 'eq v0, v4', 'movs.i r4 #10|cmn r0 r4|beq then|L2:'],
    [k(4, 8), 'set v0, v4', 'lsls.i r4 r0 #28|bmi then|L2:'],
    [k(4, 0x80000000), 'nset v0, v4', 'tst r0 r0|bpl then|L2:'],
    [k(4, 0xff), 'nset v0, v4', 'lsls.i r4 r0 #24|beq then|L2:'],
    [k(4, 0xfffff000), 'set v0, v4', 'lsrs.i r4 r0 #12|bne then|L2:'],
    [k(4, 0x50), 'set v0, v4', 'movs.i r4 #80|tst r0 r4|bne then|L2:'],
    [`${k(4, 4)} v5:i32 = and v0, v4; ${k(6, 0)}`, 'eq v5, v6', 'lsls.i r4 r0 #29|bpl then|L2:'],
    [`v4:i32 = icmp cond=sle v0, v1; ${k(5, 0)}`, 'eq v4, v5', 'cmp r0 r1|bgt then|L2:'],
    ['', 'eq wide v0, v1, v2, v3', 'cmp r0 r2|bne L2|cmp r1 r3|L2:|beq then|L3:'],
    ['', 'set wide v0, v1, v2, v3', 'tst r0 r2|bne L2|tst r1 r3|L2:|bne then|L3:'],
    ['', 'ult wide v0, v1, v2, v3', 'cmp r0 r2|mov r4 r1|sbcs r4 r4 r3|blo then|L2:'],
    ['', 'sgt wide v0, v1, v2, v3', 'cmp r2 r0|mov r4 r3|sbcs r4 r4 r1|blt then|L2:'],
    [k(4, 0), 'ne wide v0, v1, v4, v4', 'mov r4 r0|orrs r4 r4 r1|bne then|L2:'],
    [k(4, 0), 'slt wide v0, v1, v4, v4', 'cmp.i r1 #0|blt then|L2:'],
    [
      `${k(4, 9)} ${k(5, 0)}`,
      'ugt wide v0, v1, v4, v5',
      'movs.i r4 #9|cmp r4 r0|movs.i r4 #0|sbcs r4 r4 r1|blo then|L2:',
    ],
    [
      `${k(4, 9)} ${k(5, 0)}`,
      'ult wide v0, v1, v4, v5',
      'movs.i r4 #8|cmp r4 r0|movs.i r4 #0|sbcs r4 r4 r1|bhs then|L2:',
    ],
    [k(5, 0), 'ult wide v0, v1, v2, v5', 'cmp r0 r2|mov r4 r1|movs.i r5 #0|sbcs r4 r4 r5|blo then|L2:'],
    [k(5, 0), 'ugt wide v0, v1, v2, v5', 'cmp r2 r0|movs.i r4 #0|sbcs r4 r4 r1|blo then|L2:'],
    [`${k(4, 9)} ${k(5, 0)}`, 'slt wide v0, v5, v4, v5', 'cmp.i r0 #9|blo then|L2:'],
  ])('%s branch %s', (lines = '', branch = '', want = '', base = want) => {
    const listing = (level: Level): string => selectBranch(lines.replace(/;\s*$/, ''), branch, level).join('|');
    expect(listing('cortex-m0')).toBe(want);
    expect(listing('cortex-m23')).toBe(base);
  });
});
