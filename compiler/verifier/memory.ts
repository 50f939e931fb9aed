// SPDX-License-Identifier: MIT
import type { Insn } from '../bpf/program.js';
import { fieldSize } from '../contract/types.js';
import {
  type Bounds,
  constantOffset,
  extentOf,
  fieldsAt,
  judgeBounds,
  type Reach,
  reachOf,
  refusedWrite,
  spanOf,
} from './assertions.js';
import { type Context, readReg, readSource } from './context.js';
import { addressText, numberText, regionName, valueText } from './describe.js';
import * as domain from './domain.js';
import type { AccessFact } from './facts.js';
import { ALWAYS, FRAME_SIZE, NEVER } from './frame.js';
import { type Form, plus, scaled, symbolForm } from './linear.js';
import type { Refusal } from './report.js';
import type { State } from './state.js';
import { type Abs, forget, num, pointer } from './value.js';

export type MemoryInsn = Insn & { kind: 'load' | 'store' | 'atomic' };

const bytes = (n: number): string => (n === 1 ? '1 byte' : `${n} bytes`);

/** Any number that a load of `size` bytes can give. */
export function anyLoaded(size: number, signed: boolean): Abs {
  if (size === 8) return num(domain.UNKNOWN);
  const bits = BigInt(8 * size);
  if (signed) return num(domain.betweenSigned(-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n));
  return num(domain.between(0n, (1n << bits) - 1n));
}

/** What the memory that `reach` is in would have to be, in words. */
function sizeText(cx: Context, reach: Reach): string {
  if (!reach.region) return '';
  const { low, sure, most } = extentOf(cx.world, reach.region);
  const name = regionName(cx.world, reach.region);
  if (reach.region.kind === 'frame') return `; the ${name} is [${low}, -1] from r10`;
  if (sure === most) return `; ${name} is ${numberText(sure)} bytes`;
  return `; ${name} is ${numberText(sure)} to ${numberText(most)} bytes`;
}

/** The refusal of an access that no value makes right, or (strict) of one that is not shown to be right; else null. */
export function refusedBounds(cx: Context, reach: Reach, bounds: Bounds, verb: string): Omit<Refusal, 'reg'> | null {
  const { region, off, size } = reach;
  if (bounds.possible && (bounds.proved || !cx.strict)) return null;
  const where = addressText(cx.world, region, domain.asConstant(off) === undefined ? widened(off, size) : off);
  const note = `${verb} ${bytes(size)} at ${where}${sizeText(cx, reach)}`;
  if (!bounds.possible)
    return {
      code: 'FCC0107',
      message: 'is always out of bounds',
      note,
      help: region
        ? `keep the offset within ${regionName(cx.world, region)}`
        : 'check the pointer for null, or load it from a field of the context that the contract declares',
      rank: 2,
    };
  return {
    code: 'FCC0107',
    message: region ? 'may be out of bounds' : 'may point anywhere',
    note,
    help: region
      ? `compare the index with the length of ${regionName(cx.world, region)} before the access`
      : 'use a pointer to the stack, the context, a global or a declared region',
    rank: 3,
  };
}

/** Offsets of the bytes accessed, not of their start alone: what messages show. */
function widened(off: domain.Scalar, size: number): domain.Scalar {
  const { smin, smax } = off.x;
  const last = smax + BigInt(size - 1);
  return last < 1n << 63n ? domain.betweenSigned(smin, last) : off;
}

/** The refusal of a write for its rights, or null. */
export function refusedRights(cx: Context, reach: Reach): Omit<Refusal, 'reg'> | null {
  const why = refusedWrite(cx.world, reach);
  if (why === null || reach.region === null) return null;
  const note = `writes ${bytes(reach.size)} at ${addressText(cx.world, reach.region, reach.off)}`;
  const name = regionName(cx.world, reach.region);
  if (why === 'mixed')
    return {
      code: 'FCC0110',
      message: `write to ${name} may hit read-only bytes`,
      note,
      reason: 'some bytes in reach are writable and some are not; no guard can tell them apart',
      help: 'use a constant offset, or bound the index to the writable field',
      rank: 2,
    };
  const at = constantOffset(reach.off);
  const field =
    reach.region.kind === 'context' && at !== undefined ? fieldsAt(cx.world.contract, at, reach.size)[0] : null;
  return {
    code: 'FCC0108',
    message: `write to read-only memory: ${field ? `${name} field ${field.name}` : name}`,
    note,
    reason:
      reach.region.kind === 'rodata' ? 'constants are never writable' : 'the contract grants no right to write there',
    help: 'write to a local variable, a global, or memory that the contract grants for writing',
    rank: 2,
  };
}

