// SPDX-License-Identifier: MIT
import type { Insn } from '../bpf/program.js';
import type { HelperArg, HelperRow } from '../contract/helpers.js';
import { constantOffset, judgeBounds, type Reach, spanOf } from './assertions.js';
import { type Context, readReg } from './context.js';
import { valueText } from './describe.js';
import * as domain from './domain.js';
import type { HelperArgFact, Region } from './facts.js';
import type { Form } from './linear.js';
import {
  noteFrame,
  refusedBounds,
  refusedRights,
  refusedUninitialised,
  refuseNull,
  seenAs,
  writeEffect,
} from './memory.js';
import type { Refusal } from './report.js';
import type { State } from './state.js';
import { type Abs, forget, formOf, num, pointer, UNKNOWN_NUMBER } from './value.js';

type HelperInsn = Insn & { kind: 'helper' };

/** Executes a helper call up to the loss of r1..r5; returns r0 (undefined: the helper has no result). */
export function callHelper(cx: Context, state: State, insn: HelperInsn): Abs | undefined {
  const row = cx.helper(insn.id);
  if (!row) {
    cx.report.refuse(insn, state, {
      code: 'FCC0103',
      message: `helper ${insn.id} (0x${insn.id.toString(16)}) is not known`,
      help: 'fcc helpers lists the helpers and their numbers',
      rank: 0,
    });
    return UNKNOWN_NUMBER;
  }
  const { helpers, hook, interrupt } = cx.world.contract;
  if (helpers && !helpers.includes(row.name))
    cx.report.refuse(insn, state, {
      code: 'FCC0104',
      message: `helper ${row.name} is not allowed by the contract of ${hook}`,
      expected: helpers.length > 0 ? `one of ${helpers.join(', ')}` : 'no helper call',
      help:
        interrupt && row.blocks
          ? `the hook runs in interrupts, and ${row.name} may block: call a helper that does not`
          : `add "${row.name}" to "helpers" in the contract if the hook may grant it`,
      rank: 0,
    });
  const args = row.args.map((_, i) => readReg(cx, state, insn, i + 1));
  for (const [i, value] of args.entries())
    if (value.kind === 'ptr' && value.nullable !== 0) refuseNull(cx, state, insn, i + 1, value);
  const pointers: { i: number; arg: HelperArg; reach: Reach; fact: HelperArgFact }[] = [];
  /** Pointers that are right as they stand or refused: the context and strings. */
  const exact: HelperArgFact[] = [];
  for (const [i, arg] of row.args.entries()) {
    const value = args[i]!;
    switch (arg.kind) {
      case 'u32':
      case 'u64':
        forget(value, cx.report);
        if (arg.range) assertRange(cx, state, insn, row, i, value, arg.range);
        break;
      case 'context':
        assertContext(cx, state, insn, row, i, value);
        exact.push(exactFact(i, { kind: 'context' }));
        break;
      case 'cstring':
        assertString(cx, state, insn, row, i, value);
        exact.push(exactFact(i, { kind: 'rodata' }));
        break;
      case 'fixed':
        pointers.push({ i, arg, ...assertMemory(cx, state, insn, row, i, arg.access, value, arg.size, arg.size) });
        break;
      case 'buffer': {
        const { lo } = lengthOf(args[arg.length]!);
        const most = lo.umax > MOST ? MOST : lo.umax;
        const form = lo.umin === lo.umax ? null : state.named(arg.length + 1);
        // The helper takes the low half: the sum is the length only if it is shown to fit there.
        const length = form && state.within(form, 0, Number(MOST)) ? form : undefined;
        const sizes = [Number(lo.umin), Number(most), length] as const;
        pointers.push({ i, arg, ...assertMemory(cx, state, insn, row, i, arg.access, value, ...sizes) });
        break;
      }
    }
  }
  const facts = [...exact, ...pointers.map((p) => p.fact)];
  if (facts.length > 0) cx.report.helperArgs(insn, facts);
  // All arguments were read before the helper writes through any of them.
  for (const { arg, reach, fact } of pointers) {
    if (!fact.write) continue;
    const certain = arg.kind === 'fixed' && arg.certain === true;
    const known = arg.kind === 'buffer' && args[arg.length]?.kind === 'num' && isExact(args[arg.length]!);
    writeMemory(cx, state, reach, fact.proved, certain || known);
  }
  return result(cx, state, insn, row);
}

