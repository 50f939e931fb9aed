// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import type { Program } from '../../compiler/bpf/program.js';
import { prepare } from '../../compiler/compile.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { type GuardRow, guardReport } from '../../compiler/report/guards.js';
import { guardsKept } from '../../compiler/sandbox/sandbox.js';
import { verify } from '../../compiler/verifier/verify.js';
import { FIXTURE_NAMES, loadFixture } from '../fixtures/all.js';
import { fcc } from './capture.js';
import { EXIT, MISBEHAVE, MISBEHAVE_CONTRACT, MOV_R0_42, raw } from './objects.js';

const CONTRACT = parseContract(
  JSON.stringify({
    hook: 'fc/guards',
    context: {
      size: 48,
      access: 'rw',
      align: 8,
      fields: [
        { name: 'buf', offset: 0, type: 'pointer', region: 'buf' },
        { name: 'pkt', offset: 8, type: 'pointer', region: 'pkt' },
        { name: 'len', offset: 16, type: 'length', size: 4, region: 'pkt' },
      ],
    },
    regions: [
      { name: 'buf', access: 'rw', size: 16, align: 4 },
      { name: 'pkt', access: 'r', minSize: 0, maxSize: 1500, align: 2 },
    ],
    helpers: ['memcpy'],
  }),
  'guards',
);

function rowsOf(program: Program, contract: Contract): GuardRow[] {
  const prepared = prepare(program, { contract });
  if (prepared.kind === 'rejected') throw new Error('the program is rejected');
  return guardReport(prepared);
}
const rows = (text: string, contract = CONTRACT): GuardRow[] => {
  const program = assemble(`${text}\nexit`);
  // Without lines, places are instructions.
  return rowsOf({ ...program, functions: program.functions.map((f) => ({ ...f, lines: new Map() })) }, contract);
};
const only = (text: string, contract = CONTRACT): GuardRow => {
  const all = rows(text, contract);
  expect(all).toHaveLength(1);
  return all[0]!;
};

