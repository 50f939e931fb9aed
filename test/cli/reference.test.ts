// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { targets } from '../../backends/index.js';
import { HELPERS } from '../../compiler/contract/helpers.js';
import { ERRORS, type ErrorRow } from '../../compiler/errors/index.js';
import { STATUSES, statusNumber } from '../../compiler/image/status.js';
import { TRAPS } from '../../compiler/image/traps.js';
import { fcc, inFolder } from './capture.js';

const NAMES = [
  'compile',
  'verify',
  'run',
  'conform',
  'disasm',
  'inspect',
  'keys',
  'pack',
  'sign',
  'push',
  'targets',
  'helpers',
  'explain',
  'completion',
];
const CODES: [string, ErrorRow][] = Object.entries(ERRORS);

describe('fcc targets and fcc helpers', () => {
  it('list every row', async () => {
    const shown = await fcc(['targets']);
    expect([shown.code, shown.err]).toEqual([0, '']);
    for (const { core, arch } of targets) {
      const row = shown.out.split('\n').find((l) => l.startsWith(`${core.name} `));
      expect(row).toContain(` ${arch} `);
      for (const { board, lacks } of core.emulators) for (const word of [board, ...lacks]) expect(row).toContain(word);
    }
    const helpers = await fcc(['helpers']);
    expect([helpers.code, helpers.err]).toEqual([0, '']);
    for (const h of HELPERS)
      expect(helpers.out.replace(/ +/g, ' ')).toContain(`\n0x${h.id.toString(16).padStart(2, '0')} ${h.name}(`);
    const blocking = helpers.out.split('\n').filter((l) => / blocks /.test(l));
    expect(blocking.map((l) => l.slice(0, 4))).toEqual(['0x01', '0x32', '0x61']);
    expect(helpers.out).toContain('memcpy(w dst[n], r src[n], u32 n)');
  });

  it('and the same with --json', async () => {
    const targetList = JSON.parse((await fcc(['targets', '--json'])).out);
    expect(targetList.schemaVersion).toBe(1);
    expect(targetList.targets.map((t: { name: string }) => t.name)).toEqual(targets.map((t) => t.core.name));
    const helperList = JSON.parse((await fcc(['helpers', '--json'])).out);
    expect(helperList.helpers.map((h: { id: number }) => h.id)).toEqual(HELPERS.map((h) => h.id));
  });

  it('take no argument', async () => {
    expect((await fcc(['targets', 'x'])).code).toBe(2);
    expect((await fcc(['helpers', 'x'])).code).toBe(2);
  });
});

describe('fcc explain', () => {
  it.each(CODES)('%s', async (code, row) => {
    const { code: exit, out, err } = await fcc(['explain', code]);
    expect([exit, err]).toEqual([0, '']);
    expect(out.startsWith(`${code}: ${row.title}\nstage ${row.stage}, exit code ${row.exit}\n\n`)).toBe(true);
    expect(row.explain).toMatch(/^.{40,}[.)]$/s);
    expect(row.title).not.toMatch(/\.$/);
    expect(row.wrong === undefined).toBe(row.right === undefined);
    expect(out.includes('\nwrong:\n    ')).toBe(row.wrong !== undefined);
  });

  it('every mistake that a user writes has an example; damaged files and missing tools have none', () => {
    const without = CODES.filter(([, row]) => row.wrong === undefined).map(([code]) => code);
    const usual = /^FCC(020[2-5]|0209|021[02]|030[1345]|031[0-3]|0501|060\d|080[235])$/;
    expect(without.filter((c) => !usual.test(c))).toEqual([]);
  });

  it('lists all codes in order, and takes lower case', async () => {
    const { out } = await fcc(['explain']);
    const listed = out
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((l) => l.slice(0, 7));
    expect(listed).toEqual(CODES.map(([c]) => c).sort());
    expect((await fcc(['explain', 'fcc0107'])).out).toMatch(/^FCC0107: /);
    // What the runtime answers.
    for (const row of STATUSES) {
      const { code, out } = await fcc(['explain', `FCC_E_${row.name.toUpperCase()}`]);
      expect([code, out]).toEqual([0, expect.stringContaining(`(${statusNumber(row.name)})`)]);
      expect(out).toContain(row.doc);
    }
    const trap = await fcc(['explain', 'fcc_trap_killed', '--json']);
    expect(JSON.parse(trap.out)).toMatchObject({ code: 'FCC_TRAP_KILLED', number: TRAPS.killed.code });
    const json = JSON.parse((await fcc(['explain', 'FCC0107', '--json'])).out);
    expect(json).toMatchObject({ schemaVersion: 1, code: 'FCC0107', title: 'invalid memory access', exit: 1 });
    expect(JSON.parse((await fcc(['explain', '--json'])).out).errors).toHaveLength(CODES.length);
  });

  it.each(['FCC9999', 'toString', '0107', ''])('knows no code %s', async (code) => {
    const { code: exit, out, err } = await fcc(['explain', code]);
    expect([exit, out]).toEqual([2, '']);
    expect(err).toContain('`fcc explain` lists them');
  });
});