/** The fact of a pointer that is asserted to be one known address: programs where it is not are refused. */
const exactFact = (arg: number, region: Region): HelperArgFact => ({
  arg,
  region,
  proved: true,
  offset32: true,
  align: 1,
  write: false,
});

/** Lengths are passed as u32; beyond this a buffer cannot be inside any region of a 32-bit device. */
const MOST = 0xffffffffn;

const lengthOf = (a: Abs): domain.Scalar => (a.kind === 'num' ? a.s : domain.UNKNOWN);
const isExact = (a: Abs): boolean => lengthOf(a).lo.umin === lengthOf(a).lo.umax;

function writeMemory(cx: Context, state: State, reach: Reach, proved: boolean, certain: boolean): void {
  if (reach.size === 0) return;
  if (certain || reach.region?.kind !== 'frame' || reach.region.func !== cx.func) {
    writeEffect(cx, state, reach, proved);
    return;
  }
  const { smin, smax } = reach.off.x;
  const from = smin > -512n ? (smin < 0n ? Number(smin) : 0) : -512;
  const to = smax + BigInt(reach.size) < 0n ? Number(smax) + reach.size : 0;
  state.frame.havoc(from, to - from, cx.report);
}

/**
 * A pointer to between `least` and `most` bytes. What is shown for the most holds for all; what is impossible for the
 * least is impossible.
 */
function assertMemory(
  cx: Context,
  state: State,
  insn: HelperInsn,
  row: HelperRow,
  i: number,
  access: 'r' | 'w' | 'rw',
  held: Abs,
  least: number,
  most: number,
  length?: Form,
): { reach: Reach; fact: HelperArgFact } {
  const value = seenAs(cx, `${cx.func}:${insn.slot}:${i}`, held);
  const region = value.kind === 'ptr' ? value.region : null;
  const off = value.kind === 'ptr' ? value.off : value.kind === 'num' ? value.s : domain.UNKNOWN;
  const form = value.kind === 'ptr' ? formOf(value) : null;
  const reach: Reach = { region, off, form, size: most, length };
  const smallest: Reach = { region, off, form, size: least };
  const write = access !== 'r';
  const bounds = judgeBounds(cx.world, cx.symbols, state, reach);
  const possible = least === 0 || judgeBounds(cx.world, cx.symbols, state, smallest).possible;
  const verdict = { ...bounds, possible };
  const refused =
    (write && most > 0 ? refusedRights(cx, reach) : null) ??
    (most > 0 ? refusedBounds(cx, possible ? reach : smallest, verdict, write ? 'writes' : 'reads') : null) ??
    (access !== 'w' ? refusedUninitialised(cx, state, smallest, bounds.proved) : null);
  if (refused) refuseArgument(cx, state, insn, row, i, value, refused);
  if (most > 0) noteFrame(cx, state, reach, bounds.proved, access !== 'w');
  if (access !== 'w' && region?.kind === 'frame' && region.func === cx.func) {
    const at = constantOffset(off);
    if (at !== undefined) state.frame.escape(at, most, cx.report);
  }
  const { proved, offset32, align } = bounds;
  return { reach, fact: { arg: i, region, proved, offset32, align, write, ...spanOf(reach, proved) } };
}

