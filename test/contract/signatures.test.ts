// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allows, CONFORMANCE_HELPERS, HELPERS, type HelperRow, helpersOf } from '../../compiler/contract/helpers.js';
import { canonicalContract, parseContract } from '../../compiler/contract/schema.js';
import { parseSignature, signatureText } from '../../compiler/contract/signature-text.js';
import type { Contract } from '../../compiler/contract/types.js';
import { CompileError } from '../../compiler/errors/index.js';

const read = (signatures: unknown, more: object = {}): Contract =>
  parseContract(JSON.stringify({ hook: 'h', regions: [{ name: 'buf', size: 8 }], signatures, ...more }), 'c.json');

function refusal(signatures: unknown, more: object = {}): CompileError {
  try {
    read(signatures, more);
  } catch (e) {
    if (e instanceof CompileError) return e;
    throw e;
  }
  throw new Error('accepted');
}

const n = { kind: 'u32', name: 'n' };
const row = (more: object): object[] => [{ id: 0x200, name: 'send', ...more }];

/** One of each kind, as a file has it and as the table has it. */
const FILE = [
  {
    id: '0x200',
    name: 'send',
    args: [
      { kind: 'buffer', name: 'data', access: 'r', length: 1 },
      { kind: 'u32', name: 'n', range: [1, '0x40'] },
      { kind: 'context', name: 'ctx' },
      { kind: 'fixed', name: 'out', access: 'w', size: 4, certain: true },
      { kind: 'cstring', name: 'text' },
    ],
    result: { kind: 'i32', range: [-5, '64'] },
    doc: 'Sends.',
  },
  { id: 513, name: 'none' },
  {
    id: 0x7ffffffe,
    name: 'wide',
    args: [{ kind: 'u64', name: 'x', range: [0, '0xffffffffffffffff'] }],
    result: { kind: 'u64' },
  },
  { id: 514, name: 'find', result: { kind: 'region', region: 'buf', nullable: true } },
  { id: 515, name: 'base', result: { kind: 'region', region: 'buf', nullable: false } },
  {
    id: 516,
    name: 'level',
    args: [{ kind: 'fixed', name: 'p', access: 'rw', size: 1, certain: false }],
    result: { kind: 'u32', range: [0, 1] },
    blocks: true,
  },
  { id: 517, name: 'blocks', blocks: false },
];
const ROWS: readonly HelperRow[] = [
  {
    id: 0x200,
    name: 'send',
    args: [
      { kind: 'buffer', name: 'data', access: 'r', length: 1 },
      { kind: 'u32', name: 'n', range: [1n, 64n] },
      { kind: 'context', name: 'ctx' },
      { kind: 'fixed', name: 'out', access: 'w', size: 4, certain: true },
      { kind: 'cstring', name: 'text' },
    ],
    result: { kind: 'i32', range: [-5n, 64n] },
    doc: 'Sends.',
  },
  { id: 513, name: 'none', args: [], result: { kind: 'void' }, doc: '' },
  {
    id: 0x7ffffffe,
    name: 'wide',
    args: [{ kind: 'u64', name: 'x', range: [0n, (1n << 64n) - 1n] }],
    result: { kind: 'u64' },
    doc: '',
  },
  { id: 514, name: 'find', args: [], result: { kind: 'region', region: 'buf', nullable: true }, doc: '' },
  { id: 515, name: 'base', args: [], result: { kind: 'region', region: 'buf' }, doc: '' },
  {
    id: 516,
    name: 'level',
    args: [{ kind: 'fixed', name: 'p', access: 'rw', size: 1 }],
    result: { kind: 'u32', range: [0n, 1n] },
    blocks: true,
    doc: '',
  },
  { id: 517, name: 'blocks', args: [], result: { kind: 'void' }, doc: '' },
];

