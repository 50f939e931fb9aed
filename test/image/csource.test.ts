// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { contractHeader, hookPrefix } from '../../compiler/contract/header.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { contractHash } from '../../compiler/image/contract-hash.js';
import { contractParts } from '../../compiler/image/contract-parts.js';
import { crc32Text } from '../../compiler/image/crc32.js';
import { imageToC } from '../../compiler/image/csource.js';
import { readImage } from '../../compiler/image/read.js';
import { writeImage } from '../../compiler/image/write.js';
import { commandOf, FIRMWARE, withCompiler } from '../contract/compilers.js';
import { FULL, SMALL } from './samples.js';

const parse = (value: object): Contract => parseContract(JSON.stringify(value), 'c.json');
const NET = parse({
  hook: 'fc/net',
  interrupt: true,
  context: { size: 8, align: 4, fields: [{ name: 'port', offset: 0, type: 'scalar', size: 4, access: 'r' }] },
  regions: [
    { name: 'in', size: 64 },
    { name: 'out', access: 'rw', maxSize: 128 },
  ],
  helpers: ['send', 'now_ms'],
  signatures: [
    {
      id: 0x200,
      name: 'send',
      args: [
        { kind: 'buffer', name: 'data', access: 'r', length: 1 },
        { kind: 'u32', name: 'n', range: [1, 64] },
        { kind: 'u64', name: 'to', range: [1, '0x1ffffffff'] },
      ],
      result: { kind: 'i32' },
    },
  ],
});
const TICK = parse({ hook: 'fc/tick', helpers: null });
const NOTHING = parse({ hook: 'fc/nothing', context: { size: 0 } });

const imageOf = (contract: Contract) => readImage(writeImage({ ...SMALL, ...contractParts(contract) }));
const headerOf = (contract: Contract): string =>
  contractHeader(contract, { hookId: crc32Text(contract.hook), contractHash: contractHash(contract) });
const hex = (n: number): string => `0x${n.toString(16).padStart(8, '0')}u`;

