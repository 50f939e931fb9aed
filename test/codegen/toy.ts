// SPDX-License-Identifier: MIT
import type { MBlock, MEdge, MFunc, MInst, MReg, MTerm, OperandSpec } from '../../compiler/codegen/machine.js';
import {
  type ABlock,
  type Allocation,
  type AllocTarget,
  isSlot,
  type Loc,
} from '../../compiler/codegen/regalloc/types.js';

/** A machine for tests of allocation: registers 0..5 to give out (0..2 "low", 4 and 5 preserved by calls), 6 scratch. */
export const ORIGIN = { func: 0, slot: 0 };
export const LOW = 0b111;
export const GIVEN = [0, 1, 2, 3, 4, 5];

const use: OperandSpec = { role: 'use' };
const def: OperandSpec = { role: 'def' };
const temp: OperandSpec = { role: 'temp' };
const imm: OperandSpec = { role: 'imm' };

/** Instruction forms: one row each. */
export const FORMS: Record<string, { specs: OperandSpec[]; clobbers?: number; remat?: boolean; move?: boolean }> = {
  const: { specs: [def, imm], remat: true },
  inc: { specs: [def, use] },
  add: { specs: [def, use, use] },
  sub: { specs: [{ role: 'def', tied: 1 }, use, use] },
  near: { specs: [{ role: 'def', near: [1, 2] }, use, use] },
  apart: { specs: [def, { role: 'def', near: [2], apart: [3] }, use, use] },
  mul: { specs: [{ role: 'def', mask: LOW }, { role: 'use', mask: LOW }, use] },
  early: { specs: [{ role: 'def', early: true }, use, use] },
  temps: { specs: [def, use, use, temp, { role: 'temp', mask: LOW }] },
  pair: { specs: [def, def, use, use] },
  wide: { specs: [use, use, use, use, use, use, def] },
  full: { specs: [use, use, { role: 'use', mask: LOW }, temp, temp, def, def, def, def] },
  shift: { specs: [def, use, { role: 'use', fixed: 2 }] },
  div: { specs: [{ role: 'def', fixed: 3, tied: 1 }, use, use] },
  both: {
    specs: [
      { role: 'def', tied: 1 },
      { role: 'use', fixed: 1 },
      { role: 'use', fixed: 0 },
    ],
  },
  call: {
    specs: [
      { role: 'def', fixed: 0 },
      { role: 'def', fixed: 1 },
      { role: 'use', fixed: 0 },
      { role: 'use', fixed: 1 },
      { role: 'use', fixed: 2 },
    ],
    clobbers: 0b001111,
  },
  callx: { specs: [{ role: 'def', fixed: 0 }, { role: 'use', fixed: 0 }, use, temp], clobbers: 0b001111 },
  out: { specs: [use] },
  move: { specs: [def, use], move: true },
  if: { specs: [use, use] },
  ift: { specs: [use, { role: 'temp', mask: LOW }] },
  ret: {
    specs: [
      { role: 'use', fixed: 0 },
      { role: 'use', fixed: 1 },
    ],
  },
};

/** Specs are shared per form, as a real selection would share them. */
export function make(form: string, operands: number[]): MInst {
  const f = FORMS[form]!;
  return {
    name: form,
    specs: f.specs,
    operands,
    clobbers: f.clobbers ?? 0,
    origin: ORIGIN,
    move: f.move,
    remat: f.remat,
    expand: EXPAND,
  };
}
const EXPAND = (): void => {};

export const TOY: AllocTarget = {
  registers: {
    names: ['a', 'b', 'c', 'd', 'e', 'f', 'x', 'sp'],
    allocationOrder: GIVEN,
    short: LOW,
    callerSaved: 0b001111,
    calleeSaved: 0b110000,
  },
  scratch: 6,
  move: (dst, src) => make('move', [dst, src]),
  spillStore: (src, slot) => ({ ...make('out', [src]), name: 'store', specs: [use, imm], operands: [src, slot] }),
  spillLoad: (dst, slot) => ({ ...make('const', [dst, slot]), name: 'load', remat: false }),
};

