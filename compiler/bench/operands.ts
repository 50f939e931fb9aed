// SPDX-License-Identifier: MIT

/** Registers of one instruction as bit masks; of instructions that no table charges a wait for, what matters is missing. */
export interface Operands {
  readonly reads: number;
  readonly writes: number;
}

/** Finds the registers of an instruction that was classified. */
export type FindOperands = (bytes: Uint8Array) => Operands;

const NONE: Operands = { reads: 0, writes: 0 };

/** RISC-V: register fields by format (The RISC-V Instruction Set Manual I, 20240411, sections 2.3 and 27.2); x0 never counts. */
export const operandsRiscv: FindOperands = (bytes) => {
  const found = bytes.length === 2 ? riscv16(bytes[0]! | (bytes[1]! << 8)) : riscv32(bytes);
  return { reads: found.reads & ~1, writes: found.writes & ~1 };
};

/** Formats of 32-bit instructions by bits 6 to 2: which of rd, rs1 and rs2 they have. */
const FORMATS: Readonly<Record<number, string>> = {
  0: 'd1',
  8: '12',
  4: 'd1',
  5: 'd',
  13: 'd',
  12: 'd12',
  24: '12',
  25: 'd1',
  27: 'd',
  11: 'd12',
  28: 'd1',
};

function riscv32(bytes: Uint8Array): Operands {
  const word = bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24);
  const format = FORMATS[(word >>> 2) & 31] ?? '';
  const at = (letter: string, shift: number): number => (format.includes(letter) ? 1 << ((word >>> shift) & 31) : 0);
  return { reads: at('1', 15) | at('2', 20), writes: at('d', 7) };
}

const SP = 1 << 2;
const RA = 1 << 1;

function riscv16(hw: number): Operands {
  const [full, second] = [1 << ((hw >>> 7) & 31), 1 << ((hw >>> 2) & 31)];
  const [high, low] = [1 << (8 + ((hw >>> 7) & 7)), 1 << (8 + ((hw >>> 2) & 7))];
  switch (((hw & 3) << 3) | (hw >>> 13)) {
    case 0b00_000:
      return { reads: SP, writes: low };
    case 0b00_010:
      return { reads: high, writes: low };
    case 0b00_110:
      return { reads: high | low, writes: 0 };
    case 0b01_000:
    case 0b10_000:
      return { reads: full, writes: full };
    case 0b01_001:
      return { reads: 0, writes: RA };
    case 0b01_010:
      return { reads: 0, writes: full };
    case 0b01_011:
      return { reads: full === SP ? SP : 0, writes: full };
    case 0b01_100:
      return { reads: (hw & 0x0c00) === 0x0c00 ? high | low : high, writes: high };
    case 0b01_110:
    case 0b01_111:
      return { reads: high, writes: 0 };
    case 0b10_010:
      return { reads: SP, writes: full };
    case 0b10_110:
      return { reads: SP | second, writes: 0 };
    case 0b10_100:
      if ((hw & 0x7c) === 0) return { reads: full, writes: (hw & 0x1000) === 0 ? 0 : RA };
      return { reads: (hw & 0x1000) === 0 ? second : full | second, writes: full };
    default:
      return NONE;
  }
}

/** Xtensa: fields r, s and t by the formats of the Instruction Set Architecture Reference Manual (RC-2010.1), section 7. */
export const operandsXtensa: FindOperands = (bytes) => {
  const word = bytes[0]! | (bytes[1]! << 8) | ((bytes[2] ?? 0) << 16);
  const field = (at: number): number => (word >>> at) & 15;
  const [t, s, r] = [1 << field(4), 1 << field(8), 1 << field(12)];
  switch (field(0)) {
    case 0:
      return registers(field(16), field(20), field(12), { r, s, t });
    case 1:
      return { reads: 0, writes: t };
    case 2:
      return immediate(field(12), s, t);
    case 4:
      return { reads: s | t, writes: 0 };
    case 5:
      return { reads: 0, writes: 1 };
    case 6:
      return { reads: (field(4) & 3) === 0 ? 0 : s, writes: 0 };
    case 7:
      // bbci and bbsi have a bit number for t.
      return { reads: (field(12) & 6) === 6 ? s : s | t, writes: 0 };
    case 8:
      return { reads: s, writes: t };
    case 9:
      return { reads: s | t, writes: 0 };
    case 10:
      return { reads: s | t, writes: r };
    case 11:
      return { reads: s, writes: r };
    case 12:
      return (field(4) & 8) === 0 ? { reads: 0, writes: s } : { reads: s, writes: 0 };
    case 13:
      if (field(12) === 0) return { reads: s, writes: t };
      return { reads: field(4) < 2 ? 1 : 0, writes: 0 };
    default:
      return NONE;
  }
};

interface Fields {
  readonly r: number;
  readonly s: number;
  readonly t: number;
}

/** LSAI by r. */
function immediate(r: number, s: number, t: number): Operands {
  if (r === 10) return { reads: 0, writes: t };
  const store = (r >= 4 && r <= 6) || r === 15;
  if (r === 14) return { reads: s | t, writes: t };
  return store ? { reads: s | t, writes: 0 } : { reads: s, writes: t };
}

/** QRST. */
function registers(op1: number, op2: number, st: number, { r, s, t }: Fields): Operands {
  const both = { reads: s | t, writes: r };
  const onlyT = { reads: t, writes: r };
  const onlyS = { reads: s, writes: r };
  switch (op1) {
    case 0:
      // Returns read a0, which jx and callx have in no other field.
      if (op2 === 0) return st === 0 ? { reads: s | 1, writes: 0 } : st === 1 ? { reads: s, writes: t } : NONE;
      if (op2 === 4) return st >= 14 ? { reads: s, writes: t } : { reads: st === 4 ? 0 : s, writes: 0 };
      return op2 === 6 ? onlyT : both;
    case 1:
      if (op2 < 2 || op2 === 10) return onlyS;
      if (op2 === 6) return { reads: t, writes: t };
      return op2 < 5 || op2 === 9 || op2 === 11 ? onlyT : both;
    case 3:
      if (op2 < 2) return op2 === 0 ? { reads: 0, writes: t } : { reads: t, writes: 0 };
      if (op2 < 4) return onlyS;
      // Conditional moves keep what they do not write.
      return op2 >= 8 && op2 <= 11 ? { reads: r | s | t, writes: r } : both;
    case 4:
    case 5:
      return onlyT;
    case 9:
      return op2 === 0 ? { reads: s, writes: t } : { reads: s | t, writes: 0 };
    default:
      return both;
  }
}
