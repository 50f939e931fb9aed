// SPDX-License-Identifier: MIT

/**
 * Helper signatures as data: the verifier, the sandbox, code generation, the interpreter's host and the C header all read
 * this table. Ids 0x01..0x61 are those of Femto-Containers (RIOT bpf/shared.h), 0x100..0x1ff are fcc's own, and a firmware's start at 0x200.
 */
export type HelperArg =
  /** Low 32 bits / all 64 bits of the register are passed. `range`: inclusive unsigned bounds that the value must be shown to keep. */
  | { readonly kind: 'u32' | 'u64'; readonly name: string; readonly range?: readonly [bigint, bigint] }
  /** The context pointer exactly as the container got it in r1. */
  | { readonly kind: 'context'; readonly name: string }
  /** Pointer to `size` bytes (constant), read and/or written by the helper. */
  | {
      readonly kind: 'fixed';
      readonly name: string;
      readonly access: 'r' | 'w' | 'rw';
      readonly size: number;
      /** The helper writes all of the bytes on every call, whatever it returns. */
      readonly certain?: true;
    }
  /** Pointer to as many bytes as argument number `length` (0-based, a u32) says. */
  | { readonly kind: 'buffer'; readonly name: string; readonly access: 'r' | 'w' | 'rw'; readonly length: number }
  /** Pointer to a NUL-terminated string that lies in .rodata with its NUL (checked at compile time, never guarded). */
  | { readonly kind: 'cstring'; readonly name: string };

export type HelperResult =
  | { readonly kind: 'void' }
  /** C result, 32 bits zero- or sign-extended into r0. `range`: inclusive bounds that the firmware promises, signed for i32. */
  | { readonly kind: 'u32' | 'i32' | 'u64'; readonly range?: readonly [bigint, bigint] }
  /** Address of the granted region of that name; `nullable`: or 0, which the program must rule out before it uses the pointer. */
  | { readonly kind: 'region'; readonly region: string; readonly nullable?: true };

export interface HelperRow {
  readonly id: number;
  readonly name: string;
  readonly args: readonly HelperArg[];
  readonly result: HelperResult;
  /**
   * It may wait for time, a lock or a device, so that no hook that runs in interrupts can allow it. A driver behind saul_reg_read takes the
   * lock of its bus; printf writes to a stream that may be full.
   */
  readonly blocks?: true;
  /** One line: what it does on every engine. */
  readonly doc: string;
}

const u32 = (name: string): HelperArg => ({ kind: 'u32', name });
const u64 = (name: string): HelperArg => ({ kind: 'u64', name });
const ctx: HelperArg = { kind: 'context', name: 'ctx' };

