// SPDX-License-Identifier: MIT
import { type Inst, OPS } from '../ir/ir.js';

type Region = NonNullable<Inst['region']>;

/**
 * May two accesses of one function touch a common byte? For modules with guards, where addresses are single values. An access whose
 * region is known stays in it, by proof or by guard. Granted regions may overlap each other; that none overlaps the context is the
 * contract's promise, and frames, globals and constants lie in the instance, apart from both.
 */
export function mayOverlap(a: Inst, b: Inst): boolean {
  const sizes = [a.size!, b.size!] as const;
  if (a.args[0] === b.args[0]) return a.off! < b.off! + sizes[1] && b.off! < a.off! + sizes[0];
  const [r, s] = [a.access?.region, b.access?.region];
  if (!r || !s) return true;
  if (!sameRegion(r, s)) return r.kind === 'granted' && s.kind === 'granted';
  const [x, y] = [a.access!.span, b.access!.span];
  return !x || !y || (x[0] < y[1] && y[0] < x[1]);
}

/** Is it known to be one region? Two that are not known are not. */
export function sameRegion(a: Region | null, b: Region | null): boolean {
  if (!a || !b) return false;
  if (a.kind === 'frame') return b.kind === 'frame' && a.func === b.func;
  if (a.kind === 'granted') return b.kind === 'granted' && a.index === b.index;
  return a.kind === b.kind;
}

/**
 * May the instruction change what the load reads? Calls may change everything, guards and pure operations nothing. Reads and writes do
 * not pass atomic operations: others may go by their order.
 */
export function mayChange(inst: Inst, load: Inst): boolean {
  const { effect } = OPS[inst.op];
  if (effect !== 'write') return effect === 'call';
  return inst.op !== 'store' || mayOverlap(inst, load);
}

/** Does the order of the instruction and a store matter, to the program or to who looks at memory after a trap? */
export function ordersStore(inst: Inst, store: Inst): boolean {
  const { effect } = OPS[inst.op];
  if (effect === 'pure') return false;
  return (inst.op !== 'load' && inst.op !== 'store') || mayOverlap(inst, store);
}

/** What holds of accesses side by side, the lowest first, taken for one. */
export function jointFact(facts: readonly Inst['access'][]): Inst['access'] {
  const known = facts.filter((f) => f !== undefined);
  const [lead] = known;
  if (!lead || known.length < facts.length) return undefined;
  const same = known.every((f) => sameRegion(f.region, lead.region));
  const spans = known.flatMap((f) => (f.span ? [f.span] : []));
  const { span: _, ...plain } = lead;
  return {
    ...plain,
    region: same ? lead.region : null,
    proved: same && known.every((f) => f.proved),
    offset32: same && known.every((f) => f.offset32),
    ...(same && spans.length === known.length
      ? { span: [Math.min(...spans.map((s) => s[0])), Math.max(...spans.map((s) => s[1]))] as const }
      : {}),
  };
}
