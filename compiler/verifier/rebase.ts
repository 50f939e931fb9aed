// SPDX-License-Identifier: MIT
import * as domain from './domain.js';
import { type Form, isConstantForm, loneSymbol, substituted, symbolForm } from './linear.js';
import type { State } from './state.js';
import { type Abs, formOf, REGISTERS, sameRegion, scalarOf, withScalar } from './value.js';

/**
 * A state at the end of a round of a loop, which was found by starting from `header`, told in the symbols of `entry`, the state at
 * which the loop is entered. What no round changes is what it was at the entry, and all that is known of the entry's symbols holds
 * still; every other symbol gets another name, as it may mean something else there. `before`: the entry that this round was found from,
 * whose symbols mean what the same locations hold at `entry`, and the ends of all rounds, this one included; null if the names in them say
 * nothing about `header`.
 */
export function rebased(
  round: State,
  header: State,
  entry: State,
  before: { readonly entry: State; readonly rounds: readonly State[] } | null,
): State {
  const out = round.copy();
  const { symbols } = round.relations;
  const same = before ? translation(entry, before.entry) : new Map<number, Form>();
  const rounds = before?.rounds;
  const keep = (mine: Abs, at: (s: State) => Abs | undefined): Abs => {
    const [usual, first] = [at(header), at(entry)];
    if (!usual || !first || mine.kind === 'func' || usual.kind !== mine.kind || first.kind !== mine.kind) return mine;
    const sym = usual.f ? loneSymbol(usual.f) : null;
    const given = formOf(first);
    const unchanged = (s: State): boolean => {
      const a = at(s);
      // A number and a pointer's offset may have one name and be two things.
      if (!a || a.kind === 'func' || a.kind !== usual.kind || a.f === null || loneSymbol(a.f) !== sym) return false;
      return a.kind !== 'ptr' || (usual.kind === 'ptr' && sameRegion(a.region, usual.region));
    };
    if (sym === null || !given || !rounds?.every(unchanged)) return mine;
    if (mine.kind === 'ptr' && (first.kind !== 'ptr' || !sameRegion(mine.region, first.region))) return mine;
    if (!same.has(sym) && entry.relations.exact(given)) same.set(sym, given);
    const [s, t] = [scalarOf(mine)!, scalarOf(first)!];
    return withScalar(mine, domain.meet(s, t) ?? s, mine.f);
  };
  for (let r = 0; r < REGISTERS; r++) {
    const mine = out.regs[r];
    if (mine) out.regs[r] = keep(mine, (s) => s.regs[r]);
  }
  for (const [at, slot] of out.frame.entries()) {
    const same = (s: State): Abs | undefined => {
      const other = s.frame.slot(at);
      return other?.size === slot.size ? other.abs : undefined;
    };
    out.frame.replace(at, keep(slot.abs, same));
  }
  const others = new Map<number, Form>();
  const to = (sym: number): Form => {
    const known = same.get(sym) ?? others.get(sym);
    if (known) return known;
    const made = symbolForm(symbols.fresh());
    others.set(sym, made);
    return made;
  };
  const by = (sym: number): Form | undefined => (symbols.isFixed(sym) ? undefined : to(sym));
  const renamed = (a: Abs): Abs => {
    const s = scalarOf(a);
    if (!s || a.kind === 'func' || !a.f) return a;
    const f = substituted(a.f, by);
    return withScalar(a, s, f && !isConstantForm(f) ? f : null);
  };
  for (let r = 0; r < REGISTERS; r++) {
    const a = out.regs[r];
    if (a) out.regs[r] = renamed(a);
  }
  out.frame.update(renamed);
  for (const [h, a] of out.rounds) out.rounds.set(h, renamed(a));
  out.adopt(round.relations.onTopOf(entry.relations, to));
  return out;
}

/** For every symbol that is all that a location of `other` holds: what the location holds in `here`. */
function translation(here: State, other: State): Map<number, Form> {
  const out = new Map<number, Form>();
  const note = (mine: Abs | undefined, theirs: Abs | undefined): void => {
    if (!mine || !theirs || mine.kind === 'func' || theirs.kind !== mine.kind) return;
    if (mine.kind === 'ptr' && (theirs.kind !== 'ptr' || !sameRegion(mine.region, theirs.region))) return;
    const sym = theirs.f ? loneSymbol(theirs.f) : null;
    const form = formOf(mine);
    if (sym === null || here.relations.symbols.isFixed(sym) || out.has(sym) || !form || !here.relations.exact(form))
      return;
    out.set(sym, form);
  };
  for (let r = 0; r < REGISTERS; r++) note(here.regs[r], other.regs[r]);
  for (const [at, slot] of here.frame.tracked()) {
    const theirs = other.frame.slot(at);
    if (theirs?.size === slot.size) note(slot.abs, theirs.abs);
  }
  return out;
}
