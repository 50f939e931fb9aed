// SPDX-License-Identifier: MIT
import type { Contract } from '../../compiler/contract/types.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { CONTEXT, DATA, FRAME, hexOf, type Kind, POINTER, pattern } from './kinds.js';
import { SKIPPED, u32, u64, WAYS, type Way } from './ways.js';

/**
 * Programs that access one region at an offset formed in one way. Context of every run, from byte 0: the number that the way
 * starts from, the value to store, a place to launder pointers through, then 16 bytes that the region kinds use.
 */
export interface Probe {
  readonly name: string;
  readonly text: string;
  readonly contract: Contract;
  readonly runs: readonly ProbeRun[];
}

export interface ProbeRun {
  readonly name: string;
  readonly request: RunRequest;
  /**
   * ok: has to run, with this result and memory; bad: has to be refused or to trap; own: either, as the offset leads from one
   * of the container's own frames to another or to its data, whose neighbourhood is the engine's choice.
   */
  readonly expected: 'ok' | 'bad' | 'own';
  /** The access itself is reached and allowed: such a program may not be refused. */
  readonly reached: boolean;
  /** Expected result where ok. */
  readonly r0: bigint;
  /** Context and regions afterwards where ok; what they have to be unchanged from otherwise. */
  readonly context: Uint8Array;
  readonly regions: ReadonlyMap<string, Uint8Array>;
}

const SIZES = [1, 2, 4, 8] as const;
type Size = (typeof SIZES)[number];
/** Added to memory and fetched back in an `update`, which only sizes 4 and 8 have. */
type Mode = 'read' | 'write' | 'update';
const VALUE = 0x8899_aabb_ccdd_eeffn;

/** Offsets around both ends, far ones, and ones that wrap at 32 or 64 bits. */
function offsets(length: number, size: number): bigint[] {
  const near = [
    -8,
    -size,
    -size + 1,
    -1,
    0,
    3,
    length - size,
    length - size + 1,
    length - 1,
    length,
    length + 1,
    length + 8,
  ];
  const far = [
    0x0777_7770n,
    -0x0777_7770n,
    0x7fff_ffffn,
    0x8000_0000n,
    -0x8000_0000n,
    0xffff_ffffn,
    1n << 32n,
    (1n << 32n) + 4n,
    -(1n << 32n),
    -(1n << 32n) + BigInt(length - size),
    (5n << 32n) + 1n,
    (1n << 63n) - 1n,
    -(1n << 63n),
    -(1n << 63n) + 3n,
  ];
  return [...new Set([...near.map(BigInt), ...far])];
}

const INT16 = (k: bigint): boolean => k >= -0x8000n && k < 0x8000n;

function access(mode: Mode, size: Size, off: bigint): string {
  const at = `r6 ${off < 0n ? '-' : '+'} ${off < 0n ? -off : off}`;
  const place = `*(u${size * 8} *)(${at})`;
  const load = size === 8 ? `r0 = ${place}` : `w0 = ${place}`;
  if (mode === 'read') return load;
  const reg = size === 4 ? 'w8' : 'r8';
  const change = mode === 'write' ? `${place} = r8` : `${reg} = atomic_fetch_add((u${size * 8} *)(${at}), ${reg})`;
  return `r8 = *(u64 *)(r1 + 8)\n${change}\n${load}`;
}

function programText(kind: Kind, way: Way, size: Size, mode: Mode, k: bigint): string {
  const body = [
    way.text(k, kind.length, size),
    access(mode, size, way.name === 'instruction offset' ? k : 0n),
    'out:',
    'exit',
  ];
  const globals = [`.data d ${hexOf(pattern(DATA, 50))}`, `.rodata c ${hexOf(pattern(DATA, 70))}`].filter((_, i) =>
    kind.base.includes(['d ll', 'c ll'][i]!),
  );
  const lines = kind.callee
    ? [
        'entry probe fc/probe:',
        kind.before,
        kind.base,
        'r2 = r6',
        'call inner',
        'exit',
        'func inner:',
        'r6 = r2',
        ...body,
      ]
    : ['entry probe fc/probe:', kind.before, kind.base, ...body];
  return [...globals, ...lines].filter((l) => l !== '').join('\n');
}

function contextFor(start: bigint): Uint8Array {
  const context = pattern(CONTEXT, 200);
  const view = new DataView(context.buffer);
  view.setBigUint64(0, u64(start), true);
  view.setBigUint64(8, VALUE, true);
  view.setBigUint64(POINTER, 0n, true);
  return context;
}

