// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type QemuCase, QemuEngine } from '../../compiler/cli/qemu.js';
import { CONFORMANCE_HELPERS, HELPERS } from '../../compiler/contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { INTRINSIC_BASE, instanceImportOffset, instanceRegionOffset } from '../../compiler/image/fields.js';
import { statusNumber } from '../../compiler/image/status.js';
import { type ImageParts, writeImage } from '../../compiler/image/write.js';

const CORE = {
  name: 'cortex-m4',
  features: {},
  featureBits: 3,
  emulators: [{ board: 'mps2-an386', lacks: [] }],
  doc: '',
} as const;
const engine = new QemuEngine({ core: CORE }, { watchdogMs: 300 });
const missing = engine.available();
if (missing) {
  // Continuous integration installs the tools; there a missing one is a failure.
  if (process.env.CI) throw new Error(missing);
  console.warn(`emulated tests not run: ${missing}`);
}

const helper = (name: string): number => HELPERS.find((h) => h.name === name)!.id;
const IMPORTS = [
  helper('now_ms'),
  ...[0, 1, 2, 3, 4].map((i) => INTRINSIC_BASE + i),
  helper('printf'),
  helper('fmt_s16_dfp'),
  CONFORMANCE_HELPERS[0]!.id,
  helper('memcpy'),
  helper('gcoap_resp_init'),
  helper('coap_add_format'),
  helper('coap_opt_finish'),
  helper('saul_reg_read'),
  helper('store_local'),
  helper('fetch_local'),
  helper('fmt_u32_dec'),
  helper('ztimer_periodic_wakeup'),
];
const slot = (i: number): number => instanceImportOffset(1, i);
const base = (r: number): number => instanceRegionOffset(r, 'base');
const call = (i: number): string => `ldr r12, [r9, #${slot(i)}]\n blx r12`;
/** Loads a 64-bit constant into a register pair. */
const pair = (lo: number, value: bigint): string =>
  `ldr r${lo}, =${value & 0xffffffffn}\n ldr r${lo + 1}, =${(value >> 32n) & 0xffffffffn}`;
const MIN = 1n << 63n;
const DIVISIONS: readonly (readonly [number, bigint, bigint, bigint])[] = [
  [1, 1000000000000n, 7n, 142857142857n],
  [1, 5n, 0n, 0n],
  [2, 1000000000000n, 7n, 1n],
  [2, 5n, 0n, 5n],
  [3, 2n ** 64n - 7n, 2n, 2n ** 64n - 3n],
  [3, MIN, 2n ** 64n - 1n, MIN],
  [3, 9n, 0n, 0n],
  [4, 2n ** 64n - 7n, 2n, 2n ** 64n - 1n],
  [4, MIN, 2n ** 64n - 1n, 0n],
  [4, MIN, 0n, MIN],
];

