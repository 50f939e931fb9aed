// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import { printProgram } from '../../compiler/bpf/print.js';
import { compile, type Level } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { disagreement } from './agree.js';
import { type Case, generate, shrink } from './generate.js';

/** `npm run fuzz` sets these. Seeds run from FCC_SEED on, one program each. */
const RUNS = Number(process.env.FCC_RUNS ?? 1500);
const SEED = Number(process.env.FCC_SEED ?? 1);
const target = findTarget('cortex-m4')!;

/** What differs between the interpreter and the native code of one case, or null. A rejection is a difference: cases are valid. */
function difference(c: Case, level: Level): string | null {
  const compiled = compile(c.program, { target, contract: c.contract, level });
  if (compiled.kind === 'rejected') {
    const bad = compiled.verdicts.find((v) => v.verdict === 'rejected');
    return `rejected: ${bad?.verdict === 'rejected' ? bad.errors.map((e) => `${e.code} ${e.message}`).join('; ') : ''}`;
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
  it(
    `${RUNS} programs from seed ${SEED} at -O0, -O1 and -O2`,
    () => {
      const seen = { ok: 0, trap: 0 };
      for (let seed = SEED; seed < SEED + RUNS; seed++) {
        const c = generate(seed);
        seen[interpret(c.program, c.program.entries[0]!, c.contract, c.request).status]++;
        const level = (seed % 3) as Level;
        const wrong = difference(c, level);
        if (wrong !== null) {
          const small = shrink(c, (d) => difference(d, level) !== null);
          expect.fail(`seed ${seed} at -O${level}: ${wrong}\nshrunk: ${difference(small, level)}\n${printProgram(small.program)}`);
        }
      }
      expect(seen.ok).toBeGreaterThan(RUNS / 2);
      expect(seen.trap).toBeGreaterThan(0);
    },
    3_600_000,
  );
});
