// SPDX-License-Identifier: MIT
import type { ContextField, Contract, RegionDecl } from '../../compiler/contract/types.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { ErrorCode } from '../../compiler/errors/index.js';
import type { RunRequest } from '../../compiler/host/engine.js';

/** Programs of the tables of good and bad ones, the contracts that they have in common, and the pieces they are made of. */

const region = (
  name: string,
  access: 'r' | 'rw',
  size: number | null,
  most: number,
  align: 1 | 2 | 4 | 8,
): RegionDecl => ({
  name,
  access,
  size,
  minSize: size ?? 0,
  maxSize: most,
  align,
});

/** Longest `pkt`, `arr` and `out`. */
export const MOST = 64;

const FIELDS: readonly ContextField[] = [
  { kind: 'pointer', name: 'buf', offset: 0, region: 'buf' },
  { kind: 'pointer', name: 'pkt', offset: 8, region: 'pkt' },
  { kind: 'length', name: 'len', offset: 16, size: 4, region: 'pkt' },
  { kind: 'length', name: 'halves', offset: 20, size: 4, region: 'arr', unit: 2 },
  { kind: 'pointer', name: 'arr', offset: 24, region: 'arr' },
  { kind: 'pointer', name: 'out', offset: 32, region: 'out' },
  { kind: 'length', name: 'outlen', offset: 40, size: 4, region: 'out' },
  { kind: 'scalar', name: 'kind', offset: 44, size: 4, access: 'r', range: [0n, 15n] },
  { kind: 'scalar', name: 'a', offset: 48, size: 8, access: 'rw' },
  { kind: 'scalar', name: 'b', offset: 56, size: 8, access: 'rw' },
  { kind: 'scalar', name: 'c', offset: 64, size: 8, access: 'r' },
  { kind: 'length', name: 'outlen64', offset: 72, size: 8, region: 'out' },
  { kind: 'length', name: 'words', offset: 80, size: 4, region: 'arr', unit: 4 },
  { kind: 'length', name: 'len16', offset: 84, size: 2, region: 'pkt' },
];

const MAIN: Contract = {
  ...DEFAULT_CONTRACT,
  hook: 'fc/table',
  context: { size: 88, access: 'rw', align: 8, fields: FIELDS },
  regions: [
    region('buf', 'rw', 16, 16, 8),
    region('pkt', 'r', null, MOST, 4),
    region('arr', 'rw', null, MOST, 8),
    region('out', 'rw', null, MOST, 1),
    region('pdu', 'rw', 64, 64, 4),
  ],
  helpers: null,
};

/** The contracts of the tables. `open`: a context of a length that only r2 tells. */
export const CONTRACTS = {
  main: MAIN,
  open: DEFAULT_CONTRACT,
  /** The same where the hook does not pass the length. */
  blind: { ...DEFAULT_CONTRACT, passLength: false },
} as const satisfies Record<string, Contract>;
export type ContractName = keyof typeof CONTRACTS;

/** What a run finds: numbers of the context, lengths of the regions in bytes (default 0), bytes of `pkt` or of an open context. */
export interface Input {
  readonly a?: bigint;
  readonly b?: bigint;
  readonly c?: bigint;
  readonly kind?: number;
  readonly pkt?: number | readonly number[];
  readonly arr?: number | readonly number[];
  readonly out?: number;
  /** Length or bytes of an open context. */
  readonly ctx?: number | readonly number[];
}

export interface BadRow {
  readonly name: string;
  readonly contract?: ContractName;
  /** The line that goes outside ends in `;!`. */
  readonly text: string;
  /** First error with --strict, and without it if there is no `trap`. */
  readonly code: ErrorCode;
  /** Accepted with guards, and trapped on this input. Absent: refused. */
  readonly trap?: Input;
  /** An input on which the same program does not trap. */
  readonly fine?: Input;
}

