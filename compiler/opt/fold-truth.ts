// SPDX-License-Identifier: MIT
import { mask, NEGATED } from '../ir/arith.js';
import type { Inst, Value } from '../ir/ir.js';
import { log2 } from './fold-binary.js';
import type { Rule, Site } from './fold-rule.js';
import { widthOf } from './known.js';

/** Truths, 0 or 1, put together: their negation, and one value compared with two constants as one comparison. */
export const truthRule: Rule = (inst, site) => {
  const { op } = inst;
  if (op !== 'or' && op !== 'and' && op !== 'xor') return null;
  const [p, q] = inst.args.map((v) => site.def(v));
  if (p?.op !== 'icmp' && p?.op !== 'icmp64') return null;
  if (op === 'xor') {
    if (site.constantOf(inst.args[1]!) !== 1n) return null;
    return site.emit(p.op, p.args, { cond: NEGATED[p.cond!] });
  }
  return p.op === 'icmp' && q?.op === 'icmp' ? either(op, p, q, site) : null;
};

/** x == c or x == d; by negation x != c and x != d. */
function either(op: 'or' | 'and', p: Inst, q: Inst, site: Site): Value[] | null {
  const equal = op === 'or' ? 'eq' : 'ne';
  const [x, a] = p.args as [Value, Value];
  const [y, b] = q.args as [Value, Value];
  const [c, d] = [site.constantOf(a), site.constantOf(b)];
  if (p.cond !== equal || q.cond !== equal || x !== y || c === undefined || d === undefined) return null;
  const all = mask(widthOf(x));
  const low = ((d - c) & all) === 1n ? c : d;
  if (((c - d) & all) === 1n || ((d - c) & all) === 1n) {
    const off = site.one('add', [x, site.constant(-low & all, x)]);
    return site.emit('icmp', [off, site.constant(2n, x)], { cond: op === 'or' ? 'ult' : 'uge' });
  }
  if (log2(c ^ d) === null) return null;
  const same = site.one('or', [x, site.constant(c ^ d, x)]);
  return site.emit('icmp', [same, site.constant(c | d, x)], { cond: equal });
}
