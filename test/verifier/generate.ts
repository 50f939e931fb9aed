// SPDX-License-Identifier: MIT
import type { RunRequest } from '../../compiler/host/engine.js';
import { Random } from '../differential/random.js';
import { type Input, requestFor } from './rows.js';

/**
 * Random programs that are full of relations: indices compared with lengths, minima, masks, pointers that walk to ends, counted loops,
 * spills, calls. Most checks are right, a part is off by one or compares the wrong thing. Registers: r9 the context, r6 a region's
 * address and r7 its length, r3, r4 and r8 numbers, r5 an end pointer or a number, r2 an address in use, r0 and r1 scratch.
 */
export interface Generated {
  readonly text: string;
  readonly requests: readonly RunRequest[];
}

const NUMBERS = [3, 4, 8] as const;
const SLOTS = 5;
const CONDS = ['<', '<=', '>', '>=', '==', '!=', 's<', 's<=', 's>', 's>='] as const;
const MEMORY = [1, 1, 1, 2, 4, 8] as const;

class Writer {
  private readonly lines: string[] = [];
  private labels = 0;
  /** Where `goto out` of the innermost block leads. */
  private readonly outs: string[] = [];
  private writable = true;
  private left: number;
  /** Places of `main` between statements that jumps of any kind lead to, so that loops have several ways in; 0 in most programs. */
  private readonly spots: number;
  private placed = 0;

  constructor(private readonly r: Random) {
    this.left = r.between(2, 8);
    this.spots = r.chance(25) ? 3 : 0;
  }

  private put(...lines: string[]): void {
    this.lines.push(...lines);
  }

  private label(): string {
    return `L${this.labels++}`;
  }

  private number(): number {
    return this.r.pick(NUMBERS);
  }

  private small(): number {
    return this.r.pick([0, 1, 1, 2, 3, 4, 7, 8, 12, 15, 16]);
  }

  program(): string {
    const { r } = this;
    const callee = r.chance(30);
    this.put('.data d 000102030405060708090a0b0c0d0e0f', '.bss z 16', 'entry main:', 'r9 = r1', 'r0 = 0', 'r5 = 1');
    for (let k = 1; k <= SLOTS; k++) this.put(`*(u64 *)(r10 - ${8 * k}) = ${this.small()}`);
    for (const n of NUMBERS) this.put(`r${n} = ${this.small()}`);
    this.span();
    for (const n of NUMBERS) this.source(n);
    this.block(0, callee);
    while (this.placed < this.spots) this.put(`S${this.placed++}:`);
    this.put('exit');
    if (callee) this.callee();
    return this.lines.join('\n');
  }

  /** Statements; a check that fails leaves the block. */
  private block(depth: number, callee: boolean): void {
    const out = this.label();
    this.outs.push(out);
    const count = this.r.between(2, depth === 0 ? 6 : 3);
    for (let i = 0; i < count && this.left > 0; i++) {
      this.left--;
      if (this.placed < this.spots && this.r.chance(50)) this.put(`S${this.placed++}:`);
      this.statement(depth, callee);
    }
    this.outs.pop();
    this.put(`${out}:`);
  }

  private statement(depth: number, callee: boolean): void {
    const { r } = this;
    const kinds: [number, () => void][] = [
      [6, () => this.checked()],
      [3, () => this.check(this.number())],
      [4, () => this.access(this.number(), r.pick(MEMORY), this.slack(3))],
      [3, () => this.change(this.number())],
      [2, () => this.source(this.number())],
      [2, () => this.clamp(this.number())],
      [3, () => this.spill()],
      [2, () => this.ends()],
      [1, () => this.moveBase()],
      [1, () => this.span()],
      [1, () => this.length()],
      [1, () => this.copyMemory()],
      [1, () => this.stackArray()],
    ];
    if (depth < 2) {
      kinds.push([2, () => this.diamond(depth, callee)], [4, () => this.loop(depth, callee)], [2, () => this.walk()]);
    }
    if (callee) kinds.push([2, () => this.call()]);
    if (this.spots > 0) kinds.push([6, () => this.jump()]);
    const total = kinds.reduce((n, [w]) => n + w, 0);
    let at = r.below(total);
    for (const [w, make] of kinds) {
      at -= w;
      if (at < 0) {
        make();
        return;
      }
    }
  }

