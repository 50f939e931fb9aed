// SPDX-License-Identifier: MIT
import { parseContract } from '../../compiler/contract/schema.js';
import type { Contract } from '../../compiler/contract/types.js';

const parse = (value: object): Contract => parseContract(JSON.stringify(value), 'nasty');
const scalar = (name: string, offset: number, size = 4, more: object = {}) => ({
  name,
  offset,
  type: 'scalar',
  size,
  ...more,
});
const EVIL = 'ends */ here /* and "there"\n\\ ??/ \u00e9 \\';

/** Contracts that are hard to say in C; each with another hook. */
export const NASTY: readonly Contract[] = [
  parse({ hook: 'n/unaligned', context: { size: 9, fields: [scalar('a', 1, 2), scalar('b', 3, 2), scalar('c', 5)] } }),
  parse({
    hook: 'n/gaps',
    context: {
      size: 64,
      access: 'r',
      align: 8,
      fields: [scalar('a', 3, 1), scalar('b', 8, 8, { access: 'rw' }), scalar('c', 40, 2)],
    },
  }),
  parse({
    hook: 'n/short-with-pointer',
    context: { size: 12, align: 8, fields: [{ name: 'p', offset: 0, type: 'pointer', region: 'r' }] },
    regions: [{ name: 'r' }],
  }),
  parse({
    hook: 'n/unknown',
    context: { fields: [scalar('a', 2, 2), { name: 'p', offset: 8, type: 'pointer', region: 'r' }] },
    regions: [{ name: 'r', access: 'rw', size: 0 }],
  }),
  parse({ hook: 'n/unknown-unaligned', context: { align: 4, access: 'r', fields: [scalar('a', 1, 8)] } }),
  parse({ hook: 'n/bytes' }),
  parse({ hook: 'n/nothing', context: { size: 0 } }),
  parse({ hook: 'n/all', helpers: null, passLength: false, context: { size: 5, align: 8 } }),
  parse({
    hook: 'n/names',
    context: {
      size: 128,
      fields: [
        ...[
          'int',
          'uint8_t',
          'linux',
          '__LINE__',
          '_Bool',
          'INT8_MAX',
          'class',
          'a.b',
          'a-b',
          'a_b',
          'reserved_120',
          'bytes',
          'more',
        ],
        ...['N_NAMES_HOOK', 'N_NAMES_SEC', 'n_names_ctx', 'n_names_ctx_t', 'NULL', 'X', 'x'],
      ].map((name, i) => scalar(name, 4 * i, 4, i % 2 === 0 ? { access: 'r', range: [i, 2 * i] } : {})),
    },
    regions: [{ name: 'a' }, { name: 'A' }, { name: 'a.max_size' }, { name: 'a_MAX-SIZE' }, { name: 'if' }],
  }),
  parse({
    hook: 'n/"*/\\??/%s//',
    description: EVIL,
    context: { description: EVIL, size: 8, fields: [scalar('a', 0, 4, { description: EVIL })] },
    regions: [{ name: 'r', description: EVIL }],
    result: { doc: EVIL, range: [1, '0xffffffffffffffff'] },
    limits: { stackBytes: 0, instructions: 9007199254740991 },
  }),
  parse({ hook: '9lives' }),
  parse({ hook: '_/!' }),
  parse({
    hook: 'n/irq',
    interrupt: true,
    context: { size: 0 },
    helpers: null,
    signatures: [
      { id: 0x300, name: 'nap', args: [{ kind: 'u32', name: 'ms' }], blocks: true },
      { id: 0x301, name: 'wide_range', args: [{ kind: 'u64', name: 'x', range: [1, '0x1ffffffff'] }] },
    ],
  }),
  parse({
    hook: 'n/own',
    regions: [{ name: 'ro', size: 4 }],
    helpers: ['own', 'find', 'wide', 'printf', 'coap_get_pdu'],
    signatures: [
      {
        id: 0x200,
        name: 'own',
        args: [
          { kind: 'u32', name: 'int', range: [0, 5] },
          { kind: 'u64', name: 'instance' },
          { kind: 'context', name: 'A' },
          { kind: 'buffer', name: 'a', access: 'r', length: 0 },
          { kind: 'fixed', name: 'UINT8_MAX', access: 'rw', size: 3 },
        ],
        result: { kind: 'i32', range: [-1, 0] },
        doc: EVIL,
      },
      {
        id: 0x201,
        name: 'find',
        args: [{ kind: 'cstring', name: 's' }],
        result: { kind: 'region', region: 'ro', nullable: true },
      },
      { id: 0x7ffffffe, name: 'wide', result: { kind: 'u64' } },
      { id: 0x202, name: 'not_allowed' },
    ],
  }),
];
