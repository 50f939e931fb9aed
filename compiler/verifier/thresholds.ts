// SPDX-License-Identifier: MIT
import type { World } from './assertions.js';
import type { Flow } from './flow.js';

/** Bounds of the machine's own types. */
export const COARSE: readonly bigint[] = [
  -(1n << 63n),
  -(1n << 31n),
  -32768n,
  -128n,
  -1n,
  0n,
  1n,
  127n,
  255n,
  32767n,
  65535n,
  (1n << 31n) - 1n,
  (1n << 32n) - 1n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];

/** More than this many would let a loop climb them one by one; widening then keeps to the machine's types. */
const MAX_THRESHOLDS = 64;

/** Numbers at which a growing bound is likely to stop: those that the function compares with, and region lengths. */
export function thresholdsOf(world: World, flow: Flow): readonly bigint[] {
  const all = new Set<bigint>();
  for (const block of flow.blocks) {
    for (const insn of block.insns) {
      if (insn.kind !== 'branch' || insn.src.kind !== 'imm') continue;
      const n = BigInt(insn.src.imm);
      for (const t of [n - 1n, n, n + 1n]) all.add(t);
      if (n < 0n) all.add(BigInt.asUintN(insn.width, n));
    }
  }
  const { contract, program } = world;
  const sizes = [
    512,
    contract.context.size,
    program.globals.data.length + program.globals.bssLength,
    program.globals.rodata.length,
    ...contract.regions.flatMap((r) => [r.size, r.minSize, r.maxSize]),
  ];
  const own = all.size > MAX_THRESHOLDS ? [] : [...all];
  const lengths = sizes.length > MAX_THRESHOLDS ? [] : sizes.filter((n) => n !== null).map(BigInt);
  return [...new Set([...COARSE, ...own, ...lengths])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
