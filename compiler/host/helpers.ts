// SPDX-License-Identifier: MIT
import { allows, type HELPERS, type HelperRow } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import { type GuestMemory, HelperTrap } from './engine.js';

/** Names of all helpers that have a row, the conformance runner's included. */
type HelperName = (typeof HELPERS)[number]['name'] | 'unwind';

/** What a helper does in a test engine: C arguments as unsigned numbers in, C result out. */
export type HelperBody = (args: readonly bigint[], memory: GuestMemory) => bigint;

/** Keys that one store holds (local, global and tenant are three stores). */
export const STORE_CAPACITY = 16;

const MASK32 = 0xffffffffn;
const low32 = (value: bigint): number => Number(value & MASK32);

/** Rows that a container of this contract may call, by id; `extra` rows (the conformance runner's) are always allowed. */
export function allowedHelpers(
  contract: Contract,
  rows: readonly HelperRow[],
  extra: readonly HelperRow[] = [],
): readonly HelperRow[] {
  return [...rows.filter((r) => allows(contract, r)), ...extra];
}

/** A decimal number as the `fmt_` helpers and printf write it. */
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/**
 * RIOT's fmt_s16_dfp for 0 to 4 digits behind the point: optional sign, whole part, point, exactly `places` digits.
 * The longest text is "-3.2768".
 */
function fixedPoint(value: number, places: number): string {
  const digits = Math.abs(value)
    .toString()
    .padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  return (value < 0 ? '-' : '') + whole + (places > 0 ? `.${digits.slice(-places)}` : '');
}

/**
 * The helpers as test engines have them: deterministic, with the state of one run. What each does stands in the `doc` of its row
 * in contract/helpers.ts; the C twin in the test firmware follows the same text. Engines check pointer arguments before they call
 * (`checkPointers`), as compiled code does; the memory checks again.
 */
export class HelperHost {
  /** What printf wrote, one character a byte. */
  log = '';
  readonly #memory: GuestMemory;
  readonly #rows: ReadonlyMap<number, HelperRow>;
  readonly #local = new Map<number, number>();
  readonly #global = new Map<number, number>();
  readonly #tenant = new Map<number, number>();
  #milliseconds = 1000;
  #microseconds = 1000000;
  #reads = 0;
  /** Bytes of the CoAP header written so far; null before gcoap_resp_init. */
  #header: number | null = null;

  readonly #given: ReadonlyMap<number, HelperBody>;

  /** `bodies`: by id, what helpers do that have no row in HELPERS; such a helper without one cannot be called. */
  constructor(memory: GuestMemory, rows: readonly HelperRow[], bodies: ReadonlyMap<number, HelperBody> = new Map()) {
    this.#memory = memory;
    this.#rows = new Map(rows.map((row) => [row.id, row]));
    this.#given = bodies;
  }

  /** The row of an id that may be called; throws a helper trap otherwise. */
  row(id: number): HelperRow {
    const row = this.#rows.get(id);
    if (!row) throw new HelperTrap('helper', `helper ${id} is unknown or not allowed by the contract`);
    return row;
  }