/** Notes what an access does to a frame's size and zeroing. */
export function noteFrame(cx: Context, state: State, reach: Reach, proved: boolean, read: boolean): void {
  const { region, off, size } = reach;
  if (region?.kind === 'frame') cx.report.touched(region.func, proved ? Number(off.x.smin) : null);
  if (!read || size === 0) return;
  if (region?.kind === 'frame' && region.func === cx.func) {
    const { smin, smax } = off.x;
    const from = smin > -BigInt(FRAME_SIZE) ? Number(smin) : -FRAME_SIZE;
    const to = smax + BigInt(size) < 0n ? Number(smax) + size : 0;
    if (state.frame.initialised(from, to - from).least !== ALWAYS) cx.report.uninitialised(cx.func);
    if (smin !== smax) state.frame.escape(from, to - from, cx.report);
  } else if (region === null || region.kind === 'frame') {
    cx.report.foreignRead(region);
    cx.readsFrames();
    if (region === null) state.frame.escape(-FRAME_SIZE, FRAME_SIZE, cx.report);
  }
}

/** A read of stack bytes that no path has written. */
export function refusedUninitialised(
  cx: Context,
  state: State,
  reach: Reach,
  proved: boolean,
): Omit<Refusal, 'reg'> | null {
  const at = constantOffset(reach.off);
  if (!proved || reach.size === 0 || at === undefined) return null;
  if (reach.region?.kind !== 'frame' || reach.region.func !== cx.func) return null;
  if (state.frame.initialised(at, reach.size).most !== NEVER) return null;
  return {
    code: 'FCC0102',
    message: 'stack is read before it is written',
    note: `reads ${bytes(reach.size)} at ${addressText(cx.world, reach.region, reach.off)}`,
    reason: 'no path to this instruction writes these bytes',
    help: 'initialise the variable',
    rank: 1,
  };
}

/** Effects of a write on what is known of the stack. `value` undefined: the bytes are written, with what is not known. */
export function writeEffect(cx: Context, state: State, reach: Reach, proved: boolean, value?: Abs): void {
  const { region, off, size } = reach;
  if (region === null) {
    state.frame.havoc(-FRAME_SIZE, FRAME_SIZE, cx.report);
    cx.writes(null);
  } else if (region.kind === 'frame' && region.func !== cx.func) {
    cx.writes(region.func);
  } else if (region.kind === 'frame') {
    const at = constantOffset(off);
    if (proved && at !== undefined) {
      if (value) state.frame.write(at, size, value, cx.report);
      else state.frame.fill(at, size, cx.report);
      return;
    }
    const { smin, smax } = off.x;
    const from = smin > -BigInt(FRAME_SIZE) ? (smin < 0n ? Number(smin) : 0) : -FRAME_SIZE;
    const to = smax + BigInt(size) < 0n ? Number(smax) + size : 0;
    state.frame.havoc(from, to - from, cx.report);
  }
  forget(value, cx.report);
}

/** The symbol of a region's length in units; the relation with its length in bytes comes along. Null where the length is fixed. */
function lengthForm(cx: Context, state: State, index: number, region: string, unit: number): Form | null {
  const length = cx.symbols.lengthOf({ kind: 'granted', index });
  if (length === null) return null;
  if (unit === 1) return symbolForm(length);
  const units = symbolForm(cx.symbols.unitsOf(region, unit));
  const rest = plus(symbolForm(length), units, -unit);
  const most = rest && scaled(rest, -1);
  if (rest) state.relations.add(rest);
  if (most) state.relations.addAtLeast(most, 1 - unit);
  return units;
}

