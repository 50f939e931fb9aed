// SPDX-License-Identifier: MIT
import { CompileError, type ErrorCode, type ErrorDetails } from '../errors/index.js';
import { type Fields, fieldsAt, type IsaRow, isPacketOpcode, OP_CALL, OP_LDDW, ROWS_BY_OPCODE, rowOf } from './isa.js';
import type { BpfFunction, GlobalRef, Insn, LineInfo, Source } from './program.js';

/** Longest function, in slots: far above what fits on a device, and a bound on time and memory. */
export const MAX_SLOTS = 1_000_000;

/** What a relocated lddw refers to. */
export type Reference =
  | { readonly kind: 'global'; readonly ref: GlobalRef }
  | { readonly kind: 'funcaddr'; readonly func: number };

/** A function before decoding. Calls and references have been resolved by the loader. */
export interface Encoded {
  readonly index: number;
  readonly name: string;
  readonly section: string;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly lines: ReadonlyMap<number, LineInfo>;
  /** Callee's function index by the slot of a local call. Every local call of the function is in it. */
  readonly calls: ReadonlyMap<number, number>;
  /** By the slot of a relocated lddw. */
  readonly references: ReadonlyMap<number, Reference>;
}

function hex(n: number): string {
  return `0x${n.toString(16).padStart(2, '0')}`;
}

type Where = Pick<Encoded, 'name' | 'section' | 'lines'> & { readonly file?: string };

/** The place of a slot (source line if known, else the object itself) and the text of that line. */
export function placeOf(fn: Where, slot: number): Pick<ErrorDetails, 'at' | 'snippet'> {
  let line: LineInfo | undefined;
  for (let s = slot; s >= 0 && !line; s--) line = fn.lines.get(s);
  const at = {
    file: line?.file ?? fn.file,
    line: line?.line,
    column: line?.column,
    section: fn.section === '' ? undefined : fn.section,
    function: fn.name,
    instruction: slot,
  };
  return { at, snippet: line ? { text: line.text } : undefined };
}

function fail(fn: Encoded, slot: number, code: ErrorCode, message: string, details: ErrorDetails = {}): never {
  throw new CompileError(code, message, { ...placeOf(fn, slot), ...details });
}

const EBPF_REGISTERS = 11;
const FRAME_POINTER = 10;

/** Finds the row of a slot and checks every field against it. */
function checkedRow(fn: Encoded, slot: number, f: Fields): IsaRow {
  const row = rowOf(f);
  if (!row) {
    if (isPacketOpcode(f.opcode)) {
      fail(fn, slot, 'FCC0302', `deprecated packet instruction, opcode ${hex(f.opcode)}`, {
        help: 'read the packet through a pointer of the context',
      });
    }
    return unknown(fn, slot, f);
  }
  for (const field of ['dst', 'src', 'off', 'imm'] as const) {
    if (row[field] === 'zero' && f[field] !== 0) {
      fail(fn, slot, 'FCC0303', `${row.name}: unused field ${FIELD_NAMES[field]} is not zero`, {
        expected: '0',
        got: String(f[field]),
      });
    }
  }
  for (const field of ['dst', 'src'] as const) {
    const use = row[field];
    if (use === 'zero' || typeof use === 'object') continue;
    if (f[field] >= EBPF_REGISTERS) {
      fail(fn, slot, 'FCC0305', `${row.name}: register r${f[field]} does not exist`, { expected: 'r0 to r10' });
    }
    if (use !== 'read' && f[field] === FRAME_POINTER) {
      fail(fn, slot, 'FCC0306', `${row.name} writes to the frame pointer r10`, {
        help: 'copy r10 to another register and change that one',
      });
    }
  }
  return row;
}

const FIELD_NAMES = { dst: 'dst', src: 'src', off: 'offset', imm: 'imm' } as const;

function unknown(fn: Encoded, slot: number, f: Fields): never {
  if (f.opcode === OP_LDDW) {
    fail(fn, slot, 'FCC0315', `64-bit immediate load with source field ${f.src}`, {
      expected: '0, or 4: code address',
    });
  }
  if (f.opcode === OP_CALL)
    fail(fn, slot, 'FCC0316', `call with source field ${f.src}`, { expected: '0 (helper) or 1 (local)' });
  if (ROWS_BY_OPCODE[f.opcode]!.length > 0) {
    fail(fn, slot, 'FCC0304', `reserved encoding of opcode ${hex(f.opcode)}: offset ${f.off}, imm ${f.imm}`);
  }
  return fail(fn, slot, 'FCC0301', `unknown opcode ${hex(f.opcode)}`);
}

