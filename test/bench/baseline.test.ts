// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { changeText, compare } from '../../compiler/bench/baseline.js';
import { parseBaseline } from '../../compiler/bench/parse.js';
import type { Row } from '../../compiler/bench/types.js';
import { CompileError } from '../../compiler/errors/index.js';
import { documentOf, rowOf, TWO } from './samples.js';

const stored = (rows: readonly Row[] = TWO): string => JSON.stringify(documentOf(rows));

const against = (now: readonly Row[], threshold: number, before: readonly Row[] = TWO) =>
  compare(
    'cortex-m4',
    { rows: now, versions: { gcc: '12.2.1' } },
    parseBaseline(stored(before), 'b.json', 1)[0]!,
    threshold,
  );

const [FIR, COPY] = TWO as [Row, Row];
const withCount = (row: Row, instructions: number | null): Row => ({
  ...row,
  contract: { ...row.contract, instructions },
});

describe('a comparison with a baseline', () => {
  it('finds nothing in the same figures', () => {
    const same = against(TWO, 0);
    expect([same.worse, same.better, same.missing, same.fresh, same.versions]).toEqual([[], [], [], [], []]);
  });

  it('finds what is worse by more than the threshold, in rows and means', () => {
    const { worse, better } = against([withCount(FIR, 520), COPY], 1);
    expect(worse.map((c) => [c.where, c.what])).toEqual([
      ['fir', 'contract.instructions'],
      ['geomean', 'contract'],
    ]);
    expect(worse[0]!.percent).toBeCloseTo(4, 9);
    expect(worse[1]!.percent).toBeCloseTo((Math.sqrt(1.04) - 1) * 100, 9);
    expect(better).toEqual([]);
    expect(changeText(worse[0]!)).toBe('fir contract.instructions: 500 -> 520 (+4.0 %)');
    expect(against([withCount(FIR, 520), COPY], 4).worse).toEqual([]);
    expect(against([withCount(FIR, 521), COPY], 4).worse.map((c) => c.where)).toEqual(['fir']);
  });

  it('finds what is better', () => {
    const { worse, better } = against([withCount(FIR, 250), COPY], 1);
    expect(worse).toEqual([]);
    expect(better.map(changeText)).toEqual([
      'fir contract.instructions: 500 -> 250 (-50.0 %)',
      'geomean contract: 1 -> 0.707 (-29.3 %)',
    ]);
  });

  it('takes a figure that is not measured any more, or is no longer zero, for worse whatever the threshold', () => {
    const lost = against([withCount(FIR, null), COPY], 1000);
    expect(lost.worse.map(changeText)).toContain('fir contract.instructions: 500 -> not measured');
    const guarded = { ...FIR, contract: { ...FIR.contract, guards: 3 } };
    expect(against([guarded, COPY], 1000).worse.map(changeText)).toEqual(['fir contract.guards: 0 -> 3']);
  });

  it('counts accesses that are not proved', () => {
    const open = { ...FIR, accesses: { all: 4, proved: 2 } };
    expect(against([open, COPY], 5).worse.map(changeText)).toEqual(['fir accesses not proved: 1 -> 2 (+100.0 %)']);
  });

  it('does not judge gcc, but a ratio to it', () => {
    const faster = { ...FIR, gccO2: { ...FIR.gccO2, instructions: 500 } };
    const { worse } = against([faster, COPY], 1);
    expect(worse.map((c) => c.where)).toEqual(['geomean', 'geomean', 'geomean', 'geomean']);
  });

  it('compares means over the rows that both have', () => {
    const slow = rowOf('slow', { gccO2: 1, contract: 1000, guarded: 1000 });
    const { worse, missing, fresh } = against([FIR, slow], 0);
    expect([worse, missing, fresh]).toEqual([[], ['copy/words'], ['slow']]);
  });

  it('names tools of another version', () => {
    const before = parseBaseline(stored(), 'b.json', 1)[0]!;
    const now = { rows: TWO, versions: { gcc: '13.1', clang: '19' } };
    expect(compare('cortex-m4', now, before, 0).versions).toEqual(['gcc: 12.2.1 -> 13.1']);
  });
});

describe('reading a baseline', () => {
  it('takes one document or several', () => {
    const [one] = parseBaseline(stored(), 'b.json', 1);
    expect(one).toMatchObject({ target: 'cortex-m4', versions: { gcc: '12.2.1', fcc: '0.1.0' } });
    expect(one!.rows.map((r) => [r.program, r.contract.instructions])).toEqual([
      ['fir', 500],
      ['copy/words', 400],
    ]);
    const two = JSON.stringify([documentOf(TWO), documentOf(TWO, {}, 'rv32imc')]);
    expect(parseBaseline(two, 'b.json', 1).map((b) => b.target)).toEqual(['cortex-m4', 'rv32imc']);
  });

  const changed = (change: (d: Record<string, unknown> & { rows: Record<string, unknown>[] }) => void): string => {
    const document = JSON.parse(stored());
    change(document);
    return JSON.stringify(document);
  };

  it.each([
    ['{', 'is not JSON'],
    ['[]', 'the baseline is empty'],
    ['7', 'the document is no object'],
    [changed((d) => (d.schemaVersion = 2)), 'schemaVersion is another'],
    [changed((d) => delete d.target), 'target is no name'],
    [changed((d) => (d.rows = {} as never)), 'rows is no list'],
    [changed((d) => (d.rows[1] = d.rows[0]!)), 'two of one program'],
    [changed((d) => delete d.rows[1]!.program), 'rows[1].program is no name'],
    [changed((d) => delete d.rows[1]!.unguarded), 'rows[1].unguarded is no object'],
    [changed((d) => (d.rows[0]!.gccO2 = { instructions: 'many' })), 'rows[0].gccO2.instructions is no count'],
    [changed((d) => (d.rows[0]!.gccO2 = { instructions: -1 })), 'rows[0].gccO2.instructions is no count'],
    [changed((d) => (d.rows[0]!.accesses = { all: 1 })), 'rows[0].accesses.proved is no count'],
    [JSON.stringify([documentOf(TWO), documentOf(TWO)]), 'a target twice'],
    [JSON.stringify([documentOf(TWO), 1]), '[1] is no object'],
  ])('refuses %#', (text, message) => {
    try {
      parseBaseline(text, 'b.json', 1);
    } catch (e) {
      expect(e).toBeInstanceOf(CompileError);
      const { code, exitCode, message: said, details } = e as CompileError;
      expect([code, exitCode, details.at?.file]).toEqual(['FCC0703', 3, 'b.json']);
      expect(said).toContain(message);
      return;
    }
    throw new Error('was accepted');
  });
});
