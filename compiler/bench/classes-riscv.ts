// SPDX-License-Identifier: MIT
import { type Classify, type Timed, timed } from './kinds.js';

/**
 * Kinds of RV32IMAC instructions with Zicsr and Zifencei: by the opcode map of The RISC-V Instruction Set Manual, volume I
 * (20240411), chapter 35, and for 16 bits table 31 of chapter 27. Other extensions are not known.
 */
export const classifyRiscv: Classify = (bytes) => {
  const low = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  if (bytes.length === 2) return (low & 3) === 3 ? null : classify16(low);
  if (bytes.length !== 4 || (low & 3) !== 3) return null;
  return classify32((low | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0);
};

const ALU = timed('alu');
const LOAD = timed('load');
const STORE = timed('store');
const BRANCH = timed('branch');

function classify32(word: number): Timed | null {
  const funct3 = (word >>> 12) & 7;
  switch ((word >>> 2) & 31) {
    case 0b00000:
      return funct3 === 2 ? LOAD : [0, 1, 4, 5].includes(funct3) ? timed('loadNarrow') : null;
    case 0b01000:
      return funct3 <= 2 ? STORE : null;
    case 0b00100:
    case 0b00101:
    case 0b01101:
      return ALU;
    case 0b01100:
      return operation(word >>> 25, funct3);
    case 0b11000:
      return funct3 === 2 || funct3 === 3 ? null : BRANCH;
    case 0b11001:
      return funct3 === 0 ? timed('indirect') : null;
    case 0b11011:
      return timed((word & 0xf80) === 0 ? 'jump' : 'call');
    case 0b00011:
      return funct3 <= 1 ? timed('barrier') : null;
    case 0b01011:
      return funct3 === 2 ? timed('atomic') : null;
    case 0b11100:
      return timed('system');
    default:
      return null;
  }
}

/** OP: register and register, M included. */
function operation(funct7: number, funct3: number): Timed | null {
  if (funct7 === 0) return ALU;
  if (funct7 === 0x20) return funct3 === 0 || funct3 === 5 ? ALU : null;
  if (funct7 !== 1) return null;
  return timed(funct3 === 0 ? 'multiply' : funct3 < 4 ? 'multiplyLong' : 'divide');
}

function classify16(hw: number): Timed | null {
  if (hw === 0) return null;
  switch (((hw & 3) << 3) | (hw >>> 13)) {
    case 0b00_010:
    case 0b10_010:
      return LOAD;
    case 0b00_110:
    case 0b10_110:
      return STORE;
    case 0b00_000:
    case 0b01_000:
    case 0b01_010:
    case 0b01_011:
    case 0b01_100:
    case 0b10_000:
      return ALU;
    case 0b01_001:
      return timed('call');
    case 0b01_101:
      return timed('jump');
    case 0b01_110:
    case 0b01_111:
      return BRANCH;
    case 0b10_100:
      if ((hw & 0x7c) !== 0) return ALU;
      return timed((hw & 0xf80) === 0 ? 'system' : 'indirect');
    default:
      return null;
  }
}
