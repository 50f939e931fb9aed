// SPDX-License-Identifier: MIT

import {
  type AluOp,
  type BpfFunction,
  FUNCTION_TAG,
  type Insn,
  type JumpCond,
  type Source,
  type Width,
} from '../bpf/program.js';
import { FIRST_GRANTED, type RegionDecl } from '../contract/types.js';
import type { AccessFact, FunctionFacts, Region, ValueFact } from '../verifier/facts.js';
import { helperArgTypes, helperResultType } from './access.js';
import type { BinaryOp } from './arith.js';
import { mask, toUnsigned } from './arith.js';
import { type BuildContext, parameterRegs } from './context.js';
import type { Block, Cond, Func, Inst, Op, Origin, Ty, Value } from './ir.js';
import { newValue } from './ir.js';

const BINARY = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div: 'udiv',
  sdiv: 'sdiv',
  or: 'or',
  and: 'and',
  lsh: 'shl',
  rsh: 'lshr',
  mod: 'umod',
  smod: 'smod',
  xor: 'xor',
  arsh: 'ashr',
} as const satisfies Record<Exclude<AluOp, 'mov' | 'neg'>, BinaryOp>;

const CONDITION = {
  eq: 'eq',
  ne: 'ne',
  gt: 'ugt',
  ge: 'uge',
  lt: 'ult',
  le: 'ule',
  sgt: 'sgt',
  sge: 'sge',
  slt: 'slt',
  sle: 'sle',
  set: 'set',
} as const satisfies Record<JumpCond, Cond>;

/** Writes the SSA of one instruction after the other to the end of a block. */
export class Translator {
  /** Values of r0..r9; undefined: nothing the program may read. */
  state: (Value | undefined)[] = [];
  private block: Block | null = null;
  private origin: Origin;
  private framePointer: Value | null = null;
  /** Where in the entry block the frame pointer's instructions go. */
  private prologueLength = 0;

  constructor(
    private readonly fn: BpfFunction,
    private readonly facts: FunctionFacts,
    private readonly out: Func,
    private readonly context: BuildContext,
    /** Appends a block to the function. */
    private readonly newBlock: (params: Value[]) => Block,
  ) {
    this.origin = { func: fn.index, slot: 0 };
  }

  /** Goes on at the end of `block`, with these register values. */
  start(block: Block, state: (Value | undefined)[] = []): void {
    this.block = block;
    this.state = state;
  }

  /** Where translation has got to: what ends the eBPF block ends this one. */
  get current(): Block {
    return this.block!;
  }

  /** Zeroes the frame if some byte of it may be read before it is written. */
  prologue(): void {
    if (this.facts.zeroFrame && this.facts.frameBytes > 0) this.emit('zeroframe', [], []);
    this.prologueLength = this.block!.insts.length;
  }

  private emit(op: Op, types: readonly Ty[], args: Value[], more: Partial<Inst> = {}): Value[] {
    const results = types.map((ty) => newValue(this.out, ty));
    this.block!.insts.push({ op, args, results, origin: this.origin, ...more });
    return results;
  }
  private one(op: Op, ty: Ty, args: Value[], more: Partial<Inst> = {}): Value {
    return this.emit(op, [ty], args, more)[0]!;
  }
  private constant(imm: bigint, ty: Ty): Value {
    return this.one('const', ty, [], { imm: toUnsigned(imm, ty === 'i64' ? 64 : 32) });
  }
  private trunc(v: Value): Value {
    return this.one('trunc', 'i32', [v]);
  }
  private zext(v: Value): Value {
    return this.one('zext', 'i64', [v]);
  }
  /** i32 -> i64, keeping the sign. */
  private signExtend(v: Value): Value {
    return this.one('sext', 'i64', [this.zext(v)], { bits: 32 });
  }

  /** Stands for a register that holds nothing; the verifier has refused every program that could tell what. */
  undefinedValue(origin: Origin): Value {
    this.origin = origin;
    return this.constant(0n, 'i64');
  }

