// SPDX-License-Identifier: MIT
import { ById, graphOf, makers } from '../ir/analysis.js';
import { toSigned } from '../ir/arith.js';
import type { Func, Inst, Module, Value } from '../ir/ir.js';

/** How the code of a guarded module uses one function's stack frame. Offsets are bytes from the frame's lowest address. */
export interface FrameUse {
  /** Proved loads and stores of the function's own at a constant offset, by instruction. */
  readonly exact: ReadonlyMap<Inst, number>;
  /** 1 for bytes that anything else may touch: accesses at variable offsets, callees, helpers, atomics. */
  readonly shared: Uint8Array;
  /** Something may touch any byte, or compares addresses with the frame's bounds: the frame has to stay as it is. */
  readonly whole: boolean;
}

/** What a memory instruction or a helper's buffer says of itself; `AccessFact` without what is of no interest here. */
type Fact = NonNullable<Inst['access']> | NonNullable<Inst['helperArgs']>[number];

/** Bytes of a frame that are touched from places where no constant offset is known, counted from the frame's top. */
interface Far {
  whole: boolean;
  readonly spans: (readonly [from: number, to: number])[];
}

/**
 * Uses of every function's frame. An access with a known region stays in it, by proof or by guard; one whose region is not known may
 * reach each frame of which an address is more than an operand of loads and stores.
 */
export function frameUses(module: Module): Map<Func, FrameUse> {
  const far = new Map<number, Far>();
  const farOf = (index: number): Far => {
    let f = far.get(index);
    if (!f) {
      f = { whole: false, spans: [] };
      far.set(index, f);
    }
    return f;
  };
  let searched = false;
  const note = (fact: Fact | undefined): void => {
    if (!fact?.region) searched = true;
    else if (fact.region.kind === 'frame') {
      const at = farOf(fact.region.func);
      if (fact.proved && fact.span) at.spans.push(fact.span);
      else at.whole = true;
    }
  };
  const own = new Map(module.funcs.map((fn) => [fn, addressesIn(fn)]));
  for (const fn of module.funcs) {
    const { exact } = own.get(fn)!;
    for (const { insts } of fn.blocks) {
      for (const inst of insts) {
        if (inst.op === 'load' || inst.op === 'store' || inst.op === 'atomic') {
          if (!exact.has(inst)) note(inst.access);
        } else if (inst.op === 'helper') {
          for (const fact of inst.helperArgs ?? []) note(fact);
        } else if (inst.op === 'search' || inst.op === 'locate') {
          // It may stand without its access, whose value nobody wanted.
          searched = true;
        } else if (inst.op === 'base' && inst.region!.kind === 'frame' && inst.region!.func !== fn.index) {
          farOf(inst.region!.func).whole = true;
        }
      }
    }
  }
  const out = new Map<Func, FrameUse>();
  for (const fn of module.funcs) {
    const { exact, leaked, blind } = own.get(fn)!;
    const { whole, spans } = farOf(fn.index);
    const shared = new Uint8Array(fn.frameBytes);
    const all = whole || blind || (leaked && searched);
    if (all) shared.fill(1);
    else for (const [from, to] of spans) shared.fill(1, Math.max(0, from + fn.frameBytes), to + fn.frameBytes);
    out.set(fn, { exact, shared, whole: all });
  }
  return out;
}

interface Addresses {
  readonly exact: Map<Inst, number>;
  /** An address of the frame is used as something else than the address of an access. */
  leaked: boolean;
  /** It goes to a helper of whose buffers nothing is known. */
  blind: boolean;
}

/** Follows base + constants through one function, in dominance order. */
function addressesIn(fn: Func): Addresses {
  const out: Addresses = { exact: new Map(), leaked: false, blind: false };
  if (fn.frameBytes === 0) return out;
  const made = makers(fn);
  const offset = new ById<Value, number>();
  for (const { insts, term } of graphOf(fn).order) {
    for (const inst of insts) {
      if (inst.op === 'base') {
        if (inst.region!.kind === 'frame' && inst.region!.func === fn.index) offset.set(inst.results[0]!, 0);
        continue;
      }
      const at = inst.args.length > 0 ? offset.get(inst.args[0]!) : undefined;
      let rest = inst.args;
      if (at !== undefined) {
        const added = inst.op === 'add' ? made.get(inst.args[1]!) : undefined;
        if (added?.op === 'const') {
          offset.set(inst.results[0]!, at + Number(toSigned(added.imm!, 32)));
          continue;
        }
        if (inst.op === 'load' || inst.op === 'store') {
          const from = at + inst.off!;
          if (inst.access?.proved && from >= 0 && from + inst.size! <= fn.frameBytes) {
            out.exact.set(inst, from);
            rest = inst.args.slice(1);
          }
        }
      }
      if (!rest.some((v) => offset.has(v))) continue;
      out.leaked = true;
      if (inst.op === 'helper' && !inst.helperArgs) out.blind = true;
    }
    const args = term.kind === 'branch' || term.kind === 'ret' ? term.args : [];
    const edges = term.kind === 'jump' ? [term.to] : term.kind === 'branch' ? [term.then, term.else] : [];
    if ([args, ...edges.map((e) => e.args)].some((list) => list.some((v) => offset.has(v)))) out.leaked = true;
  }
  return out;
}
