// SPDX-License-Identifier: MIT
import { lineAt, type Program } from '../bpf/program.js';
import type { Target } from '../codegen/target.js';
import type { Contract } from '../contract/types.js';
import { CompileError } from '../errors/index.js';
import type { RunResult } from '../host/engine.js';
import { contractHash } from '../image/contract-hash.js';
import type { Image } from '../image/image.js';
import type { ImageMap } from '../image/map.js';
import { findEntry } from '../image/read.js';
import type { AddCommand } from './command.js';
import {
  DEFAULT_FUEL,
  ENGINES,
  type EngineName,
  type Job,
  prepareNative,
  runJobs,
  type Stand,
  standFor,
} from './engines.js';
import { contractFor, type Input, loadContract, loadInput, loadMap, selectEntry } from './load.js';
import { BOARDS } from './qemu-boards.js';
import { type Output, type Session, usage, writeJson, writeOutputs } from './session.js';
import {
  bytesOption,
  checkBoard,
  choice,
  countOption,
  imageTarget,
  levelOption,
  type RegionOption,
  regionOption,
  targetOption,
} from './values.js';
import { hasNoLines, NO_LINES, reportVerdicts, verdictDocument } from './verify.js';

interface RunCommand {
  target?: string;
  engine?: string;
  board?: string;
  function?: string;
  contract?: string;
  ctx?: string;
  ctxOut?: string;
  region: string[];
  fuel?: string;
  optimise: string;
  map?: string;
  raw?: boolean;
  json?: boolean;
}

/** What a board's firmware is compiled with so that it runs eBPF. */
const WITH_INTERPRETER = '-DFCC_INTERPRETER=1';

const many = (value: string, before: string[]): string[] => [...before, value];

/** `fcc run`: runs a program or image and shows the result. A trap ends with exit code 1. */
export const addRun: AddCommand = (program, session, act) => {
  program
    .command('run')
    .argument('FILE', 'eBPF object, image or Femto-Container image, - for standard input')
    .description('run a program in the interpreter, the simulator or QEMU')
    .option('-t, --target <name>', 'target core (native engines)')
    .option('--engine <name>', 'interp, sim or qemu (default: interp without a target, else sim)')
    .option('--board <name>', 'emulated board of --engine qemu (default: the first that `fcc targets` lists)')
    .option('--function <name>', 'entry point')
    .option('--contract <file>', 'hook contract')
    .option('--ctx <bytes>', 'context: hex:… or a file; pointer and length fields are filled in')
    .option('--ctx-out <file>', 'write the context as the program left it')
    .option('--region <name=bytes>', 'granted region: NAME=FILE[:rw] or NAME=hex:…', many, [])
    .option('--fuel <n>', `instructions or fuel units before a fuel trap (default ${DEFAULT_FUEL})`)
    .option('-O, --optimise <level>', 'optimisation level 0, 1 or 2', '2')
    .option('--map <file>', 'map of an image, for source lines of traps')
    .option('--raw', 'the input is bare eBPF instructions')
    .action((file: string, o: RunCommand) => act(() => run(session, file, o)));
};

