// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest';
import type { QemuCase } from '../../compiler/cli/qemu.js';
import { CONFORMANCE_HELPERS, HELPERS } from '../../compiler/contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { instanceImportOffset } from '../../compiler/image/fields.js';
import { statusNumber } from '../../compiler/image/status.js';
import { writeImage } from '../../compiler/image/write.js';
import { ONE_PER_BOARD } from './boards.js';
import {
  type Argument,
  type Assembled,
  argumentWords,
  assemble,
  CALL,
  GRANTED,
  NAMES,
  POKE,
  PRESERVED,
} from './routines.js';

/** The engine and its firmware on every board, by text that no compiler wrote. */

const PDU_LENGTH = 32;
const CONTRACT: Contract = {
  ...DEFAULT_CONTRACT,
  regions: [{ name: 'pdu', access: 'rw', size: PDU_LENGTH, minSize: PDU_LENGTH, maxSize: PDU_LENGTH, align: 4 }],
};
const pointerAtZero = (size: number): Contract => ({
  ...CONTRACT,
  context: { size, access: 'rw', align: 8, fields: [{ kind: 'pointer', name: 'p', offset: 0, region: 'pdu' }] },
});

const HELPER_NAMES = ['now_ms', 'printf', 'memcpy', 'gcoap_resp_init', 'unwind'] as const;
const ROWS = [...HELPERS, ...CONFORMANCE_HELPERS];
const IMPORTS = HELPER_NAMES.map((name) => ROWS.find((h) => h.name === name)!.id);

/** What the boards' processors say of an illegal instruction: CFSR on Armv7-M and later, else cause + 1; Armv6-M says nothing. */
const ILLEGAL = {
  thumb: 'fault status 0x00010000',
  riscv32: 'fault status 0x00000003',
  xtensa: 'fault status 0x00000001',
};
/** QEMU's lm3s6965evb reads zeros where it has no memory, and runs them. */
const BLIND = 'lm3s6965evb-m0';

