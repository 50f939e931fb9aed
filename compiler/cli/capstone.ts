// SPDX-License-Identifier: MIT
import { Capstone, Const, type Insn, loadCapstone } from 'capstone-wasm';

/** The one place that loads capstone-wasm: a disassembler that is not ours, for listings and as a second opinion in tests. */

export interface ListedInst {
  readonly address: number;
  /** Bytes. */
  readonly size: number;
  readonly text: string;
}

/** The library crashes on inputs of 128 KB, so it gets far smaller ones. */
const CHUNK_BYTES = 4096;

let ready: Promise<Capstone> | undefined;

function open(): Promise<Capstone> {
  ready ??= loadCapstone().then(() => new Capstone(Const.CS_ARCH_ARM, Const.CS_MODE_THUMB | Const.CS_MODE_MCLASS));
  return ready;
}

/** Instructions after an IT instruction that belong to its block; 0 for anything else. */
function itLength(half: number): number {
  const mask = half & 15;
  return (half & 0xff00) === 0xbf00 && mask !== 0 ? 4 - (31 - Math.clz32(mask & -mask)) : 0;
}

/** The library throws where it knows not even the first instruction; its error number is then that of success. */
function decode(capstone: Capstone, bytes: Uint8Array, address: number): Insn[] {
  try {
    return capstone.disasm(bytes, { address });
  } catch (e) {
    if (capstone.errNo() === Const.CS_ERR_OK) return [];
    throw e;
  }
}

/**
 * Instructions of Thumb text, little endian, its first byte at `address`. What the library does not know is listed as a
 * halfword, `.short`. A trailing odd byte is left out.
 */
export async function disassembleThumb(bytes: Uint8Array, address: number): Promise<ListedInst[]> {
  const capstone = await open();
  const out: ListedInst[] = [];
  const half = (at: number): number => bytes[at]! | ((bytes[at + 1] ?? 0) << 8);
  const end = bytes.length & ~1;
  for (let at = 0; at < end; ) {
    // A piece ends between two instructions and outside IT blocks, or the library would read what follows wrongly.
    let stop = at;
    let inBlock = 0;
    while (stop < end && (stop - at < CHUNK_BYTES || inBlock > 0)) {
      inBlock = Math.max(inBlock - 1, itLength(half(stop)));
      stop += half(stop) >>> 11 >= 0b11101 ? 4 : 2;
    }
    stop = Math.min(stop, end);
    while (at < stop) {
      for (const inst of decode(capstone, bytes.subarray(at, stop), address + at)) {
        out.push({ address: address + at, size: inst.size, text: `${inst.mnemonic} ${inst.opStr}`.trim() });
        at += inst.size;
      }
      if (at >= stop) break;
      out.push({ address: address + at, size: 2, text: `.short 0x${half(at).toString(16).padStart(4, '0')}` });
      at += 2;
    }
  }
  return out;
}