/** Every routine is one entry point. Region 3 is "pdu" of 32 bytes; data is 8 bytes 01..08, bss 8, frames 16, rodata "%d ...". */
const ROUTINES: Readonly<Record<string, string>> = {
  answer: 'movs r0, #42\n movs r1, #0\n bx lr',
  clobber:
    'mov r4, #1\n mov r5, r4\n mov r6, r4\n mov r7, r4\n mov r8, r4\n mov r10, r4\n mov r11, r4\n movs r0, #7\n movs r1, #8\n bx lr',
  arguments: 'eors r0, r0, r2\n orr r1, r1, r3\n bx lr',
  udf: 'udf #0',
  wild: 'ldr r0, =0xe7000000\n ldr r0, [r0]\n bx lr',
  branch_even: 'movs r0, #8\n bx r0',
  forever: 'b .',
  trapped: 'push {r4, lr}\n b stub1',
  trap0: 'b stub0',
  now: `push {r4, lr}\n mov r0, r9\n ${call(0)}\n mov r0, r9\n ${call(0)}\n movs r1, #0\n pop {r4, pc}`,
  fuel: 'ldr r0, [r9, #0]\n movs r1, #0\n bx lr',
  context_up: 'ldrb r3, [r0, #1]\n adds r3, #1\n strb r3, [r0, #1]\n movs r0, #0\n movs r1, #0\n bx lr',
  data: `ldr r2, [r9, #${base(0)}]\n ldr r0, [r2]\n ldr r1, [r2, #8]\n adds r3, r0, #1\n str r3, [r2]\n ldr r3, [r2, #28]\n orrs r1, r3\n bx lr`,
  before: `ldr r2, [r9, #${base(3)}]\n movs r0, #0\n strb r0, [r2, #-1]\n bx lr`,
  behind: `ldr r2, [r9, #${base(3)}]\n movs r0, #0\n strb r0, [r2, #32]\n bx lr`,
  far: `ldr r2, [r9, #${base(3)}]\n movs r0, #0\n strb r0, [r2, #${32 + 255}]\n bx lr`,
  instance: `mov r0, #-1\n str r0, [r9, #${base(3) + 4}]\n bx lr`,
  text: 'adr r2, answer\n movs r0, #0\n strh r0, [r2]\n bx lr',
  log: `push {r4, lr}\n sub sp, #8\n movs r0, #99\n str r0, [sp]\n mov r0, #-1\n str r0, [sp, #4]\n mov r0, r9\n ldr r1, [r9, #${base(1)}]\n mvn r2, #11\n mvn r3, #11\n ${call(6)}\n movs r1, #0\n add sp, #8\n pop {r4, pc}`,
  decimal: `push {r4, lr}\n mov r0, r9\n ldr r1, [r9, #${base(3)}]\n mvn r2, #4\n mvn r3, #1\n ${call(7)}\n movs r1, #0\n pop {r4, pc}`,
  unsigned: `push {r4, lr}\n mov r0, r9\n ldr r1, [r9, #${base(3)}]\n mov r2, #-1\n ${call(16)}\n movs r1, #0\n pop {r4, pc}`,
  unwind: `push {r4, lr}\n mov r0, r9\n ${pair(2, 0x1122334455667788n)}\n ${call(8)}\n pop {r4, pc}`,
  overlap: `push {r4, lr}\n mov r0, r9\n ldr r2, [r9, #${base(3)}]\n adds r1, r2, #1\n movs r3, #8\n ${call(9)}\n movs r0, #0\n movs r1, #0\n pop {r4, pc}`,
  coap: `push {r4, lr}\n mov r0, r9\n movs r2, #0x45\n ${call(10)}\n mov r0, r9\n movs r2, #50\n ${call(11)}\n mov r4, r0\n mov r0, r9\n movs r2, #1\n ${call(12)}\n mov r1, r4\n pop {r4, pc}`,
  coap_early: `push {r4, lr}\n mov r0, r9\n movs r2, #1\n ${call(12)}\n pop {r4, pc}`,
  sensor: `push {r4, lr}\n mov r0, r9\n movs r1, #1\n ldr r2, [r9, #${base(3)}]\n ${call(13)}\n mov r0, r9\n movs r1, #2\n ldr r2, [r9, #${base(3)}]\n adds r2, #8\n ${call(13)}\n mov r4, r0\n mov r0, r9\n movs r1, #9\n movs r2, #0\n ${call(13)}\n mov r1, r0\n mov r0, r4\n pop {r4, pc}`,
  store: `push {r4, lr}\n movs r4, #0\n1: mov r0, r9\n mov r1, r4\n add r2, r4, #100\n ${call(14)}\n adds r4, #1\n cmp r0, #0\n beq 1b\n mov r0, r9\n movs r1, #3\n ldr r2, [r9, #${base(3)}]\n ${call(15)}\n mov r0, r4\n movs r1, #0\n pop {r4, pc}`,
  wakeup: `push {r4, lr}\n mov r0, r9\n ldr r1, [r9, #${base(3)}]\n movs r2, #16\n ${call(17)}\n movs r0, #0\n movs r1, #0\n pop {r4, pc}`,
  search_in: `push {r4, lr}\n mov r0, r9\n ldr r1, [r9, #${base(3)}]\n adds r1, #24\n movs r2, #8\n movs r3, #2\n ${call(5)}\n movs r1, #0\n pop {r4, pc}`,
  search_past: `push {r4, lr}\n mov r0, r9\n ldr r1, [r9, #${base(3)}]\n adds r1, #25\n movs r2, #8\n movs r3, #2\n ${call(5)}\n movs r1, #0\n pop {r4, pc}`,
  search_before: `push {r4, lr}\n mov r0, r9\n ldr r1, [r9, #${base(3)}]\n subs r1, #1\n movs r2, #4\n movs r3, #1\n ${call(5)}\n movs r1, #0\n pop {r4, pc}`,
  search_right: `push {r4, lr}\n mov r0, r9\n ldr r1, [r9, #${base(1)}]\n movs r2, #4\n movs r3, #2\n ${call(5)}\n movs r1, #0\n pop {r4, pc}`,
  search_wrap: `push {r4, lr}\n mov r0, r9\n mvn r1, #3\n movs r2, #8\n movs r3, #1\n ${call(5)}\n movs r1, #0\n pop {r4, pc}`,
  search_none: `push {r4, lr}\n mov r0, r9\n movs r1, #0\n movs r2, #0\n movs r3, #3\n ${call(5)}\n movs r1, #0\n pop {r4, pc}`,
  ...Object.fromEntries(
    DIVISIONS.map(([i, a, b], n) => [
      `divide${n}`,
      `push {r4, lr}\n ${pair(0, a)}\n ${pair(2, b)}\n ${call(i)}\n pop {r4, pc}`,
    ]),
  ),
};

