// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { targets } from '../../backends/index.js';
import type { Executed } from '../bench/types.js';
import type { Target } from '../codegen/target.js';
import { HELPERS } from '../contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT } from '../contract/types.js';
import type { RunRequest } from '../host/engine.js';
import { makeGuest } from '../host/guest.js';
import { crc32Text } from '../image/crc32.js';
import { fromNative, type NativeSignature, nativeOffset, toNative } from './bench-layout.js';
import { type Elf32, readElf32, symbolAddress } from './elf32.js';
import { emulatorOf, QemuEngine } from './qemu.js';
import { BOARDS, type NativeTools } from './qemu-boards.js';
import { runtimeFolder } from './qemu-build.js';
import { type CountedSection, type CountingPlan, cacheFolder, runTool } from './qemu-count.js';
import { contractPatches, type Patch } from './qemu-records.js';

/** What a C compiler is asked for. */
export type Level = '-O2' | '-Os';

/** A board that runs C for a core, and the compiler for it. */
export interface NativeStand {
  readonly board: string;
  readonly tools: NativeTools;
  /** What is to be said of figures from it; null: nothing. */
  readonly note: string | null;
}

/**
 * Where programs in C for a core run: on its first emulated board, or for cores whose compiler no distribution packages on the one
 * whose code they execute as well. null: nowhere.
 */
export function nativeStand(target: Target): NativeStand | null {
  const first = target.core.emulators[0]?.board;
  const own = first === undefined ? undefined : BOARDS[first];
  if (!own || first === undefined) return null;
  if (own.native) return { board: first, tools: forCore(own.native, target), note: null };
  const other = BOARDS[LX106]!;
  const note = `gcc: code for the LX106, as no packaged gcc knows ${target.core.name}; counted on an emulated LX106`;
  return { board: LX106, tools: other.native!, note };
}

const LX106 = 'sim-lx106';

/** The compiler's code is for the core, also where a larger one stands in for it. */
function forCore(tools: NativeTools, { arch, core }: Target): NativeTools {
  if (arch !== 'thumb') return tools;
  return { ...tools, processor: tools.processor.map((a) => (a.startsWith('-mcpu=') ? `-mcpu=${core.name}` : a)) };
}

/** One entry point of a C source. */
export interface NativeEntry {
  readonly name: string;
  readonly contract: Contract;
  readonly signature: NativeSignature;
}

/** A firmware around one source. */
export interface NativeProgram {
  readonly path: string;
  readonly elf: Elf32;
  /** Code and literal pools of the program and the routines that it calls. */
  readonly textBytes: number;
  /** By entry point: of the deepest chain of calls, without routines of the library; null where calls have no end. */
  readonly stackBytes: ReadonlyMap<string, number | null>;
}

const DIVISIONS = ['UDIV', 'UMOD', 'DIV', 'MOD'].flatMap((name) => [`${name}32`, `${name}64`]);
/** Members of the archive of routines: the part of bench/library.c, or another source. */
const LIBRARY = [
  ...['MEMORY', 'MOVE', 'SET', 'COMPARE', 'ATOMICS', 'MULTIPLY', ...DIVISIONS].map((part) => ({
    name: part,
    args: [`-DPART_${part}`, 'bench/library.c'],
  })),
  { name: 'INTRINSICS', args: ['src/intrinsics.c'] },
];
const FIRMWARE = ['bench/native.c', 'src/helpers.c', 'firmware/batch/helpers.c'];
/** As the firmware that runs images is compiled, see qemu-boards.ts. */
const OWN_FLAGS = [
  ...['-std=gnu11', '-ffreestanding', '-O2', '-Iinclude', '-nostdlib', '-fno-tree-loop-distribute-patterns'],
  ...['-ffunction-sections', '-fdata-sections', '-fno-builtin'],
];
/** -w: eBPF's `void *` and calls of helpers need not please another compiler. */
const PROGRAM_FLAGS = ['-ffreestanding', '-ffunction-sections', '-fcallgraph-info=su', '-w'];
/** What the toolchain has comes first; routines of either may call the other's. */
const LIBRARIES = (archive: string): string[] => ['-lgcc', archive, '-lgcc', archive];
const LINK_FLAGS = ['-nostdlib', '-nostartfiles', '-Wl,--gc-sections', '-Wl,--build-id=none'];

