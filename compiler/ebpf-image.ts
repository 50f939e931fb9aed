// SPDX-License-Identifier: MIT
import { flatten } from './bpf/flatten.js';
import type { Program } from './bpf/program.js';
import { allows, type HelperRow, helpersOf } from './contract/helpers.js';
import { isReadOnly, keptWords } from './contract/kept.js';
import { type Contract, DEFAULT_CONTRACT } from './contract/types.js';
import { contractParts } from './image/contract-parts.js';
import { UNKNOWN } from './image/fields.js';
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
    imports,
  }: {
    contract?: Contract;
    entries?: readonly number[];
    helpers?: readonly HelperRow[];
    /** Ids of the helpers that it calls, where the verifier knows; default: all that its instructions name, or if a register may, all that it knows. */
    imports?: readonly number[];
  } = {},
): Uint8Array {
  const flat = flatten(program);
  const kept = keptWords(contract);
  const words = [...flat.offsets.map((offset, i) => (flat.taken.includes(i) ? offset : UNKNOWN)), ...kept];
  const text = new Uint8Array(flat.code.length + 4 * words.length);
  text.set(flat.code);
  const table = new DataView(text.buffer, flat.code.length);
  for (const [i, word] of words.entries()) table.setUint32(4 * i, word, true);
  const known = [...helpersOf(contract).filter((h) => allows(contract, h)), ...helpers].map((h) => h.id);
  const { globals } = program;
  return writeImage({
    arch: 'ebpf',
    features: 0,
    ...contractParts(contract),
    contextRights: isReadOnly(kept) ? 'r' : 'rw',
    entries: entries.map((index) => ({
      name: program.functions[index]!.name,
      offset: flat.offsets[index]!,
      worstCase: null,
      stackLength: INTERPRETER_STACK,
    })),
    imports: [...new Set(imports ?? (flat.helperByValue ? known : flat.helpers))],
    text,
    rodata: globals.rodata,
    data: globals.data,
    bssLength: globals.bssLength,
    frameLength: flat.frameBytes,
    trapTable: flat.code.length,
    trapCount: flat.offsets.length,
  });
}
