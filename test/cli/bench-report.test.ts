// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { targets } from '../../backends/index.js';
import type { BenchDocument } from '../../compiler/bench/document.js';
import type { BenchJob, Measured } from '../../compiler/bench/types.js';
import { benchReport, jobsOf, type Measure, type ReportOptions } from '../../compiler/cli/bench-report.js';
import { CompileError } from '../../compiler/errors/index.js';
import { measured, rowOf, TWO } from '../bench/samples.js';
import { FIXTURE_NAMES } from '../fixtures/all.js';
import { fcc, inFolder } from './capture.js';
import { captured } from './captured.js';

const target = (name: string) => targets.find((t) => t.core.name === name)!;

const OPTIONS: ReportOptions = {
  objects: ['fir.o'],
  sources: [],
  chosen: [target('cortex-m4')],
  json: false,
  profile: false,
  csv: null,
  html: null,
  baseline: null,
  threshold: 0,
};

/** `fcc bench` with figures of our own. */
async function bench(options: Partial<ReportOptions>, result: Measured | Measure = measured(TWO)) {
  const { session, said } = captured();
  const measure: Measure = typeof result === 'function' ? result : async () => result;
  const code = await benchReport(session, { ...OPTIONS, ...options }, measure);
  return { code, ...said };
}

