// SPDX-License-Identifier: MIT
import type { HelperRow } from '../contract/helpers.js';
import { helperArgTypes, isPointerArg, needsHigh } from '../ir/access.js';
import {
  type Func,
  type Inst,
  type Module,
  newValue,
  type Op,
  type Origin,
  type TrapName,
  type Value,
} from '../ir/ir.js';
import type { AccessFact, HelperArgFact, Region } from '../verifier/facts.js';
import { Costs, insertFuel } from './fuel.js';
import { type RegionShape, regionShape, type SandboxContext, type Stretch } from './regions.js';

export type { SandboxContext } from './regions.js';

/** What was decided for one function. */
export interface FunctionGuards {
  readonly func: Func;
  /** Loads, stores, atomics and helper buffers. */
  accesses: number;
  /** Those that the facts show right: no guard. */
  proved: number;
  /** Number of guarded accesses by place; several only for one helper call. */
  readonly guarded: Map<string, number>;
}

const place = (o: Origin): string => `${o.func}:${o.slot}`;

/**
 * Puts a guard before every memory access and helper buffer that the facts do not show right, and fuel on loops without a
 * bound; nothing else in the compiler inserts guards. Takes a module over lanes; afterwards addresses are low lanes only.
 * Sets the property `guarded`. Returns the decisions, one row per function of the module. `unguarded`: decides and puts nothing in, to
 * measure what guards cost; such code belongs into no image that anybody keeps.
 */
export function guardModule(
  module: Module,
  context: SandboxContext,
  helpers: readonly HelperRow[],
  { unguarded = false }: { unguarded?: boolean } = {},
): FunctionGuards[] {
  if (!module.properties.has('lanes') || module.properties.has('guarded')) {
    throw new Error('the sandbox pass is for a module over lanes, once');
  }
  const frames = new Map(module.funcs.map((f) => [f.index, f.frameBytes]));
  const rows = new Map(helpers.map((h) => [h.id, h]));
  const costs = new Costs(module);
  const reports = module.funcs.map((func) => {
    const report: FunctionGuards = { func, accesses: 0, proved: 0, guarded: new Map() };
    const guard = new Guard(func, frames, context, rows, report, unguarded);
    for (const block of func.blocks) block.insts = block.insts.flatMap((inst) => guard.rewrite(inst));
    if (!unguarded) insertFuel(func, costs);
    return report;
  });
  module.properties.add('guarded');
  module.granted = context.contract.regions.map((r) => ({ writable: r.access === 'rw', size: r.size }));
  return reports;
}

/** Guarded accesses of which at least one guard is still in the code, wherever that went. */
export function guardsKept(report: FunctionGuards): number {
  const alive = keptPlaces(report);
  let kept = 0;
  for (const [at, count] of report.guarded) if (alive.has(at)) kept += count;
  return kept;
}

/** Places, `function:slot`, of guarded accesses of which a guard is still in the code. */
export function keptPlaces(report: FunctionGuards): ReadonlySet<string> {
  const alive = new Set<string>();
  const mark = (o: Origin): void => {
    if (report.guarded.has(place(o))) alive.add(place(o));
  };
  const blocks = [report.func, ...(report.func.within ?? [])].flatMap((f) => f.blocks);
  for (const { insts, term } of blocks) {
    for (const i of insts) if (i.op === 'search' || (i.op === 'trapif' && i.trap === 'memory')) mark(i.origin);
    if (term.kind === 'trap' && term.trap === 'memory') mark(term.origin);
  }
  return alive;
}

/** An amount known now or at run time. */
type Amount = number | Value;

/** One access as a guard sees it. */
interface Access {
  readonly fact: Pick<AccessFact, 'region' | 'proved' | 'offset32'>;
  readonly low: Value;
  /** Null where the fact makes it needless. */
  readonly high: Value | null;
  readonly off: number;
  readonly size: Amount;
  readonly write: boolean;
}

class Guard {
  private insts: Inst[] = [];
  private origin: Origin = { func: 0, slot: 0 };

