// SPDX-License-Identifier: MIT
import { FUNCTION_TAG, type Insn, type Source } from '../bpf/program.js';
import { extendedForm, lowForm, type Operand, resultForm } from './arith.js';
import { compareWay } from './compare.js';
import { type Context, readReg, readSource } from './context.js';
import { valueText } from './describe.js';
import * as domain from './domain.js';
import { FRAME_SIZE } from './frame.js';
import { callHelper } from './helpercalls.js';
import { accessMemory } from './memory.js';
import type { State } from './state.js';
import {
  type Abs,
  asNumber,
  forget,
  formOf,
  merge,
  nameless,
  num,
  numberOf,
  pointer,
  sameRegion,
  scalarOf,
  UNKNOWN_NUMBER,
  withScalar,
} from './value.js';
import { isTop } from './view.js';

function setResult(cx: Context, state: State, insn: Insn, reg: number, abs: Abs): void {
  state.regs[reg] = abs;
  if (abs.kind === 'num' && !(isTop(abs.s.x) && isTop(abs.s.lo))) cx.report.result(insn, abs.s);
}

type AluInsn = Insn & { kind: 'alu' };

function alu(cx: Context, state: State, insn: AluInsn): void {
  const wide = insn.width === 64;
  if (insn.op === 'mov') {
    move(cx, state, insn, wide);
    return;
  }
  const a = readReg(cx, state, insn, insn.dst);
  const b = insn.op === 'neg' ? a : readSource(cx, state, insn, insn.src);
  const result = compute(cx, insn, wide, a, b);
  setResult(cx, state, insn, insn.dst, named(state, insn, wide, a, b, result));
}

/** A register as an operand of arithmetic; what names it changes the state only. */
function operand(state: State, a: Abs, reg: number | null): Operand {
  return {
    s: scalarOf(a) ?? domain.UNKNOWN,
    form: formOf(a),
    name: () => (a.kind === 'func' ? null : reg === null || reg === 10 ? formOf(a) : state.named(reg)),
  };
}

/** The result with its form. */
function named(state: State, insn: AluInsn, wide: boolean, a: Abs, b: Abs, result: Abs): Abs {
  const s = scalarOf(result);
  if (!s || result.kind === 'func') return result;
  // A pointer counts as its offset only where the result is one again, or the distance of two.
  const pointers = a.kind === 'ptr' || b.kind === 'ptr';
  const distance = a.kind === 'ptr' && b.kind === 'ptr' && result.kind === 'num' && insn.op === 'sub' && wide;
  if (pointers && result.kind !== 'ptr' && !(distance && sameRegion(a.region, b.region))) return result;
  if (a.kind === 'func' || b.kind === 'func') return result;
  const x = operand(state, a, insn.dst);
  const y = insn.op === 'neg' ? x : operand(state, b, insn.src.kind === 'reg' ? insn.src.reg : null);
  const form = resultForm(state, insn.op, wide, x, y, s);
  return form ? state.sharpen(withScalar(result, s, form)) : result;
}

function move(cx: Context, state: State, insn: AluInsn, wide: boolean): void {
  const src = readSource(cx, state, insn, insn.src);
  if (insn.src.kind === 'reg') state.named(insn.src.reg);
  const value = (insn.src.kind === 'reg' && state.regs[insn.src.reg]) || src;
  if (wide) {
    setResult(cx, state, insn, insn.dst, value);
    return;
  }
  const s = domain.alu('mov', false, domain.UNKNOWN, asNumber(value, cx.report));
  // A 32-bit move copies the whole number where the high half is zero anyway.
  const form = value.kind === 'num' ? lowForm(state, 32, operand(state, value, sourceReg(insn.src))) : null;
  setResult(cx, state, insn, insn.dst, num(s, form));
}

const sourceReg = (src: Source): number | null => (src.kind === 'reg' ? src.reg : null);

