// SPDX-License-Identifier: MIT
import type { GlobalRef, Program } from '../../../compiler/bpf/program.js';

/** Writes Femto-Container images, for tests: any parts, whether they fit together or not. */

export interface RbpfParts {
  readonly data?: Uint8Array;
  readonly rodata?: Uint8Array;
  readonly text: Uint8Array;
  /** Rows of the function table. */
  readonly functions?: readonly { readonly name: number; readonly flags?: number; readonly place: number }[];
  /** Words of the header that are to differ, by number from 0. */
  readonly header?: Readonly<Record<number, number>>;
}

const NONE = new Uint8Array(0);

/** The bytes of an image; nothing is padded. */
export function rbpfBytes({ data = NONE, rodata = NONE, text, functions = [], header = {} }: RbpfParts): Uint8Array {
  const bytes = new Uint8Array(28 + data.length + rodata.length + text.length + 6 * functions.length);
  const view = new DataView(bytes.buffer);
  const words = [0x46504272, 0, 0, data.length, rodata.length, text.length, functions.length];
  words.forEach((word, i) => {
    view.setUint32(4 * i, header[i] ?? word, true);
  });
  bytes.set(data, 28);
  bytes.set(rodata, 28 + data.length);
  bytes.set(text, 28 + data.length + rodata.length);
  functions.forEach((f, i) => {
    const at = bytes.length - 6 * (functions.length - i);
    view.setUint16(at, f.name, true);
    view.setUint16(at + 2, f.flags ?? 0, true);
    view.setUint16(at + 4, f.place, true);
  });
  return bytes;
}

const padded = (length: number): number => Math.ceil(length / 8) * 8;

/** Rodata with names behind it, as the format has them, and the offset of each. */
export function withNames(rodata: Uint8Array, names: readonly string[]): { rodata: Uint8Array; at: readonly number[] } {
  const text = new TextEncoder().encode(names.map((n) => `${n}\0`).join(''));
  const whole = new Uint8Array(padded(rodata.length + text.length));
  whole.set(rodata);
  whole.set(text, rodata.length);
  let next = rodata.length;
  const at = names.map((n) => {
    next += n.length + 1;
    return next - n.length - 1;
  });
  return { rodata: whole, at };
}

const OPCODE: Record<GlobalRef['block'], number> = { data: 0xb8, rodata: 0xd8 };

/**
 * A program as a Femto-Container image: functions one behind the other, loads of addresses under their opcodes, zeroed variables
 * behind the others in data. With a function table of the entries, unless `table` is false.
 */
export function rbpfOf(program: Program, { table = true }: { table?: boolean } = {}): Uint8Array {
  const { functions, globals, entries } = program;
  if ((globals.pointers ?? []).length > 0) throw new Error('the format has no addresses of functions');
  const starts: number[] = [];
  let length = 0;
  for (const fn of functions) {
    starts.push(length / 8);
    length += fn.bytes.length;
  }
  const text = new Uint8Array(length);
  const view = new DataView(text.buffer);
  functions.forEach((fn, i) => {
    text.set(fn.bytes, 8 * starts[i]!);
    for (const insn of fn.insns) {
      const slot = starts[i]! + insn.slot;
      if (insn.kind === 'call') {
        view.setUint8(8 * slot + 1, 0x10);
        view.setInt32(8 * slot + 4, starts[insn.func]! - slot - 1, true);
      } else if (insn.kind === 'global') {
        view.setUint8(8 * slot, OPCODE[insn.ref.block]);
        view.setUint32(8 * slot + 4, insn.ref.offset, true);
        view.setUint32(8 * slot + 12, 0, true);
      } else if (insn.kind === 'funcaddr') throw new Error('the format has no addresses of functions');
    }
  });
  const data = new Uint8Array(padded(globals.data.length + globals.bssLength));
  data.set(globals.data);
  const named = withNames(globals.rodata, table ? entries.map((e) => functions[e]!.name) : []);
  const rows = table ? entries.map((e, i) => ({ name: named.at[i]!, place: 8 * starts[e]! })) : [];
  return rbpfBytes({ data, rodata: named.rodata, text, functions: rows });
}