  constructor(
    private readonly fn: Func,
    private readonly frames: ReadonlyMap<number, number>,
    private readonly context: SandboxContext,
    private readonly helpers: ReadonlyMap<number, HelperRow>,
    private readonly report: FunctionGuards,
    private readonly unguarded: boolean,
  ) {}

  /** The instructions that replace this one. */
  rewrite(inst: Inst): Inst[] {
    this.insts = [];
    this.origin = inst.origin;
    if (inst.op === 'load' || inst.op === 'store' || inst.op === 'atomic') this.memory(inst);
    else if (inst.op === 'helper') this.helper(inst);
    else return [inst];
    this.insts.push(inst);
    return this.insts;
  }

  private memory(inst: Inst): void {
    const [low, high, ...value] = inst.args;
    const fact = inst.access ?? { region: null, proved: false, offset32: false };
    const wide = needsHigh(inst.access);
    this.decide({
      fact,
      low: low!,
      high: wide ? high! : null,
      off: inst.off!,
      size: inst.size!,
      write: inst.op !== 'load',
    });
    inst.args = [low!, ...value];
  }

  private helper(inst: Inst): void {
    const row = this.helpers.get(inst.helper!);
    if (!row) throw new Error(`helper ${inst.helper} is not in the table`);
    const types = helperArgTypes(row, inst.helperArgs);
    const lanes: Value[][] = [];
    let at = 0;
    for (const ty of types) {
      const count = ty === 'i64' ? 2 : 1;
      lanes.push(inst.args.slice(at, at + count));
      at += count;
    }
    const factOf = (i: number) => inst.helperArgs?.find((f) => f.arg === i) ?? UNKNOWN;
    row.args.forEach((arg, i) => {
      const { proved } = factOf(i);
      if (arg.kind === 'context' && !proved && !this.unguarded) this.exactContext(lanes[i]!);
      if (arg.kind === 'cstring' && !proved) throw new Error(`the string of helper ${row.name} is not in .rodata`);
    });
    row.args.forEach((arg, i) => {
      if (arg.kind !== 'fixed' && arg.kind !== 'buffer') return;
      const [low, high] = lanes[i]!;
      const size = arg.kind === 'fixed' ? arg.size : lanes[arg.length]![0]!;
      this.decide({ fact: factOf(i), low: low!, high: high ?? null, off: 0, size, write: arg.access !== 'r' });
    });
    inst.args = lanes.flatMap((l, i) => (isPointerArg(row.args[i]!.kind) ? l.slice(0, 1) : l));
  }

  private decide(access: Access): void {
    this.report.accesses++;
    const { fact } = access;
    if (fact.proved) {
      if (!fact.region) throw new Error('an access without a region cannot be proved');
      this.report.proved++;
      return;
    }
    if (this.unguarded) return;
    const at = place(this.origin);
    this.report.guarded.set(at, (this.report.guarded.get(at) ?? 0) + 1);
    if (fact.region) this.known(access, fact.region);
    else this.unknown(access);
  }

  private emit(op: Op, args: Value[], results: number, more: Partial<Inst> = {}): Value[] {
    const made = Array.from({ length: results }, () => newValue(this.fn, 'i32'));
    this.insts.push({ op, args, results: made, origin: this.origin, ...more });
    return made;
  }
  private one(op: Op, args: Value[], more: Partial<Inst> = {}): Value {
    return this.emit(op, args, 1, more)[0]!;
  }
  private value(a: Amount): Value {
    return typeof a === 'number' ? this.one('const', [], { imm: BigInt.asUintN(32, BigInt(a)) }) : a;
  }
  private trapif(cond: Inst['cond'], a: Value, b: Amount, trap: TrapName = 'memory'): void {
    this.emit('trapif', [a, this.value(b)], 0, { cond, trap });
  }

