// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import type { Program } from '../../compiler/bpf/program.js';
import { listing } from '../../compiler/cli/listing.js';
import { type Compiled, compile, type Level } from '../../compiler/compile.js';
import { HELPERS } from '../../compiler/contract/helpers.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError } from '../../compiler/errors/index.js';
import { formatError } from '../../compiler/errors/print.js';
import type { RunResult } from '../../compiler/host/engine.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { buildModule } from '../../compiler/ir/build.js';
import type { Module } from '../../compiler/ir/ir.js';
import { printModule } from '../../compiler/ir/print.js';
import { optimise } from '../../compiler/opt/pipeline.js';
import { guardModule } from '../../compiler/sandbox/sandbox.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { mergeFacts } from '../../compiler/verifier/merge.js';
import { verify } from '../../compiler/verifier/verify.js';
import { BLESSED, type CaseFile, MAX_LINES, readCase, readRun, type SectionName, writeCase } from './read.js';

const FOLDER = import.meta.dirname;
const BLESS = process.env.FCC_BLESS === '1';
const LEVELS: readonly Level[] = [0, 1, 2];
const target = findTarget('cortex-m4')!;
const cpu = cpuModel(target);

/** A case's program and contract, and what stages make of them. */
class Subject {
  readonly contract: Contract;
  private loaded: Program | undefined;

  constructor(private readonly file: CaseFile) {
    const text = file.sections.get('contract');
    this.contract = text === undefined ? DEFAULT_CONTRACT : parseContract(text, 'contract');
  }

  get program(): Program {
    this.loaded ??= assemble(this.file.sections.get('asm')!, 'case');
    return this.loaded;
  }

  compiled(level: Level): Compiled {
    const result = compile(this.program, { target, contract: this.contract, level, validate: true });
    if (result.kind === 'rejected') throw new Error('the program is rejected');
    return result;
  }

  module(): Module {
    const { program, contract } = this;
    const facts = program.entries.flatMap((entry) => {
      const v = verify(program, entry, contract);
      return v.verdict === 'accepted' ? [v.facts] : [];
    });
    return buildModule(program, program.entries, mergeFacts(facts), contract, HELPERS);
  }

  /** One line per entry, or the errors as people see them. */
  verdicts(): string {
    try {
      const verdicts = this.program.entries.map((entry) => verify(this.program, entry, this.contract));
      const errors = verdicts.flatMap((v) => (v.verdict === 'rejected' ? v.errors : []));
      if (errors.length > 0) return errors.map((e) => `${formatError(e)}\n`).join('');
    } catch (e) {
      if (e instanceof CompileError) return `${formatError(e)}\n`;
      throw e;
    }
    // Accesses and proofs are the verifier's; which guards are still in the code is known at the end.
    return this.compiled(2)
      .programs.map(({ guards, worstCase }, i) => {
        const v = verify(this.program, this.program.entries[i]!, this.contract);
        const functions = v.verdict === 'accepted' ? v.facts.functions.filter((f) => f !== undefined) : [];
        const facts = functions.flatMap((f) => [...f.accesses.values(), ...[...f.helperArgs.values()].flat()]);
        const proved = facts.filter((f) => f.proved).length;
        const time = worstCase === null ? 'fuelled' : 'bounded';
        return `accepted: accesses ${facts.length}, proved ${proved}, guards ${guards.kept}, ${time}\n`;
      })
      .join('');
  }

  async print(section: SectionName): Promise<string> {
    switch (section) {
      case 'verify':
        return this.verdicts();
      case 'ir':
        return printModule(this.module());
      case 'opt': {
        const module = this.module();
        const { globals } = this.program;
        optimise(module, 2, (m) => guardModule(m, { globals, contract: this.contract }, HELPERS), { validate: true });
        return printModule(module);
      }
      case 'thumb': {
        const { image, map } = this.compiled(2);
        return listing({ target, image: readImage(image), map, program: this.program, source: false });
      }
      default:
        throw new Error(`${section} is no output`);
    }
  }
}

const hex = (b: Uint8Array | null | undefined): string => (b ? Buffer.from(b).toString('hex') : 'none');

/** What came out of a run, in the words that the run line uses. */
function outcome(result: RunResult, words: Iterable<string>): Record<string, string> {
  const all = (word: string): string => {
    if (word === 'r0') return `0x${result.r0.toString(16)}`;
    if (word === 'trap') return result.trap?.name ?? 'none';
    if (word === 'ctx') return hex(result.context);
    if (word === 'log') return JSON.stringify(result.log);
    return hex(result.regions.get(word.slice(0, -1)));
  };
  return Object.fromEntries([...words].map((w) => [w, all(w)]));
}

function checkRuns(subject: Subject, lines: readonly string[]): void {
  const images = LEVELS.map((level) => readImage(subject.compiled(level).image));
  const entry = subject.program.functions[subject.program.entries[0]!]!;
  for (const line of lines) {
    const { wanted, ...request } = readRun(line);
    // What a run does not name stays as it was.
    const complete = new Map(wanted);
    if (!complete.has('r0')) complete.set('r0', '0x0');
    if (!complete.has('ctx')) complete.set('ctx', hex(request.context));
    if (!complete.has('log')) complete.set('log', '""');
    for (const [name, bytes] of request.regions) if (!complete.has(`${name}=`)) complete.set(`${name}=`, hex(bytes));
    const check = (engine: string, result: RunResult): void =>
      expect({ engine, line, ...outcome(result, complete.keys()) }).toEqual({
        engine,
        line,
        ...Object.fromEntries(complete),
      });
    check('interpreter', interpret(subject.program, entry.index, subject.contract, request));
    images.forEach((image, i) => {
      const result = simulate(image, entry.name, subject.contract, request, { cpu, seed: i + 1 });
      check(`simulator -O${LEVELS[i]}`, result);
      const { worstCase } = image.entries[0]!;
      if (worstCase !== null) expect(result.instructions, `${line} at -O${i}`).toBeLessThanOrEqual(worstCase);
    });
  }
}

const FILES = readdirSync(FOLDER)
  .filter((f) => f.endsWith('.case'))
  .sort();

describe('cases', () => {
  it.each(FILES)('%s', async (name) => {
    const path = join(FOLDER, name);
    const text = readFileSync(path, 'utf8');
    const file = readCase(text);
    const subject = new Subject(file);
    const blessed = new Map(file.sections);
    for (const [section, body] of file.sections) {
      if (section === 'asm' || section === 'contract') continue;
      if (section === 'run') checkRuns(subject, body.trim().split('\n'));
      else {
        const got = (await subject.print(section)).replace(/[ \t]+$/gm, '');
        if (BLESS && BLESSED.includes(section)) blessed.set(section, got.replace(/^\n+/, ''));
        else expect(got.replace(/^\n+/, ''), section).toBe(body);
      }
    }
    const after = writeCase({ ...file, sections: blessed });
    if (BLESS && after !== text) {
      expect(after.split('\n').length, 'lines').toBeLessThanOrEqual(MAX_LINES);
      writeFileSync(path, after);
    }
    expect(after).toBe(BLESS ? after : text);
  });

  it('there are many, each claiming something else', () => {
    expect(FILES.length).toBeGreaterThanOrEqual(30);
    const claims = FILES.map((f) => readCase(readFileSync(join(FOLDER, f), 'utf8')).claim);
    expect(new Set(claims).size).toBe(FILES.length);
  });
});
