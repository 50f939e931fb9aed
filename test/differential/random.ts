// SPDX-License-Identifier: MIT

/** Constants at which arithmetic changes its mind. */
export const INTERESTING: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  31n,
  32n,
  33n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x10000n,
  0x7fffffffn,
  0x80000000n,
  0x80000001n,
  0xfffffffen,
  0xffffffffn,
  0x100000000n,
  0x100000001n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0x8000000000000001n,
  0xffffffff00000000n,
  0xffffffff7fffffffn,
  0xffffffff80000000n,
  0xfffffffffffffffen,
  0xffffffffffffffffn,
];

/** Small deterministic generator of random numbers (a 32-bit xorshift over a hashed seed). */
export class Random {
  #state: number;

  constructor(seed: number) {
    let h = (seed ^ 0x9e3779b9) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
    h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
    this.#state = (h ^ (h >>> 15)) >>> 0 || 1;
    for (let i = 0; i < 4; i++) this.u32();
  }

  u32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** 0 <= result < n. */
  below(n: number): number {
    return this.u32() % n;
  }

  /** Inclusive. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to pick from');
    return list[this.below(list.length)]!;
  }

  /** Small numbers, interesting ones and any, unsigned 64-bit. */
  u64(): bigint {
    if (this.chance(50)) return this.pick(INTERESTING);
    if (this.chance(30)) return BigInt(this.below(100));
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** As `u64`, what fits an instruction's immediate: signed 32-bit. */
  i32(): number {
    return Number(BigInt.asIntN(32, this.u64()));
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 8) {
      const value = this.u64();
      for (let i = 0; i < 8 && at + i < length; i++) out[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    }
    return out;
  }
}