  /** r6 and r7: a region and its length; now and then the length of another. */
  private span(): void {
    const { r } = this;
    const [base, length, writable] = r.pick([
      [8, 'u32 *)(r9 + 16', false],
      [8, 'u32 *)(r9 + 16', false],
      [32, 'u32 *)(r9 + 40', true],
      [32, 'u64 *)(r9 + 72', true],
      [24, 'u32 *)(r9 + 20', true],
      [24, 'u32 *)(r9 + 80', true],
      [8, 'u16 *)(r9 + 84', false],
      [8, 'u32 *)(r9 + 40', false],
    ] as const);
    this.writable = writable;
    const fixed = r.below(10);
    if (fixed < 2) {
      this.put(
        fixed === 0 ? 'r6 = *(u64 *)(r9 + 0)' : `r6 = ${r.pick(['d', 'z'])} ll`,
        `r7 = ${r.pick([15, 16, 16, 17])}`,
      );
      this.writable = true;
      return;
    }
    this.put(`r6 = *(u64 *)(r9 + ${base})`, `r7 = *(${length})`);
    if (length.includes('20') && r.chance(80)) this.put('r7 <<= 1');
    else if (length.includes('80') && r.chance(80)) this.put('r7 <<= 2');
  }

  /** The length changed as programs do. */
  private length(): void {
    const { r } = this;
    const k = this.small();
    this.put(
      r.pick([
        `r7 += -${k}`,
        `r7 &= -4`,
        `r7 >>= 1`,
        `w7 += -${k}`,
        `if r7 < ${k} goto ${this.out()}\nr7 += -${k}`,
        `if r7 > ${k} goto ${this.out()}`,
        `if r7 == 0 goto ${this.out()}`,
        `r7 = *(u32 *)(r9 + 16)`,
      ]),
    );
  }

  private out(): string {
    return this.outs.at(-1)!;
  }

  /** A new value for a number. */
  private source(d: number): void {
    const { r } = this;
    this.put(
      r.pick([
        `r${d} = *(u64 *)(r9 + 48)`,
        `r${d} = *(u64 *)(r9 + 56)`,
        `r${d} = *(u32 *)(r9 + 48)`,
        `r${d} = *(s8 *)(r9 + 56)`,
        `r${d} = *(u64 *)(r9 + 64)`,
        `r${d} = *(u32 *)(r9 + 44)`,
        `r${d} = ${this.small()}`,
        `r${d} = 0`,
        `r${d} = r7`,
        `r${d} = r7\nr${d} += -1`,
        `r${d} = r${this.number()}`,
        `r${d} = *(u64 *)(r10 - ${8 * r.between(1, SLOTS)})`,
      ]),
    );
  }

  private change(d: number): void {
    const { r } = this;
    const k = this.small();
    const s = r.pick([3, 4, 8, 7, 7]);
    this.put(
      r.pick([
        `r${d} += ${k}`,
        `r${d} += -${k}`,
        `r${d} += 1`,
        `r${d} += -1`,
        `w${d} += ${r.pick([1, -1, k, 0x7fffffff])}`,
        `r${d} &= ${r.pick([1, 3, 7, 15, 31, -2, -4, 63])}`,
        `r${d} <<= ${r.pick([1, 2, 3, 32, 60])}`,
        `r${d} >>= ${r.pick([1, 2, 3, 32, 60])}`,
        `r${d} s>>= ${r.pick([1, 2, 32, 63])}`,
        `r${d} <<= 32\nr${d} ${r.pick(['>>=', 's>>='])} 32`,
        `r${d} *= ${r.pick([2, 3, 4, 8, -1])}`,
        `r${d} /= ${r.pick([2, 3, 4, 10])}`,
        `r${d} %= ${r.pick([2, 3, 4, 8, 10])}`,
        `r${d} %= r${s}`,
        `w${d} %= w${s}`,
        `r${d} /= r${s}`,
        `r${d} &= r${s}`,
        `r${d} |= ${r.pick([1, 2, 4])}`,
        `r${d} |= r${s}`,
        `r${d} ^= ${r.pick([1, 7, -1])}`,
        `r${d} += r${s}`,
        `r${d} -= r${s}`,
        `w${d} += w${s}`,
        `w${d} -= w${s}`,
        `r${d} >>= r${s}`,
        `r${d} = -r${d}`,
        `w${d} = w${d}`,
        `r${d} = (s${r.pick([8, 16, 32])})r${d}`,
        `w${d} = w${s}`,
      ]),
    );
  }

