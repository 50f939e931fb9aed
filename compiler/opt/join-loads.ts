// SPDX-License-Identifier: MIT
import { ById, forEachUse, makers } from '../ir/analysis.js';
import { type Block, type Func, type Inst, type Module, newValue, type Op, type Value } from '../ir/ir.js';
import type { Shape } from '../ir/shape.js';
import { jointFact, mayChange } from './alias.js';
import { type Pass, pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: a number put together from neighbouring bytes or half-words of memory, by shifts and `or`, `add` or
 * `xor`, read at once, and turned round where the byte order asks for it, if that is less work for a core of this shape. The one load
 * stands where the last of the others stood: all guards have been passed there, and nothing in between may have changed the bytes.
 */
export function joinLoads(shape: Shape): Pass {
  return pass(
    'join loads',
    (module: Module) => {
      let changed = false;
      for (const fn of module.funcs) changed = new Joiner(fn, shape).run() || changed;
      return changed;
    },
    { requires: ['guarded'] },
  );
}

/** A term of a sum: `value` shifted left. */
interface Leaf {
  readonly value: Value;
  readonly shift: number;
}

/** A leaf that is a load, of `size` bytes that all come through the shift. */
interface Piece {
  readonly leaf: Leaf;
  readonly shift: number;
  readonly load: Inst;
  readonly size: number;
}

/** Pieces that one load can replace: its value, turned round if `reversed`, shifted left by `shift`. */
interface Run {
  readonly pieces: readonly Piece[];
  readonly size: 2 | 4;
  readonly reversed: boolean;
  readonly shift: number;
}

/** More terms make no 32-bit number out of bytes. */
const MOST_LEAVES = 24;
/** How many instructions may stand between the loads that become one. */
const MOST_BETWEEN = 200;

class Joiner {
  private readonly made: ById<Value, Inst>;
  private readonly uses = new ById<Value, number>();
  private readonly home = new Map<Inst, Block>();
  /** Operations that belong to a tree which has been looked at. */
  private readonly seen = new Set<Inst>();
  /** What goes behind an instruction. */
  private readonly behind = new Map<Inst, Inst[]>();
  /** What takes an instruction's place. */
  private readonly instead = new Map<Inst, Inst[]>();
  /** Where each instruction of the block at hand stands. */
  private place = new Map<Inst, number>();

  constructor(
    private readonly fn: Func,
    private readonly shape: Shape,
  ) {
    this.made = makers(fn);
  }

  run(): boolean {
    const { fn, uses } = this;
    if (!fn.blocks.some((b) => b.insts.some((i) => i.op === 'load' && i.size! < 4))) return false;
    forEachUse(fn, (args) => {
      for (const v of args) uses.set(v, (uses.get(v) ?? 0) + 1);
    });
    for (const block of fn.blocks) for (const inst of block.insts) this.home.set(inst, block);
    let changed = false;
    for (const block of fn.blocks) {
      this.place = new Map(block.insts.map((inst, i) => [inst, i]));
      // Backwards, so that the whole of a tree is met before its parts.
      for (let i = block.insts.length - 1; i >= 0; i--) {
        const root = block.insts[i]!;
        if (root.op !== 'or' && root.op !== 'add' && root.op !== 'xor') continue;
        if (this.seen.has(root) || root.results[0]!.ty !== 'i32') continue;
        changed = this.tree(root, block) || changed;
      }
    }
    if (!changed) return false;
    for (const block of fn.blocks)
      block.insts = block.insts.flatMap((i) => this.instead.get(i) ?? [i, ...(this.behind.get(i) ?? [])]);
    return true;
  }

  private tree(root: Inst, block: Block): boolean {
    const leaves: Leaf[] = [];
    const inner: Inst[] = [];
    if (!this.collect(root, root.results[0]!, 0, block, leaves, inner)) return false;
    const pieces = leaves.flatMap((l) => this.pieceOf(l) ?? []);
    if (pieces.length < 2) return false;
    const runs = this.runsOf(pieces, block);
    if (runs.length === 0) return false;
    const joined = new Set(runs.flatMap((r) => r.pieces.map((p) => p.leaf)));
    const rest = leaves.filter((l) => !joined.has(l));
    const terms = runs.length + rest.length;
    const shifts = [...runs, ...rest].filter((t) => t.shift > 0).length;
    const turns = runs.reduce((n, r) => n + (r.reversed ? this.turning(r.size) : 0), 0);
    // A load that others use as well stays.
    const gone = [...joined].filter((l) => this.uses.get(l.value) === 1).length;
    if (terms - 1 + shifts + turns + runs.length >= inner.length + gone) return false;
    this.replace(root, runs, rest);
    return true;
  }

  /** Instructions that reverse so many bytes. */
  private turning(size: 2 | 4): number {
    if (this.shape.reverse) return 1;
    return size === 2 ? 4 : 9;
  }

  /**
   * The terms of a tree of one operation and shifts by constants, whose inner values nobody else uses. False: too many. `inner`: the
   * operations that a new sum would replace.
   */
  private collect(root: Inst, value: Value, shift: number, block: Block, leaves: Leaf[], inner: Inst[]): boolean {
    const inst = this.made.get(value);
    const own = inst && this.home.get(inst) === block && (inst === root || this.uses.get(value) === 1);
    if (own && inst.op === root.op) {
      this.seen.add(inst);
      inner.push(inst);
      return inst.args.every((v) => this.collect(root, v, shift, block, leaves, inner));
    }
    const amount = inst?.op === 'shl' ? this.made.get(inst.args[1]!) : undefined;
    if (own && amount?.op === 'const') {
      inner.push(inst);
      const sum = shift + Number(amount.imm! & 31n);
      // What is shifted out altogether is no term.
      return sum >= 32 || this.collect(root, inst.args[0]!, sum, block, leaves, inner);
    }
    return leaves.push({ value, shift }) <= MOST_LEAVES;
  }

  private pieceOf(leaf: Leaf): Piece | null {
    const load = this.made.get(leaf.value);
    if (load?.op !== 'load' || load.size! > 2) return null;
    const size = load.size!;
    const end = leaf.shift + 8 * size;
    // Copies of the sign are shifted out at the top.
    return end > 32 || (load.signed && end < 32) ? null : { leaf, shift: leaf.shift, load, size };
  }

  private runsOf(pieces: readonly Piece[], block: Block): Run[] {
    const groups = new Map<Value, Piece[]>();
    for (const p of pieces) {
      const base = p.load.args[0]!;
      const list = groups.get(base);
      if (list) list.push(p);
      else groups.set(base, [p]);
    }
    const runs: Run[] = [];
    for (const list of groups.values()) {
      list.sort((a, b) => a.load.off! - b.load.off!);
      for (let i = 0; i < list.length; ) {
        const run = this.runAt(list, i, 4, block) ?? this.runAt(list, i, 2, block);
        if (run) runs.push(run);
        i += run?.pieces.length ?? 1;
      }
    }
    return runs;
  }

  /** The run of `size` bytes that starts with a piece, if there is one. */
  private runAt(list: readonly Piece[], start: number, size: 2 | 4, block: Block): Run | null {
    const pieces: Piece[] = [];
    const [first] = list.slice(start, start + 1) as [Piece];
    let bytes = 0;
    for (let p = list[start]; p && bytes < size; p = list[start + pieces.length]) {
      if (p.load.off !== first.load.off! + bytes) return null;
      pieces.push(p);
      bytes += p.size;
    }
    if (bytes !== size || pieces.length < 2) return null;
    const rising = pieces.every((p) => p.shift === first.shift + 8 * (p.load.off! - first.load.off!));
    const falling = pieces.every((p) => p.size === 1 && p.shift === first.shift - 8 * (p.load.off! - first.load.off!));
    if (!rising && !falling) return null;
    if (!this.shape.unaligned && (first.load.access?.align ?? 1) < size) return null;
    const run: Run = { pieces, size, reversed: falling, shift: Math.min(...pieces.map((p) => p.shift)) };
    return this.unchanged(run, block) ? run : null;
  }

  /** Do all of its loads stand in the block, and see the memory that the last of them sees? */
  private unchanged({ pieces }: Run, block: Block): boolean {
    const places = pieces.map((p) => this.place.get(p.load) ?? Number.NaN);
    const [from, to] = [Math.min(...places), Math.max(...places)];
    if (!(to - from <= MOST_BETWEEN)) return false;
    for (let i = from + 1; i < to; i++) {
      const inst = block.insts[i]!;
      if (pieces.some((p) => mayChange(inst, p.load))) return false;
    }
    return true;
  }

  private replace(root: Inst, runs: readonly Run[], rest: readonly Leaf[]): void {
    const { origin } = root;
    const out: Inst[] = [];
    const emit = (op: Op, args: Value[], more: Partial<Inst> = {}): Value => {
      const result = newValue(this.fn, 'i32');
      out.push({ op, args, results: [result], origin, ...more });
      return result;
    };
    const shifted = (v: Value, by: number): Value =>
      by === 0 ? v : emit('shl', [v, emit('const', [], { imm: BigInt(by) })]);
    const terms = runs.map((run) => {
      let v = this.load(run);
      if (run.reversed) v = emit('bswap', [v], { bits: run.size === 2 ? 16 : 32 });
      return shifted(v, run.shift);
    });
    for (const { value, shift } of rest) terms.push(shifted(value, shift));
    let sum = terms[0]!;
    for (const v of terms.slice(1)) sum = emit(root.op, [sum, v]);
    // The last operation gives the root's value; a single term is handed on by an `or` with nothing, which folding drops.
    const last = out.at(-1);
    if (last?.results[0] === sum) out[out.length - 1] = { ...last, results: root.results };
    else out.push({ op: 'or', args: [sum, emit('const', [], { imm: 0n })], results: root.results, origin });
    this.instead.set(root, out);
  }

  /** Puts the load of a run behind the last load that it replaces. */
  private load({ pieces, size }: Run): Value {
    const [first] = pieces as [Piece, ...Piece[]];
    const last = pieces.reduce((a, b) => (this.place.get(b.load)! > this.place.get(a.load)! ? b : a)).load;
    const result = newValue(this.fn, 'i32');
    const access = jointFact(pieces.map((p) => p.load.access));
    const joined: Inst = {
      ...first.load,
      results: [result],
      origin: last.origin,
      size,
      signed: false,
      access,
    };
    const list = this.behind.get(last);
    if (list) list.push(joined);
    else this.behind.set(last, [joined]);
    return result;
  }
}
