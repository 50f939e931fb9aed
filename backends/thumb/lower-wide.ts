// SPDX-License-Identifier: MIT

import type { Rule } from '../../compiler/codegen/lower.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import { itBlock, PL } from './lower-compare.js';
import { isPattern } from './lower-constants.js';
import { shiftAmount } from './lower-shift.js';

/** Operations on pairs of lanes. Each is one machine instruction, as the carry must not outlive it. */

/** A 64-bit constant made of two lanes. */
export function pairOf(s: Selector, low: Value, high: Value): bigint | undefined {
  const [l, h] = [s.constOf(low), s.constOf(high)];
  return l === undefined || h === undefined ? undefined : (BigInt(h) << 32n) | BigInt(l);
}

/** The second operand of an instruction: register or immediate. */
function second(s: Selector, v: Value, name: string): { name: string; operand: Operand } {
  const c = s.constOf(v);
  return c !== undefined && isPattern(c) ? { name: `${name}.i`, operand: s.imm(c) } : { name, operand: s.use(v) };
}

/**
 * low and then high by two instructions joined by the carry. If allocation gave the low result a register of the high
 * operands, it waits in the scratch register: cheaper than keeping them apart always.
 */
function carried(
  s: Selector,
  inst: Inst,
  name: string,
  low: { name: string; operands: readonly [Operand, Operand] },
  high: { name: string; operands: readonly Operand[] },
): true {
  const [l, h] = inst.results as readonly [Value, Value];
  const operands = [s.def(l), s.def(h), ...low.operands, ...high.operands];
  s.emit(name, inst.origin, operands, ([dl, dh, a, b, ...rest], asm) => {
    const clash = high.operands.some((o, i) => o.spec.role === 'use' && rest[i] === dl);
    asm.inst(low.name, clash ? SCRATCH : dl!, a!, b!);
    asm.inst(high.name, dh!, ...rest);
    if (clash) asm.inst('mov', dl!, SCRATCH);
  });
  return true;
}

function addPair(s: Selector, inst: Inst, a: readonly [Value, Value], b: readonly [Value, Value]): true {
  const c = pairOf(s, b[0], b[1]);
  if (c !== undefined) {
    const n = BigInt.asUintN(64, -c);
    const [nl, nh] = [Number(n & 0xffffffffn), Number(n >> 32n)];
    const better = (c & 0xffffffffn) > 0xffn && nl <= 0xff && nl !== 0 && isPattern(nh);
    if (better) {
      const low = { name: 'subs.i', operands: [s.use(a[0]), s.imm(nl)] as const };
      return carried(s, inst, 'sub64.i', low, { name: 'sbc.i', operands: [s.use(a[1]), s.imm(nh)] });
    }
  }
  const low = second(s, b[0], 'adds');
  const high = second(s, b[1], 'adcs');
  return carried(
    s,
    inst,
    'add64',
    { name: low.name, operands: [s.use(a[0]), low.operand] },
    { name: high.name, operands: [s.use(a[1]), high.operand] },
  );
}

/** With only the low lane read, a 64-bit sum, difference or product is the 32-bit one. */
export const lowOnly = (s: Selector, inst: Inst): boolean => !s.isNeeded(inst.results[1]!);

/** The two 32-bit numbers that a 64-bit product is made of, if the factors are no wider. */
function factors(s: Selector, inst: Inst): { name: 'umul' | 'smul'; a: Value; b: Value } | null {
  const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
  if (inst.op === 'umul64') return { name: 'umul', a: al, b: ah };
  const zero = (h: Value): boolean => s.constOf(h) === 0;
  if (zero(ah) && zero(bh)) return { name: 'umul', a: al, b: bl };
  return extended(s, al, ah) && extended(s, bl, bh) ? { name: 'smul', a: al, b: bl } : null;
}

/** Is the high lane the low one's sign? */
function extended(s: Selector, low: Value, high: Value): boolean {
  const [l, h] = [s.constOf(low), s.constOf(high)];
  if (l !== undefined && h !== undefined) return h === (l >= 0x80000000 ? 0xffffffff : 0);
  const shift = s.definition(high, 'ashr');
  return shift !== undefined && shift.args[0]!.id === low.id && shiftAmount(s, shift) === 31;
}