function compute(cx: Context, insn: AluInsn, wide: boolean, a: Abs, b: Abs): Abs {
  const { op } = insn;
  if (insn.src.kind === 'reg' && insn.src.reg === insn.dst && (op === 'sub' || op === 'xor')) return numberOf(0n);
  if (wide && (op === 'add' || op === 'sub')) {
    if (a.kind === 'ptr' && b.kind === 'num')
      return pointer(a.region, domain.alu(op, true, a.off, b.s), null, a.nullable);
    if (op === 'add' && a.kind === 'num' && b.kind === 'ptr')
      return pointer(b.region, domain.alu('add', true, b.off, a.s), null, b.nullable);
    if (op === 'sub' && a.kind === 'ptr' && b.kind === 'ptr' && sameRegion(a.region, b.region))
      return num(domain.alu('sub', true, a.off, b.off));
  }
  return num(domain.alu(op, wide, asNumber(a, cx.report), asNumber(b, cx.report)));
}

/** States behind a branch: [jump taken, not taken]; null where that way is impossible. */
export function branch(
  cx: Context,
  state: State,
  insn: Insn & { kind: 'branch' },
): readonly [State | null, State | null] {
  const a = readReg(cx, state, insn, insn.dst);
  const b = readSource(cx, state, insn, insn.src);
  const ways = [true, false].map((taken) => compareWay(state, insn, taken, a, b));
  const [taken = null, not = null] = ways;
  if (!taken && !not) return [state.copy(), state.copy()];
  if (!taken || !not) cx.report.branch(insn, taken ? 'always' : 'never');
  return [taken, not];
}

/** A call of one of some local functions. Returns false if none of them is known to return. */
function callLocal(cx: Context, state: State, insn: Insn, callees: readonly number[]): boolean {
  let returns = false;
  let result: Abs | undefined;
  const join = (r0: Abs | undefined): void => {
    result = returns ? merge(result, r0, domain.join, cx.report) : r0;
    returns = true;
  };
  for (const callee of callees) {
    if (cx.recursive(callee)) {
      cx.report.refuse(insn, state, {
        code: 'FCC0114',
        message: `${cx.world.program.functions[callee]!.name} is called while it is active`,
        help: 'use a loop, and an array of fixed size where a stack is needed',
        rank: 0,
      });
      join(UNKNOWN_NUMBER);
      continue;
    }
    const summary = cx.call(callee, state);
    if (!summary) continue;
    if (summary.readsFrames) {
      // The callee may find addresses that are spilled here, and use them as numbers.
      state.frame.escape(-FRAME_SIZE, FRAME_SIZE, cx.report);
      cx.readsFrames();
    }
    if (summary.writesAnywhere || summary.writes.has(cx.func)) state.frame.havoc(-FRAME_SIZE, FRAME_SIZE, cx.report);
    if (summary.writesAnywhere) cx.writes(null);
    for (const f of summary.writes) if (f !== cx.func) cx.writes(f);
    join(summary.result);
  }
  if (returns) afterCall(state, result);
  return returns;
}

/**
 * An indirect call: of the functions that the register may hold; of any whose address is taken, by a run-time check, if it is
 * just a number; of a helper by its number in a program that takes no address.
 */
function callIndirect(cx: Context, state: State, insn: Insn & { kind: 'callx' }): boolean {
  const target = readReg(cx, state, insn, insn.reg);
  const id = target.kind === 'num' ? domain.asConstant(target.s) : undefined;
  if (target.kind === 'func' || (target.kind === 'num' && cx.taken.length > 0)) {
    const only = cx.taken.filter((f) => id === FUNCTION_TAG + BigInt(f));
    const funcs = target.kind === 'func' ? target.funcs : only.length > 0 ? only : cx.taken;
    cx.report.callees(insn, { kind: 'functions', funcs });
    return callLocal(cx, state, insn, funcs);
  }
  if (id !== undefined && id < 1n << 31n) {
    cx.report.callees(insn, { kind: 'helper', id: Number(id) });
    afterCall(state, callHelper(cx, state, { slot: insn.slot, kind: 'helper', id: Number(id) }));
    return true;
  }
  cx.report.refuse(insn, state, {
    code: 'FCC0112',
    message: `r${insn.reg} is not known to be the address of a function`,
    reason: `r${insn.reg} is ${valueText(cx.world, target)}`,
    reg: insn.reg,
    help: 'call the function by name, or take its address in the program',
  });
  afterCall(state, UNKNOWN_NUMBER);
  return true;
}

