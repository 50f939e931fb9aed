// SPDX-License-Identifier: MIT
import { basename } from 'node:path';
import { compile, type ProgramSummary } from '../compile.js';
import { imageToC } from '../image/cheader.js';
import { formatMap } from '../image/map.js';
import { readImage } from '../image/read.js';
import { loadContract, loadObject, selectEntries } from './load.js';
import { listing } from './listing.js';
import type { AddCommand } from './main.js';
import { choice, levelOption, targetOption } from './values.js';
import { usage, writeJson, writeOutput } from './session.js';
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

/** `fcc compile`: object to image, C header or listing. */
export const addCompile: AddCommand = (program, session, act) => {
  program
    .command('compile')
    .argument('OBJ', 'eBPF object file, - for standard input')
    .description('compile an object to a native image')
    .option('-t, --target <name>', 'target core')
    .option('-o, --output <file>', 'output file, - for standard output (default: the object’s name with another ending)')
    .option('--function <name>', 'only this entry point')
    .option('--contract <file>', 'hook contract')
    .option('--strict', 'refuse accesses that would need a guard')
    .option('-O, --optimise <level>', 'optimisation level 0, 1 or 2', '2')
    .option('--format <format>', 'image, c or asm', 'image')
    .option('--map <file>', 'write trap sites and line numbers as JSON')
    .option('--raw', 'the input is bare eBPF instructions')
    .action((file: string, o: CompileCommand) =>
      act(() => {
        const target = targetOption(o.target);
        const level = levelOption(o.optimise);
        const format = choice('--format', o.format, ['image', 'c', 'asm'] as const);
        const object = loadObject(session, file, o.raw === true);
        const contract = loadContract(session, o.contract);
        const entries = selectEntries(object, o.function);
        const result = compile(object, { target, contract, level, entries, strict: o.strict === true });
        if (result.kind === 'rejected') {
          const code = reportVerdicts(session, result.verdicts);
          if (o.json) writeJson(session, { programs: result.verdicts.map((v) => verdictDocument(object, v)) });
          return code;
        }
        const stem = file === '-' ? 'program' : basename(file).replace(/\.(o|elf|bin)$/, '');
        const output = o.output ?? `${stem}.${EXTENSION[format]}`;
        const image = readImage(result.image);
        const data = {
          image: () => result.image,
          c: () => imageToC(image, stem.replace(/\W/g, '_'), contract.hook),
          asm: () => listing({ target, image, map: result.map, program: object, source: true }),
        }[format]();
        if (o.json && output === '-') throw usage('--json and -o - both want standard output');
        if (o.map !== undefined) writeOutput(session, o.map, formatMap(result.map));
        writeOutput(session, output, data);
        const say = output === '-' ? session.err : session.out;
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