describe('fcc completion', () => {
  it.each(['bash', 'zsh', 'fish'])('%s knows every command, option and word', async (shell) => {
    const { code, out, err } = await fcc(['completion', shell]);
    expect([code, err]).toEqual([0, '']);
    for (const word of [...NAMES, 'ctx-out', 'cortex-m4', 'qemu', 'FCC0107']) expect(out).toContain(word);
    const check = spawnSync(shell, ['-n'], { input: out, encoding: 'utf8' });
    // A shell that is not installed cannot read it; bash is everywhere that this runs.
    if (check.error === undefined) expect([check.status, check.stderr]).toEqual([0, '']);
    else expect(shell).not.toBe('bash');
  });

  it('works in bash', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'script'), (await fcc(['completion', 'bash'])).out);
      writeFileSync(join(folder, 'prog.o'), '');
      const complete = (...words: string[]): string[] => {
        const script =
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
          'source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fcc; printf "%s\\n" "${COMPREPLY[@]}"';
        const run = spawnSync('bash', ['-c', script, 'bash', ...words], { cwd: folder, encoding: 'utf8' });
        expect(run.stderr).toBe('');
        return run.stdout.trim().split('\n');
      };
      expect(complete('fcc', 'com')).toEqual(['compile', 'completion']);
      expect(complete('fcc', 'compile', '-t', 'cortex-m4')).toEqual(['cortex-m4']);
      expect(complete('fcc', 'compile', '--st')).toEqual(['--strict']);
      expect(complete('fcc', 'run', '--engine', '')).toEqual(['interp', 'sim', 'qemu']);
      expect(complete('fcc', 'compile', 'pr')).toEqual(['prog.o']);
      expect(complete('fcc', 'explain', 'FCC010').length).toBeGreaterThan(5);
    }));

  it('knows no other shell', async () => {
    const { code, err } = await fcc(['completion', 'tcsh']);
    expect([code, err]).toEqual([2, expect.stringContaining('bash, zsh, fish')]);
    expect((await fcc(['completion'])).code).toBe(2);
    expect(JSON.parse((await fcc(['completion', 'bash', '--json'])).out)).toMatchObject({
      schemaVersion: 1,
      shell: 'bash',
    });
  });
});

describe('fcc', () => {
  it('without a command shows its help on stderr and is a mistake', async () => {
    const { code, out, err } = await fcc([]);
    expect([code, out]).toEqual([2, '']);
    for (const name of NAMES) expect(err).toContain(`  ${name} `);
  });

  it.each([['--help'], ['-h'], ['help']])('%s', async (flag) => {
    const { code, out, err } = await fcc([flag]);
    expect([code, err]).toEqual([0, '']);
    for (const name of NAMES) expect(out).toContain(`  ${name} `);
  });

  it.each(NAMES)('%s --help names its options, and refuses others', async (name) => {
    for (const args of [
      [name, '--help'],
      ['help', name],
    ]) {
      const { code, out, err } = await fcc(args);
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(new RegExp(`^Usage: fcc ${name} `));
      expect(out).toContain('--json');
    }
    const { code, out, err } = await fcc([name, '--no-such-option']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain("error[FCC0001]: unknown option '--no-such-option'");
    expect(err).toContain(`fcc ${name} --help`);
    const json = await fcc([name, '--no-such-option', '--json']);
    expect(JSON.parse(json.out).error.code).toBe('FCC0001');
  });

  it('names a command that was meant', async () => {
    const { code, err } = await fcc(['complie']);
    expect(code).toBe(2);
    expect(err).toMatch(/unknown command 'complie'.*Did you mean compile\?/);
  });

  it('--version is the package’s', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    expect(await fcc(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});
