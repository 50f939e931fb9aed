// SPDX-License-Identifier: MIT
import { printProgram } from '../bpf/print.js';
import { compile } from '../compile.js';
import { EBPF_TARGET } from '../ebpf.js';
import { readImage } from '../image/read.js';
import type { AddCommand } from './command.js';
import { listing } from './listing.js';
import { contractFor, loadInput, loadMap, selectEntries } from './load.js';
import { nativeListing } from './native.js';
import { writeJson } from './session.js';
import { imageTarget, levelOption, targetOption } from './values.js';
import { reportVerdicts, verdictDocument } from './verify.js';

interface DisasmCommand {
  target?: string;
  contract?: string;
  function?: string;
  map?: string;
  source?: boolean;
  optimise: string;
  raw?: boolean;
  json?: boolean;
}

/** `fcc disasm`: eBPF of an object, native code of an image, or both side by side. */
export const addDisasm: AddCommand = (program, session, act) => {
  program
    .command('disasm')
    .argument('FILE', 'eBPF object, image or Femto-Container image, - for standard input')
    .description('show eBPF and native code side by side, guards marked with !')
    .option('-t, --target <name>', 'compile an object for this core; without it only eBPF is shown')
    .option('-S, --source', 'show source lines')
    .option('--function <name>', 'only this entry point')
    .option('--contract <file>', 'hook contract')
    .option('--map <file>', 'map of an image')
    .option('-O, --optimise <level>', 'optimisation level 0, 1 or 2', '2')
    .option('--raw', 'the input is bare eBPF instructions')
    .action((file: string, o: DisasmCommand) =>
      act(async () => {
        const input = loadInput(session, file, o.raw === true);
        const level = levelOption(o.optimise);
        const source = o.source === true;
        const show = (text: string, extra: Record<string, unknown>): number => {
          if (o.json) writeJson(session, { ...extra, listing: text.split('\n') });
          else session.out(text);
          return 0;
        };
        if (input.kind === 'image') {
          const map = loadMap(session, o.map, input.image);
          if (input.ebpf) return show(printProgram(input.ebpf), { target: EBPF_TARGET.name });
          const target = o.target === undefined ? imageTarget(input.image) : targetOption(o.target);
          const text = await listing({ target, image: input.image, map, source });
          return show(text, { target: target.core.name, instructions: await nativeListing(target, input.image.text) });
        }
        const entries = selectEntries(input.program, o.function);
        if (o.target === undefined) return show(printProgram(input.program), { target: null });
        const target = targetOption(o.target);
        const contract = await contractFor(session, input.program, o.contract, entries);
        const result = compile(input.program, { target, contract, level, entries });
        if (result.kind === 'rejected') {
          if (o.json) writeJson(session, { programs: result.verdicts.map((v) => verdictDocument(input.program, v)) });
          return reportVerdicts(session, input.program, result.verdicts);
        }
        const image = readImage(result.image);
        const text = await listing({ target, image, map: result.map, program: input.program, source });
        return show(text, { target: target.core.name, instructions: await nativeListing(target, image.text) });
      }),
    );
};
