// SPDX-License-Identifier: MIT
import type { AnyTrapName } from '../image/traps.js';

/** What every engine (interp, sim, qemu) is asked, and what it answers. */
export interface RunRequest {
  /** Context bytes; r1 points at a private copy. null: r1 = 0 and r2 = 0. */
  readonly context: Uint8Array | null;
  /** Granted regions by contract name. Missing ones of fixed size are zeroed; others are empty. */
  readonly regions: ReadonlyMap<string, Uint8Array>;
  /** Instructions (interpreter) or fuel units before a fuel trap. */
  readonly fuel: number;
}

export interface RunTrap {
  readonly code: number;
  readonly name: AnyTrapName;
  /** Trap site number of the image (native engines), else null. */
  readonly site: number | null;
  /** eBPF place, if known. */
  readonly func?: number;
  readonly slot?: number;
  /** For memory traps: the address or other detail for people. */
  readonly detail?: string;
}

export interface RunResult {
  readonly status: 'ok' | 'trap';
  /** Unsigned 64-bit; 0 after a trap. */
  readonly r0: bigint;
  /** eBPF instructions in the interpreter (lddw is one), native instructions otherwise (helper bodies apart). null: not counted. */
  readonly instructions: number | null;
  readonly trap?: RunTrap;
  /** Context and regions afterwards, as the container left them. */
  readonly context: Uint8Array | null;
  readonly regions: ReadonlyMap<string, Uint8Array>;
  /** What printf wrote. */
  readonly log: string;
}

/** Guest memory as helpers see it: every access is checked by the engine and ends in a memory trap outside. */
export interface GuestMemory {
  read(address: number, length: number): Uint8Array;
  write(address: number, bytes: Uint8Array): void;
  /** Address of a granted region, or throws a helper trap if the contract has none of that name. */
  regionBase(name: string): number;
}

/** Thrown by helpers to end the run with a trap; engines catch it. */
export class HelperTrap extends Error {
  constructor(
    readonly trap: AnyTrapName,
    detail: string,
  ) {
    super(detail);
  }
}