export interface GoodRun {
  readonly input: Input;
  readonly r0?: bigint;
}
export interface GoodRow {
  readonly name: string;
  readonly contract?: ContractName;
  readonly text: string;
  readonly runs: readonly GoodRun[];
}

/** Region contents where a row does not say: no two neighbours alike. */
export const fill = (n: number | readonly number[] | undefined): Uint8Array =>
  typeof n === 'object' ? Uint8Array.from(n) : Uint8Array.from({ length: n ?? 0 }, (_, i) => (i * 7 + 3) & 0xff);

/** The run that an input asks for. */
export function requestFor(contract: ContractName, input: Input): RunRequest {
  const fuel = 200_000;
  if (contract !== 'main') return { context: fill(input.ctx), regions: new Map(), fuel };
  const context = new Uint8Array(MAIN.context.size!);
  const view = new DataView(context.buffer);
  view.setUint32(44, input.kind ?? 0, true);
  for (const [at, n] of [
    [48, input.a],
    [56, input.b],
    [64, input.c],
  ] as const)
    view.setBigUint64(at, BigInt.asUintN(64, n ?? 0n), true);
  const regions = new Map([
    ['buf', fill(16)],
    ['pkt', fill(input.pkt)],
    ['arr', fill(input.arr)],
    ['out', fill(input.out)],
    ['pdu', fill(64)],
  ]);
  return { context, regions, fuel };
}

/** Lines of assembly one after the other. */
export const asm = (...lines: readonly string[]): string => lines.filter((l) => l !== '').join('\n');

/** Pieces: r6 a region's address, r7 its length as the context gives it, r3 and r4 numbers that the hook promises nothing of. */
export const P = {
  buf: 'r6 = *(u64 *)(r1 + 0)',
  pkt: 'r6 = *(u64 *)(r1 + 8)',
  len: 'r7 = *(u32 *)(r1 + 16)',
  len16: 'r7 = *(u16 *)(r1 + 84)',
  halves: 'r7 = *(u32 *)(r1 + 20)',
  words: 'r7 = *(u32 *)(r1 + 80)',
  arr: 'r6 = *(u64 *)(r1 + 24)',
  out: 'r6 = *(u64 *)(r1 + 32)',
  outlen: 'r7 = *(u32 *)(r1 + 40)',
  outlen64: 'r7 = *(u64 *)(r1 + 72)',
  kind: 'r3 = *(u32 *)(r1 + 44)',
  a: 'r3 = *(u64 *)(r1 + 48)',
  a32: 'r3 = *(u32 *)(r1 + 48)',
  b: 'r4 = *(u64 *)(r1 + 56)',
  b32: 'r4 = *(u32 *)(r1 + 56)',
  /** Number b as a count in r8. */
  count: 'r8 = *(u64 *)(r1 + 56)',
} as const;

/** A region with its length, by name: what r6 and r7 hold, in which field of an Input, and whether it may be written. */
export const SPANS = {
  pkt: { text: asm(P.pkt, P.len), field: 'pkt', writable: false },
  out: { text: asm(P.out, P.outlen), field: 'out', writable: true },
  out64: { text: asm(P.out, P.outlen64), field: 'out', writable: true },
} as const;

type Size = 1 | 2 | 4 | 8;
export const read = (size: Size, off = 0, base = 'r6', to = 'r0'): string =>
  `${to} = *(u${8 * size} *)(${base} ${off < 0 ? '-' : '+'} ${Math.abs(off)})`;
export const write = (size: Size, off = 0, base = 'r6', from = '7'): string =>
  `*(u${8 * size} *)(${base} ${off < 0 ? '-' : '+'} ${Math.abs(off)}) = ${from}`;
/** Marks the line that goes outside. */
export const bad = (line: string): string => `${line} ;!`;

/** A whole program: r0 = 0, then the lines; `goto out` ends it anywhere. */
export const prog = (...lines: readonly string[]): string => asm('r0 = 0', ...lines, 'out:', 'exit');
