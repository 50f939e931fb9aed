// SPDX-License-Identifier: MIT
import type { Origin } from '../../ir/ir.js';
import type { MFunc, MInst, MReg, MTerm } from '../machine.js';
import { termEdges, termInst } from '../validate-machine.js';
import { type Places, pieceAt } from './allocate.js';
import type { Bundle } from './bundles.js';
import { fixedOf, type Intervals, isCopy, sharesTied, tiedTo } from './intervals.js';
import { type Move, sequence } from './moves.js';
import { AFTER, BEFORE, posOf, READ, WRITE } from './positions.js';
import { type ABlock, type AInst, type Allocation, type AllocTarget, isSlot, type Loc, SLOT } from './types.js';

/** A move of value `v`; `store` if it only keeps the value of its own bundle in its slot. */
type Want = {
  readonly v: MReg;
  readonly move: Move;
  readonly store: boolean;
  readonly weight: number;
};

/** Writes the function with physical registers: operands from `places`, moves at splits, fixed operands and edges. */
export function resolve(fn: MFunc, iv: Intervals, places: Places, target: AllocTarget): Allocation {
  const { flow, header, term } = iv;
  const slots = assignSlots(places);
  let spillSlots = slots.count;
  let extra = -1;
  const extraSlot = (): Loc => {
    if (extra < 0) extra = spillSlots++;
    return SLOT + extra;
  };
  const dropped = dropUnread(places);

  /** Where `v` is at `pos`; null: nowhere, its definition is repeated. */
  const where = (v: MReg, pos: number): Loc | null => {
    const p = pieceAt(places, v, pos);
    if (!p) throw new Error(`${fn.name}: v${v} is nowhere at ${pos}`);
    if (!p.spilled) return p.reg;
    return p.bundle.remat ? null : SLOT + slots.of.get(p.bundle)!;
  };
  const source = (v: MReg, pos: number): Move['from'] => where(v, pos) ?? { vreg: v, inst: places.bundleOf[v]!.remat! };

  // Moves, by the place they happen at: before and after an index, or on an edge that needs a block of its own.
  const before = new Map<number, Want[]>();
  const after = new Map<number, Want[]>();
  const onEdge = new Map<string, Want[]>();
  const put = <K>(at: Map<K, Want[]>, key: K, want: Want): void => {
    const list = at.get(key);
    if (list) list.push(want);
    else at.set(key, [want]);
  };
  const want = (v: MReg, from: Move['from'], to: Loc | null, weight: number, own?: Bundle): Want | null => {
    if (to === null || from === to) return null;
    const store = own !== undefined && isSlot(to) && places.bundleOf[v] === own;
    return { v, move: { from, to }, store, weight };
  };

  // Splits inside a block.
  for (const [bundle, pieces] of places.pieces) {
    for (let k = 1; k < pieces.length; k++) {
      const pos = pieces[k]!.start;
      if (pos % 4 !== BEFORE || iv.header[iv.blockOf[pos >> 2]!] === pos >> 2) continue;
      const r = pieces[k]!.ranges[0];
      const q = pieces[k - 1]!.ranges.at(-1);
      if (!r || !q || r.s !== pos || q.e !== pos || q.v !== r.v) continue;
      const w = want(r.v, source(r.v, pos - 1), where(r.v, pos), flow.frequency[iv.blockOf[pos >> 2]!]!, bundle);
      if (w) put(before, pos >> 2, w);
    }
  }

  // Fixed and tied operands, and copies.
  const around = (inst: MInst, i: number, weight: number): void => {
    const pos = posOf(i, BEFORE);
    const to = (v: MReg, at: number): Loc | null => (pieceAt(places, v, at) ? where(v, at) : null);
    const add = (at: Map<number, Want[]>, w: Want | null): void => {
      if (w) put(at, i, w);
    };
    if (isCopy(inst)) {
      const [d, u] = inst.operands as [MReg, MReg];
      if (pieceAt(places, d, pos)) add(before, want(u, source(u, pos - 1), to(d, pos), weight, places.bundleOf[d]));
      return;
    }
    inst.specs.forEach((s, k) => {
      const v = inst.operands[k]!;
      const fixed = fixedOf(inst, k);
      if (s.role === 'use') {
        const d = tiedTo(inst, k);
        if (fixed !== undefined) add(before, want(v, source(v, pos - 1), fixed, weight));
        else if (d >= 0) add(before, want(v, source(v, pos - 1), to(inst.operands[d]!, pos), weight));
      } else if (s.role === 'def' && fixed !== undefined) {
        add(after, want(v, fixed, to(v, posOf(i, AFTER)), weight, places.bundleOf[v]));
      }
    });
  };
  for (const b of flow.order) {
    const mb = fn.blocks[b]!;
    mb.insts.forEach((inst, k) => {
      around(inst, header[b]! + 1 + k, flow.frequency[b]!);
    });
    const ti = termInst(mb);
    if (ti) around(ti, term[b]!, flow.frequency[b]!);
  }

  // Edges.
  for (const b of flow.order) {
    const succs = flow.succs[b]!;
    const end = posOf(term[b]! + 1, BEFORE) - 1;
    termEdges(fn.blocks[b]!).forEach((edge, k) => {
      const s = succs[k]!;
      const begin = posOf(header[s]!, BEFORE);
      const weight = Math.min(flow.frequency[b]!, flow.frequency[s]!);
      const add = (w: Want | null): void => {
        if (!w) return;
        if (succs.length === 1) put(after, term[b]!, w);
        else if (flow.preds[s]!.length === 1) put(before, header[s]!, w);
        else put(onEdge, `${b}:${k}`, w);
      };
      for (const v of iv.liveIn[s]!) add(want(v, source(v, end), where(v, begin), weight, places.bundleOf[v]));
      edge.args.forEach((a, j) => {
        const p = fn.blocks[s]!.params[j]!;
        if (pieceAt(places, p, begin)) add(want(a, source(a, end), where(p, begin), weight, places.bundleOf[p]));
      });
    });
  }

  placeStores();

  // The blocks, with the moves in place.
  let used = 0;
  const note = (inst: MInst): void => {
    used |= inst.clobbers;
    inst.specs.forEach((s, k) => {
      if (s.role === 'def' || s.role === 'temp') used |= 1 << inst.operands[k]!;
    });
  };
  const moves = (list: readonly Want[] | undefined, origin: Origin, out: AInst[]): void => {
    if (!list) return;
    for (const a of sequence(
      list.map((w) => w.move),
      target,
      origin,
      extraSlot,
    )) {
      out.push(a);
      note(a.inst);
      if ('copies' in a && !isSlot(a.copies.to)) used |= 1 << a.copies.to;
    }
  };
  const physical = (inst: MInst, i: number): MInst => {
    const operands = inst.operands.map((v, k) => {
      const s = inst.specs[k]!;
      if (s.role === 'imm') return v;
      const fixed = fixedOf(inst, k);
      if (fixed !== undefined) return fixed;
      if (s.role !== 'use') return register(v, posOf(i, s.role === 'temp' || s.early ? READ : WRITE));
      const d = tiedTo(inst, k) >= 0 ? tiedTo(inst, k) : sharesTied(inst, k);
      return register(d >= 0 ? inst.operands[d]! : v, posOf(i, READ));
    });
    const made = { ...inst, operands };
    note(made);
    return made;
  };
  const register = (v: MReg, pos: number): number => {
    const l = where(v, pos);
    if (l === null || isSlot(l)) throw new Error(`${fn.name}: v${v} is not in a register at ${pos}`);
    return l;
  };

  const blocks: ABlock[] = [];
  const inserted: ABlock[] = [];
  let nextId = fn.blocks.reduce((m, b) => Math.max(m, b.id), 0) + 1;
  fn.blocks.forEach((mb, b) => {
    if (header[b]! < 0) return;
    const insts: AInst[] = [];
    const h = header[b]!;
    const t = term[b]!;
    const origin = mb.insts[0]?.origin ?? mb.term.origin;
    moves(before.get(h), origin, insts);
    moves(after.get(h), origin, insts);
    mb.insts.forEach((inst, k) => {
      const i = h + 1 + k;
      moves(before.get(i), inst.origin, insts);
      if (!isCopy(inst) && !(inst.remat && dropped.has(inst.operands[0]!)))
        insts.push({ inst: physical(inst, i), source: k });
      moves(after.get(i), inst.origin, insts);
    });
    moves(before.get(t), mb.term.origin, insts);
    moves(after.get(t), mb.term.origin, insts);
    const edge = (k: number, block: number): { block: number; args: MReg[] } => {
      const list = onEdge.get(`${b}:${k}`);
      if (!list) return { block, args: [] };
      const own: ABlock = {
        id: nextId++,
        insts: [],
        term: { kind: 'jump', to: { block, args: [] }, origin: mb.term.origin },
        original: null,
      };
      moves(list, mb.term.origin, own.insts);
      inserted.push(own);
      return { block: own.id, args: [] };
    };
    blocks.push({ id: mb.id, insts, term: rewrite(mb.term, t, edge), original: mb, bound: mb.bound });
  });
  return { fn, blocks: [...blocks, ...inserted], spillSlots, usedRegisters: used >>> 0 };

  function rewrite(t: MTerm, i: number, edge: (k: number, block: number) => { block: number; args: MReg[] }): MTerm {
    switch (t.kind) {
      case 'jump':
        return { ...t, to: edge(0, t.to.block) };
      case 'branch':
        // biome-ignore lint/suspicious/noThenProperty: the two ways of a branch
        return { ...t, inst: physical(t.inst, i), then: edge(0, t.then.block), else: edge(1, t.else.block) };
      case 'ret':
        return { ...t, inst: physical(t.inst, i) };
      case 'trap':
        return t;
    }
  }

  /**
   * A value that is stored at several places is stored once, behind its definition, if that is not more frequent: the slot
   * belongs to its bundle alone, and within the bundle no other value lives at the same time.
   */
  function placeStores(): void {
    const cost = new Map<MReg, number>();
    const forced = new Set<MReg>();
    for (const b of places.storeAtDef) if (!b.remat) for (const v of b.vregs) forced.add(v);
    const all = [...before.values(), ...after.values(), ...onEdge.values()];
    for (const list of all) for (const w of list) if (w.store) cost.set(w.v, (cost.get(w.v) ?? 0) + w.weight);
    const once = new Set<MReg>(forced);
    for (const [v, c] of cost) if (c >= flow.frequency[iv.blockOf[iv.of[v]!.def]!]!) once.add(v);
    const prune = <K>(at: Map<K, Want[]>): void => {
      for (const [key, list] of at) {
        const kept = list.filter((w) => !(w.store && once.has(w.v)));
        if (kept.length === 0) at.delete(key);
        else if (kept.length < list.length) at.set(key, kept);
      }
    };
    prune(before);
    prune(after);
    prune(onEdge);
    for (const v of once) storeBehind(v);
  }

  function storeBehind(v: MReg): void {
    const first = iv.of[v]!.ranges.find((r) => r.v === v)!;
    const slot = slots.of.get(places.bundleOf[v]!);
    if (slot === undefined) return;
    const i = iv.of[v]!.def;
    const to = SLOT + slot;
    const at = where(v, first.s);
    const mb = fn.blocks[iv.blockOf[i]!]!;
    const inst = mb.insts[i - header[iv.blockOf[i]!]! - 1];
    const weight = flow.frequency[iv.blockOf[i]!]!;
    const add = (list: Map<number, Want[]>, from: Move['from']): void =>
      put(list, i, { v, move: { from, to }, store: false, weight });
    if (!inst || i === header[iv.blockOf[i]!]!) {
      // A parameter that begins in its slot is written there by the edges.
      if (at !== null && !isSlot(at)) add(after, at);
    } else if (isCopy(inst)) {
      // One that begins in its slot is written there by the copy.
      if (at !== null && !isSlot(at)) add(before, source(inst.operands[1]!, posOf(i, BEFORE) - 1));
    } else {
      const k = inst.specs.findIndex((s, j) => s.role !== 'imm' && s.role !== 'use' && inst.operands[j] === v);
      const fixed = fixedOf(inst, k);
      if (fixed !== undefined) add(after, fixed);
      else if (at !== null && !isSlot(at)) add(after, at);
    }
  }
}

