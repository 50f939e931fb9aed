// SPDX-License-Identifier: MIT
import { type Classify, ones, type Timed, timed } from './kinds.js';

/**
 * Kinds of Thumb instructions, all of ARMv7-M with its DSP extension and of ARMv8-M baseline: by the decode tables of the ARMv7-M
 * Architecture Reference Manual (DDI 0403E), sections A5.2 (16 bits) and A5.3 (32 bits). Coprocessor and floating-point
 * instructions are not known.
 */
export const classifyThumb: Classify = (bytes) => {
  if (bytes.length !== 2 && bytes.length !== 4) return null;
  const first = bytes[0]! | (bytes[1]! << 8);
  const wide = first >>> 11 >= 0b11101;
  if (wide !== (bytes.length === 4)) return null;
  return wide ? classify32(first, bytes[2]! | (bytes[3]! << 8)) : classify16(first);
};

const ALU = timed('alu');
const LOAD = timed('load');
const NARROW = timed('loadNarrow');
const STORE = timed('store');
const INDIRECT = timed('indirect');
const SYSTEM = timed('system');

/** A5.2.4: loads and stores of one register by the opcode in bits 15 to 9. */
const REGISTER_OFFSET: readonly Timed[] = [STORE, STORE, STORE, NARROW, LOAD, NARROW, NARROW, NARROW];

function classify16(hw: number): Timed | null {
  const load = (hw & 0x0800) !== 0;
  switch (hw >>> 12) {
    case 0b0000:
    case 0b0001:
    case 0b0010:
    case 0b0011:
      return ALU;
    case 0b0100:
      if (load) return LOAD;
      if ((hw & 0x0400) === 0) return (hw & 0x03c0) === 0x0340 ? timed('multiply') : ALU;
      if ((hw & 0x0300) === 0x0300) return INDIRECT;
      // ADD and MOV to the program counter.
      return (hw & 0x0300) !== 0x0100 && (hw & 0x0087) === 0x0087 ? INDIRECT : ALU;
    case 0b0101:
      return REGISTER_OFFSET[(hw >>> 9) & 7]!;
    case 0b0110:
    case 0b1001:
      return load ? LOAD : STORE;
    case 0b0111:
    case 0b1000:
      return load ? NARROW : STORE;
    case 0b1010:
      return ALU;
    case 0b1011:
      return miscellaneous16(hw);
    case 0b1100:
      return timed(load ? 'loadMultiple' : 'storeMultiple', ones(hw & 0xff));
    case 0b1101:
      return (hw & 0x0e00) === 0x0e00 ? SYSTEM : timed('branch');
    default:
      return timed('jump');
  }
}

/** A5.2.5. */
function miscellaneous16(hw: number): Timed | null {
  switch ((hw >>> 8) & 15) {
    case 0b0000:
    case 0b0010:
      return ALU;
    case 0b0001:
    case 0b0011:
    case 0b1001:
    case 0b1011:
      return timed('branch');
    case 0b0100:
    case 0b0101:
      return timed('storeMultiple', ones(hw & 0x1ff));
    case 0b1100:
    case 0b1101:
      return timed('loadMultiple', ones(hw & 0x1ff));
    case 0b1010:
      return (hw & 0x00c0) === 0x0080 ? SYSTEM : ALU;
    case 0b1111:
      // IT, and of the hints NOP.
      return (hw & 0x000f) !== 0 || (hw & 0x00f0) === 0 ? ALU : SYSTEM;
    case 0b0110:
    case 0b1110:
      return SYSTEM;
    default:
      return null;
  }
}

function classify32(a: number, b: number): Timed | null {
  const op2 = (a >>> 4) & 0x7f;
  switch ((a >>> 11) & 3) {
    case 0b01:
      if ((op2 & 0x64) === 0) return multiple(a, b);
      if ((op2 & 0x64) === 0x04) return dualOrExclusive(a, b);
      return (op2 & 0x60) === 0x20 ? ALU : null;
    case 0b10:
      return (b & 0x8000) === 0 ? ALU : control(a, b);
    default:
      if ((op2 & 0x71) === 0x00) return STORE;
      if ((op2 & 0x67) === 0x01 || (op2 & 0x67) === 0x03) return b >>> 12 === 15 ? ALU : NARROW;
      if ((op2 & 0x67) === 0x05) return LOAD;
      if ((op2 & 0x70) === 0x20) return ALU;
      if ((op2 & 0x78) === 0x30) return multiply(a, b);
      return (op2 & 0x78) === 0x38 ? longMultiply(a, b) : null;
  }
}

/** A5.3.5. */
function multiple(a: number, b: number): Timed | null {
  const order = (a >>> 7) & 3;
  if (order !== 1 && order !== 2) return null;
  return timed((a & 0x10) !== 0 ? 'loadMultiple' : 'storeMultiple', ones(b));
}

/** A5.3.6; LDA and STL of ARMv8-M stand among the exclusives; SG and TT are no accesses. */
function dualOrExclusive(a: number, b: number): Timed | null {
  if (a === 0xe97f && b === 0xe97f) return SYSTEM;
  const load = (a & 0x10) !== 0;
  // P or W: a pair with an offset, or indexed.
  if ((a & 0x0120) !== 0) return load ? timed('loadMultiple', 2) : timed('storeMultiple', 2);
  if ((a & 0x0080) === 0) return !load && b >>> 12 === 15 ? ALU : timed('atomic');
  const op3 = (b >>> 4) & 15;
  if (op3 >= 4) return timed('atomic');
  return load && op3 < 2 ? timed('table') : null;
}

/** A5.3.4. */
function control(a: number, b: number): Timed | null {
  switch ((b >>> 12) & 5) {
    case 0b001:
      return timed('jump');
    case 0b101:
      return timed('call');
    case 0b100:
      return null;
  }
  const op = (a >>> 4) & 0x7f;
  if ((op & 0x38) !== 0x38) return timed('branch');
  if (op === 0b0111011) return timed('barrier');
  // NOP.W is the hint 0.
  return op === 0b0111010 && (b & 0x07ff) === 0 ? ALU : SYSTEM;
}

/** A5.3.16: an accumulator of r15 is none. */
function multiply(a: number, b: number): Timed | null {
  const subtract = (a & 0x70) === 0 && (b & 0x30) === 0x10;
  return timed(!subtract && b >>> 12 === 15 ? 'multiply' : 'multiplyAdd');
}

/** A5.3.17. */
function longMultiply(a: number, b: number): Timed | null {
  const op1 = (a >>> 4) & 7;
  const op2 = (b >>> 4) & 15;
  switch (op1) {
    case 0b000:
    case 0b010:
      return op2 === 0 ? timed('multiplyLong') : null;
    case 0b001:
    case 0b011:
      return op2 === 15 ? timed('divide') : null;
    case 0b111:
      return null;
    default:
      return timed('multiplyLongAdd');
  }
}
