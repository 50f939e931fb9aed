// SPDX-License-Identifier: MIT

/** CRC-32 as the definition has it: polynomial division, one bit at a time, on a message with its bits reflected. */
export function crc32(bytes: Uint8Array): number {
  const bits = Array.from(bytes).flatMap((b) => Array.from({ length: 8 }, (_, i) => BigInt((b >> i) & 1)));
  let rest = 0xffffffffn;
  for (const bit of bits) {
    const top = (rest >> 31n) ^ bit;
    rest = (rest << 1n) & 0xffffffffn;
    if (top & 1n) rest ^= 0x04c11db7n;
  }
  let reflected = 0;
  for (let i = 0; i < 32; i++) if ((rest >> BigInt(i)) & 1n) reflected += 2 ** (31 - i);
  return 0xffffffff - reflected;
}