/** Slots for the bundles that are in memory somewhere; bundles whose extents do not overlap share one. */
function assignSlots(places: Places): {
  of: Map<Bundle, number>;
  count: number;
} {
  const need: { b: Bundle; s: number; e: number }[] = [];
  for (const [b, pieces] of places.pieces)
    if (!b.remat && pieces.some((p) => p.spilled)) need.push({ b, s: pieces[0]!.start, e: pieces.at(-1)!.end });
  need.sort((x, y) => x.s - y.s);
  const ends: number[] = [];
  const of = new Map<Bundle, number>();
  for (const n of need) {
    let slot = ends.findIndex((e) => e <= n.s);
    if (slot < 0) slot = ends.length;
    ends[slot] = n.e;
    of.set(n.b, slot);
  }
  return { of, count: ends.length };
}

/** Repeatable values that nothing reads from the register of their definition: it is left out. */
function dropUnread(places: Places): Set<MReg> {
  const out = new Set<MReg>();
  for (const [b, pieces] of places.pieces) {
    const first = pieces[0]!;
    if (!b.remat || (!first.spilled && (pieces.length < 2 || first.uses.length !== 1))) continue;
    first.spilled = true;
    first.reg = -1;
    out.add(b.vregs[0]!);
  }
  return out;
}
