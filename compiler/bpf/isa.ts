// SPDX-License-Identifier: MIT
import type { AluOp, AtomicOp, JumpCond, MemSize, Width } from './program.js';

/**
 * The eBPF instruction set of RFC 9669 as data: one row per encoding. Decoder, encoder, assembler and printer read it.
 * An instruction is opcode:8 dst:4 src:4 offset:16 imm:32, little endian.
 */

/** What a row means, without its operands. `imm`/`reg` is where the source operand comes from. */
export type Form =
  | { readonly kind: 'alu'; readonly op: AluOp; readonly width: Width; readonly source: 'imm' | 'reg' }
  | { readonly kind: 'movsx'; readonly width: Width; readonly from: 8 | 16 | 32 }
  | { readonly kind: 'endian'; readonly op: 'le' | 'be' | 'swap'; readonly bits: 16 | 32 | 64 }
  | { readonly kind: 'lddw' }
  | { readonly kind: 'funcaddr' }
  | { readonly kind: 'load'; readonly size: MemSize; readonly signed: boolean }
  | { readonly kind: 'store'; readonly size: MemSize; readonly source: 'imm' | 'reg' }
  | { readonly kind: 'atomic'; readonly op: AtomicOp; readonly fetch: boolean; readonly size: 4 | 8 }
  /** `wide`: the distance is in the immediate (gotol), not in the offset. */
  | { readonly kind: 'jump'; readonly wide: boolean }
  | { readonly kind: 'branch'; readonly cond: JumpCond; readonly width: Width; readonly source: 'imm' | 'reg' }
  | { readonly kind: 'call' }
  | { readonly kind: 'helper' }
  | { readonly kind: 'callx' }
  | { readonly kind: 'exit' };

/** `zero`: not used, has to be 0. `{is}`: selects this row among those of the same opcode. Else: carries an operand. */
export type RegField = 'zero' | 'read' | 'write' | 'update' | { readonly is: number };
export type NumberField = 'zero' | 'value' | { readonly is: number };

export interface IsaRow {
  readonly opcode: number;
  /** Name as in RFC 9669, for messages. */
  readonly name: string;
  readonly dst: RegField;
  readonly src: RegField;
  readonly off: NumberField;
  readonly imm: NumberField;
  readonly form: Form;
}

/** Instruction classes (RFC 9669 section 3.1). */
const LD = 0x00;
const LDX = 0x01;
const ST = 0x02;
const STX = 0x03;
const ALU = 0x04;
const JMP = 0x05;
const JMP32 = 0x06;
const ALU64 = 0x07;
/** Source bit: register instead of immediate. */
const X = 0x08;
const MEM = 0x60;
const MEMSX = 0x80;
const ATOMIC = 0xc0;
const IMM_DW = 0x18;

const WIDTHS = [
  { width: 32, alu: ALU, jmp: JMP32 },
  { width: 64, alu: ALU64, jmp: JMP },
] as const;

/** Section 4.1. `off` selects the signed variants. */
const ALU_OPS = [
  { op: 'add', code: 0x00 },
  { op: 'sub', code: 0x10 },
  { op: 'mul', code: 0x20 },
  { op: 'div', code: 0x30, off: 0 },
  { op: 'sdiv', code: 0x30, off: 1 },
  { op: 'or', code: 0x40 },
  { op: 'and', code: 0x50 },
  { op: 'lsh', code: 0x60 },
  { op: 'rsh', code: 0x70 },
  { op: 'mod', code: 0x90, off: 0 },
  { op: 'smod', code: 0x90, off: 1 },
  { op: 'xor', code: 0xa0 },
  { op: 'mov', code: 0xb0 },
  { op: 'arsh', code: 0xc0 },
] as const satisfies readonly { op: AluOp; code: number; off?: number }[];

/** Section 4.3. */
const CONDS = [
  { cond: 'eq', code: 0x10 },
  { cond: 'gt', code: 0x20 },
  { cond: 'ge', code: 0x30 },
  { cond: 'set', code: 0x40 },
  { cond: 'ne', code: 0x50 },
  { cond: 'sgt', code: 0x60 },
  { cond: 'sge', code: 0x70 },
  { cond: 'lt', code: 0xa0 },
  { cond: 'le', code: 0xb0 },
  { cond: 'slt', code: 0xc0 },
  { cond: 'sle', code: 0xd0 },
] as const satisfies readonly { cond: JumpCond; code: number }[];

