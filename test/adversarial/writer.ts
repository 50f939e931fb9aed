// SPDX-License-Identifier: MIT
import type { AluOp } from '../../compiler/bpf/program.js';
import type { Line } from '../differential/draft.js';
import type { Random } from '../differential/random.js';
import { CONDITIONS, imm, type Kind, POINTERS, Registers, reg, SIZES } from './registers.js';
import type { World } from './world.js';

const ATOMICS = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'] as const;
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
  'arsh',
];
/** Added to a pointer they leave its region, wrap the low half, or wrap everything. */
const EXTREME: readonly bigint[] = [
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0xffffffff00000000n,
  0xffffffff80000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffffffffffffn,
  0xfffffffffffffff8n,
  0x7fffffff00000000n,
  0xc0000000n,
  0x40000000n,
  512n,
  0xfffffffffffffe00n,
];

/** Writes one function. r9 counts down the jumps backwards, r8 keeps the first argument. */
export class Writer extends Registers {
  private readonly anywhere: number[] = [];
  private readonly spilled: { off: number; kind: Kind }[] = [];

  constructor(
    r: Random,
    world: World,
    private readonly self: number,
    private readonly signatures: readonly (readonly Kind[])[],
    private readonly launder: boolean,
  ) {
    super(r, world);
  }

  private arithmetic(): void {
    const { r } = this;
    const p = this.any(POINTERS);
    if (p === undefined || p === 8) {
      this.alu(r.pick(ALU), this.number(), r.chance(50) ? reg(this.number()) : imm(r.i32()), r.pick([32, 64]));
      return;
    }
    switch (r.below(9)) {
      case 0:
      case 1:
        this.alu('add', p, imm(r.chance(80) ? r.between(-8, 16) : r.i32()));
        break;
      case 2:
      case 3:
        this.alu(r.chance(70) ? 'add' : 'sub', p, reg(this.unknown(r.pick([3, 7, 15, 31, 63, 255, 0]))));
        break;
      case 4: {
        // Far away and back, maybe not all the way.
        const k = r.pick(EXTREME);
        const far = this.r.pick([2, 3, 4, 5].filter((n) => n !== p));
        this.constant(far, k);
        this.alu('add', p, reg(far));
        if (r.chance(30)) this.alu('add', p, imm(r.between(-8, 8)));
        if (r.chance(80)) this.alu('sub', p, reg(far));
        break;
      }
      case 5:
        if (!this.launder) break;
        switch (r.below(5)) {
          case 0:
            this.alu('mov', p, reg(p), 32);
            break;
          case 1:
            this.alu('neg', p, imm(0));
            this.alu('neg', p, imm(0));
            break;
          case 2:
            this.alu('lsh', p, imm(32));
            this.alu(r.chance(80) ? 'rsh' : 'arsh', p, imm(32));
            break;
          case 3:
            this.alu('xor', p, imm(r.i32()));
            break;
          default:
            this.alu(r.pick(['or', 'and', 'add'] as const), p, imm(r.pick([0, -1, -4, 1, 3])), r.pick([32, 64]));
        }
        this.kind[p] = 'any';
        break;
      case 6: {
        const q = this.any(POINTERS)!;
        const dst = r.pick([2, 3, 4, 5].filter((n) => n !== q));
        this.alu('mov', dst, reg(p));
        this.alu('sub', dst, reg(q));
        this.kind[dst] = this.kind[p] === this.kind[q] ? 'small' : 'any';
        break;
      }
      case 7: {
        // Two regions meet in one register.
        const q = this.any(POINTERS)!;
        const id = this.labels++;
        this.branchTo(id);
        this.alu('mov', p, reg(q));
        this.label(id);
        if (this.kind[p] !== this.kind[q]) this.kind[p] = 'any';
        break;
      }
      default:
        this.alu('mul', p, imm(r.pick([1, 1, -1, 0, 3])));
        this.kind[p] = 'any';
    }
  }

