// SPDX-License-Identifier: MIT
import type {
  AluOp,
  AtomicOp,
  BpfFunction,
  Insn,
  JumpCond,
  MemSize,
  Program,
  Source,
} from '../../compiler/bpf/program.js';

/**
 * A plain second decoder of raw programs that are known to be well-formed: a long list of cases written from RFC 9669's appendix. It
 * checks nothing. The compiler's decoder has to give the same instructions for every vector and generated program.
 */
const ALU: readonly AluOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'or',
  'and',
  'lsh',
  'rsh',
  'neg',
  'mod',
  'xor',
  'mov',
  'arsh',
];
const COND: Readonly<Record<number, JumpCond>> = {
  1: 'eq',
  2: 'gt',
  3: 'ge',
  4: 'set',
  5: 'ne',
  6: 'sgt',
  7: 'sge',
  10: 'lt',
  11: 'le',
  12: 'slt',
  13: 'sle',
};
const SIZES: readonly MemSize[] = [4, 2, 1, 8];
const ATOMIC: Readonly<Record<number, AtomicOp>> = {
  0: 'add',
  4: 'or',
  5: 'and',
  10: 'xor',
  14: 'xchg',
  15: 'cmpxchg',
};

/** Instruction at `slot` of the whole text; targets and callees absolute. */
function one(text: DataView, slot: number): Insn {
  const opcode = text.getUint8(8 * slot);
  const dst = text.getUint8(8 * slot + 1) & 15;
  const reg = text.getUint8(8 * slot + 1) >> 4;
  const off = text.getInt16(8 * slot + 2, true);
  const imm = text.getInt32(8 * slot + 4, true);
  const code = opcode >> 4;
  const source: Source = opcode & 8 ? { kind: 'reg', reg } : { kind: 'imm', imm };
  const cls = opcode & 7;
  const size = SIZES[(opcode >> 3) & 3]!;
  if (opcode === 0x18 && reg === 4) return { slot, kind: 'funcaddr', dst, func: slot + 1 + imm };
  if (opcode === 0x18) {
    const high = BigInt(text.getUint32(8 * slot + 12, true));
    return { slot, kind: 'lddw', dst, imm: (high << 32n) | BigInt(imm >>> 0) };
  }
  if (cls === 4 || cls === 7) {
    const width = cls === 7 ? 64 : 32;
    if (code === 13) {
      const op = cls === 7 ? 'swap' : opcode & 8 ? 'be' : 'le';
      return { slot, kind: 'endian', op, bits: imm as 16 | 32 | 64, dst };
    }
    if (code === 11 && off !== 0) return { slot, kind: 'movsx', width, from: off as 8 | 16 | 32, dst, src: reg };
    const op: AluOp = code === 3 && off === 1 ? 'sdiv' : code === 9 && off === 1 ? 'smod' : ALU[code]!;
    return { slot, kind: 'alu', op, width, dst, src: source };
  }
  if (cls === 1) return { slot, kind: 'load', size, signed: opcode >> 5 === 4, dst, base: reg, off };
  if (cls === 2) return { slot, kind: 'store', size, base: dst, off, src: { kind: 'imm', imm } };
  if (cls === 3 && opcode >> 5 === 6) {
    const op = ATOMIC[imm >> 4]!;
    return { slot, kind: 'atomic', op, fetch: (imm & 1) === 1, size: size as 4 | 8, base: dst, off, src: reg };
  }
  if (cls === 3) return { slot, kind: 'store', size, base: dst, off, src: { kind: 'reg', reg } };
  if (opcode === 0x05) return { slot, kind: 'jump', target: slot + 1 + off };
  if (opcode === 0x06) return { slot, kind: 'jump', target: slot + 1 + imm };
  if (opcode === 0x85 && reg === 1) return { slot, kind: 'call', func: slot + 1 + imm };
  if (opcode === 0x85) return { slot, kind: 'helper', id: imm };
  if (opcode === 0x8d) return { slot, kind: 'callx', reg: dst };
  if (opcode === 0x95) return { slot, kind: 'exit' };
  const width = cls === 5 ? 64 : 32;
  return { slot, kind: 'branch', cond: COND[code]!, width, dst, src: source, target: slot + 1 + off };
}

/** Decodes a well-formed raw program: function 0 starts at slot 0, others where calls lead, in order of their slots. */
export function decodeTwin(bytes: Uint8Array, name: string): Program {
  const text = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const all: Insn[] = [];
  for (let slot = 0; slot < bytes.length / 8; ) {
    const insn = one(text, slot);
    all.push(insn);
    slot += insn.kind === 'lddw' || insn.kind === 'funcaddr' ? 2 : 1;
  }
  const starts = new Set([0]);
  for (const insn of all) if (insn.kind === 'call' || insn.kind === 'funcaddr') starts.add(insn.func);
  const sorted = [...starts].sort((a, b) => a - b);
  const functions = sorted.map((start, index): BpfFunction => {
    const end = sorted[index + 1] ?? bytes.length / 8;
    const insns = all
      .filter((i) => i.slot >= start && i.slot < end)
      .map((i): Insn => {
        const slot = i.slot - start;
        if (i.kind === 'call' || i.kind === 'funcaddr') return { ...i, slot, func: sorted.indexOf(i.func) };
        return i.kind === 'jump' || i.kind === 'branch' ? { ...i, slot, target: i.target - start } : { ...i, slot };
      });
    const at = new Array<Insn | undefined>(end - start).fill(undefined);
    for (const insn of insns) at[insn.slot] = insn;
    const fn = { index, section: '', slots: end - start, insns, at, lines: new Map() };
    return { ...fn, name: index === 0 ? name : `${name}.${start}`, bytes: bytes.slice(8 * start, 8 * end) };
  });
  const none = { data: new Uint8Array(0), bssLength: 0, rodata: new Uint8Array(0), sections: [], symbols: [] };
  return { functions, entries: [0], globals: none, origin: 'raw' };
}