/** The value of a load at a known place of the context: a trusted field, or plain bytes. */
function loadContext(
  cx: Context,
  state: State,
  insn: Insn & { kind: 'load' },
  at: number,
): { value: Abs; trusted?: AccessFact['trusted'] } | Refusal {
  const { contract } = cx.world;
  const indexOf = (name: string): number => contract.regions.findIndex((r) => r.name === name);
  const plain = { value: anyLoaded(insn.size, insn.signed) };
  const fields = fieldsAt(contract, at, insn.size);
  const part = fields.find((f) => f.kind === 'pointer');
  const exact = fields.find((f) => f.offset === at && fieldSize(f) === insn.size);
  if (part && part !== exact)
    return {
      code: 'FCC0109',
      message: `pointer field ${part.name} of the context is read in part`,
      note: `reads ${bytes(insn.size)} at ctx+${at}; the field is [${part.offset}, ${part.offset + 7}]`,
      reason: 'only a load of all 8 bytes gives an address that the host vouches for',
      help: 'declare the field as a 64-bit pointer slot in the C structure and load it whole',
      rank: 2,
    };
  if (!exact) return plain;
  if (exact.kind === 'pointer') {
    const index = indexOf(exact.region);
    return { value: pointer({ kind: 'granted', index }), trusted: { what: 'base', index } };
  }
  const top = 1n << BigInt(8 * exact.size - 1);
  if (exact.kind === 'length') {
    const index = indexOf(exact.region);
    const decl = contract.regions[index]!;
    const unit = exact.unit ?? 1;
    const [lo, hi] = decl.size === null ? [decl.minSize, decl.maxSize] : [decl.size, decl.size];
    const [least, most] = [Math.floor(lo / unit), Math.floor(hi / unit)];
    // A sign-extending load gives the same number only below the sign bit, and a narrow one below its width.
    if (BigInt(most) >= (insn.signed ? top : top * 2n)) return plain;
    return {
      value: num(domain.between(BigInt(least), BigInt(most)), lengthForm(cx, state, index, exact.region, unit)),
      trusted: { what: 'length', index, ...(unit === 1 ? {} : { unit }) },
    };
  }
  // The promise holds for what the hook wrote; a field the container can write may hold anything later.
  if (!exact.range || exact.access !== 'r' || (insn.signed && exact.range[1] >= top)) return plain;
  return { value: num(domain.between(exact.range[0], exact.range[1])) };
}

/** Constant of .rodata at a known place, little endian. */
function loadConstant(cx: Context, insn: Insn & { kind: 'load' }, at: number): Abs {
  const { rodata } = cx.world.program.globals;
  let n = 0n;
  for (let i = insn.size - 1; i >= 0; i--) n = (n << 8n) | BigInt(rodata[at + i]!);
  return num(domain.constantScalar(insn.signed ? BigInt.asIntN(8 * insn.size, n) : n));
}

/** The value of a pointer as an access may use it: a mere number where another entry's facts say so. */
export function seenAs(cx: Context, place: string, value: Abs): Abs {
  if (value.kind === 'num' || !cx.world.opaque?.has(place)) return value;
  forget(value, cx.report);
  return num(domain.UNKNOWN);
}

