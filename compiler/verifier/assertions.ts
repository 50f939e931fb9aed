// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import { type ContextField, type Contract, fieldRights, fieldSize, type Rights } from '../contract/types.js';
import type { Scalar } from './domain.js';
import * as domain from './domain.js';
import type { AccessFact, Region } from './facts.js';
import { FRAME_SIZE } from './frame.js';
import { constantForm, type Form, plus, shifted, symbolForm } from './linear.js';
import { THOROUGH } from './relations.js';
import type { State } from './state.js';
import type { Symbols } from './symbols.js';
import { type Abs, formOf } from './value.js';
import { fromSigned, meet, trailingZeros } from './view.js';

/** What every access of a program is judged against. */
export interface World {
  readonly program: Program;
  readonly contract: Contract;
  /** Writes whose pointer is taken for a mere number: `weakWrites` of merge.ts. */
  readonly opaque?: ReadonlySet<string>;
}

/** Bytes [off, off + size) from a region's base, or from address 0 where the region is not known. */
export interface Reach {
  readonly region: Region | null;
  readonly off: Scalar;
  /** The same as a sum of symbols, where it has one. */
  readonly form: Form | null;
  readonly size: number;
  /** The number of bytes as a sum of symbols, where `size` is only the most that it can be. */
  readonly length?: Form;
}

/** Offsets a region has: [low, sure) in every run, [low, most) in some. */
export interface Extent {
  readonly low: bigint;
  readonly sure: bigint;
  readonly most: bigint;
  readonly align: 1 | 2 | 4 | 8;
  readonly rights: Rights;
}

/** No object on a 32-bit device is longer. */
const LONGEST = 0xffffffffn;
/** Below this address no object is ever placed: null pointers and small offsets from them. */
export const NULL_PAGE = 4096n;

export function extentOf(world: World, region: Region): Extent {
  const { globals } = world.program;
  const fixed = (size: number, rights: Rights, align: Extent['align'] = 8): Extent => ({
    low: 0n,
    sure: BigInt(size),
    most: BigInt(size),
    align,
    rights,
  });
  switch (region.kind) {
    case 'frame':
      return { low: -BigInt(FRAME_SIZE), sure: 0n, most: 0n, align: 8, rights: 'rw' };
    case 'data':
      return fixed(globals.data.length + globals.bssLength, 'rw');
    case 'rodata':
      return fixed(globals.rodata.length, 'r');
    case 'context': {
      const { size, align } = world.contract.context;
      // Rights on the context differ by byte: contextRights.
      return size === null ? { low: 0n, sure: 0n, most: LONGEST, align, rights: 'rw' } : fixed(size, 'rw', align);
    }
    case 'granted': {
      const decl = world.contract.regions[region.index]!;
      if (decl.size !== null) return fixed(decl.size, decl.access, decl.align);
      return {
        low: 0n,
        sure: BigInt(decl.minSize),
        most: BigInt(decl.maxSize),
        align: decl.align,
        rights: decl.access,
      };
    }
  }
}

const WORD = 1n << 31n;

/** Everything that is to be said of an access but rights. `possible`: some value of the state makes it right. */
export interface Bounds {
  readonly proved: boolean;
  readonly possible: boolean;
  readonly offset32: boolean;
  readonly align: AccessFact['align'];
}

function alignment(known: Scalar, base: number): AccessFact['align'] {
  const zeros = trailingZeros(known.x.value | known.x.unknown, 64);
  return Math.min(base, 2 ** Math.min(3, zeros)) as AccessFact['align'];
}

/** Says of an access what bounds alone show, and what the relations of the state add to it. */
export function judgeBounds(world: World, symbols: Symbols, state: State, reach: Reach): Bounds {
  const { x } = reach.off;
  const size = BigInt(reach.size);
  if (reach.region === null) {
    const possible = x.umax >= NULL_PAGE || size === 0n;
    return { proved: false, possible, offset32: false, align: alignment(reach.off, 8) };
  }
  const extent = extentOf(world, reach.region);
  const last = extent.most - size;
  const proved = x.smin >= extent.low && x.smax + size <= extent.sure;
  const possible = last >= extent.low && meet(x, fromSigned(64, extent.low, last)) !== null;
  const related = proved || !possible ? null : judgeForm(symbols, state, reach, extent);
  return {
    proved: proved || related === 'inside',
    possible: possible && related !== 'outside',
    offset32:
      (x.smin >= -WORD && x.smax + size < WORD) ||
      (reach.form !== null && state.within(reach.form, -Number(WORD), Number(WORD - size) - 1)),
    align: alignment(reach.off, extent.align),
  };
}