function refuseArgument(
  cx: Context,
  state: State,
  insn: HelperInsn,
  row: HelperRow,
  i: number,
  value: Abs,
  refused: Omit<Refusal, 'reg'>,
): void {
  const what = `argument ${row.args[i]!.name} of ${row.name}`;
  const bounds = refused.code === 'FCC0107';
  cx.report.refuse(insn, state, {
    ...refused,
    code: bounds ? 'FCC0106' : refused.code,
    message: bounds ? `${what} ${refused.message}` : `${what}: ${refused.message}`,
    reason: refused.reason ?? `r${i + 1} is ${valueText(cx.world, value)}`,
    reg: i + 1,
  });
}

/** A scalar argument for which the signature names bounds. */
function assertRange(
  cx: Context,
  state: State,
  insn: HelperInsn,
  row: HelperRow,
  i: number,
  value: Abs,
  [least, most]: readonly [bigint, bigint],
): void {
  const arg = row.args[i]!;
  const s = value.kind === 'num' ? value.s : domain.UNKNOWN;
  const { umin, umax } = arg.kind === 'u32' ? s.lo : s.x;
  if (umin >= least && umax <= most) return;
  cx.report.refuse(insn, state, {
    code: 'FCC0115',
    message: `argument ${arg.name} of ${row.name} ${umin > most || umax < least ? 'is' : 'may be'} out of range`,
    expected: `${least} to ${most}`,
    reason: `r${i + 1} is ${valueText(cx.world, value)}`,
    help: `compare it with the bounds before the call, or mask it`,
    reg: i + 1,
    rank: 2,
  });
}

function assertContext(cx: Context, state: State, insn: HelperInsn, row: HelperRow, i: number, value: Abs): void {
  if (value.kind === 'ptr' && value.region.kind === 'context' && constantOffset(value.off) === 0) return;
  forget(value, cx.report);
  cx.report.refuse(insn, state, {
    code: 'FCC0105',
    message: `argument ${row.args[i]!.name} of ${row.name} is not the context`,
    expected: 'the pointer that the entry got in r1, unchanged',
    reason: `r${i + 1} is ${valueText(cx.world, value)}`,
    help: 'keep the context pointer in a variable and pass that',
    reg: i + 1,
  });
}

function assertString(cx: Context, state: State, insn: HelperInsn, row: HelperRow, i: number, value: Abs): void {
  const { rodata } = cx.world.program.globals;
  const at = value.kind === 'ptr' && value.region.kind === 'rodata' ? constantOffset(value.off) : undefined;
  if (at !== undefined && at >= 0 && at < rodata.length && rodata.indexOf(0, at) >= 0) return;
  forget(value, cx.report);
  cx.report.refuse(insn, state, {
    code: 'FCC0105',
    message: `argument ${row.args[i]!.name} of ${row.name} is not a constant string`,
    expected: 'a pointer to a string literal in .rodata that ends there with a NUL',
    reason: `r${i + 1} is ${valueText(cx.world, value)}`,
    help: 'pass a string literal, or a `static const char` array',
    reg: i + 1,
  });
}

function result(cx: Context, state: State, insn: HelperInsn, row: HelperRow): Abs | undefined {
  switch (row.result.kind) {
    case 'void':
      return undefined;
    case 'u32':
      return num(domain.between(...(row.result.range ?? ([0n, 0xffffffffn] as const))));
    case 'i32':
      return num(domain.betweenSigned(...(row.result.range ?? ([-(1n << 31n), (1n << 31n) - 1n] as const))));
    case 'u64':
      return row.result.range ? num(domain.between(...row.result.range)) : UNKNOWN_NUMBER;
    case 'region': {
      const { region, nullable } = row.result;
      const index = cx.world.contract.regions.findIndex((r) => r.name === region);
      if (index >= 0) return pointer({ kind: 'granted', index }, undefined, null, nullable ? cx.symbols.fresh() : 0);
      cx.report.refuse(insn, state, {
        code: 'FCC0111',
        message: `${row.name} gives region "${region}", which the contract does not grant`,
        help: `add a region "${region}" to "regions" in the contract`,
        rank: 0,
      });
      return UNKNOWN_NUMBER;
    }
  }
}