const number = (bytes: Uint8Array): bigint => [...bytes].reduceRight((n, b) => (n << 8n) | BigInt(b), 0n);

function runOf(kind: Kind, way: Way, size: Size, mode: Mode, k: bigint): ProbeRun {
  const write = mode !== 'read';
  const offset = way.real(u64(k));
  const context = contextFor(way.start(k));
  const request: RunRequest = {
    context,
    regions: new Map(kind.region ? [[kind.region, Uint8Array.from(kind.bytes!)]] : []),
    fuel: 10_000,
  };
  const after = Uint8Array.from(context);
  const regions = new Map([...request.regions].map(([n, b]) => [n, Uint8Array.from(b)]));
  const name = `offset ${k < 0n ? '-' : ''}0x${(k < 0n ? -k : k).toString(16)}`;
  const done = (expected: ProbeRun['expected'], r0: bigint, reached = false): ProbeRun => ({
    name,
    request,
    expected,
    reached,
    r0,
    context: after,
    regions,
  });
  const last = kind.length - size;
  const inside = offset >= 0n && offset <= BigInt(last);
  if (way.checked && !inside) return done('ok', SKIPPED);
  if (way.name === 'checked one too loosely' && u64(offset) > BigInt(last + 1)) return done('ok', SKIPPED);
  if (way.name === 'checked signed, one side only' && offset > BigInt(last)) return done('ok', SKIPPED);
  if (way.name === 'checked in 32 bits' && u32(offset) > BigInt(last)) return done('ok', SKIPPED);
  const at = Number(offset);
  const allowed = inside && (!write || Array.from({ length: size }, (_, i) => at + i).every(kind.writable));
  // Another part of the writable block may lie there: up to two frames and the globals, on either side.
  if (!allowed) return done(way.lost && kind.block && offset > -2048n && offset < 2048n ? 'own' : 'bad', 0n);
  // Whether a number reaches this frame's far end depends on how much of it the container uses.
  if (way.lost && kind.block && kind.length === FRAME) return done('own', 0n);
  if (kind.mixed && write && !way.constant) return done('own', 0n);
  const bytes = kind.bytes ? (kind.region ? regions.get(kind.region)! : Uint8Array.from(kind.bytes)) : after;
  const place = bytes.subarray(at, at + size);
  if (write) {
    const stored = mode === 'update' ? VALUE + number(place) : VALUE;
    const value = Uint8Array.from({ length: size }, (_, i) => Number((stored >> BigInt(8 * i)) & 0xffn));
    place.set(value);
    return done('ok', number(value), true);
  }
  return done('ok', number(place), true);
}

/** Ways that need a frame of their own or context bytes that the kind occupies are left out where the two collide. */
function fits(kind: Kind, way: Way): boolean {
  const usesStack = way.text(0n, 16, 1).includes('r10');
  // The laundering place would be the attacked memory itself: the model above does not follow that.
  if (kind.bytes === null && way.name === 'through the context') return false;
  return !(kind.name === 'frame' && usesStack);
}

/** Offsets whose frame bytes the program has written; others may rightly be refused as uninitialised. */
function readable(kind: Kind, mode: Mode, size: number, k: bigint): boolean {
  if (kind.length !== FRAME || mode === 'write') return true;
  return k < 0n || k + BigInt(size) <= 16n || k >= BigInt(FRAME - 16);
}

function modes(kind: Kind, size: Size): Mode[] {
  if (kind.storesOnly) return ['write'];
  return size < 4 ? ['read', 'write'] : ['read', 'write', 'update'];
}

/** Every program of the suite for one kind of region. */
export function probes(kind: Kind): Probe[] {
  const out: Probe[] = [];
  for (const way of WAYS.filter((w) => fits(kind, w)))
    for (const size of SIZES)
      for (const mode of modes(kind, size)) {
        const ks = offsets(kind.length, size).filter((k) => readable(kind, mode, size, k));
        const name = `${kind.name}, ${way.name}, ${mode} of ${size}`;
        const { contract } = kind;
        if (!way.constant) {
          const runs = ks.map((k) => runOf(kind, way, size, mode, k));
          out.push({ name, text: programText(kind, way, size, mode, 0n), contract, runs });
          continue;
        }
        for (const k of ks) {
          if (way.name === 'instruction offset' && !INT16(k)) continue;
          const run = runOf(kind, way, size, mode, k);
          out.push({ name, text: programText(kind, way, size, mode, k), contract, runs: [run] });
        }
      }
  return out;
}
