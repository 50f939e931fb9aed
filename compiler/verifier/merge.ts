// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import type { AccessFact, Facts, FunctionFacts, HelperArgFact, IndirectFact, Region, ValueFact } from './facts.js';

/**
 * Facts that hold for every one of several entry points: what is compiled once must be right for all of them. Whatever two
 * entries disagree on becomes unknown. Throws FCC0190 where a shared function reads a pointer field of the context for one
 * entry and something else for another: such a load has no common meaning.
 */
export function mergeFacts(all: readonly Facts[]): Facts {
  const first = all[0];
  if (!first) throw new Error('no facts to merge');
  return all.slice(1).reduce(
    (a, b) => ({
      functions: a.functions.map((f, i) => {
        const g = b.functions[i];
        return f && g ? mergeFunction(f, g) : (f ?? g);
      }),
      entries: [...a.entries, ...b.entries],
    }),
    first,
  );
}

/**
 * Writes that the merged facts guard less than some entry's own facts count on: that entry knows the region and relies on a guard
 * for the bounds, but entries differ on the region, so that the guard becomes a search, which lets the write go to any other
 * region, the own stack frame too. As places for VerifyOptions.opaque: `function:slot`, with `:argument` for helpers. To be
 * verified again until there are no new ones.
 */
export function weakWrites(all: readonly Facts[]): ReadonlySet<string> {
  const places = new Map<string, Common[]>();
  const add = (place: string, fact: Common): void => {
    if (fact.write) places.set(place, [...(places.get(place) ?? []), fact]);
  };
  for (const { functions } of all) {
    functions.forEach((f, func) => {
      for (const [slot, fact] of f?.accesses ?? []) add(`${func}:${slot}`, fact);
      for (const [slot, args] of f?.helperArgs ?? []) for (const a of args) add(`${func}:${slot}:${a.arg}`, a);
    });
  }
  const weak = (facts: readonly Common[]): boolean =>
    facts.some((f) => f.region !== null && !f.proved) && facts.some((f) => !sameRegion(f.region, facts[0]!.region));
  return new Set([...places].flatMap(([place, facts]) => (weak(facts) ? [place] : [])));
}

function mergeFunction(a: FunctionFacts, b: FunctionFacts): FunctionFacts {
  /** Both know the slot: `both`. One never reaches it: the other's word counts. One reaches it but knows nothing: nothing. */
  const bySlot = <T>(x: ReadonlyMap<number, T>, y: ReadonlyMap<number, T>, both: (p: T, q: T) => T | null) => {
    const out = new Map<number, T>();
    for (const slot of new Set([...x.keys(), ...y.keys()])) {
      const p = x.get(slot);
      const q = y.get(slot);
      const joined = p !== undefined && q !== undefined ? both(p, q) : null;
      if (joined !== null) out.set(slot, joined);
      else if (p !== undefined && !b.reachable[slot]) out.set(slot, p);
      else if (q !== undefined && !a.reachable[slot]) out.set(slot, q);
    }
    return out;
  };
  return {
    reachable: a.reachable.map((r, i) => r || b.reachable[i] === true),
    accesses: bySlot(a.accesses, b.accesses, mergeAccess),
    helperArgs: bySlot(a.helperArgs, b.helperArgs, (p, q) => p.map((arg, i) => mergeArg(arg, q[i]!))),
    loops: bySlot(a.loops, b.loops, Math.max),
    callees: bySlot(a.callees, b.callees, mergeIndirect),
    branches: bySlot(a.branches, b.branches, (p, q) => (p === q ? p : null)),
    results: bySlot(a.results, b.results, mergeValue),
    argsUsed: a.argsUsed.map((u, i) => u || b.argsUsed[i] === true),
    frameBytes: Math.max(a.frameBytes, b.frameBytes),
    zeroFrame: a.zeroFrame || b.zeroFrame,
  };
}

function sameRegion(a: Region | null, b: Region | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind === 'frame') return b.kind === 'frame' && a.func === b.func;
  if (a.kind === 'granted') return b.kind === 'granted' && a.index === b.index;
  return a.kind === b.kind;
}

type Common = Omit<AccessFact, 'trusted'>;

function mergeCommon(a: Common, b: Common): Common {
  const same = sameRegion(a.region, b.region);
  return {
    region: same ? a.region : null,
    proved: same && a.proved && b.proved,
    offset32: same && a.offset32 && b.offset32,
    align: a.align < b.align ? a.align : b.align,
    write: a.write || b.write,
    ...(same && a.span && b.span
      ? { span: [Math.min(a.span[0], b.span[0]), Math.max(a.span[1], b.span[1])] as const }
      : {}),
  };
}

function mergeAccess(a: AccessFact, b: AccessFact): AccessFact {
  const { trusted: s } = a;
  const { trusted: t } = b;
  if (s?.what !== t?.what || s?.index !== t?.index || s?.unit !== t?.unit) {
    throw new CompileError('FCC0190', 'a shared function reads a context field in two incompatible ways', {
      help: 'compile the programs one at a time with --function',
    });
  }
  return { ...mergeCommon(a, b), ...(s ? { trusted: s } : {}) };
}

function mergeArg(a: HelperArgFact, b: HelperArgFact): HelperArgFact {
  return { ...mergeCommon(a, b), arg: a.arg };
}

function mergeIndirect(a: IndirectFact, b: IndirectFact): IndirectFact {
  if (a.kind === 'functions' && b.kind === 'functions')
    return { kind: 'functions', funcs: [...new Set([...a.funcs, ...b.funcs])].sort((x, y) => x - y) };
  if (a.kind === 'helper' && b.kind === 'helper' && a.id === b.id) return a;
  throw new CompileError('FCC0190', 'a shared function calls different helpers by number for different programs', {
    help: 'compile the programs one at a time with --function',
  });
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

function mergeValue(a: ValueFact, b: ValueFact): ValueFact {
  const known = a.known & b.known & ~(a.value ^ b.value);
  return {
    umin: min(a.umin, b.umin),
    umax: max(a.umax, b.umax),
    smin: min(a.smin, b.smin),
    smax: max(a.smax, b.smax),
    known,
    value: a.value & known,
  };
}