  /** 0 mostly; otherwise up to `n` too much or too little. */
  private slack(n: number): number {
    return this.r.chance(70) ? 0 : this.r.between(-n, n);
  }

  /** Leaves the block unless the number is below the length or another number, as the condition sees it. */
  private check(d: number): void {
    const { r } = this;
    const letter = r.chance(75) ? 'r' : 'w';
    const out = this.out();
    const other = r.chance(75)
      ? `${letter}7`
      : r.chance(50)
        ? `${letter}${this.number()}`
        : `${r.pick([4, 8, 15, 16])}`;
    if (r.chance(60)) this.put(`if ${letter}${d} ${r.pick(['>=', '>=', '>=', '>', 's>='])} ${other} goto ${out}`);
    else if (r.chance(40) && !/^\d/.test(other))
      this.put(`if ${other} ${r.pick(['<=', '<', 's<='])} ${letter}${d} goto ${out}`);
    else if (r.chance(50)) {
      const go = this.label();
      this.put(`if ${letter}${d} ${r.pick(['<', '<', '<=', 's<', '!='])} ${other} goto ${go}`, `goto ${out}`, `${go}:`);
    } else this.put(`if ${letter}${d} ${r.pick(CONDS)} ${other} goto ${out}`);
    if (r.chance(25)) this.put(`if ${letter}${d} s< ${r.pick([0, 0, -1, 1])} goto ${out}`);
  }

  /** To any place, backward too. */
  private jump(): void {
    const { r } = this;
    const operand = r.chance(50) ? 'r7' : r.chance(50) ? `r${this.number()}` : `${this.small()}`;
    this.put(`if r${this.number()} ${r.pick(CONDS)} ${operand} goto S${r.below(this.spots)}`);
  }

  /** The usual order: a check of i + size against the length, then the access. */
  private checked(): void {
    const { r } = this;
    const d = this.number();
    const size = r.pick(MEMORY);
    const out = this.out();
    const k = size + this.slack(1);
    const form = r.below(6);
    if (form === 0 && r.chance(50)) this.put(`r${d} &= ${r.pick([7, 15, 31])}`);
    if (form <= 1) {
      this.put(`r1 = r${d}`, `r1 += ${k}`, `if r${d} > ${r.pick([64, 1000])} goto ${out}`, `if r1 > r7 goto ${out}`);
    } else if (form === 2)
      this.put(`if r7 < ${k} goto ${out}`, 'r1 = r7', `r1 += -${Math.max(0, k)}`, `if r${d} > r1 goto ${out}`);
    else if (form === 3) this.put(`if r${d} > r7 goto ${out}`, 'r1 = r7', `r1 -= r${d}`, `if r1 < ${k} goto ${out}`);
    else if (form === 4) this.put(`r1 = r${d}`, `r1 += ${k}`, `if r1 > r7 goto ${out}`);
    else this.check(d);
    if (r.chance(15)) this.change(this.number());
    this.access(d, form === 5 && r.chance(80) ? 1 : size, r.chance(85) ? 0 : this.slack(2));
  }

  private access(d: number, size: number, off: number): void {
    const { r } = this;
    this.put('r2 = r6', `r2 ${r.chance(95) ? '+=' : '-='} r${d}`);
    const place = `*(u${8 * size} *)(r2 ${off < 0 ? '-' : '+'} ${Math.abs(off)})`;
    if (this.writable && r.chance(50)) this.put(`${place} = ${r.chance(50) ? `r${this.number()}` : 7}`);
    else this.put(`r${r.chance(30) ? this.number() : 0} = ${place}`);
  }