async function run(session: Session, file: string, o: RunCommand): Promise<number> {
  const level = levelOption(o.optimise);
  const input = loadInput(session, file, o.raw === true);
  const ebpf = input.kind === 'image' ? input.ebpf : null;
  const native = o.target !== undefined || input.kind === 'image';
  const engine: EngineName = choice('--engine', o.engine ?? (native && !ebpf ? 'sim' : 'interp'), ENGINES);
  if (ebpf) checkInterpreted(engine, o);
  if (engine !== 'interp' && o.target === undefined && input.kind === 'object')
    throw usage('--engine sim and qemu need a target', { help: 'add -t cortex-m4' });
  const contract =
    input.kind === 'image'
      ? await loadContract(session, o.contract)
      : await contractFor(session, input.program, o.contract, [selectEntry(input.program, o.function)]);
  checkBoard(engine, o.board);
  const regions = o.region.map((r) => regionOption(session, r));
  if (input.kind === 'image') checkContract(input.image, contract);
  checkRegions(contract, regions);
  if (o.json && o.ctxOut === '-') throw usage('--json and --ctx-out - both want standard output');
  const request = {
    context: o.ctx === undefined ? defaultContext(contract) : bytesOption(session, '--ctx', o.ctx),
    regions: new Map(regions.map((r) => [r.name, r.bytes])),
    fuel: o.fuel === undefined ? DEFAULT_FUEL : countOption('--fuel', o.fuel),
  };
  const stand = engine === 'interp' ? null : standFor(engine, chooseTarget(o.target, input), o.board);
  if (ebpf && stand) checkInterpreter(stand);
  const base = { contract, request, helpers: [] };
  let job: Job;
  if (input.kind === 'image') {
    const map = loadMap(session, o.map, input.image);
    const entry = imageEntry(input.image, o.function);
    job = { ...base, native: { image: input.image, entry, map } };
    if (ebpf && !stand) {
      const number = input.image.entries.indexOf(findEntry(input.image, entry)!);
      job = { ...job, bpf: { program: ebpf, entry: ebpf.entries[number]! } };
    }
  } else {
    const entry = selectEntry(input.program, o.function);
    if (stand) {
      const prepared = prepareNative(input.program, entry, { target: stand.target, contract, level, helpers: [] });
      if ('verdict' in prepared) {
        const code = reportVerdicts(session, input.program, [prepared]);
        if (o.json) writeJson(session, { programs: [verdictDocument(input.program, prepared)] });
        return code;
      }
      job = { ...base, native: prepared };
    } else job = { ...base, bpf: { program: input.program, entry } };
  }
  const [result] = await runJobs(engine, stand, [job]);
  if (!result) throw new Error('the engine gave no result');
  writeBack(session, o, regions, result);
  const program = input.kind === 'object' ? input.program : null;
  const trap = trapDocument(result, program, job.native?.map);
  if (o.json) {
    writeJson(session, {
      engine,
      target: stand?.target.core.name ?? null,
      board: stand?.board ?? null,
      status: result.status,
      r0: result.r0,
      instructions: result.instructions,
      ...(trap ? { trap } : {}),
      context: result.context,
      log: result.log,
    });
  } else {
    session.out(result.log);
    if (trap) {
      const place = trap.file === null ? trapHint(input, o) : `\n  --> ${trap.file}:${trap.line}`;
      const detail = trap.detail === null ? '' : `: ${trap.detail}`;
      session.err(
        `trap ${trap.code} (${trap.name})${trap.site === null ? '' : ` at site ${trap.site}`}${detail}${place}\n`,
      );
    } else {
      const count = result.instructions === null ? '' : ` after ${result.instructions} instructions`;
      session.out(`r0 = 0x${result.r0.toString(16)} (${BigInt.asIntN(64, result.r0)})${count}\n`);
    }
  }
  return result.status === 'ok' ? 0 : 1;
}

/** Why a trap has no source line, where the user can do something about it. */
function trapHint(input: Input, o: RunCommand): string {
  if (input.kind === 'image')
    return o.map === undefined ? '\n help:   --map FILE, written by `fcc compile`, names the source line' : '';
  return hasNoLines(input.program) ? `\n note:   ${NO_LINES}` : '';
}

/** An image of eBPF text has no native code: it is for interpreters, ours or that of the firmware on an emulated board. */
function checkInterpreted(engine: EngineName, o: RunCommand): void {
  const help = 'add --engine qemu and -t CORE to run it there, or neither to run it here';
  if (engine === 'sim') throw usage('the simulator runs native code, and the image is eBPF', { help });
  if (engine === 'qemu' && o.target === undefined) throw usage('--engine qemu needs a target', { help });
  if (engine === 'interp' && o.target !== undefined)
    throw usage('-t is for the emulated board of an image of eBPF', { got: `-t ${o.target}, no --engine qemu`, help });
}

