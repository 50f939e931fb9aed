// SPDX-License-Identifier: MIT
import type { HelperRow } from './helpers.js';

/**
 * A hook contract: what a hook gives a container. The JSON schema (zod) in schema.ts produces this shape; `DEFAULT_CONTRACT`
 * is used without a file. Sizes in bytes.
 */
export type Rights = 'r' | 'rw';

/** Texts for readers and for the generated C header; they change no contract's hash. */
interface Described {
  readonly description?: string;
}

export type ContextField = Described &
  /** Plain data; `range` bounds the unsigned value if the hook promises it. */
  (
    | {
        readonly kind: 'scalar';
        readonly name: string;
        readonly offset: number;
        readonly size: 1 | 2 | 4 | 8;
        readonly access: Rights;
        readonly range?: readonly [bigint, bigint];
      }
    /** 64-bit slot that holds the address of region `region`; always read-only for the container. */
    | { readonly kind: 'pointer'; readonly name: string; readonly offset: number; readonly region: string }
    /** Unsigned length of region `region`, in units of `unit` bytes, rounded down; always read-only for the container. */
    | {
        readonly kind: 'length';
        readonly name: string;
        readonly offset: number;
        readonly size: 2 | 4 | 8;
        readonly region: string;
        /** Bytes per unit counted, 1 to 65536: the size of an array's element. Absent: 1. */
        readonly unit?: number;
      }
  );

/** Bytes that a field takes; a pointer is a 64-bit slot. */
export const fieldSize = (field: ContextField): number => (field.kind === 'pointer' ? 8 : field.size);

/** What the container may do with a field: pointers and lengths are the host's word and never writable. */
export const fieldRights = (field: ContextField): Rights => (field.kind === 'scalar' ? field.access : 'r');

export interface ContextLayout extends Described {
  /** Length in bytes, or null: known only when a run starts (then r2 = length is the second argument). */
  readonly size: number | null;
  /** Rights on the bytes that no field covers. */
  readonly access: Rights;
  /** Alignment of the context's address that the hook promises: 1, 2, 4 or 8. */
  readonly align: 1 | 2 | 4 | 8;
  readonly fields: readonly ContextField[];
}

export interface RegionDecl extends Described {
  readonly name: string;
  readonly access: Rights;
  /** Fixed length, or null: known only when a run starts, at least `minSize`, at most `maxSize`. */
  readonly size: number | null;
  readonly minSize: number;
  readonly maxSize: number;
  readonly align: 1 | 2 | 4 | 8;
}

export interface Contract extends Described {
  /** Hook id, for example "fc/timer". */
  readonly hook: string;
  readonly context: ContextLayout;
  readonly regions: readonly RegionDecl[];
  /** Helper names (rows of HELPERS) that a container of this hook may call; null: all known helpers. */
  readonly helpers: readonly string[] | null;
  /** The hook runs its containers in interrupts: helpers that block cannot be called, also if `helpers` is null. */
  readonly interrupt?: true;
  /** Helpers of the firmware's own, with their signatures; ids from 0x200 on. Allowed like the others: by `helpers`. */
  readonly signatures?: readonly HelperRow[];
  /** What the hook makes of r0, and the unsigned range that it takes; a program is refused where r0 is never inside. */
  readonly result?: { readonly doc: string; readonly range?: readonly [bigint, bigint] };
  /** Whether r2 holds the context's length at entry. */
  readonly passLength: boolean;
  readonly limits: { readonly stackBytes: number | null; readonly instructions: number | null };
}

/** No contract file: r1 = writable context of a length known at load, r2 = that length, no regions, all helpers. */
export const DEFAULT_CONTRACT: Contract = {
  hook: 'default',
  context: { size: null, access: 'rw', align: 1, fields: [] },
  regions: [],
  helpers: null,
  passLength: true,
  limits: { stackBytes: null, instructions: null },
};

/**
 * Order of the regions in the instance's region table and everywhere a region is named by number. The writable block holds
 * .data, .bss and the stack frames; contract regions follow from FIRST_GRANTED in the contract's order.
 */
export const REGION_DATA = 0;
export const REGION_RODATA = 1;
export const REGION_CONTEXT = 2;
export const FIRST_GRANTED = 3;

/** Longest context or region: image/fields.ts bounds every length of an image by the same number. */
export const MAX_LENGTH = 0x01000000;

/** A searched store may write the context only if all of it may be written. */
export function searchRights({ context }: Contract): 'r' | 'rw' {
  const writable = context.fields.every((f) => fieldRights(f) === 'rw');
  return context.access === 'rw' && writable ? 'rw' : 'r';
}
