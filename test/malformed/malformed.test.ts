// SPDX-License-Identifier: MIT
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import { compile, type Level } from '../../compiler/compile.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { CompileError } from '../../compiler/errors/index.js';
import { formatMap } from '../../compiler/image/map.js';
import { readImage } from '../../compiler/image/read.js';
import { TRAPS } from '../../compiler/image/traps.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { RBPF_SAMPLES, rbpfSample } from '../bpf/rbpf/samples.js';
import { fcc, inFolder } from '../cli/capture.js';
import { FIXTURE_NAMES, fixtureFile, loadFixture, requestOf } from '../fixtures/all.js';
import {
  mutateBytes,
  mutateImage,
  mutateJson,
  mutateObject,
  mutateRbpf,
  mutateText,
  type Random,
  randomFrom,
} from './mutate.js';

/** Scale of the suite: 1 is what every run does. */
const SCALE = Number(process.env.FCC_MUTANTS ?? 1);
const SEED = Number(process.env.FCC_SEED ?? 1);
/** Longest run of one command line, in milliseconds; a machine that does other things too is given some slack by best of two. */
const PATIENCE = 2000;
const EXITS = [0, 1, 2, 3, 4];

const target = findTarget('cortex-m4')!;
const cpu = cpuModel(target);

interface Sample {
  readonly name: string;
  readonly object: Uint8Array;
  readonly contract: string;
  readonly image: Uint8Array;
  /** The same program as an image of eBPF text. */
  readonly ebpf: Uint8Array;
  readonly map: string;
  /** Options of `run` besides contract and fuel, for one of the fixture's runs. */
  readonly run: readonly string[];
}

const hex = (text: string): string => `hex:${text}`;

const SAMPLES: readonly Sample[] = FIXTURE_NAMES.flatMap((name, i) => {
  const { contract, objects, runs } = loadFixture(name);
  return objects.map(({ path, program }, j) => {
    const compiled = compile(program, { target, contract, level: ((i + j) % 3) as Level });
    if (compiled.kind === 'rejected') throw new Error(`${path} is rejected`);
    const run = runs[0]!;
    return {
      name: path,
      object: new Uint8Array(readFileSync(path)),
      contract: readFileSync(fixtureFile(name, 'contract.json'), 'utf8'),
      image: compiled.image,
      ebpf: ebpfImage(program, { contract }),
      map: formatMap(compiled.map),
      run: [
        ...['--function', run.program, '--ctx', hex(run.context), '--fuel', '3000'],
        ...Object.entries(run.regions).flatMap(([k, v]) => ['--region', `${k}=${hex(v)}`]),
      ],
    };
  });
});

/** Files by name that a command line gets, and the command line; `out` is the folder that outputs go to. */
interface Trial {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly args: readonly string[];
}

/** One of the commands that read an object and a contract. */
function objectTrial(s: Sample, object: Uint8Array, contract: string | Uint8Array, random: Random): Trial {
  const files = { 'in.o': object, 'contract.json': contract };
  const level = String(random(3));
  const commands: readonly (readonly string[])[] = [
    [
      'compile',
      'in.o',
      '-t',
      'cortex-m4',
      '--contract',
      'contract.json',
      '-O',
      level,
      '-o',
      'out/x.fcc',
      '--map',
      'out/x.map',
    ],
    ['compile', 'in.o', '-t', 'cortex-m4', '-o', 'out/x.h', '--format', 'c', '--json'],
    ['verify', 'in.o', '--contract', 'contract.json'],
    ['verify', 'in.o', '--contract', 'contract.json', '--json'],
    ['run', 'in.o', '--contract', 'contract.json', ...s.run, '--ctx-out', 'out/ctx'],
    ['run', 'in.o', '--contract', 'contract.json', ...s.run, '-t', 'cortex-m4', '-O', level, '--ctx-out', 'out/ctx'],
    ['inspect', 'in.o'],
    ['disasm', 'in.o'],
    ['disasm', 'in.o', '-t', 'cortex-m4', '--contract', 'contract.json', '-S'],
  ];
  return { files, args: commands[random(commands.length)]! };
}

