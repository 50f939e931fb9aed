// SPDX-License-Identifier: MIT
import { flatten } from './bpf/flatten.js';
import type { Program } from './bpf/program.js';
import { type HelperRow, helpersOf } from './contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT, fieldSize } from './contract/types.js';
import { contextWritable } from './host/guest.js';
import { contractParts } from './image/contract-parts.js';
import { IMAGE_LIMITS, UNKNOWN } from './image/fields.js';
import { writeImage } from './image/write.js';

/** Native stack of the runtime's interpreter on the cores we measured it on, with room to spare. */
const INTERPRETER_STACK = 1024;

/**
 * An image whose text is eBPF, for a runtime that is built with its interpreter: same header, tables and memory as a native image, any
 * core. Nothing is verified: the interpreter checks every access. Its trap table is the table of functions;
 * behind it the text says which bytes of the context are read-only. Throws FCC0610 for what an image cannot hold.
 */
export function ebpfImage(
  program: Program,
  {
    contract = DEFAULT_CONTRACT,
    entries = program.entries,
    helpers = [],
  }: { contract?: Contract; entries?: readonly number[]; helpers?: readonly HelperRow[] } = {},
): Uint8Array {
  const flat = flatten(program);
  const kept = keptOfContext(contract);
  const words = [
    ...flat.offsets.map((offset, i) => (flat.taken.includes(i) ? offset : UNKNOWN)),
    kept.length,
    ...kept.flatMap((k) => [k.offset, k.length]),
  ];
  const text = new Uint8Array(flat.code.length + 4 * words.length);
  text.set(flat.code);
  const table = new DataView(text.buffer, flat.code.length);
  for (const [i, word] of words.entries()) table.setUint32(4 * i, word, true);
  const known = [...helpersOf(contract), ...helpers].map((h) => h.id);
  const { globals } = program;
  return writeImage({
    arch: 'ebpf',
    features: 0,
    ...contractParts(contract),
    contextRights: kept.length === 1 && kept[0]!.length === WHOLE ? 'r' : 'rw',
    entries: entries.map((index) => ({
      name: program.functions[index]!.name,
      offset: flat.offsets[index]!,
      worstCase: null,
      stackLength: INTERPRETER_STACK,
    })),
    imports: [...new Set(flat.helperByValue ? known : flat.helpers)],
    text,
    rodata: globals.rodata,
    data: globals.data,
    bssLength: globals.bssLength,
    frameLength: flat.frameBytes,
    trapTable: flat.code.length,
    trapCount: flat.offsets.length,
  });
}

/** Length of a stretch that goes on to the end of any context. */
const WHOLE = IMAGE_LIMITS.MAX_LENGTH.value;

/** Stretches of the context that the program may not write, ascending; the last one reaches beyond the fields if what no field covers is read-only. */
function keptOfContext(contract: Contract): { offset: number; length: number }[] {
  const { fields, size, access } = contract.context;
  const end = size ?? Math.max(0, ...fields.map((f) => f.offset + fieldSize(f)));
  const kept: { offset: number; length: number }[] = [];
  for (let at = 0; at < end; at++) {
    if (contextWritable(contract, at, 1)) continue;
    const last = kept.at(-1);
    if (last && last.offset + last.length === at) last.length++;
    else kept.push({ offset: at, length: 1 });
  }
  const whole = kept[0]?.length === end || end === 0;
  if (access === 'r' && whole) return [{ offset: 0, length: WHOLE }];
  if (access === 'r') kept.push({ offset: end, length: WHOLE });
  return kept;
}
