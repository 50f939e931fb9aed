// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadProgram } from '../../compiler/bpf/load.js';
import { buildCallGraph } from '../../compiler/cfg/callgraph.js';
import { buildCfg } from '../../compiler/cfg/cfg.js';
import { CompileError } from '../../compiler/errors/index.js';

/** xorshift32: the same mutants in every run. */
function generator(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

const EDGES = [0, 1, 0x7f, 0x80, 0xff];
const HUGE = [0, 1, 7, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];

/** Flips bits, writes edge values into aligned words (where counts, sizes and offsets lie), truncates or extends. */
function mutate(original: Uint8Array, next: (below: number) => number): Uint8Array {
  const bytes = Uint8Array.from(original);
  const view = new DataView(bytes.buffer);
  // Half of the changes hit the headers at both ends, where the structure is.
  const place = (): number => {
    const table = Number(view.getBigUint64(40, true)) % bytes.length;
    return next(2) === 0 ? next(bytes.length) : next(2) === 0 ? next(64) : table + next(bytes.length - table);
  };
  for (let n = 1 + next(3); n > 0; n--) {
    const at = place();
    const kind = next(4);
    if (kind === 0) bytes[at]! ^= 1 << next(8);
    else if (kind === 1) bytes[at] = EDGES[next(EDGES.length)]!;
    else if (kind === 2) bytes[at] = next(256);
    else view.setUint32(Math.min(at & ~3, bytes.length - 4), HUGE[next(HUGE.length)]!, true);
  }
  return next(8) === 0 ? bytes.slice(0, next(bytes.length)) : bytes;
}

const SAMPLES = join(import.meta.dirname, 'samples');
const OBJECTS = readdirSync(SAMPLES)
  .filter((f) => f.endsWith('.o'))
  .map((f) => readFileSync(join(SAMPLES, f)));

describe('mutated objects', () => {
  it('3000 mutants each load or end in a CompileError with exit 3', () => {
    const next = generator(0x2f6e2b1);
    const codes = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const mutant = mutate(OBJECTS[i % OBJECTS.length]!, next);
      let outcome = 'loads';
      try {
        const p = loadProgram(mutant, `mutant ${i}`);
        for (const f of p.functions) buildCfg(f);
        buildCallGraph(p);
      } catch (e) {
        if (!(e instanceof CompileError)) throw new Error(`mutant ${i}`, { cause: e });
        expect(e.exitCode).toBe(3);
        outcome = e.code;
      }
      codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
    }
    // The mutants reach past the header checks: all layers refuse some, and harmless changes load.
    for (const code of ['loads', 'FCC0201', 'FCC0202', 'FCC0203', 'FCC0204', 'FCC0210', 'FCC0301', 'FCC0303']) {
      expect(codes.get(code) ?? 0, code).toBeGreaterThan(0);
    }
  });

  it('every truncation of an object is refused', () => {
    const object = readFileSync(join(SAMPLES, 'several.clang22.v3.o'));
    for (let length = 0; length < object.length; length += 13) {
      expect(() => loadProgram(object.subarray(0, length), 'cut')).toThrow(CompileError);
    }
  });
});