function imageTrial(s: Sample, image: Uint8Array, map: string | Uint8Array, random: Random): Trial {
  const files = { 'in.fcc': image, 'in.map': map, 'contract.json': s.contract };
  const commands: readonly (readonly string[])[] = [
    ['run', 'in.fcc', '--contract', 'contract.json', ...s.run, '--ctx-out', 'out/ctx'],
    ['run', 'in.fcc', '--contract', 'contract.json', ...s.run, '--map', 'in.map', '--json'],
    ['inspect', 'in.fcc'],
    ['disasm', 'in.fcc'],
    ['disasm', 'in.fcc', '--map', 'in.map', '-S'],
  ];
  return { files, args: commands[random(commands.length)]! };
}

function rawTrial(s: Sample, random: Random): Trial {
  const { program } = RAW[random(RAW.length)]!;
  const files = { 'in.bin': mutateBytes(program, random), 'contract.json': s.contract };
  const commands: readonly (readonly string[])[] = [
    ['verify', 'in.bin', '--raw'],
    ['compile', 'in.bin', '--raw', '-t', 'cortex-m4', '-o', 'out/x.fcc'],
    ['run', 'in.bin', '--raw', '--ctx', 'hex:0011223344556677', '--fuel', '3000'],
    ['disasm', 'in.bin', '--raw', '-t', 'cortex-m4'],
  ];
  return { files, args: commands[random(commands.length)]! };
}

function rbpfTrial({ contract }: Sample, random: Random): Trial {
  const { name } = RBPF_SAMPLES[random(RBPF_SAMPLES.length)]!;
  const files = { 'in.rbpf': mutateRbpf(rbpfSample(name), random), 'contract.json': contract };
  const commands: readonly (readonly string[])[] = [
    ['verify', 'in.rbpf', '--json'],
    ['compile', 'in.rbpf', '-t', 'cortex-m4', '-o', 'out/x.fcc', '--map', 'out/x.map'],
    ['compile', 'in.rbpf', '-t', 'ebpf', '--contract', 'contract.json', '-o', 'out/x.h', '--format', 'c'],
    ['run', 'in.rbpf', '--ctx', 'hex:0011223344556677', '--fuel', '3000', '--ctx-out', 'out/ctx'],
    ['run', 'in.rbpf', '--ctx', 'hex:0011223344556677', '--fuel', '3000', '-t', 'rv32imc'],
    ['inspect', 'in.rbpf'],
    ['disasm', 'in.rbpf'],
  ];
  return { files, args: commands[random(commands.length)]! };
}

function ebpfTrial(s: Sample, random: Random): Trial {
  const { text } = readImage(s.ebpf);
  const where = { start: textStart(s.ebpf, text), length: text.length };
  const image = random(2) === 0 ? mutateImage(s.ebpf, random) : mutateText(s.ebpf, where, random);
  return imageTrial(s, image, s.map, random);
}

/** Text of the samples' functions: what a bare program looks like. */
const RAW = FIXTURE_NAMES.flatMap((name) =>
  loadFixture(name).objects.flatMap((o) => o.program.functions.map((f) => ({ program: f.bytes }))),
);

const MAKERS: Readonly<Record<string, { readonly runs: number; readonly make: (s: Sample, random: Random) => Trial }>> =
  {
    objects: { runs: 1100, make: (s, r) => objectTrial(s, mutateObject(s.object, r), s.contract, r) },
    contracts: { runs: 400, make: (s, r) => objectTrial(s, s.object, mutateJson(s.contract, r), r) },
    images: { runs: 450, make: (s, r) => imageTrial(s, mutateImage(s.image, r), s.map, r) },
    maps: { runs: 100, make: (s, r) => imageTrial(s, s.image, mutateJson(s.map, r), r) },
    'bare instructions': { runs: 300, make: rawTrial },
    'Femto-Container images': { runs: 300, make: (s, r) => rbpfTrial(s, r) },
    'images of eBPF text': { runs: 300, make: ebpfTrial },
  };

