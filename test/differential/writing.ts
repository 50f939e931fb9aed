// SPDX-License-Identifier: MIT
import type { Source } from '../../compiler/bpf/program.js';
import type { Draft, Line } from './draft.js';
import type { Random } from './random.js';

/** What a program of this run may touch. Data of the context lies in [from, length), what may be written in [writable, length). */
export interface World {
  /** Some accesses may go astray, and some indirect calls go nowhere. */
  readonly wild: boolean;
  readonly length: number;
  readonly from: number;
  readonly writable: number;
  /** Lengths of regions "in" (read-only, pointer at context+0) and "out" (pointer at context+8). */
  readonly regions: { readonly in: number; readonly out: number } | null;
  /** Some function takes another's address: numbers are no helpers then. */
  readonly addresses: boolean;
}

export interface Signature {
  readonly func: number;
  /** `stack`: pointer to the lowest byte of the caller's window; `context`: the context pointer; `function`: one of `reached`. */
  readonly args: readonly ('scalar' | 'stack' | 'context' | 'function')[];
}

/** Whom a function may call: callees by name, and those of one signature whose addresses are taken. */
export interface Callees {
  readonly named: readonly Signature[];
  readonly reached: readonly Signature[];
}

/** What a register holds as far as the writer knows. `window`: a stack window's lowest byte, `fp`: r10, `function`: one of `reached`. */
export type Holds = 'nothing' | 'scalar' | 'context' | 'window' | 'in' | 'out' | 'fp' | 'function';

/** Stack: scalars live in the window [-64, 0) under r10, all of it written first; other values in 8 slots below it. */
export const WINDOW = 64;
export const SPILLS = 8;

/** A function being written, and what every register holds at this place of it, so that nothing invalid comes out. */
export class Writing {
  readonly lines: Line[] = [];
  holds: Holds[] = new Array<Holds>(11).fill('nothing');
  spilled: Holds[] = new Array<Holds>(SPILLS).fill('nothing');
  /** Registers that keep what they hold: loop counters and homes of pointers. */
  locked = new Set<number>();
  /** Registers that keep their kind: inside a loop, all that its next round relies on. */
  keepKind = new Set<number>();
  labels = 0;
  /** Instructions still wanted. */
  left = 0;
  loops = 0;
  /** Calls may be made here. */
  calls = true;
  /** The window has been written. */
  window = false;

  constructor(
    readonly r: Random,
    readonly world: World,
    readonly self: Signature,
    readonly callees: Callees,
  ) {}

  put(draft: Draft, pinned = false): void {
    this.lines.push({ kind: 'insn', draft, pinned });
    this.left--;
  }

  label(id: number): void {
    this.lines.push({ kind: 'label', id });
  }

  /** dst = constant. */
  imm(dst: number, imm: number, pinned = false): void {
    this.put({ kind: 'alu', op: 'mov', width: 64, dst, src: { kind: 'imm', imm } }, pinned);
    this.holds[dst] = 'scalar';
  }

  move(dst: number, src: number, pinned = false): void {
    this.put({ kind: 'alu', op: 'mov', width: 64, dst, src: { kind: 'reg', reg: src } }, pinned);
    this.holds[dst] = this.holds[src]!;
  }

  addImm(dst: number, imm: number, pinned = false): void {
    this.put({ kind: 'alu', op: 'add', width: 64, dst, src: { kind: 'imm', imm } }, pinned);
  }

  andImm(dst: number, imm: number): void {
    this.put({ kind: 'alu', op: 'and', width: this.r.pick([32, 64]), dst, src: { kind: 'imm', imm } });
  }

  /** dst = dst op src as 64-bit numbers. */
  combine(op: 'add' | 'sub' | 'xor', dst: number, src: number): void {
    this.put({ kind: 'alu', op, width: 64, dst, src: { kind: 'reg', reg: src } });
  }

  with(...kinds: Holds[]): number[] {
    return this.holds.flatMap((h, reg) => (kinds.includes(h) ? [reg] : []));
  }

  /** A register that may become a scalar now. */
  scalarTarget(...not: number[]): number | undefined {
    const free = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter(
      (reg) => !this.locked.has(reg) && !not.includes(reg) && (!this.keepKind.has(reg) || this.holds[reg] === 'scalar'),
    );
    return free.length > 0 ? this.r.pick(free) : undefined;
  }

  /** A register whose kind may change too, other than `not`. */
  anyTarget(...not: number[]): number | undefined {
    const free = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter(
      (reg) => !this.locked.has(reg) && !this.keepKind.has(reg) && !not.includes(reg),
    );
    return free.length > 0 ? this.r.pick(free) : undefined;
  }

  /** A scalar that may be changed. */
  changeable(): number | undefined {
    const free = this.with('scalar').filter((reg) => !this.locked.has(reg));
    return free.length > 0 ? this.r.pick(free) : undefined;
  }

  scalar(): number {
    return this.r.pick(this.with('scalar'));
  }

  source(): Source {
    return this.r.chance(55) ? { kind: 'reg', reg: this.scalar() } : { kind: 'imm', imm: this.r.i32() };
  }

  constant(dst: number): void {
    const { r } = this;
    if (r.chance(50)) this.put({ kind: 'lddw', dst, imm: r.u64() });
    else this.put({ kind: 'alu', op: 'mov', width: r.pick([32, 64]), dst, src: { kind: 'imm', imm: r.i32() } });
    this.holds[dst] = 'scalar';
  }

  /** r1..r5 can be given up here, as a call does. */
  keptAcrossCalls(): boolean {
    return this.calls && [1, 2, 3, 4, 5].every((reg) => !this.locked.has(reg) && !this.keepKind.has(reg));
  }

  forgetArguments(): void {
    for (let reg = 1; reg <= 5; reg++) this.holds[reg] = 'nothing';
  }
}