  #body(row: HelperRow): HelperBody {
    const given = this.#given.get(row.id);
    if (given) return given;
    if (Object.hasOwn(this.#bodies, row.name)) return this.#bodies[row.name as HelperName];
    throw new HelperTrap(
      'helper',
      `helper ${row.name} (0x${row.id.toString(16)}) is the firmware's own: test engines cannot call it`,
    );
  }

  /**
   * Calls helper `id`. `args`: the five argument registers (or as many as the row has), of which the signature takes low 32 or all
   * 64 bits. Returns r0 as an unsigned 64-bit number, extended as the row's result says; 0 for void.
   */
  call(id: number, args: readonly bigint[]): bigint {
    const row = this.row(id);
    const passed = row.args.map((arg, i) => (arg.kind === 'u64' ? (args[i] ?? 0n) : (args[i] ?? 0n) & MASK32));
    row.args.forEach((arg, i) => {
      if ((arg.kind !== 'u32' && arg.kind !== 'u64') || !arg.range) return;
      const [least, most] = arg.range;
      if (passed[i]! >= least && passed[i]! <= most) return;
      const bounds = `[${least}, ${most}]`;
      throw new HelperTrap(
        'helper',
        `argument ${i + 1} (${arg.name}) of ${row.name} is ${passed[i]}, outside ${bounds}`,
      );
    });
    const result = this.#body(row)(passed, this.#memory);
    switch (row.result.kind) {
      case 'void':
        return 0n;
      case 'u32':
        return BigInt.asUintN(32, result);
      case 'region':
        // As compiled code has it: of the C result only counts whether it is null.
        if (row.result.nullable && BigInt.asUintN(32, result) === 0n) return 0n;
        return BigInt(this.#memory.regionBase(row.result.region));
      case 'i32':
        return BigInt.asUintN(64, BigInt.asIntN(32, result));
      case 'u64':
        return BigInt.asUintN(64, result);
    }
  }

  readonly #bodies: Readonly<Record<HelperName, HelperBody>> = {
    printf: ([fmt, ...values]) => {
      const text = this.#format(low32(fmt!), values);
      this.log += text;
      return BigInt(text.length);
    },
    memcpy: ([dst, src, n]) => {
      if (n !== 0n) this.#memory.write(low32(dst!), Uint8Array.from(this.#memory.read(low32(src!), low32(n!))));
      return 0n;
    },
    store_local: ([key, value]) => store(this.#local, low32(key!), low32(value!)),
    store_global: ([key, value]) => store(this.#global, low32(key!), low32(value!)),
    fetch_local: ([key, out]) => this.#put32(out!, this.#local.get(low32(key!)) ?? 0),
    fetch_global: ([key, out]) => this.#put32(out!, this.#global.get(low32(key!)) ?? 0),
    now_ms: () => {
      const now = this.#milliseconds;
      this.#milliseconds += 10;
      return BigInt(now);
    },
    saul_reg_find_nth: ([n]) => (n! < 2n ? n! + 1n : 0n),
    saul_reg_find_type: ([type]) => (type === 0x82n ? 1n : type === 0x83n ? 2n : 0n),
    saul_reg_read: ([dev, out]) => {
      if (dev !== 1n && dev !== 2n) return -1n;
      const value = 2000 + 7 * this.#reads++;
      this.#memory.write(low32(out!), Uint8Array.of(value, value >> 8, 0, 0, 0, 0, 2, -2));
      return 1n;
    },
    gcoap_resp_init: ([, code]) => {
      this.#memory.write(this.#memory.regionBase('pdu'), Uint8Array.of(0x60, low32(code!), 0x12, 0x34));
      this.#header = 4;
      return 4n;
    },
    coap_opt_finish: ([, flags]) => {
      const at = this.#headerLength();
      return BigInt(flags === 1n ? this.#append(Uint8Array.of(0xff)) : at);
    },
    coap_add_format: ([, format]) => {
      const at = this.#headerLength();
      return BigInt(this.#append(format === 0n ? Uint8Array.of(0xc0) : Uint8Array.of(0xc1, low32(format!))) - at);
    },
    coap_get_pdu: () => BigInt(this.#memory.regionBase('pdu')),
    fmt_s16_dfp: ([out, value, digits]) => {
      const places = -Number(BigInt.asIntN(32, digits!));
      if (places < 0 || places > 4) return 0n;
      return this.#text(out!, fixedPoint(Number(BigInt.asIntN(16, value!)), places));
    },
    fmt_u32_dec: ([out, value]) => this.#text(out!, value!.toString()),
    ztimer_now: () => {
      const now = this.#microseconds;
      this.#microseconds += 10000;
      return BigInt(now);
    },
    ztimer_periodic_wakeup: ([last, period]) => {
      const old = this.#memory.read(low32(last!), 4);
      const then = new DataView(old.buffer, old.byteOffset, 4).getUint32(0, true) + low32(period!);
      return this.#put32(last!, then % 2 ** 32);
    },
    store_tenant: ([key, value]) => store(this.#tenant, low32(key!), low32(value!)),
    fetch_tenant: ([key, out]) => this.#put32(out!, this.#tenant.get(low32(key!)) ?? 0),
    delete_local: ([key]) => BigInt(this.#local.delete(low32(key!))),
    delete_global: ([key]) => BigInt(this.#global.delete(low32(key!))),
    delete_tenant: ([key]) => BigInt(this.#tenant.delete(low32(key!))),
    unwind: ([value]) => value!,
  };

  #put32(address: bigint, value: number): bigint {
    this.#memory.write(low32(address), Uint8Array.of(value, value >> 8, value >> 16, value >> 24));
    return 0n;
  }

  #text(address: bigint, text: string): bigint {
    this.#memory.write(low32(address), ascii(text));
    return BigInt(text.length);
  }

  #headerLength(): number {
    if (this.#header === null) throw new HelperTrap('helper', 'no CoAP response was started');
    return this.#header;
  }

  /** Appends to the CoAP header and returns its new length. */
  #append(bytes: Uint8Array): number {
    const at = this.#headerLength();
    this.#memory.write(this.#memory.regionBase('pdu') + at, bytes);
    this.#header = at + bytes.length;
    return this.#header;
  }

  #format(address: number, values: readonly bigint[]): string {
    const next = values[Symbol.iterator]();
    const value = (): bigint => next.next().value ?? 0n;
    const char = (at: number): number => this.#memory.read(at, 1)[0]!;
    let text = '';
    for (let at = address, c = char(at); c !== 0; c = char(++at)) {
      if (c !== 0x25) {
        text += String.fromCharCode(c);
        continue;
      }
      const spec = String.fromCharCode(char(at + 1));
      if (spec === 'd') text += BigInt.asIntN(32, value()).toString();
      else if (spec === 'u') text += value().toString();
      else if (spec === 'x') text += value().toString(16);
      else if (spec === 'c') text += String.fromCharCode(Number(value() & 0xffn));
      else if (spec === '%') text += '%';
      else {
        // Not a conversion of ours: the percent sign stands for itself.
        text += '%';
        continue;
      }
      at++;
    }
    return text;
  }
}

function store(into: Map<number, number>, key: number, value: number): bigint {
  if (!into.has(key) && into.size >= STORE_CAPACITY) return -1n;
  into.set(key, value);
  return 0n;
}

/**
 * Calls `check` for every pointer argument of a helper: address (the whole register), bytes, right. Buffers of no bytes are not
 * checked. Context arguments and strings are the engine's own business.
 */
export function checkPointers(
  row: HelperRow,
  args: readonly bigint[],
  check: (address: bigint, length: number, write: boolean, what: string) => void,
): void {
  row.args.forEach((arg, i) => {
    if (arg.kind !== 'fixed' && arg.kind !== 'buffer') return;
    const length = arg.kind === 'fixed' ? arg.size : low32(args[arg.length]!);
    if (length === 0) return;
    const what = `argument ${i + 1} (${arg.name}) of ${row.name}`;
    if (arg.access !== 'w') check(args[i]!, length, false, what);
    if (arg.access !== 'r') check(args[i]!, length, true, what);
  });
}
