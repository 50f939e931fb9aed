// SPDX-License-Identifier: MIT
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { contextAddress, grantedAddress, LAYOUT } from '../../compiler/host/layout.js';
import type { Random } from './random.js';

const region = (name: string, access: 'r' | 'rw') =>
  ({ name, access, size: null, minSize: 0, maxSize: 4096, align: 1 }) as const;

/** Three regions and a context of which the contract tells nothing. */
export const contractOf = (): Contract => ({
  ...DEFAULT_CONTRACT,
  passLength: false,
  regions: [region('a', 'rw'), region('b', 'r'), region('c', 'rw')],
});

const CONTEXT_BYTES = 32;

/** Addresses around the regions, and numbers that are none. */
function address(random: Random, lengths: readonly number[]): bigint {
  const far = random.below(40);
  if (far === 0) return [0n, 0xffffffffn, 0xfffffff0n, 0x100000000n, 1n << 63n][random.below(5)]!;
  if (far === 1) return BigInt(contextAddress(1) + random.below(CONTEXT_BYTES + 2));
  if (far === 2) return BigInt(LAYOUT.data + random.below(8));
  const which = random.below(3);
  const base = BigInt(grantedAddress(which, 1));
  const length = lengths[which]!;
  const near = random.below(8);
  const offset = near < 6 ? 0 : near === 6 ? random.below(length + 2) : length - random.below(9);
  const high = random.below(40) === 0 ? 1n << 32n : 0n;
  return BigInt.asUintN(64, base + BigInt(offset) + high);
}

/** A run of a pointer program. */
export function pointerRequest(random: Random): RunRequest {
  const fill = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => random.below(256));
  const lengths = [0, 1, 2].map(() => (random.below(4) === 0 ? random.below(33) : 32 + random.below(100)));
  const context = fill(CONTEXT_BYTES);
  const view = new DataView(context.buffer);
  view.setBigUint64(0, address(random, lengths), true);
  view.setBigUint64(8, address(random, lengths), true);
  for (const at of [16, 20, 24]) {
    const kind = random.below(20);
    const number =
      kind === 0
        ? 0xffffffff - random.below(9)
        : kind === 1
          ? 0x7fffffff
          : random.below(at === 20 ? 4 : random.below(4) === 0 ? 40 : 10);
    view.setUint32(at, number, true);
  }
  const regions = new Map(['a', 'b', 'c'].map((name, i) => [name, fill(lengths[i]!)]));
  return { context, regions, fuel: 3000 };
}