describe('signatures', () => {
  it('become rows like those of the table', () => {
    expect(read(FILE).signatures).toEqual(ROWS);
    expect(read([]).signatures).toBeUndefined();
  });

  it('are allowed by name like the others', () => {
    expect(read(FILE, { helpers: ['send', 'printf'] }).helpers).toEqual(['send', 'printf']);
    expect(read(FILE).helpers).toEqual([]);
    const e = refusal(FILE, { helpers: ['send', 'sent'] });
    expect([e.code, e.message]).toEqual(['FCC0406', 'contract: there is no helper sent']);
  });

  it('join the built-in rows', () => {
    expect(helpersOf(read(FILE))).toEqual([...HELPERS, ...ROWS]);
    expect(helpersOf(read([]))).toBe(HELPERS);
  });

  it.each([
    [
      'six arguments',
      row({ args: Array.from({ length: 6 }, (_, i) => ({ kind: 'u32', name: `a${i}` })) }),
      'FCC0401',
      'args',
    ],
    ['an id of the table', row({ id: 0x1ff }), 'FCC0411', 'id 511'],
    ['an id that is none', row({ id: 'x' }), 'FCC0401', 'signatures[0].id: expected a whole number'],
    ['an id beyond', row({ id: 0x7fffffff }), 'FCC0411', 'id 2147483647'],
    ['an id beyond, in text', row({ id: '0x7fffffff' }), 'FCC0411', '0x7fffffff'],
    ['an id of the table, in text', row({ id: '0x1ff' }), 'FCC0411', '0x1ff'],
    ['one id twice', [...row({}), { id: '0x200', name: 'other' }], 'FCC0411', 'send and other'],
    ['one name twice', [...row({}), { id: 0x201, name: 'send' }], 'FCC0408', 'send'],
    ['a built-in name', row({ name: 'printf' }), 'FCC0408', 'printf'],
    ['the name of a test helper', row({ name: CONFORMANCE_HELPERS[0]!.name }), 'FCC0408', 'unwind'],
    ['a name that is none of C', row({ name: 'a-b' }), 'FCC0401', 'name'],
    ['two arguments of a name', row({ args: [n, n] }), 'FCC0408', 'argument of send'],
    ['an argument of an unknown kind', row({ args: [{ kind: 'i32', name: 'x' }] }), 'FCC0401', 'args[0].kind'],
    [
      'a buffer without length',
      row({ args: [{ kind: 'buffer', name: 'p', access: 'r' }] }),
      'FCC0401',
      'args[0].length',
    ],
    [
      'a length that is not there',
      row({ args: [{ kind: 'buffer', name: 'p', access: 'r', length: 1 }] }),
      'FCC0411',
      'argument p',
    ],
    [
      'a length that is itself',
      row({ args: [{ kind: 'buffer', name: 'p', access: 'r', length: 0 }] }),
      'FCC0411',
      'argument p',
    ],
    [
      'a length of 64 bits',
      row({
        args: [
          { kind: 'u64', name: 'n' },
          { kind: 'buffer', name: 'p', access: 'r', length: 0 },
        ],
      }),
      'FCC0411',
      'argument p',
    ],
    [
      'a fixed size of 0',
      row({ args: [{ kind: 'fixed', name: 'p', access: 'r', size: 0 }] }),
      'FCC0401',
      'args[0].size',
    ],
    [
      'certain to be written, read only',
      row({ args: [{ kind: 'fixed', name: 'p', access: 'r', size: 4, certain: true }] }),
      'FCC0411',
      'argument p',
    ],
    ['an argument range upside down', row({ args: [{ ...n, range: [2, 1] }] }), 'FCC0410', 'argument n of send'],
    [
      'an argument range beyond 32 bits',
      row({ args: [{ ...n, range: [0, '0x100000000'] }] }),
      'FCC0410',
      'argument n of send',
    ],
    [
      'an argument range beyond 64 bits',
      row({ args: [{ kind: 'u64', name: 'n', range: [0, '18446744073709551616'] }] }),
      'FCC0410',
      'argument n of send',
    ],
    ['a negative argument range', row({ args: [{ ...n, range: [-1, 0] }] }), 'FCC0401', 'range[0]'],
    ['a result range upside down', row({ result: { kind: 'i32', range: [1, -1] } }), 'FCC0410', 'result of send'],
    [
      'a result range beyond i32',
      row({ result: { kind: 'i32', range: [0, '0x80000000'] } }),
      'FCC0410',
      'result of send',
    ],
    [
      'a result range below i32',
      row({ result: { kind: 'i32', range: ['-2147483649', 0] } }),
      'FCC0410',
      'result of send',
    ],
    ['a negative result of u32', row({ result: { kind: 'u32', range: [-1, 0] } }), 'FCC0401', 'result.range[0]'],
    ['a region that is not there', row({ result: { kind: 'region', region: 'nope' } }), 'FCC0405', 'region nope'],
    ['a range of a region', row({ result: { kind: 'region', region: 'buf', range: [0, 1] } }), 'FCC0401', 'result'],
  ])('refuses: %s', (_what, signatures, code, part) => {
    const e = refusal(signatures);
    expect(e.code).toBe(code);
    expect(e.message).toContain(part);
    expect(e.details.help).toBeTypeOf('string');
    expect(e.details.at?.line).toBe(1);
  });

  it('that block are refused where interrupts run the hook', () => {
    const blocking = [
      { id: 0x200, name: 'nap', blocks: true },
      { id: 0x201, name: 'peek' },
    ];
    const irq = (helpers: unknown): Contract => read(blocking, { interrupt: true, helpers });
    for (const name of ['nap', 'printf', 'saul_reg_read', 'ztimer_periodic_wakeup']) {
      const e = refusal(blocking, { interrupt: true, helpers: ['peek', name] });
      expect([e.code, e.message]).toEqual([
        'FCC0413',
        `contract: helper ${name} may block, and the hook runs in interrupts`,
      ]);
      expect(e.details.help).toContain(name);
      expect(read(blocking, { helpers: [name] }).helpers).toEqual([name]);
      expect(read(blocking, { interrupt: false, helpers: [name] }).interrupt).toBeUndefined();
    }
    expect(irq(['peek', 'now_ms']).interrupt).toBe(true);
    const all = helpersOf(irq(null));
    expect(all.filter((row) => !allows(irq(null), row)).map((row) => row.name)).toEqual([
      'printf',
      'saul_reg_read',
      'ztimer_periodic_wakeup',
      'nap',
    ]);
    expect(all.every((row) => allows(read(blocking, { helpers: null }), row))).toBe(true);
  });

  it('count in the hash by what they mean', () => {
    const canonical = (s: unknown): string => canonicalContract(read(s));
    const all = canonical(FILE);
    expect(canonical([...FILE].reverse())).toBe(all);
    expect(canonical(FILE.map((r) => ({ ...r, doc: 'other words' })))).toBe(all);
    const others = [
      canonical([]),
      canonical(FILE.slice(1)),
      canonical([{ ...FILE[0], id: 0x20a }, ...FILE.slice(1)]),
      canonical([{ ...FILE[0], result: { kind: 'i32', range: [-5, 63] } }, ...FILE.slice(1)]),
      canonical([{ ...FILE[0], result: { kind: 'i32' } }, ...FILE.slice(1)]),
      canonical([{ ...FILE[0], blocks: true }, ...FILE.slice(1)]),
      canonical([...FILE.slice(0, 3), { ...FILE[3], result: { kind: 'region', region: 'buf' } }, ...FILE.slice(4)]),
    ];
    expect(new Set([all, ...others]).size).toBe(others.length + 1);
  });

  it('as one line of text mean the same', () => {
    for (const r of [...HELPERS, ...ROWS]) {
      const text = signatureText(r);
      const own = r.id < 0x200 ? { id: r.id + 0x1000, name: `own_${r.name}` } : {};
      const [again] = read([{ ...parseSignature(text), ...own }], { regions: [{ name: 'buf' }, { name: 'pdu' }] })
        .signatures!;
      expect({ ...again, id: r.id, name: r.name }, text).toEqual(r);
    }
  });

  it.each([
    '',
    'send()',
    '0x200 send',
    '0x200 send(u32)',
    '0x200 send(i32 a)',
    '0x200 send(r p[q])',
    '0x200 send(x p[4])',
    '0x200 send(u32 n in 1)',
    '0x200 send() -> int',
    '0x200 send() -> region',
    '0x200 blocked send()',
    '0x200 send() blocks',
    '0x200 blocks',
    '0x200 send(,)',
    '0x200 send(u32 a, )',
    '0x200 send(u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)',
    '0x200 send() i32',
    '0x200 send() ->',
  ])('refuses the text %j', (text) => {
    expect(parseSignature(text)).toMatchObject({ expected: expect.any(String) });
  });

  it('any text is a signature or a mistake, quickly', () => {
    const word = fc.constantFrom(
      '0x200',
      'blocks',
      'send',
      '(',
      ')',
      ',',
      ' ',
      'u32',
      'in',
      '1..2',
      '->',
      'region',
      'or null',
      '--',
      'p[4]',
      'r',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        expect(parseSignature(words.join(''))).toBeTypeOf('object');
      }),
      { numRuns: 300 },
    );
    parseSignature(`0x1 a(${' '.repeat(20000)}`);
    parseSignature(`0x1 a() -> ${' '.repeat(20000)}x`);
    // Each of these took seconds to minutes, and would run into the time limit: a text of a hostile object may have any length.
    const many = 1_000_000;
    parseSignature(`0x1 a() -> x${' '.repeat(many)}y`);
    parseSignature(`0x1 a() -> u32 in ${'.'.repeat(many)} x`);
    parseSignature(`0x1 a(u32 n in ${'.'.repeat(many)} x)`);
    parseSignature(`0x1 a(${'w p[x],'.repeat(many)}u32 y)`);
  });
});
