// SPDX-License-Identifier: MIT
import { type Elf32, type Elf32Symbol, symbolAddress } from './elf32.js';
import type { CountedSection, CountingPlan } from './qemu-count.js';

/** What a case of the batch firmware executed, sorted by who did it. */
export interface BatchCounts {
  /** The container and the runtime's routines that it calls, by address. */
  readonly program: readonly { address: number; bytes: Uint8Array; count: number; taken: number }[];
  /** Instructions of fcc_load, which validates, links and copies. */
  readonly load: number;
  /** Instructions of fcc_run and the port, before and behind the container. */
  readonly enter: number;
}

/** Where counts go, see `batchPlan`. */
const LOAD = 0;
const PROGRAM = 1;
const ENTER = 2;
/** Longer than any board's pool. */
const POOL_BYTES = 0x0fffffff;
/** Functions of the runtime's interpreter that come back from helpers; the second one may be part of the first. */
const INTERPRETER = ['fcc_interpret', '_call_helper'];
const HELPER = /^fcc_helper_\w+$/;
/** Functions of the way into a container and out of it, by all ports. */
const GATE = /^(fcc_run|fcc_site|fcc_enter|fcc_abort|fcc_abort_at|fcc_trapped|leave|unwind|spill)$/;
/** Sources and functions of the firmware that are neither the container's nor the runtime's. */
const FIRMWARE_FILES = /(^|\/)(main|helpers|port|semihosting|simulator)\.c$/;
const FIRMWARE =
  /^(main|reset|semihost|simulator|memset|memcpy|batch_\w+|port_\w+|fcc_helper_\w+|trap|tick|fault|vectors|exception)$/;

/**
 * What to count in the batch firmware: bank 1 loading, bank 2 from the container's first instruction on, but for its helpers, bank 3
 * entering and, from the first instruction behind the container on, leaving. `shift`: see CountingPlan.
 */
export function batchPlan(elf: Elf32, names: Names, shift = 0): CountingPlan {
  const at = (name: string, bank: number) => [symbolAddress(elf, name), symbolAddress(elf, name), bank] as const;
  const pool = symbolAddress(elf, 'pool_start');
  return {
    shift,
    marks: [
      at('fcc_load', LOAD + 1),
      at('fcc_find', 0),
      at('fcc_run', ENTER + 1),
      [...names.range('fcc_enter'), ENTER + 1],
      [pool, pool + POOL_BYTES, PROGRAM + 1],
      ...INTERPRETER.flatMap((name) => (names.has(name) ? [[...names.range(name), PROGRAM + 1] as const] : [])),
      ...elf.symbols.filter((s) => HELPER.test(s.name)).map((s) => [s.address, s.address, 0] as const),
    ],
    cuts: [symbolAddress(elf, 'batch_helpers_reset')],
  };
}

/** Names of the code at an address: the symbol at or before it. */
export class Names {
  readonly #sorted: readonly Elf32Symbol[];

  constructor(elf: Elf32) {
    this.#sorted = elf.symbols
      .filter((s) => s.name !== '' && !/^(\$|\.L)/.test(s.name) && !s.undefined && s.address !== 0)
      .sort((a, b) => a.address - b.address || Number(a.code) - Number(b.code));
  }

  has(name: string): boolean {
    return this.#sorted.some((s) => s.name === name);
  }

  /** First and last address of a function, whether or not its source says its size. */
  range(name: string): readonly [number, number] {
    const at = this.#sorted.findIndex((s) => s.name === name);
    const { address } = this.#sorted[at]!;
    const next = this.#sorted.slice(at).find((s) => s.address > address);
    return [address, (next?.address ?? address + 1) - 1];
  }

  at(address: number): Elf32Symbol | undefined {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.#sorted[mid]!.address <= address) low = mid + 1;
      else high = mid;
    }
    return this.#sorted[low - 1];
  }
}

/** Executed instructions of all rows. */
export const total = (rows: readonly { readonly count: number }[]): number => rows.reduce((n, r) => n + r.count, 0);

/** Sorts what one case executed into loading, entering with leaving, and the container's own with its routines. */
export function splitCounts(section: CountedSection, names: Names, pool: number): BatchCounts {
  let load = 0;
  let enter = 0;
  const program: BatchCounts['program'][number][] = [];
  for (const { address, bytes, banks } of section) {
    const own = address >= pool;
    const symbol = own ? undefined : names.at(address);
    if (!own && (!symbol || FIRMWARE.test(symbol.name) || FIRMWARE_FILES.test(symbol.file))) continue;
    load += banks[LOAD]!.count;
    if (symbol && GATE.test(symbol.name)) enter += banks[ENTER]!.count + banks[PROGRAM]!.count;
    else {
      const { count, taken } = banks[PROGRAM]!;
      if (count > 0) program.push({ address, bytes, count, taken });
    }
  }
  return { load, enter, program };
}

/** Bytes of a case's record before the image: the words of batch_case_t (firmware/batch/batch.h). */
export const RECORD_BYTES = 48;