  /** Minimum, maximum and clamp idioms. */
  private clamp(d: number): void {
    const { r } = this;
    const go = this.label();
    const limit = r.pick(['r7', 'r7', `r${this.number()}`, `${r.pick([7, 15])}`]);
    this.put(`if r${d} ${r.pick(['<', '<=', '<', 's<', '>'])} ${limit} goto ${go}`, `r${d} = ${limit}`);
    if (r.chance(40)) this.put(`r${d} += -1`);
    if (r.chance(15)) this.put(`r${d} = 0`);
    this.put(`${go}:`);
  }

  private spill(): void {
    const { r } = this;
    const at = 8 * r.between(1, SLOTS);
    const what = r.pick([3, 4, 8, 7, 3, 4]);
    const size = r.pick([8, 8, 8, 4, 2, 1]);
    if (r.chance(50)) this.put(`*(u${8 * size} *)(r10 - ${at}) = r${what}`);
    else this.put(`r${what} = *(u${8 * size} *)(r10 - ${at})`);
    if (r.chance(10)) this.put(`lock *(u64 *)(r10 - ${at}) += r${this.number()}`);
    if (r.chance(10)) this.put(`*(u8 *)(r10 - ${at - r.below(8)}) = r${this.number()}`);
  }

  /** p + k against an end pointer. */
  private ends(): void {
    const { r } = this;
    const size = r.pick(MEMORY);
    const out = this.out();
    this.put('r5 = r6', 'r5 += r7');
    const moved = r.chance(50);
    this.put('r2 = r6');
    if (moved) {
      const d = this.number();
      this.put(
        r.chance(60) ? `r${d} &= ${r.pick([7, 15, 31])}` : `if r${d} > ${r.pick([16, 64])} goto ${out}`,
        `r2 += r${d}`,
      );
    }
    this.put('r1 = r2', `r1 += ${size + this.slack(1)}`);
    this.put(
      r.chance(70)
        ? `if r1 ${r.pick(['>', '>', '>='])} r5 goto ${out}`
        : `if r5 ${r.pick(['<', '<', '<='])} r1 goto ${out}`,
    );
    this.put(`r0 = *(u${8 * size} *)(r2 + 0)`);
    if (r.chance(30)) this.put('r5 -= r2', `if r5 < ${this.small()} goto ${out}`, `r0 = *(u8 *)(r2 + ${this.small()})`);
  }

  private moveBase(): void {
    const { r } = this;
    const k = this.small();
    const out = this.out();
    if (r.chance(50)) {
      if (r.chance(80)) this.put(`if r7 < ${k} goto ${out}`);
      this.put(`r6 += ${k}`, `r7 += -${k + (r.chance(80) ? 0 : 1)}`);
    } else {
      const d = this.number();
      if (r.chance(80)) this.put(`if r${d} > r7 goto ${out}`);
      this.put(`r6 += r${d}`, `r7 -= r${d}`);
    }
  }

  private diamond(depth: number, callee: boolean): void {
    const { r } = this;
    const [other, end] = [this.label(), this.label()];
    const letter = r.chance(75) ? 'r' : 'w';
    const operand = r.chance(50) ? `${letter}${r.pick([3, 4, 8, 7])}` : `${this.small()}`;
    this.put(`if ${letter}${this.number()} ${r.pick(CONDS)} ${operand} goto ${other}`);
    this.block(depth + 1, callee);
    this.put(`goto ${end}`, `${other}:`);
    if (r.chance(60)) this.block(depth + 1, callee);
    this.put(`${end}:`);
  }

