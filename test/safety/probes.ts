// SPDX-License-Identifier: MIT
import { parseContract } from '../../compiler/contract/schema.js';
import type { Contract } from '../../compiler/contract/types.js';
import type { RunRequest } from '../../compiler/host/engine.js';

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

const CONTEXT = 40;
/** Offset and length of the laundering place, which results leave out: engines choose addresses. */
export const SCRATCH = { offset: 16, length: 8 } as const;
const POINTER = 24;
const VALUE = 0x8899_aabb_ccdd_eeffn;
const FRAME = 512;
const DATA = 16;
const OPEN = 24;

const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);
const hexOf = (b: Uint8Array): string => Buffer.from(b).toString('hex');

/** A region under attack. `base` is asm that puts its lowest address into r6; r1 is the context. */
interface Kind {
  readonly name: string;
  readonly length: number;
  readonly before: string;
  readonly base: string;
  /** Asm around the access when it happens in another function; the access itself finds the base in r6 and the context in r1. */
  readonly callee?: boolean;
  readonly contract: Contract;
  /** Contents: by byte, or null where the program finds the run's context. */
  readonly bytes: Uint8Array | null;
  readonly region?: string;
  readonly writable: (at: number) => boolean;
  /** In the writable block: a laundered pointer may reach the block's other parts. */
  readonly block?: boolean;
  /** Writes at places known only at run time are refused as a whole. */
  readonly mixed?: boolean;
  /** Bytes whose contents are the engine's: only stores are tried. */
  readonly storesOnly?: boolean;
}

function contractOf(
  fields: readonly object[],
  regions: readonly object[] = [],
  size: number | null = CONTEXT,
): Contract {
  return parseContract(
    JSON.stringify({ hook: 'fc/probe', context: { size, access: 'rw', align: 8, fields }, regions, passLength: true }),
    'probe',
  );
}

const PLAIN = contractOf([]);
const granted = (row: object): Contract =>
  contractOf([{ name: 'p', offset: POINTER, type: 'pointer', region: 'g' }], [{ name: 'g', align: 8, ...row }]);
const all = (): boolean => true;
const none = (): boolean => false;

/** 16 bytes at both ends of a frame, the same pattern as in `bytes`. */
const frameBytes = pattern(FRAME, 3);
const fillFrame = [0, 8, FRAME - 16, FRAME - 8]
  .map((at) => {
    const view = new DataView(frameBytes.buffer);
    return `r8 = 0x${view.getBigUint64(at, true).toString(16)} ll\n*(u64 *)(r10 - ${FRAME - at}) = r8`;
  })
  .join('\n');

const FRAME_KIND: Kind = {
  name: 'frame',
  length: FRAME,
  before: fillFrame,
  base: `r6 = r10\nr6 += -${FRAME}`,
  contract: PLAIN,
  bytes: frameBytes,
  writable: all,
  block: true,
};

const GRANTED: Kind = {
  name: 'granted rw',
  length: DATA,
  before: '',
  base: `r6 = *(u64 *)(r1 + ${POINTER})`,
  contract: granted({ size: DATA, access: 'rw' }),
  bytes: pattern(DATA, 90),
  region: 'g',
  writable: all,
};

