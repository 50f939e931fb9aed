// SPDX-License-Identifier: MIT
import { targets } from '../../backends/index.js';
import { benchScale } from './bench-scale.js';
import { benchSize } from './bench-size.js';
import type { AddCommand } from './command.js';
import { type Session, usage } from './session.js';
import { countOption, levelOption, targetOption } from './values.js';

interface BenchCommand {
  target?: string[];
  size?: boolean;
  scale?: boolean;
  sizes?: string;
  limit?: string;
  optimise: string;
  json?: boolean;
}

/** Sizes of the generated programs, in instructions. */
const SIZES = '1000,10000,100000';
/** The target of --scale where none is named. */
const SCALE_TARGET = 'cortex-m4';

/** `fcc bench --size`: how large objects become on each target; `fcc bench --scale`: what programs of growing size cost. */
export const addBench: AddCommand = (program, session, act) => {
  const collect = (value: string, all: string[] = []): string[] => [...all, value];
  program
    .command('bench')
    .argument(
      '[FILE...]',
      'for --size: eBPF objects, each with its contract NAME.contract.json beside it (default: the fixtures)',
    )
    .description('compare the targets, and measure what verifying and compiling cost')
    .option('--size', 'bytes of text on each target, and of the eBPF they come from')
    .option('--scale', 'time and memory for generated programs of growing size, and how they grow')
    .option('-t, --target <name>', 'only this target; may be given again', collect)
    .option('-O, --optimise <level>', 'optimisation level 0, 1 or 2', '2')
    .option('--sizes <list>', `for --scale: numbers of instructions, ascending (default: ${SIZES})`)
    .option('--limit <exponent>', 'for --scale: exit with 1 if something grows faster than n to this power')
    .action((files: string[], o: BenchCommand) => act(() => runBench(session, files, o)));
};

function runBench(session: Session, files: readonly string[], o: BenchCommand): Promise<number> {
  if (o.size === o.scale)
    throw usage(o.size ? 'two things to measure' : 'nothing to measure', { expected: '--size or --scale' });
  const level = levelOption(o.optimise);
  const json = o.json === true;
  if (o.size) {
    for (const option of ['sizes', 'limit'] as const)
      if (o[option] !== undefined) throw usage(`--${option} is for --scale`);
    const chosen = o.target ? o.target.map(targetOption) : targets;
    return benchSize(session, files, { chosen, level, json });
  }
  if (files.length > 0)
    throw usage('--scale takes no files', { got: files[0], help: 'it generates the programs it measures' });
  const chosen = (o.target ?? [SCALE_TARGET]).map(targetOption);
  const limit = o.limit === undefined ? null : exponentOption(o.limit);
  return benchScale(session, { chosen, level, json, limit, sizes: sizesOption(o.sizes ?? SIZES) });
}

/** Ascending numbers of instructions, 100 to 1 000 000. */
function sizesOption(text: string): number[] {
  const sizes = text.split(',').map((word) => countOption('--sizes', word));
  if (sizes.every((n, i) => n >= 100 && n <= 1_000_000 && n > (sizes[i - 1] ?? 0))) return sizes;
  throw usage(`--sizes does not take ${text}`, { expected: 'ascending numbers of 100 to 1000000 instructions' });
}

function exponentOption(text: string): number {
  if (/^\d(\.\d+)?$/.test(text)) return Number(text);
  throw usage(`--limit does not take ${text}`, { expected: 'a number such as 1.2' });
}