/** Assembles the routines and a trap table of two sites (fuel, memory) with GNU as. */
function assemble(): { text: Uint8Array; offset: ReadonlyMap<string, number> } {
  const folder = mkdtempSync(join(tmpdir(), 'fcc-asm-'));
  try {
    const body = Object.entries(ROUTINES).map(
      ([name, code]) => `.balign 4\n.global ${name}\n${name}:\n ${code}\n .ltorg`,
    );
    const table = ['common2: movs r0, #2\n ldr pc, [r9, #4]', 'common1: movs r0, #1\n ldr pc, [r9, #4]'];
    const stubs = '.balign 4\n.global table\ntable:\nstub0: bl common2\nstub1: bl common1';
    writeFileSync(join(folder, 'a.s'), `.syntax unified\n.thumb\n${body.join('\n')}\n${table.join('\n')}\n${stubs}\n`);
    const run = (tool: string, ...args: string[]): string =>
      execFileSync(`arm-none-eabi-${tool}`, args, { cwd: folder, encoding: 'utf8' });
    run('as', '-mcpu=cortex-m4', '-o', 'a.o', 'a.s');
    run('objcopy', '-O', 'binary', '-j', '.text', 'a.o', 'a.bin');
    const offset = new Map<string, number>();
    for (const line of run('nm', 'a.o').trim().split('\n')) {
      const [address, , name] = line.split(' ');
      offset.set(name!, Number.parseInt(address!, 16));
    }
    return { text: readFileSync(join(folder, 'a.bin')), offset };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CONTRACT: Contract = {
  ...DEFAULT_CONTRACT,
  regions: [{ name: 'pdu', access: 'rw', size: 32, minSize: 32, maxSize: 32, align: 4 }],
};

function parts(text: Uint8Array, offset: ReadonlyMap<string, number>): ImageParts {
  return {
    arch: 'thumb',
    features: 1,
    contractHash: 0,
    contextAlign: 1,
    contextRights: 'rw',
    contextLength: null,
    entries: Object.keys(ROUTINES).map((name) => ({
      name,
      offset: offset.get(name)!,
      worstCase: null,
      stackLength: 64,
    })),
    imports: IMPORTS,
    regions: [{ minLength: 32, maxLength: 32, rights: 'rw', align: 4 }],
    text,
    rodata: new TextEncoder().encode('%d=%x,%c%u;%%%q\0'),
    data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    bssLength: 8,
    frameLength: 16,
    trapTable: offset.get('table')!,
    trapCount: 2,
  };
}

describe.skipIf(missing !== null)('batch firmware on mps2-an386', () => {
  const { text, offset } =
    missing === null ? assemble() : { text: new Uint8Array(), offset: new Map<string, number>() };
  const p = missing === null ? parts(text, offset) : null;
  const image = p ? writeImage(p) : new Uint8Array();
  const helpers = CONFORMANCE_HELPERS;
  const request = { context: null, regions: new Map<string, Uint8Array>(), fuel: 1000 };
  const one = (entry: string, change: Partial<QemuCase> = {}): QemuCase => ({
    image,
    entry,
    contract: CONTRACT,
    request,
    helpers,
    ...change,
  });
  const go = async (...cases: QemuCase[]) => await engine.runBatch(cases);
  const bytes = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

  it('returns the 64-bit result, and survives an entry that destroys every register', async () => {
    const results = await go(one('answer'), one('clobber'), one('answer'));
    expect(results.map((r) => [r.status, r.r0])).toEqual([
      ['ok', 42n],
      ['ok', (8n << 32n) | 7n],
      ['ok', 42n],
    ]);
    expect(results[0]).toMatchObject({ instructions: null, context: null, log: '' });
  });

  it('passes context, length and fuel, and returns what the container wrote', async () => {
    const context = Uint8Array.of(5, 6, 7);
    const [args, up, fuel] = await go(
      one('arguments', { request: { ...request, context } }),
      one('context_up', { request: { ...request, context } }),
      one('fuel', { request: { ...request, fuel: 77 } }),
    );
    // r0 ^ r2 = address ^ 3; the address is 1 modulo 16, as the contract promises alignment 1 and no more.
    expect(Number(args!.r0 & 15n)).toBe(1 ^ 3);
    expect(args!.r0 >> 32n).toBe(0n);
    expect(Array.from(up!.context!)).toEqual([5, 7, 7]);
    expect(fuel!.r0).toBe(77n);
  });

  it('fills pointer and length fields of the context with the device address, and hides them in the result', async () => {
    const contract: Contract = {
      ...CONTRACT,
      context: {
        size: 16,
        access: 'r',
        align: 8,
        fields: [
          { kind: 'pointer', name: 'p', offset: 0, region: 'pdu' },
          { kind: 'length', name: 'n', offset: 8, size: 4, region: 'pdu' },
          { kind: 'scalar', name: 'x', offset: 12, size: 4, access: 'rw' },
        ],
      },
    };
    const routine = {
      load: 'ldr r1, [r0]\n ldr r2, [r0, #8]\n add r1, r2\n ldrb r0, [r1, #-1]\n orr r0, r0, r2, lsl #8\n movs r1, #0\n bx lr',
    };
    const folderless = { ...p!, text: assembleOne(routine.load), trapTable: 0, trapCount: 0 };
    const img = writeImage({
      ...folderless,
      contextAlign: 8,
      entries: [{ name: 'load', offset: 0, worstCase: null, stackLength: 0 }],
    });
    const pdu = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
    const context = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i);
    const [r] = await go(
      one('load', { image: img, contract, request: { ...request, context, regions: new Map([['pdu', pdu]]) } }),
    );
    expect(r!.r0).toBe(32n | (32n << 8n));
    expect(Array.from(r!.context!)).toEqual(Array.from(context));
    expect(Array.from(r!.regions.get('pdu')!)).toEqual(Array.from(pdu));
  });

  it('reports traps by code and site, also from a stack that was pushed on', async () => {
    const results = await go(one('trapped'), one('trap0'), one('answer'));
    expect(results[0]).toMatchObject({ status: 'trap', r0: 0n, trap: { code: 1, name: 'memory', site: 1 } });
    expect(results[1]).toMatchObject({ status: 'trap', r0: 0n, trap: { code: 2, name: 'fuel', site: 0 } });
    expect(results[2]!.r0).toBe(42n);
  });

  it('recovers from processor faults and endless loops', async () => {
    const names = ['udf', 'wild', 'branch_even', 'forever', 'udf'];
    const results = await go(...names.flatMap((n) => [one(n), one('answer')]));
    const traps = results.filter((_, i) => i % 2 === 0).map((r) => [r.trap?.name, r.trap?.site]);
    expect(traps).toEqual(names.map((n) => [n === 'forever' ? 'killed' : 'fault', null]));
    expect(results.filter((_, i) => i % 2 === 1).every((r) => r.r0 === 42n)).toBe(true);
    // UFSR.UNDEFINSTR is bit 16 of the fault status register.
    expect(results[0]!.trap!.detail).toBe('fault status 0x00010000');
  });

  it('gives every run fresh data, zeroed bss and frames', async () => {
    const results = await go(one('data'), one('data'));
    expect(results.map((r) => r.r0)).toEqual([0x04030201n, 0x04030201n]);
  });

  it('divides as RFC 9669 says', async () => {
    const results = await go(...DIVISIONS.map((_, n) => one(`divide${n}`)));
    expect(results.map((r) => r.r0)).toEqual(DIVISIONS.map((d) => d[3]));
  });

  it('searches the region table', async () => {
    const names = ['search_in', 'search_past', 'search_before', 'search_right', 'search_wrap', 'search_none'];
    const results = await go(...names.map((n) => one(n)));
    expect(results.map((r) => r.r0)).toEqual([1n, 0n, 0n, 0n, 0n, 1n]);
  });

  it('has the helpers that their rows describe', async () => {
    const pdu = Uint8Array.from({ length: 32 }, (_, i) => 100 + i);
    const regions = new Map([['pdu', pdu]]);
    const names = [
      'now',
      'log',
      'decimal',
      'unsigned',
      'unwind',
      'overlap',
      'coap',
      'coap_early',
      'sensor',
      'store',
      'wakeup',
    ];
    const results = await go(...names.map((n) => one(n, { request: { ...request, regions } })));
    const of = (n: string) => results[names.indexOf(n)]!;
    const start = (n: string, count: number) => Array.from(of(n).regions.get('pdu')!.subarray(0, count));
    expect(of('now').r0).toBe(1010n);
    expect(of('log').log).toBe('-12=fffffff4,c4294967295;%%q');
    expect(of('log').r0).toBe(28n);
    expect([of('decimal').r0, start('decimal', 6)]).toEqual([5n, [...bytes('-0.05'), 105]]);
    expect([of('unsigned').r0, start('unsigned', 11)]).toEqual([10n, [...bytes('4294967295'), 110]]);
    expect(of('unwind').r0).toBe(0x1122334455667788n);
    expect(start('overlap', 10)).toEqual([100, 100, 101, 102, 103, 104, 105, 106, 107, 109]);
    expect([of('coap').r0, start('coap', 8)]).toEqual([
      (2n << 32n) | 7n,
      [0x60, 0x45, 0x12, 0x34, 0xc1, 50, 0xff, 107],
    ]);
    expect(of('coap_early').trap).toMatchObject({ name: 'helper', site: null });
    expect(start('sensor', 16)).toEqual([0xd0, 7, 0, 0, 0, 0, 2, 0xfe, 0xd7, 7, 0, 0, 0, 0, 2, 0xfe]);
    expect(of('sensor').r0).toBe((0xffffffffn << 32n) | 1n);
    expect([of('store').r0, start('store', 4)]).toEqual([17n, [103, 0, 0, 0]]);
    expect(start('wakeup', 4)).toEqual([116, 101, 102, 103]);
  });

  it('tells when memory around the container, its instance or its text was changed', async () => {
    const names = ['before', 'behind', 'far', 'instance', 'text', 'answer'];
    const results = await engine.runRaw(names.map((n) => one(n)));
    expect(results.map((r) => r.damage !== 0)).toEqual([true, true, true, true, true, false]);
    await expect(go(one('behind'))).rejects.toMatchObject({ code: 'FCC0805', exitCode: 5 });
  });

  it('refuses what the image or the contract does not allow', async () => {
    const noHelpers: Contract = { ...CONTRACT, helpers: ['printf'] };
    const longer: Contract = {
      ...CONTRACT,
      regions: [{ ...CONTRACT.regions[0]!, size: 33, minSize: 33, maxSize: 33 }],
    };
    const readOnly: Contract = { ...CONTRACT, regions: [{ ...CONTRACT.regions[0]!, access: 'r' }] };
    const askew: Contract = { ...CONTRACT, regions: [{ ...CONTRACT.regions[0]!, align: 2 }] };
    const damaged = image.slice();
    damaged[100]! ^= 1;
    const context = Uint8Array.of(1, 2);
    const cases: [string, QemuCase][] = [
      ['helper', one('answer', { contract: noHelpers })],
      ['grant', one('answer', { contract: longer })],
      ['grant', one('answer', { contract: readOnly })],
      ['grant', one('answer', { contract: askew })],
      ['grant', one('answer', { contract: { ...CONTRACT, regions: [] } })],
      ['checksum', one('answer', { image: damaged })],
      ['no_entry', one('nothing')],
      ['target', one('answer', { image: writeImage({ ...p!, features: 4 }) })],
      ['target', one('answer', { image: writeImage({ ...p!, arch: 'riscv32' }) })],
      ['memory', one('answer', { image: writeImage({ ...p!, bssLength: 16 << 20 }) })],
      ['stack', one('answer', { image: writeImage({ ...p!, entries: [{ ...p!.entries[0]!, stackLength: 65544 }] }) })],
      ['context', one('answer', { image: writeImage({ ...p!, contextLength: 3 }), request: { ...request, context } })],
      ['context', one('answer', { image: writeImage({ ...p!, contextAlign: 4 }), request: { ...request, context } })],
    ];
    const results = await engine.runRaw(cases.map(([, c]) => c));
    expect(results.map((r) => r.status)).toEqual(cases.map(([name]) => statusNumber(name as 'helper')));
    expect(results[0]!.refusedHelper).toBe(helper('now_ms'));
    await expect(go(cases[0]![1])).rejects.toMatchObject({ code: 'FCC0804' });
  });

  it('runs thousands of cases in one go', async () => {
    const cases = Array.from({ length: 4200 }, (_, i) => one('fuel', { request: { ...request, fuel: i } }));
    const results = await go(...cases);
    expect(results.every((r, i) => r.r0 === BigInt(i))).toBe(true);
  });

  it('ends an emulator that takes too long', async () => {
    const slow = new QemuEngine({ core: CORE }, { watchdogMs: 60_000, bootMs: 400 });
    await expect(slow.runBatch([one('forever')])).rejects.toMatchObject({ code: 'FCC0803' });
  });

  it('has no firmware for a core without an emulated board', async () => {
    const none = new QemuEngine({ core: { ...CORE, emulators: [] } });
    expect(none.available()).toContain('no firmware');
    await expect(none.runBatch([one('answer')])).rejects.toMatchObject({ code: 'FCC0806', exitCode: 4 });
  });
});

/** Text of one routine. */
function assembleOne(code: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'fcc-asm-'));
  try {
    writeFileSync(join(folder, 'a.s'), `.syntax unified\n.thumb\n${code}\n`);
    execFileSync('arm-none-eabi-as', ['-mcpu=cortex-m4', '-o', 'a.o', 'a.s'], { cwd: folder });
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', '-j', '.text', 'a.o', 'a.bin'], { cwd: folder });
    return readFileSync(join(folder, 'a.bin'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