export const KINDS: readonly Kind[] = [
  FRAME_KIND,
  { ...FRAME_KIND, name: "caller's frame", callee: true },
  {
    ...FRAME_KIND,
    name: 'data',
    length: DATA,
    before: '',
    base: 'r6 = d ll',
    bytes: pattern(DATA, 50),
  },
  {
    name: 'rodata',
    length: DATA,
    before: '',
    base: 'r6 = c ll',
    contract: PLAIN,
    bytes: pattern(DATA, 70),
    writable: none,
  },
  { name: 'context', length: CONTEXT, before: '', base: 'r6 = r1', contract: PLAIN, bytes: null, writable: all },
  {
    name: 'context of any length',
    length: CONTEXT,
    before: '',
    base: 'r6 = r1',
    contract: contractOf([], [], null),
    bytes: null,
    writable: all,
  },
  {
    name: 'context with a read-only field',
    length: CONTEXT,
    before: '',
    base: 'r6 = r1',
    contract: contractOf([{ name: 'locked', offset: 24, type: 'scalar', size: 8, access: 'r' }]),
    bytes: null,
    writable: (at) => at < 24 || at >= 32,
    mixed: true,
  },
  {
    name: 'context with a pointer field',
    length: CONTEXT,
    before: '',
    base: 'r6 = r1',
    contract: granted({ size: DATA, access: 'rw' }),
    bytes: null,
    writable: (at) => at < POINTER || at >= POINTER + 8,
    mixed: true,
    storesOnly: true,
  },
  GRANTED,
  { ...GRANTED, name: 'granted r', contract: granted({ size: DATA, access: 'r' }), writable: none },
  {
    ...GRANTED,
    name: 'granted rw of any length',
    length: OPEN,
    bytes: pattern(OPEN, 110),
    contract: granted({ minSize: 0, maxSize: 4096, access: 'rw' }),
  },
  {
    ...GRANTED,
    name: 'granted r of a least length',
    length: OPEN,
    bytes: pattern(OPEN, 130),
    contract: granted({ minSize: 16, maxSize: 64, access: 'r' }),
    writable: none,
  },
];

const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);
/** Address space of the engines: what an address cut to 32 bits is compared in. */
const LOAD = 'r7 = *(u64 *)(r1 + 0)';

/**
 * A way of forming base + offset: asm from base in r6 to address in r6. `start` is the number at context + 0 for a wanted offset,
 * `real` the offset that results. `lost`: the provenance is lost on the way.
 */
interface Way {
  readonly name: string;
  readonly text: (k: bigint, length: number, size: number) => string;
  readonly constant?: true;
  readonly start: (k: bigint) => bigint;
  readonly real: (k: bigint) => bigint;
  readonly lost?: true;
  /** The program checks the offset itself and gives SKIPPED where it does not fit; no run may trap. */
  readonly checked?: true;
}

export const SKIPPED = 0x7777n;
const same = (k: bigint): bigint => k;
const XOR = 0x5a5a_1234_8765_4321n;

export const WAYS: readonly Way[] = [
  {
    name: 'constant',
    constant: true,
    text: (k) => `r7 = 0x${u64(k).toString(16)} ll\nr6 += r7`,
    start: same,
    real: s64,
  },
  { name: 'instruction offset', constant: true, text: () => '', start: same, real: s64 },
  { name: 'run time', text: () => `${LOAD}\nr6 += r7`, start: same, real: s64 },
  { name: 'run time, zero-extended', text: () => `${LOAD}\nw7 = w7\nr6 += r7`, start: same, real: u32 },
  {
    name: 'run time, sign-extended',
    text: () => `${LOAD}\nr7 <<= 32\nr7 s>>= 32\nr6 += r7`,
    start: same,
    real: (k) => BigInt.asIntN(32, k),
  },
  { name: 'subtracted', text: () => `${LOAD}\nr6 -= r7`, start: (k) => -k, real: s64 },
  { name: 'negated', text: () => `${LOAD}\nr7 = -r7\nr6 += r7`, start: (k) => -k, real: s64 },
  {
    name: 'shifted',
    text: () => `${LOAD}\nr7 s>>= 4\nr6 += r7`,
    start: (k) => k << 4n,
    real: (k) => BigInt.asIntN(60, k),
  },
  { name: 'number plus pointer', text: () => `${LOAD}\nr7 += r6\nr6 = r7`, start: same, real: s64 },
  {
    name: 'in two steps',
    text: () => `${LOAD}\nr6 += 0x40000000\nr6 += r7\nr6 += -0x40000000`,
    start: same,
    real: s64,
  },
  {
    name: 'checked below',
    text: (_, length, size) => `${LOAD}\nr0 = ${SKIPPED}\nif r7 > ${length - size} goto out\nr6 += r7`,
    start: same,
    real: s64,
    checked: true,
  },
  {
    name: 'checked signed, one side only',
    text: (_, length, size) => `${LOAD}\nr0 = ${SKIPPED}\nif r7 s> ${length - size} goto out\nr6 += r7`,
    start: same,
    real: s64,
  },
  {
    name: 'checked one too loosely',
    text: (_, length, size) => `${LOAD}\nr0 = ${SKIPPED}\nif r7 > ${length - size + 1} goto out\nr6 += r7`,
    start: same,
    real: s64,
  },
  {
    name: 'checked in 32 bits',
    text: (_, length, size) => `${LOAD}\nr0 = ${SKIPPED}\nif w7 > ${length - size} goto out\nr6 += r7`,
    start: same,
    real: s64,
  },
  {
    name: 'cut address',
    text: () => `${LOAD}\nr6 += r7\nw6 = w6`,
    start: same,
    real: (k) => BigInt.asIntN(32, k),
    lost: true,
  },
  {
    name: 'through the context',
    text: () => `*(u64 *)(r1 + ${SCRATCH.offset}) = r6\nr6 = *(u64 *)(r1 + ${SCRATCH.offset})\n${LOAD}\nr6 += r7`,
    start: same,
    real: s64,
    lost: true,
  },
  {
    name: 'through halves on the stack',
    text: () =>
      `*(u64 *)(r10 - 24) = r6\nw8 = *(u32 *)(r10 - 24)\nw9 = *(u32 *)(r10 - 20)\nr9 <<= 32\nr8 |= r9\nr6 = r8\n${LOAD}\nr6 += r7`,
    start: same,
    real: s64,
    lost: true,
  },
  {
    name: 'through a spill',
    text: () => `${LOAD}\nr6 += r7\n*(u64 *)(r10 - 24) = r6\nr6 = 0\nr6 = *(u64 *)(r10 - 24)`,
    start: same,
    real: s64,
  },
  {
    name: 'through exclusive or',
    text: () => `r8 = 0x${XOR.toString(16)} ll\nr6 ^= r8\nr6 ^= r8\n${LOAD}\nr6 += r7`,
    start: same,
    real: s64,
    lost: true,
  },
  { name: 'negated twice', text: () => `r6 = -r6\n${LOAD}\nr6 -= r7\nr6 = -r6`, start: same, real: s64, lost: true },
];

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