describe.each(ONE_PER_BOARD.map((p) => [p.title, p] as const))('%s', (_title, place) => {
  const { board } = place;
  const { arch } = place.target;
  let assembled: Assembled;
  let image: Uint8Array;

  const imageWith = (change: { imports?: readonly number[]; frameLength?: number }): Uint8Array =>
    writeImage({
      arch,
      features: 0,
      contractHash: 0,
      contextAlign: 1,
      contextRights: 'rw',
      contextLength: null,
      entries: NAMES.map((name) => ({ name, offset: assembled.offset.get(name)!, worstCase: null, stackLength: 512 })),
      imports: IMPORTS,
      regions: [{ minLength: PDU_LENGTH, maxLength: PDU_LENGTH, rights: 'rw', align: 4 }],
      text: assembled.text,
      rodata: new Uint8Array(8),
      data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      bssLength: 8,
      frameLength: 16,
      trapTable: assembled.offset.get('table')!,
      trapCount: 2,
      ...change,
    });

  const one = (entry: (typeof NAMES)[number], change: Partial<QemuCase['request']> = {}): QemuCase => ({
    image,
    entry,
    contract: CONTRACT,
    request: { context: null, regions: new Map(), fuel: 1000, ...change },
    helpers: CONFORMANCE_HELPERS,
  });

  /** A call of a helper with these arguments behind the instance. */
  const call = (helper: (typeof HELPER_NAMES)[number], args: readonly Argument[], pdu: Uint8Array): QemuCase => {
    const { words, adjust } = argumentWords(arch, args);
    const context = new Uint8Array(CALL.size);
    const view = new DataView(context.buffer);
    view.setUint32(CALL.slot, instanceImportOffset(GRANTED, HELPER_NAMES.indexOf(helper)), true);
    view.setUint32(CALL.adjust, adjust === null ? CALL.vain : CALL.words + 4 * adjust, true);
    for (const [i, w] of words.entries()) view.setUint32(CALL.words + 4 * i, w, true);
    return {
      ...one('helper', { context, regions: new Map([['pdu', pdu]]) }),
      contract: pointerAtZero(CALL.size),
    };
  };
  const pattern = Uint8Array.from({ length: PDU_LENGTH }, (_, i) => 0x90 + i);

  beforeAll(() => {
    if (place.missing !== null) return;
    assembled = assemble(arch);
    image = imageWith({});
  });

  it.skipIf(place.missing !== null)('passes arguments, results and memory', async () => {
    const context = Uint8Array.of(5, 6, 7);
    const results = await place
      .engine()
      .runBatch([
        one('answer'),
        one('clobber'),
        one('arguments', { context }),
        one('context_up', { context }),
        one('fuel', { fuel: 77 }),
        one('data'),
        one('data'),
        one('preserve'),
        one('spin'),
        one('answer'),
      ]);
    expect(results.map((r) => r.status)).toEqual(results.map(() => 'ok'));
    const [answer, clobber, args, up, fuel, data, again, preserve, spin, last] = results;
    expect([answer!.r0, clobber!.r0, last!.r0]).toEqual([42n, (8n << 32n) | 7n, 42n]);
    // Address ^ 3: the address is 1 modulo 16, as the contract promises alignment 1 and no more.
    expect([args!.r0 & 15n, args!.r0 >> 32n]).toEqual([2n, 0n]);
    expect([...up!.context!]).toEqual([5, 7, 7]);
    expect(fuel!.r0).toBe(77n);
    expect([data!.r0, again!.r0]).toEqual([0x04030201n, 0x04030201n]);
    expect([preserve!.r0, spin!.r0]).toEqual([PRESERVED[arch], PRESERVED[arch]]);
  });

  it.skipIf(place.missing !== null)('ends containers by traps, faults and the clock, and runs on', async () => {
    const wild = board === BLIND ? [] : (['wild_load', 'wild_store', 'wild_call'] as const);
    const names = ['trapped', 'trap0', 'illegal', ...wild, 'forever', 'forever_deep', 'forever_lost'] as const;
    // In C code: a helper that aborts, as its hook has no response buffer, and one that faults.
    const helpers = [withoutPdu(call('gcoap_resp_init', [0, 0x45], pattern))];
    if (board !== BLIND) helpers.push(call('memcpy', [{ pdu: 0 }, 0xe7000000, 4], pattern));
    const cases = [...names.map((n) => one(n)), ...helpers];
    const results = await place.engine({ watchdogMs: 200 }).runBatch(cases.flatMap((c) => [c, one('preserve')]));
    const ended = results.filter((_, i) => i % 2 === 0);
    expect(ended.map((r) => [r.trap?.name, r.trap?.site])).toEqual([
      ['memory', 1],
      ['fuel', 0],
      ['fault', null],
      ...wild.map(() => ['fault', null]),
      ['killed', null],
      ['killed', null],
      // Saving registers for the clock's interrupt may be what fails first.
      [expect.stringMatching(/^(killed|fault)$/), null],
      ['helper', null],
      ...helpers.slice(1).map(() => ['fault', null]),
    ]);
    expect(ended[2]!.trap!.detail).toBe(board === BLIND ? undefined : ILLEGAL[arch]);
    expect(results.filter((_, i) => i % 2 === 1).map((r) => r.r0)).toEqual(cases.map(() => PRESERVED[arch]));
  });

  it.skipIf(place.missing !== null)('calls helpers with arguments in registers and on the stack', async () => {
    const format = '%d %x %u %c.';
    const text = Uint8Array.from({ length: PDU_LENGTH }, (_, i) => (i < format.length ? format.charCodeAt(i) : 0));
    const big = 0x1122334455667788n;
    const [printf, unwind, copy] = await place
      .engine()
      .runBatch([
        call('printf', [{ pdu: 0 }, -12, 0xbeef, 4000000000, 65], text),
        call('unwind', [big], text),
        call('memcpy', [{ pdu: 3 }, 0, 0], text),
      ]);
    expect([printf!.log, Number(printf!.r0 & 0xffffffffn)]).toEqual(['-12 beef 4000000000 A.', 22]);
    expect(unwind!.r0).toBe(big);
    expect([...copy!.regions.get('pdu')!]).toEqual([...text]);
  });

  it.skipIf(place.missing !== null)('sees what a container changes outside of its memory', async () => {
    const poke = (offset: number, byte: number): QemuCase => {
      const context = new Uint8Array(POKE.size);
      const view = new DataView(context.buffer);
      view.setInt32(POKE.offset, offset, true);
      view.setUint32(POKE.byte, byte, true);
      return { ...one('poke', { context }), contract: pointerAtZero(POKE.size) };
    };
    // Up to a red zone away: whatever stands there, it cannot be both of two bytes.
    const outside = [-1, -16, PDU_LENGTH, PDU_LENGTH + 200];
    const cases = [poke(0, 1), poke(PDU_LENGTH - 1, 1), ...outside.flatMap((at) => [poke(at, 0), poke(at, 255)])];
    const raw = await place.engine().runRaw([...cases, one('instance'), one('text'), one('answer')]);
    const damaged = raw.map((r) => r.damage !== 0);
    expect(damaged.slice(0, 2)).toEqual([false, false]);
    const pairs = outside.map((_, i) => damaged[2 + 2 * i]! || damaged[3 + 2 * i]!);
    expect(pairs).toEqual(outside.map(() => true));
    expect(damaged.slice(-3)).toEqual([true, true, false]);
    expect(raw.every((r) => r.trap === 0)).toBe(true);
  });

  it.skipIf(place.missing !== null)('refuses what it has no room for or must not link', async () => {
    const engine = place.engine();
    const huge = one('answer', { context: new Uint8Array(7 << 20) });
    await expect(engine.runBatch([huge])).rejects.toMatchObject({
      code: 'FCC0701',
      message: expect.stringContaining(`too long for ${board}`),
    });
    const images = [{ frameLength: 8 << 20 }, { imports: [0x7fff] }];
    const raw = await engine.runRaw(images.map((change) => ({ ...one('answer'), image: imageWith(change) })));
    expect(raw.map((r) => r.status)).toEqual([statusNumber('memory'), statusNumber('helper')]);
    expect(raw[1]!.refusedHelper).toBe(0x7fff);
  });
});

/** The same case with another name for its region than the one that the CoAP helpers look for. */
function withoutPdu(c: QemuCase): QemuCase {
  const { contract, request } = c;
  const { context } = contract;
  const fields = context.fields.map((f) => (f.kind === 'scalar' ? f : { ...f, region: 'buffer' }));
  return {
    ...c,
    contract: {
      ...contract,
      regions: contract.regions.map((r) => ({ ...r, name: 'buffer' })),
      context: { ...context, fields },
    },
    request: { ...request, regions: new Map([...request.regions].map(([, bytes]) => ['buffer', bytes])) },
  };
}
