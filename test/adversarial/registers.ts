// SPDX-License-Identifier: MIT
import type { AluOp, JumpCond, MemSize, Source } from '../../compiler/bpf/program.js';
import type { Draft, Line } from '../differential/draft.js';
import type { Random } from '../differential/random.js';
import type { World } from './world.js';

/** High half of a constant that stands for the address of a global; then block and offset. */
export const GLOBAL_MARK = 0x676c6f62n;

export const CONDITIONS: readonly JumpCond[] = ['eq', 'gt', 'ge', 'set', 'ne', 'sgt', 'sge', 'lt', 'le', 'slt', 'sle'];
export const SIZES: readonly MemSize[] = [1, 2, 4, 8];
/** What a register is meant to hold. */
export type Kind = 'num' | 'small' | 'stack' | 'context' | 'granted' | 'data' | 'rodata' | 'any';
export const POINTERS: readonly Kind[] = ['stack', 'context', 'granted', 'data', 'rodata', 'any'];

export const reg = (n: number): Source => ({ kind: 'reg', reg: n });
export const imm = (n: number): Source => ({ kind: 'imm', imm: n });

/** What is written of a function, what its registers are meant to hold, and the ways to come by a number or an address. */
export class Registers {
  protected readonly lines: Line[] = [];
  protected readonly kind: Kind[] = new Array(10).fill('num');
  protected labels = 0;

  constructor(
    protected readonly r: Random,
    protected readonly world: World,
  ) {}

  protected put(draft: Draft): void {
    this.lines.push({ kind: 'insn', draft, pinned: false });
  }
  protected alu(op: AluOp, dst: number, src: Source, width: 32 | 64 = 64): void {
    this.put({ kind: 'alu', op, width, dst, src });
  }
  protected label(id = this.labels++): number {
    this.lines.push({ kind: 'label', id });
    return id;
  }
  protected any(kinds: readonly Kind[]): number | undefined {
    const found = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((n) => kinds.includes(this.kind[n]!));
    return found.length > 0 ? this.r.pick(found) : undefined;
  }
  protected fresh(): number {
    return this.r.below(8);
  }
  protected number(): number {
    const found = this.any(['num', 'small']);
    if (found !== undefined && this.r.chance(80)) return found;
    const dst = this.fresh();
    this.constant(dst, this.r.u64());
    return dst;
  }
  protected constant(dst: number, value: bigint): void {
    if (BigInt.asIntN(32, value) === BigInt.asIntN(64, value))
      this.alu('mov', dst, imm(Number(BigInt.asIntN(64, value))));
    else this.put({ kind: 'lddw', dst, imm: BigInt.asUintN(64, value) });
    this.kind[dst] = value < 64n ? 'small' : 'num';
  }

  /** A number that no constant folding knows: loaded from the context, masked or not. */
  protected unknown(mask: number): number {
    const dst = this.r.pick([0, 2, 3, 4, 5, 7]);
    const base = this.any(['context', 'data', 'granted']) ?? 8;
    const size = this.r.pick(SIZES);
    if (POINTERS.includes(this.kind[base]!) && this.kind[base] !== 'any')
      this.put({ kind: 'load', size, signed: this.r.chance(25) && size < 8, dst, base, off: this.r.below(4) });
    else this.constant(dst, this.r.u64());
    this.kind[dst] = 'num';
    if (mask > 0) {
      this.alu('and', dst, imm(mask), this.r.chance(50) ? 32 : 64);
      this.kind[dst] = 'small';
    }
    return dst;
  }

  protected pointer(): void {
    const { r } = this;
    const dst = this.fresh();
    const { contract, globals } = this.world;
    const field = contract.context.fields.filter((f) => f.kind === 'pointer');
    const context = this.any(['context']);
    switch (r.below(5)) {
      case 0:
        this.alu('mov', dst, reg(10));
        this.alu('add', dst, imm(r.chance(85) ? -8 * r.between(1, 12) : r.pick([0, 8, -512, -520, -505, 1])));
        this.kind[dst] = 'stack';
        break;
      case 1: {
        const data = globals.data.length + globals.bssLength;
        const block = r.chance(60) && data > 0 ? 'data' : 'rodata';
        if ((block === 'data' ? data : globals.rodata.length) === 0) return;
        const offset = r.below(block === 'data' ? data : globals.rodata.length);
        const low = BigInt(offset | (block === 'rodata' ? 0x10000 : 0));
        this.put({ kind: 'lddw', dst, imm: (GLOBAL_MARK << 32n) | low });
        this.kind[dst] = block;
        break;
      }
      case 2:
      case 3:
        if (field.length > 0 && context !== undefined) {
          this.put({ kind: 'load', size: 8, signed: false, dst, base: context, off: r.pick(field).offset });
          this.kind[dst] = 'granted';
          break;
        }
        this.copy(dst);
        break;
      default:
        this.copy(dst);
    }
  }
  protected copy(dst: number): void {
    const src = this.any(POINTERS);
    if (src === undefined) return;
    this.alu('mov', dst, reg(src));
    this.kind[dst] = this.kind[src]!;
  }

  protected branchTo(target: number): void {
    const { r } = this;
    const dst = r.chance(75) ? this.number() : (this.any(POINTERS) ?? 8);
    const free = !['stack', 'any'].includes(this.kind[dst]!);
    const other = this.any(free && POINTERS.includes(this.kind[dst]!) ? [this.kind[dst]!] : ['num', 'small']);
    const src = other !== undefined && r.chance(50) ? reg(other) : imm(r.chance(60) ? r.below(64) : r.i32());
    this.put({ kind: 'branch', cond: r.pick(CONDITIONS), width: r.pick([32, 64, 64]), dst, src, target });
  }
}