  private access(): void {
    const { r } = this;
    const base = r.chance(20) ? 10 : this.any(POINTERS);
    if (base === undefined) return;
    const size = r.pick(SIZES);
    const stack = base === 10 || this.kind[base] === 'stack';
    const off =
      base === 10 ? -r.between(1, 12) * 8 : r.chance(80) ? r.below(12) : r.pick([-1, -8, -32768, 32767, 20, 60]);
    const kind = base === 10 ? 'stack' : this.kind[base]!;
    if (r.chance(12)) {
      this.atomic(base, off, stack);
      return;
    }
    if (kind !== 'rodata' && r.chance(50)) {
      const src = r.chance(25) ? imm(r.i32()) : reg(r.chance(70) ? this.number() : (this.any(POINTERS) ?? 8));
      // A frame's address must not be seen outside frames.
      const leak = src.kind === 'reg' && ['stack', 'any'].includes(this.kind[src.reg]!) && !stack;
      this.put({ kind: 'store', size, base, off, src: leak ? imm(7) : src });
      return;
    }
    const dst = this.fresh();
    this.put({ kind: 'load', size, signed: size < 8 && r.chance(20), dst, base, off });
    this.kind[dst] = stack ? 'any' : 'num';
  }

  /** Any read-modify-write; what is fetched may be an address that lies there. */
  private atomic(base: number, off: number, stack: boolean): void {
    const { r } = this;
    const size = r.pick([4, 8] as const);
    const op = r.pick(ATOMICS);
    const src = this.number();
    const fetch = op === 'xchg' || op === 'cmpxchg' || r.chance(50);
    if (op === 'cmpxchg' && !['num', 'small'].includes(this.kind[0]!)) this.constant(0, BigInt(r.below(50)));
    this.put({ kind: 'atomic', op, fetch, size, base, off, src });
    if (fetch) this.kind[op === 'cmpxchg' ? 0 : src] = stack ? 'any' : 'num';
  }

  private spill(): void {
    const { r } = this;
    const slot = this.spilled.length > 0 && r.chance(75) ? r.pick(this.spilled) : undefined;
    if (!slot || r.chance(20)) {
      const src = this.any(POINTERS);
      if (src === undefined) return;
      const off = -8 * r.between(1, 12);
      this.put({ kind: 'store', size: 8, base: 10, off, src: reg(src) });
      this.spilled.push({ off, kind: this.kind[src]! });
      return;
    }
    switch (r.below(6)) {
      case 0: {
        // Overwrites part of it; the high half of an address is zero anyway.
        const at = slot.off + r.pick([4, 4, 4, 5, 7, 0, 1, -4]);
        this.put({ kind: 'store', size: r.pick([1, 2, 4]), base: 10, off: at, src: imm(0) });
        break;
      }
      case 1: {
        const p = r.pick([2, 3, 4, 5]);
        const n = this.unknown(r.pick([8, 56, 24, 63]));
        if (n === p) break;
        this.alu('mov', p, reg(10));
        this.alu('add', p, imm(slot.off - r.pick([0, 8, 24, 56])));
        this.alu('add', p, reg(n));
        this.put({ kind: 'store', size: r.pick(SIZES), base: p, off: 0, src: r.chance(50) ? imm(1) : reg(8) });
        this.kind[p] = 'stack';
        break;
      }
      default: {
        const dst = this.fresh();
        const off = slot.off + (r.chance(90) ? 0 : r.pick([-4, 4, 1]));
        this.put({ kind: 'load', size: r.chance(85) ? 8 : 4, signed: false, dst, base: 10, off });
        this.kind[dst] = slot.kind;
      }
    }
  }

  private destroyed(): void {
    for (let n = 1; n <= 5; n++) {
      if (this.r.chance(60)) {
        this.alu('mov', n, reg(this.r.chance(60) ? 8 : 6));
        this.kind[n] = this.lastIs(8) ? this.kind[8]! : this.kind[6]!;
      } else this.constant(n, this.r.u64());
    }
  }
  private lastIs(src: number): boolean {
    const last = this.lines.at(-1)!;
    return (
      last.kind === 'insn' && last.draft.kind === 'alu' && last.draft.src.kind === 'reg' && last.draft.src.reg === src
    );
  }

