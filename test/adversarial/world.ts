// SPDX-License-Identifier: MIT
import type { Globals } from '../../compiler/bpf/program.js';
import type { ContextField, Contract, RegionDecl } from '../../compiler/contract/types.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import type { Random } from '../differential/random.js';

/** Everything a program of the generator meets. */
export interface World {
  readonly contract: Contract;
  readonly request: RunRequest;
  readonly globals: Globals;
}

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 24, 40, 64] as const;
const ALIGNS = [1, 2, 4, 8] as const;

/** A region, and the length it has in this run. */
function region(r: Random, name: string): { decl: RegionDecl; length: number } {
  const length = r.pick(LENGTHS);
  const access = r.chance(60) ? 'rw' : 'r';
  const align = r.pick(ALIGNS);
  if (r.chance(40)) return { decl: { name, access, size: length, minSize: length, maxSize: length, align }, length };
  const minSize = r.pick([0, 0, length >> 1, length]);
  const maxSize = r.chance(30) ? 0x7fffffff : length + r.below(64);
  return { decl: { name, access, size: null, minSize, maxSize, align }, length };
}

/** Fields of all kinds one after the other, with holes. */
function fields(r: Random, regions: readonly RegionDecl[]): ContextField[] {
  const out: ContextField[] = [];
  let at = 0;
  const count = r.below(6);
  for (let i = 0; i < count; i++) {
    if (r.chance(30)) at += r.between(1, 9);
    const name = `f${i}`;
    const decl = regions.length > 0 ? r.pick(regions) : undefined;
    if (decl && r.chance(50)) {
      at = (at + 7) & -8;
      out.push({ kind: 'pointer', name, offset: at, region: decl.name });
      at += 8;
    } else if (decl && r.chance(40)) {
      const size = r.pick(decl.maxSize > 0xffff ? ([4, 8] as const) : ([2, 4, 8] as const));
      out.push({ kind: 'length', name, offset: at, size, region: decl.name });
      at += size;
    } else {
      const size = r.pick([1, 2, 4, 8] as const);
      const access = r.chance(50) ? 'r' : 'rw';
      const range = access === 'r' && r.chance(50) ? ([0n, BigInt(r.below(200))] as const) : undefined;
      out.push({ kind: 'scalar', name, offset: at, size, access, ...(range ? { range } : {}) });
      at += size;
    }
  }
  return out;
}

/** A contract at the edges of what the schema allows, and a request that fits it. */
export function makeWorld(r: Random): World {
  const lent = Array.from({ length: r.pick([0, 0, 1, 1, 2, 3]) }, (_, i) => region(r, i === 2 ? 'pdu' : `g${i}`));
  const regions = lent.map((l) => l.decl);
  const plain = r.chance(35);
  const list = plain ? [] : fields(r, regions);
  const end = list.reduce((n, f) => Math.max(n, f.offset + (f.kind === 'pointer' ? 8 : f.size)), 0);
  const length = end + r.pick(LENGTHS);
  const context = r.bytes(length);
  for (const f of list)
    if (f.kind === 'scalar' && f.range) {
      context.fill(0, f.offset, f.offset + f.size);
      context[f.offset] = r.below(Number(f.range[1]) + 1);
    }
  const absent = list.length === 0 && r.chance(3);
  const fixed = !absent && r.chance(50);
  const contract: Contract = {
    ...DEFAULT_CONTRACT,
    context: {
      size: fixed ? length : null,
      access: r.chance(75) ? 'rw' : 'r',
      align: r.pick(ALIGNS),
      fields: list,
    },
    regions,
    passLength: r.chance(70),
  };
  const data = r.bytes(8 * r.below(4));
  const rodata = r.bytes(8 * r.below(4));
  return {
    contract,
    request: {
      context: absent ? null : context,
      regions: new Map(lent.map((l) => [l.decl.name, r.bytes(l.length)])),
      fuel: 4000,
    },
    globals: { data, bssLength: 8 * r.below(4), rodata, sections: [], symbols: [] },
  };
}
