// SPDX-License-Identifier: MIT
import { loadProgram, rawProgram } from '../bpf/load.js';
import type { Program } from '../bpf/program.js';
import { isRbpf, rbpfProgram } from '../bpf/rbpf.js';
import { type Contract, DEFAULT_CONTRACT } from '../contract/types.js';
import { ebpfProgram } from '../ebpf.js';
import { readElf } from '../elf/elf.js';
import { CompileError } from '../errors/index.js';
import { contractHash } from '../image/contract-hash.js';
import { IMAGE_MAGIC } from '../image/fields.js';
import type { Image } from '../image/image.js';
import { type ImageMap, parseMap } from '../image/map.js';
import { readImage } from '../image/read.js';
import { inputName, readInput, readText, type Session } from './session.js';

/** What a path given on the command line turned out to be. */
export type Input =
  | { readonly kind: 'object'; readonly program: Program }
  /** `ebpf`: the program of an image of eBPF text; null: it has native code. */
  | { readonly kind: 'image'; readonly image: Image; readonly ebpf: Program | null };

const ELF_MAGIC = 0x464c457f;

/** The file that a program was read from: declaration tags in it may be its contract. */
const objects = new WeakMap<Program, { readonly bytes: Uint8Array; readonly name: string }>();

/**
 * Reads an object, an image of ours or one of Femto-Containers, which is an object too; `raw` takes the bytes as bare eBPF instructions.
 * Errors: FCC02xx, FCC03xx, FCC06xx.
 */
export function loadInput(session: Session, path: string, raw: boolean): Input {
  return inputOf(readInput(session, path), inputName(path), raw);
}

/** As loadInput, of bytes that are there; `name` is the file in messages. */
export function inputOf(bytes: Uint8Array, name: string, raw: boolean): Input {
  if (raw) return { kind: 'object', program: rawProgram(bytes, name) };
  const magic = bytes.length >= 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : 0;
  if (magic === IMAGE_MAGIC) {
    const image = ofFile(name, () => readImage(bytes));
    return { kind: 'image', image, ebpf: image.arch === 'ebpf' ? ebpfProgram(image, name) : null };
  }
  if (isRbpf(bytes)) return { kind: 'object', program: rbpfProgram(bytes, name) };
  if (magic !== ELF_MAGIC) {
    throw new CompileError('FCC0201', `${name} is neither an eBPF object nor an fcc image`, {
      at: { file: name },
      expected: 'ELF (7f 45 4c 46), an image of fcc (46 43 43 31) or one of Femto-Containers (72 42 50 46)',
      got: bytes.length === 0 ? 'an empty file' : `bytes ${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`,
      help: 'bare eBPF instructions are taken with --raw',
    });
  }
  const program = loadProgram(bytes, name);
  objects.set(program, { bytes, name });
  return { kind: 'object', program };
}

/** Errors about bytes say in which file they are. */
function ofFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (e) {
    if (!(e instanceof CompileError)) throw e;
    throw new CompileError(e.code, e.message, { ...e.details, at: { file, ...e.details.at } });
  }
}

/** As loadInput, for commands that need eBPF. */
export function loadObject(session: Session, path: string, raw: boolean): Program {
  const input = loadInput(session, path, raw);
  if (input.kind === 'object') return input.program;
  throw new CompileError('FCC0201', `${inputName(path)} is an fcc image, not an eBPF object`, {
    at: { file: inputName(path) },
    help: 'images are for `fcc run`, `fcc disasm` and `fcc inspect`',
  });
}

/** The contract of --contract, or the default one. Errors: FCC04xx. */
export async function loadContract(session: Session, path: string | undefined): Promise<Contract> {
  if (path === undefined) return DEFAULT_CONTRACT;
  const text = readText(session, path);
  // The schema library takes a third of the start-up time: only those wait for it who give a contract.
  const { parseContract } = await import('../contract/schema.js');
  return parseContract(text, inputName(path));
}

/**
 * The contract of each entry point: that of --contract for all, else what the object's declaration tags say of each, else the
 * default one. Errors: FCC04xx, FCC0210.
 */
export async function contractsFor(
  session: Session,
  program: Program,
  path: string | undefined,
  entries: readonly number[],
): Promise<readonly Contract[]> {
  const object = objects.get(program);
  if (
    path !== undefined ||
    !object ||
    !Buffer.from(object.bytes.buffer, object.bytes.byteOffset, object.bytes.length).includes('fcc:')
  ) {
    const contract = await loadContract(session, path);
    return entries.map(() => contract);
  }
  const { contractFromBtf } = await import('../contract/btf.js');
  const elf = readElf(object.bytes, object.name);
  return entries.map((entry) => contractFromBtf(elf, program.functions[entry]!.name) ?? DEFAULT_CONTRACT);
}

/**
 * The one contract of all given entry points, for what is compiled or run together: as `contractsFor`. Errors: and FCC0004 if
 * the object's tags give them different ones.
 */
export async function contractFor(
  session: Session,
  program: Program,
  path: string | undefined,
  entries: readonly number[],
): Promise<Contract> {
  const contracts = await contractsFor(session, program, path, entries);
  const [first = DEFAULT_CONTRACT] = contracts;
  const hash = contractHash(first);
  const other = contracts.findIndex((c) => contractHash(c) !== hash);
  if (other < 0) return first;
  const [a, b] = [entries[0]!, entries[other]!].map((entry) => program.functions[entry]!.name);
  throw new CompileError('FCC0004', `entry points ${a} and ${b} have different contracts`, {
    help: 'choose one with --function, or give one contract for all with --contract',
  });
}

/** The map of --map, which must belong to the image. Errors: FCC0611. */
export function loadMap(session: Session, path: string | undefined, image: Image): ImageMap | undefined {
  if (path === undefined) return undefined;
  const map = parseMap(readText(session, path), inputName(path));
  if (map.checksum === image.checksum) return map;
  const hex = (n: number): string => n.toString(16).padStart(8, '0');
  throw new CompileError('FCC0611', 'the map belongs to another image', {
    at: { file: inputName(path) },
    expected: `checksum ${hex(image.checksum)}`,
    got: hex(map.checksum),
    help: 'give the file that `fcc compile --map` wrote with this image',
  });
}

/** Entry points to work on: all, or the one that --function names. Errors: FCC0004. */
export function selectEntries(program: Program, name: string | undefined): readonly number[] {
  if (name === undefined) {
    if (program.entries.length === 0) throw noEntry(program, 'the object has no entry point');
    return program.entries;
  }
  const found = program.entries.filter((i) => program.functions[i]!.name === name);
  if (found.length === 0) throw noEntry(program, `no entry point named ${name}`);
  return found;
}

/** The one entry point to run. Errors: FCC0004. */
export function selectEntry(program: Program, name: string | undefined): number {
  const entries = selectEntries(program, name);
  if (entries.length > 1) throw noEntry(program, 'the object has several entry points: choose one with --function');
  return entries[0]!;
}

function noEntry(program: Program, message: string): CompileError {
  const names = program.entries.map((i) => program.functions[i]!.name);
  return new CompileError('FCC0004', message, {
    expected: names.length > 0 ? names.join(', ') : 'a global function in a section such as "fc/timer"',
  });
}
