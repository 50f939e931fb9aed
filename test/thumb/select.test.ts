// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { OPS } from '../../compiler/ir/ir.js';
import { select, selectBranch } from './listing.js';

/** What each operation is selected as. `k(n, v)` makes v`n` the constant. */

const k = (n: number, v: number): string => `v${n}:i32 = const imm=${v};`;

/** Lines, values read afterwards, instructions. */
const CASES: readonly (readonly [string, string, string])[] = [
  // Constants where an instruction takes none.
  [`${k(4, 200)} v5:i32 = udiv v0, v4`, 'v5', 'movs.i r4 #200|udiv r5 r0 r4'],
  [`${k(4, 0xffff)} v5:i32 = udiv v0, v4`, 'v5', 'mov.i r4 #0xffff|udiv r5 r0 r4'],
  [`${k(4, 0xffffff01)} v5:i32 = udiv v0, v4`, 'v5', 'mvn.i r4 #254|udiv r5 r0 r4'],
  [`${k(4, 0x12345678)} v5:i32 = udiv v0, v4`, 'v5', 'literal r4 #0x12345678|udiv r5 r0 r4'],

  ['v4:i32 = add v0, v1', 'v4', 'adds r4 r0 r1'],
  [`${k(4, 5)} v5:i32 = add v4, v0`, 'v5', 'adds.i r4 r0 #5'],
  [`${k(4, 0xfffffffb)} v5:i32 = add v0, v4`, 'v5', 'subs.i r4 r0 #5'],
  [`${k(4, 4001)} v5:i32 = add v0, v4`, 'v5', 'add.i r4 r0 #0xfa1'],
  [`${k(4, 0)} v5:i32 = add v0, v4`, 'v5', 'mov r4 r0'],
  ['v4:i32 = mul v0, v1; v5:i32 = add v2, v4', 'v5', 'mla r4 r0 r1 r2'],
  [`${k(4, 3)} v5:i32 = shl v1, v4; v6:i32 = add v5, v0`, 'v6', 'adds.lsl r4 r0 r1 #3'],
  // A shift that something else reads too stays.
  [`${k(4, 3)} v5:i32 = shl v1, v4; v6:i32 = add v5, v0`, 'v6, v5', 'lsls.i r4 r1 #3|adds r5 r4 r0'],

  ['v4:i32 = sub v0, v1', 'v4', 'subs r4 r0 r1'],
  [`${k(4, 9)} v5:i32 = sub v0, v4`, 'v5', 'subs.i r4 r0 #9'],
  [`${k(4, 9)} v5:i32 = sub v4, v0`, 'v5', 'rsbs.i r4 r0 #9'],
  ['v4:i32 = mul v0, v1; v5:i32 = sub v2, v4', 'v5', 'mls r4 r0 r1 r2'],
  [`${k(4, 2)} v5:i32 = lshr v1, v4; v6:i32 = sub v5, v0`, 'v6', 'rsbs.lsr r4 r0 r1 #2'],

  ['v4:i32 = mul v0, v1', 'v4', 'mul r4 r0 r1'],
  [`${k(4, 8)} v5:i32 = mul v0, v4`, 'v5', 'lsls.i r4 r0 #3'],
  [`${k(4, 5)} v5:i32 = mul v0, v4`, 'v5', 'adds.lsl r4 r0 r0 #2'],
  [`${k(4, 7)} v5:i32 = mul v4, v0`, 'v5', 'rsbs.lsl r4 r0 r0 #3'],

  ['v4:i32 = udiv v0, v1', 'v4', 'cbz r1 L1|udiv r1 r0 r1|L1:'],
  ['v4:i32 = sdiv v0, v1', 'v4', 'cbz r1 L1|sdiv r1 r0 r1|L1:'],
  [`${k(4, 1)} v5:i32 = or v1, v4; v6:i32 = sdiv v0, v5`, 'v6', 'orrs.i r4 r1 #1|sdiv r5 r0 r4'],
  ['v4:i32 = umod v0, v1', 'v4', 'cbz r1 L1|udiv r12 r0 r1|mls r0 r12 r1 r0|L1:'],
  [`${k(4, 10)} v5:i32 = smod v0, v4`, 'v5', 'movs.i r4 #10|sdiv r12 r0 r4|mls r5 r12 r4 r0'],

  ['v4:i32 = and v0, v1', 'v4', 'ands r4 r0 r1'],
  [`${k(4, 255)} v5:i32 = and v0, v4`, 'v5', 'uxtb r4 r0'],
  [`${k(4, 0xffff)} v5:i32 = and v0, v4`, 'v5', 'uxth r4 r0'],
  [`${k(4, 0xf0)} v5:i32 = and v0, v4`, 'v5', 'ands.i r4 r0 #240'],
  [`${k(4, 0xfffffff8)} v5:i32 = and v0, v4`, 'v5', 'bics.i r4 r0 #7'],
  [`${k(4, 0x3fff)} v5:i32 = and v0, v4`, 'v5', 'ubfx r4 r0 #0 #14'],
  [`${k(4, 0xfffff000)} v5:i32 = and v0, v4`, 'v5', 'lsrs.i r4 r0 #12|lsls.i r4 r4 #12'],
  [`${k(4, 5)} v5:i32 = lshr v0, v4; ${k(6, 7)} v7:i32 = and v5, v6`, 'v7', 'ubfx r4 r0 #5 #3'],
  [`${k(4, 0xffffffff)} v5:i32 = xor v1, v4; v6:i32 = and v0, v5`, 'v6', 'bics r4 r0 r1'],
  ['v4:i32 = or v0, v1', 'v4', 'orrs r4 r0 r1'],
  [`${k(4, 0xff00ff00)} v5:i32 = or v0, v4`, 'v5', 'orrs.i r4 r0 #0xff00ff00'],
  [`${k(4, 0xffff00ff)} v5:i32 = or v0, v4`, 'v5', 'orns.i r4 r0 #0xff00'],
  // Rotations by a register: to the right by what is opposite to the shift to the left.
  [
    `${k(4, 32)} v5:i32 = sub v4, v1; v6:i32 = shl v0, v1; v7:i32 = lshr v0, v5; v8:i32 = or v6, v7`,
    'v8',
    'rsbs.i r4 r1 #32|rors r5 r0 r4',
  ],
  [
    `${k(4, 31)} ${k(5, 0)} v6:i32 = and v1, v4; v7:i32 = sub v5, v6; v8:i32 = lshr v0, v6; v9:i32 = shl v0, v7; v10:i32 = or v8, v9`,
    'v10',
    'rors r4 r0 r1',
  ],
  [
    `${k(4, 33)} v5:i32 = sub v4, v1; v6:i32 = shl v0, v1; v7:i32 = lshr v0, v5; v8:i32 = or v6, v7`,
    'v8',
    'rsbs.i r4 r1 #33|and.i r12 r1 #31|lsls r5 r0 r12|and.i r12 r4 #31|lsrs r6 r0 r12|orrs r7 r5 r6',
  ],
  // Fields put into others.
  [
    `${k(4, 0xffff00ff)} ${k(5, 8)} ${k(6, 0xff00)} v7:i32 = and v0, v4; v8:i32 = shl v1, v5; v9:i32 = and v8, v6; v10:i32 = or v9, v7`,
    'v10',
    'bfi r0 r1 #8 #8',
  ],
  [
    `${k(4, 0xfffffc7f)} ${k(5, 7)} v7:i32 = and v0, v4; v8:i32 = and v1, v5; v9:i32 = shl v8, v5; v10:i32 = or v7, v9`,
    'v10',
    'bfi r0 r1 #7 #3',
  ],
  [
    `${k(4, 0xfffffff0)} ${k(5, 15)} v6:i32 = and v0, v4; v7:i32 = and v1, v5; v8:i32 = or v6, v7`,
    'v8',
    'bfi r0 r1 #0 #4',
  ],
  [
    `${k(4, 0xffff)} ${k(5, 16)} v6:i32 = and v0, v4; v7:i32 = shl v1, v5; v8:i32 = or v6, v7`,
    'v8',
    'bfi r0 r1 #16 #16',
  ],
  // Another field than the one cleared.
  [
    `${k(4, 0xfffffff0)} ${k(5, 31)} v6:i32 = and v0, v4; v7:i32 = and v1, v5; v8:i32 = or v6, v7`,
    'v8',
    'bics.i r4 r0 #15|ands.i r5 r1 #31|orrs r6 r4 r5',
  ],
  [`${k(4, 7)} ${k(5, 25)} v6:i32 = shl v0, v4; v7:i32 = lshr v0, v5; v8:i32 = or v6, v7`, 'v8', 'ror.i r4 r0 #25'],
  [
    `${k(4, 7)} ${k(5, 25)} v6:i32 = shl v0, v4; v7:i32 = lshr v0, v5; v8:i32 = or v6, v7; v9:i32 = xor v1, v8`,
    'v9',
    'eors.ror r4 r1 r0 #25',
  ],
  ['v4:i32 = xor v0, v1', 'v4', 'eors r4 r0 r1'],
  [`${k(4, 0xffffffff)} v5:i32 = xor v0, v4`, 'v5', 'mvns r4 r0'],

  [`${k(4, 33)} v5:i32 = shl v0, v4`, 'v5', 'lsls.i r4 r0 #1'],
  ['v4:i32 = shl v0, v1', 'v4', 'and.i r12 r1 #31|lsls r4 r0 r12'],
  [`${k(4, 31)} v5:i32 = and v1, v4; v6:i32 = lshr v0, v5`, 'v6', 'ands.i r4 r1 #31|lsrs r5 r0 r4'],
  [`${k(4, 63)} v5:i32 = and v1, v4; v6:i32 = ashr v0, v5`, 'v6', 'and.i r12 r1 #31|asrs r4 r0 r12'],
  [`${k(4, 24)} v5:i32 = shl v0, v4; v6:i32 = ashr v5, v4`, 'v6', 'sxtb r4 r0'],
  [`${k(4, 10)} ${k(5, 12)} v6:i32 = shl v0, v4; v7:i32 = lshr v6, v5`, 'v7', 'ubfx r4 r0 #2 #20'],

  ['v4:i32 = sext bits=8 v0', 'v4', 'sxtb r4 r0'],
  ['v4:i32 = sext bits=16 v0', 'v4', 'sxth r4 r0'],
  ['v4:i32 = bswap bits=16 v0; v5:i32 = sext bits=16 v4', 'v5', 'revsh r4 r0'],
  ['v4:i32 = bswap bits=16 v0', 'v4', 'rev16 r4 r0|uxth r4 r4'],
  ['v4:i32 = bswap bits=32 v0', 'v4', 'rev r4 r0'],

  ['v4:i32 = icmp cond=slt v0, v1', 'v4', 'cmp r0 r1|ite lt|mov.i.it r4 #1|mov.i.it r4 #0'],
  ['v4:i32 = icmp cond=ult v0, v1', 'v4', 'cmp r0 r1|sbcs r4 r4 r4|rsbs.i r4 r4 #0'],
  [`${k(4, 0)} v5:i32 = icmp cond=eq v0, v4`, 'v5', 'clz r4 r0|lsrs.i r4 r4 #5'],
  // Comparisons as numbers, without a jump.
  [`${k(4, 0)} v5:i32 = icmp cond=slt v0, v4`, 'v5', 'lsrs.i r4 r0 #31'],
  [`${k(4, 0)} v5:i32 = icmp cond=sge v0, v4`, 'v5', 'mvns r4 r0|lsrs.i r4 r4 #31'],
  [`${k(4, 0)} v5:i32 = icmp cond=ne v0, v4`, 'v5', 'subs.i r12 r0 #1|sbcs r4 r0 r12'],
  ['v4:i32 = icmp cond=eq v0, v1', 'v4', 'subs r4 r0 r1|clz r4 r4|lsrs.i r4 r4 #5'],
  ['v4:i32 = icmp cond=ne v0, v1', 'v4', 'subs r4 r0 r1|it ne|mov.i.it r4 #1'],
  [`${k(4, 0xffffffec)} v5:i32 = icmp cond=eq v0, v4`, 'v5', 'adds.i r4 r0 #20|clz r4 r4|lsrs.i r4 r4 #5'],
  [`${k(4, 8)} v5:i32 = icmp cond=set v0, v4`, 'v5', 'ubfx r4 r0 #3 #1'],
  ['v4:i32 = icmp cond=nset v0, v1', 'v4', 'ands r4 r0 r1|clz r4 r4|lsrs.i r4 r4 #5'],
  [`v4:i32 = and v0, v1; ${k(5, 0)} v6:i32 = icmp cond=ne v4, v5`, 'v6', 'ands r4 r0 r1|it ne|mov.i.it r4 #1'],
  ['v4:i32 = icmp cond=ugt v0, v1', 'v4', 'cmp r1 r0|sbcs r4 r4 r4|rsbs.i r4 r4 #0'],
  [`${k(4, 9)} v5:i32 = icmp cond=ule v0, v4`, 'v5', 'cmp.i r0 #10|sbcs r4 r4 r4|rsbs.i r4 r4 #0'],
  // 10 would do, the one above 0x80000000 is no immediate.
  [
    `${k(4, 0x80000001)} v5:i32 = icmp cond=ult v0, v4`,
    'v5',
    'cmp.i r0 #0x80000000|ite ls|mov.i.it r4 #1|mov.i.it r4 #0',
  ],

  ['v4:i32 = select v0, v1, v2', 'v4', 'cmp.i r0 #0|ite ne|mov r4 r1|mov r4 r2'],
  [
    `${k(4, 0)} v5:i32 = sub v4, v1; v6:i32 = select v0, v5, v1`,
    'v6',
    'cmp.i r0 #0|ite ne|rsb.i.it r4 r1 #0|mov r4 r1',
  ],
  // An arm of one instruction that nothing else wants the result of.
  [
    `${k(4, 1)} v5:i32 = add v1, v4; v6:i32 = select v0, v5, v2`,
    'v6',
    'cmp.i r0 #0|ite ne|add.i.it r4 r1 #1|mov r4 r2',
  ],
  [
    `${k(4, 1)} v5:i32 = add v1, v4; v6:i32 = select v0, v5, v2`,
    'v6, v5',
    'adds.i r4 r1 #1|cmp.i r0 #0|ite ne|mov r5 r4|mov r5 r2',
  ],
  [
    `${k(4, 3)} v5:i32 = shl v1, v4; v6:i32 = select v0, v2, v5`,
    'v6',
    'cmp.i r0 #0|ite ne|mov r4 r2|lsl.i.it r4 r1 #3',
  ],
  [
    `v4:i32 = icmp cond=ult v0, v1; ${k(5, 1)} v6:i32 = select v4, v5, v2; v7:i32 = select v4, v3, v2`,
    'v6, v7',
    'cmp r0 r1|ite lo|mov.i.it r4 #1|mov r4 r2|cmp r0 r1|ite lo|mov r5 r3|mov r5 r2',
  ],

  ['v4:i32, v5:i32 = add64 v0, v1, v2, v3', 'v4, v5', 'adds r4 r0 r2|adcs r5 r1 r3'],
  [`${k(6, 1)} ${k(7, 0)} v4:i32, v5:i32 = add64 v6, v7, v0, v1`, 'v4, v5', 'adds.i r4 r0 #1|adcs.i r5 r1 #0'],
  [`${k(6, 0xffffffff)} v4:i32, v5:i32 = add64 v0, v1, v6, v6`, 'v4, v5', 'subs.i r4 r0 #1|sbc.i r5 r1 #0'],
  ['v4:i32, v5:i32 = add64 v0, v1, v2, v3', 'v4', 'adds r4 r0 r2'],
  ['v4:i32, v5:i32 = sub64 v0, v1, v2, v3', 'v4, v5', 'subs r4 r0 r2|sbcs r5 r1 r3'],
  [`${k(6, 0)} v4:i32, v5:i32 = sub64 v6, v6, v0, v1`, 'v4, v5', 'rsbs.i r4 r0 #0|sbcs.lsl r5 r1 r1 #1'],
  ['v4:i32, v5:i32 = umul64 v0, v1', 'v4, v5', 'umull r4 r5 r0 r1'],
  ['v4:i32, v5:i32 = mul64 v0, v1, v2, v3', 'v4, v5', 'umull r4 r5 r0 r2|mla r5 r0 r3 r5|mla r5 r1 r2 r5'],
  [`${k(6, 0)} v4:i32, v5:i32 = mul64 v0, v6, v2, v3`, 'v4, v5', 'umull r4 r5 r0 r2|mla r5 r0 r3 r5'],
  [
    `${k(4, 0)} v5:i32, v6:i32 = shl64 v0, v4, v1`,
    'v5, v6',
    'and.i r12 r1 #63|rsbs.i r6 r12 #32|lsrs r5 r0 r6|subs.i r6 r12 #32|lsls r6 r0 r6|orrs r5 r5 r6|lsls r4 r0 r12',
  ],
  [
    `${k(4, 0)} ${k(5, 1)} ${k(6, 63)} v7:i32 = and v0, v6; v8:i32, v9:i32 = shl64 v5, v4, v7`,
    'v8, v9',
    'movs.i r4 #1|ands.i r5 r0 #63|subs.i r8 r5 #32|lsls r7 r4 r8|lsls r6 r4 r5',
  ],
  ['v4:i32, v5:i32 = lshr64 v0, v1, v2', 'v5', 'and.i r12 r2 #63|lsrs r4 r1 r12'],
  [
    'v4:i32, v5:i32 = shl64 v0, v1, v2',
    'v4, v5',
    'and.i r12 r2 #63|rsbs.i r6 r12 #32|lsrs r5 r0 r6|lsls r6 r1 r12|orrs r5 r5 r6|subs.i r6 r12 #32|lsls r6 r0 r6|orrs r5 r5 r6|lsls r4 r0 r12',
  ],
  [
    'v4:i32, v5:i32 = lshr64 v0, v1, v2',
    'v5, v4',
    'and.i r12 r2 #63|rsbs.i r6 r12 #32|lsls r5 r1 r6|lsrs r6 r0 r12|orrs r5 r5 r6|subs.i r6 r12 #32|lsrs r6 r1 r6|orrs r5 r5 r6|lsrs r4 r1 r12',
  ],
  [
    'v4:i32, v5:i32 = ashr64 v0, v1, v2',
    'v4, v5',
    'and.i r12 r2 #63|rsbs.i r6 r12 #32|lsls r6 r1 r6|lsrs r4 r0 r12|orrs r4 r4 r6|subs.i r6 r12 #32|itt pl|asr.it r6 r1 r6|orr.it r4 r4 r6|asrs r5 r1 r12',
  ],
  [
    `${k(4, 0)} ${k(5, 7)} v6:i32 = icmp64 cond=eq v0, v1, v5, v4`,
    'v6',
    'eor.i r12 r0 #7|orrs r12 r12 r1|ite eq|mov.i.it r4 #1|mov.i.it r4 #0',
  ],
  ['v4:i32 = icmp64 cond=slt v0, v1, v2, v3', 'v4', 'cmp r0 r2|sbcs r12 r1 r3|ite lt|mov.i.it r4 #1|mov.i.it r4 #0'],

  ['v4:i32 = base region=context', 'v4', 'ldr r4 r9 #64'],
  ['v4:i32 = length region=context', 'v4', 'ldr r4 r9 #68'],
  ['v4:i32 = load size=1 signed=true off=-3 v0', 'v4', 'ldrsb r4 r0 #-3'],
  ['v4:i32 = load size=4 signed=false off=8 v0', 'v4', 'ldr r4 r0 #8'],
  [`${k(5, 40)} v6:i32 = add v0, v5; v4:i32 = load size=2 signed=false off=8 v6`, 'v4', 'ldrh r4 r0 #48'],
  ['v6:i32 = add v0, v1; v4:i32 = load size=2 signed=true off=0 v6', 'v4', 'ldrsh.r r4 r0 r1 #0'],
  [
    `${k(5, 2)} v6:i32 = shl v1, v5; v7:i32 = add v6, v0; v4:i32 = load size=4 signed=false off=0 v7`,
    'v4',
    'ldr.r r4 r0 r1 #2',
  ],
  ['v4:i32 = load size=4 signed=false off=5000 v0', 'v4', 'mov.i r12 #0x1388|adds r12 r12 r0|ldr r4 r12 #0'],
  ['v4:i32, v5:i32 = load size=8 off=0 access={context, proved, align 2} v0', 'v4, v5', 'ldr r4 r0 #0|ldr r5 r0 #4'],
  ['v4:i32, v5:i32 = load size=8 off=8 access={context, proved, align 4} v0', 'v4, v5', 'ldrd r4 r5 r0 #8'],
  ['v4:i32, v5:i32 = load size=8 off=6 access={context, proved, align 8} v0', 'v4, v5', 'ldr r4 r0 #6|ldr r5 r0 #10'],
  ['v4:i32, v5:i32 = load size=8 off=8 v0', 'v5', 'ldr r4 r0 #12'],
  ['store size=1 off=0 v0, v1', '', 'strb r1 r0 #0'],
  ['store size=8 off=8 access={context, proved, align 8, write} v0, v1, v2', '', 'strd r1 r2 r0 #8'],
  [`${k(4, 0xffff)} v5:i32 = and v1, v4; store size=2 off=0 v0, v5`, '', 'strh r1 r0 #0'],

  [
    'v4:i32 = atomic atomic=or size=4 off=8 access={context, proved, align 4, write} v0, v1',
    'v4',
    'L1:|ldrex r4 r0 #8|orrs r6 r4 r1|strex r5 r6 r0 #8|cmp.i r5 #0|bne L1|L2:',
  ],
  [
    'atomic atomic=xchg size=4 off=1024 access={context, proved, align 4, write} v0, v1',
    '',
    'adds.i r6 r0 #0x400|L1:|ldrex r4 r6 #0|strex r5 r1 r6 #0|cmp.i r5 #0|bne L1|L2:',
  ],
  ['atomic atomic=xor size=4 off=2 v0, v1', '', 'adds.i r4 r0 #2|movs.i r2 #3|ldr r12 r9 #0x220|blx r12'],
  ['trapif cond=ugt trap=memory v0, v1', '', 'cmp r0 r1|bhi trap.memory'],
  [`${k(4, 0)} trapif cond=eq trap=memory v0, v4`, '', 'cbz r0 trap.memory'],
  [`${k(4, 4)} search write=true v1, v4`, '', 'movs.i r3 #3|mov r0 r9|ldr r12 r9 #144|blx r12|cbz r0 trap.memory'],
  ['v4:i32, v5:i32 = locate imm=3 v0', 'v4, v5', 'movs.i r2 #3|mov r0 r9|ldr r12 r9 #0x230|blx r12'],
  ['fuel imm=12', '', 'ldr r12 r9 #0|subs.i r12 r12 #12|blo trap.fuel|str r12 r9 #0'],
  ['zeroframe', '', 'ldr r4 r9 #64|movs.i r5 #0|strd r5 r5 r4 #0|strd r5 r5 r4 #8'],
];

