// SPDX-License-Identifier: MIT
import type { MInst, MReg } from '../../compiler/codegen/machine.js';
import { type Expand, type Features, type Operand, Selector, type Use } from '../../compiler/codegen/select.js';
import type { LowerContext } from '../../compiler/codegen/target.js';
import type { Block, Func, Inst, Origin, Value } from '../../compiler/ir/ir.js';
import { type Abi, ZERO } from './abi.js';
import { loadConstant } from './lower-constants.js';
import { move } from './lower-frame.js';

/** Instructions with a 16-bit encoding for a result in the register of an operand: which ones (rd is operand 0). */
const IN_PLACE: Readonly<Record<string, readonly number[]>> = {
  add: [1, 2],
  and: [1, 2],
  or: [1, 2],
  xor: [1, 2],
  sub: [1],
  addi: [1],
  andi: [1],
  slli: [1],
  srli: [1],
  srai: [1],
};

/** A stored word or half of a double word. */
const isWordStore = ({ inst, arg }: Use): boolean => inst?.op === 'store' && arg > 0 && inst.size! >= 4;

/** Selection with a register that is always zero, and results that are best in the register of an operand. */
export class RiscvSelector extends Selector {
  private readonly homes = new Map<number, Block>();
  private readonly shared = new Map<number, MReg>();
  private readonly swapped = new Map<number, MReg>();

  /** `leaf`: whatever is selected, there is no call: the frame for one would cost more. */
  constructor(
    fn: Func,
    context: LowerContext,
    features: Features,
    readonly abi: Abi,
    readonly leaf: boolean,
  ) {
    super(fn, context, features, move);
    for (const block of fn.blocks) {
      for (const p of block.params) this.homes.set(p.id, block);
      for (const inst of block.insts) for (const r of inst.results) this.homes.set(r.id, block);
    }
  }

  override isWanted(inst: Inst): boolean {
    return super.isWanted(inst) || inst.results.some((r) => this.swappedInto(r) !== undefined);
  }

  /** Constants that several places share. */
  override opening(at: { readonly origin: Origin }): MInst[] {
    return [...this.shared].map(([c, reg]) => this.makeConstant(reg, c, at));
  }

  /** A use of zero is x0, written like an immediate. */
  override use(v: Value): Operand {
    return this.constOf(v) === 0 ? this.imm(ZERO) : super.use(v);
  }

  defReg(reg: MReg): Operand {
    return { spec: { role: 'def' }, reg };
  }

  /** One instruction of that name with the operands as they stand; the result, if it has one, first. */
  override plain(name: string, at: { readonly origin: Origin }, ...operands: Operand[]): true {
    const near = IN_PLACE[name];
    const [rd, ...rest] = operands;
    const all = near && rd?.spec.role === 'def' ? [{ ...rd, spec: { ...rd.spec, near } }, ...rest] : operands;
    return super.plain(name, at, ...all);
  }

  /** The result of one instruction that writes a register of its own. */
  value(name: string, at: { readonly origin: Origin }, ...operands: Operand[]): Operand {
    const reg = this.fresh();
    this.plain(name, at, this.defReg(reg), ...operands);
    return this.useReg(reg);
  }

  /** A constant in a register of its own, or x0. */
  constant(c: number, at: { readonly origin: Origin }): Operand {
    if (c === 0) return this.imm(ZERO);
    const reg = this.fresh();
    this.out.push(this.makeConstant(reg, c, at));
    return this.useReg(reg);
  }

  /** A register that holds zero, for where x0 will not do. */
  zero(at: { readonly origin: Origin }): Operand {
    const reg = this.fresh();
    this.out.push(this.makeConstant(reg, 0, at));
    return this.useReg(reg);
  }

  makeConstant(reg: MReg, c: number, at: { readonly origin: Origin }): MInst {
    const expand: Expand = ([rd, v], asm) => loadConstant(rd!, v! >>> 0, asm);
    return this.make('li', at.origin, [this.defReg(reg), this.imm(c)], expand, { remat: true });
  }

  /** A constant that is made once, at the function's start, for all that ask for it. */
  common(c: number): Operand {
    let reg = this.shared.get(c);
    if (reg === undefined) {
      reg = this.fresh();
      this.shared.set(c, reg);
    }
    return this.useReg(reg);
  }

  /** The value of an operand in the register of `v`. */
  put(inst: Inst, v: Value, from: Operand): true {
    if (from.spec.role === 'imm') return this.load(inst, v, 0);
    this.out.push({ ...this.move(this.vregOf(v), from.reg), origin: inst.origin });
    return true;
  }

  /** A constant in the register of `v`. */
  load(inst: Inst, v: Value, c: number): true {
    this.out.push(this.makeConstant(this.vregOf(v), c, inst));
    return true;
  }

  /** Is nothing going to read `v` behind the instruction being selected? Only asked of values of this block; else: no. */
  diesAt(v: Value): boolean {
    return !this.needed.has(v.id) && this.homes.get(v.id) === this.block;
  }

  /** Has `v` no reader but the asking one? */
  isOnly(v: Value): boolean {
    return this.usesOf(v).length === 1;
  }

  /** Is `v` only ever compared with zero for equality, or else not read? */
  isOnlyTested(v: Value): boolean {
    return this.usesOf(v).every((u) => u.condition);
  }

  /** How often this block stores `v` as a word. */
  wordStores(v: Value): number {
    return this.usesOf(v).filter((u) => isWordStore(u) && u.block === this.block).length;
  }

  /** Lets the load that makes `v` write the register of `to` instead, byte-swapped. */
  swap(v: Value, to: Value): void {
    this.swapped.set(v.id, this.vregOf(to));
  }

  /** Where a load has to leave `v` byte-swapped. */
  swappedInto(v: Value): MReg | undefined {
    return this.swapped.get(v.id);
  }
}
