// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import { type ContextField, type Contract, fieldRights, fieldSize, type Rights } from '../contract/types.js';
import type { Scalar } from './domain.js';
import * as domain from './domain.js';
import type { AccessFact, Region } from './facts.js';
import { FRAME_SIZE } from './frame.js';
import type { Abs } from './value.js';
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
  readonly size: number;
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

export function judgeBounds(world: World, reach: Reach): Bounds {
  const { x } = reach.off;
  const size = BigInt(reach.size);
  if (reach.region === null) {
    const possible = x.umax >= NULL_PAGE || size === 0n;
    return { proved: false, possible, offset32: false, align: alignment(reach.off, 8) };
  }
  const extent = extentOf(world, reach.region);
  const last = extent.most - size;
  return {
    proved: x.smin >= extent.low && x.smax + size <= extent.sure,
    possible: last >= extent.low && meet(x, fromSigned(64, extent.low, last)) !== null,
    offset32: x.smin >= -WORD && x.smax + size < WORD,
    align: alignment(reach.off, extent.align),
  };
}

/** Where an access through `base` with displacement `disp` reaches. A number may be any address. */
export function reachOf(base: Abs, disp: number, size: number): Reach {
  const at = (s: Scalar): Scalar => (disp === 0 ? s : domain.alu('add', true, s, domain.constantScalar(BigInt(disp))));
  if (base.kind === 'ptr') return { region: base.region, off: at(base.off), size };
  return { region: null, off: base.kind === 'num' ? at(base.s) : domain.UNKNOWN, size };
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
