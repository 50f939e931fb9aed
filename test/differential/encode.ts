// SPDX-License-Identifier: MIT
import type { AluOp, AtomicOp, Insn, JumpCond } from '../../compiler/bpf/program.js';

/** RFC 9669 section 4.1: code of an operation and the offset field that tells signed from unsigned. */
const ALU_CODE: Readonly<Record<AluOp, readonly [code: number, off: number]>> = {
  add: [0x0, 0],
  sub: [0x1, 0],
  mul: [0x2, 0],
  div: [0x3, 0],
  sdiv: [0x3, 1],
  or: [0x4, 0],
  and: [0x5, 0],
  lsh: [0x6, 0],
  rsh: [0x7, 0],
  neg: [0x8, 0],
  mod: [0x9, 0],
  smod: [0x9, 1],
  xor: [0xa, 0],
  mov: [0xb, 0],
  arsh: [0xc, 0],
};

const JUMP_CODE: Readonly<Record<JumpCond, number>> = {
  eq: 0x1,
  gt: 0x2,
  ge: 0x3,
  set: 0x4,
  ne: 0x5,
  sgt: 0x6,
  sge: 0x7,
  lt: 0xa,
  le: 0xb,
  slt: 0xc,
  sle: 0xd,
};

const SIZE_CODE = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 } as const;
const ATOMIC_CODE: Readonly<Record<AtomicOp, number>> = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  xchg: 0xe0,
  cmpxchg: 0xf0,
};

/** Slots of an instruction. */
export const slotsOf = (insn: Pick<Insn, 'kind'>): number =>
  insn.kind === 'lddw' || insn.kind === 'global' || insn.kind === 'funcaddr' ? 2 : 1;

/**
 * Encodes instructions whose slots are absolute in one raw program (targets too). `starts[f]` is the first slot of function f. Written
 * from RFC 9669 section 3 and not from the decoder, which it tests.
 */
export function encode(insns: readonly Insn[], starts: readonly number[]): Uint8Array {
  const slots = insns.reduce((n, i) => n + slotsOf(i), 0);
  const view = new DataView(new ArrayBuffer(8 * slots));
  let at = 0;
  const put = (opcode: number, dst: number, src: number, off: number, imm: number): void => {
    if (off < -32768 || off > 32767) throw new Error(`offset ${off} does not fit`);
    view.setUint8(at, opcode);
    view.setUint8(at + 1, dst | (src << 4));
    view.setInt16(at + 2, off, true);
    view.setInt32(at + 4, imm, true);
    at += 8;
  };
  for (const insn of insns) {
    const here = at / 8;
    if (here !== insn.slot) throw new Error(`instruction at slot ${here} says ${insn.slot}`);
    switch (insn.kind) {
      case 'alu': {
        const [code, off] = ALU_CODE[insn.op];
        const cls = insn.width === 64 ? 7 : 4;
        const src = insn.op === 'neg' ? ({ kind: 'imm', imm: 0 } as const) : insn.src;
        if (src.kind === 'reg') put((code << 4) | 8 | cls, insn.dst, src.reg, off, 0);
        else put((code << 4) | cls, insn.dst, 0, off, src.imm);
        break;
      }
      case 'movsx':
        put(insn.width === 64 ? 0xbf : 0xbc, insn.dst, insn.src, insn.from, 0);
        break;
      case 'endian':
        put({ le: 0xd4, be: 0xdc, swap: 0xd7 }[insn.op], insn.dst, 0, 0, insn.bits);
        break;
      case 'lddw':
        put(0x18, insn.dst, 0, 0, Number(BigInt.asIntN(32, insn.imm)));
        put(0, 0, 0, 0, Number(BigInt.asIntN(32, insn.imm >> 32n)));
        break;
      case 'load':
        put((insn.signed ? 0x81 : 0x61) | SIZE_CODE[insn.size], insn.dst, insn.base, insn.off, 0);
        break;
      case 'store':
        if (insn.src.kind === 'reg') put(0x63 | SIZE_CODE[insn.size], insn.base, insn.src.reg, insn.off, 0);
        else put(0x62 | SIZE_CODE[insn.size], insn.base, 0, insn.off, insn.src.imm);
        break;
      case 'atomic': {
        const fetch = insn.fetch || insn.op === 'xchg' || insn.op === 'cmpxchg' ? 1 : 0;
        put(0xc3 | SIZE_CODE[insn.size], insn.base, insn.src, insn.off, ATOMIC_CODE[insn.op] | fetch);
        break;
      }
      case 'jump':
        put(0x05, 0, 0, insn.target - here - 1, 0);
        break;
      case 'branch': {
        const code = (JUMP_CODE[insn.cond] << 4) | (insn.width === 64 ? 5 : 6);
        if (insn.src.kind === 'reg') put(code | 8, insn.dst, insn.src.reg, insn.target - here - 1, 0);
        else put(code, insn.dst, 0, insn.target - here - 1, insn.src.imm);
        break;
      }
      case 'call':
        put(0x85, 0, 1, 0, starts[insn.func]! - here - 1);
        break;
      case 'helper':
        put(0x85, 0, 0, 0, insn.id);
        break;
      case 'callx':
        put(0x8d, insn.reg, 0, 0, 0);
        break;
      case 'exit':
        put(0x95, 0, 0, 0, 0);
        break;
      case 'funcaddr':
        put(0x18, insn.dst, 4, 0, starts[insn.func]! - here - 1);
        put(0, 0, 0, 0, 0);
        break;
      case 'global':
        throw new Error('the address of a global has no raw form');
    }
  }
  return new Uint8Array(view.buffer);
}

/** Hex digits of bytes, as test vectors carry them. */
export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
