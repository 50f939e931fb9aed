// SPDX-License-Identifier: MIT
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { MAX_DEPTH } from '../../compiler/bpf/flatten.js';
import { rawProgram } from '../../compiler/bpf/load.js';
import { CONFORMANCE_HELPERS } from '../../compiler/contract/helpers.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { judge, readVectors } from '../../compiler/host/conform.js';
import type { RunResult } from '../../compiler/host/engine.js';
import { crc32 } from '../../compiler/image/crc32.js';
import { HEADER } from '../../compiler/image/fields.js';
import { STATUSES } from '../../compiler/image/status.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { disagreement } from '../differential/agree.js';
import { interpretedCases, interpretedWrong } from '../differential/interpreted.js';
import { FIXTURE_NAMES, loadFixture, requestOf } from '../fixtures/all.js';
import { randomFrom } from '../malformed/mutate.js';
import { buildBatch, missingCompiler, rawOnHost, runOnHost } from './host-engine.js';

const PUBLIC = join(import.meta.dirname, '../../../shared/conformance/bpf_conformance.jsonl');
const OWN = join(import.meta.dirname, '../conformance/own.jsonl');
const RUNS = Number(process.env.FCC_RUNS ?? 500);
const SEED = Number(process.env.FCC_SEED ?? 7_000_000);
const missing = missingCompiler('gcc');

/** So many functions, each of which calls the next. */
function deep(functions: number): string {
  const body = (i: number): string => (i + 1 < functions ? `call f${i + 1}` : 'r0 = 3');
  return Array.from({ length: functions }, (_, i) => `${i === 0 ? 'entry' : 'func'} f${i}:\n${body(i)}\nexit`).join(
    '\n',
  );
}

