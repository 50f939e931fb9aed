// SPDX-License-Identifier: MIT

/**
 * Where the in-process engines put things in the 32-bit address space of a container. Everything lies far from everything
 * else, so that an access that leaves its region meets nothing, and the first and last 64 KiB stay empty, so that null pointers
 * and wrapped sums meet nothing either.
 */
export const LAYOUT = {
  rodata: 0x10000000,
  /** The writable block: .data, then .bss, then (native engines only) the eBPF stack frames. */
  data: 0x20000000,
  /** Interpreter only: lowest address of the stack frame of call depth 0; the next depth is `frameStride` further. */
  frames: 0x30000000,
  frameStride: 0x40000,
  context: 0x40000000,
  /** First granted region; the next one of the contract is `grantedStride` further. */
  granted: 0x50000000,
  grantedStride: 0x01000000,
  /** Simulator only: text, instance and native stack; no program pointer may reach them. */
  text: 0xe0000000,
  instance: 0xe8000000,
  stack: 0xf0000000,
} as const;

/** Longest context, data block, rodata or granted region that the engines take, in bytes. */
export const MAX_REGION_BYTES = 0x00800000;

/** Most granted regions: they end below `LAYOUT.text`. */
export const MAX_GRANTED = (LAYOUT.text - LAYOUT.granted) / LAYOUT.grantedStride;

/** eBPF stack of one function (RFC 9669 leaves it open; clang and Linux say 512). r10 points behind it. */
export const FRAME_BYTES = 512;

/**
 * An address at or above `base` (a multiple of 16) that is aligned to `align` and to no larger power of two up to 8: what the contract
 * promises and not more, so that code which assumes more is found out.
 */
function exactly(base: number, align: 1 | 2 | 4 | 8): number {
  return align === 8 ? base : base + align;
}

/** Address of the context, for the alignment that the contract promises. */
export function contextAddress(align: 1 | 2 | 4 | 8): number {
  return exactly(LAYOUT.context, align);
}

/** Address of granted region number `index` (the contract's order). */
export function grantedAddress(index: number, align: 1 | 2 | 4 | 8): number {
  return exactly(LAYOUT.granted + index * LAYOUT.grantedStride, align);
}

/** Lowest address of the interpreter's stack frame at a call depth (0: the entry function). */
export function frameAddress(depth: number): number {
  return LAYOUT.frames + depth * LAYOUT.frameStride;
}
