// SPDX-License-Identifier: MIT
import { ById, definitions, removeUnreachable, substitute } from '../ir/analysis.js';
import { type Block, type Func, type Inst, type Module, newValue, type Op, type Value } from '../ir/ir.js';
import { instOf } from './induction.js';
import { pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: look-ups of regions for pointers from the context that first try one granted region: hooks
 * mostly list pointers in the order of their regions. A wrong guess costs a comparison; the answer is a region that holds the
 * address and has the rights, as before.
 */
export const guessRegions = pass(
  'guess',
  (module: Module) => {
    const { granted } = module;
    if (!granted || granted.length === 0) return false;
    let changed = false;
    for (const fn of module.funcs) changed = guessIn(fn, granted) || changed;
    return changed;
  },
  { requires: ['guarded'] },
);

type Granted = NonNullable<Module['granted']>;

/** How many sums away from its pointer an address may be. */
const FARTHEST = 4;

function guessIn(fn: Func, granted: Granted): boolean {
  if (!fn.blocks.some((b) => !b.cold && b.insts.some((i) => i.op === 'locate'))) return false;
  removeUnreachable(fn);
  const defs = definitions(fn);
  /** Offset in the context of the pointer that an address comes from. */
  const slotOf = (address: Value): number | null => {
    let v = address;
    for (let i = 0; i < FARTHEST; i++) {
      const inst = instOf(v, defs);
      if (inst?.op === 'load') {
        const whole = v === inst.results[0] && inst.size! >= 4;
        return whole && inst.access?.region?.kind === 'context' ? inst.off! : null;
      }
      if (inst?.op !== 'add' && !(inst?.op === 'add64' && v === inst.results[0])) return null;
      v = inst.args[0]!;
    }
    return null;
  };
  const wanted = new Map<number, bigint>();
  const slots = new Map<Inst, number>();
  for (const { insts, cold } of fn.blocks) {
    if (cold) continue;
    for (const inst of insts) {
      const slot = inst.op === 'locate' ? slotOf(inst.args[0]!) : null;
      if (slot === null) continue;
      slots.set(inst, slot);
      wanted.set(slot, (wanted.get(slot) ?? 1n) | inst.imm!);
    }
  }
  const guesses = new Map<number, number>();
  let next = 0;
  for (const [slot, rights] of [...wanted].sort(([a], [b]) => a - b)) {
    while (next < granted.length && rights === 3n && !granted[next]!.writable) next++;
    if (next < granted.length) guesses.set(slot, next++);
  }
  const guess = (inst: Inst): number | undefined => guesses.get(slots.get(inst) ?? -1);
  if (![...slots.keys()].some((i) => guess(i) !== undefined)) return false;
  const blocks: Block[] = [];
  const colds: Block[] = [];
  const names = new ById<Value, Value>();
  for (const block of fn.blocks) {
    blocks.push(block);
    const { insts, term } = block;
    let here = block;
    here.insts = [];
    for (const inst of insts) {
      const index = guess(inst);
      if (index === undefined) {
        here.insts.push(inst);
        continue;
      }
      const made = tryFirst(fn, here, inst, index, granted[index]!.size);
      inst.results.forEach((v, i) => {
        names.set(v, made.rest.params[i]!);
      });
      blocks.push(made.rest);
      colds.push(made.cold);
      here = made.rest;
    }
    here.term = term;
  }
  fn.blocks = [...blocks, ...colds];
  substitute(fn, names);
  return true;
}

/** Ends the block with the comparison; control goes on in `rest`, whose parameters are the look-up's results. */
function tryFirst(
  fn: Func,
  here: Block,
  inst: Inst,
  index: number,
  size: number | null,
): { readonly rest: Block; readonly cold: Block } {
  const { origin } = inst;
  const address = inst.args[0]!;
  const region = { kind: 'granted', index } as const;
  const emit = (op: Op, args: Value[], more: Partial<Inst> = {}): Value => {
    const v = newValue(fn, 'i32');
    here.insts.push({ op, args, results: [v], origin, ...more });
    return v;
  };
  const base = emit('base', [], { region });
  const length = size === null ? emit('length', [], { region }) : emit('const', [], { imm: BigInt(size) });
  const offset = emit('sub', [address, base]);
  const params = [newValue(fn, 'i32'), newValue(fn, 'i32')];
  const trap: Block['term'] = { kind: 'trap', trap: 'unreachable', origin };
  const rest: Block = { id: fn.nextBlock++, params, insts: [], term: trap };
  const results = [newValue(fn, 'i32'), newValue(fn, 'i32')];
  const cold: Block = {
    id: fn.nextBlock++,
    params: [],
    insts: [{ ...inst, args: [address], results }],
    term: { kind: 'jump', to: { block: rest, args: [...results] }, origin },
    cold: true,
  };
  here.term = {
    kind: 'branch',
    cond: 'ult',
    wide: false,
    args: [offset, length],
    // biome-ignore lint/suspicious/noThenProperty: `then` is the edge taken when the condition holds.
    then: { block: rest, args: [base, length] },
    else: { block: cold, args: [] },
    origin,
  };
  return { rest, cold };
}
