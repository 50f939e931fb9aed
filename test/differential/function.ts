// SPDX-License-Identifier: MIT
import type { AluOp, JumpCond, MemSize, Source, Width } from '../../compiler/bpf/program.js';
import type { Draft, Line } from './draft.js';
import type { Random } from './random.js';

/** What a program of this run may touch. Data of the context lies in [from, length). */
export interface World {
  /** Some accesses may go astray. */
  readonly wild: boolean;
  readonly length: number;
  readonly from: number;
  /** Lengths of regions "in" (read-only, pointer at context+0) and "out" (pointer at context+8). */
  readonly regions: { readonly in: number; readonly out: number } | null;
}

export interface Signature {
  readonly func: number;
  /** `stack`: pointer to the lowest byte of the caller's window; `context`: the context pointer. */
  readonly args: readonly ('scalar' | 'stack' | 'context')[];
}

/** What a register holds as far as the writer knows. `window`: a stack window's lowest byte, `fp`: r10. */
type Holds = 'nothing' | 'scalar' | 'context' | 'window' | 'in' | 'out' | 'fp';

const ALU: readonly AluOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'sdiv',
  'or',
  'and',
  'lsh',
  'rsh',
  'neg',
  'mod',
  'smod',
  'xor',
  'mov',
  'arsh',
];
const CONDS: readonly JumpCond[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'];
const SIZES: readonly MemSize[] = [1, 2, 4, 8];

/** Stack: scalars live in the window [-64, 0) under r10, all of it written first; pointers in 8 slots below it. */
const WINDOW = 64;
const SPILLS = 8;

/** Writes one function line by line, keeping track of what every register holds so that nothing invalid comes out. */
export class FunctionWriter {
  readonly #lines: Line[] = [];
  #holds: Holds[] = new Array<Holds>(11).fill('nothing');
  #spilled: Holds[] = new Array<Holds>(SPILLS).fill('nothing');
  /** Registers that keep what they hold: loop counters and, inside a loop, all that its next round relies on. */
  #locked = new Set<number>();
  #keepKind = new Set<number>();
  #labels = 0;
  #left = 0;
  #loops = 0;
  #calls = true;
  #window = false;

  constructor(
    readonly r: Random,
    readonly world: World,
    readonly self: Signature,
    readonly callees: readonly Signature[],
    readonly passLength: boolean,
  ) {}

  /** About `budget` instructions, at least 5 or so. */
  write(budget: number): readonly Line[] {
    this.#left = budget;
    this.#prologue(budget);
    while (this.#left > 0) this.#statement(0);
    this.#epilogue();
    return this.#lines;
  }

  #put(draft: Draft, pinned = false): void {
    this.#lines.push({ kind: 'insn', draft, pinned });
    this.#left--;
  }

  #label(id: number): void {
    this.#lines.push({ kind: 'label', id });
  }

  #imm(dst: number, imm: number, pinned = false): void {
    this.#put({ kind: 'alu', op: 'mov', width: 64, dst, src: { kind: 'imm', imm } }, pinned);
    this.#holds[dst] = 'scalar';
  }

  #move(dst: number, src: number): void {
    this.#put({ kind: 'alu', op: 'mov', width: 64, dst, src: { kind: 'reg', reg: src } });
    this.#holds[dst] = this.#holds[src]!;
  }

  #addImm(dst: number, imm: number, pinned = false): void {
    this.#put({ kind: 'alu', op: 'add', width: 64, dst, src: { kind: 'imm', imm } }, pinned);
  }

  #with(...kinds: Holds[]): number[] {
    return this.#holds.flatMap((h, reg) => (kinds.includes(h) ? [reg] : []));
  }

  /** A register that may become a scalar now. */
  #scalarTarget(): number | undefined {
    const free = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter(
      (reg) => !this.#locked.has(reg) && (!this.#keepKind.has(reg) || this.#holds[reg] === 'scalar'),
    );
    return free.length > 0 ? this.r.pick(free) : undefined;
  }

  /** A register whose kind may change too, other than `not`. */
  #anyTarget(...not: number[]): number | undefined {
    const free = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter(
      (reg) => !this.#locked.has(reg) && !this.#keepKind.has(reg) && !not.includes(reg),
    );
    return free.length > 0 ? this.r.pick(free) : undefined;
  }

  #scalar(): number {
    return this.r.pick(this.#with('scalar'));
  }

  #source(): Source {
    return this.r.chance(55) ? { kind: 'reg', reg: this.#scalar() } : { kind: 'imm', imm: this.r.i32() };
  }

  #prologue(budget: number): void {
    const { r } = this;
    const args: readonly Holds[] =
      this.self.func === 0
        ? ['context', this.passLength ? 'scalar' : 'nothing']
        : this.self.args.map((a) => (a === 'stack' ? 'window' : a));
    args.forEach((holds, i) => {
      this.#holds[i + 1] = holds;
    });
    this.#holds[10] = 'fp';
    // Pointer arguments move to where calls keep them, or the function makes no calls.
    if (budget < 12 || r.chance(15)) this.#calls = false;
    if (this.#calls) {
      const homes = [6, 7, 8, 9];
      for (const reg of this.#with('context', 'window')) {
        const home = homes.splice(r.below(homes.length), 1)[0]!;
        this.#move(home, reg);
        this.#locked.add(home);
      }
    } else for (const reg of this.#with('context', 'window')) this.#locked.add(reg);
    this.#imm(0, r.i32());
    const pressure = budget < 10 ? 0 : r.pick([2, 4, 9]);
    for (let i = 0; i < pressure; i++) this.#define();
    if (budget >= 10 && r.chance(70)) this.#fillWindow();
  }

  /** A new scalar from a constant or memory. */
  #define(): void {
    const dst = this.#scalarTarget();
    if (dst === undefined) return;
    if (this.r.chance(40)) this.#constant(dst);
    else if (!this.#load(dst)) this.#imm(dst, this.r.i32());
  }

  #constant(dst: number): void {
    if (this.r.chance(50)) this.#put({ kind: 'lddw', dst, imm: this.r.u64() });
    else
      this.#put({ kind: 'alu', op: 'mov', width: this.r.pick([32, 64]), dst, src: { kind: 'imm', imm: this.r.i32() } });
    this.#holds[dst] = 'scalar';
  }

  #fillWindow(): void {
    for (let off = -WINDOW; off < 0; off += 8) {
      const src: Source = this.#source();
      this.#put({ kind: 'store', size: 8, base: 10, off, src });
    }
    this.#window = true;
  }

  /** A base register and the bytes that may be accessed from it, [low, high). */
  #place(write: boolean): { base: number; low: number; high: number } | undefined {
    const kinds: Holds[] = ['context', 'window', 'out'];
    if (!write) kinds.push('in');
    if (this.#window) kinds.push('fp');
    const bases = this.#with(...kinds);
    if (bases.length === 0) return undefined;
    const base = this.r.pick(bases);
    switch (this.#holds[base]) {
      case 'context':
        return { base, low: this.world.from, high: this.world.length };
      case 'fp':
        return { base, low: -WINDOW, high: 0 };
      case 'window':
        return { base, low: 0, high: WINDOW };
      case 'in':
        return { base, low: 0, high: this.world.regions!.in };
      case 'out':
        return { base, low: 0, high: this.world.regions!.out };
      default:
        return undefined;
    }
  }

  #access(base: number, off: number, size: MemSize, load: number | undefined): void {
    if (load !== undefined) {
      const signed = size < 8 && this.r.chance(30);
      this.#put({ kind: 'load', size, signed, dst: load, base, off });
      this.#holds[load] = 'scalar';
    } else this.#put({ kind: 'store', size, base, off, src: this.#source() });
  }

  #load(dst: number): boolean {
    const place = this.#place(false);
    if (!place) return false;
    const size = this.r.pick(SIZES);
    this.#access(place.base, this.r.between(place.low, place.high - size), size, dst);
    return true;
  }

  #store(): void {
    const place = this.#place(true);
    if (!place) return;
    const size = this.r.pick(SIZES);
    this.#access(place.base, this.r.between(place.low, place.high - size), size, undefined);
  }

  /** base[x & mask] through a register of its own, or base[x] unmasked in a wild world. */
  #indexed(): void {
    const { r } = this;
    const load = r.chance(60);
    const place = this.#place(!load);
    const pointer = this.#anyTarget(place?.base ?? 0);
    if (!place || pointer === undefined) return;
    const index = this.#anyTarget(place.base, pointer);
    if (index === undefined) return;
    const size = r.pick(SIZES);
    const room = place.high - place.low - size;
    const ground = this.#holds[place.base]!;
    this.#move(index, this.#scalar());
    let off = place.low;
    if (this.world.wild && r.chance(50) && ground === 'context') {
      if (r.chance(60)) this.#mask(index, r.pick([15, 31, 63, 127, 0xff, 0xffff]));
    } else if (this.world.wild && r.chance(40) && ground === 'fp' && load) this.#mask(index, 2 * WINDOW - 1);
    else {
      let mask = 63;
      while (mask > room) mask >>= 1;
      if (r.chance(30)) mask &= r.u32();
      this.#mask(index, mask);
      off += r.below(room - mask + 1);
    }
    this.#move(pointer, place.base);
    this.#put({ kind: 'alu', op: 'add', width: 64, dst: pointer, src: { kind: 'reg', reg: index } });
    this.#holds[pointer] = 'nothing';
    if (load) {
      const dst = this.#scalarTarget();
      this.#access(pointer, off, size, dst ?? index);
    } else this.#access(pointer, off, size, undefined);
    if (this.#holds[pointer] === 'nothing' && r.chance(50)) this.#imm(pointer, r.i32());
  }

  #mask(reg: number, mask: number): void {
    const width: Width = this.r.pick([32, 64]);
    this.#put({ kind: 'alu', op: 'and', width, dst: reg, src: { kind: 'imm', imm: mask } });
  }

  #arithmetic(): void {
    const { r } = this;
    const candidates = this.#with('scalar').filter((reg) => !this.#locked.has(reg));
    if (candidates.length === 0) {
      this.#define();
      return;
    }
    const dst = r.pick(candidates);
    const width: Width = r.pick([32, 64]);
    const kind = r.below(10);
    if (kind === 0) {
      const from = width === 64 ? r.pick([8, 16, 32] as const) : r.pick([8, 16] as const);
      this.#put({ kind: 'movsx', width, from, dst, src: this.#scalar() });
      return;
    }
    if (kind === 1) {
      const op = r.pick(['le', 'be', 'swap'] as const);
      this.#put({ kind: 'endian', op, bits: r.pick([16, 32, 64] as const), dst });
      return;
    }
    const op = r.pick(ALU);
    let src = op === 'neg' ? ({ kind: 'imm', imm: 0 } as const) : this.#source();
    // Immediate amounts beyond the width are legal but refused by other verifiers; amounts in registers are any.
    if ((op === 'lsh' || op === 'rsh' || op === 'arsh') && src.kind === 'imm')
      src = { kind: 'imm', imm: r.below(width) };
    this.#put({ kind: 'alu', op, width, dst, src });
  }

  #branch(): { cond: JumpCond; width: Width; dst: number; src: Source } {
    return { cond: this.r.pick(CONDS), width: this.r.pick([32, 64]), dst: this.#scalar(), src: this.#source() };
  }

  #block(depth: number, most: number): void {
    const stop = Math.max(0, this.#left - this.r.between(1, most));
    while (this.#left > stop) this.#statement(depth + 1);
  }

  #if(depth: number): void {
    const [otherwise, end] = [this.#labels++, this.#labels++];
    this.#put({ kind: 'branch', ...this.#branch(), target: otherwise });
    const before = { holds: [...this.#holds], spilled: [...this.#spilled] };
    this.#block(depth, 12);
    const leaves = this.#keepKind.size === 0 && this.r.chance(15);
    const after = { holds: this.#holds, spilled: this.#spilled };
    this.#holds = [...before.holds];
    this.#spilled = [...before.spilled];
    if (leaves) {
      const mine = this.#holds;
      this.#holds = after.holds;
      this.#epilogue();
      this.#holds = mine;
      this.#label(otherwise);
      return;
    }
    if (this.r.chance(50)) {
      this.#put({ kind: 'jump', target: end });
      this.#label(otherwise);
      this.#block(depth, 8);
    } else this.#label(otherwise);
    this.#label(end);
    const both = (a: readonly Holds[], b: readonly Holds[]): Holds[] => a.map((x, i) => (x === b[i] ? x : 'nothing'));
    this.#holds = both(after.holds, this.#holds);
    this.#spilled = both(after.spilled, this.#spilled);
  }

  #loop(depth: number): void {
    const { r } = this;
    const counter = this.#anyTarget(1, 2, 3, 4, 5);
    if (counter === undefined) {
      this.#arithmetic();
      return;
    }
    const [calls, locked, keep] = [this.#calls, new Set(this.#locked), new Set(this.#keepKind)];
    const rounds = r.between(1, this.self.func === 0 ? 6 : 3);
    const up = r.chance(50);
    if (up || r.chance(50)) this.#imm(counter, up ? 0 : rounds, true);
    else {
      this.#move(counter, this.#scalar());
      this.#lines[this.#lines.length - 1] = { ...(this.#lines.at(-1) as Line & { kind: 'insn' }), pinned: true };
      this.#put({ kind: 'alu', op: 'and', width: 64, dst: counter, src: { kind: 'imm', imm: 3 } }, true);
      this.#addImm(counter, 1, true);
    }
    this.#locked.add(counter);
    if (!this.#keptAcrossCalls() || depth > 0) this.#calls = false;
    // Calls leave nothing in r1..r5, so no later round may count on them.
    if (this.#calls) this.#forgetArguments();
    for (let reg = 0; reg < 10; reg++) if (this.#holds[reg] !== 'nothing') this.#keepKind.add(reg);
    const spilled = this.#spilled;
    this.#spilled = spilled.map(() => 'nothing');
    const head = this.#labels++;
    this.#label(head);
    this.#loops++;
    this.#block(depth, 14);
    this.#loops--;
    this.#addImm(counter, up ? 1 : -1, true);
    const width: Width = r.pick([32, 64]);
    const src: Source = { kind: 'imm', imm: up ? rounds : 0 };
    const cond: JumpCond = up ? r.pick(['lt', 'ne', 'slt'] as const) : r.pick(['ne', 'gt', 'sgt'] as const);
    this.#put({ kind: 'branch', cond, width, dst: counter, src, target: head }, true);
    [this.#calls, this.#locked, this.#keepKind] = [calls, locked, keep];
  }

  #keptAcrossCalls(): boolean {
    return this.#calls && [1, 2, 3, 4, 5].every((reg) => !this.#locked.has(reg) && !this.#keepKind.has(reg));
  }

  #forgetArguments(): void {
    for (let reg = 1; reg <= 5; reg++) this.#holds[reg] = 'nothing';
  }

  /** Puts pointers into stack slots and takes them back. */
  #spill(): void {
    const slot = this.r.below(SPILLS);
    const off = -WINDOW - 8 * (slot + 1);
    if (this.#spilled[slot] !== 'nothing') {
      const dst = this.#anyTarget();
      if (dst === undefined) return;
      this.#put({ kind: 'load', size: 8, signed: false, dst, base: 10, off });
      this.#holds[dst] = this.#spilled[slot]!;
      return;
    }
    const pointers = this.#with('context', 'window', 'in', 'out', 'scalar');
    if (pointers.length === 0 || this.#loops > 0) return;
    const reg = this.r.pick(pointers);
    this.#put({ kind: 'store', size: 8, base: 10, off, src: { kind: 'reg', reg } });
    this.#spilled[slot] = this.#holds[reg]!;
  }

  #region(): void {
    const context = this.#with('context');
    const dst = this.#anyTarget();
    if (!this.world.regions || context.length === 0 || dst === undefined) {
      this.#store();
      return;
    }
    const name = this.r.pick(['in', 'out'] as const);
    this.#put({ kind: 'load', size: 8, signed: false, dst, base: this.r.pick(context), off: name === 'in' ? 0 : 8 });
    this.#holds[dst] = name;
  }

  #windowPointer(dst: number): void {
    this.#move(dst, 10);
    this.#addImm(dst, -WINDOW);
    this.#holds[dst] = 'window';
  }

  #call(): void {
    const usable = this.callees.filter((s) => {
      const context = !s.args.includes('context') || this.#with('context').length > 0;
      return context && (!s.args.includes('stack') || this.#window);
    });
    if (usable.length === 0 || !this.#keptAcrossCalls()) {
      this.#helper();
      return;
    }
    const callee = this.r.pick(usable);
    // Context pointers among r1..r5 go away below; a home outside is needed for every later use, this call's included.
    const context = this.#with('context').filter((reg) => reg > 5);
    if (callee.args.includes('context') && context.length === 0) {
      this.#helper();
      return;
    }
    callee.args.forEach((arg, i) => {
      if (arg === 'stack') this.#windowPointer(i + 1);
      else if (arg === 'context') this.#move(i + 1, this.r.pick(context));
      else if (this.r.chance(30)) this.#constant(i + 1);
      else this.#move(i + 1, this.#scalar());
    });
    this.#put({ kind: 'call', func: callee.func });
    this.#forgetArguments();
    this.#holds[0] = 'scalar';
  }

  #helper(): void {
    if (!this.#keptAcrossCalls() || this.#locked.has(0)) {
      this.#arithmetic();
      return;
    }
    const { r } = this;
    const value = (reg: number): void => (r.chance(50) ? this.#imm(reg, r.i32()) : this.#move(reg, this.#scalar()));
    const out = (reg: number, bytes: number): void => {
      this.#move(reg, 10);
      this.#addImm(reg, -WINDOW + r.below(WINDOW - bytes + 1));
    };
    const key = (reg: number): void => this.#imm(reg, r.below(20));
    const id = r.pick(
      this.#window
        ? [0x02, 0x10, 0x11, 0x12, 0x13, 0x20, 0x30, 0x31, 0x32, 0x50, 0x51, 0x60, 0x61]
        : [0x10, 0x11, 0x20, 0x30, 0x31, 0x60],
    );
    switch (id) {
      case 0x02: {
        const n = r.below(17);
        const from = this.#with('context').filter((reg) => reg > 5);
        if (from.length > 0 && n <= this.world.length - this.world.from) {
          this.#move(2, r.pick(from));
          this.#addImm(2, this.world.from + r.below(this.world.length - this.world.from - n + 1));
        } else out(2, n);
        out(1, n);
        this.#imm(3, n);
        break;
      }
      case 0x10:
      case 0x11:
        key(1);
        value(2);
        break;
      case 0x12:
      case 0x13:
        key(1);
        out(2, 4);
        break;
      case 0x30:
        value(1);
        break;
      case 0x31:
        this.#imm(1, r.pick([0x81, 0x82, 0x83]));
        break;
      case 0x32:
        this.#imm(1, r.below(4));
        out(2, 8);
        break;
      case 0x50:
        out(1, 8);
        value(2);
        this.#imm(3, -r.below(6));
        break;
      case 0x51:
        out(1, 10);
        value(2);
        break;
      case 0x61:
        out(1, 4);
        value(2);
        break;
    }
    this.#put({ kind: 'helper', id });
    this.#forgetArguments();
    // Helpers without a result leave nothing to read in r0.
    if (id === 0x02 || id === 0x61) this.#imm(0, r.i32());
    this.#holds[0] = 'scalar';
  }

  #statement(depth: number): void {
    const p = this.r.below(100);
    const room = depth < 3 && this.#left > 4;
    if (p < 42) this.#arithmetic();
    else if (p < 52) this.#define();
    else if (p < 60) this.#store();
    else if (p < 68) this.#indexed();
    else if (p < 72) this.#spill();
    else if (p < 76) this.#region();
    else if (p < 80) this.#window || this.#loops > 0 || depth > 0 ? this.#arithmetic() : this.#fillWindow();
    else if (p < 88) room ? this.#if(depth) : this.#arithmetic();
    else if (p < 93) room && this.#loops < 2 ? this.#loop(depth) : this.#arithmetic();
    else if (p < 97) this.#call();
    else this.#helper();
    // A statement that found nothing to do still costs, so that writing ends.
    this.#left -= 0.25;
  }

  /** Folds what the scalars hold into r0 and leaves. */
  #epilogue(): void {
    for (const reg of this.#with('scalar')) {
      if (reg === 0 || this.r.chance(40)) continue;
      const op: AluOp = this.r.pick(['xor', 'add', 'sub']);
      this.#put({ kind: 'alu', op, width: 64, dst: 0, src: { kind: 'reg', reg } });
    }
    this.#put({ kind: 'exit' });
  }
}