describe.skipIf(missing !== null)(`the runtime's interpreter on this machine${missing ? ` (${missing})` : ''}`, () => {
  let folder = '';
  let program = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fcc-batch-'));
    program = buildBatch(folder);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('ends every fixture as the reference interpreter does', () => {
    const cases = FIXTURE_NAMES.flatMap((name) => {
      const { contract, runs, objects } = loadFixture(name);
      return objects.flatMap((object) => {
        const image = ebpfImage(object.program, { contract });
        const entryOf = (title: string) => object.program.functions.findIndex((f) => f.name === title);
        return runs.map((run) => ({
          label: `${name} ${object.version}: ${run.name}`,
          wanted: interpret(object.program, entryOf(run.program), contract, requestOf(run)),
          job: { image, entry: run.program, contract, request: requestOf(run) },
        }));
      });
    });
    const results = runOnHost(
      program,
      cases.map((c) => c.job),
    );
    const wrong = cases.flatMap(({ label, wanted }, i) => {
      const difference = disagreement(wanted, results[i]!);
      return difference === null ? [] : [`${label}: ${difference}`];
    });
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(100);
  });

  it('ends every fixture as the reference interpreter does when the fuel runs out', () => {
    const cases = FIXTURE_NAMES.flatMap((name) => {
      const { contract, runs, objects } = loadFixture(name);
      const image = ebpfImage(objects[0]!.program, { contract });
      return [0, 1, 5, 40].map((fuel) => ({
        image,
        entry: runs[0]!.program,
        contract,
        request: { ...requestOf(runs[0]!), fuel },
      }));
    });
    const results = runOnHost(program, cases);
    const traps = new Set(results.map((r) => r.trap?.name ?? 'none'));
    expect([...traps].sort()).toEqual(['fuel', 'none']);
  });

  it.each([
    ['the public vectors', PUBLIC, 313],
    ['our vectors', OWN, 80],
  ])('%s', (_, file, least) => {
    if (!existsSync(file)) throw new Error(`${file} is absent`);
    const vectors = readVectors(readFileSync(file, 'utf8'));
    const results = runOnHost(
      program,
      vectors.map((v) => ({
        image: ebpfImage(rawProgram(v.program, v.name), { helpers: CONFORMANCE_HELPERS }),
        entry: 'main',
        contract: DEFAULT_CONTRACT,
        helpers: CONFORMANCE_HELPERS,
        request: { context: v.memory, regions: new Map<string, Uint8Array>(), fuel: 1_000_000 },
      })),
    );
    const failed = vectors
      .map((v, i) => judge(v, { kind: 'ran', result: results[i]! }))
      .filter((j) => j.verdict !== 'passed');
    expect(failed).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(least);
  });

  /** Both answers to programs in assembly, with a context of 16 bytes that counts up. */
  function both(sources: readonly string[]): { source: string; wanted: RunResult; got: RunResult }[] {
    const cases = sources.map((source) => {
      const made = assemble(source);
      const context = Uint8Array.from({ length: 16 }, (_, i) => i);
      const request = { context, regions: new Map<string, Uint8Array>(), fuel: 10_000 };
      const entry = made.functions[made.entries[0]!]!.name;
      return { source, made, request, image: ebpfImage(made), entry, contract: DEFAULT_CONTRACT };
    });
    const results = runOnHost(program, cases);
    return cases.map(({ source, made, request }, i) => ({
      source,
      wanted: interpret(made, made.entries[0]!, DEFAULT_CONTRACT, request),
      got: results[i]!,
    }));
  }

  it('takes fuel for every instruction, however long the way back', () => {
    const count = 'r2 = *(u32 *)(r1 + 0)\nr2 += 1\n*(u32 *)(r1 + 0) = r2\n';
    const long = 'r3 ^= r2\n'.repeat(996);
    const sources = [
      `again:\n${count}${long}goto again`,
      // Forward jumps, and a function that does the work.
      `again:\n${count}goto on\nexit\non:\n${long}if r2 != 0 goto again\nexit`,
      `entry main:\nr6 = r1\nagain:\nr1 = r6\ncall work\ngoto again\nfunc work:\n${count}${long}exit`,
    ];
    for (const { got } of both(sources)) {
      const rounds = new DataView(got.context!.buffer).getUint32(0, true) - 0x03020100;
      expect(got.trap?.name).toBe('fuel');
      // Nine or ten are paid, and one was begun that is not.
      expect(rounds).toBeGreaterThanOrEqual(10);
      expect(rounds).toBeLessThanOrEqual(11);
    }
  });

  it('traps where the reference interpreter does, and leaves the same behind', () => {
    const stores = [-8, -1, 0, 8, 9, 12, 15, 16, 0x7ff8].flatMap((off) =>
      [8, 16, 32, 64].map(
        (bits) => `r2 = -2\n*(u${bits} *)(r1 ${off < 0 ? '-' : '+'} ${Math.abs(off)}) = r2\nr0 = 5\nexit`,
      ),
    );
    const lines = [
      ...stores,
      ...stores.map((s) => s.replace(/^r2 = -2\n(.*) = r2/, 'r0 = $1').replace('\nr0 = 5', '')),
      'lock *(u64 *)(r1 + 8) += r2\nr0 = 0\nexit',
      'lock *(u64 *)(r1 + 9) += r2\nr0 = 0\nexit',
      'lock *(u32 *)(r1 - 1) ^= w2\nr0 = 0\nexit',
      // Addresses beyond 32 bits, and around their end.
      'r2 = 1\nr2 <<= 32\nr1 += r2\nr0 = *(u8 *)(r1 + 0)\nexit',
      'r1 = -1\nr0 = *(u8 *)(r1 + 0)\nexit',
      'r1 = 0xffffffff ll\nr0 = *(u64 *)(r1 + 0)\nexit',
      'r1 = 0\nr0 = *(u8 *)(r1 + 0)\nexit',
      // The stack: all of it, one byte more, and a callee's.
      'r0 = *(u64 *)(r10 - 512)\nexit',
      'r0 = *(u64 *)(r10 + 0)\nexit',
      'r0 = *(u8 *)(r10 - 513)\nexit',
      'entry main:\ncall f\nr0 = *(u64 *)(r0 + 0)\nexit\nfunc f:\nr0 = r10\nr0 += -8\nexit',
      'entry main:\n*(u64 *)(r10 - 8) = 7\nr1 = r10\nr1 += -8\ncall f\nexit\nfunc f:\nr0 = *(u64 *)(r1 + 0)\nexit',
      // Endless loop, endless recursion, eight functions deep.
      'again:\ngoto again',
      'entry main:\ncall main\nexit',
      deep(MAX_DEPTH),
      // Constants are not to be written, and end where they end.
      '.rodata text 41 42 43 44 45 46 47 48\nr1 = text ll\nr0 = *(u64 *)(r1 + 0)\nexit',
      '.rodata text 41 42 43 44 45 46 47 48\nr1 = text ll\n*(u8 *)(r1 + 0) = 1\nr0 = 0\nexit',
      '.rodata text 41 42 43 44 45 46 47 48\nr1 = text ll\ncall 1\nexit',
      '.rodata text 41 42 43 44 45 46 47 00\nr1 = text ll\nr1 += 2\ncall 1\nexit',
      // Helpers: a buffer of the wrong rights or length, no such helper, a call of a number.
      'r2 = r1\nr2 += 8\nr3 = 8\ncall 2\nr0 = 1\nexit',
      'r2 = r1\nr2 += 8\nr3 = 9\ncall 2\nr0 = 1\nexit',
      'r2 = 0\nr3 = 0\ncall 2\nr0 = 1\nexit',
      '.rodata text 41 42 43 44 45 46 47 48\nr2 = r1\nr1 = text ll\nr3 = 1\ncall 2\nr0 = 1\nexit',
      'r1 = 0x20\ncallx r1\nexit',
      'r1 = 0x1234\ncallx r1\nexit',
    ];
    const wrong = both(lines).flatMap(({ source, wanted, got }) => {
      const difference = disagreement(wanted, got);
      return difference === null ? [] : [`${source}: ${difference}`];
    });
    expect(wrong).toEqual([]);
    const traps = new Set(both(lines).map((r) => r.got.trap?.name ?? 'none'));
    expect([...traps].sort()).toEqual(['fuel', 'helper', 'memory', 'none', 'stack']);
    // One deeper is more than it has frames for; fcc compile refuses such a program for it.
    expect(both([deep(MAX_DEPTH + 1)])[0]!.got.trap?.name).toBe('stack');
  });

  it('refuses images of every instruction set, even of the one without a name that the port itself has', () => {
    const job = { entry: 'main', contract: DEFAULT_CONTRACT, request: { context: null, regions: new Map(), fuel: 10 } };
    const images = [0, 1, 2, 3, 5, 0xffff].map((arch) => {
      const image = ebpfImage(assemble('r0 = 1\nexit')).slice();
      const view = new DataView(image.buffer);
      view.setUint16(HEADER.offset.arch, arch, true);
      view.setUint32(HEADER.offset.checksum, 0, true);
      view.setUint32(HEADER.offset.checksum, crc32(image), true);
      return image;
    });
    const answers = rawOnHost(
      program,
      images.map((image) => ({ ...job, image })),
    );
    expect(answers.map((r) => STATUSES[-1 - r.status]?.name)).toEqual(images.map(() => 'target'));
  });

  it('keeps the same values in the stores of all scopes', () => {
    const scopes = [
      { set: '0x10', get: '0x12', drop: '0x102' },
      { set: '0x100', get: '0x101', drop: '0x104' },
      { set: '0x11', get: '0x13', drop: '0x103' },
    ];
    const random = randomFrom(SEED);
    const sources = Array.from({ length: 40 }, (_, i) => {
      // More keys than a store has rows in half of the programs.
      const step = (): string => {
        const { set, get, drop } = scopes[random(3)]!;
        const key = random(i % 2 === 0 ? 6 : 24);
        const what = random(6);
        if (what === 0) return `r1 = ${key}\ncall ${drop}`;
        if (what < 3) return `r1 = ${key}\nr2 = r10\nr2 += -8\ncall ${get}\nr1 = *(u32 *)(r10 - 8)\nr6 += r1`;
        return `r1 = ${key}\nr2 = ${random(1000)}\ncall ${set}`;
      };
      const steps = Array.from({ length: 100 }, () => `${step()}\nr6 *= 31\nr6 += r0`);
      return `r6 = 0\n${steps.join('\n')}\nr0 = r6\nexit`;
    });
    const results = both(sources);
    expect(results.map((r) => r.got.r0)).toEqual(results.map((r) => r.wanted.r0));
    expect(new Set(results.map((r) => r.got.r0)).size).toBe(sources.length);
  });

  it(`${RUNS} random programs from seed ${SEED} as in the reference interpreter`, () => {
    const cases = interpretedCases(RUNS, SEED);
    const results = runOnHost(program, cases);
    const wrong = interpretedWrong(cases, results);
    expect(wrong).toEqual([]);
    expect(results.filter((r) => r.status === 'ok').length).toBeGreaterThan(RUNS);
  });
});
