// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { compile, type Level } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { disagreement } from '../differential/agree.js';
import { generate } from '../differential/generate.js';
import { available, engine, target } from './engine.js';

const RUNS = Number(process.env.FCC_QEMU_RUNS ?? 600);
const SEED = Number(process.env.FCC_SEED ?? 5_000_000);

describe.runIf(available)('random programs, interpreter against QEMU', () => {
  it(`${RUNS} programs from seed ${SEED}`, async () => {
    const cases = Array.from({ length: RUNS }, (_, i) => i).flatMap((i) => {
      const c = generate(SEED + i);
      const compiled = compile(c.program, { target, contract: c.contract, level: (i % 3) as Level });
      if (compiled.kind === 'rejected') return [];
      const image = readImage(compiled.image);
      return [{ ...c, image, entry: image.entries[0]!.name, level: i % 3 }];
    });
    const results = await engine.runBatch(cases);
    const wrong = cases.flatMap((c, i) => {
      const wanted = interpret(c.program, c.program.entries[0]!, c.contract, c.request);
      const difference = disagreement(wanted, results[i]!);
      return difference === null ? [] : [`seed ${c.seed} at -O${c.level}: ${difference}`];
    });
    expect(wrong).toEqual([]);
    expect(results.filter((r) => r.status === 'ok').length).toBeGreaterThan(RUNS / 2);
  }, 600_000);
});
