// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { HELPERS } from '../../compiler/contract/helpers.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { buildModule } from '../../compiler/ir/build.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import { type Level, optimise } from '../../compiler/opt/pipeline.js';
import { guardModule } from '../../compiler/sandbox/sandbox.js';
import type { Facts } from '../../compiler/verifier/facts.js';
import { verify } from '../../compiler/verifier/verify.js';
import { type Case, generate } from '../differential/generate.js';
import { bareFacts } from '../ir/bare.js';
import { evaluate } from '../ir/evaluate.js';

const SEEDS = 9;

/** Everything a host can see of a run. */
const seen = (r: ReturnType<typeof evaluate>, trap: string | undefined) => ({
  trap,
  r0: r.r0,
  context: r.context,
  regions: [...r.regions],
  log: r.log,
});

/** Compiles to the end of the middle, and runs the module after every pass; its text reads back. */
function compareAll(c: Case, facts: Facts, level: Level): number {
  const result = interpret(c.program, 0, c.contract, c.request);
  const wanted = {
    trap: result.trap?.name,
    r0: result.r0,
    context: result.context,
    regions: [...result.regions],
    log: result.log,
  };
  const module = buildModule(c.program, [0], facts, c.contract, HELPERS);
  let compared = 0;
  const compare = (stage: string): void => {
    const got = evaluate(module, c.program, 0, c.contract, { ...c.request, fuel: 1e6 });
    expect(seen(got, got.trap), `seed ${c.seed} -O${level} after ${stage}`).toEqual(wanted);
    compared++;
  };
  compare('build');
  optimise(module, level, (m) => guardModule(m, { globals: c.program.globals, contract: c.contract }, HELPERS), {
    validate: true,
    after: (p) => compare(p.name),
  });
  const text = printModule(module);
  expect(printModule(parseModule(text))).toBe(text);
  return compared;
}

describe('random programs give the same after every pass', () => {
  const seeds = Array.from({ length: SEEDS }, (_, i) => 7000 + i);
  it.each([0, 1, 2] as const)('-O%i, with facts and without', (level) => {
    let compared = 0;
    for (const seed of seeds) {
      const c = generate(seed);
      // Trusted fields are only right with the facts that name them.
      if (c.contract.context.fields.length === 0) compared += compareAll(c, bareFacts(c.program), level);
      const verdict = verify(c.program, 0, c.contract);
      if (verdict.verdict === 'accepted') compared += compareAll(c, verdict.facts, level);
    }
    expect(compared).toBeGreaterThan(SEEDS * 3);
  });
});