  /** Counted loops of every form, a body with an access at the counter. */
  private loop(depth: number, callee: boolean): void {
    const { r } = this;
    const d = this.number();
    const [top, end] = [this.label(), this.label()];
    const letter = r.chance(80) ? 'r' : 'w';
    const step = r.pick([1, 1, 1, 2, 4]);
    const limit = r.chance(75)
      ? `${letter}7`
      : r.chance(50)
        ? `${r.pick([4, 8, 15, 16])}`
        : `${letter}${this.number()}`;
    const size = r.chance(70) ? 1 : step === 3 ? 2 : (step as 1 | 2 | 4);
    const body = (): void => {
      this.access(d, size, this.slack(1));
      if (depth < 2 && r.chance(30)) this.block(depth + 1, callee);
      if (r.chance(30)) this.put(`if r0 == ${this.small()} goto ${end}`);
    };
    const kind = r.below(6);
    if (r.chance(80)) this.put(kind === 3 || kind === 4 ? `r${d} = r7` : `r${d} = ${r.pick([0, 0, 0, 1])}`);
    if (step > 1 && r.chance(50)) this.put(`r7 &= -${step}`);
    if (kind === 0) {
      this.put(`${top}:`, `if ${letter}${d} ${r.pick(['>=', '>=', '>=', '>', 's>='])} ${limit} goto ${end}`);
      body();
      this.put(`${letter}${d} += ${step}`, `goto ${top}`);
    } else if (kind === 1) {
      this.put(`${top}:`, `if ${letter}${d} == ${limit} goto ${end}`);
      body();
      this.put(`${letter}${d} += ${step}`, `goto ${top}`);
    } else if (kind === 2) {
      if (r.chance(70)) this.put(`if r7 == 0 goto ${end}`);
      this.put(`${top}:`);
      body();
      this.put(
        `${letter}${d} += ${step}`,
        `if ${letter}${d} ${r.pick(['<', '<', '!=', '<=', 's<'])} ${limit} goto ${top}`,
      );
    } else if (kind === 3) {
      this.put(`${top}:`, `if ${letter}${d} ${r.pick(['==', 's<='])} 0 goto ${end}`, `${letter}${d} += -1`);
      body();
      this.put(`goto ${top}`);
    } else if (kind === 4) {
      this.put(`r${d} += -1`, `${top}:`, `if ${letter}${d} s< ${r.pick([0, 0, 0, -1])} goto ${end}`);
      body();
      this.put(`${letter}${d} += -${step}`, `goto ${top}`);
    } else {
      // Rounds are counted apart.
      const n = r.pick(NUMBERS.filter((x) => x !== d));
      this.put(`r${n} = ${r.chance(60) ? 'r7' : this.small()}`, `${top}:`, `if r${n} == 0 goto ${end}`);
      body();
      this.put(`r${d} += ${step}`, `r${n} += -1`, `goto ${top}`);
    }
    this.put(`${end}:`);
  }

  /** Pointers that walk to an end. */
  private walk(): void {
    const { r } = this;
    const [top, end] = [this.label(), this.label()];
    const step = r.pick([1, 1, 2, 4]);
    const size = r.pick([1, 1, step as 1 | 2 | 4]);
    const kind = r.below(5);
    this.put('r2 = r6', 'r5 = r6', 'r5 += r7');
    if (kind === 0) {
      this.put(`${top}:`, `if r2 ${r.pick(['>=', '>=', '==', '>'])} r5 goto ${end}`);
      this.put(`r0 = *(u${8 * size} *)(r2 + ${r.chance(85) ? 0 : 1})`, `r2 += ${step}`, `goto ${top}`);
    } else if (kind === 1) {
      this.put(`${top}:`, 'r1 = r2', `r1 += ${step + this.slack(1)}`, `if r1 > r5 goto ${end}`);
      this.put(`r0 = *(u${8 * size} *)(r2 + 0)`, r.chance(50) ? 'r2 = r1' : `r2 += ${step}`, `goto ${top}`);
    } else if (kind === 2) {
      if (r.chance(75)) this.put(`if r7 == 0 goto ${end}`);
      this.put(`${top}:`, `r0 = *(u8 *)(r2 + 0)`, `r2 += ${step}`, `if r2 ${r.pick(['<', '!='])} r5 goto ${top}`);
    } else if (kind === 3) {
      this.put(
        `${top}:`,
        `if r5 ${r.pick(['==', '<='])} r2 goto ${end}`,
        `r5 += -1`,
        'r0 = *(u8 *)(r5 + 0)',
        `goto ${top}`,
      );
    } else {
      // The remaining length beside the pointer.
      this.put('r1 = r7', `${top}:`, r.chance(50) ? `if r1 == 0 goto ${end}` : `if r1 < ${step} goto ${end}`);
      this.put(`r0 = *(u${8 * size} *)(r2 + 0)`, `r2 += ${step}`, `r1 += -${step}`, `goto ${top}`);
    }
    this.put(`${end}:`);
  }