/** Executes a load, store or atomic: asserts, reports, and changes the state. Returns what a load gives. */
export function accessMemory(cx: Context, state: State, insn: MemoryInsn): Abs | undefined {
  const held = readReg(cx, state, insn, insn.base);
  const base = seenAs(cx, `${cx.func}:${insn.slot}`, held);
  const stored = insn.kind === 'load' ? undefined : storedValue(cx, state, insn);
  const reach = reachOf(base, insn.off, insn.size);
  if (base.kind !== 'ptr') forget(base, cx.report);
  const read = insn.kind !== 'store';
  const write = insn.kind !== 'load';
  const bounds = judgeBounds(cx.world, cx.symbols, state, reach);
  if (base.kind === 'ptr' && base.nullable !== 0) refuseNull(cx, state, insn, insn.base, base);
  const refused =
    (write ? refusedRights(cx, reach) : null) ??
    refusedBounds(cx, reach, bounds, write ? 'writes' : 'reads') ??
    (read ? refusedUninitialised(cx, state, reach, bounds.proved) : null);
  if (refused) refuseAccess(cx, state, insn, base, refused);
  noteFrame(cx, state, reach, bounds.proved, read);
  const { proved, offset32, align } = bounds;
  const common = { region: reach.region, proved, offset32, align, write, ...spanOf(reach, proved) };
  if (insn.kind === 'load') {
    const loaded = loadValue(cx, state, insn, reach, bounds);
    if ('code' in loaded) {
      cx.report.refuse(insn, state, { ...loaded, reg: insn.base });
      return undefined;
    }
    const { trusted } = loaded;
    // A trusted field comes from the instance, whatever the context's length: nothing is left to guard.
    cx.report.access(insn, trusted ? { ...common, proved: true, offset32: true, trusted } : common);
    return loaded.value;
  }
  cx.report.access(insn, common);
  // What it fetches may be an address that is spilled there.
  const at = constantOffset(reach.off);
  if (insn.kind === 'atomic' && reach.region?.kind === 'frame' && reach.region.func === cx.func && at !== undefined)
    state.frame.escape(at, insn.size, cx.report);
  writeEffect(cx, state, reach, bounds.proved, insn.kind === 'store' ? stored : undefined);
  if (insn.kind === 'atomic') atomicResult(cx, state, insn, stored);
  return undefined;
}

/** A pointer that may be 0 instead is used before it was compared with 0. */
export function refuseNull(cx: Context, state: State, insn: Insn, reg: number, value: Abs): void {
  cx.report.refuse(insn, state, {
    code: 'FCC0113',
    message: `r${reg} may be null`,
    reason: `r${reg} is ${valueText(cx.world, value)} or 0`,
    reg,
    help: 'compare the pointer with 0 and leave if it is, before it is used',
    rank: 1,
  });
}

function storedValue(cx: Context, state: State, insn: MemoryInsn): Abs {
  if (insn.kind === 'store') {
    const value = readSource(cx, state, insn, insn.src);
    // What is stored and what is still in the register go by one name.
    if (insn.src.kind === 'reg' && insn.src.reg < 10) state.named(insn.src.reg);
    return (insn.src.kind === 'reg' && state.regs[insn.src.reg]) || value;
  }
  if (insn.kind === 'atomic') {
    if (insn.op === 'cmpxchg') forget(readReg(cx, state, insn, 0), cx.report);
    return readReg(cx, state, insn, insn.src);
  }
  throw new Error('a load stores nothing');
}

function atomicResult(cx: Context, state: State, insn: Insn & { kind: 'atomic' }, stored: Abs | undefined): void {
  forget(stored, cx.report);
  const old = anyLoaded(insn.size, false);
  if (insn.op === 'cmpxchg') state.regs[0] = old;
  else if (insn.fetch) state.regs[insn.src] = old;
}

function loadValue(
  cx: Context,
  state: State,
  insn: Insn & { kind: 'load' },
  reach: Reach,
  bounds: Bounds,
): { value: Abs | undefined; trusted?: AccessFact['trusted'] } | Refusal {
  const at = constantOffset(reach.off);
  const plain = { value: anyLoaded(insn.size, insn.signed) };
  if (at === undefined || !reach.region) return plain;
  if (reach.region.kind === 'context') return bounds.possible ? loadContext(cx, state, insn, at) : plain;
  if (!bounds.proved) return plain;
  if (reach.region.kind === 'rodata') return { value: loadConstant(cx, insn, at) };
  if (reach.region.kind === 'frame' && reach.region.func === cx.func)
    return { value: state.frame.read(at, insn.size, insn.signed, cx.report) ?? plain.value };
  return plain;
}

function refuseAccess(cx: Context, state: State, insn: MemoryInsn, base: Abs, refused: Omit<Refusal, 'reg'>): void {
  const bounds = refused.code === 'FCC0107';
  cx.report.refuse(insn, state, {
    ...refused,
    message: bounds ? `invalid memory access: r${insn.base} ${refused.message}` : refused.message,
    reason: refused.reason ?? `r${insn.base} is ${valueText(cx.world, base)}`,
    reg: insn.base,
  });
}