describe('the report of guards', () => {
  it('is empty where everything is proved', () => {
    expect(rows('r0 = *(u64 *)(r1 + 40)')).toEqual([]);
  });

  it('an index: which register, from where, and what to compare it with', () => {
    expect(
      only('r3 = *(u8 *)(r1 + 40)\nr2 = *(u64 *)(r1 + 0)\nr2 += r3\nr4 = 1\n*(u8 *)(r2 + 0) = r4\nr0 = 0'),
    ).toMatchObject({
      function: 'main',
      instruction: 4,
      argument: null,
      source: null,
      write: true,
      access: 'writes 1 byte at buf+[0, 255]; buf is 16 bytes',
      region: 'buf',
      form: 'compare',
      kept: true,
      help: 'compare r3, from insn 0, with the size of buf before insn 4',
      code: 'FCC0107',
    });
    // The pointer may be the second operand, and the length a field.
    const second = only('r3 = *(u32 *)(r1 + 40)\nr2 = *(u64 *)(r1 + 8)\nr3 += r2\nr0 = *(u8 *)(r3 + 0)');
    expect(second.help).toBe('compare r3, from insn 0, with the length of pkt, context field len, before insn 3');
    expect([second.write, second.form, second.region]).toEqual([false, 'compare', 'pkt']);
  });

  it('a constant offset in a region of unknown length: test it, or promise it', () => {
    const { help, access } = only('r2 = *(u64 *)(r1 + 8)\nr2 += 4\nr0 = *(u32 *)(r2 + 2)');
    expect(access).toBe('reads 4 bytes at pkt+6; pkt is 0 to 1500 bytes');
    expect(help).toBe(
      'test the length of pkt, context field len, before insn 2, or have the contract give pkt a "minSize" of 10 or more',
    );
  });

  it('a pointer that a loop moves', () => {
    const { help, instruction } = only(
      'r2 = *(u64 *)(r1 + 8)\nloop:\nr0 = *(u8 *)(r2 + 0)\nr2 += 1\nif r0 != 0 goto loop',
    );
    expect([instruction, help]).toEqual([
      1,
      'r2 moves through pkt: compare it with the end of pkt in every round, before insn 1',
    ]);
  });

  it('a pointer with several offsets, and an argument with one that only the caller knows', () => {
    const sides = only(
      'r2 = *(u64 *)(r1 + 8)\nr3 = *(u64 *)(r1 + 40)\nif r3 == 1 goto far\nr4 = r2\ngoto both\nfar:\nr4 = r2\nr4 += 8\nboth:\nr0 = *(u8 *)(r4 + 0)',
    );
    expect(sides.help).toBe(
      'r4 is at different offsets in pkt on the ways to insn 7: compare it with the end of pkt there',
    );
    const [called] = rowsOf(
      assemble(
        'entry a fc/a:\nr1 = *(u64 *)(r1 + 8)\nr1 += 4\ncall get\nexit\nfunc get:\nr0 = *(u8 *)(r1 + 3)\nexit',
        'p.s',
      ),
      CONTRACT,
    );
    expect(called!.help).toBe('compare the offset with the length of pkt, context field len, before line 7');
  });

  it('a long way back is not guessed at', () => {
    const far = `r2 = *(u64 *)(r1 + 40)\n${'r3 = 1\n'.repeat(3000)}r0 = *(u8 *)(r2 + 0)`;
    const row = only(far);
    expect(row.help).toBe(row.rejection!.details.help);
    expect(row.help).not.toContain('r2');
  });

  it('no contract: the context’s length, and pointers in it', () => {
    const [field, through] = rows('r3 = *(u64 *)(r1 + 8)\nr0 = *(u32 *)(r3 + 4)', DEFAULT_CONTRACT);
    expect(field).toMatchObject({ region: 'ctx', form: 'compare', instruction: 0 });
    expect(field!.help).toContain('give --contract with a "context" of "size" 16 or more');
    expect(through).toMatchObject({ region: null, form: 'search', instruction: 1 });
    expect(through!.help).toBe(
      'r3 was loaded at insn 0 from ctx+8 as a plain number: give --contract, and declare the field as a pointer in the contract',
    );
  });

  it('a field that is no pointer, whole or in part, directly or by way of the stack', () => {
    expect(only('r3 = *(u64 *)(r1 + 40)\nr0 = *(u8 *)(r3 + 0)').help).toBe(
      'r3 was loaded at insn 0 from ctx+40 as a plain number: declare the field as a pointer in the contract',
    );
    expect(only('r3 = *(u32 *)(r1 + 40)\nr0 = *(u8 *)(r3 + 0)').help).toContain('from ctx+40 as 4 bytes');
    expect(
      only('r3 = *(u64 *)(r1 + 40)\n*(u64 *)(r10 - 8) = r3\nr4 = *(u64 *)(r10 - 8)\nr0 = *(u8 *)(r4 + 0)').help,
    ).toContain('r4, kept on the stack meanwhile, was loaded at insn 0 from ctx+40');
  });

  it('other origins of unknown pointers', () => {
    const loads = 'r2 = *(u64 *)(r1 + 0)\n';
    expect(only(`${loads}r3 = *(u64 *)(r2 + 8)\nr0 = *(u8 *)(r3 + 0)`).help).toContain(
      'r3 was loaded at insn 1 from buf, where any number may stand',
    );
    expect(only('r3 = 0x20000000 ll\nr0 = *(u8 *)(r3 + 0)').help).toContain('r3 is the number from insn 0');
    expect(only(`${loads}w2 += 1\nr0 = *(u8 *)(r2 + 0)`).help).toContain('r2 is no pointer any more after insn 1');
    expect(
      only(
        `r3 = *(u64 *)(r1 + 0)\nr4 = *(u64 *)(r1 + 40)\nif r4 == 7 goto b\nr3 = *(u64 *)(r1 + 8)\nb:\nr0 = *(u8 *)(r3 + 0)`,
      ).help,
    ).toContain('r3 stands for different memory on the ways to insn 4');
    expect(
      only(`r0 = *(u8 *)(r2 + 0)`, { ...CONTRACT, passLength: true, context: { ...CONTRACT.context, size: null } })
        .help,
    ).toContain('r2 comes from argument r2, which the hook passes as a number');
  });

  it('a buffer given to a helper: which argument', () => {
    const row = only(
      'r6 = r1\nr3 = *(u8 *)(r6 + 40)\nr2 = *(u64 *)(r6 + 0)\nr1 = r10\nr1 += -64\nr3 &= 31\ncall 0x02\nr0 = 0',
    );
    expect(row).toMatchObject({ instruction: 6, argument: 1, region: 'buf', write: false, code: 'FCC0106' });
    expect(row.help).toBe('compare the length in r3 with the size of buf before insn 6');
  });

  it('guards that another one covers are told apart', () => {
    const made = rows(
      'r3 = *(u8 *)(r1 + 40)\nr2 = *(u64 *)(r1 + 0)\nr2 += r3\nr0 = *(u8 *)(r2 + 0)\nr4 = *(u8 *)(r2 + 0)\nr0 += r4',
    );
    expect(made.map((r) => [r.instruction, r.kept])).toEqual([
      [3, true],
      [4, false],
    ]);
  });

  it('an argument that is different memory in different calls', () => {
    const program = assemble(`entry a fc/a:
      r6 = r1
      r1 = *(u64 *)(r6 + 0)
      call get
      r1 = r6
      r1 += 40
      call get
      exit
    func get:
      r0 = *(u8 *)(r1 + 3)
      exit`);
    const [row, ...more] = rowsOf(program, CONTRACT);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ function: 'get', form: 'search', region: null });
    expect(row!.help).toBe(
      'r1 is an argument of get that stands for different memory in different calls: make the function always_inline',
    );
  });

  it('programs of one object that share a function: each alone needs no guard', () => {
    const program = assemble(`entry a fc/a:
      r1 = *(u64 *)(r1 + 0)
      call get
      exit
    entry b fc/b:
      r1 += 40
      call get
      exit
    func get:
      r0 = *(u8 *)(r1 + 3)
      exit`);
    const [row, ...more] = rowsOf(program, CONTRACT);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ function: 'get', form: 'search', reason: null, rejection: null });
    expect(row!.access).toBe('reads 1 byte through a pointer that the programs of this object use differently');
    expect(row!.help).toContain('compile them one at a time with --function');
  });
});

