// SPDX-License-Identifier: MIT
import { basename } from 'node:path';
import { printProgram } from '../bpf/print.js';
import type { Program } from '../bpf/program.js';
import type { Target } from '../codegen/target.js';
import {
  type Compiled,
  finish,
  type Prepared,
  type PrepareOptions,
  type ProgramSummary,
  prepare,
  type Rejected,
} from '../compile.js';
import { type CompiledEbpf, compileEbpf, EBPF_TARGET } from '../ebpf.js';
import { imageToC } from '../image/csource.js';
import { formatMap } from '../image/map.js';
import { readImage } from '../image/read.js';
import { guardReport } from '../report/guards.js';
import type { AddCommand } from './command.js';
import { reporting, reportVerdicts, sarifObject, sarifText, slicesOf, verdictDocument } from './diagnostics.js';
import { guardsDocument, guardsText } from './guards.js';
import { listing } from './listing.js';
import { contractFor, loadObject, selectEntries } from './load.js';
import { type Output, type Session, samePath, usage, writeJson, writeOutputs } from './session.js';
import { choice, compileTargetOption, FORMATS, levelOption } from './values.js';

interface CompileCommand {
  target?: string;
  output?: string;
  function?: string;
  contract?: string;
  strict?: boolean;
  optimise: string;
  format: string;
  map?: string;
  guards?: boolean;
  slice?: boolean;
  raw?: boolean;
  json?: boolean;
}

/** One program's line: what went in, what came out, what is left to check at run time. */
export function summaryLine(p: ProgramSummary): string {
  const { accesses, proved, kept } = p.guards;
  const guards = `${kept} of ${accesses} accesses guarded (${proved} proved)`;
  const worst = p.worstCase === null ? 'fuelled' : `worst case ${p.worstCase} instructions`;
  return `${p.name}: ${p.ebpfInstructions} eBPF instructions -> ${p.textBytes} bytes, stack ${p.stackBytes}, ${guards}, ${worst}`;
}

/** What `--format` takes: outputs, and `sarif`, which writes the diagnostics and no image. */
export const COMPILE_FORMATS = [...FORMATS, 'sarif'] as const;

const EXTENSION = { image: 'fcc', c: 'h', asm: 's' } as const;

/** A file's name without folder and ending: what outputs, and arrays in C, are called. */
function stemOf(path: string): string {
  return path === '-' ? 'program' : basename(path).replace(/(?<=.)\.\w+$/, '');
}

/** The output's name where none is given. */
export function outputName(input: string, format: (typeof FORMATS)[number]): string {
  return `${stemOf(input)}.${EXTENSION[format]}`;
}

/** What became of a program: `prepared` is null for eBPF text, which has no guards. */
function attempt(
  object: Program,
  target: Target | null,
  options: PrepareOptions,
): Rejected | { kind: 'compiled'; result: Compiled | CompiledEbpf; prepared: Prepared | null } {
  if (!target) {
    const made = compileEbpf(object, options);
    return made.kind === 'rejected' ? made : { kind: 'compiled', result: made, prepared: null };
  }
  const prepared = prepare(object, options);
  return prepared.kind === 'rejected' ? prepared : { kind: 'compiled', result: finish(prepared, target), prepared };
}

/** What both ways to answer start from. Errors: all of the object, the contract, the command line and the target. */
async function build(session: Session, file: string, o: CompileCommand) {
  const target = compileTargetOption(o.target);
  if (!target && o.guards)
    throw usage('--guards is for cores: the interpreter checks every access', { got: `-t ${o.target}` });
  const level = levelOption(o.optimise);
  const object = loadObject(session, file, o.raw === true);
  const entries = selectEntries(object, o.function);
  const contract = await contractFor(session, object, o.contract, entries);
  const strict = o.strict === true;
  const made = attempt(object, target, { contract, level, entries, strict });
  if (made.kind === 'rejected') {
    const slices = o.slice
      ? slicesOf(
          object,
          entries.map(() => contract),
          made.verdicts,
          { strict },
        )
      : undefined;
    return { kind: 'rejected', object, contract, slices, verdicts: made.verdicts } as const;
  }
  const guards = o.guards && made.prepared ? guardReport(made.prepared) : undefined;
  return { ...made, target, object, contract, guards } as const;
}