describe('an image as C', () => {
  it('is an array and what the firmware needs to know of it', () => {
    const text = imageToC(readImage(writeImage(FULL)), '1st', { ...DEFAULT_CONTRACT, hook: 'fc/*x*/' });
    expect(text).toContain('static const uint8_t _1st[_1ST_LENGTH] __attribute__((aligned(8))) = {');
    const lines = text.split('\n').map((l) => l.replace(/ \/\*.*/, ''));
    for (const line of [
      '#define _1ST_BLOCK_LENGTH 552u',
      '#define _1ST_ENTRY_ON_TIMER 0',
      `#define _1ST_HASH_ON_TIMER ${hex(crc32Text('on_timer'))}`,
      `#define _1ST_HOOK_ID ${hex(crc32Text('fc/*x*/'))}`,
      `#define _1ST_CONTRACT_HASH ${hex(FULL.contractHash)}`,
    ])
      expect(lines).toContain(line);
    // Of the whole name, of which the image keeps less.
    const whole = hex(crc32Text('a_name_that_is_longer_than_an_image_keeps'));
    expect(lines.find((l) => l.startsWith('#define _1ST_HASH_A_NAME_THAT_IS_L'))).toContain(` ${whole}`);
    // The hook's name must neither end the comment nor open another.
    expect(text.split('*/').length).toBe(text.split('/*').length);
    expect(text).toContain('for hook fc/?x?/. */');
    const body = text.slice(text.indexOf('= {'));
    const bytes = [...body.matchAll(/0x([0-9a-f]{2}),/g)].map((m) => Number.parseInt(m[1]!, 16));
    expect(bytes).toEqual(Array.from(writeImage(FULL)));
  });

  it('is named after a file whose name is a word of C', () => {
    for (const name of ['switch', 'default', 'uint8_t', 'int'])
      expect(imageToC(readImage(writeImage(SMALL)), name, DEFAULT_CONTRACT)).toContain(
        `static const uint8_t ${name}_[${name.toUpperCase()}_LENGTH]`,
      );
  });

  it('has the header of its contract, if there is one', () => {
    const image = imageOf(NET);
    expect(imageToC(image, 'net', NET)).toContain(headerOf(NET));
    expect(imageToC(image, 'net', DEFAULT_CONTRACT)).not.toContain('_ctx_t');
  });

  it('names entries apart whose names differ in case only', () => {
    const image = readImage(
      writeImage({ ...SMALL, entries: ['run', 'RUN'].map((name) => ({ ...SMALL.entries[0]!, name })) }),
    );
    const text = imageToC(image, 'x', DEFAULT_CONTRACT);
    for (const line of [/#define X_ENTRY_RUN 0 /, /#define X_ENTRY_RUN_2 1 /, /#define X_HASH_RUN_2 0x/])
      expect(text).toMatch(line);
  });

  const uses: Record<'c' | 'cc', string> = {
    // What the firmware decides, and nothing else.
    c: `#include <fcc_hooks.h>
static const fcc_grant_t grants[] = { { 0, 64, FCC_RIGHT_READ }, { 0, 128, FCC_RIGHT_READ | FCC_RIGHT_WRITE } };
static const fcc_helper_t helpers[] = { { FC_NET_HELPER_SEND, FCC_CODE(fcc_helper_send) } };
const fcc_hook_info_t net = FC_NET_HOOK_INFO(FCC_HOOK_RESET, grants, .host.helpers = helpers, .host.helper_count = 1,
                                             .host.features = 3, .host.stack_length = 512, .fuel = 1000, .policy = FCC_POLICY_SINGLE);
const fcc_hook_info_t tick = FC_TICK_HOOK_INFO(0, .host.helpers = helpers, .host.helper_count = 1, .host.stack_length = 512);
const fcc_hook_info_t nothing = FC_NOTHING_HOOK_INFO(0, .host.stack_length = 512, .trap_limit = 3);
_Static_assert(FC_NET_INTERRUPT == 1 && FC_TICK_INTERRUPT == 0, "interrupts");
`,
    cc: '#include <fcc_hooks.h>\n',
  };
  const both = `#include <fcc_helpers.h>
const fcc_signature_t fcc_own_signatures[] = { FC_NET_SIGNATURES, 0 };
const uint8_t uuid[16] = FIRST_HOOK_UUID;
uint8_t memory[FIRST_SLOT_LENGTH + SECOND_SLOT_LENGTH];
const uint8_t *images[] = { first, second, tick_image, nothing_image };
fc_net_ctx_t context;
`;

  it.each(FIRMWARE.map((c) => [c.name, c] as const))('compiles beside others of its hook: %s', (_, side) => {
    const command = commandOf(side);
    if (command === undefined) return;
    const files = {
      'first.h': imageToC(imageOf(NET), 'first', NET),
      'second.h': imageToC(imageOf(NET), 'second', NET),
      'tick.h': imageToC(imageOf(TICK), 'tick_image', TICK),
      'nothing.h': imageToC(imageOf(NOTHING), 'nothing_image', NOTHING),
      // One whose name is that of its hook.
      'fc_net.h': imageToC(imageOf(NET), 'fc_net', NET),
      'hook.h': headerOf(NET),
      'other.h': headerOf({ ...NET, passLength: true }),
    };
    const all = ['second', 'tick', 'nothing', 'fc_net'].map((n) => `#include "${n}.h"\n`).join('');
    withCompiler(side, command, (compile) => {
      for (const order of ['#include "first.h"\n#include "hook.h"\n', '#include "hook.h"\n#include "first.h"\n'])
        expect(compile(`${order}${all}${uses[side.suffix]}${both}`, files, 'main.o').errors).toBe('');
      const { ok, errors } = compile('#include "other.h"\n#include "first.h"\n', files);
      expect([ok, errors.includes('another contract of hook fc/net')]).toEqual([false, true]);
    });
  });

  it('asks for as many grants as the contract has regions', () => {
    const side = FIRMWARE.find((c) => c.suffix === 'c' && commandOf(c) !== undefined);
    if (!side) return;
    const grants = (n: number): string =>
      `#include <fcc_hooks.h>\n#include "hook.h"\nstatic const fcc_grant_t grants[${n}];\nconst fcc_hook_info_t net = FC_NET_HOOK_INFO(0, grants, .fuel = 1);\n`;
    withCompiler(side, commandOf(side)!, (compile) => {
      const ok = [1, 2, 3].map((n) => compile(grants(n), { 'hook.h': headerOf(NET) }).ok);
      expect(ok).toEqual([false, true, false]);
    });
  });

  it('lets no hook run in interrupts whose contract does not say so', () => {
    const side = FIRMWARE.find((c) => c.suffix === 'c' && commandOf(c) !== undefined);
    if (!side) return;
    const hook = (prefix: string, flags: string): string =>
      `#include <fcc_hooks.h>\n#include "hook.h"\nconst fcc_hook_info_t info = ${prefix}_HOOK_INFO(${flags}, .fuel = 1);\n`;
    const files = { 'hook.h': headerOf(TICK) };
    withCompiler(side, commandOf(side)!, (compile) => {
      const ok = ['0', 'FCC_HOOK_RESET', 'FCC_HOOK_INTERRUPT', 'FCC_HOOK_RESET | FCC_HOOK_INTERRUPT'].map(
        (flags) => compile(hook('FC_TICK', flags), files).ok,
      );
      expect(ok).toEqual([true, true, false, false]);
    });
  });

  it('has names that start as the hook’s header does', () => {
    expect(['fc/net', '9', '/x'].map(hookPrefix)).toEqual(['FC_NET', 'HOOK_9', 'HOOK_X']);
    // Those of the runtime's own headers: a region "data" would be another FCC_REGION_DATA.
    expect(['fcc', 'FCC/x', 'fcc-e', 'fccx'].map(hookPrefix)).toEqual(['HOOK_FCC', 'HOOK_FCC_X', 'HOOK_FCC_E', 'FCCX']);
  });
});