/** A small repeatable random number generator. */
export class Random {
  constructor(private state: number) {}
  /** 0 <= result < n. */
  below(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** Random functions: nested conditions and counted loops over a pool of live values, every form of instruction. */
export class Generator {
  private readonly blocks: MBlock[] = [];
  private next = 64;
  private block: MBlock;

  constructor(
    private readonly random: Random,
    private readonly forms: readonly string[],
    private readonly length: number,
  ) {
    this.block = this.open([]);
  }

  private open(params: MReg[]): MBlock {
    const b: MBlock = {
      id: this.blocks.length,
      params,
      insts: [],
      term: { kind: 'trap', trap: 'unreachable', origin: ORIGIN },
    };
    this.blocks.push(b);
    return b;
  }
  private fresh(): MReg {
    return this.next++;
  }
  private emit(form: string, scope: MReg[], fixed?: MReg[]): MReg[] {
    let given = 0;
    const defs: MReg[] = [];
    const operands = FORMS[form]!.specs.map((s) => {
      if (s.role === 'imm') return this.random.below(1000);
      if (s.role === 'use') return fixed?.[given++] ?? this.random.pick(scope);
      const v = this.fresh();
      if (s.role === 'def') defs.push(v);
      return v;
    });
    this.block.insts.push(make(form, operands));
    return defs;
  }
  private jump(to: MBlock, args: MReg[]): void {
    this.block.term = { kind: 'jump', to: { block: to.id, args }, origin: ORIGIN };
  }
  private branch(form: string, uses: MReg[], then: MEdge, other: MEdge): void {
    const operands = FORMS[form]!.specs.map((s, i) => (s.role === 'temp' ? this.fresh() : uses[i]!));
    const inst = { ...make(form, operands), expand: undefined };
    this.block.term = { kind: 'branch', inst, then, else: other, branch: () => {}, origin: ORIGIN };
  }

  function(entry = true): MFunc {
    const scope: MReg[] = [];
    for (let i = 0; i < 3; i++) scope.push(...this.emit('const', scope));
    this.body(scope, this.length, 0);
    const inst = { ...make('ret', [this.random.pick(scope), this.random.pick(scope)]), expand: undefined };
    this.block.term = { kind: 'ret', inst, origin: ORIGIN };
    return {
      index: 0,
      name: 'random',
      entry,
      blocks: this.blocks,
      nextVreg: this.next,
      outgoingBytes: 0,
      hasCalls: true,
    };
  }

  /** Appends statements; `scope` grows by what they define on every way. */
  private body(scope: MReg[], length: number, depth: number): void {
    for (let i = 0; i < length; i++) {
      const what = this.random.below(12);
      if (what === 0 && depth < 4) this.condition(scope, length, depth);
      else if (what === 1 && depth < 3) this.loop(scope, length, depth);
      else scope.push(...this.emit(this.random.pick(this.forms), scope));
      // Now and then old values are forgotten, so that pressure varies.
      if (scope.length > 14 + this.random.below(20)) scope.splice(0, this.random.below(10));
    }
  }

  private condition(scope: MReg[], length: number, depth: number): void {
    const then = this.open([]);
    const uses = [this.random.pick(scope), this.random.pick(scope)];
    const form = this.random.pick(['if', 'ift']);
    const inner = Math.min(12, Math.ceil(length / 3));
    if (this.random.below(3) === 0) {
      // Straight to the join: an edge without arguments that may be critical.
      const join = this.open([]);
      this.branch(form, uses, { block: then.id, args: [] }, { block: join.id, args: [] });
      this.block = then;
      this.body([...scope], inner, depth + 1);
      this.jump(join, []);
      this.block = join;
      return;
    }
    const other = this.open([]);
    const n = this.random.below(4);
    this.branch(form, uses, { block: then.id, args: [] }, { block: other.id, args: [] });
    const join = this.open(Array.from({ length: n }, () => this.fresh()));
    for (const side of [then, other]) {
      this.block = side;
      const own = [...scope];
      this.body(own, inner, depth + 1);
      this.jump(
        join,
        join.params.map(() => this.random.pick(own)),
      );
    }
    this.block = join;
    scope.push(...join.params);
  }

  private loop(scope: MReg[], length: number, depth: number): void {
    const [zero] = this.emit('const', scope);
    (this.block.insts.at(-1)!.operands as number[])[1] = 0;
    const n = this.random.below(4);
    const header = this.open(Array.from({ length: n + 1 }, () => this.fresh()));
    this.jump(header, [zero!, ...header.params.slice(1).map(() => this.random.pick(scope))]);
    this.block = header;
    const own = [...scope, ...header.params.slice(1)];
    this.body(own, Math.min(12, Math.ceil(length / 3)), depth + 1);
    const [more] = this.emit('inc', own, [header.params[0]!]);
    const latch = this.open([]);
    const exit = this.open([]);
    // `if` compares its first operand with 3 when the second is the same one: see run().
    this.branch('if', [more!, more!], { block: latch.id, args: [] }, { block: exit.id, args: [] });
    this.block = latch;
    this.jump(header, [
      more!,
      ...header.params.slice(1).map(() => this.random.pick([...own, ...header.params.slice(1)])),
    ]);
    this.block = exit;
  }
}

const mix = (a: number, b: number): number => {
  let x = Math.imul(a ^ (b + 0x9e3779b9), 0x85ebca6b) >>> 0;
  x ^= x >>> 13;
  return Math.imul(x, 0xc2b2ae35) >>> 0;
};
const hashName = (s: string): number => [...s].reduce((h, c) => mix(h, c.charCodeAt(0)), 1);

/** Results of an instruction's defs, in order, from the values of its uses and immediates. */
function results(name: string, inputs: number[], count: number): number[] {
  if (name === 'const' || name === 'move') return [inputs[0]!];
  if (name === 'inc') return [(inputs[0]! + 1) >>> 0];
  const h = inputs.reduce(mix, hashName(name));
  return Array.from({ length: count }, (_, k) => mix(h, k));
}

const taken = (inputs: number[]): boolean => (inputs.reduce(mix, 7) & 1) === 1;

export interface Trace {
  out: number[];
  steps: number;
}

/** Runs blocks of instructions over places. `physical`: registers that are destroyed are filled with rubbish. */
function run(
  blocks: readonly { id: number; insts: readonly (MInst | { moved: [Loc, Loc] })[]; term: MTerm; params: MReg[] }[],
  physical: boolean,
  loopBranch: (inst: MInst, block: number) => boolean,
): Trace {
  const at = new Map(blocks.map((b) => [b.id, b]));
  const regs = new Map<Loc, number>();
  const out: number[] = [];
  let rubbish = 0xdead0000;
  const read = (r: Loc): number => {
    const v = regs.get(r);
    if (v === undefined) throw new Error(`reads place ${r} before it is written`);
    return v;
  };
  const step = (inst: MInst): number[] => {
    if (physical)
      inst.specs.forEach((s, k) => {
        const tied = s.role === 'def' && s.tied !== undefined;
        if (s.role === 'temp' || (s.role === 'def' && s.early && !tied)) regs.set(inst.operands[k]!, rubbish++);
      });
    const inputs = inst.specs.flatMap((s, k) =>
      s.role === 'use' ? [read(inst.operands[k]!)] : s.role === 'imm' ? [inst.operands[k]!] : [],
    );
    const defs = inst.specs.flatMap((s, k) => (s.role === 'def' ? [inst.operands[k]!] : []));
    if (physical) {
      for (let r = 0; r < 32; r++) if ((inst.clobbers >>> r) & 1) regs.set(r, rubbish++);
      regs.set(6, rubbish++);
    }
    const values = results(inst.name, inputs, defs.length);
    for (const [k, d] of defs.entries()) regs.set(d, values[k]!);
    if (physical)
      inst.specs.forEach((s, k) => {
        if (s.role === 'temp') regs.set(inst.operands[k]!, rubbish++);
      });
    if (inst.name === 'out') out.push(...inputs);
    return inputs;
  };
  let b = blocks[0]!;
  for (let steps = 0; steps < 20000; ) {
    for (const x of b.insts) {
      steps++;
      // A copy of what was never written is harmless as long as nothing reads it.
      if ('moved' in x) regs.set(x.moved[1], regs.get(x.moved[0]) ?? rubbish++);
      else step(x);
    }
    const t = b.term;
    if (t.kind === 'ret') {
      out.push(...step(t.inst));
      return { out, steps };
    }
    if (t.kind === 'trap') return { out, steps };
    let edge: MEdge;
    if (t.kind === 'jump') edge = t.to;
    else {
      const inputs = step(t.inst);
      edge = (loopBranch(t.inst, b.id) ? inputs[0]! < 3 : taken(inputs)) ? t.then : t.else;
    }
    const to = at.get(edge.block)!;
    if (edge.args.length > 0) {
      const values = edge.args.map(read);
      for (const [k, v] of values.entries()) regs.set(to.params[k]!, v);
    }
    b = to;
  }
  return { out, steps: -1 };
}

/** A branch on twice the same value counts a loop. */
const counts = (fn: MFunc) => {
  const ids = new Set(
    fn.blocks
      .filter(
        (b) =>
          b.term.kind === 'branch' && b.term.inst.name === 'if' && b.term.inst.operands[0] === b.term.inst.operands[1],
      )
      .map((b) => b.id),
  );
  return (_: MInst, block: number): boolean => ids.has(block);
};

export const runVirtual = (fn: MFunc): Trace => run(fn.blocks, false, counts(fn));

export function runAllocated(a: Allocation): Trace {
  const blocks = a.blocks.map((b: ABlock) => ({
    id: b.id,
    term: b.term,
    params: [],
    insts: b.insts.map((x) => ('copies' in x ? { moved: [x.copies.from, x.copies.to] as [Loc, Loc] } : x.inst)),
  }));
  return run(blocks, true, counts(a.fn));
}

/** Memory accesses and moves that the allocator added. */
export function added(a: Allocation): { moves: number; memory: number } {
  let moves = 0;
  let memory = 0;
  for (const b of a.blocks)
    for (const x of b.insts) {
      if (!('copies' in x)) continue;
      if (isSlot(x.copies.from) || isSlot(x.copies.to)) memory++;
      else moves++;
    }
  return { moves, memory };
}
