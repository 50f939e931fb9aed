// SPDX-License-Identifier: MIT
import { basename } from 'node:path';
import { compile, type ProgramSummary } from '../compile.js';
import { imageToC } from '../image/cheader.js';
import { formatMap } from '../image/map.js';
import { readImage } from '../image/read.js';
import type { AddCommand } from './command.js';
import { listing } from './listing.js';
import { loadContract, loadObject, selectEntries } from './load.js';
import { type Output, samePath, usage, writeJson, writeOutputs } from './session.js';
import { choice, FORMATS, levelOption, targetOption } from './values.js';
import { reportVerdicts, verdictDocument } from './verify.js';

interface CompileCommand {
  target?: string;
  output?: string;
  function?: string;
  contract?: string;
  strict?: boolean;
  optimise: string;
  format: string;
  map?: string;
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

const EXTENSION = { image: 'fcc', c: 'h', asm: 's' } as const;

/** A file's name without folder and ending: what outputs, and arrays in C, are called. */
function stemOf(path: string): string {
  return path === '-' ? 'program' : basename(path).replace(/(?<=.)\.\w+$/, '');
}

/** The output's name where none is given. */
export function outputName(input: string, format: (typeof FORMATS)[number]): string {
  return `${stemOf(input)}.${EXTENSION[format]}`;
}

/** `fcc compile`: object to image, C header or listing. */
export const addCompile: AddCommand = (program, session, act) => {
  program
    .command('compile')
    .argument('OBJ', 'eBPF object file, - for standard input')
    .description('compile an object to a native image')
    .option('-t, --target <name>', 'target core')
    .option(
      '-o, --output <file>',
      'output file, - for standard output (default: the object’s name with another ending)',
    )
    .option('--function <name>', 'only this entry point')
    .option('--contract <file>', 'hook contract')
    .option('--strict', 'refuse accesses that would need a guard')
    .option('-O, --optimise <level>', 'optimisation level 0, 1 or 2', '2')
    .option('--format <format>', 'image, c or asm', 'image')
    .option('--map <file>', 'write trap sites and line numbers as JSON')
    .option('--raw', 'the input is bare eBPF instructions')
    .action((file: string, o: CompileCommand) =>
      act(async () => {
        const target = targetOption(o.target);
        const level = levelOption(o.optimise);
        const format = choice('--format', o.format, FORMATS);
        const object = loadObject(session, file, o.raw === true);
        const contract = await loadContract(session, o.contract);
        const entries = selectEntries(object, o.function);
        const result = compile(object, { target, contract, level, entries, strict: o.strict === true });
        if (result.kind === 'rejected') {
          const code = reportVerdicts(session, object, result.verdicts);
          if (o.json) writeJson(session, { programs: result.verdicts.map((v) => verdictDocument(object, v)) });
          return code;
        }
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
          c: () => imageToC(image, stemOf(output === '-' ? file : output).replace(/\W/g, '_'), contract.hook),
          asm: () => listing({ target, image, map: result.map, program: object, source: true }),
        }[format]();
        outputs[0] = [output, data];
        writeOutputs(session, outputs);
        const say = streamed ? session.err : session.out;
        if (o.json) {
          writeJson(session, {
            target: target.core.name,
            output,
            programs: result.programs,
            imageBytes: result.image.length,
          });
        } else {
          for (const p of result.programs) say(`${summaryLine(p)}\n`);
          say(`${output === '-' ? 'image' : output}: ${result.image.length} bytes for ${target.core.name}\n`);
        }
        return 0;
      }),
    );
};