/** Not every firmware is built with the interpreter. Errors: FCC0806. */
function checkInterpreter({ target, board }: Stand): void {
  const steps = BOARDS[board ?? '']?.build ?? [];
  if (steps.some((s) => 'args' in s && s.args.includes(WITH_INTERPRETER))) return;
  throw new CompileError('FCC0806', `there is no firmware with an interpreter for ${target.core.name}`, {
    got: `board ${board}`,
    help: 'name another core, or leave -t and --engine out to run it here',
  });
}

/** Regions without a fixed size have to be given: an empty one is hardly what is meant. Errors: FCC0701. */
function checkRegions(contract: Contract, regions: readonly RegionOption[]): void {
  for (const { name } of regions) {
    if (!contract.regions.some((r) => r.name === name)) {
      const names = contract.regions.map((r) => r.name).join(', ');
      throw new CompileError('FCC0701', `the contract has no region ${name}`, {
        expected: names === '' ? 'no region' : names,
      });
    }
    if (regions.filter((r) => r.name === name).length > 1) throw usage(`region ${name} is given twice`);
  }
  for (const row of contract.regions) {
    if (row.size !== null || regions.some((r) => r.name === row.name)) continue;
    throw new CompileError('FCC0701', `region ${row.name} is not given, and the contract has no size for it`, {
      expected: `${row.minSize} to ${row.maxSize} bytes`,
      help: `add --region ${row.name}=FILE, or --region ${row.name}=hex:… (hex: alone for an empty one)`,
    });
  }
}

function chooseTarget(name: string | undefined, input: Input): Target {
  if (name !== undefined || input.kind === 'object') return targetOption(name);
  return imageTarget(input.image);
}

/** A context of fixed size may be left out: zeros. */
function defaultContext(contract: Contract): Uint8Array | null {
  return contract.context.size === null ? null : new Uint8Array(contract.context.size);
}

function imageEntry(image: Image, name: string | undefined): string {
  const names = image.entries.map((e) => e.name);
  if (name === undefined && names.length === 1) return names[0]!;
  if (name !== undefined && findEntry(image, name)) return name;
  throw new CompileError(
    'FCC0004',
    name === undefined ? 'the image has several entry points' : `no entry point named ${name}`,
    {
      expected: names.join(', '),
      help: 'choose one with --function',
    },
  );
}

/** An image compiled against one contract must not be run under another. */
function checkContract(image: Image, contract: Contract): void {
  const hash = contractHash(contract);
  if (hash === image.contractHash) return;
  throw new CompileError('FCC0712', 'the image was compiled against another contract', {
    expected: `contract hash ${image.contractHash.toString(16).padStart(8, '0')}`,
    got: `${contract.hook}: ${hash.toString(16).padStart(8, '0')}`,
    help: 'give the contract that `fcc compile` was given',
  });
}

function writeBack(session: Session, o: RunCommand, regions: readonly RegionOption[], result: RunResult): void {
  const outputs: Output[] = [];
  if (o.ctxOut !== undefined) outputs.push([o.ctxOut, result.context ?? new Uint8Array()]);
  for (const r of regions) {
    const bytes = result.regions.get(r.name);
    if (r.writeBack !== null && bytes) outputs.push([r.writeBack, bytes]);
  }
  writeOutputs(session, outputs);
}

interface TrapDocument {
  code: number;
  name: string;
  site: number | null;
  file: string | null;
  line: number | null;
  detail: string | null;
}

/** The trap with its source line, from the object's line info or the image's map. */
export function trapDocument(
  result: RunResult,
  program: Program | null,
  map: ImageMap | undefined,
): TrapDocument | null {
  const { trap } = result;
  if (!trap) return null;
  const fn = program && trap.func !== undefined ? program.functions[trap.func] : undefined;
  const info = fn && trap.slot !== undefined ? lineAt(fn, trap.slot) : undefined;
  const site =
    trap.site === null ? map?.sites.find((s) => s.func === trap.func && s.slot === trap.slot) : map?.sites[trap.site];
  return {
    code: trap.code,
    name: trap.name,
    site: trap.site,
    file: info?.file ?? site?.file ?? null,
    line: info?.line ?? site?.line ?? null,
    detail: trap.detail ?? null,
  };
}