/** Runs one command line in a fresh folder; says what is wrong with its behaviour, or null. */
async function misbehaviour(trial: Trial): Promise<{ code: number; wrong: string | null }> {
  return inFolder(async (folder) => {
    mkdirSync(join(folder, 'out'));
    for (const [name, data] of Object.entries(trial.files)) writeFileSync(join(folder, name), data);
    const args = trial.args.map((a) => (/^(in\.\w+|contract\.json|out\/.*)$/.test(a) ? join(folder, a) : a));
    const start = performance.now();
    let { code, out, err } = await fcc(args);
    let took = performance.now() - start;
    if (took > PATIENCE) {
      for (const f of readdirSync(join(folder, 'out'))) rmSync(join(folder, 'out', f));
      const again = performance.now();
      ({ code, out, err } = await fcc(args));
      took = performance.now() - again;
    }
    const left = readdirSync(join(folder, 'out')).sort();
    const say = (what: string): { code: number; wrong: string } => ({
      code,
      wrong: `${what}\n${out}${err}`.slice(0, 2000),
    });
    if (!EXITS.includes(code)) return say(`exit code ${code}`);
    if (/^\s*at .*\(|internal error/m.test(out + err)) return say('a stack trace');
    // A trap or a rejection is said in the document.
    if (code !== 0 && err === '' && !(code === 1 && args.includes('--json')))
      return say(`exit code ${code} without a message`);
    if (code > 1 && !/^error\[FCC\d{4}\]: ./.test(err)) return say('no error in the usual form');
    if (took > PATIENCE) return say(`${Math.round(took)} ms`);
    if (left.some((f) => f.endsWith('.tmp'))) return say(`left behind: ${left.join(', ')}`);
    // A run that ends in a trap has results too.
    if (code !== 0 && !(code === 1 && args[0] === 'run') && left.length > 0)
      return say(`wrote ${left.join(', ')} and failed`);
    if (args[0] === 'compile' && code === 0) {
      const wanted = args.filter((a) => a.startsWith(join(folder, 'out'))).length;
      if (left.length !== wanted) return say(`wrote ${left.join(', ')}`);
    }
    return { code, wrong: null };
  });
}

describe('mutated input through the command line', () => {
  it.each(Object.entries(MAKERS))('%s end in a clear error or a result', async (what, { runs, make }) => {
    const wrong: string[] = [];
    const codes = new Map<number, number>();
    for (let i = 0; i < runs * SCALE; i++) {
      const seed = SEED * 1_000_003 + i;
      const random = randomFrom(seed);
      const sample = SAMPLES[random(SAMPLES.length)]!;
      const trial = make(sample, random);
      const result = await misbehaviour(trial);
      codes.set(result.code, (codes.get(result.code) ?? 0) + 1);
      if (result.wrong !== null)
        wrong.push(`${what}, seed ${seed}, ${sample.name}: fcc ${trial.args.join(' ')}: ${result.wrong}`);
    }
    expect(wrong.length, wrong.slice(0, 5).join('\n\n')).toBe(0);
    // Mutants are neither all refused at the first look nor all harmless.
    expect(codes.get(0) ?? 0).toBeGreaterThan(0);
    expect(codes.get(3) ?? 0).toBeGreaterThan(runs / 10);
  });
});

describe('mutated native code', () => {
  it('never gets the simulator beyond the memory and rights of the container', () => {
    const fixtures = FIXTURE_NAMES.map(loadFixture);
    const names = Object.keys(TRAPS);
    const seen = { ok: 0, trap: 0, fault: 0 };
    for (let i = 0; i < 600 * SCALE; i++) {
      const seed = SEED * 2_000_003 + i;
      const random = randomFrom(seed);
      const { contract, runs, name } = fixtures[random(fixtures.length)]!;
      const sample = SAMPLES.filter((s) => s.name.includes(`/${name}/`))[random(3)]!;
      const { text } = readImage(sample.image);
      const bytes = mutateText(sample.image, { start: textStart(sample.image, text), length: text.length }, random);
      const run = runs[random(runs.length)]!;
      const request = { ...requestOf(run), fuel: 10_000 };
      const label = `seed ${seed}, ${sample.name}`;
      try {
        const result = simulate(readImage(bytes), run.program, contract, request, { cpu, maxInstructions: 50_000 });
        expect(result.trap === undefined || names.includes(result.trap.name), label).toBe(true);
        seen[result.status]++;
        if (result.trap?.name === 'fault') seen.fault++;
        for (const r of contract.regions.filter((r) => r.access === 'r' && request.regions.has(r.name)))
          expect(result.regions.get(r.name), label).toEqual(request.regions.get(r.name));
      } catch (e) {
        if (!(e instanceof CompileError)) throw new Error(label, { cause: e });
      }
    }
    expect(seen.ok).toBeGreaterThan(50);
    expect(seen.trap).toBeGreaterThan(50);
    expect(seen.fault).toBeGreaterThan(50);
  });
});

/** Where the text lies in an image's bytes. */
function textStart(image: Uint8Array, text: Uint8Array): number {
  const at = Buffer.from(image).indexOf(Buffer.from(text));
  if (at < 0) throw new Error('no text');
  return at;
}
