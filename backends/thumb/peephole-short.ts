// SPDX-License-Identifier: MIT
import type { Item } from '../../compiler/codegen/asm.js';
import type { Tools } from './peephole-units.js';

/**
 * Additions of registers where only the form that leaves the flags alone has 16 bits: with a high register. `pinned`: items whose
 * flags something reads.
 */
export function shorten(items: readonly Item[], tools: Tools, pinned: ReadonlySet<Item>): Item[] {
  return items.map((x, i) => {
    if (x.kind !== 'inst' || x.name !== 'adds' || x.bytes.length !== 4 || pinned.has(x)) return x;
    // Within its own operation the flags may be what it is for.
    const next = items[i + 1];
    if (next && next.kind !== 'bind' && next.kind !== 'either' && next.group === x.group) return x;
    const other = tools.inst('add', x.operands, x.group);
    return other.kind === 'inst' && other.bytes.length === 2 ? other : x;
  });
}
