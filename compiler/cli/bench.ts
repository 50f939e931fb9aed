// SPDX-License-Identifier: MIT
import { targets } from '../../backends/index.js';
import { benchScale } from './bench-scale.js';
import { benchSize } from './bench-size.js';
import type { AddCommand } from './command.js';
import { type Session, usage } from './session.js';
import { countOption, levelOption, targetOption } from './values.js';

interface BenchCommand {
  object?: string[];
  source?: string[];
  target?: string[];
  csv?: string;
  html?: string;
  baseline?: string;
  threshold?: string;
  profile?: boolean;
  size?: boolean;
  scale?: boolean;
  runtime?: boolean;
  update?: boolean;
  sizes?: string;
  limit?: string;
  optimise?: string;
  json?: boolean;
}

/** Sizes of the generated programs, in instructions. */
const SIZES = '1000,10000,100000';
/** The target where none is named, except for --size. */
const TARGET = 'cortex-m4';
/** For --runtime: one for each of its ports, and the smallest core. */
const RUNTIME_TARGETS = ['cortex-m4', 'cortex-m0', 'rv32imc', 'esp8266'];
/** For --update: one of each instruction set. */
const UPDATE_TARGETS = ['cortex-m4', 'rv32imc', 'esp8266'];
/** Counts repeat exactly, so any growth is one. */
const THRESHOLD = '0';

/** What the command can do, and which options belong to one of them only. */
const MODES = {
  run: ['object', 'source', 'csv', 'html', 'baseline', 'threshold', 'profile'],
  size: ['optimise'],
  scale: ['optimise', 'sizes', 'limit'],
  runtime: ['html', 'baseline', 'threshold'],
  update: [],
} as const satisfies Record<string, readonly (keyof BenchCommand)[]>;
type Mode = keyof typeof MODES;

/**
 * `fcc bench`: programs as gcc, fcc and the interpreter run them; `--size`: how large objects become on each target; `--scale`:
 * what programs of growing size cost to compile; `--runtime`: what the C runtime takes and executes; `--update`: what an update over
 * the air sends.
 */
export const addBench: AddCommand = (program, session, act) => {
  const collect = (value: string, all: string[] = []): string[] => [...all, value];
  program
    .command('bench')
    .argument('[OBJ...]', 'eBPF objects, each with its contract NAME.contract.json beside it (default: the fixtures)')
    .description('count what programs execute, compiled by gcc, by fcc and interpreted; or measure text or compiling')
    .option('--object <file>', 'an eBPF object, as without --object; may be given again', collect)
    .option('--source <file>', 'C source of a program, compiled by clang and gcc; may be given again', collect)
    .option(
      '-t, --target <name>',
      `a target; may be given again (default: ${TARGET}; for --size: all; for --runtime and --update: one of each kind)`,
      collect,
    )
    .option('--csv <file>', 'write the figures as CSV')
    .option('--html <file>', 'write a report with plots, one file that opens without a server')
    .option('--baseline <file>', 'compare with what --json printed earlier; exit with 1 if a figure is worse')
    .option('--threshold <percent>', `for --baseline: how much worse is allowed (default: ${THRESHOLD})`)
    .option('--profile', 'print the hottest code of gcc and fcc per program')
    .option('--size', 'instead: bytes of text on each target, and of the eBPF they come from')
    .option('--scale', 'instead: time and memory for generated programs of growing size, and how they grow')
    .option(
      '--runtime',
      'instead: bytes of ROM and RAM of the C runtime, and instructions that it executes around a container',
    )
    .option(
      '--update',
      'instead: bytes on the air of updates, with native images and others, and ROM and RAM of the update path',
    )
    .option('-O, --optimise <level>', 'for --size and --scale: optimisation level 0, 1 or 2 (default: 2)')
    .option('--sizes <list>', `for --scale: numbers of instructions, ascending (default: ${SIZES})`)
    .option('--limit <exponent>', 'for --scale: exit with 1 if something grows faster than n to this power')
    .action((files: string[], o: BenchCommand) => act(() => runBench(session, files, o)));
};

async function runBench(session: Session, files: readonly string[], o: BenchCommand): Promise<number> {
  const asked = (['size', 'scale', 'runtime', 'update'] as const).filter((m) => o[m]);
  if (asked.length > 1) throw usage('two things to measure', { expected: asked.map((m) => `--${m}`).join(' or ') });
  const mode: Mode = asked[0] ?? 'run';
  checkOptions(mode, o);
  const level = levelOption(o.optimise ?? '2');
  const json = o.json === true;
  const chosen = o.target
    ? [...new Set(o.target.map(targetOption))]
    : mode === 'size'
      ? targets
      : (mode === 'runtime' ? RUNTIME_TARGETS : mode === 'update' ? UPDATE_TARGETS : [TARGET]).map(targetOption);
  if (mode === 'size') return benchSize(session, files, { chosen, level, json });
  if (mode === 'scale') {
    if (files.length > 0)
      throw usage('--scale takes no files', { got: files[0], help: 'it generates the programs it measures' });
    const limit = o.limit === undefined ? null : exponentOption(o.limit);
    return benchScale(session, { chosen, level, json, limit, sizes: sizesOption(o.sizes ?? SIZES) });
  }
  if (mode === 'update') {
    const { benchUpdate } = await import('./bench-update.js');
    return benchUpdate(session, files, { chosen, json });
  }
  if (o.threshold !== undefined && o.baseline === undefined) throw usage('--threshold is for --baseline');
  const threshold = percentOption(o.threshold ?? THRESHOLD);
  if (mode === 'runtime') {
    if (files.length > 0) throw usage('--runtime takes no files', { got: files[0] });
    const { benchRuntime } = await import('./bench-runtime.js');
    return benchRuntime(session, { chosen, json, html: o.html ?? null, baseline: o.baseline ?? null, threshold });
  }
  const { benchReport } = await import('./bench-report.js');
  return benchReport(session, {
    objects: [...files, ...(o.object ?? [])],
    sources: o.source ?? [],
    chosen,
    json,
    profile: o.profile === true,
    csv: o.csv ?? null,
    html: o.html ?? null,
    baseline: o.baseline ?? null,
    threshold,
  });
}

/** Refuses options of what is not measured. */
function checkOptions(mode: Mode, o: BenchCommand): void {
  const own: readonly string[] = MODES[mode];
  for (const [other, options] of Object.entries(MODES))
    for (const option of options) {
      if (o[option] === undefined || own.includes(option)) continue;
      const message =
        other === 'run' || other === 'runtime'
          ? `--${option} does not go with --${mode}`
          : `--${option} is for --${other}`;
      throw usage(message, { help: 'see `fcc bench --help`' });
    }
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

function percentOption(text: string): number {
  if (/^\d{1,4}(\.\d+)?$/.test(text)) return Number(text);
  throw usage(`--threshold does not take ${text}`, { expected: 'percent, a number such as 2 or 0.5' });
}