export const HELPERS = [
  {
    id: 0x01,
    name: 'printf',
    args: [{ kind: 'cstring', name: 'fmt' }, u32('a'), u32('b'), u32('c'), u32('d')],
    result: { kind: 'i32' },
    blocks: true,
    doc: 'Formats with %d %u %x (lower case) %c (low byte) %% only, without widths, and appends to the log; any other % stands for itself and takes no value; a fifth value is 0; returns the characters written.',
  },
  {
    id: 0x02,
    name: 'memcpy',
    args: [
      { kind: 'buffer', name: 'dst', access: 'w', length: 2 },
      { kind: 'buffer', name: 'src', access: 'r', length: 2 },
      u32('n'),
    ],
    result: { kind: 'void' },
    doc: 'Copies n bytes; overlapping buffers behave like memmove.',
  },
  {
    id: 0x10,
    name: 'store_local',
    args: [u32('key'), u32('value')],
    result: { kind: 'i32' },
    doc: "Sets a value in the container's own store; 0, or -1 when the key is new and the store is full. Test engines hold 16 keys in it.",
  },
  {
    id: 0x11,
    name: 'store_global',
    args: [u32('key'), u32('value')],
    result: { kind: 'i32' },
    doc: 'Sets a value in the global store; 0, or -1 when the key is new and the store is full. Test engines hold 16 keys in it.',
  },
  {
    id: 0x12,
    name: 'fetch_local',
    args: [u32('key'), { kind: 'fixed', name: 'value', access: 'w', size: 4, certain: true }],
    result: { kind: 'i32' },
    doc: "Reads a value from the container's own store into *value, 0 for a missing key (which is not created); returns 0.",
  },
  {
    id: 0x13,
    name: 'fetch_global',
    args: [u32('key'), { kind: 'fixed', name: 'value', access: 'w', size: 4, certain: true }],
    result: { kind: 'i32' },
    doc: 'Reads a value from the global store into *value, 0 for a missing key (which is not created); returns 0.',
  },
  {
    id: 0x20,
    name: 'now_ms',
    args: [],
    result: { kind: 'u32' },
    doc: 'Milliseconds since start. Test engines answer 1000 and add 10 at each call.',
  },
  {
    id: 0x30,
    name: 'saul_reg_find_nth',
    args: [u32('n')],
    result: { kind: 'u32' },
    doc: 'Handle of the n-th device, 0 if there is none. Test engines have devices 0 and 1, handle n + 1.',
  },
  {
    id: 0x31,
    name: 'saul_reg_find_type',
    args: [u32('type')],
    result: { kind: 'u32' },
    doc: 'Handle of the first device of a SAUL type. Test engines: type 0x82 (temperature) is handle 1, 0x83 handle 2, else 0.',
  },
  {
    id: 0x32,
    name: 'saul_reg_read',
    args: [u32('dev'), { kind: 'fixed', name: 'data', access: 'w', size: 8 }],
    result: { kind: 'i32' },
    blocks: true,
    doc: 'Reads phydat_t {i16 val[3]; u8 unit; i8 scale}. Test engines: val = {2000 + 7 * k, 0, 0}, unit 2, scale -2, k = earlier reads that succeeded, of any handle, val[0] cut to 16 bits; returns 1, or -1 for an unknown handle (nothing written).',
  },
  {
    id: 0x40,
    name: 'gcoap_resp_init',
    args: [ctx, u32('code')],
    result: { kind: 'i32' },
    doc: 'Starts a CoAP response. Test engines write bytes 60, low byte of code, 12, 34 to region "pdu" and return 4; a pdu that is too short is a memory trap, here and below, and nothing is written.',
  },
  {
    id: 0x41,
    name: 'coap_opt_finish',
    args: [ctx, u32('flags')],
    result: { kind: 'i32' },
    doc: 'Ends the options; flags 1 adds the payload marker. Test engines append ff for flags 1, nothing for others, and return the header length then; without a started response: helper trap.',
  },
  {
    id: 0x42,
    name: 'coap_add_format',
    args: [ctx, u32('format')],
    result: { kind: 'i32' },
    doc: 'Adds a Content-Format option. Test engines append c0 for format 0, else c1 and the low byte; return the bytes added (1 or 2); without a started response: helper trap.',
  },
  {
    id: 0x43,
    name: 'coap_get_pdu',
    args: [ctx],
    result: { kind: 'region', region: 'pdu' },
    doc: 'Address of the response buffer, granted as region "pdu".',
  },
  {
    id: 0x50,
    name: 'fmt_s16_dfp',
    args: [{ kind: 'fixed', name: 'out', access: 'w', size: 8 }, u32('value'), u32('digits')],
    result: { kind: 'u32' },
    doc: 'Writes value * 10^digits: value is the low 16 bits, signed; digits the low 32 bits, signed, 0 to -4 (otherwise nothing is written and 0 returned): sign, whole part without leading zeros, then unless digits is 0 a point and exactly -digits digits (-5, -2: -0.05); returns the characters written, no NUL. As RIOT fmt_s16_dfp.',
  },
  {
    id: 0x51,
    name: 'fmt_u32_dec',
    args: [{ kind: 'fixed', name: 'out', access: 'w', size: 10 }, u32('value')],
    result: { kind: 'u32' },
    doc: 'Writes a decimal number; returns the characters written, no NUL.',
  },
  {
    id: 0x60,
    name: 'ztimer_now',
    args: [],
    result: { kind: 'u32' },
    doc: 'Microseconds since start. Test engines answer 1000000 and add 10000 at each call.',
  },
  {
    id: 0x61,
    name: 'ztimer_periodic_wakeup',
    args: [{ kind: 'fixed', name: 'last', access: 'rw', size: 4 }, u32('period')],
    result: { kind: 'void' },
    blocks: true,
    doc: 'Sleeps until *last + period and stores that time in *last. Test engines only advance *last, modulo 2^32.',
  },
  {
    id: 0x100,
    name: 'store_tenant',
    args: [u32('key'), u32('value')],
    result: { kind: 'i32' },
    doc: "Sets a value in the store of the container's tenant, which all of the tenant's containers see and no other's; 0, or -1 when the key is new and the store is full. Test engines hold 16 keys in it.",
  },
  {
    id: 0x101,
    name: 'fetch_tenant',
    args: [u32('key'), { kind: 'fixed', name: 'value', access: 'w', size: 4, certain: true }],
    result: { kind: 'i32' },
    doc: "Reads a value from the store of the container's tenant into *value, 0 for a missing key (which is not created); returns 0.",
  },
  {
    id: 0x102,
    name: 'delete_local',
    args: [u32('key')],
    result: { kind: 'i32', range: [0n, 1n] },
    doc: "Deletes a key of the container's own store: 1, or 0 if it was missing.",
  },
  {
    id: 0x103,
    name: 'delete_global',
    args: [u32('key')],
    result: { kind: 'i32', range: [0n, 1n] },
    doc: "Deletes a key of the global store that the tenant of the container made: 1, or 0 if it was missing or is another tenant's, which stays. Test engines have one tenant.",
  },
  {
    id: 0x104,
    name: 'delete_tenant',
    args: [u32('key')],
    result: { kind: 'i32', range: [0n, 1n] },
    doc: "Deletes a key of the store of the container's tenant: 1, or 0 if it was missing.",
  },
] as const satisfies readonly HelperRow[];

/** Smallest and largest id of a firmware's own helpers: below are those of HELPERS and what is kept for more, above are those of the image's intrinsics. */
export const OWN_IDS = [0x200, 0x7ffffffe] as const;

/** Added to the table by the conformance runner only: the public suite's helper 5, which returns its first argument. */
export const CONFORMANCE_HELPERS: readonly HelperRow[] = [
  { id: 0x05, name: 'unwind', args: [u64('value')], result: { kind: 'u64' }, doc: 'Returns its argument.' },
];

/** Helpers that a container of this contract may know: the built-in ones and the contract's own. Allowed or not: `helpers`. */
export function helpersOf(contract: { readonly signatures?: readonly HelperRow[] }): readonly HelperRow[] {
  return contract.signatures ? [...HELPERS, ...contract.signatures] : HELPERS;
}

/** Whether a container of this contract may call a helper: all may be called where `helpers` is null, but for those that block in interrupts. */
export function allows(
  contract: { readonly helpers: readonly string[] | null; readonly interrupt?: true },
  row: Pick<HelperRow, 'name' | 'blocks'>,
): boolean {
  return contract.helpers === null ? !(contract.interrupt && row.blocks) : contract.helpers.includes(row.name);
}