function access(write: boolean, size: Size, off: bigint): string {
  const place = `*(u${size * 8} *)(r6 ${off < 0n ? '-' : '+'} ${off < 0n ? -off : off})`;
  const load = size === 8 ? `r0 = ${place}` : `w0 = ${place}`;
  return write ? `r8 = *(u64 *)(r1 + 8)\n${place} = r8\n${load}` : load;
}

function programText(kind: Kind, way: Way, size: Size, write: boolean, k: bigint): string {
  const body = [
    way.text(k, kind.length, size),
    access(write, size, way.name === 'instruction offset' ? k : 0n),
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

function runOf(kind: Kind, way: Way, size: Size, write: boolean, k: bigint): ProbeRun {
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
    const value = Uint8Array.from({ length: size }, (_, i) => Number((VALUE >> BigInt(8 * i)) & 0xffn));
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

const isBlockRead = (kind: Kind, write: boolean): boolean => kind.length === FRAME && !write;

/** Offsets whose frame bytes the program has written; others may rightly be refused as uninitialised. */
function readable(kind: Kind, write: boolean, size: number, k: bigint): boolean {
  if (!isBlockRead(kind, write)) return true;
  return k < 0n || k + BigInt(size) <= 16n || k >= BigInt(FRAME - 16);
}

/** Every program of the suite, for kinds and ways by name. */
export function probes(kind: Kind): Probe[] {
  const out: Probe[] = [];
  for (const way of WAYS.filter((w) => fits(kind, w)))
    for (const size of SIZES)
      for (const write of kind.storesOnly ? [true] : [false, true]) {
        const ks = offsets(kind.length, size).filter((k) => readable(kind, write, size, k));
        const name = `${kind.name}, ${way.name}, ${write ? 'write' : 'read'} of ${size}`;
        const { contract } = kind;
        if (!way.constant) {
          const runs = ks.map((k) => runOf(kind, way, size, write, k));
          out.push({ name, text: programText(kind, way, size, write, 0n), contract, runs });
          continue;
        }
        for (const k of ks) {
          if (way.name === 'instruction offset' && !INT16(k)) continue;
          const run = runOf(kind, way, size, write, k);
          out.push({ name, text: programText(kind, way, size, write, k), contract, runs: [run] });
        }
      }
  return out;
}
