// SPDX-License-Identifier: MIT
import type { Globals } from '../bpf/program.js';
import { type Contract, fieldRights, fieldSize } from '../contract/types.js';
import type { Region } from '../verifier/facts.js';

/** A stretch of a region, in bytes from its base. `end` null: the region's length, known only at run time. */
export interface Stretch {
  readonly start: number;
  readonly end: number | null;
}

/** What guards need to know of a region. */
export interface RegionShape {
  /** Null: known only at run time, then at least `minLength`. */
  readonly length: number | null;
  readonly minLength: number;
  /** As the contract says; null: no limit but the address space's. */
  readonly maxLength: number | null;
  /** Where the container may write; ascending, disjoint. All of the region may be read. */
  readonly writable: readonly Stretch[];
}

export interface SandboxContext {
  readonly globals: Pick<Globals, 'data' | 'bssLength' | 'rodata'>;
  readonly contract: Contract;
}

const fixed = (length: number, writable: boolean): RegionShape => ({
  length,
  minLength: length,
  maxLength: length,
  writable: writable ? [{ start: 0, end: length }] : [],
});

/**
 * The shape of a region; `frames` gives the bytes of each function's frame. Throws (ours) for a region that the program does
 * not have.
 */
export function regionShape(region: Region, context: SandboxContext, frames: ReadonlyMap<number, number>): RegionShape {
  const { globals, contract } = context;
  switch (region.kind) {
    case 'frame': {
      const bytes = frames.get(region.func);
      if (bytes === undefined) throw new Error(`no function ${region.func} for its frame`);
      return fixed(bytes, true);
    }
    case 'data':
      return fixed(globals.data.length + globals.bssLength, true);
    case 'rodata':
      return fixed(globals.rodata.length, false);
    case 'context': {
      const { size } = contract.context;
      return { length: size, minLength: size ?? 0, maxLength: size, writable: contextWritable(contract) };
    }
    case 'granted': {
      const decl = contract.regions[region.index];
      if (!decl) throw new Error(`no granted region ${region.index}`);
      const writable = decl.access === 'rw' ? [{ start: 0, end: decl.size }] : [];
      return {
        length: decl.size,
        minLength: decl.size ?? decl.minSize,
        maxLength: decl.size ?? decl.maxSize,
        writable,
      };
    }
  }
}

/** The context's writable stretches: what no field covers has the context's right, each field its own. */
function contextWritable(contract: Contract): Stretch[] {
  const { fields, access, size } = contract.context;
  const marks = fields.flatMap((f) => [f.offset, f.offset + fieldSize(f)]);
  const cuts = [...new Set([0, ...marks])].sort((a, b) => a - b).filter((c) => size === null || c < size);
  const out: { start: number; end: number | null }[] = [];
  cuts.forEach((start, i) => {
    const field = fields.find((f) => start >= f.offset && start < f.offset + fieldSize(f));
    if ((field ? fieldRights(field) : access) !== 'rw') return;
    const end = cuts[i + 1] ?? size;
    const last = out.at(-1);
    if (last && last.end === start) last.end = end;
    else out.push({ start, end });
  });
  return out;
}
