// SPDX-License-Identifier: MIT
import { assemble } from '../../compiler/bpf/asm.js';
import type { Target } from '../../compiler/codegen/target.js';
import { compile } from '../../compiler/compile.js';
import { parseContract } from '../../compiler/contract/schema.js';
import type { Contract } from '../../compiler/contract/types.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { contractHash } from '../../compiler/image/contract-hash.js';
import { crc32Text } from '../../compiler/image/crc32.js';

/** The containers of runtime-c/test/hooks, as the header `images.h` that its sources include. */

const u32 = (name: string) => ({ kind: 'u32', name });

const TEST_CONTRACT = parseContract(
  JSON.stringify({
    hook: 'fc/test',
    context: { size: 8, access: 'rw', align: 4 },
    regions: [{ name: 'lent', access: 'rw', size: 16 }],
    helpers: [
      'printf',
      ...['local', 'tenant', 'global'].flatMap((s) => [`store_${s}`, `fetch_${s}`, `delete_${s}`]),
      'probe',
      'lend',
    ],
    signatures: [
      { id: 0x200, name: 'probe', args: [u32('value')], result: { kind: 'u64' } },
      { id: 0x201, name: 'lend', args: [], result: { kind: 'region', region: 'lent' } },
    ],
  }),
  'test',
);

const OPEN_CONTRACT = parseContract(JSON.stringify({ hook: 'fc/open', context: { size: null }, helpers: [] }), 'open');

/** A store into the context at the offset that its first word says: a trap from 8 on. */
const BAD = ['r2 = *(u32 *)(r6 + 0)', 'r3 = r6', 'r3 += r2', 'r4 = *(u8 *)(r3 + 0)', '*(u8 *)(r3 + 0) = r4'];
const COUNT = ['r5 = counter ll', 'r0 = *(u64 *)(r5 + 0)', 'r0 += 1', '*(u64 *)(r5 + 0) = r0'];
const PROBE = ['r6 = r1', 'r1 = *(u32 *)(r1 + 0)', 'call 0x200'];

const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  zero: ['r0 = 0'],
  /** The first word, signed. */
  echo: ['r0 = *(u32 *)(r1 + 0)', 'r0 <<= 32', 'r0 s>>= 32'],
  /** How often it ran, on top of 5. */
  count: COUNT.map((l) => l.replace('counter', 'start')),
  probe: PROBE,
  probe_bad: [...PROBE, ...BAD],
  probe_spin: [...PROBE, 'loop:', 'r0 += 1', 'goto loop'],
  spin: ['r0 = 0', 'loop:', 'r0 += 1', 'goto loop'],
  /** As many turns as the first word says, then 1. */
  burn: [
    ...['r2 = *(u32 *)(r1 + 0)', 'loop:', 'if r2 == 0 goto done', 'r2 += -1', 'goto loop'],
    ...['done:', 'r0 = 1'],
  ],
  count_bad: ['r6 = r1', ...COUNT, ...BAD],
  /** With an import of the runtime on every core. */
  divide: ['r0 = -1', 'r2 = *(u32 *)(r1 + 0)', 'r0 /= r2'],
  lend: ['call 0x201', 'r1 = r0', 'r0 = *(u64 *)(r1 + 8)', 'r2 = r0', 'r2 += 1', '*(u64 *)(r1 + 8) = r2'],
  print: ['r2 = *(u32 *)(r1 + 0)', 'r1 = format ll', 'r3 = 0', 'r4 = 0', 'r5 = 0', 'call 1'],
  ...Object.fromEntries(
    [
      ['local', 0x10, 0x12, 0x102] as const,
      ['tenant', 0x100, 0x101, 0x104] as const,
      ['global', 0x11, 0x13, 0x103] as const,
    ].flatMap(([scope, store, fetch, remove]) => [
      [`set_${scope}`, ['r2 = *(u32 *)(r1 + 4)', 'r1 = *(u32 *)(r1 + 0)', `call ${store}`]],
      [`get_${scope}`, ['r1 = *(u32 *)(r1 + 0)', 'r2 = r10', 'r2 += -4', `call ${fetch}`, 'w0 = *(u32 *)(r10 - 4)']],
      [`del_${scope}`, ['r1 = *(u32 *)(r1 + 0)', `call ${remove}`]],
    ]),
  ),
};

const hex = (text: string): string => Buffer.from(`${text}\0`, 'latin1').toString('hex');
const TEXT = [
  '.data start 0500000000000000',
  '.bss counter 8',
  `.rodata format ${hex('value %d.%d\n')}`,
  ...Object.entries(ENTRIES).flatMap(([name, lines]) => [
    `entry ${name}:`,
    ...lines,
    ...(/goto loop$/.test(lines.at(-1)!) ? [] : ['exit']),
  ]),
].join('\n');
const OTHER = 'entry other:\nr1 = 1\ncall 0x200\nr0 = 77\nexit';
const OPEN = 'entry length:\nr0 = r2\nexit';

function image(text: string, contract: Contract, target: Target | null): Uint8Array {
  const program = assemble(text, 'hooks');
  if (target === null) return ebpfImage(program, { contract });
  const made = compile(program, { target, contract });
  if (made.kind === 'rejected')
    throw new Error(JSON.stringify(made.verdicts, (_, v) => (typeof v === 'bigint' ? String(v) : v)));
  return made.image;
}

/** `images.h` for a core, or for the interpreter (null). */
export function imagesHeader(target: Target | null): string {
  const array = (name: string, bytes: Uint8Array): string =>
    `static const uint8_t IMAGE_${name}[] __attribute__((aligned(8), unused)) = { ${[...bytes].join(', ')} };`;
  return [
    '#pragma once',
    '#include <stdint.h>',
    `#define IS_EBPF ${Number(target === null)}`,
    `#define FEATURES ${target === null ? 0 : target.core.featureBits}u`,
    `#define HASH_TEST ${contractHash(TEST_CONTRACT)}u`,
    `#define HASH_OPEN ${contractHash(OPEN_CONTRACT)}u`,
    ...Object.keys(ENTRIES).map((name) => `#define ENTRY_${name.toUpperCase()} ${crc32Text(name)}u`),
    array('TEST', image(TEXT, TEST_CONTRACT, target)),
    array('OTHER', image(OTHER, TEST_CONTRACT, target)),
    array('OPEN', image(OPEN, OPEN_CONTRACT, target)),
    '',
  ].join('\n');
}