/** Headers in folders of the runtime, below it. */
export function headersOf(...folders: readonly string[]): string[] {
  const list = (folder: string): string[] => readdirSync(join(runtimeFolder()!, folder)).sort();
  return folders.flatMap((folder) =>
    list(folder).flatMap((name) => (name.endsWith('.h') ? [`${folder}/${name}`] : [])),
  );
}

/** What all firmware for a board shares, compiled once for each state of the sources: objects and an archive. */
function buildCommon(board: string, tools: NativeTools, level: Level): { objects: string[]; archive: string } {
  const root = runtimeFolder()!;
  const sources = [...FIRMWARE, ...tools.sources];
  const hash = createHash('sha256').update(JSON.stringify([board, tools, OWN_FLAGS, LIBRARY, level]));
  const read = [
    ...sources,
    'bench/library.c',
    'src/intrinsics.c',
    ...headersOf('bench', 'src', 'include', 'firmware/batch'),
  ];
  for (const path of read) hash.update(path).update(readFileSync(join(root, path)));
  const folder = join(cacheFolder(), `native-${hash.digest('hex').slice(0, 24)}`);
  const objects = sources.map((s) => join(folder, `${s.replace(/[/.]/g, '-')}.o`));
  const archive = join(folder, 'library.a');
  if (existsSync(folder)) return { objects, archive };
  const scratch = mkdtempSync(join(cacheFolder(), 'build-'));
  try {
    const compile = (args: readonly string[], out: string): void => {
      const all = [...OWN_FLAGS, ...tools.processor, ...tools.defines, ...args, '-c', '-o', join(scratch, out)];
      runTool(tools.gcc, all, 'the firmware for C programs', root);
    };
    for (const [i, source] of sources.entries()) compile([source], basename(objects[i]!));
    for (const { name, args } of LIBRARY) compile([level, ...args], `${name}.a.o`);
    const members = LIBRARY.map(({ name }) => join(scratch, `${name}.a.o`));
    runTool(tools.ar, ['rcs', join(scratch, 'library.a'), ...members], 'the archive of routines');
    try {
      renameSync(scratch, folder);
    } catch (e) {
      // Another process was faster.
      if (!existsSync(folder)) throw e;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { objects, archive };
}

/** The list of entry points that native.c calls, in C. */
function entriesSource(entries: readonly NativeEntry[]): string {
  const typeOf = { pointer: 'void *', 4: 'uint32_t', 8: 'uint64_t' } as const;
  const lines = ['#include <stdint.h>', '#include "native.h"'];
  for (const [i, { name, signature }] of entries.entries()) {
    const { params, result } = signature;
    const type = result === 0 ? 'void' : result === 8 ? 'uint64_t' : 'uint32_t';
    const given = params.map((p, k) => (k === 0 ? 'context' : k === 1 ? `(${typeOf[p]})length` : `(${typeOf[p]})0`));
    lines.push(
      `extern ${type} ${name}(${params.map((p) => typeOf[p]).join(', ') || 'void'});`,
      `uint64_t bench_run_${i}(void *context, uint32_t length) {`,
      '(void)context; (void)length; bench_start();',
      `${result === 0 ? '' : `${type} value = `}${name}(${given.join(', ')});`,
      `bench_stop(); return ${result === 0 ? '0' : 'value'}; }`,
    );
  }
  const rows = entries.map(({ name }, i) => `{ ${crc32Text(name)}u, bench_run_${i} }`);
  lines.push(`const native_entry_t native_entries[] = { ${rows.join(', ')} };`);
  lines.push(`const uint32_t native_entry_count = ${entries.length};`);
  return lines.join('\n');
}

/**
 * Compiles a C source and links it into a firmware below `folder`, which stays the caller's. Errors: FCC0802 if the source or the
 * firmware does not build.
 */
export function buildNative(
  stand: NativeStand,
  source: string,
  level: Level,
  entries: readonly NativeEntry[],
  folder: string,
): NativeProgram {
  const { tools, board } = stand;
  const root = runtimeFolder()!;
  const { objects, archive } = buildCommon(board, tools, level);
  const stem = join(folder, `${basename(source, '.c')}${level}`);
  const list = `${stem}-entries.c`;
  writeFileSync(list, entriesSource(entries));
  const program = `${stem}.o`;
  const flags = [...tools.processor, level, ...PROGRAM_FLAGS];
  writeFileSync(`${stem}.i`, nameHelpers(runTool(tools.gcc, [...flags, '-E', source], basename(source))));
  runTool(tools.gcc, [...flags, '-c', `${stem}.i`, '-o', program], basename(source));
  const glue = `${stem}-entries.o`;
  const own = [...OWN_FLAGS, ...tools.processor, `-I${join(root, 'bench')}`, '-c', list, '-o', glue];
  runTool(tools.gcc, own, 'the list of entry points', root);
  const path = `${stem}.elf`;
  const link = [...tools.processor, ...LINK_FLAGS, ...tools.link];
  runTool(tools.gcc, [...link, ...objects, glue, program, ...LIBRARIES(archive), '-o', path], basename(source), root);
  const alone = `${stem}-alone.elf`;
  linkAlone(tools, program, archive, entries, alone);
  const graph = readFileSync(`${stem}.ci`, 'utf8');
  return {
    path,
    elf: readElf32(readFileSync(path)),
    textBytes: textOf(readElf32(readFileSync(alone)), entries),
    stackBytes: new Map(entries.map(({ name }) => [name, deepestStack(graph, name)])),
  };
}

/** `static int (*const name)(int) = (int (*)(int))(0x10);`, as eBPF programs declare helpers. */
const HELPER =
  /\bstatic\s+([\w\s*]+?)\(\s*\*\s*(?:const\s+)?(\w+)\s*\)\s*\(([^()]*)\)\s*=\s*[^;=]*?\(?\b(0x[0-9a-f]+|\d+)U?L*\s*\)?\s*;/gi;

/** Makes functions of a preprocessed source's helpers: those that the firmware has under the same id. */
export function nameHelpers(source: string): string {
  return source.replace(HELPER, (all, result: string, name: string, parameters: string, id: string) => {
    const helper = HELPERS.find((h) => h.id === Number(id));
    return helper ? `extern ${result.trim()} ${name}(${parameters}) __asm__("bpf_${helper.name}");` : all;
  });
}

/**
 * Links the program with the routines it calls and nothing else: for its size. Helpers, which the firmware has, get an address near
 * the code, so that calls take their usual length.
 */
function linkAlone(
  tools: NativeTools,
  program: string,
  archive: string,
  entries: readonly NativeEntry[],
  out: string,
): void {
  const text = 0x10000;
  const undefinedNames = undefinedSymbols(readFileSync(program));
  const helpers = undefinedNames.filter((n) => n.startsWith('bpf_')).map((n) => `-Wl,--defsym=${n}=${text}`);
  const keep = entries.map(({ name }) => `-Wl,-u,${name}`);
  runTool(
    tools.gcc,
    [
      ...[...tools.processor, ...LINK_FLAGS, `-Wl,-Ttext=${text}`, '-Wl,-e,0', ...keep, ...helpers],
      ...[program, ...LIBRARIES(archive), '-Wl,--no-warn-rwx-segments', '-o', out],
    ],
    basename(program),
  );
}

/**
 * Bytes of stack of a function and what it calls at most, from GCC's graph of calls ("GCC Developer Options", -fcallgraph-info=su); null for
 * recursion, or where the function is not there. What the graph has no size for counts as 0.
 */
export function deepestStack(graph: string, name: string): number | null {
  const sizes = new Map<string, number>();
  const calls = new Map<string, string[]>();
  for (const line of graph.split('\n')) {
    const node = /^node: { title: "([^"]+)"/.exec(line);
    const bytes = /\\n(\d+) bytes/.exec(line);
    if (node) sizes.set(node[1]!, bytes ? Number(bytes[1]) : 0);
    const edge = /^edge: { sourcename: "([^"]+)" targetname: "([^"]+)"/.exec(line);
    if (edge) calls.set(edge[1]!, [...(calls.get(edge[1]!) ?? []), edge[2]!]);
  }
  const done = new Map<string, number | null>();
  const depth = (at: string): number | null => {
    const known = done.get(at);
    if (known !== undefined) return known;
    done.set(at, null);
    const below = (calls.get(at) ?? []).map(depth);
    const sum = below.includes(null) ? null : (sizes.get(at) ?? 0) + Math.max(0, ...below.map((n) => n ?? 0));
    done.set(at, sum);
    return sum;
  };
  return sizes.has(name) ? depth(name) : null;
}

/** Names that an object refers to and does not define. */
function undefinedSymbols(object: Uint8Array): string[] {
  return readElf32(object).symbols.flatMap((s) => (s.undefined && s.name !== '' ? [s.name] : []));
}

function textOf(elf: Elf32, entries: readonly NativeEntry[]): number {
  for (const { name } of entries) symbolAddress(elf, name);
  return elf.sections.reduce((n, s) => n + (s.executable ? s.size : 0), 0);
}

/** What one entry point did with one request. */
export interface NativeResult {
  /** Cut to the bytes that the function's type has. */
  readonly r0: bigint;
  readonly context: Uint8Array | null;
  readonly regions: ReadonlyMap<string, Uint8Array>;
  readonly executed: readonly Executed[];
}

/** Runs entry points, each with a request. Errors: FCC08xx, FCC0701 for requests that do not fit. */
export async function runNative(
  target: Target,
  { board }: NativeStand,
  program: NativeProgram,
  runs: readonly { readonly entry: NativeEntry; readonly request: RunRequest }[],
): Promise<NativeResult[]> {
  const owner = board === target.core.emulators[0]?.board ? target.core : coreOfBoard(board).core;
  const engine = new QemuEngine({ core: owner }, { board: emulatorOf(owner, board).board });
  const cases = runs.map(({ entry, request }) => {
    const { contract, signature } = entry;
    const filled = makeGuest(contract, request).context?.bytes ?? null;
    return {
      image: new Uint8Array(0),
      entry: entry.name,
      contract: nativeContract(contract),
      request: { ...request, context: filled && toNative(clearPointers(filled, contract), signature.layout) },
      patches: contractPatches(contract).flatMap((p): Patch[] => {
        const offset = nativeOffset(p.offset, signature.layout);
        return offset === null ? [] : [{ ...p, offset, size: 4 }];
      }),
    };
  });
  const at = (address: number, bank: number) => [address, address, bank] as const;
  const plan: CountingPlan = {
    shift: 0,
    marks: [at(symbolAddress(program.elf, 'bench_start'), 1), at(symbolAddress(program.elf, 'bench_stop'), 0)],
    cuts: [symbolAddress(program.elf, 'batch_helpers_reset')],
  };
  const done: NativeResult[] = [];
  // A boot each: what the program keeps in variables is as at its start.
  for (const [i, { entry, request }] of runs.entries()) {
    const { contract, signature } = entry;
    const { results, sections } = await engine.runCounted([cases[i]!], plan, program.path);
    const raw = results[0]!;
    const context =
      request.context && raw.context ? fromNative(raw.context, request.context, signature.layout) : raw.context;
    done.push({
      r0: BigInt.asUintN(8 * signature.result, raw.r0),
      context: context && request.context ? hostFields(context, request.context, contract) : null,
      regions: new Map(contract.regions.map((r, k) => [r.name, raw.regions[k]!])),
      executed: programRows(sections[1] ?? [], program.elf),
    });
  }
  return done;
}

/** As the contract, for a firmware that lays the context out itself. */
function nativeContract(contract: Contract): Contract {
  return { ...contract, context: { ...DEFAULT_CONTRACT.context, align: 8 } };
}

/** Pointer and length fields as the request had them, as other engines show them. */
export function hostFields(context: Uint8Array, before: Uint8Array, contract: Contract): Uint8Array {
  for (const f of contract.context.fields) {
    if (f.kind === 'scalar') continue;
    const end = f.offset + (f.kind === 'pointer' ? 8 : f.size);
    context.set(before.subarray(f.offset, end), f.offset);
  }
  return context;
}

function clearPointers(context: Uint8Array, contract: Contract): Uint8Array {
  const cleared = Uint8Array.from(context);
  for (const f of contract.context.fields) if (f.kind === 'pointer') cleared.fill(0, f.offset, f.offset + 8);
  return cleared;
}

/** A target that the board emulates. */
export function coreOfBoard(board: string): Target {
  const found = targets.find((t) => t.core.emulators.some((e) => e.board === board));
  if (!found) throw new Error(`no core has the board ${board}`);
  return found;
}

/** What the driver executes between the marks is not the program's. */
const DRIVER = /^(bench_|bpf_)/;

/** The rows of a section that belong to the program or a routine it calls. */
function programRows(section: CountedSection, elf: Elf32): Executed[] {
  const driver = elf.symbols.filter((s) => s.code && s.size > 0 && DRIVER.test(s.name));
  return section.flatMap(({ address, bytes, banks }) => {
    const { count, taken } = banks[0]!;
    if (count === 0 || driver.some((s) => address >= s.address && address < s.address + s.size)) return [];
    return [{ address, bytes, count, taken }];
  });
}
