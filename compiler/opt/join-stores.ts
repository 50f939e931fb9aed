// SPDX-License-Identifier: MIT
import { ById, forEachUse, makers } from '../ir/analysis.js';
import { type Block, type Func, type Inst, type Module, newValue, type Op, type Value } from '../ir/ir.js';
import type { Shape } from '../ir/shape.js';
import { jointFact, mayChange, ordersStore } from './alias.js';
import { type Pass, pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: neighbouring bytes or half-words stored at once where they are parts of one number, in either byte
 * order, or constants, or a copy of neighbouring bytes. The one store stands where the last of the others stood; nothing that reads
 * those bytes, and nothing that may trap, stands between the first and it.
 */
export function joinStores(shape: Shape): Pass {
  return pass(
    'join stores',
    (module: Module) => {
      let changed = false;
      for (const fn of module.funcs) changed = new Joiner(fn, shape).run() || changed;
      return changed;
    },
    { requires: ['guarded'] },
  );
}

/** Stores through one address value with nothing between them that their order matters to. */
interface Group {
  readonly base: Value;
  readonly stores: Inst[];
}

/** Groups that are open at a time, and stores in one: what bounds the search. */
const MOST_GROUPS = 8;
const MOST_STORES = 64;
/** Instructions between loads that become one. */
const MOST_BETWEEN = 200;

class Joiner {
  private readonly made: ById<Value, Inst>;
  private readonly uses = new ById<Value, number>();
  private block!: Block;
  /** Where each instruction of the block at hand stands. */
  private place = new Map<Inst, number>();
  private groups: Group[] = [];
  /** What takes an instruction's place, or goes behind it. */
  private readonly instead = new Map<Inst, Inst[]>();
  private readonly behind = new Map<Inst, Inst[]>();

  constructor(
    private readonly fn: Func,
    private readonly shape: Shape,
  ) {
    this.made = makers(fn);
  }

  run(): boolean {
    const narrow = (i: Inst): boolean => i.op === 'store' && i.size! < 4;
    const blocks = this.fn.blocks.filter((b) => b.insts.filter(narrow).length > 1);
    if (blocks.length === 0) return false;
    forEachUse(this.fn, (args) => {
      for (const v of args) this.uses.set(v, (this.uses.get(v) ?? 0) + 1);
    });
    let changed = false;
    for (const block of blocks) {
      this.block = block;
      this.place = new Map(block.insts.map((inst, i) => [inst, i]));
      this.instead.clear();
      this.behind.clear();
      for (const inst of block.insts) this.visit(inst);
      this.closeIf(() => true);
      if (this.instead.size === 0) continue;
      block.insts = block.insts.flatMap((i) => [...(this.instead.get(i) ?? [i]), ...(this.behind.get(i) ?? [])]);
      changed = true;
    }
    return changed;
  }

  private visit(inst: Inst): void {
    const joins = inst.op === 'store' && inst.size! < 4;
    const own = joins ? this.groups.find((g) => g.base === inst.args[0]) : undefined;
    const clashes = (g: Group): boolean => g.stores.some((s) => ordersStore(inst, s));
    this.closeIf((g) => clashes(g) || (g === own && g.stores.length >= MOST_STORES));
    if (!joins) return;
    if (own && this.groups.includes(own)) {
      own.stores.push(inst);
      return;
    }
    if (this.groups.length >= MOST_GROUPS) {
      const [oldest] = this.groups;
      this.closeIf((g) => g === oldest);
    }
    this.groups.push({ base: inst.args[0]!, stores: [inst] });
  }

  /** Joins what can be joined in the groups that nothing more may be added to. */
  private closeIf(ends: (g: Group) => boolean): void {
    if (this.groups.length === 0) return;
    const closed = this.groups.filter(ends);
    if (closed.length === 0) return;
    this.groups = this.groups.filter((g) => !closed.includes(g));
    for (const { stores } of closed) {
      stores.sort((a, b) => a.off! - b.off!);
      for (let i = 0; i < stores.length; ) i += this.joinAt(stores, i, 4) || this.joinAt(stores, i, 2) || 1;
    }
  }

  /** Joins the stores to `size` bytes that start with one of the list; how many they were, 0 if that cannot be done. */
  private joinAt(stores: readonly Inst[], start: number, size: 2 | 4): number {
    const run: Inst[] = [];
    let bytes = 0;
    for (let s = stores[start]; s && bytes < size; s = stores[start + run.length]) {
      if (s.off !== stores[start]!.off! + bytes) return 0;
      run.push(s);
      bytes += s.size!;
    }
    if (bytes !== size || run.length < 2) return 0;
    if (!this.shape.unaligned && (run[0]!.access?.align ?? 1) < size) return 0;
    const last = run.reduce((a, b) => (this.place.get(b)! > this.place.get(a)! ? b : a));
    const out: Inst[] = [];
    const emit = (op: Op, args: Value[], more: Partial<Inst> = {}): Value => {
      const result = newValue(this.fn, 'i32');
      out.push({ op, args, results: [result], origin: last.origin, ...more });
      return result;
    };
    const value = this.constants(run, emit) ?? this.parts(run, size, emit) ?? this.copied(run, size);
    if (!value) return 0;
    const access = jointFact(run.map((s) => s.access));
    out.push({ ...last, size, off: run[0]!.off, args: [run[0]!.args[0]!, value], access });
    for (const s of run) this.instead.set(s, s === last ? out : []);
    return run.length;
  }

  private constants(run: readonly Inst[], emit: Emit): Value | null {
    let sum = 0n;
    for (const s of run) {
      const inst = this.made.get(s.args[1]!);
      if (inst?.op !== 'const') return null;
      sum |= BigInt.asUintN(8 * s.size!, inst.imm!) << BigInt(8 * (s.off! - run[0]!.off!));
    }
    return emit('const', [], { imm: sum });
  }

  /** The number whose bytes are stored, lowest first or, with single bytes, highest first. */
  private parts(run: readonly Inst[], size: 2 | 4, emit: Emit): Value | null {
    const parts = run.map((s) => this.part(s.args[1]!, 8 * s.size!));
    const [first] = parts;
    if (!first || parts.some((p) => p.whole !== first.whole)) return null;
    const at = (i: number): number => 8 * (run[i]!.off! - run[0]!.off!);
    const rising = parts.every((p, i) => p.shift === first.shift + at(i));
    const falling =
      this.shape.reverse && run.every((s) => s.size === 1) && parts.every((p, i) => p.shift === first.shift - at(i));
    if (!rising && !falling) return null;
    const low = Math.min(...parts.map((p) => p.shift));
    if (low + 8 * size > 32) return null;
    const value = low === 0 ? first.whole : emit('lshr', [first.whole, emit('const', [], { imm: BigInt(low) })]);
    return falling ? emit('bswap', [value], { bits: size === 2 ? 16 : 32 }) : value;
  }

  /** The low `bits` of a value are those of `whole` from `shift` up. */
  private part(value: Value, bits: number): { whole: Value; shift: number } {
    let whole = value;
    let shift = 0;
    for (let steps = 0; steps < 8; steps++) {
      const inst = this.made.get(whole);
      if (!inst) break;
      const amount = this.constantOf(inst.args[1]);
      const wanted = ((1n << BigInt(bits)) - 1n) << BigInt(shift);
      if (inst.op === 'and' && amount !== undefined && (amount & wanted) === wanted) whole = inst.args[0]!;
      else if ((inst.op === 'lshr' || inst.op === 'ashr') && amount !== undefined) {
        const sum = shift + Number(amount & 31n);
        if (sum + bits > 32) break;
        shift = sum;
        whole = inst.args[0]!;
      } else if (inst.op === 'sext' && shift + bits <= inst.bits!) whole = inst.args[0]!;
      else if (inst.op === 'or' && this.isAbove(inst.args[1]!, shift + bits)) whole = inst.args[0]!;
      else if (inst.op === 'or' && this.isAbove(inst.args[0]!, shift + bits)) whole = inst.args[1]!;
      else break;
    }
    return { whole, shift };
  }

  /** Are the low `bits` of the value zero because it was shifted left? */
  private isAbove(value: Value, bits: number): boolean {
    const inst = this.made.get(value);
    const amount = inst?.op === 'shl' ? this.constantOf(inst.args[1]) : undefined;
    return amount !== undefined && Number(amount & 31n) >= bits;
  }

  private constantOf(value: Value | undefined): bigint | undefined {
    const inst = value && this.made.get(value);
    return inst?.op === 'const' ? inst.imm : undefined;
  }

  /** A copy of neighbouring bytes, in the same order and sizes, that nothing else looks at: one load behind the last of theirs. */
  private copied(run: readonly Inst[], size: 2 | 4): Value | null {
    const loads: Inst[] = [];
    for (const s of run) {
      const load = this.made.get(s.args[1]!);
      if (load?.op !== 'load' || load.size !== s.size || this.uses.get(s.args[1]!) !== 1) return null;
      if (!this.place.has(load) || this.instead.has(load)) return null;
      loads.push(load);
    }
    const [first] = loads as [Inst, ...Inst[]];
    const fits = loads.every(
      (l, i) => l.args[0] === first.args[0] && l.off! - first.off! === run[i]!.off! - run[0]!.off!,
    );
    if (!fits) return null;
    if (!this.shape.unaligned && (first.access?.align ?? 1) < size) return null;
    const places = loads.map((l) => this.place.get(l)!);
    const [from, to] = [Math.min(...places), Math.max(...places)];
    if (to - from > MOST_BETWEEN) return null;
    for (let i = from + 1; i < to; i++) {
      const inst = this.block.insts[i]!;
      if (loads.some((l) => mayChange(inst, l))) return null;
    }
    const result = newValue(this.fn, 'i32');
    const access = jointFact(loads.map((l) => l.access));
    const last = this.block.insts[to]!;
    const joined: Inst = { ...first, results: [result], origin: last.origin, size, signed: false, access };
    const list = this.behind.get(last) ?? [];
    list.push(joined);
    this.behind.set(last, list);
    return result;
  }
}

type Emit = (op: Op, args: Value[], more?: Partial<Inst>) => Value;