/** Section 5: size modifiers. */
const SIZES = [
  { size: 4, code: 0x00, name: 'w' },
  { size: 2, code: 0x08, name: 'h' },
  { size: 1, code: 0x10, name: 'b' },
  { size: 8, code: 0x18, name: 'dw' },
] as const satisfies readonly { size: MemSize; code: number; name: string }[];

/** Section 5.3: value of the immediate; bit 0 asks for the old value. xchg and cmpxchg only exist with it. */
const ATOMICS = [
  { op: 'add', imm: 0x00, fetch: false },
  { op: 'add', imm: 0x01, fetch: true },
  { op: 'or', imm: 0x40, fetch: false },
  { op: 'or', imm: 0x41, fetch: true },
  { op: 'and', imm: 0x50, fetch: false },
  { op: 'and', imm: 0x51, fetch: true },
  { op: 'xor', imm: 0xa0, fetch: false },
  { op: 'xor', imm: 0xa1, fetch: true },
  { op: 'xchg', imm: 0xe1, fetch: true },
  { op: 'cmpxchg', imm: 0xf1, fetch: true },
] as const satisfies readonly { op: AtomicOp; imm: number; fetch: boolean }[];

function row(
  opcode: number,
  name: string,
  form: Form,
  fields: { dst?: RegField; src?: RegField; off?: NumberField; imm?: NumberField },
): IsaRow {
  return { opcode, name, dst: 'zero', src: 'zero', off: 'zero', imm: 'zero', ...fields, form };
}

function aluRows(): IsaRow[] {
  return WIDTHS.flatMap(({ width, alu }) => [
    // Before the plain move, whose offset is unused and selects nothing.
    ...([8, 16, 32] as const)
      .filter((from) => from < width)
      .map((from) =>
        row(
          alu | 0xb0 | X,
          `movsx${from}to${width}`,
          { kind: 'movsx', width, from },
          { dst: 'write', src: 'read', off: { is: from } },
        ),
      ),
    ...ALU_OPS.flatMap((r) => {
      const dst = r.op === 'mov' ? 'write' : 'update';
      const select: NumberField = 'off' in r ? { is: r.off } : 'zero';
      return (['imm', 'reg'] as const).map((source) =>
        row(
          alu | r.code | (source === 'reg' ? X : 0),
          `${r.op}${width}`,
          { kind: 'alu', op: r.op, width, source },
          source === 'reg' ? { dst, src: 'read', off: select } : { dst, off: select, imm: 'value' },
        ),
      );
    }),
    row(alu | 0x80, `neg${width}`, { kind: 'alu', op: 'neg', width, source: 'imm' }, { dst: 'update' }),
  ]);
}

/** Section 4.2: in class ALU the source bit chooses le or be; class ALU64 always swaps. */
function endianRows(): IsaRow[] {
  const ops = [
    { op: 'le', opcode: ALU | 0xd0 },
    { op: 'be', opcode: ALU | 0xd0 | X },
    { op: 'swap', opcode: ALU64 | 0xd0 },
  ] as const;
  return ops.flatMap(({ op, opcode }) =>
    ([16, 32, 64] as const).map((bits) =>
      row(opcode, `${op}${bits}`, { kind: 'endian', op, bits }, { dst: 'update', imm: { is: bits } }),
    ),
  );
}

function memoryRows(): IsaRow[] {
  return SIZES.flatMap(({ size, code, name }) => [
    row(
      LDX | MEM | code,
      `ldx${name}`,
      { kind: 'load', size, signed: false },
      { dst: 'write', src: 'read', off: 'value' },
    ),
    row(
      ST | MEM | code,
      `st${name}`,
      { kind: 'store', size, source: 'imm' },
      { dst: 'read', off: 'value', imm: 'value' },
    ),
    row(
      STX | MEM | code,
      `stx${name}`,
      { kind: 'store', size, source: 'reg' },
      { dst: 'read', src: 'read', off: 'value' },
    ),
    ...(size === 8
      ? []
      : [
          row(
            LDX | MEMSX | code,
            `ldxs${name}`,
            { kind: 'load', size, signed: true },
            { dst: 'write', src: 'read', off: 'value' },
          ),
        ]),
    ...(size === 4 || size === 8
      ? ATOMICS.map((a) =>
          row(
            STX | ATOMIC | code,
            `atomic ${a.op}${size * 8}`,
            { kind: 'atomic', op: a.op, fetch: a.fetch, size },
            // The old value goes to the source register; cmpxchg's goes to r0 and the source is only read.
            { dst: 'read', src: a.fetch && a.op !== 'cmpxchg' ? 'update' : 'read', off: 'value', imm: { is: a.imm } },
          ),
        )
      : []),
  ]);
}

