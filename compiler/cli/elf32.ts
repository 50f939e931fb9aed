// SPDX-License-Identifier: MIT

/** Little-endian ELF files for 32-bit processors, as linkers of emulated firmware leave them: what measuring asks of them. */
export interface Elf32 {
  readonly symbols: readonly Elf32Symbol[];
  readonly sections: readonly Elf32Section[];
}

export interface Elf32Symbol {
  readonly name: string;
  /** Without the bit that marks Thumb code. */
  readonly address: number;
  readonly size: number;
  readonly code: boolean;
  /** The source that a local symbol is from, as the toolchain notes it; else ''. */
  readonly file: string;
  /** Defined elsewhere. */
  readonly undefined: boolean;
}

export interface Elf32Section {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly executable: boolean;
  /** Part of the program, and never written. */
  readonly constant: boolean;
}

const SYMTAB = 2;
const WRITE = 1;
const ALLOC = 2;
const EXECINSTR = 4;
const STT_FUNC = 2;
const STT_FILE = 4;
const EM_ARM = 40;

/** Symbols and sections of a file made by a toolchain; throws RangeError if it is cut off. */
export function readElf32(bytes: Uint8Array): Elf32 {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number): number => view.getUint32(at, true);
  const text = (at: number): string => {
    let end = at;
    while (bytes[end]) end++;
    return Buffer.from(bytes.subarray(at, end)).toString('latin1');
  };
  const arm = view.getUint16(18, true) === EM_ARM;
  const table = u32(32);
  const count = view.getUint16(48, true);
  const header = (i: number): number => table + 40 * i;
  const names = u32(header(view.getUint16(50, true)) + 16);
  const sections: Elf32Section[] = [];
  const symbols: Elf32Symbol[] = [];
  for (let i = 0; i < count; i++) {
    const at = header(i);
    sections.push({
      name: text(names + u32(at)),
      address: u32(at + 12),
      size: u32(at + 20),
      executable: (u32(at + 8) & EXECINSTR) !== 0,
      constant: (u32(at + 8) & (ALLOC | WRITE)) === ALLOC,
    });
    if (u32(at + 4) !== SYMTAB) continue;
    const strings = u32(header(u32(at + 24)) + 16);
    let file = '';
    for (let s = u32(at + 16); s < u32(at + 16) + u32(at + 20); s += 16) {
      const info = view.getUint8(s + 12);
      const code = (info & 0xf) === STT_FUNC;
      const local = info >>> 4 === 0;
      if ((info & 0xf) === STT_FILE) file = text(strings + u32(s));
      const address = u32(s + 4);
      symbols.push({
        name: text(strings + u32(s)),
        address: arm && code ? (address & ~1) >>> 0 : address,
        size: u32(s + 8),
        code,
        file: local ? file : '',
        undefined: view.getUint16(s + 14, true) === 0,
      });
    }
  }
  return { symbols, sections };
}

/** Address of a symbol; throws if the file has none of that name. */
export function symbolAddress(elf: Elf32, name: string): number {
  const found = elf.symbols.find((s) => s.name === name);
  if (!found) throw new Error(`the firmware has no symbol ${name}`);
  return found.address;
}