  /** r10 = lowest frame address + frame size, in the entry block. Frames lie below 2^32, so the 32-bit sum is exact. */
  private frameTop(): Value {
    if (this.framePointer) return this.framePointer;
    const block = this.block;
    const origin = this.origin;
    const entry = this.out.blocks[0]!;
    const behind = entry.insts.splice(this.prologueLength);
    this.block = entry;
    this.origin = { func: this.fn.index, slot: 0 };
    const base = this.one('base', 'i32', [], { region: { kind: 'frame', func: this.fn.index } });
    const size = this.constant(BigInt(this.facts.frameBytes), 'i32');
    this.framePointer = this.zext(this.one('add', 'i32', [base, size]));
    entry.insts = entry.insts.concat(behind);
    this.block = block;
    this.origin = origin;
    return this.framePointer;
  }

  /** The value of a register, i64. */
  read(reg: number): Value {
    if (reg === 10) return this.frameTop();
    return this.state[reg] ?? this.undefinedValue(this.origin);
  }

  private operand(src: Source, width: Width): Value {
    if (src.kind === 'imm') return this.constant(BigInt(src.imm), width === 64 ? 'i64' : 'i32');
    const v = this.read(src.reg);
    return width === 64 ? v : this.trunc(v);
  }

  /** The two sides and condition of a conditional jump. */
  branch(insn: Insn & { kind: 'branch' }): { cond: Cond; args: Value[] } {
    this.origin = { func: this.fn.index, slot: insn.slot };
    const left = this.operand({ kind: 'reg', reg: insn.dst }, insn.width);
    return { cond: CONDITION[insn.cond], args: [left, this.operand(insn.src, insn.width)] };
  }

  insn(insn: Insn): void {
    this.origin = { func: this.fn.index, slot: insn.slot };
    switch (insn.kind) {
      case 'alu':
        this.write(insn.dst, this.alu(insn));
        break;
      case 'movsx': {
        const v = this.read(insn.src);
        if (insn.width === 64) this.write(insn.dst, this.one('sext', 'i64', [v], { bits: insn.from }));
        else this.write(insn.dst, this.zext(this.one('sext', 'i32', [this.trunc(v)], { bits: insn.from })));
        break;
      }
      case 'endian':
        this.write(insn.dst, this.endian(insn));
        break;
      case 'lddw':
        this.write(insn.dst, this.constant(insn.imm, 'i64'));
        break;
      case 'global': {
        // Blocks end below 2^32 and offsets lie inside them, so the 32-bit sum is exact.
        const base = this.one('base', 'i32', [], { region: { kind: insn.ref.block } });
        this.write(insn.dst, this.zext(this.one('add', 'i32', [base, this.constant(BigInt(insn.ref.offset), 'i32')])));
        break;
      }
      case 'load':
        this.write(insn.dst, this.load(insn));
        break;
      case 'store': {
        const value = this.operand(insn.src, 64);
        const args = [this.read(insn.base), insn.size === 8 ? value : this.trunc(value)];
        this.emit('store', [], args, { size: insn.size, off: insn.off, access: this.access(insn.slot, true) });
        break;
      }
      case 'call':
        this.clobber(this.call(insn.func));
        break;
      case 'helper':
        this.clobber(this.helper(insn.id, insn.slot));
        break;
      case 'jump':
      case 'branch':
      case 'exit':
        return; // Terminators are the builder's.
      case 'atomic':
        this.atomic(insn);
        break;
      case 'funcaddr':
        this.write(insn.dst, this.constant(FUNCTION_TAG + BigInt(insn.func), 'i64'));
        break;
      case 'callx':
        this.clobber(this.callIndirect(insn));
        break;
    }
  }

  private call(func: number): Value {
    const callee = this.context.facts.functions[func];
    if (!callee) throw new Error(`no facts for function ${func}`);
    const args = parameterRegs(callee).map((r) => this.read(r));
    return this.one('call', 'i64', args, { callee: func });
  }