describe('fcc bench', () => {
  it('prints tables, or one document', async () => {
    const shown = await bench({});
    expect([shown.code, shown.err]).toEqual([0, '']);
    expect(shown.out).toMatch(/^cortex-m4: executed instructions/);
    const document: BenchDocument = JSON.parse((await bench({ json: true })).out);
    expect(document.schemaVersion).toBe(1);
    expect(document.target).toBe('cortex-m4');
    expect(document.rows).toEqual(TWO);
    expect(document.geomean.contract).toBeCloseTo(1, 12);
    expect(document.geomean.textBytes).toBeCloseTo(Math.sqrt(2), 12);
    expect(document.worst.contract).toEqual({ program: 'copy/words', ratio: 2 });
    expect(document.versions).toMatchObject({ gcc: '12.2.1', node: process.version.slice(1) });
    expect(document.date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(document.machine).toMatch(/\d+ cores/);
  });

  it('prints an array of documents for several targets', async () => {
    const asked: string[] = [];
    const measure: Measure = async (_, __, { core }) => {
      asked.push(core.name);
      return measured(TWO);
    };
    const { out } = await bench({ json: true, chosen: [target('rv32imc'), target('esp8266')] }, measure);
    expect(JSON.parse(out).map((d: BenchDocument) => d.target)).toEqual(['rv32imc', 'esp8266']);
    expect(asked).toEqual(['rv32imc', 'esp8266']);
  });

  it('measures all fixtures where nothing is named, else what is', async () => {
    let jobs: readonly BenchJob[] = [];
    const measure: Measure = async (_, given) => {
      jobs = given;
      return measured([]);
    };
    await bench({ objects: [] }, measure);
    expect(jobs.map((j) => j.name)).toEqual(FIXTURE_NAMES);
    expect(jobs.every((j) => j.object !== null && existsSync(j.object))).toBe(true);
    await bench({ objects: ['a/fir.v3.o', 'x.o'], sources: ['b/crc.c', 'b/fir.c'] }, measure);
    expect(jobs).toEqual([
      { name: 'fir', object: 'a/fir.v3.o', source: 'b/fir.c' },
      { name: 'x', object: 'x.o', source: null },
      { name: 'crc', object: null, source: 'b/crc.c' },
    ]);
    expect(jobsOf([], [])).toEqual([]);
  });

  it('shows a profile, and tells the document of it', async () => {
    const result = measured(TWO, { profile: 'hot code\n' });
    expect((await bench({ profile: true }, result)).out).toContain('\nhot code\n');
    expect(JSON.parse((await bench({ profile: true, json: true }, result)).out).profile).toBe('hot code\n');
  });

  it('writes CSV and HTML, to standard output instead of the tables', () =>
    inFolder(async (folder) => {
      const [csv, html] = [join(folder, 'b.csv'), join(folder, 'b.html')];
      const { code, out } = await bench({ csv, html });
      expect(code).toBe(0);
      expect(out).toMatch(/^cortex-m4: executed/);
      expect(readFileSync(csv, 'utf8')).toMatch(/^target,program,column,/);
      expect(readFileSync(html, 'utf8')).toMatch(/^<!DOCTYPE html>\n/);
      expect(readdirSync(folder).sort()).toEqual(['b.csv', 'b.html']);
      expect((await bench({ csv: '-' })).out).toMatch(/^target,program,column,/);
      await expect(bench({ csv: join(folder, 'no', 'b.csv') })).rejects.toMatchObject({ code: 'FCC0003' });
    }));

  it('fails when a result was wrong', async () => {
    const row = rowOf('fir', { gccO2: 100 }, { errors: ['contract: r0 is 1, not 2'] });
    const { code, err } = await bench({}, measured([row]));
    expect([code, err]).toEqual([1, 'cortex-m4: fir: contract: r0 is 1, not 2\n']);
  });
});

describe('fcc bench --baseline', () => {
  const [fir, copy] = TWO as [(typeof TWO)[0], (typeof TWO)[0]];
  const slower = { ...fir, contract: { ...fir.contract, instructions: 520 } };

  /** Stores TWO as a baseline and measures `rows` against it. */
  const judged = (rows: typeof TWO, more: Partial<ReportOptions> = {}) =>
    inFolder(async (folder) => {
      const baseline = join(folder, 'before.json');
      writeFileSync(baseline, (await bench({ json: true })).out);
      return bench({ baseline, ...more }, measured(rows));
    });

  it('passes on the same figures', async () => {
    expect(await judged(TWO)).toMatchObject({ code: 0, err: '' });
  });

  it('fails on worse ones above the threshold, and lists them', async () => {
    const { code, err } = await judged([slower, copy], { threshold: 1 });
    expect(code).toBe(1);
    expect(err.split('\n')).toEqual([
      'cortex-m4: worse: fir contract.instructions: 500 -> 520 (+4.0 %)',
      'cortex-m4: worse: geomean contract: 1 -> 1.020 (+2.0 %)',
      'cortex-m4: 2 figures are worse by more than 1 %',
      '',
    ]);
    expect((await judged([slower, copy], { threshold: 4 })).code).toBe(0);
  });

  it('says in the document what it found', async () => {
    const { out } = await judged([slower, copy], { threshold: 1, json: true });
    const { baseline } = JSON.parse(out);
    expect(baseline).toMatchObject({ threshold: 1, missing: [], better: [] });
    expect(baseline.worse[0]).toMatchObject({ where: 'fir', what: 'contract.instructions', before: 500, now: 520 });
  });

  it('lists what is better, and passes', async () => {
    const better = { ...fir, contract: { ...fir.contract, instructions: 400 } };
    const { code, err } = await judged([better, copy]);
    expect(code).toBe(0);
    expect(err).toContain('cortex-m4: better: fir contract.instructions: 500 -> 400 (-20.0 %)\n');
  });

  it('misses a row when all fixtures were to be measured, not when some were named', async () => {
    const all = await judged([fir], { objects: [] });
    expect([all.code, all.err]).toEqual([1, 'cortex-m4: copy/words is in the baseline and was not measured\n']);
    expect(await judged([fir])).toMatchObject({ code: 0, err: '' });
    const fresh = await judged([...TWO, rowOf('new', { gccO2: 1 })]);
    expect(fresh).toMatchObject({ code: 0, err: 'cortex-m4: new is not in the baseline\n' });
  });

  it('refuses a file that is no baseline, before anything is measured', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'b.json');
      const never: Measure = async () => {
        throw new Error('was measured');
      };
      const refused = async (text: string, more: Partial<ReportOptions> = {}): Promise<string> => {
        writeFileSync(file, text);
        try {
          await bench({ baseline: file, ...more }, never);
        } catch (e) {
          if (e instanceof CompileError) return `${e.code} ${e.message}`;
          throw e;
        }
        return 'accepted';
      };
      expect(await refused('nonsense')).toBe('FCC0703 the baseline is not JSON');
      const good = (await bench({ json: true })).out;
      expect(await refused(good, { chosen: [target('esp32')] })).toBe('FCC0001 the baseline has no figures for esp32');
      const { code, err } = await fcc(['bench', '--baseline', join(folder, 'none.json')]);
      expect([code, err]).toEqual([2, expect.stringContaining('error[FCC0002]: cannot read')]);
    }));
});
