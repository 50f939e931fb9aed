// SPDX-License-Identifier: MIT
import { INTRINSIC_BASE } from '../../compiler/image/fields.js';
import type { ImageParts } from '../../compiler/image/write.js';

const bytes = (n: number, first: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (first + i) & 0xff);

export const SMALL: ImageParts = {
  arch: 'thumb',
  features: 0,
  contractHash: 0,
  contextAlign: 1,
  contextRights: 'rw',
  contextLength: null,
  entries: [{ name: 'main', offset: 0, worstCase: 3, stackLength: 0 }],
  imports: [],
  regions: [],
  text: bytes(8, 1),
  rodata: new Uint8Array(),
  data: new Uint8Array(),
  bssLength: 0,
  frameLength: 0,
  trapTable: 8,
  trapCount: 0,
};

export const FULL: ImageParts = {
  arch: 'thumb',
  features: 5,
  contractHash: 0xdeadbeef,
  contextAlign: 8,
  contextRights: 'r',
  contextLength: 24,
  entries: [
    { name: 'on_timer', offset: 0, worstCase: 120, stackLength: 16 },
    { name: 'a_name_that_is_longer_than_an_image_keeps', offset: 10, worstCase: null, stackLength: 48 },
    { name: 'exactly_twenty_three_xx', offset: 38, worstCase: 0xfffffffe, stackLength: 0 },
  ],
  imports: [1, 0x7fffffff, INTRINSIC_BASE, INTRINSIC_BASE + 4],
  regions: [
    { minLength: 0, maxLength: 0xffffffff, rights: 'r', align: 1 },
    { minLength: 16, maxLength: 16, rights: 'rw', align: 8 },
  ],
  text: bytes(61, 7),
  rodata: bytes(3, 50),
  data: bytes(17, 90),
  bssLength: 12,
  frameLength: 512,
  trapTable: 50,
  trapCount: 2,
};

/** A deterministic generator of numbers in [0, n): xorshift32. */
export function randomizer(seed: number): (n: number) => number {
  let s = seed | 1;
  return (n) => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (s >>> 0) % n;
  };
}
