// SPDX-License-Identifier: MIT
import { type Classify, type Timed, timed } from './kinds.js';

/**
 * Kinds of Xtensa instructions of the core, density, multiplication, division, MAC16, loop, boolean and windowed options: by the
 * opcode maps of the Xtensa Instruction Set Architecture Reference Manual (RC-2010.1), section 7.3. Floating-point and
 * designer-defined instructions are not known.
 */
export const classifyXtensa: Classify = (bytes) => {
  const op0 = (bytes[0] ?? 0) & 15;
  if (bytes.length !== (op0 >= 8 ? 2 : 3) || op0 >= 14) return null;
  const word = bytes[0]! | (bytes[1]! << 8) | ((bytes[2] ?? 0) << 16);
  const field = (at: number): number => (word >>> at) & 15;
  const [t, r] = [field(4), field(12)];
  switch (op0) {
    case 0:
      return register(field(16), field(20), r, t);
    case 1:
    case 8:
      return LOAD;
    case 2:
      return IMMEDIATE[r] ?? null;
    case 4:
      return timed('multiply');
    case 5:
      return timed('call');
    case 6:
      return jumpOrBranch(t & 3, t >>> 2, r);
    case 7:
      return BRANCH;
    case 9:
      return STORE;
    case 10:
    case 11:
      return ALU;
    case 12:
      return (t & 8) === 0 ? ALU : BRANCH;
    case 13:
      return narrow(r, t);
    default:
      return null;
  }
};

const ALU = timed('alu');
const LOAD = timed('load');
const NARROW = timed('loadNarrow');
const STORE = timed('store');
const BRANCH = timed('branch');
const INDIRECT = timed('indirect');
const SYSTEM = timed('system');
const MULTIPLY = timed('multiply');
const LONG = timed('multiplyLong');
const DIVIDE = timed('divide');

/** LSAI by r: l8ui l16ui l32i - s8i s16i s32i cache - l16si movi l32ai addi addmi s32c1i s32ri. */
const IMMEDIATE: readonly (Timed | null)[] = [
  ...[NARROW, NARROW, LOAD, null, STORE, STORE, STORE, SYSTEM],
  ...[null, NARROW, ALU, LOAD, ALU, ALU, timed('atomic'), STORE],
];

/** RST2 by op2, after the boolean operations: mull muluh mulsh quou quos remu rems. */
const RST2: readonly (Timed | null)[] = [
  ...[ALU, ALU, ALU, ALU, ALU, null, null, null],
  ...[MULTIPLY, null, LONG, LONG, DIVIDE, DIVIDE, DIVIDE, DIVIDE],
];

/** QRST. */
function register(op1: number, op2: number, r: number, t: number): Timed | null {
  switch (op1) {
    case 0:
      if (op2 === 0) return control(r, t);
      return op2 === 7 ? null : op2 === 5 ? SYSTEM : ALU;
    case 1:
      if (op2 === 12 || op2 === 13) return MULTIPLY;
      return op2 === 6 ? SYSTEM : [5, 7, 14, 15].includes(op2) ? null : ALU;
    case 2:
      return RST2[op2] ?? null;
    case 3:
      return [0, 1, 14, 15].includes(op2) ? SYSTEM : ALU;
    case 4:
    case 5:
      return ALU;
    case 9:
      return op2 === 0 ? LOAD : op2 === 4 ? STORE : null;
    default:
      return null;
  }
}

/** ST0: returns and indirect calls, synchronisation, what the kernel uses. */
function control(r: number, t: number): Timed | null {
  switch (r) {
    case 0:
      return t >>> 2 === 3 || (t >>> 2 === 2 && (t & 3) !== 3) ? INDIRECT : null;
    case 2:
      return t === 15 ? ALU : timed('barrier');
    case 1:
    case 8:
    case 9:
    case 10:
    case 11:
      return ALU;
    default:
      return r < 8 ? SYSTEM : null;
  }
}

/** SI by n, m and r. */
function jumpOrBranch(n: number, m: number, r: number): Timed | null {
  if (n === 0) return timed('jump');
  if (n !== 3 || m >= 2) return BRANCH;
  if (m === 0) return ALU;
  if (r < 2) return BRANCH;
  // loop, loopnez, loopgtz
  return r >= 8 && r <= 10 ? ALU : null;
}

/** ST3 by r and t: mov.n; ret.n, retw.n, break.n, nop.n. */
function narrow(r: number, t: number): Timed | null {
  if (r === 0) return ALU;
  if (r !== 15) return null;
  return t < 2 ? INDIRECT : t === 2 ? SYSTEM : t === 3 ? ALU : null;
}