/**
 * Offset, size and the region's length as whole numbers. If the sum that the offset's form is lies in the region, the offset, which equals
 * it modulo 2^64, does too.
 */
function judgeForm(symbols: Symbols, state: State, reach: Reach, extent: Extent): 'inside' | 'outside' | null {
  const { form, region } = reach;
  if (!form || !region) return null;
  const { relations } = state;
  const length = symbols.lengthOf(region);
  const end = length === null ? constantForm(Number(extent.sure)) : symbolForm(length);
  const rest = plus(end, form, -1);
  const room = rest && (reach.length ? plus(rest, reach.length, -1) : shifted(rest, -reach.size));
  if (!room) return null;
  if (relations.atLeast(room, 0, THOROUGH) && relations.atLeast(form, Number(extent.low), THOROUGH)) return 'inside';
  const whole = state.relations.exact(form) && !reach.length && reach.size > 0;
  return whole && relations.boundHigh(room, -1) < 0 ? 'outside' : null;
}

/** Where an access through `base` with displacement `disp` reaches. A number may be any address. */
export function reachOf(base: Abs, disp: number, size: number): Reach {
  const at = (s: Scalar): Scalar => (disp === 0 ? s : domain.alu('add', true, s, domain.constantScalar(BigInt(disp))));
  const f = formOf(base);
  const form = f && shifted(f, disp);
  if (base.kind === 'ptr') return { region: base.region, off: at(base.off), form, size };
  return { region: null, off: base.kind === 'num' ? at(base.s) : domain.UNKNOWN, form: null, size };
}

/** The bytes of its region that a proved access may touch. Proved, so what the bounds allow outside the region does not happen. */
export function spanOf({ region, off, size }: Reach, proved: boolean): Pick<AccessFact, 'span'> {
  if (!proved || !region) return {};
  const [low, high] = region.kind === 'frame' ? [BigInt(-FRAME_SIZE), 0n] : [0n, WORD];
  const from = off.x.smin > low ? off.x.smin : low;
  const end = off.x.smax + BigInt(size);
  const to = end < high ? end : high;
  return from === 0n && to === WORD ? {} : { span: [Number(from), Number(to)] };
}

/** The constant signed offset of a reach, if it is one. */
export function constantOffset(off: Scalar): number | undefined {
  const c = domain.asConstant(off);
  return c === undefined ? undefined : Number(BigInt.asIntN(64, c));
}

/** Fields that overlap [off, off + size). */
export function fieldsAt(contract: Contract, off: number, size: number): ContextField[] {
  return contract.context.fields.filter((f) => f.offset < off + size && f.offset + fieldSize(f) > off);
}

/** Rights on context bytes [from, to): all writable, all read-only, or some of each. */
export function contextRights(contract: Contract, from: bigint, to: bigint): Rights | 'mixed' {
  let writable = 0n;
  let covered = 0n;
  for (const f of contract.context.fields) {
    const lo = BigInt(f.offset) > from ? BigInt(f.offset) : from;
    const end = BigInt(f.offset + fieldSize(f));
    const hi = end < to ? end : to;
    if (hi <= lo) continue;
    covered += hi - lo;
    if (fieldRights(f) === 'rw') writable += hi - lo;
  }
  if (contract.context.access === 'rw') writable += to - from - covered;
  if (writable === to - from) return 'rw';
  return writable === 0n ? 'r' : 'mixed';
}

/** Why a write is refused, or null: 'never' it hits read-only bytes for certain, 'mixed' it may and no guard can tell. */
export function refusedWrite(world: World, reach: Reach): 'never' | 'mixed' | null {
  if (reach.region === null || reach.size === 0) return null;
  const extent = extentOf(world, reach.region);
  if (reach.region.kind !== 'context') return extent.rights === 'r' ? 'never' : null;
  const { smin, smax } = reach.off.x;
  const size = BigInt(reach.size);
  const from = smin > 0n ? smin : 0n;
  const to = smax + size < extent.most ? smax + size : extent.most;
  if (to <= from) return null;
  switch (contextRights(world.contract, from, to)) {
    case 'rw':
      return null;
    case 'r':
      return 'never';
    case 'mixed':
      return smin === smax ? 'never' : 'mixed';
  }
}