  private argument(n: number, kind: Kind): void {
    const { r } = this;
    const found = this.any([kind, ...(r.chance(25) ? POINTERS : [])]);
    if (kind === 'stack') {
      this.alu('mov', n, reg(10));
      this.alu('add', n, imm(-8 * r.between(1, 10)));
    } else if (found !== undefined && found >= n) this.alu('mov', n, reg(found));
    else if (POINTERS.includes(kind)) this.alu('mov', n, reg(8));
    else this.constant(n, r.chance(50) ? BigInt(r.below(20)) : r.u64());
    this.kind[n] = kind;
  }

  private call(): void {
    const { r } = this;
    if (this.self + 1 >= this.signatures.length) return;
    const func = r.between(this.self + 1, this.signatures.length - 1);
    this.signatures[func]!.forEach((kind, i) => {
      this.argument(i + 1, kind);
    });
    const by = r.chance(30) ? r.pick([0, 6, 7]) : undefined;
    if (by === undefined) this.put({ kind: 'call', func });
    else {
      // Mostly the right number, which sometimes only a run can tell.
      this.put({ kind: 'funcaddr', dst: by, func });
      this.kind[by] = 'num';
      if (r.chance(40)) this.alu(r.pick(['add', 'xor', 'and'] as const), by, imm(r.pick([0, 0, -1, 1, 8])), 64);
      this.put({ kind: 'callx', reg: by });
    }
    this.kind[0] = 'any';
    if (r.chance(60)) this.constant(0, BigInt(r.below(9)));
    this.destroyed();
  }

  private helper(): void {
    const { r } = this;
    const length = (): void => {
      if (r.chance(50)) this.constant(3, BigInt(r.pick([0, 0, 1, 4, 8, 13, 16])));
      else {
        const n = this.unknown(r.pick([0, 1, 7, 15, 31]));
        if (n !== 3) this.alu('mov', 3, reg(n));
      }
    };
    const id = r.pick([2, 2, 2, 0x12, 0x32, 0x50, 0x51, 0x61, 0x10, 0x40]);
    const any = (): Kind => r.pick(['stack', 'stack', 'context', 'granted', 'data'] as const);
    switch (id) {
      case 2:
        length();
        this.argument(1, any());
        this.argument(2, any());
        break;
      case 0x12:
      case 0x32:
        this.constant(1, BigInt(r.below(3)));
        this.argument(2, any());
        break;
      case 0x40:
        if (this.kind[8] !== 'context') return;
        this.alu('mov', 1, reg(8));
        this.constant(2, 69n);
        break;
      case 0x10:
        this.constant(1, 5n);
        this.constant(2, r.u64());
        break;
      default:
        this.argument(1, any());
        this.constant(2, r.u64());
        this.constant(3, r.chance(60) ? BigInt(-r.below(5)) : r.u64());
    }
    this.put({ kind: 'helper', id });
    this.kind[0] = 'num';
    if (id === 2 || id === 0x61) this.constant(0, 0n);
    this.destroyed();
  }

