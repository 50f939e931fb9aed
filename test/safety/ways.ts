// SPDX-License-Identifier: MIT
import { SCRATCH } from './kinds.js';

export const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
export const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
export const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);
/** Address space of the engines: what an address cut to 32 bits is compared in. */
const LOAD = 'r7 = *(u64 *)(r1 + 0)';

/**
 * A way of forming base + offset: asm from base in r6 to address in r6. `start` is the number at context + 0 for a wanted offset,
 * `real` the offset that results. `lost`: the provenance is lost on the way.
 */
export interface Way {
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
