// SPDX-License-Identifier: MIT
import { insnSlots } from './bpf/decode.js';
import { MAX_DEPTH } from './bpf/flatten.js';
import { type Insn, lineAt, type Program } from './bpf/program.js';
import { AGAIN, unflatten } from './bpf/unflatten.js';
import type { ProgramSummary, Rejected } from './compile.js';
import { type Contract, DEFAULT_CONTRACT } from './contract/types.js';
import { ebpfImage } from './ebpf-image.js';
import { CompileError } from './errors/index.js';
import { UNKNOWN } from './image/fields.js';
import type { Image } from './image/image.js';
import type { ImageMap, MapPlace } from './image/map.js';
import { readImage } from './image/read.js';
import type { AnyTrapName } from './image/traps.js';
import type { Facts } from './verifier/facts.js';
import { verify } from './verifier/verify.js';

/** What `-t` calls images of eBPF text. It is no core: the runtime's interpreter runs them on any. */
export const EBPF_TARGET = {
  name: 'ebpf',
  arch: 'ebpf',
  doc: 'no core: eBPF text, for the interpreter of the runtime on any of them',
} as const;

export interface CompiledEbpf {
  readonly kind: 'compiled';
  readonly image: Uint8Array;
  /** A site for each slot: what the interpreter reports as the site of a trap is the slot's number. */
  readonly map: ImageMap;
  /** One per entry: every access counts as guarded, as the interpreter looks each up; there is no worst case. */
  readonly programs: readonly ProgramSummary[];
}

export interface EbpfOptions {
  /** Default: DEFAULT_CONTRACT. */
  readonly contract?: Contract;
  /** Function indices of the entry points; default: all of the program's. */
  readonly entries?: readonly number[];
  /** An access that cannot be shown to be right is an error. */
  readonly strict?: boolean;
}

/**
 * Verifies a program as for any target and makes an image of its eBPF text; or the verdicts if any entry is rejected.
 * @throws CompileError FCC0501 for calls too deep for the interpreter, FCC0502 for limits of the contract, FCC0610
 */
export function compileEbpf(program: Program, options: EbpfOptions = {}): CompiledEbpf | Rejected {
  const { contract = DEFAULT_CONTRACT, entries = program.entries, strict } = options;
  const verdicts = entries.map((entry) => verify(program, entry, contract, { strict }));
  const facts = verdicts.flatMap((v) => (v.verdict === 'accepted' ? [v.facts] : []));
  if (facts.length < verdicts.length) return { kind: 'rejected', verdicts };
  entries.forEach((entry, i) => {
    checkDepth(program, entry, facts[i]!);
  });
  const bytes = ebpfImage(program, { contract, entries, imports: helpersCalled(program, facts) });
  const image = readImage(bytes);
  const programs = entries.map((entry, i) => summarise(program, entry, facts[i]!, image));
  for (const p of programs) checkLimits(p, contract);
  return { kind: 'compiled', image: bytes, map: makeMap(program, entries, image.checksum), programs };
}

/** The trap that an instruction most likely ends in. */
function trapOf(insn: Insn): AnyTrapName {
  switch (insn.kind) {
    case 'load':
    case 'store':
    case 'atomic':
      return 'memory';
    case 'call':
    case 'callx':
    case 'helper':
      return 'helper';
    default:
      return 'fuel';
  }
}

function makeMap(program: Program, entries: readonly number[], checksum: number): ImageMap {
  const functions: ImageMap['functions'][number][] = [];
  const sites: ImageMap['sites'][number][] = [];
  const text: ImageMap['text'][number][] = [];
  for (const fn of program.functions) {
    const start = 8 * sites.length;
    for (const insn of fn.insns) {
      const line = lineAt(fn, insn.slot);
      const place: MapPlace = {
        func: fn.index,
        slot: insn.slot,
        ...(line ? { file: line.file, line: line.line } : {}),
      };
      text.push({ offset: start + 8 * insn.slot, guard: false, ...place });
      for (let i = insnSlots(insn); i > 0; i--) sites.push({ ...place, trap: trapOf(insn) });
    }
    const { index: func, name, section } = fn;
    functions.push({ func, name, section, entry: entries.includes(func), start, end: start + fn.bytes.length });
  }
  return { schemaVersion: 1, checksum, functions, sites, text };
}