describe('selection', () => {
  it.each(CASES)('%s [%s]', (lines, keep, want) => {
    // Constant arguments of a call are loaded by the call, in its argument registers.
    const got = select(lines, keep).join('|');
    expect(got.replace('movs.i r2 #4|', '')).toBe(want);
  });

  it('of each operation is listed here or in the calls below', () => {
    const shown = new Set(CASES.flatMap(([lines]) => [...lines.matchAll(/[a-z][a-z0-9]*/g)].map((m) => m[0])));
    const below = ['call', 'helper', 'udiv64', 'sdiv64', 'umod64', 'smod64'];
    const early = ['zext', 'trunc'];
    expect(Object.keys(OPS).filter((op) => !shown.has(op) && ![...below, ...early].includes(op))).toEqual([]);
  });

  it('of calls puts constants straight into their registers', () => {
    expect(select(`${k(4, 7)} v5:i32 = helper helper=1 v0, v4, v1, v2, v3`, 'v5')).toEqual([
      'str r2 r13 #0',
      'str r3 r13 #4',
      'movs.i r2 #7',
      'mov r0 r9',
      'ldr r12 r9 #164',
      'blx r12',
    ]);
    const callee = { params: [{ reg: 1, lane: 'lo' as const }], results: ['lo' as const] };
    expect(select(`${k(4, 0x10000)} v5:i32 = call callee=0 v4`, 'v5', { callees: [callee] })).toEqual([
      'mov.i r0 #0x10000',
      'bl f0',
    ]);
    expect(select('v4:i32, v5:i32 = sdiv64 v0, v1, v2, v3', 'v4, v5')).toEqual(['ldr r12 r9 #136', 'blx r12']);
  });

  it('of region bases shares the load and folds the constant into offsets', () => {
    const lines = `v4:i32 = base region=frame.0; store size=4 off=0 v4, v1; store size=4 off=4 v4, v2`;
    expect(select(lines, '', { add: 256 })).toEqual(['ldr r4 r9 #64', 'str r1 r4 #0x100', 'str r2 r4 #0x104']);
    expect(select('v4:i32 = base region=frame.0', 'v4', { add: 64 })).toEqual(['ldr r4 r9 #64', 'adds.i r4 r4 #64']);
  });

  it('refuses what belongs to earlier stages', () => {
    expect(() => select('v4:i64 = zext v0; v5:i32 = trunc v4', 'v5')).toThrow(/64 bits wide|must not reach/);
  });
});