/** Calls keep r6 to r9 and destroy r1 to r5. */
export function afterCall(state: State, result: Abs | undefined): void {
  state.regs[0] = result;
  for (let r = 1; r <= 5; r++) state.regs[r] = undefined;
}

/**
 * Executes one instruction other than a branch on the state, in place. Returns false if execution does not go on behind
 * it as far as known (exit, or a call of a function not yet seen to return).
 */
export function step(cx: Context, state: State, insn: Insn): boolean {
  switch (insn.kind) {
    case 'alu':
      alu(cx, state, insn);
      return true;
    case 'movsx': {
      const value = readReg(cx, state, insn, insn.src);
      const wide = insn.width === 64;
      const s = domain.movsx(insn.from, wide, asNumber(value, cx.report));
      const form = value.kind === 'num' ? extendedForm(state, insn.from, wide, operand(state, value, insn.src)) : null;
      setResult(cx, state, insn, insn.dst, num(s, form));
      return true;
    }
    case 'endian': {
      const value = readReg(cx, state, insn, insn.dst);
      const s = domain.endian(insn.op, insn.bits, asNumber(value, cx.report));
      const low = insn.op === 'le' && value.kind === 'num';
      const form = low ? lowForm(state, insn.bits, operand(state, value, insn.dst)) : null;
      setResult(cx, state, insn, insn.dst, num(s, form));
      return true;
    }
    case 'lddw':
      setResult(cx, state, insn, insn.dst, numberOf(insn.imm));
      return true;
    case 'global':
      state.regs[insn.dst] = pointer({ kind: insn.ref.block }, domain.constantScalar(BigInt(insn.ref.offset)));
      return true;
    case 'funcaddr':
      state.regs[insn.dst] = { kind: 'func', funcs: [insn.func] };
      return true;
    case 'load': {
      const value = accessMemory(cx, state, insn);
      setResult(cx, state, insn, insn.dst, value ?? UNKNOWN_NUMBER);
      return true;
    }
    case 'store':
    case 'atomic':
      accessMemory(cx, state, insn);
      return true;
    case 'call':
      return callLocal(cx, state, insn, [insn.func]);
    case 'callx':
      return callIndirect(cx, state, insn);
    case 'helper':
      afterCall(state, callHelper(cx, state, insn));
      return true;
    case 'exit':
      return exit(cx, state, insn);
    case 'jump':
      return true;
    case 'branch':
      throw new Error('branches end a block');
  }
}

/** What the contract makes of r0. */
function assertResult(cx: Context, state: State, insn: Insn, r0: Abs | undefined): void {
  const range = cx.world.contract.result?.range;
  if (!range || r0?.kind !== 'num') return;
  const { umin, umax } = r0.s.x;
  if (umin <= range[1] && umax >= range[0]) return;
  cx.report.refuse(insn, state, {
    code: 'FCC0116',
    message: 'the result is never one that the hook takes',
    expected: `r0 from ${range[0]} to ${range[1]}`,
    reason: `r0 is ${valueText(cx.world, r0)}`,
    reg: 0,
    help: 'return one of the values that the contract names',
  });
}

function exit(cx: Context, state: State, insn: Insn): boolean {
  const entry = cx.isEntry;
  const r0 = entry ? readReg(cx, state, insn, 0) : state.regs[0];
  if (entry) assertResult(cx, state, insn, r0);
  // The frame is gone after the return: its address is but a number.
  const own = r0?.kind === 'ptr' && r0.region.kind === 'frame' && r0.region.func === cx.func;
  if (own || entry) forget(r0, cx.report);
  cx.returns(own ? UNKNOWN_NUMBER : nameless(r0));
  return false;
}
