// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import { printProgram } from '../../compiler/bpf/print.js';
import { compile, type Level } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import type { Verdict } from '../../compiler/verifier/facts.js';
import { disagreement } from './agree.js';
import { type Case, generate, shrink } from './generate.js';

/** `npm run fuzz` sets these. Seeds run from FCC_SEED on, one program each. */
const RUNS = Number(process.env.FCC_RUNS ?? 600);
const SEED = Number(process.env.FCC_SEED ?? 1);
const target = findTarget('cortex-m4')!;
const REJECTED = 'rejected rightly';

/**
 * A rejection claims that some access can never be right: it is wrong if the interpreter gets past that access. Returns the
 * contradiction in words, or null.
 */
function wronglyRejected(c: Case, verdict: Verdict & { verdict: 'rejected' }): string | null {
  const places = verdict.errors.map(
    ({ code, details }) => `${code} ${details.at?.function} ${details.at?.instruction}`,
  );
  const passed = new Set<string>();
  const name = (func: number): string => c.program.functions[func]!.name;
  const result = interpret(c.program, c.program.entries[0]!, c.contract, c.request, {
    trace: ({ func, slot }) => passed.add(`FCC0107 ${name(func)} ${slot}`),
  });
  const { trap } = result;
  if (trap?.func !== undefined) passed.delete(`FCC0107 ${name(trap.func)} ${trap.slot}`);
  const wrong = places.find((p) => !p.startsWith('FCC0107') || passed.has(p));
  return wrong === undefined ? null : `rejected: ${wrong}`;
}

/** What differs between the interpreter and the native code of one case, or null; `rejected` if the verifier refuses it rightly. */
function difference(c: Case, level: Level): string | null {
  const compiled = compile(c.program, { target, contract: c.contract, level });
  if (compiled.kind === 'rejected') {
    const bad = compiled.verdicts.find((v) => v.verdict === 'rejected')!;
    return bad.verdict === 'rejected' ? (wronglyRejected(c, bad) ?? REJECTED) : null;
  }
  const image = readImage(compiled.image);
  const entry = image.entries[0]!;
  const native = simulate(image, entry.name, c.contract, c.request, { cpu: cpuModel(target), seed: level + 1 });
  const wanted = interpret(c.program, c.program.entries[0]!, c.contract, c.request);
  const wrong = disagreement(wanted, native);
  if (wrong) return wrong;
  const worst = entry.worstCase;
  if (worst !== null && native.instructions !== null && native.instructions > worst)
    return `executed ${native.instructions} instructions, worst case ${worst}`;
  return null;
}

describe('random programs, interpreter against simulator', () => {
  it(`${RUNS} programs from seed ${SEED} at -O0, -O1 and -O2`, () => {
    const seen = { ok: 0, trap: 0, rejected: 0 };
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const c = generate(seed);
      const level = (seed % 3) as Level;
      const wrong = difference(c, level);
      if (wrong === REJECTED) seen.rejected++;
      else if (wrong === null) seen[interpret(c.program, c.program.entries[0]!, c.contract, c.request).status]++;
      else {
        // Shrinking may make programs that the verifier refuses for other reasons: those show nothing.
        const refusal = wrong.startsWith('rejected');
        const bad = (d: Case): boolean => {
          const other = difference(d, level);
          return other !== null && other !== REJECTED && other.startsWith('rejected') === refusal;
        };
        const small = shrink(c, bad);
        expect.fail(
          `seed ${seed} at -O${level}: ${wrong}\nshrunk: ${difference(small, level)}\n${printProgram(small.program)}`,
        );
      }
    }
    console.log(`${RUNS} programs from seed ${SEED}: ${seen.ok} ok, ${seen.trap} trapped, ${seen.rejected} rejected`);
    expect(seen.ok).toBeGreaterThan(RUNS / 2);
    expect(seen.trap).toBeGreaterThan(0);
    expect(seen.rejected).toBeLessThan(RUNS / 20);
  }, 3_600_000);
});