/** Errors, and guards as notes, as one SARIF log. */
async function toSarif(
  session: Session,
  file: string,
  o: CompileCommand,
  write: (text: string) => void,
): Promise<number> {
  const made = await build(session, file, o);
  const log = { object: sarifObject(file), program: made.object };
  if (made.kind === 'compiled') {
    write(sarifText({ ...log, errors: [], guards: made.guards, exitCode: 0 }));
    return 0;
  }
  const errors = made.verdicts.flatMap((v) => (v.verdict === 'rejected' ? v.errors : []));
  const exitCode = reportVerdicts(session, made.object, made.verdicts, made.slices);
  write(sarifText({ ...log, errors, exitCode }));
  return exitCode;
}

/** An image, C header or listing, its map, and what became of the programs. */
async function toImage(
  session: Session,
  file: string,
  o: CompileCommand,
  format: (typeof FORMATS)[number],
): Promise<number> {
  const made = await build(session, file, o);
  if (made.kind === 'rejected') {
    const { object, verdicts, slices } = made;
    const code = reportVerdicts(session, object, verdicts, slices);
    if (o.json) writeJson(session, { programs: verdicts.map((v) => verdictDocument(object, v, { slices })) });
    return code;
  }
  const { target, object, contract, prepared, result, guards } = made;
  const name = target ? target.core.name : EBPF_TARGET.name;
  const output = o.output ?? outputName(file, format);
  const outputs: Output[] = [[output, '']];
  if (o.map !== undefined) outputs.push([o.map, formatMap(result.map)]);
  if (outputs.some(([path]) => path !== '-' && samePath(path, file)))
    throw usage('the output would replace the object');
  const streamed = outputs.some(([path]) => path === '-');
  if (o.json && streamed) throw usage('--json and an output both want standard output');
  const image = readImage(result.image);
  const data = await {
    image: () => result.image,
    c: () => imageToC(image, stemOf(output === '-' ? file : output).replace(/\W/g, '_'), contract),
    asm: () =>
      target ? listing({ target, image, map: result.map, program: object, source: true }) : printProgram(object),
  }[format]();
  outputs[0] = [output, data];
  writeOutputs(session, outputs);
  const say = streamed ? session.err : session.out;
  if (o.json) {
    writeJson(session, {
      target: name,
      output,
      programs: result.programs,
      imageBytes: result.image.length,
      ...(guards ? { guards: guardsDocument(guards) } : {}),
    });
  } else {
    for (const p of result.programs) say(`${summaryLine(p)}\n`);
    say(
      `${output === '-' ? 'image' : output}: ${result.image.length} bytes for ${target ? name : 'the interpreter on any core'}\n`,
    );
    if (guards && prepared) say(`\n${guardsText(prepared, guards)}`);
  }
  return 0;
}

/** `fcc compile`: object to image, C header or listing. */
export const addCompile: AddCommand = (program, session, act) => {
  program
    .command('compile')
    .argument('OBJ', 'eBPF object file or Femto-Container image, - for standard input')
    .description('compile an object to a native image')
    .option('-t, --target <name>', 'target core, or ebpf: an image of eBPF for the interpreter on any core')
    .option(
      '-o, --output <file>',
      'output file, - for standard output (default: the object’s name with another ending)',
    )
    .option('--function <name>', 'only this entry point')
    .option('--contract <file>', 'hook contract')
    .option('--strict', 'refuse accesses that would need a guard')
    .option('-O, --optimise <level>', 'optimisation level 0, 1 or 2', '2')
    .option(
      '--format <format>',
      'image, c, asm, or sarif: no image but errors, and with --guards the guards, for code review systems',
      'image',
    )
    .option('--map <file>', 'write trap sites and line numbers as JSON')
    .option('--guards', 'list the guards that are left in the code, why, and what would remove them')
    .option('--slice', 'below each error the instructions that it depends on')
    .option('--raw', 'the input is bare eBPF instructions')
    .action((file: string, o: CompileCommand) =>
      act(() => {
        const format = choice('--format', o.format, COMPILE_FORMATS);
        if (format !== 'sarif') return toImage(session, file, o, format);
        if (o.json || o.map !== undefined)
          throw usage(`--format sarif writes one document, without ${o.json ? '--json' : '--map'}`);
        const write = (text: string): void => writeOutputs(session, [[o.output ?? '-', text]]);
        if (o.output !== undefined && o.output !== '-' && samePath(o.output, file))
          throw usage('the output would replace the object');
        return reporting(session, { format, object: file, write }, () => toSarif(session, file, o, write));
      }),
    );
};
