// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import { checkLength, decodeFunction, type Encoded, type Reference } from './decode.js';
import { fieldsAt, OP_CALL, OP_LDDW, SRC_FUNCTION, SRC_LOCAL } from './isa.js';
import type { BpfFunction, Globals, Program } from './program.js';

/** No globals at all. */
export const NO_GLOBALS: Globals = {
  data: new Uint8Array(0),
  bssLength: 0,
  rodata: new Uint8Array(0),
  sections: [],
  symbols: [],
};

/** A slot of the code that names another function, by slot of the code. */
export interface CodeRef {
  readonly slot: number;
  readonly target: number;
  readonly kind: 'call' | 'funcaddr';
}

/**
 * Program-local calls and code addresses in a stream of slots. Their immediate counts slots from the next instruction
 * (RFC 9669 section 4.3.2); `starts[slot]` is 0 for the second slots of lddw.
 */
export function scanCode(bytes: Uint8Array): { refs: CodeRef[]; starts: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots = Math.floor(bytes.length / 8);
  const starts = new Uint8Array(slots).fill(1);
  const refs: CodeRef[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const f = fieldsAt(view, slot);
    if (f.opcode === OP_CALL && f.src === SRC_LOCAL) refs.push({ slot, target: slot + 1 + f.imm, kind: 'call' });
    if (f.opcode !== OP_LDDW) continue;
    if (f.src === SRC_FUNCTION) refs.push({ slot, target: slot + 1 + f.imm, kind: 'funcaddr' });
    slot++;
    if (slot < slots) starts[slot] = 0;
  }
  return { refs, starts };
}

/** A stretch of code that holds several functions one behind the other. */
export interface Code {
  readonly bytes: Uint8Array;
  /** What messages call the input. */
  readonly file: string;
  /** What `scanCode` found in it. */
  readonly scan: { readonly refs: readonly CodeRef[]; readonly starts: Uint8Array };
  /** Names of functions by the slot that they start at, which is the start of an instruction. */
  readonly names: ReadonlyMap<number, string>;
  /** What 64-bit loads refer to besides code, by slot of the code. */
  readonly references: ReadonlyMap<number, Reference>;
  /** The number of each function from the slots where they start, ascending; default: in that order from 0. */
  readonly numbers?: (heads: readonly number[]) => readonly number[];
}

/**
 * Splits code into functions: slot 0, every named slot and every target of a local call or code address starts one, which ends
 * where the next one starts. In the order of the code; `index` is the number.
 * @throws CompileError FCC0301..FCC0316
 */
export function splitCode({ bytes, file, scan: { refs, starts }, names, references, numbers }: Code): BpfFunction[] {
  checkLength(bytes.length, { file, name: names.get(0) ?? 'main', section: '' });
  const slots = bytes.length / 8;
  for (const r of refs) {
    if (r.target >= 0 && r.target < slots && starts[r.target] === 1) continue;
    throw new CompileError('FCC0313', `slot ${r.target} is not the start of a function`, {
      at: { file, instruction: r.slot },
      expected: `an instruction of the ${slots} slots`,
    });
  }
  const heads = [...new Set([0, ...names.keys(), ...refs.map((r) => r.target)])].sort((a, b) => a - b);
  const index = numbers?.(heads) ?? heads.map((_, i) => i);
  const indexOf = new Map(heads.map((h, i) => [h, index[i]!]));
  const known = [...references].sort(([a], [b]) => a - b);
  let next = 0;
  let nextKnown = 0;
  return heads.map((head, i) => {
    const end = heads[i + 1] ?? slots;
    const calls = new Map<number, number>();
    const own = new Map<number, Reference>();
    for (let r = refs[next]; r && r.slot < end; r = refs[++next]) {
      const func = indexOf.get(r.target)!;
      if (r.kind === 'call') calls.set(r.slot - head, func);
      else own.set(r.slot - head, { kind: 'funcaddr', func });
    }
    for (let k = known[nextKnown]; k && k[0] < end; k = known[++nextKnown]) own.set(k[0] - head, k[1]);
    const encoded: Encoded = {
      index: index[i]!,
      name: names.get(head) ?? `fn_${head}`,
      section: '',
      file,
      bytes: bytes.slice(head * 8, end * 8),
      lines: new Map(),
      calls,
      references: own,
    };
    return decodeFunction(encoded);
  });
}

/**
 * A program of raw instructions (test vectors). Every target of a local call or code address starts a function, which ends
 * where the next one starts; the first function, `main`, is the only entry.
 * @param name  what messages call the input
 * @throws CompileError FCC0301..FCC0316
 */
export function rawProgram(bytes: Uint8Array, name: string): Program {
  const code = { bytes, file: name, names: new Map([[0, 'main']]), references: new Map<number, Reference>() };
  return {
    functions: splitCode({ ...code, scan: scanCode(bytes) }),
    entries: [0],
    globals: NO_GLOBALS,
    origin: 'raw',
  };
}
