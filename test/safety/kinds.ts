// SPDX-License-Identifier: MIT
import { parseContract } from '../../compiler/contract/schema.js';
import type { Contract } from '../../compiler/contract/types.js';

export const CONTEXT = 40;
/** Offset and length of the laundering place, which results leave out: engines choose addresses. */
export const SCRATCH = { offset: 16, length: 8 } as const;
export const POINTER = 24;
export const FRAME = 512;
export const DATA = 16;
const OPEN = 24;

export const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);
export const hexOf = (b: Uint8Array): string => Buffer.from(b).toString('hex');

/** A region under attack. `base` is asm that puts its lowest address into r6; r1 is the context. */
export interface Kind {
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