  /** Section 5.3: the old value goes to r0 (cmpxchg) or to the source register (fetch). */
  private atomic(insn: Insn & { kind: 'atomic' }): void {
    const wide = insn.size === 8;
    const value = (reg: number): Value => (wide ? this.read(reg) : this.trunc(this.read(reg)));
    const exchange = insn.op === 'cmpxchg';
    const args = [this.read(insn.base), ...(exchange ? [value(0)] : []), value(insn.src)];
    const more = { atomic: insn.op, size: insn.size, off: insn.off, access: this.access(insn.slot, true) };
    if (!exchange && !insn.fetch) {
      this.emit('atomic', [], args, more);
      return;
    }
    const old = this.one('atomic', wide ? 'i64' : 'i32', args, more);
    this.write(exchange ? 0 : insn.src, wide ? old : this.zext(old));
  }

  /**
   * An indirect call as comparisons with the functions that may be meant, each calling its own: a table that cannot be left. Any
   * other value is a trap. Goes on in a new block, with r0 as its parameter.
   */
  private callIndirect(insn: Insn & { kind: 'callx' }): Value {
    const fact = this.facts.callees.get(insn.slot);
    if (!fact) throw new Error(`no facts for the indirect call at slot ${insn.slot}`);
    if (fact.kind === 'helper') return this.helper(fact.id, insn.slot);
    const { origin } = this;
    const target = this.read(insn.reg);
    const result = newValue(this.out, 'i64');
    const behind = this.newBlock([result]);
    for (const func of fact.funcs) {
      const address = this.constant(FUNCTION_TAG + BigInt(func), 'i64');
      const chosen = this.newBlock([]);
      const other = this.newBlock([]);
      this.block!.term = {
        kind: 'branch',
        cond: 'eq',
        wide: false,
        args: [target, address],
        // biome-ignore lint/suspicious/noThenProperty: the field of Term
        then: { block: chosen, args: [] },
        else: { block: other, args: [] },
        origin,
      };
      this.block = chosen;
      chosen.term = { kind: 'jump', to: { block: behind, args: [this.call(func)] }, origin };
      this.block = other;
    }
    this.block!.term = { kind: 'trap', trap: 'helper', origin };
    this.block = behind;
    return result;
  }

  private clobber(result: Value): void {
    for (let r = 1; r <= 5; r++) this.state[r] = undefined;
    this.write(0, result);
  }

  private write(reg: number, value: Value): void {
    const fact = this.facts.results.get(this.origin.slot);
    this.state[reg] = fact ? this.refine(value, fact) : value;
  }

  /** Puts what is known of the upper half into the code itself, where later passes see it; does not change the value. */
  private refine(v: Value, fact: ValueFact): Value {
    if (fact.umin === fact.umax) return this.constant(fact.umin, 'i64');
    if (fact.umax <= mask(32)) return this.zext(this.trunc(v));
    if (fact.smin >= -(1n << 31n) && fact.smax < 1n << 31n) return this.one('sext', 'i64', [v], { bits: 32 });
    return v;
  }

  private alu(insn: Insn & { kind: 'alu' }): Value {
    const ty: Ty = insn.width === 64 ? 'i64' : 'i32';
    const wide = (v: Value): Value => (insn.width === 64 ? v : this.zext(v));
    if (insn.op === 'mov') return wide(this.operand(insn.src, insn.width));
    const old = this.operand({ kind: 'reg', reg: insn.dst }, insn.width);
    if (insn.op === 'neg') return wide(this.one('sub', ty, [this.constant(0n, ty), old]));
    return wide(this.one(BINARY[insn.op], ty, [old, this.operand(insn.src, insn.width)]));
  }

  private endian(insn: Insn & { kind: 'endian' }): Value {
    const v = this.read(insn.dst);
    if (insn.op !== 'le') return this.one('bswap', 'i64', [v], { bits: insn.bits });
    return insn.bits === 64 ? v : this.one('and', 'i64', [v, this.constant(mask(insn.bits), 'i64')]);
  }