describe('on the fixtures', () => {
  // coap_response needs a region by name, so it needs its contract.
  const names = FIXTURE_NAMES.filter((name) => name !== 'coap_response');
  it.each(names)('%s: one row for each access that --strict refuses, and each guard in the code', (name) => {
    const { program } = loadFixture(name).objects.find((o) => o.version === 'v3')!;
    // Without a contract, so that something is left to guard.
    const prepared = prepare(program, { contract: DEFAULT_CONTRACT });
    if (prepared.kind === 'rejected') throw new Error('it is rejected');
    const made = guardReport(prepared);
    // One entry a fixture: what it is refused with --strict is what needs a guard.
    const strict = prepared.entries.flatMap((entry) => {
      const verdict = verify(program, entry, DEFAULT_CONTRACT, { strict: true });
      return verdict.verdict === 'rejected' ? verdict.errors : [];
    });
    const place = (fn: string | undefined, slot: number | undefined): string => `${fn} ${slot}`;
    const refused = new Set(strict.map((e) => place(e.details.at?.function, e.details.at?.instruction)));
    expect(new Set(made.map((r) => place(r.function, r.instruction)))).toEqual(refused);
    const { guards } = prepared;
    expect(made.length).toBe(guards.reduce((n, g) => n + g.accesses - g.proved, 0));
    expect(made.filter((r) => r.kept).length).toBe(guards.reduce((n, g) => n + guardsKept(g), 0));
    for (const r of made) {
      expect(r.source?.file).toMatch(/\.[ch]$/);
      expect(r.access).toMatch(/^(reads|writes) /);
      expect(r.help).toMatch(/^[a-z].{20,}[^.]$/);
    }
  });
});

