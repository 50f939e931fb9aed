// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { CONFORMANCE_HELPERS, HELPERS } from '../../compiler/contract/helpers.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { type GuestMemory, HelperTrap } from '../../compiler/host/engine.js';
import { allowedHelpers, HelperHost } from '../../compiler/host/helpers.js';

/** 256 bytes from address 0; region "pdu" is [128, 140). */
function setup(): {
  host: HelperHost;
  bytes: Uint8Array;
  call: (name: string, ...args: (number | bigint)[]) => bigint;
} {
  const bytes = new Uint8Array(256);
  const inside = (at: number, n: number): void => {
    if (at + n > (at >= 128 ? 140 : 128)) throw new HelperTrap('memory', 'outside');
  };
  const memory: GuestMemory = {
    read: (at, n) => {
      inside(at, n);
      return bytes.slice(at, at + n);
    },
    write: (at, data) => {
      inside(at, data.length);
      bytes.set(data, at);
    },
    regionBase: () => 128,
  };
  const rows = [...HELPERS, ...CONFORMANCE_HELPERS];
  const host = new HelperHost(memory, rows);
  const call = (name: string, ...args: (number | bigint)[]): bigint =>
    host.call(
      rows.find((r) => r.name === name)!.id,
      args.map((a) => BigInt.asUintN(64, BigInt(a))),
    );
  return { host, bytes, call };
}

const text = (bytes: Uint8Array, n: bigint): string => String.fromCharCode(...bytes.subarray(0, Number(n)));
const MINUS_ONE = 0xffffffffffffffffn;

describe('helpers', () => {
  it.each([
    [2345, -2, '23.45'],
    [-5, -2, '-0.05'],
    [0, -1, '0.0'],
    [-32768, -4, '-3.2768'],
    [32767, 0, '32767'],
    [0x12345, 0, '9029'],
    [7, -4, '0.0007'],
    [1, 1, ''],
    [1, -5, ''],
  ])('fmt_s16_dfp(%i, %i) is %s', (value, digits, expected) => {
    const { bytes, call } = setup();
    expect(text(bytes, call('fmt_s16_dfp', 0, value, digits))).toBe(expected);
    expect(bytes[expected.length]).toBe(0);
  });

  it('fmt_u32_dec takes 32 bits', () => {
    const { bytes, call } = setup();
    expect(text(bytes, call('fmt_u32_dec', 0, 0x1ffffffffn))).toBe('4294967295');
    expect(text(bytes, call('fmt_u32_dec', 0, 0))).toBe('0');
  });

  it('printf knows its few conversions', () => {
    const { host, bytes, call } = setup();
    bytes.set(new TextEncoder().encode('%d %u %x%% %c%s%d'));
    expect(call('printf', 0, -1, -1, 0xabc, 0x141)).toBe(23n);
    expect(host.log).toBe('-1 4294967295 abc% A%s0');
  });

  it('stores hold 16 keys each and read 0 for others', () => {
    const { bytes, call } = setup();
    for (let key = 0; key < 16; key++) expect(call('store_local', key, key + 100)).toBe(0n);
    expect(call('store_local', 16, 1)).toBe(MINUS_ONE);
    expect(call('store_local', 3, 0x01020304)).toBe(0n);
    expect(call('store_global', 16, 5)).toBe(0n);
    expect(call('fetch_local', 3, 8)).toBe(0n);
    expect([...bytes.subarray(8, 12)]).toEqual([4, 3, 2, 1]);
    expect(call('fetch_local', 16, 8)).toBe(0n);
    expect([...bytes.subarray(8, 12)]).toEqual([0, 0, 0, 0]);
    call('fetch_global', 16, 8);
    expect(bytes[8]).toBe(5);
  });

  it('clocks, sensors and sleep are deterministic', () => {
    const { bytes, call } = setup();
    expect([call('now_ms'), call('now_ms'), call('ztimer_now'), call('ztimer_now')]).toEqual([
      1000n,
      1010n,
      1000000n,
      1010000n,
    ]);
    expect([0, 1, 2].map((n) => call('saul_reg_find_nth', n))).toEqual([1n, 2n, 0n]);
    expect([0x82, 0x83, 0x84].map((t) => call('saul_reg_find_type', t))).toEqual([1n, 2n, 0n]);
    expect(call('saul_reg_read', 3, 0)).toBe(MINUS_ONE);
    expect([...bytes.subarray(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(call('saul_reg_read', 1, 0)).toBe(1n);
    expect([...bytes.subarray(0, 8)]).toEqual([0xd0, 7, 0, 0, 0, 0, 2, 254]);
    expect(call('saul_reg_read', 2, 0)).toBe(1n);
    expect(bytes[0]).toBe(0xd7);
    bytes.set([0xff, 0xff, 0xff, 0xff], 16);
    expect(call('ztimer_periodic_wakeup', 16, 3)).toBe(0n);
    expect([...bytes.subarray(16, 20)]).toEqual([2, 0, 0, 0]);
  });

  it('CoAP helpers append to the header in the pdu', () => {
    const { bytes, call } = setup();
    expect(() => call('coap_opt_finish', 0, 1)).toThrow('no CoAP response');
    expect(call('gcoap_resp_init', 0, 0x145)).toBe(4n);
    expect(call('coap_add_format', 0, 0)).toBe(1n);
    expect(call('coap_add_format', 0, 50)).toBe(2n);
    expect(call('coap_opt_finish', 0, 0)).toBe(7n);
    expect(call('coap_opt_finish', 0, 1)).toBe(8n);
    expect([...bytes.subarray(128, 137)]).toEqual([0x60, 0x45, 0x12, 0x34, 0xc0, 0xc1, 50, 0xff, 0]);
    expect(call('coap_get_pdu', 0)).toBe(128n);
  });

  it('memcpy copies overlapping buffers as memmove does', () => {
    const { bytes, call } = setup();
    bytes.set([1, 2, 3, 4]);
    expect(call('memcpy', 1, 0, 4)).toBe(0n);
    expect([...bytes.subarray(0, 5)]).toEqual([1, 1, 2, 3, 4]);
    expect(call('memcpy', 0xffffffff, 0xffffffff, 0)).toBe(0n);
    expect(() => call('memcpy', 125, 0, 4)).toThrow(HelperTrap);
  });

  it('every row has a body and contracts choose among them', () => {
    const only = allowedHelpers({ ...DEFAULT_CONTRACT, helpers: ['now_ms'] }, HELPERS, CONFORMANCE_HELPERS);
    expect(only.map((r) => r.name)).toEqual(['now_ms', 'unwind']);
    const { call, host } = setup();
    expect(call('unwind', MINUS_ONE)).toBe(MINUS_ONE);
    expect(() => host.call(0x99, [])).toThrow('helper 153');
  });
});
