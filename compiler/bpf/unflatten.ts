// SPDX-License-Identifier: MIT
import { CompileError, type ErrorDetails } from '../errors/index.js';
import { checkLength, decodeFunction, type Reference } from './decode.js';
import { BLOCKS, FLAT_FRAME, isFrameUse, MAX_DEPTH, SRC_BLOCK } from './flatten.js';
import { fieldsAt, OP_LDDW } from './isa.js';
import { addressTaken, type BpfFunction, FUNCTION_TAG, type Globals, type Program } from './program.js';
import { scanCode, splitCode } from './raw.js';

/** What `flatten` made of a program, as an image holds it. */
export interface FlatText {
  /** What messages call it. */
  readonly file: string;
  readonly code: Uint8Array;
  /** By number of the function: its byte offset in the code if its address is taken, else null. */
  readonly taken: readonly (number | null)[];
  readonly entries: readonly { readonly name: string; readonly offset: number }[];
  readonly data: Uint8Array;
  readonly bssLength: number;
  readonly rodata: Uint8Array;
  readonly frameBytes: number;
}

/** More functions than any image of ours has; a bound on time and memory. */
const MAX_FUNCTIONS = 10_000;

/** exit, and nothing else. */
const EXIT = Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0);

/** What helps against an image that no `fcc` wrote. */
export const AGAIN = 'make the image anew with `fcc compile -t ebpf`';

type Fail = (message: string, details?: ErrorDetails) => never;

/** Makes every load of a byte of a block a plain lddw, in place, and says what each, and each load of a function's number, refers to. */
function resolveLoads(code: Uint8Array, flat: FlatText, fail: Fail): Map<number, Reference> {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const references = new Map<number, Reference>();
  const slots = code.length / 8;
  const lengths = { data: flat.data.length + flat.bssLength, rodata: flat.rodata.length };
  for (let slot = 0; slot < slots; slot++) {
    const { opcode, dst, src, imm } = fieldsAt(view, slot);
    if (opcode !== OP_LDDW) continue;
    if (slot + 1 === slots) break;
    const high = fieldsAt(view, slot + 1).imm;
    const at = { file: flat.file, instruction: slot };
    if (src === SRC_BLOCK) {
      const block =
        imm === BLOCKS.data
          ? 'data'
          : imm === BLOCKS.rodata
            ? 'rodata'
            : fail('no such block', { at, got: String(imm) });
      const offset = high >>> 0;
      if (offset > lengths[block]) fail(`address .${block}+${offset} lies outside of ${lengths[block]} bytes`, { at });
      references.set(slot, { kind: 'global', ref: { block, offset } });
      view.setUint8(8 * slot + 1, dst);
    } else if (src === 0) {
      const value = (BigInt(high >>> 0) << 32n) | BigInt(imm >>> 0);
      const func = value >= FUNCTION_TAG ? Number(value - FUNCTION_TAG) : -1;
      if (typeof flat.taken[func] === 'number') references.set(slot, { kind: 'funcaddr', func });
    } else fail(`64-bit immediate load with source field ${src}`, { at, expected: `0 or ${SRC_BLOCK}` });
    slot++;
  }
  return references;
}

/** Words of 8 bytes that hold the number of a function whose address is taken. */
function storedFunctions({ data, rodata, taken }: FlatText): NonNullable<Globals['pointers']> {
  return (
    [
      ['data', data],
      ['rodata', rodata],
    ] as const
  ).flatMap(([block, bytes]) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const found: { block: 'data' | 'rodata'; offset: number; func: number }[] = [];
    for (let offset = 0; offset + 8 <= bytes.length; offset += 8) {
      const value = view.getBigUint64(offset, true);
      const func = value >= FUNCTION_TAG ? Number(value - FUNCTION_TAG) : -1;
      if (typeof taken[func] === 'number') found.push({ block, offset, func });
    }
    return found;
  });
}

/**
 * Numbers of the functions that start at `heads`: those whose address is taken have theirs, the others what lies between, as
 * functions are numbered in the order of the code. Numbers may stay over: of functions that nothing calls, which have no head.
 */
