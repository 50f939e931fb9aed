// SPDX-License-Identifier: MIT
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { targets } from '../../backends/index.js';
import { benchRuntime, type MeasureRuntime, type RuntimeOptions } from '../../compiler/cli/bench-runtime.js';
import { fcc, inFolder } from '../cli/capture.js';
import { captured } from '../cli/captured.js';

const OPTIONS: RuntimeOptions = {
  chosen: targets.filter((t) => ['cortex-m4', 'esp8266'].includes(t.core.name)),
  json: false,
  html: null,
  baseline: null,
  threshold: 0,
};

/** `fcc bench --runtime` where a hook takes so many instructions. */
async function bench(hook: number, options: Partial<RuntimeOptions> = {}) {
  const { session, said } = captured();
  const measure: MeasureRuntime = async ({ core }) => ({
    target: core.name,
    items: [{ key: 'counts.hook.1', group: 'counts', title: 'a <hook>', goal: 30 }],
    figures: [{ key: 'counts.hook.1', level: '-Os', value: hook }],
    notes: [],
  });
  const code = await benchRuntime(session, { ...OPTIONS, ...options }, measure);
  return { code, ...said };
}

describe('fcc bench --runtime', () => {
  it('prints tables, or one document', async () => {
    const shown = await bench(31);
    expect([shown.code, shown.err]).toEqual([0, '']);
    expect(shown.out).toContain('cortex-m4: a <hook>: 31, goal 30\n');
    const document = JSON.parse((await bench(31, { json: true })).out);
    expect(document).toMatchObject({ schemaVersion: 1, kind: 'runtime', goalCore: 'cortex-m4' });
    expect(document.targets.map((t: { target: string }) => t.target)).toEqual(['cortex-m4', 'esp8266']);
    expect(document.versions).toMatchObject({ node: process.version.slice(1) });
  });

  it('compares with what it printed earlier', () =>
    inFolder(async (folder) => {
      const baseline = join(folder, 'b.json');
      writeFileSync(baseline, (await bench(31, { json: true })).out);
      expect(await bench(31, { baseline })).toMatchObject({ code: 0, err: '' });
      const worse = 'worse: cortex-m4 counts.hook.1 -Os: 31 -> 32\nworse: esp8266 counts.hook.1 -Os: 31 -> 32\n';
      expect(await bench(32, { baseline })).toMatchObject({ code: 1, err: worse });
      expect(await bench(32, { baseline, threshold: 5 })).toMatchObject({ code: 0, err: '' });
      writeFileSync(baseline, '{}');
      await expect(bench(31, { baseline })).rejects.toMatchObject({ code: 'FCC0703' });
    }));

  it('writes a report with the same tables', () =>
    inFolder(async (folder) => {
      const html = join(folder, 'r.html');
      const { out } = await bench(31, { html });
      expect(out).toContain('a <hook>');
      const text = readFileSync(html, 'utf8');
      expect(text).toMatch(/^<!DOCTYPE html>\n<html lang="en">/);
      expect(text).toContain('<th scope="row">a &lt;hook&gt;</th><td class="n">31</td><td class="n">-</td>');
      expect(text).toContain('cortex-m4: a &lt;hook&gt;: 31, goal 30');
      expect((await bench(31, { html: '-' })).out).toMatch(/^<!DOCTYPE html>\n/);
    }));

  it.each([
    [['bench', '--runtime', 'a.o'], '--runtime takes no files'],
    [['bench', '--runtime', '--scale'], 'two things to measure'],
    [['bench', '--runtime', '--csv', 'x.csv'], '--csv does not go with --runtime'],
    [['bench', '--runtime', '-O', '1'], '--optimise is for --size'],
    [['bench', '--runtime', '--threshold', '1'], '--threshold is for --baseline'],
    [['bench', '--runtime', '--json', '--html', '-'], 'both go to standard output'],
  ])('%j is a mistake on the command line', async (args, message) => {
    const { code, err } = await fcc(args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