/** A product of two 32-bit numbers and a 64-bit sum, in the sum's place. */
const multiplyAdd64: Rule = (s, inst) => {
  const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
  for (const [pl, ph, cl, ch] of [
    [al, ah, bl, bh],
    [bl, bh, al, ah],
  ] as const) {
    const product = s.fold(pl, 'mul64', 'umul64');
    if (!product || product !== s.fold(ph, 'mul64', 'umul64') || product.results[0]!.id !== pl.id) continue;
    const f = factors(s, product);
    if (!f || cl.id === ch.id) continue;
    const [l, h] = inst.results as readonly [Value, Value];
    const name = f.name === 'umul' ? 'umlal' : 'smlal';
    const operands = [s.defTied(l, 2), s.defTied(h, 3), s.use(cl), s.use(ch), s.use(f.a), s.use(f.b)];
    s.emit(name, inst.origin, operands, ([dl, dh, , , a, b], asm) => asm.inst(name, dl!, dh!, a!, b!));
    return true;
  }
  return false;
};

export const ADD64: readonly Rule[] = [
  (s, inst) => {
    if (!lowOnly(s, inst)) return false;
    const b = second(s, inst.args[2]!, 'adds');
    return s.plain(b.name, inst, s.def(inst.results[0]!), s.use(inst.args[0]!), b.operand);
  },
  multiplyAdd64,
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    const left = pairOf(s, al, ah) !== undefined || (s.constOf(ah) !== undefined && s.constOf(bh) === undefined);
    return left ? addPair(s, inst, [bl, bh], [al, ah]) : addPair(s, inst, [al, ah], [bl, bh]);
  },
];

export const SUB64: readonly Rule[] = [
  (s, inst) => {
    if (!lowOnly(s, inst)) return false;
    const b = second(s, inst.args[2]!, 'subs');
    return s.plain(b.name, inst, s.def(inst.results[0]!), s.use(inst.args[0]!), b.operand);
  },
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    const c = pairOf(s, bl, bh);
    const n = c === undefined ? undefined : BigInt.asUintN(64, -c);
    if (n !== undefined && n > 0n && n <= 0xffn) {
      const low = { name: 'adds.i', operands: [s.use(al), s.imm(Number(n))] as const };
      return carried(s, inst, 'add64.i', low, { name: 'adc.i', operands: [s.use(ah), s.imm(0)] });
    }
    return false;
  },
  // 0 - b: there is no reverse subtraction with carry; -x - borrow is x - 2x - borrow.
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    if (pairOf(s, al, ah) !== 0n) return false;
    const low = { name: 'rsbs.i', operands: [s.use(bl), s.imm(0)] as const };
    return carried(s, inst, 'neg64', low, { name: 'sbcs.lsl', operands: [s.use(bh), s.use(bh), s.imm(1)] });
  },
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    const low = second(s, bl, 'subs');
    const high = second(s, bh, 'sbcs');
    return carried(
      s,
      inst,
      'sub64',
      { name: low.name, operands: [s.use(al), low.operand] },
      { name: high.name, operands: [s.use(ah), high.operand] },
    );
  },
];

export const UMUL64: readonly Rule[] = [
  (s, inst) => {
    const [l, h] = inst.results as readonly [Value, Value];
    return s.plain('umull', inst, s.def(l), s.def(h), s.use(inst.args[0]!), s.use(inst.args[1]!));
  },
];

export const MUL64: readonly Rule[] = [
  (s, inst) => {
    if (!lowOnly(s, inst)) return false;
    return s.plain('mul', inst, s.def(inst.results[0]!), s.use(inst.args[0]!), s.use(inst.args[2]!));
  },
  (s, inst) => {
    const f = factors(s, inst);
    const [l, h] = inst.results as readonly [Value, Value];
    return f?.name === 'smul' && s.plain('smull', inst, s.def(l), s.def(h), s.use(f.a), s.use(f.b));
  },
  // al * bl, and the cross products of high lanes that are not zero.
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    const cross = [
      [al, bh],
      [ah, bl],
    ].filter((p) => p.every((v) => s.constOf(v) !== 0)) as [Value, Value][];
    const [l, h] = inst.results as readonly [Value, Value];
    const def = (v: Value): Operand => (cross.length > 0 ? s.defEarly(v) : s.def(v));
    const operands = [def(l), def(h), s.use(al), s.use(bl), ...cross.flatMap((p) => p.map((v) => s.use(v)))];
    s.emit('mul64', inst.origin, operands, ([dl, dh, a, b, ...more], asm) => {
      asm.inst('umull', dl!, dh!, a!, b!);
      for (let i = 0; i < more.length; i += 2) asm.inst('mla', dh!, more[i]!, more[i + 1]!, dh!);
    });
    return true;
  },
];