function build(fn: Encoded, slot: number, row: IsaRow, f: Fields, view: DataView): Insn {
  const form = row.form;
  const source = (kind: 'imm' | 'reg'): Source => (kind === 'reg' ? { kind, reg: f.src } : { kind, imm: f.imm });
  switch (form.kind) {
    case 'alu':
      return { slot, kind: 'alu', op: form.op, width: form.width, dst: f.dst, src: source(form.source) };
    case 'movsx':
      return { slot, kind: 'movsx', width: form.width, from: form.from, dst: f.dst, src: f.src };
    case 'endian':
      return { slot, kind: 'endian', op: form.op, bits: form.bits, dst: f.dst };
    case 'lddw':
    case 'funcaddr':
      return buildLddw(fn, slot, f, view, form.kind);
    case 'load':
      return { slot, kind: 'load', size: form.size, signed: form.signed, dst: f.dst, base: f.src, off: f.off };
    case 'store':
      return { slot, kind: 'store', size: form.size, base: f.dst, off: f.off, src: source(form.source) };
    case 'atomic':
      return {
        slot,
        kind: 'atomic',
        op: form.op,
        fetch: form.fetch,
        size: form.size,
        base: f.dst,
        off: f.off,
        src: f.src,
      };
    case 'jump':
      return { slot, kind: 'jump', target: slot + 1 + (form.wide ? f.imm : f.off) };
    case 'branch':
      return {
        slot,
        kind: 'branch',
        cond: form.cond,
        width: form.width,
        dst: f.dst,
        src: source(form.source),
        target: slot + 1 + f.off,
      };
    case 'call': {
      const func = fn.calls.get(slot);
      if (func === undefined) throw new Error(`call at slot ${slot} of ${fn.name} is not resolved`);
      return { slot, kind: 'call', func };
    }
    case 'helper':
      return { slot, kind: 'helper', id: f.imm };
    case 'callx':
      return { slot, kind: 'callx', reg: f.dst };
    case 'exit':
      return { slot, kind: 'exit' };
  }
}

function buildLddw(fn: Encoded, slot: number, f: Fields, view: DataView, kind: 'lddw' | 'funcaddr'): Insn {
  if ((slot + 2) * 8 > view.byteLength) fail(fn, slot, 'FCC0311', 'lddw is cut off by the end of the function');
  const second = fieldsAt(view, slot + 1);
  if (second.opcode !== 0 || second.dst !== 0 || second.src !== 0 || second.off !== 0) {
    fail(fn, slot, 'FCC0310', 'second slot of lddw has more than an immediate', {
      expected: 'opcode, registers and offset 0',
      got: `opcode ${hex(second.opcode)}, dst ${second.dst}, src ${second.src}, offset ${second.off}`,
    });
  }
  const reference = fn.references.get(slot);
  if (reference?.kind === 'global') return { slot, kind: 'global', dst: f.dst, ref: reference.ref };
  if (reference) return { slot, kind: 'funcaddr', dst: f.dst, func: reference.func };
  if (kind === 'funcaddr') throw new Error(`code address at slot ${slot} of ${fn.name} is not resolved`);
  // The halves are joined as they are: the low one is not sign-extended (RFC 9669 section 5.4).
  const imm = (BigInt(second.imm >>> 0) << 32n) | BigInt(f.imm >>> 0);
  return { slot, kind: 'lddw', dst: f.dst, imm };
}

/**
 * Decodes and checks one function: every instruction against the table, every jump against the function's bounds.
 * @throws CompileError FCC0301..FCC0312, FCC0315, FCC0316 with section, function, instruction and source line.
 */
export function decodeFunction(fn: Encoded): BpfFunction {
  checkLength(fn.bytes.length, fn);
  const slots = fn.bytes.length / 8;
  const view = new DataView(fn.bytes.buffer, fn.bytes.byteOffset, fn.bytes.byteLength);
  const insns: Insn[] = [];
  const at: (Insn | undefined)[] = new Array(slots).fill(undefined);
  for (let slot = 0; slot < slots; ) {
    const f = fieldsAt(view, slot);
    const insn = build(fn, slot, checkedRow(fn, slot, f), f, view);
    insns.push(insn);
    at[slot] = insn;
    slot += insnSlots(insn);
  }
  for (const insn of insns) {
    if (insn.kind !== 'jump' && insn.kind !== 'branch') continue;
    const t = insn.target;
    if (t < 0 || t >= slots) {
      fail(fn, insn.slot, 'FCC0307', `jump to slot ${t} leaves the function`, {
        expected: `a slot of 0 to ${slots - 1}`,
      });
    }
    if (!at[t]) fail(fn, insn.slot, 'FCC0308', `jump to slot ${t}, the second slot of the lddw at ${t - 1}`);
  }
  const last = insns.at(-1)!;
  if (last.kind !== 'exit' && last.kind !== 'jump') {
    fail(fn, last.slot, 'FCC0309', 'function falls through its end', { expected: 'exit or an unconditional jump' });
  }
  const { index, name, section, lines, bytes } = fn;
  return { index, name, section, slots, insns, at, lines, bytes };
}

/** Slots that an instruction takes: 2 for 64-bit immediate loads, else 1. */
export function insnSlots(insn: Insn): 1 | 2 {
  return insn.kind === 'lddw' || insn.kind === 'global' || insn.kind === 'funcaddr' ? 2 : 1;
}

/** Refuses code that is empty, not whole slots or too long (FCC0312). */
export function checkLength(bytes: number, where: { file: string; name: string; section: string }): void {
  if (bytes > 0 && bytes % 8 === 0 && bytes / 8 <= MAX_SLOTS) return;
  throw new CompileError('FCC0312', `code of ${bytes} bytes`, {
    at: { file: where.file, section: where.section === '' ? undefined : where.section, function: where.name },
    expected: `a multiple of 8 bytes, 8 to ${MAX_SLOTS * 8}`,
  });
}