  private copyMemory(): void {
    const { r } = this;
    const d = this.number();
    if (r.chance(80)) this.put(`if r${d} > r7 goto ${this.out()}`);
    this.put(`if r${d} > ${r.pick([40, 40, 64])} goto ${this.out()}`);
    this.put('r1 = r10', 'r1 += -80', 'r2 = r6', `r3 = r${d}`, 'call 0x02', 'r0 = 0', 'r3 = 1', 'r4 = 2', 'r5 = 3');
  }

  private stackArray(): void {
    const { r } = this;
    const d = this.number();
    this.put(
      r.chance(60)
        ? `r${d} &= ${r.pick([15, 31, 39])}`
        : `if r${d} ${r.pick(['>', '>='])} ${r.pick([39, 40])} goto ${this.out()}`,
    );
    this.put('r2 = r10', 'r2 += -40', `r2 += r${d}`);
    this.put(r.chance(50) ? `*(u8 *)(r2 + 0) = r${this.number()}` : 'r0 = *(u8 *)(r2 + 0)');
  }

  private call(): void {
    const { r } = this;
    const d = this.number();
    const frame = r.chance(30);
    this.put(`r3 = r${d}`);
    this.put(frame ? 'r1 = r10\nr1 += -40\nr2 = 40' : 'r1 = r6\nr2 = r7');
    this.put('call f', 'r3 = r0', 'r4 = 3', 'r5 = 4', 'r0 = 0');
  }

  /** f(r1 address, r2 length, r3 index). */
  private callee(): void {
    const { r } = this;
    this.put('func f:');
    const check = r.pick(['>=', '>=', '>', 's>=']);
    this.put(
      r.pick([
        `r0 = 0\nif r3 ${check} r2 goto out\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:`,
        `r0 = r3\nif r3 ${check} r2 goto out\nr0 += 1\nout:`,
        `r0 = 0\nr4 = 0\nloop:\nif r4 ${check} r2 goto out\nr5 = r1\nr5 += r4\nr5 = *(u8 *)(r5 + 0)\nr0 += r5\nr4 += 1\ngoto loop\nout:`,
        `r0 = r2\nif r3 > r2 goto out\nr0 = r3\nout:`,
        `r0 = 0\nif r2 == 0 goto out\nr3 %= r2\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nr0 = r3\nout:`,
        `*(u64 *)(r10 - 8) = r3\nr3 = *(u32 *)(r10 - 8)\nr0 = 0\nif r3 >= r2 goto out\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nr0 = *(u64 *)(r10 - 8)\nout:`,
      ]),
      'exit',
    );
  }
}

const WORDS = [
  0n,
  1n,
  2n,
  3n,
  4n,
  7n,
  8n,
  9n,
  15n,
  16n,
  17n,
  0xffn,
  0x80n,
  0xffffffffn,
  0x100000000n,
  0x100000003n,
  -1n,
  -4n,
  1n << 63n,
  (1n << 63n) - 1n,
  1n << 62n,
];

function input(r: Random): Input {
  const length = (): number => r.pick([0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24]);
  const word = (): bigint => (r.chance(60) ? BigInt(r.below(20)) : r.chance(80) ? r.pick(WORDS) : r.u64());
  const bytes = (n: number): number[] => Array.from({ length: n }, () => (r.chance(70) ? r.below(10) : r.below(256)));
  return {
    a: word(),
    b: word(),
    c: word(),
    kind: r.below(16),
    pkt: bytes(length()),
    arr: bytes(length()),
    out: length(),
  };
}

/** The program of a seed, with two runs. */
export function generate(seed: number): Generated {
  const r = new Random(seed);
  const text = new Writer(r).program();
  return { text, requests: [0, 1].map(() => ({ ...requestFor('main', input(r)), fuel: 400 })) };
}