/** The amount of a 64-bit shift, of which the low 6 bits count: what holds it, and whether they have to be cut out. */
function amountOf(s: Selector, v: Value): { amount: Value; masked: boolean } {
  const and = s.definition(v, 'and');
  const c = and && (s.constOf(and.args[1]!) ?? s.constOf(and.args[0]!));
  return { amount: v, masked: c !== undefined && c <= 63 };
}

/**
 * Shifts by a variable amount n in 0..63, without branches. Register shifts take the amount's low byte and give 0 (asr:
 * the sign) from 32 up, so of the two contributions "n < 32" and "n >= 32" one is always 0; at 32 they are the same.
 * A lane that is zero contributes nothing, and of a low lane of 1 shifted left the first contribution is the second or 0.
 */
const shift64 =
  (direction: 'left' | 'right'): Rule =>
  (s, inst) => {
    // "near" is the lane that bits leave towards the other one, "far", and that is filled with zeros.
    const left = direction === 'left';
    const [near, far] = left ? [inst.args[0]!, inst.args[1]!] : [inst.args[1]!, inst.args[0]!];
    const [dNear, dFar] = left ? [inst.results[0]!, inst.results[1]!] : [inst.results[1]!, inst.results[0]!];
    const [out, back] = left ? ['lsls', 'lsrs'] : ['lsrs', 'lsls'];
    const { amount, masked } = amountOf(s, inst.args[2]!);
    const farZero = s.constOf(far) === 0;
    const one = left && s.constOf(near) === 1;
    const [wantNear, wantFar] = [s.isNeeded(dNear), s.isNeeded(dFar)];
    const operands = [
      s.def(dNear),
      s.defEarly(dFar),
      s.temp(),
      s.use(near),
      ...(farZero ? [] : [s.use(far)]),
      s.use(amount),
    ];
    s.emit(`shift64.${direction}`, inst.origin, operands, ([dn, df, t, n, ...more], asm) => {
      const f = farZero ? null : more[0]!;
      const given = more.at(-1)!;
      // The near result may take the amount's register: it is written last.
      const by = masked ? given : SCRATCH;
      if (!masked) asm.inst('and.i', SCRATCH, given, 63);
      if (wantFar) {
        // What has been shifted in so far is in df.
        let some = false;
        const into = (name: string, x: number, count: number): void => {
          asm.inst(name, some ? t! : df!, x, count);
          if (some) asm.inst('orrs', df!, df!, t!);
          some = true;
        };
        if (!one) {
          asm.inst('rsbs.i', t!, by, 32);
          into(back!, n!, t!);
        }
        if (f !== null) into(out!, f, by);
        asm.inst('subs.i', t!, by, 32);
        into(out!, n!, t!);
      }
      if (wantNear) asm.inst(out!, dn!, n!, by);
    });
    return true;
  };

export const SHL64: readonly Rule[] = [shift64('left')];
export const LSHR64: readonly Rule[] = [shift64('right')];

/** As above, but the high lane shifted by n - 32 counts only if that is not negative. */
export const ASHR64: readonly Rule[] = [
  (s, inst) => {
    const [l, h] = inst.args as [Value, Value, Value];
    const { amount, masked } = amountOf(s, inst.args[2]!);
    const [dl, dh] = inst.results as readonly [Value, Value];
    const [wantLow, wantHigh] = [s.isNeeded(dl), s.isNeeded(dh)];
    const operands = [s.defEarly(dl), s.def(dh), s.temp(), s.use(l), s.use(h), s.use(amount)];
    s.emit('shift64.signed', inst.origin, operands, ([rl, rh, t, al, ah, n], asm) => {
      // The high result, which may have the amount's register, is written last.
      const by = masked ? n! : SCRATCH;
      if (!masked) asm.inst('and.i', SCRATCH, n!, 63);
      if (wantLow) {
        asm.inst('rsbs.i', t!, by, 32);
        asm.inst('lsls', t!, ah!, t!);
        asm.inst('lsrs', rl!, al!, by);
        asm.inst('orrs', rl!, rl!, t!);
        asm.inst('subs.i', t!, by, 32);
        itBlock(PL, [true, true], asm);
        asm.inst('asr.it', t!, ah!, t!);
        asm.inst('orr.it', rl!, rl!, t!);
      }
      if (wantHigh) asm.inst('asrs', rh!, ah!, by);
    });
    return true;
  },
];