function jumpRows(): IsaRow[] {
  return [
    row(JMP, 'ja', { kind: 'jump', wide: false }, { off: 'value' }),
    row(JMP32, 'ja32', { kind: 'jump', wide: true }, { imm: 'value' }),
    ...WIDTHS.flatMap(({ width, jmp }) =>
      CONDS.flatMap(({ cond, code }) =>
        (['imm', 'reg'] as const).map((source) =>
          row(
            jmp | code | (source === 'reg' ? X : 0),
            `j${cond}${width}`,
            { kind: 'branch', cond, width, source },
            source === 'reg' ? { dst: 'read', src: 'read', off: 'value' } : { dst: 'read', off: 'value', imm: 'value' },
          ),
        ),
      ),
    ),
    row(JMP | 0x80, 'call helper', { kind: 'helper' }, { src: { is: 0 }, imm: 'value' }),
    row(JMP | 0x80, 'call local', { kind: 'call' }, { src: { is: 1 }, imm: 'value' }),
    row(JMP | 0x80 | X, 'callx', { kind: 'callx' }, { dst: 'read' }),
    row(JMP | 0x90, 'exit', { kind: 'exit' }, {}),
    row(IMM_DW | LD, 'lddw', { kind: 'lddw' }, { dst: 'write', src: { is: 0 }, imm: 'value' }),
    row(IMM_DW | LD, 'lddw code address', { kind: 'funcaddr' }, { dst: 'write', src: { is: 4 }, imm: 'value' }),
  ];
}

/** Every encoding. Of several rows for one opcode the first holds whose `{is}` fields match. */
export const ISA: readonly IsaRow[] = [...aluRows(), ...endianRows(), ...memoryRows(), ...jumpRows()];

/** Rows by opcode byte; empty: unknown opcode. */
export const ROWS_BY_OPCODE: readonly (readonly IsaRow[])[] = (() => {
  const table: IsaRow[][] = Array.from({ length: 256 }, () => []);
  for (const r of ISA) table[r.opcode]!.push(r);
  return table;
})();

export const OP_LDDW = IMM_DW;
export const OP_CALL = JMP | 0x80;
/** Source field of a program-local call, and of a lddw that loads the address of a function. */
export const SRC_LOCAL = 1;
export const SRC_FUNCTION = 4;

/** Class LD, modes ABS (0x20) and IND (0x40): the deprecated packet instructions (section 5.5). */
export function isPacketOpcode(opcode: number): boolean {
  return (opcode & 7) === LD && ((opcode & 0xe0) === 0x20 || (opcode & 0xe0) === 0x40);
}

/** The five fields of an encoded slot; `off` and `imm` are signed. */
export interface Fields {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}

/** Fields of the slot with that number. The caller has checked that it is inside. */
export function fieldsAt(view: DataView, slot: number): Fields {
  const at = slot * 8;
  const regs = view.getUint8(at + 1);
  return {
    opcode: view.getUint8(at),
    dst: regs & 15,
    src: regs >> 4,
    off: view.getInt16(at + 2, true),
    imm: view.getInt32(at + 4, true),
  };
}

/** The row that a slot's selecting fields name, whether its unused fields are zero or not. */
export function rowOf(f: Fields): IsaRow | undefined {
  return ROWS_BY_OPCODE[f.opcode]!.find((r) => selects(r.src, f.src) && selects(r.off, f.off) && selects(r.imm, f.imm));
}

function selects(field: RegField | NumberField, value: number): boolean {
  return typeof field !== 'object' || field.is === value;
}
