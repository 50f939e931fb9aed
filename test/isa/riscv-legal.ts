// SPDX-License-Identifier: MIT

/** What is asked of the decoder as a whole, in a form small enough to keep. */

const QUADRANTS = [0, 1, 2] as const;

/** All halfwords that are 16-bit instructions, by their low two bits: then legal ones stand together. */
export function shortCodes(): number[] {
  return QUADRANTS.flatMap((q) => Array.from({ length: 16384 }, (_, i) => 4 * i + q));
}

/** Privileged instructions and control registers: in no table of ours. */
const SYSTEM = 0x73;

/** One word for each opcode, funct3 and funct7 of the 32-bit space, with rd x6, rs1 x7, rs2 x29, and the same with x0. */
export function longCodes(): number[] {
  const out: number[] = [];
  for (const registers of [(6 << 7) | (7 << 15) | (29 << 20), 0])
    for (let opcode = 3; opcode < 128; opcode += 4) {
      if ((opcode & 0x1c) === 0x1c || opcode === SYSTEM) continue;
      for (let funct3 = 0; funct3 < 8; funct3++)
        for (let funct7 = 0; funct7 < 128; funct7++)
          out.push((opcode | (funct3 << 12) | (funct7 << 25) | registers) >>> 0);
    }
  return out;
}

/** Ascending numbers as pairs of first and last. */
export function toRanges(numbers: readonly number[]): [first: number, last: number][] {
  const out: [number, number][] = [];
  for (const n of numbers) {
    const last = out[out.length - 1];
    if (last && last[1] === n - 1) last[1] = n;
    else out.push([n, n]);
  }
  return out;
}

export function fromRanges(ranges: readonly (readonly [number, number])[]): number[] {
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

/** FNV-1a of a list of lines. */
export function digest(lines: readonly string[]): string {
  let h = 0x811c9dc5;
  for (const c of lines.join('\n')) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193);
  return (h >>> 0).toString(16).padStart(8, '0');
}

/** Lines of halfwords by their upper byte. */
export function byUpperByte(codes: readonly number[], texts: readonly string[]): string[][] {
  const out: string[][] = Array.from({ length: 256 }, () => []);
  codes.forEach((code, i) => {
    out[code >>> 8]!.push(texts[i]!);
  });
  return out;
}

export interface Legal {
  /** Indices in shortCodes() of the legal ones, as ranges. */
  readonly short: [number, number][];
  /** Of the text of the legal halfwords of each upper byte. */
  readonly texts: string[];
  /** Indices in longCodes() of the legal ones, as ranges. */
  readonly long: [number, number][];
}