describe('fcc compile --guards', () => {
  const put = [MISBEHAVE, '-t', 'cortex-m4', '--contract', MISBEHAVE_CONTRACT, '-o', '/dev/null'];

  it('lists where, what, why and what would help, below the summary', async () => {
    const { code, out, err } = await fcc(['compile', ...put, '--guards']);
    expect([code, err]).toEqual([0, '']);
    const [summary, list] = out.split('\n\n');
    expect(summary!.split('\n')).toHaveLength(3);
    expect(list!.trimEnd().split('\n')).toEqual([
      'guard: compare with data',
      expect.stringMatching(/^ {2}--> \.\/misbehave\.c:14:\d+ {2}\(put, insn 8\)$/),
      expect.stringMatching(/^ {3}14 \| {2}slots\[ctx->index\] = ctx->value;/),
      expect.stringMatching(/^ access: writes 4 bytes at data\+.*; data is 16 bytes$/),
      expect.stringMatching(/^ reason: r\d is data/),
      expect.stringMatching(/^ help: {3}compare r\d, from line 14, with the size of data before line 14$/),
      'guards: 1 of 8 accesses guarded',
    ]);
  });

  it('is a member of the document', async () => {
    const { out } = await fcc(['compile', ...put, '--guards', '--json']);
    expect(JSON.parse(out).guards).toMatchObject([
      {
        section: 'fc/slot',
        function: 'put',
        instruction: 8,
        argument: null,
        file: './misbehave.c',
        line: 14,
        kind: 'write',
      },
    ]);
    expect(JSON.parse(out).guards[0]).toMatchObject({ region: 'data', form: 'compare', kept: true });
    expect(JSON.parse((await fcc(['compile', ...put, '--json'])).out)).not.toHaveProperty('guards');
  });

  it('says in one line that there is none', async () => {
    const { out } = await fcc(['compile', ...put, '--guards', '--function', 'wait']);
    expect(out.split('\n\n')[1]).toBe('guards: none, 1 access is proved\n');
    const bare = await fcc(
      ['compile', '-', '--raw', '-t', 'cortex-m4', '-o', '/dev/null', '--guards'],
      raw(MOV_R0_42, EXIT),
    );
    expect(bare.out.split('\n\n')[1]).toBe('guards: none, the program accesses no memory\n');
  });

  it('goes to stderr where the image goes to standard output', async () => {
    const { err } = await fcc(['compile', ...put.slice(0, -1), '-', '--guards']);
    expect(err).toContain('\nguards: 1 of 8 accesses guarded\n');
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('%s offers each command its own formats', async (shell) => {
    const { out } = await fcc(['completion', shell]);
    for (const words of ['image c asm sarif', 'text json sarif']) expect(out).toContain(words);
    for (const option of ['guards', 'slice']) expect(out).toContain(option);
  });

  it('tells the formats of compile and verify apart', async () => {
    const { out } = await fcc(['completion', 'bash']);
    const complete = (...words: string[]): string[] => {
      const ask = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fcc; printf "%s\\n" "${' + 'COMPREPLY[@]}"';
      const run = spawnSync('bash', ['-c', `${out}\n${ask}`, 'bash', ...words], { encoding: 'utf8' });
      return run.stdout.trim().split('\n');
    };
    expect(complete('fcc', 'verify', 'a.o', '--format', '')).toEqual(['text', 'json', 'sarif']);
    expect(complete('fcc', 'compile', 'a.o', '--format', '')).toEqual(['image', 'c', 'asm', 'sarif']);
    expect(complete('fcc', 'compile', '--gu')).toEqual(['--guards']);
  });
});
