// SPDX-License-Identifier: MIT
import { type Contract, fieldSize } from '../contract/types.js';
import { CompileError } from '../errors/index.js';
import type { RunRequest } from './engine.js';
import { contextAddress, grantedAddress, MAX_GRANTED, MAX_REGION_BYTES } from './layout.js';

/** One piece of memory that a run lends to the container: a private copy of what the request holds. */
export interface Lent {
  readonly name: string;
  readonly base: number;
  readonly bytes: Uint8Array;
  /** Rights of the whole piece; the context's fields can narrow or widen them, see `contextWritable`. */
  readonly writable: boolean;
}

/** What the container finds in memory at entry besides its own globals. */
export interface Guest {
  /** null: the run has no context (r1 = 0, r2 = 0). */
  readonly context: Lent | null;
  /** Granted regions in the contract's order. */
  readonly regions: readonly Lent[];
}

function refuse(message: string, expected: string, got: string): never {
  throw new CompileError('FCC0701', message, { expected, got });
}

const bytes = (n: number): string => `${n} byte${n === 1 ? '' : 's'}`;

function regionBytes(decl: Contract['regions'][number], given: Uint8Array | undefined): Uint8Array {
  const least = decl.size ?? decl.minSize;
  const most = Math.min(decl.size ?? decl.maxSize, MAX_REGION_BYTES);
  const copy = given ? Uint8Array.from(given) : new Uint8Array(least);
  if (copy.length < least || copy.length > most) {
    const expected = least === most ? bytes(least) : `${least} to ${bytes(most)}`;
    refuse(`region "${decl.name}" has the wrong length`, expected, bytes(copy.length));
  }
  return copy;
}

/** Writes an unsigned little-endian number into a field's bytes. */
function put(into: Uint8Array, offset: number, size: number, value: bigint): void {
  for (let i = 0; i < size; i++) into[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

/**
 * Copies a request's context and regions to the addresses of `layout.ts` and fills in the context's pointer and length
 * fields. A missing region is zeroed, of its fixed or least size. Throws FCC0701 if the request does not fit the contract.
 */
export function makeGuest(contract: Contract, request: RunRequest): Guest {
  if (contract.regions.length > MAX_GRANTED)
    refuse('too many granted regions', `at most ${MAX_GRANTED}`, String(contract.regions.length));
  for (const name of request.regions.keys()) {
    if (contract.regions.some((r) => r.name === name)) continue;
    const known = contract.regions.map((r) => `"${r.name}"`).join(', ');
    refuse(`the contract has no region "${name}"`, known || 'no regions', `"${name}"`);
  }
  const regions = contract.regions.map((decl, i) => ({
    name: decl.name,
    base: grantedAddress(i, decl.align),
    bytes: regionBytes(decl, request.regions.get(decl.name)),
    writable: decl.access === 'rw',
  }));
  return { context: makeContext(contract, request.context, regions), regions };
}

function makeContext(contract: Contract, given: Uint8Array | null, regions: readonly Lent[]): Lent | null {
  const layout = contract.context;
  if (given === null) {
    if (layout.size) refuse('the run has no context', bytes(layout.size), 'no context');
    const [field] = layout.fields;
    if (field) refuse(`the run has no context for field "${field.name}"`, 'a context', 'no context');
    return null;
  }
  if (layout.size !== null && given.length !== layout.size)
    refuse('the context has the wrong length', bytes(layout.size), bytes(given.length));
  if (given.length > MAX_REGION_BYTES)
    refuse('the context is too long', `at most ${bytes(MAX_REGION_BYTES)}`, bytes(given.length));
  const copy = Uint8Array.from(given);
  for (const field of layout.fields) {
    const end = field.offset + fieldSize(field);
    if (end > copy.length)
      refuse(`the context ends before field "${field.name}"`, `at least ${bytes(end)}`, bytes(copy.length));
    if (field.kind === 'scalar') continue;
    const region = regions.find((r) => r.name === field.region);
    if (!region) throw new Error(`contract field ${field.name} names an unknown region ${field.region}`);
    if (field.kind === 'pointer') put(copy, field.offset, 8, BigInt(region.base));
    else {
      const units = Math.floor(region.bytes.length / (field.unit ?? 1));
      if (units >= 2 ** (8 * field.size))
        refuse(
          `region "${region.name}" is too long for its length field`,
          `${field.size} byte length`,
          bytes(region.bytes.length),
        );
      put(copy, field.offset, field.size, BigInt(units));
    }
  }
  return { name: 'context', base: contextAddress(layout.align), bytes: copy, writable: layout.access === 'rw' };
}

/**
 * The context as results show it: pointer and length fields as the request had them (the addresses that an engine chose are no
 * result), everything else as the container left it.
 */
export function contextResult(contract: Contract, request: RunRequest, guest: Guest): Uint8Array | null {
  if (guest.context === null || request.context === null) return null;
  const result = Uint8Array.from(guest.context.bytes);
  for (const field of contract.context.fields) {
    if (field.kind === 'scalar') continue;
    const end = field.offset + fieldSize(field);
    result.set(request.context.subarray(field.offset, end), field.offset);
  }
  return result;
}

/** The granted regions as results show them. */
export function regionResults(guest: Guest): ReadonlyMap<string, Uint8Array> {
  return new Map(guest.regions.map((r) => [r.name, Uint8Array.from(r.bytes)]));
}
