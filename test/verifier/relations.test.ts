// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { generate } from './generate.js';
import { CONTRACTS } from './rows.js';
import { compare } from './watch.js';

/**
 * FCC_RUNS programs (200 000 take about a quarter of an hour), from FCC_SEED on. A failure names the seed and shows the program; the same
 * seed makes it again.
 */
it('every state of random programs full of relations lies inside what the verifier says', () => {
  const runs = Number(process.env.FCC_RUNS ?? 1000);
  const first = Number(process.env.FCC_SEED ?? 1);
  const sums = { accepted: 0, states: 0, accesses: 0, proved: 0, bounded: 0 };
  const start = performance.now();
  for (let seed = first; seed < first + runs; seed++) {
    const { text, requests } = generate(seed);
    try {
      const done = compare(assemble(text), 0, CONTRACTS.main, requests);
      if (!done) continue;
      sums.accepted++;
      sums.states += done.states;
      sums.accesses += done.accesses;
      sums.proved += done.proved;
      sums.bounded += done.bounded;
    } catch (e) {
      throw new Error(`seed ${seed}: ${e instanceof Error ? e.message : e}\n${text}`);
    }
  }
  if (process.env.FCC_RUNS) {
    const rate = (1000 * runs) / (performance.now() - start);
    console.log(`${JSON.stringify(sums)}, ${rate.toFixed(0)} programs a second`);
  }
  // Otherwise the generator makes nothing that the property speaks of.
  expect(sums.accepted).toBeGreaterThan(runs * 0.7);
  expect(sums.states).toBeGreaterThan(sums.accepted * 20);
  expect(sums.proved).toBeGreaterThan(sums.accesses / 4);
  expect(sums.bounded).toBeGreaterThan(sums.accepted / 10);
}, 3_600_000);