describe('branches', () => {
  it.each([
    ['', 'ult v0, v1', 'cmp r0 r1|blo then'],
    [k(4, 0), 'eq v0, v4', 'cbz r0 then'],
    [k(4, 0), 'ne v4, v0', 'cbnz r0 then'],
    [k(4, 300), 'sgt v4, v0', 'cmp.i r0 #0x12c|blt then'],
    // No immediate for 257, but for 256.
    [k(4, 257), 'ult v0, v4', 'cmp.i r0 #0x100|bls then'],
    [k(4, 0xffffffff), 'slt v0, v4', 'cmp.i r0 #0xffffffff|blt then'],
    [k(4, 0xfffffff6), 'eq v0, v4', 'cmn.i r0 #10|beq then'],
    [k(4, 0x80000000), 'set v0, v4', 'cmp.i r0 #0|bmi then'],
    [k(4, 8), 'set v0, v4', 'tst.i r0 #8|bne then'],
    [`${k(4, 4)} v5:i32 = and v0, v4; ${k(6, 0)}`, 'eq v5, v6', 'tst.i r0 #4|beq then'],
    [`v4:i32 = icmp cond=sle v0, v1; ${k(5, 0)}`, 'eq v4, v5', 'cmp r0 r1|bgt then'],
    [`${k(4, 2)} v5:i32 = shl v1, v4`, 'ugt v5, v0', 'cmp.lsl r0 r1 #2|blo then'],
    ['', 'eq wide v0, v1, v2, v3', 'cmp r0 r2|it eq|cmp r1 r3|beq then'],
    ['', 'set wide v0, v1, v2, v3', 'tst r0 r2|it eq|tst r1 r3|bne then'],
    ['', 'ult wide v0, v1, v2, v3', 'cmp r0 r2|sbcs r12 r1 r3|blo then'],
    ['', 'sgt wide v0, v1, v2, v3', 'cmp r2 r0|sbcs r12 r3 r1|blt then'],
    [k(4, 0), 'ne wide v0, v1, v4, v4', 'orrs r12 r0 r1|bne then'],
    [k(4, 0), 'slt wide v0, v1, v4, v4', 'cmp.i r1 #0|blt then'],
    [`${k(4, 9)} ${k(5, 0)}`, 'ugt wide v0, v1, v4, v5', 'cmp.i r0 #10|sbcs.i r12 r1 #0|bhs then'],
    [k(4, 0xffffffff), 'sgt wide v0, v1, v4, v4', 'cmp.i r1 #0|bge then'],
    [`${k(4, 9)} ${k(5, 0)}`, 'slt wide v0, v5, v4, v5', 'cmp.i r0 #9|blo then'],
  ])('%s branch %s', (lines, branch, want) => {
    expect(selectBranch(lines.replace(/;\s*$/, ''), branch).join('|')).toBe(want);
  });
});
