// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { accesses, geomean, geomeans, programsIn, ratio, worst } from '../../compiler/bench/figures.js';
import { rowOf, TWO } from './samples.js';

describe('geometric means', () => {
  it('of ratios', () => {
    expect(geomean([0.5, 2])).toBeCloseTo(1, 12);
    expect(geomean([1, 10, 100])).toBeCloseTo(10, 12);
    expect(geomean([3])).toBeCloseTo(3, 12);
  });

  it('leave out what is not known or nothing, and are unknown without any', () => {
    expect(geomean([4, null, 9, null])).toBeCloseTo(6, 12);
    expect(geomean([0, 5])).toBeCloseTo(5, 12);
    expect(geomean([null])).toBeNull();
    expect(geomean([])).toBeNull();
  });

  it('of rows: to gcc -O2, of bytes to gcc -Os', () => {
    const g = geomeans(TWO);
    expect(g.contract).toBeCloseTo(1, 12);
    expect(g.guarded).toBeCloseTo(2, 12);
    expect(g.gccOs).toBeCloseTo(Math.sqrt(1.1 * 2), 12);
    expect(g.interpreter).toBeCloseTo(Math.sqrt(50 * 40), 12);
    // 55 to 110 bytes and 160 to 40.
    expect(g.textBytes).toBeCloseTo(Math.sqrt(0.5 * 4), 12);
    expect(g.textBytesO2).toBeCloseTo(1, 12);
    expect(geomeans(TWO, 'cycles').contract).toBeCloseTo(1, 12);
  });

  it('skip a row that lacks one of both figures', () => {
    const g = geomeans([...TWO, rowOf('only fcc', { contract: 7 }), rowOf('only gcc', { gccO2: 7, gccOs: 7 })]);
    expect(g.contract).toBeCloseTo(1, 12);
    const rows = [...TWO, rowOf('no gcc', { contract: 7 }), rowOf('no text', { gccO2: 7, guarded: 7 })];
    expect(programsIn(rows)).toMatchObject({ all: 4, contract: 2, guarded: 3, interpreter: 2, textBytes: 2 });
    expect(geomeans([rowOf('only fcc', { contract: 7 })])).toEqual({
      gccOs: null,
      guarded: null,
      contract: null,
      unguarded: null,
      interpreter: null,
      textBytes: null,
      textBytesO2: null,
    });
  });
});

describe('other figures', () => {
  it('ratios without a divisor are unknown', () => {
    expect([ratio(6, 3), ratio(0, 3), ratio(6, 0), ratio(null, 3), ratio(6, null)]).toEqual([2, 0, null, null, null]);
  });

  it('the worst program', () => {
    expect(worst(TWO, 'contract')).toEqual({ program: 'copy/words', ratio: 2 });
    expect(worst([rowOf('a', { contract: 1 })], 'contract')).toBeNull();
  });

  it('accesses of all programs', () => {
    expect(accesses(TWO)).toEqual({ all: 8, proved: 6, share: 0.75 });
    expect(accesses([])).toEqual({ all: 0, proved: 0, share: null });
  });
});
