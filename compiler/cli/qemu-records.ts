// SPDX-License-Identifier: MIT
import { type HelperRow, helpersOf } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import type { RunRequest } from '../host/engine.js';
import { makeGuest } from '../host/guest.js';
import { allowedHelpers } from '../host/helpers.js';
import { crc32Text } from '../image/crc32.js';

/** Case and result records of the batch firmware, twin of runtime-c/firmware/batch/batch.h. */
const MAGIC = 0x31424346;
const NONE = 0xffffffff;
const MAX_CASE = 6 << 20;
const CASE_WORDS = 12;
const RESULT_WORDS = 10;

export interface BatchCase {
  readonly image: Uint8Array;
  readonly entry: string;
  /** CRC-32 of the entry's whole name, where `entry` is what an image has kept of it; default: that of `entry`. */
  readonly entryHash?: number;
  readonly contract: Contract;
  readonly request: RunRequest;
  /** Rows besides HELPERS, allowed whatever the contract says, as in the other engines; the firmware has CONFORMANCE_HELPERS. */
  readonly helpers?: readonly HelperRow[];
  /** Where the context holds addresses of regions, and in how many bytes; default: in the contract's pointer fields. */
  readonly patches?: readonly Patch[];
}

export interface Patch {
  readonly offset: number;
  readonly size: 4 | 8;
  /** Number of the region in the contract. */
  readonly region: number;
}

/** What the firmware says of one case. */
export interface BatchResult {
  /** 0, or a number of image/status.ts. */
  readonly status: number;
  readonly trap: number;
  readonly site: number | null;
  readonly r0: bigint;
  readonly refusedHelper: number;
  /** First address found changed outside the container's memory, or 0. */
  readonly damage: number;
  /** Fault status register of a processor fault. */
  readonly fault: number;
  readonly context: Uint8Array | null;
  readonly regions: readonly Uint8Array[];
  readonly log: string;
}

const pad8 = (n: number): number => Math.ceil(n / 8) * 8;

function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, v] of values.entries()) view.setUint32(4 * i, v, true);
  return bytes;
}

/** Pieces one behind the other, each padded to 8 bytes. */
function join(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((n, p) => n + pad8(p.length), 0));
  let at = 0;
  for (const p of pieces) {
    bytes.set(p, at);
    at += pad8(p.length);
  }
  return bytes;
}

/** Lengths are in the context already, in their units; addresses are known on the board only. */
export function contractPatches(contract: Contract): Patch[] {
  return contract.context.fields.flatMap((f) => {
    if (f.kind !== 'pointer') return [];
    return [{ offset: f.offset, size: 8, region: contract.regions.findIndex((r) => r.name === f.region) }];
  });
}

/** One case as the firmware reads it. Throws FCC0701 if the request does not fit the contract; null if it is too long. */
export function writeCase(c: BatchCase, features: number): Uint8Array | null {
  const guest = makeGuest(c.contract, c.request);
  const allowed = allowedHelpers(c.contract, helpersOf(c.contract), c.helpers);
  const patches = c.patches ?? contractPatches(c.contract);
  const pieces = [
    c.image,
    words(allowed.map((r) => r.id)),
    ...c.contract.regions.flatMap((r, i) => [
      words([guest.regions[i]!.bytes.length, r.align, r.access === 'rw' ? 3 : 1, 0]),
      guest.regions[i]!.bytes,
    ]),
    ...(guest.context === null
      ? []
      : [...patches.map((p) => words([p.offset, 0, p.size, p.region])), guest.context.bytes]),
  ];
  const length = pieces.reduce((n, p) => n + pad8(p.length), 4 * CASE_WORDS);
  if (length > MAX_CASE) return null;
  const pdu = c.contract.regions.findIndex((r) => r.name === 'pdu');
  const head = words([
    length,
    c.image.length,
    c.entryHash ?? crc32Text(c.entry),
    features,
    Math.min(c.request.fuel, 0xffffffff),
    allowed.length,
    c.contract.regions.length,
    guest.context === null ? 0 : patches.length,
    guest.context === null ? NONE : guest.context.bytes.length,
    c.contract.context.align,
    pdu < 0 ? NONE : pdu,
    0,
  ]);
  return join([head, ...pieces]);
}

/** The whole input file. `watchdog`: ticks of 100 ms that a case may run before it is killed. */
export function writeCases(cases: readonly Uint8Array[], watchdog: number): Uint8Array {
  return join([words([MAGIC, cases.length, watchdog, 0]), ...cases]);
}

/** Reads the result file; `cases` as they were sent. null if it is incomplete. */
export function readResults(bytes: Uint8Array, cases: readonly BatchCase[]): BatchResult[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const results: BatchResult[] = [];
  let at = 0;
  for (const c of cases) {
    if (bytes.length - at < 4 * RESULT_WORDS) return null;
    const word = (i: number): number => view.getUint32(at + 4 * i, true);
    const length = word(0);
    if (length > bytes.length - at) return null;
    let next = at + 4 * RESULT_WORDS;
    const take = (n: number): Uint8Array => {
      const part = bytes.slice(next, next + n);
      next += pad8(n);
      return part;
    };
    const status = view.getInt32(at + 4, true);
    const ran = status === 0;
    const context = ran && c.request.context ? take(c.request.context.length) : null;
    const regions = ran ? makeGuest(c.contract, c.request).regions.map((r) => take(r.bytes.length)) : [];
    if (!ran && c.request.context) next = at + length - pad8(word(9));
    const log = Array.from(take(word(9)), (b) => String.fromCharCode(b)).join('');
    if (next !== at + length) return null;
    results.push({
      status,
      trap: word(2),
      site: word(3) === NONE ? null : word(3),
      r0: (BigInt(word(5)) << 32n) | BigInt(word(4)),
      refusedHelper: word(6),
      damage: word(7),
      fault: word(8),
      context,
      regions,
      log,
    });
    at = next;
  }
  return at === bytes.length ? results : null;
}