  private access(slot: number, write: boolean): AccessFact {
    return this.facts.accesses.get(slot) ?? { region: null, proved: false, offset32: false, align: 1, write };
  }

  private load(insn: Insn & { kind: 'load' }): Value {
    const access = this.access(insn.slot, false);
    if (access.trusted) return this.trusted(access.trusted, insn);
    const more = { size: insn.size, off: insn.off, signed: insn.size === 8 ? false : insn.signed, access };
    if (insn.size === 8) return this.one('load', 'i64', [this.read(insn.base)], more);
    const v = this.one('load', 'i32', [this.read(insn.base)], more);
    return insn.signed ? this.signExtend(v) : this.zext(v);
  }

  /** A pointer or length field of the context: its value comes from the instance's region table. */
  private trusted(what: NonNullable<AccessFact['trusted']>, insn: Insn & { kind: 'load' }): Value {
    const decl = this.context.contract.regions[what.index];
    if (!decl) throw new Error(`no granted region ${what.index}`);
    const region: Region = { kind: 'granted', index: what.index };
    if (what.what === 'base' && insn.size < 4) throw new Error('part of a pointer field cannot be trusted');
    const v = what.what === 'base' ? this.one('base', 'i32', [], { region }) : this.units(what.unit ?? 1, decl, region);
    const bits = insn.size * 8;
    if (bits >= 32) return insn.signed && bits === 32 ? this.signExtend(v) : this.zext(v);
    if (insn.signed) return this.signExtend(this.one('sext', 'i32', [v], { bits: bits as 8 | 16 }));
    return this.zext(this.one('and', 'i32', [v, this.constant(mask(bits), 'i32')]));
  }

  /** Length of a granted region in units of `unit` bytes, rounded down. */
  private units(unit: number, decl: RegionDecl, region: Region): Value {
    if (decl.size !== null) return this.constant(BigInt(Math.floor(decl.size / unit)), 'i32');
    const length = this.one('length', 'i32', [], { region, imm: BigInt(decl.maxSize) });
    if (unit === 1) return length;
    const shift = Math.log2(unit);
    // A shift where one does: not every core divides.
    return Number.isInteger(shift)
      ? this.one('lshr', 'i32', [length, this.constant(BigInt(shift), 'i32')])
      : this.one('udiv', 'i32', [length, this.constant(BigInt(unit), 'i32')]);
  }

  private helper(id: number, slot: number): Value {
    const row = this.context.helpers.find((h) => h.id === id);
    if (!row) throw new Error(`helper ${id} is not in the table`);
    const helperArgs = this.facts.helperArgs.get(slot);
    const types = helperArgTypes(row, helperArgs);
    const args = types.map((ty, i) => (ty === 'i64' ? this.read(i + 1) : this.trunc(this.read(i + 1))));
    const type = helperResultType(row);
    const results = this.emit('helper', type ? [type] : [], args, { helper: id, helperArgs });
    switch (row.result.kind) {
      case 'void':
        return this.constant(0n, 'i64');
      case 'u64':
        return results[0]!;
      case 'u32':
        return this.zext(results[0]!);
      case 'i32':
        return this.signExtend(results[0]!);
      case 'region': {
        // What the verifier says of the pointer holds for the region in the table, so it is taken from there.
        const name = row.result.region;
        const index = this.context.contract.regions.findIndex((r) => r.name === name);
        if (index < 0) throw new Error(`helper ${row.name} needs region ${name}, number ${FIRST_GRANTED} or up`);
        const base = this.one('base', 'i32', [], { region: { kind: 'granted', index } });
        if (!row.result.nullable) return this.zext(base);
        const null32 = this.constant(0n, 'i32');
        const none = this.one('icmp', 'i32', [results[0]!, null32], { cond: 'eq' });
        return this.zext(this.one('select', 'i32', [none, null32, base]));
      }
    }
  }
}