function numberHeads(heads: readonly number[], taken: readonly (number | null)[], fail: Fail): number[] {
  const numberOf = new Map(taken.flatMap((offset, i) => (offset === null ? [] : [[offset / 8, i] as const])));
  let last = -1;
  const numbers = heads.map((head) => {
    const own = numberOf.get(head);
    if (own !== undefined && own <= last) fail(`function ${own} is not in the order of the code`);
    last = own ?? last + 1;
    if (own === undefined && typeof taken[last] === 'number') fail(`function ${last} is not in the order of the code`);
    return last;
  });
  if (last >= taken.length)
    fail('more functions than the table has', { expected: String(taken.length), got: String(last + 1) });
  return numbers;
}

/**
 * The program whose text `flatten` made: the same instructions, globals and numbers of functions. Names are kept for entries
 * alone, and functions that nothing reaches belong to the one before them. Checks all that it reads: what is not as `flatten`
 * writes it is refused.
 * @throws CompileError FCC0612, and FCC0301..FCC0316 for instructions; never anything else
 */
export function unflatten(flat: FlatText): Program {
  const { file, taken, data, bssLength, rodata } = flat;
  const fail: Fail = (message, details) => {
    throw new CompileError('FCC0612', message, { at: { file }, help: AGAIN, ...details });
  };
  checkLength(flat.code.length, { file, name: 'text', section: '' });
  const code = Uint8Array.from(flat.code);
  const slots = code.length / 8;
  if (taken.length > Math.min(MAX_FUNCTIONS, slots))
    fail(`${taken.length} functions`, { expected: `at most ${Math.min(MAX_FUNCTIONS, slots)}` });
  const references = resolveLoads(code, flat, fail);
  const scan = scanCode(code);
  const slotOf = (what: string, offset: number): number => {
    if (offset % 8 !== 0 || offset >= code.length || scan.starts[offset / 8] !== 1)
      fail(`${what} is not at the start of an instruction`, { at: { file, offset } });
    return offset / 8;
  };
  const names = new Map<number, string>();
  for (const { name, offset } of flat.entries) {
    const slot = slotOf(`entry ${name}`, offset);
    if (names.has(slot)) fail(`entries ${names.get(slot)} and ${name} are at the same place`);
    names.set(slot, name);
  }
  const entrySlots = [...names.keys()];
  taken.forEach((offset, i) => {
    if (offset === null) return;
    const slot = slotOf(`function ${i}`, offset);
    if (!names.has(slot)) names.set(slot, `fn_${slot}`);
  });
  let heads: readonly number[] = [];
  const numbers = (slots: readonly number[]): readonly number[] => {
    heads = slots;
    return numberHeads(slots, taken, fail);
  };
  const found = splitCode({ bytes: code, file, scan, names, references, numbers });
  const byNumber = new Map(found.map((fn) => [fn.index, fn]));
  const numberAt = new Map(heads.map((slot, i) => [slot, found[i]!.index]));
  const functions = taken.map((_, i) => byNumber.get(i) ?? unused(i, file));
  const program: Program = {
    functions,
    entries: entrySlots.map((slot) => numberAt.get(slot)!),
    globals: { data, bssLength, rodata, sections: [], symbols: [], pointers: storedFunctions(flat) },
    origin: 'image',
  };
  const known = new Set(addressTaken(program));
  const listed = taken.findIndex((offset, i) => offset !== null && !known.has(i));
  if (listed >= 0) fail(`nothing takes the address of function ${listed}, which the table lists`);
  const frames = MAX_DEPTH * FLAT_FRAME;
  if (flat.frameBytes > 0 && flat.frameBytes < frames)
    fail('too few stack frames', { expected: `none, or ${frames} bytes`, got: `${flat.frameBytes} bytes` });
  if (flat.frameBytes === 0 && functions.some(isFrameUse))
    fail('instructions use r10, but the image has no stack frames');
  return program;
}

/** Stands for a function that nothing calls, so that the others keep their numbers. */
function unused(index: number, file: string): BpfFunction {
  const empty = { lines: new Map(), calls: new Map(), references: new Map() };
  return decodeFunction({ index, name: `unused_${index}`, section: '', file, bytes: EXIT, ...empty });
}