  /** Low lane of address + off, after a check that the whole sum is below 2^32 where `high` is given. */
  private effective({ low, high, off, size }: Access): Value {
    if (high === null) return off === 0 ? low : this.one('add', [low, this.value(off)]);
    let sum = low;
    let top = high;
    if (off !== 0) {
      [sum, top] = this.emit('add64', [low, high, this.value(off), this.value(off < 0 ? -1 : 0)], 2) as [Value, Value];
    }
    // An access of no bytes is allowed anywhere.
    if (typeof size !== 'number') top = this.one('select', [size, top, this.value(0)]);
    this.trapif('ne', top, 0);
    return sum;
  }

  private unknown(access: Access): void {
    const address = this.effective(access);
    this.emit('search', [address, this.value(access.size)], 0, { write: access.write });
  }

  private known(access: Access, region: Region): void {
    const shape = regionShape(region, this.context, this.frames);
    const stretches = access.write ? shape.writable : [{ start: 0, end: shape.length }];
    const address = this.effective(access);
    const offset = this.one('sub', [address, this.base(region)]);
    const tests = stretches.map((s) => this.inside(offset, s, shape, region, access.size)).filter((t) => t !== null);
    const [only] = tests;
    if (!only) {
      // No byte may be touched: wrong unless the size is zero.
      this.trapif('ne', this.value(access.size), 0);
    } else if (tests.length === 1) {
      for (const [bad, a, b] of only) this.trapif(bad, a, b);
    } else {
      const failed = tests.map((t) => t.map(([cond, a, b]) => this.one('icmp', [a, this.value(b)], { cond })));
      const each = failed.map((t) => t.reduce((x, y) => this.one('or', [x, y])));
      const all = each.reduce((x, y) => this.one('and', [x, y]));
      this.trapif('ne', all, 0);
    }
  }

  /**
   * Comparisons of which none may hold if [offset, offset + size) is to lie in the stretch; null if no size > 0 fits. With
   * offsets as unsigned 32-bit numbers and room = end - start: size > room, or offset - start > room - size.
   */
  private inside(
    offset: Value,
    stretch: Stretch,
    shape: RegionShape,
    region: Region,
    size: Amount,
  ): [Inst['cond'], Value, Amount][] | null {
    const { start } = stretch;
    const tests: [Inst['cond'], Value, Amount][] = [];
    let from = start === 0 ? offset : this.one('sub', [offset, this.value(start)]);
    if (typeof size !== 'number') from = this.one('select', [size, from, this.value(0)]);
    if (stretch.end !== null) {
      const room = stretch.end - start;
      if (typeof size !== 'number') {
        tests.push(['ugt', size, room], ['ugt', from, this.one('sub', [this.value(room), size])]);
      } else {
        if (size > room) return null;
        tests.push(['ugt', from, room - size]);
      }
      return tests;
    }
    const longest = shape.maxLength === null ? {} : { imm: BigInt(shape.maxLength) };
    const length = this.one('length', [], { region, ...longest });
    if (typeof size === 'number') {
      if (shape.minLength < start + size) tests.push(['ult', length, start + size]);
      tests.push(['ugt', from, this.one('sub', [length, this.value(start + size)])]);
    } else {
      let room = length;
      if (start > 0) {
        const long = this.one('icmp', [length, this.value(start)], { cond: 'uge' });
        room = this.one('select', [long, this.one('sub', [length, this.value(start)]), this.value(0)]);
      }
      tests.push(['ugt', size, room], ['ugt', from, this.one('sub', [room, size])]);
    }
    return tests;
  }

  /** A context argument is the context's address itself; anything else is the helper's business to refuse. */
  private exactContext([low, high]: Value[]): void {
    if (high) this.trapif('ne', high, 0, 'helper');
    this.trapif('ne', low!, this.base({ kind: 'context' }), 'helper');
  }

  /** The region's base; an entry function has the context's already, as its first parameter. */
  private base(region: Region): Value {
    if (region.kind === 'context' && this.fn.entry) return this.fn.blocks[0]!.params[0]!;
    return this.one('base', [], { region });
  }
}

const UNKNOWN: Omit<HelperArgFact, 'arg'> = { region: null, proved: false, offset32: false, align: 1, write: true };
