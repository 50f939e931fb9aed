// SPDX-License-Identifier: MIT
import { type Block, edges, type Func, type Inst, type Op, type Origin, type Value } from '../ir/ir.js';
import { type Asm, FIRST_VREG, type MInst, type MReg, type OperandSpec } from './machine.js';
import type { LowerContext } from './target.js';

/** An operand of a machine instruction under construction. */
export interface Operand {
  readonly spec: OperandSpec;
  readonly reg: MReg;
}

export type Expand = (ops: readonly number[], asm: Asm) => void;

/** One reader of a value. */
export interface Use {
  readonly block: Block;
  /** The value only decides a condition: first argument of a select, or compared with constant zero. */
  readonly condition: boolean;
  /** The instruction, if it is one, and which of its arguments the value is. */
  readonly inst: Inst | null;
  readonly arg: number;
}

/** What a core has: see cores.ts. */
export type Features = Readonly<Record<string, boolean>>;

const isAccess = (inst: Inst): boolean => inst.op === 'load' || inst.op === 'store';

interface Definition {
  readonly inst: Inst;
  readonly block: Block;
}

const NO_USES: readonly Use[] = [];

/**
 * State of selecting one function. Blocks and their instructions are visited backwards, so that when an instruction's turn
 * comes, all its readers have said whether they need its result in a register or have taken it into themselves.
 */
export class Selector {
  private readonly definitions = new Map<number, Definition>();
  private readonly users = new Map<number, Use[]>();
  private readonly constants = new Map<number, number>();
  private readonly vregs = new Map<number, MReg>();
  private readonly rawBases = new Map<Inst, MReg>();
  protected readonly needed = new Set<number>();
  private nextVreg = FIRST_VREG;
  protected out: MInst[] = [];
  protected block: Block;
  outgoingBytes = 0;
  /** Something selected so far is a call. */
  calls = false;

  constructor(
    readonly fn: Func,
    readonly context: LowerContext,
    readonly features: Features,
    protected readonly move: (dst: MReg, src: MReg) => MInst,
  ) {
    this.block = fn.blocks[0]!;
    for (const block of fn.blocks) {
      for (const inst of block.insts) {
        for (const r of inst.results) this.definitions.set(r.id, { inst, block });
        if (inst.op === 'const') this.constants.set(inst.results[0]!.id, Number(BigInt.asUintN(32, inst.imm ?? 0n)));
      }
    }
    // The runtime passes two 32-bit words to an entry; their high lanes are zero by contract.
    if (fn.entry) {
      fn.params.forEach((p, i) => {
        if (p.lane === 'hi') this.constants.set(fn.blocks[0]!.params[i]!.id, 0);
      });
    }
    for (const block of fn.blocks) {
      for (const inst of block.insts) {
        inst.args.forEach((v, i) => {
          const condition = (inst.op === 'select' && i === 0) || (inst.op === 'trapif' && this.isZeroTest(inst, i));
          this.addUse(v, { block, condition, inst, arg: i });
        });
      }
      const { term } = block;
      if (term.kind === 'branch' || term.kind === 'ret') {
        term.args.forEach((v, i) => {
          const condition = term.kind === 'branch' && !term.wide && this.isZeroTest(term, i);
          this.addUse(v, { block, condition, inst: null, arg: i });
        });
      }
      for (const v of edges(term).flatMap((e) => e.args))
        this.addUse(v, { block, condition: false, inst: null, arg: 0 });
    }
  }

  private addUse(v: Value, use: Use): void {
    if (v.ty !== 'i32') throw new Error(`v${v.id} is 64 bits wide: lowering takes lanes`);
    const list = this.users.get(v.id);
    if (list) list.push(use);
    else this.users.set(v.id, [use]);
  }

  private isZeroTest(at: { cond?: string; args: Value[] }, i: number): boolean {
    return i === 0 && (at.cond === 'eq' || at.cond === 'ne') && this.constOf(at.args[1]!) === 0;
  }

  protected usesOf(v: Value): readonly Use[] {
    return this.users.get(v.id) ?? NO_USES;
  }

  /** Starts a block; the instructions emitted from here on are collected by `finish`. */
  start(block: Block): void {
    this.block = block;
    this.out = [];
  }

  /** Machine instructions emitted since the last `take`, in order. */
  take(): MInst[] {
    const taken = this.out;
    this.out = [];
    return taken;
  }

  get vregCount(): number {
    return this.nextVreg;
  }

  /** The constant that a value is, as an unsigned number. */
  constOf(v: Value): number | undefined {
    return this.constants.get(v.id);
  }

  /** Does something want a result of the instruction, or its raw base? */
  isWanted(inst: Inst): boolean {
    return inst.results.some((r) => this.isNeeded(r)) || this.rawBases.has(inst);
  }