  /** A loop with an honest or dishonest counter in r7 and a pointer that moves with it. */
  private loop(depth: number): void {
    const { r } = this;
    const start = r.pick([0n, 0n, 1n, 5n, 0x7ffffffen, 0xfffffff0n, 0xffffffffn, 0x100000000n, 0xfffffffffffffff0n]);
    const step = r.pick([1, 1, 1, 2, 3, -1, -2, 0x40000000, 8]);
    const limit = r.chance(50) ? r.between(0, 40) : r.i32();
    const p = r.chance(60) ? this.any(POINTERS.slice(0, 4)) : undefined;
    this.constant(7, start);
    const width = r.pick([32, 64] as const);
    const cond = r.pick(['lt', 'ne', 'le', 'slt', 'sle', 'gt', 'ge', 'sgt', 'ne'] as const);
    const head = this.label();
    const end = this.labels++;
    const early = r.chance(40);
    if (early) this.put({ kind: 'branch', cond: r.pick(CONDITIONS), width, dst: 7, src: imm(limit), target: end });
    if (p !== undefined && p < 7) {
      const store = r.chance(50) && this.kind[p] !== 'rodata';
      const off = r.below(3);
      if (store) this.put({ kind: 'store', size: r.pick(SIZES), base: p, off, src: reg(7) });
      else this.put({ kind: 'load', size: r.pick(SIZES), signed: false, dst: 0, base: p, off });
      if (!store) this.kind[0] = 'num';
      if (r.chance(70)) this.alu('add', p, imm(r.pick([1, 1, 4, 8, -1, 0x7fffffff])));
    }
    this.body(r.below(5), depth + 1);
    this.kind[7] = 'num';
    if (r.chance(50)) {
      this.put({ kind: 'branch', cond: 'eq', width: 64, dst: 9, src: imm(0), target: end });
      this.alu('sub', 9, imm(1));
    }
    this.alu('add', 7, imm(step), width);
    this.put({ kind: 'branch', cond, width: r.chance(80) ? width : 64, dst: 7, src: imm(limit), target: head });
    this.label(end);
  }

  /** A jump to any label of the function, paid from r9. */
  private wild(): void {
    const id = this.labels++;
    this.put({ kind: 'branch', cond: 'eq', width: 64, dst: 9, src: imm(0), target: id });
    this.alu('sub', 9, imm(1));
    if (this.r.chance(60)) this.branchTo(-1 - this.r.below(64));
    else this.put({ kind: 'jump', target: -1 - this.r.below(64) });
    this.label(id);
  }

  private body(count: number, depth: number): void {
    const { r } = this;
    for (let i = 0; i < count; i++) {
      if (r.chance(12)) this.anywhere.push(this.label());
      const dice = r.below(100);
      if (dice < 14) this.pointer();
      else if (dice < 34) this.arithmetic();
      else if (dice < 60) this.access();
      else if (dice < 72) this.spill();
      else if (dice < 80) {
        const id = this.labels++;
        this.branchTo(id);
        this.body(r.below(3), depth);
        this.label(id);
      } else if (dice < 85) this.call();
      else if (dice < 92) this.helper();
      else if (dice < 96 && depth < 2) this.loop(depth);
      else if (this.anywhere.length > 0) this.wild();
    }
  }

  write(budget: number): Line[] {
    const { r } = this;
    const args = this.signatures[this.self]!;
    args.forEach((kind, i) => {
      this.kind[i + 1] = kind;
    });
    this.alu('mov', 8, reg(1));
    this.kind[8] = this.kind[1]!;
    for (let n = args.length + 1; n <= 5; n++) this.constant(n, r.u64());
    this.constant(0, 0n);
    this.constant(6, r.u64());
    this.constant(7, BigInt(r.below(16)));
    this.constant(9, BigInt(r.below(30)));
    if (r.chance(40)) {
      this.alu('mov', 6, reg(8));
      this.kind[6] = this.kind[8]!;
    }
    // Most stack is written, so that few reads are refused.
    for (let slot = 1; slot <= 12; slot++)
      if (r.chance(75)) this.put({ kind: 'store', size: 8, base: 10, off: -8 * slot, src: imm(r.below(50)) });
    this.body(budget, 0);
    const end = this.label();
    this.anywhere.push(end);
    if (this.self === 0 || !r.chance(40)) this.constant(0, BigInt(r.below(5)));
    else this.alu('mov', 0, reg(this.any(['context', 'stack', 'any']) ?? 7));
    this.put({ kind: 'exit' });
    return this.lines.map((l) =>
      l.kind === 'insn' && (l.draft.kind === 'branch' || l.draft.kind === 'jump') && l.draft.target < 0
        ? { ...l, draft: { ...l.draft, target: this.anywhere[-1 - l.draft.target] ?? this.anywhere.at(-1)! } }
        : l,
    );
  }
}
