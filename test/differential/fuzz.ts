// SPDX-License-Identifier: MIT
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printProgram } from '../../compiler/bpf/print.js';
import { writeCase } from './case-file.js';
import { describeFinding, type Finding, type Plan, search } from './find.js';
import { type Options, parseOptions, USAGE } from './fuzz-options.js';
import { newTally, type Tally } from './judge.js';

/** `npm run fuzz` (scripts/fuzz.mjs). A parent gives out blocks of seeds; children of the same file run them. */

/** Seeds a child gets at a time: about a second of work. */
const BLOCK = 10;
/** With a target that is broken every program shows it: more says no more. */
const ENOUGH = 10;

interface Reply {
  readonly tally: Tally;
  readonly found: readonly {
    readonly name: string;
    readonly text: string;
    readonly file: string;
    readonly program: string;
  }[];
}

function report(f: Finding): Reply['found'][number] {
  const { target, level } = f.difference;
  const text = describeFinding(f);
  const { program, contract, request } = f.small;
  return {
    name: `${target || 'any'}-O${level}-${f.seed}.txt`,
    text,
    file: writeCase({ found: text, program, contract, request }),
    program: printProgram(program),
  };
}

/** Child: answers each first seed of a block with what became of the block. */
function serve(plan: Plan): void {
  process.on('message', (first: number) => {
    const tally = newTally();
    const found: Finding[] = [];
    for (let seed = first; seed < first + BLOCK; seed++) {
      const f = search(seed, plan, tally);
      if (f) found.push(f);
    }
    process.send!({ tally, found: found.map(report) } satisfies Reply);
  });
}

async function direct(argv: readonly string[], { seconds, runs, seed, jobs, folder, plan }: Options): Promise<number> {
  const total = newTally();
  const findings: string[] = [];
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  let next = seed;
  const show = (): void => {
    if (!process.stderr.isTTY) return;
    const rate = Math.round((60 * total.runs) / elapsed());
    process.stderr.write(
      `\r${total.programs} programs, ${total.runs} runs, ${rate} a minute, ${findings.length} differences `,
    );
  };
  const done = (): boolean => elapsed() >= seconds || total.runs >= runs || findings.length >= ENOUGH;
  const take = ({ tally, found }: Reply): void => {
    for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += tally[key];
    for (const { name, text, file, program } of found) {
      const path = join(folder, name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(path, file);
      findings.push(text);
      console.log(`\n${text}\n${program}stored as ${path}`);
    }
    show();
  };
  await Promise.all(
    Array.from({ length: jobs }, () => {
      const child = fork(process.argv[1]!, ['--child', ...argv]);
      const more = (): void => {
        if (done()) child.disconnect();
        else {
          child.send(next);
          next += BLOCK;
        }
      };
      return new Promise<void>((resolve, reject) => {
        child.on('message', (reply: Reply) => {
          take(reply);
          more();
        });
        child.on('error', reject);
        child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a job ended with ${code}`))));
        more();
      });
    }),
  );
  if (process.stderr.isTTY) process.stderr.write('\n');
  const rate = Math.round((60 * total.runs) / elapsed());
  console.log(
    `${total.programs} programs (seeds ${seed} to ${next - 1}) on ${plan.subjects.length} targets at -O0, -O1 and -O2: ` +
      `${total.runs} program runs, ${total.ok} ok, ${total.trap} trapped; ${total.rejected} programs rejected; ` +
      `${findings.length} differences; ${rate} runs a minute with ${jobs} ${jobs === 1 ? 'job' : 'jobs'}`,
  );
  return findings.length > 0 ? 1 : 0;
}

async function main(argv: readonly string[]): Promise<number> {
  const child = argv[0] === '--child';
  const args = child ? argv.slice(1) : argv;
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (e) {
    console.error(`${e instanceof Error ? e.message : e}\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (!child) return direct(args, options);
  serve(options.plan);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