  /** What has to stand at the function's start for the sake of all that was selected. */
  opening(_at: { readonly origin: Origin }): MInst[] {
    return [];
  }

  isNeeded(v: Value): boolean {
    return this.needed.has(v.id);
  }

  protected vregOf(v: Value): MReg {
    let r = this.vregs.get(v.id);
    if (r === undefined) {
      r = this.nextVreg++;
      this.vregs.set(v.id, r);
    }
    return r;
  }

  fresh(): MReg {
    return this.nextVreg++;
  }

  /** The register of a value that something reads. */
  need(v: Value): MReg {
    this.needed.add(v.id);
    return this.vregOf(v);
  }

  /** The register of a region's base without the constant that belongs to it. */
  needRawBase(inst: Inst): MReg {
    let r = this.rawBases.get(inst);
    if (r === undefined) {
      r = this.nextVreg++;
      this.rawBases.set(inst, r);
    }
    return r;
  }

  rawBase(inst: Inst): MReg | undefined {
    return this.rawBases.get(inst);
  }

  // Operands.

  use(v: Value): Operand {
    return { spec: { role: 'use' }, reg: this.need(v) };
  }
  useReg(reg: MReg): Operand {
    return { spec: { role: 'use' }, reg };
  }
  useFixed(v: Value, fixed: number): Operand {
    return { spec: { role: 'use', fixed }, reg: this.need(v) };
  }
  def(v: Value): Operand {
    return { spec: { role: 'def' }, reg: this.vregOf(v) };
  }
  /** Written before the uses are read. */
  defEarly(v: Value): Operand {
    return { spec: { role: 'def', early: true }, reg: this.vregOf(v) };
  }
  defFixed(v: Value, fixed: number): Operand {
    return { spec: { role: 'def', fixed }, reg: this.vregOf(v) };
  }
  /** In the register of the use at operand index `tied`. */
  defTied(v: Value, tied: number): Operand {
    return { spec: { role: 'def', tied }, reg: this.vregOf(v) };
  }
  temp(): Operand {
    return { spec: { role: 'temp' }, reg: this.fresh() };
  }
  imm(n: number): Operand {
    return { spec: { role: 'imm' }, reg: n };
  }

  // Machine instructions.

  make(name: string, origin: Origin, operands: readonly Operand[], expand?: Expand, more: Partial<MInst> = {}): MInst {
    return {
      name,
      specs: operands.map((o) => o.spec),
      operands: operands.map((o) => o.reg),
      clobbers: 0,
      origin,
      ...(expand ? { expand } : {}),
      ...more,
    };
  }

  emit(name: string, origin: Origin, operands: readonly Operand[], expand: Expand, more: Partial<MInst> = {}): void {
    this.out.push(this.make(name, origin, operands, expand, more));
  }

  /** One instruction of that name with the operands as they stand. */
  plain(name: string, at: { readonly origin: Origin }, ...operands: Operand[]): true {
    this.emit(name, at.origin, operands, (ops, asm) => asm.inst(name, ...ops));
    return true;
  }

  copy(inst: Inst, from: Value): true {
    this.out.push({ ...this.move(this.vregOf(inst.results[0]!), this.need(from)), origin: inst.origin });
    return true;
  }

  // What operands are made of.

  /** The instruction that defines `v`, if it is one of `ops`; reading its arguments instead of `v` is always right. */
  definition(v: Value, ...ops: Op[]): Inst | undefined {
    const d = this.definitions.get(v.id);
    return d && ops.includes(d.inst.op) ? d.inst : undefined;
  }

  /**
   * The instruction that defines `v`, if it is one of `ops`, stands in this block and has no other reader: then taking it
   * into the reader saves it and moves no work into a loop.
   */
  fold(v: Value, ...ops: Op[]): Inst | undefined {
    const inst = this.definition(v, ...ops);
    return inst && this.isLocal(v) && this.usesOf(v).length === 1 ? inst : undefined;
  }

  private isLocal(v: Value): boolean {
    return this.definitions.get(v.id)?.block === this.block;
  }

  /** The compare that makes the condition `v`, if `v` has no reader but conditions of this block. */
  foldCondition(v: Value): Inst | undefined {
    const inst = this.definition(v, 'icmp', 'icmp64');
    const only = (u: Use): boolean => u.condition && u.block === this.block;
    return inst && this.isLocal(v) && this.usesOf(v).every(only) ? inst : undefined;
  }

  /** Do all readers of `v` take it as the address of a load or store that `fits`? */
  onlyAddresses(v: Value, fits: (access: Inst) => boolean): boolean {
    return this.usesOf(v).every((u) => u.inst !== null && u.arg === 0 && isAccess(u.inst) && fits(u.inst));
  }
}
