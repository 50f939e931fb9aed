// SPDX-License-Identifier: MIT
import type { CNames } from './names.js';
import { type ContextField, type ContextLayout, fieldRights, fieldSize, type Rights } from './types.js';

/** A member of the context's C structure: a field of the contract, or bytes between fields. */
export interface Member {
  readonly name: string;
  readonly offset: number;
  /** Bytes; null: as many as a run brings, the last member of a context of unknown size. */
  readonly size: number | null;
  readonly rights: Rights;
  /** null: plain bytes that no field covers. */
  readonly field: ContextField | null;
}

/** How the context looks as a C structure on both sides. */
export interface StructLayout {
  readonly members: readonly Member[];
  /** Least alignment that the structure needs to be given by an attribute; null: it comes of the members. */
  readonly aligned: number | null;
  /** The members' own alignment would move them, or change the size. */
  readonly packed: boolean;
}

/** Members in order, with the bytes between fields made members of their own; null: there are no bytes to make a structure of. */
export function structLayout(context: ContextLayout, names: CNames): StructLayout | null {
  const { size, access, align, fields } = context;
  if (fields.length === 0 && (size === null || size === 0)) return null;
  // Fields keep their names, so they are made first.
  const named = [...fields]
    .sort((a, b) => a.offset - b.offset)
    .map((field) => ({ field, name: names.make(field.name) }));
  const members: Member[] = [];
  let at = 0;
  const bytesUpTo = (end: number): void => {
    if (end <= at) return;
    const name = names.make(fields.length === 0 ? 'bytes' : `reserved_${at}`);
    members.push({ name, offset: at, size: end - at, rights: access, field: null });
    at = end;
  };
  for (const { field, name } of named) {
    bytesUpTo(field.offset);
    members.push({ name, offset: at, size: fieldSize(field), rights: fieldRights(field), field });
    at += fieldSize(field);
  }
  if (size === null) members.push({ name: names.make('more'), offset: at, size: null, rights: access, field: null });
  else bytesUpTo(size);

  const own = Math.max(1, ...fields.map(fieldSize));
  const packed = fields.some((f) => f.offset % fieldSize(f) !== 0) || (size !== null && size % own !== 0);
  let most = Math.max(own, align);
  while (size !== null && size % most !== 0) most /= 2;
  return { members, packed, aligned: packed || most > own ? most : null };
}
