// SPDX-License-Identifier: MIT
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Insn, lineAt } from '../../compiler/bpf/program.js';
import {
  SCALE_CONTEXT,
  SCALE_CONTRACT,
  SCALE_SHAPES,
  type ScaleShape,
  scaleProgram,
} from '../../compiler/cli/scale-programs.js';
import { RegisterMap } from '../../compiler/codegen/regalloc/register-map.js';
import { finish, type Level, prepare } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { Scoped } from '../../compiler/ir/analysis.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { disagreement } from '../differential/agree.js';
import { SUBJECTS } from '../differential/targets.js';

const TWO = SUBJECTS.filter((s) => s.name === 'cortex-m4' || s.name === 'esp32');

/** Contexts that trap nowhere: the first 32 bytes are below 64. */
const contexts = [1, 2, 3].map((seed) =>
  Uint8Array.from({ length: SCALE_CONTEXT }, (_, i) => (i * 37 * seed + 11 * seed) % (i < 32 ? 64 : 256)),
);

const count = (kind: Insn['kind'], shape: ScaleShape, size: number): number =>
  scaleProgram(shape, size).functions.reduce((n, f) => n + f.insns.filter((i) => i.kind === kind).length, 0);

describe('generated programs', () => {
  it.each(SCALE_SHAPES)(
    '%s: as many instructions as asked for, the same each time, others for another seed',
    (shape) => {
      for (const size of [100, 257, 1000]) {
        const program = scaleProgram(shape, size);
        expect(program.functions.reduce((n, f) => n + f.insns.length, 0)).toBe(size);
        expect(scaleProgram(shape, size)).toEqual(program);
        expect(scaleProgram(shape, size, 2).functions.at(-1)!.bytes).not.toEqual(program.functions.at(-1)!.bytes);
      }
    },
  );

  it('are what their names say', () => {
    const size = 4000;
    expect([count('branch', 'straight', size), count('call', 'straight', size)]).toEqual([0, 0]);
    expect(count('branch', 'branchy', size)).toBeGreaterThan(size / 10);
    expect(count('load', 'straight', size) + count('store', 'straight', size)).toBeGreaterThan(size / 10);
    const backwards = scaleProgram('loops', size).functions[0]!.insns.filter(
      (i) => (i.kind === 'branch' || i.kind === 'jump') && i.target <= i.slot,
    );
    expect(backwards.length).toBeGreaterThan(size / 50);
    expect(scaleProgram('calls', size).functions.length).toBeGreaterThan(size / 60);
    expect(count('call', 'calls', size)).toBeGreaterThan(size / 60);
  });

  it('reach the sizes that are measured', () => {
    // Its loop around the first half needs a jump further than a condition reaches.
    const [main] = scaleProgram('loops', 100_000).functions;
    expect(main!.insns.length).toBe(100_000);
    const far = main!.insns.filter((i) => i.kind === 'jump' && i.slot - i.target > 0x8000);
    expect(far.length).toBe(1);
  });

  it('have at least 100 instructions', () => {
    expect(() => scaleProgram('loops', 99)).toThrow('at least 100');
    expect(() => scaleProgram('loops', 1000.5)).toThrow('at least 100');
  });

  it.each(SCALE_SHAPES)('%s: accepted, and the same results in the interpreter and in the simulator', (shape) => {
    let guards = 0;
    for (const [size, level] of [
      [160, 0],
      [300, 2],
      [400, 1],
    ] as const satisfies [number, Level][]) {
      const program = scaleProgram(shape, size, level + 5);
      const prepared = prepare(program, { contract: SCALE_CONTRACT, level, validate: true });
      if (prepared.kind === 'rejected') expect.fail(JSON.stringify(prepared.verdicts));
      for (const { target, cpu, name } of TWO) {
        const made = finish(prepared, target);
        const image = readImage(made.image);
        guards += made.programs[0]!.guards.kept;
        for (const context of contexts) {
          const request = { context, regions: new Map(), fuel: 10_000_000 };
          const wanted = interpret(program, program.entries[0]!, SCALE_CONTRACT, request);
          const native = simulate(image, 0, SCALE_CONTRACT, request, { cpu, maxInstructions: 20_000_000 });
          expect([wanted.status, wanted.trap]).toEqual(['ok', undefined]);
          expect({ name, size, text: disagreement(wanted, native) }).toEqual({ name, size, text: null });
          const { worstCase } = image.entries[0]!;
          if (worstCase !== null) expect(native.instructions).toBeLessThanOrEqual(worstCase);
        }
      }
    }
    expect(guards).toBeGreaterThan(0);
  });
});

describe('work that grows with the program and not faster', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Look-ups of the optimiser, and moves of the allocator, for one program. */
  function work(shape: ScaleShape, size: number): { lookups: number; inserts: number } {
    const at = vi.spyOn(Scoped.prototype, 'at');
    const insert = vi.spyOn(RegisterMap.prototype, 'insert');
    const prepared = prepare(scaleProgram(shape, size), { contract: SCALE_CONTRACT });
    if (prepared.kind === 'rejected') expect.fail('rejected');
    finish(prepared, TWO[0]!.target);
    const done = { lookups: at.mock.calls.length, inserts: insert.mock.calls.length };
    vi.restoreAllMocks();
    return done;
  }

  it.each(SCALE_SHAPES)('%s: four times the instructions', (shape) => {
    const small = work(shape, 700);
    const large = work(shape, 2800);
    expect(small.inserts).toBeGreaterThan(100);
    // Half more: the small one may have less of what is dear.
    expect(large.lookups / small.lookups).toBeLessThan(4 * 1.5);
    expect(large.inserts / small.inserts).toBeLessThan(4 * 1.5);
  });
});

describe('line info', () => {
  it('holds from its slot to the next', () => {
    const line = (n: number) => ({ file: 'a.c', line: n, column: 1, text: '' });
    const lines = new Map([
      [2, line(1)],
      [5, line(2)],
    ]);
    const found = [0, 1, 2, 3, 4, 5, 6, 100].map((slot) => lineAt({ lines }, slot)?.line);
    expect(found).toEqual([undefined, undefined, 1, 1, 1, 2, 2, 2]);
    expect(lineAt({ lines: new Map() }, 7)).toBeUndefined();
  });
});
