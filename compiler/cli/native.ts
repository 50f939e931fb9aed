// SPDX-License-Identifier: MIT
import type { DecodedInst, Target } from '../codegen/target.js';

/**
 * Address of the word that a Thumb instruction loads from a literal pool, or null: PC reads as the next multiple of four
 * behind the instruction's first halfword (ARMv7-M manual, A4.2.1).
 */
function literalAddress({ address, text }: DecodedInst): number | null {
  const found = /^ldr\S* \w+, \[pc(?:, #(-?)(0x[\da-f]+|\d+))?\]$/.exec(text);
  if (!found) return null;
  const offset = Number(found[2] ?? 0);
  return ((address + 4) & ~3) + (found[1] === '-' ? -offset : offset);
}

/** Capstone's words for a stretch of Thumb code; ours where it knows an instruction not at all, or of another length. */
async function wordsOfCapstone(text: Uint8Array, own: readonly DecodedInst[]): Promise<readonly DecodedInst[]> {
  const first = own[0];
  const last = own.at(-1);
  if (!first || !last) return own;
  // Loaded on first use: it takes a tenth of a second, which the other commands need not wait for.
  const { disassembleThumb } = await import('./capstone.js');
  const listed = await disassembleThumb(text.subarray(first.address, last.address + last.size), first.address);
  const byAddress = new Map(listed.map((i) => [i.address, i]));
  return own.map((i) => {
    const other = byAddress.get(i.address);
    return other?.size === i.size && !other.text.startsWith('.') ? { ...i, text: other.text } : i;
  });
}

/** Text of an image for listings: instructions, and the words of literal pools as `.word`. */
export async function nativeListing(target: Target, text: Uint8Array): Promise<readonly DecodedInst[]> {
  if (target.arch !== 'thumb') return target.disassemble(text, 0);
  const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  const out: DecodedInst[] = [];
  const pool = new Set<number>();
  for (let at = 0; at < text.length; ) {
    // A pool lies behind the code that loads from it, so it is known by the time it is reached.
    const code: DecodedInst[] = [];
    for (const inst of target.disassemble(text.subarray(at), at)) {
      if (pool.has(inst.address)) break;
      code.push(inst);
      const word = literalAddress(inst);
      if (word !== null && word > inst.address && word + 4 <= text.length) pool.add(word);
    }
    out.push(...(await wordsOfCapstone(text, code)));
    const last = code.at(-1);
    if (last) at = last.address + last.size;
    else if (!pool.has(at)) break;
    for (; pool.has(at); at += 4) {
      out.push({ address: at, size: 4, text: `.word 0x${view.getUint32(at, true).toString(16).padStart(8, '0')}` });
    }
  }
  return out;
}