/** Functions that one calls, directly or through a register. */
function calleesOf(program: Program, func: number, facts: Facts): readonly number[] {
  const known = facts.functions[func];
  const direct = program.functions[func]!.insns.flatMap((i) =>
    i.kind === 'call' && known?.reachable[i.slot] ? [i.func] : [],
  );
  const indirect = [...(known?.callees.values() ?? [])].flatMap((c) => (c.kind === 'functions' ? c.funcs : []));
  return [...new Set([...direct, ...indirect])];
}

/** Ids of the helpers that verified entries call: what no run reaches may name helpers that no hook has. */
function helpersCalled({ functions }: Program, facts: readonly Facts[]): readonly number[] {
  return facts.flatMap((known) =>
    functions.flatMap(({ index, insns }) => {
      const own = known.functions[index];
      const direct = insns.flatMap((i) => (i.kind === 'helper' && own?.reachable[i.slot] ? [i.id] : []));
      const indirect = [...(own?.callees.values() ?? [])].flatMap((c) => (c.kind === 'helper' ? [c.id] : []));
      return [...direct, ...indirect];
    }),
  );
}

/** Refuses calls that nest too deep. A verified program does not recurse. Throws FCC0501. */
function checkDepth(program: Program, entry: number, facts: Facts): void {
  let level: readonly number[] = [entry];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      const { name } = program.functions[entry]!;
      throw new CompileError('FCC0501', `the calls of ${name} nest too deep for the interpreter`, {
        at: { function: name },
        expected: `at most ${MAX_DEPTH} functions on the way`,
        help: 'compile it for a core',
      });
    }
    level = [...new Set(level.flatMap((f) => calleesOf(program, f, facts)))];
  }
}

function summarise(program: Program, entry: number, facts: Facts, image: Image): ProgramSummary {
  const reached = program.functions.filter((f) => facts.functions[f.index] !== undefined);
  const known = facts.functions.flatMap((f) =>
    f ? [...f.accesses.values(), ...[...f.helperArgs.values()].flat()] : [],
  );
  const { name, section } = program.functions[entry]!;
  return {
    name,
    section,
    ebpfInstructions: reached.reduce((sum, f) => sum + f.insns.length, 0),
    textBytes: reached.reduce((sum, f) => sum + f.bytes.length, 0),
    stackBytes: image.stackLength + image.frameLength,
    guards: { accesses: known.length, proved: known.filter((a) => a.proved).length, kept: known.length },
    worstCase: null,
  };
}

/** Holds one program against the contract's limits. Throws FCC0502. */
function checkLimits({ name, section, stackBytes }: ProgramSummary, { limits, hook }: Contract): void {
  const refuse = (what: string, expected: string, got: string): never => {
    throw new CompileError('FCC0502', `${name} needs more ${what} than hook ${hook} allows`, {
      at: { function: name, section },
      expected,
      got,
      help: 'compile it for a core',
    });
  };
  if (limits.stackBytes !== null && stackBytes > limits.stackBytes)
    refuse('stack', `at most ${limits.stackBytes} bytes`, `${stackBytes} bytes, with those of the interpreter`);
  if (limits.instructions !== null)
    refuse(
      'instructions',
      `at most ${limits.instructions} instructions`,
      'no worst case: the interpreter counts as it runs',
    );
}

/**
 * The program in an image of eBPF text, for interpreters and listings. Names of functions are those of entry points, to the length
 * that an image keeps.
 * @param file  what messages call the image
 * @throws CompileError FCC0612, FCC0301..FCC0316
 */
export function ebpfProgram(image: Image, file: string): Program {
  const { text, trapTable, trapCount } = image;
  const refuse = (message: string): never => {
    throw new CompileError('FCC0612', message, { at: { file, offset: image.textOffset + trapTable }, help: AGAIN });
  };
  if (image.arch !== 'ebpf') throw new Error(`text of ${image.arch} is not eBPF`);
  const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  const words = Math.floor((text.length - trapTable) / 4);
  // Behind the functions: how many stretches of the context are not to be written, and offset and length of each.
  const kept =
    trapCount < words ? view.getUint32(trapTable + 4 * trapCount, true) : refuse('the text ends in its table');
  if (kept > Math.floor((words - trapCount - 1) / 2)) refuse(`${kept} stretches of the context do not fit the text`);
  const taken = Array.from({ length: trapCount }, (_, i) => {
    const offset = view.getUint32(trapTable + 4 * i, true);
    return offset === UNKNOWN ? null : offset;
  });
  return unflatten({
    file,
    code: text.subarray(0, trapTable),
    taken,
    entries: image.entries,
    data: image.data,
    bssLength: image.bssLength,
    rodata: image.rodata,
    frameBytes: image.frameLength,
  });
}
