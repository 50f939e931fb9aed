// SPDX-License-Identifier: MIT
import type { Random } from './random.js';

/**
 * Random programs whose pointers are numbers that the context holds: one to three loops, also nested ones, that walk over regions by
 * index or by pointer, up or down, to an end by every condition, and run over it now and then.
 *
 * Context: 0, 8: two addresses; 16, 20, 24: numbers of 32 bits. Results go to r0.
 */
export function pointerProgram(random: Random): string {
  return new Writer(random).program();
}

const CONDITIONS = ['<', '<=', '!=', '>', '>=', 's<', 's<=', 's>', 's>='] as const;
const SIZES = [1, 2, 4, 8] as const;

class Writer {
  private readonly lines: string[] = [];
  private labels = 0;

  constructor(private readonly random: Random) {}

  private pick<T>(...of: readonly T[]): T {
    return of[this.random.below(of.length)]!;
  }
  private often(): boolean {
    return this.random.below(3) > 0;
  }

  program(): string {
    this.lines.push(
      'entry main:',
      'r9 = r1',
      'r6 = *(u64 *)(r9 + 0)',
      'r7 = *(u64 *)(r9 + 8)',
      'r8 = *(u32 *)(r9 + 16)',
      'r0 = 0',
    );
    const loops = 1 + this.random.below(2);
    for (let i = 0; i < loops; i++) {
      if (this.random.below(4) === 0) this.access(this.pick('r6', 'r7'));
      this.loop(this.random.below(4) === 0);
    }
    this.lines.push('exit');
    return this.lines.join('\n');
  }

  /** Counts in r4, or in r5 around a loop that counts in r4. */
  private loop(nested: boolean, counter = nested ? 'r5' : 'r4'): void {
    const { random, lines } = this;
    const wide = random.below(3) === 0;
    const c = wide ? counter : counter.replace('r', 'w');
    const head = `l${this.labels++}`;
    const out = `l${this.labels++}`;
    const down = random.below(4) === 0;
    const step = this.pick(1, 1, 1, 2, 4, 3) * (down ? -1 : 1);
    const limit = nested ? this.pick('2', '3') : this.pick('r8', 'r8', '4', '8', '7', '0');
    if (down) lines.push(limit === 'r8' ? `${counter} = r8` : `${counter} = ${limit}`);
    else lines.push(this.often() ? `${counter} = 0` : `r2 = *(u32 *)(r9 + 20)\n${counter} = r2`);
    const end = down ? this.pick('0', '0', '1') : limit;
    const test = down
      ? this.pick('!=', '>', '>=', 's>', 's>=')
      : this.often()
        ? this.pick('<', '!=', 's<', '<=')
        : this.pick(...CONDITIONS);
    const bound = wide ? end : end.replace('r', 'w');
    const before = this.often();
    if (before) lines.push(`if ${c} ${this.negated(test)} ${bound} goto ${out}`);
    lines.push(`${head}:`);
    const rotated = this.often();
    if (!rotated) lines.push(`if ${c} ${this.negated(test)} ${bound} goto ${out}`);
    if (nested) this.loop(false);
    for (let i = random.below(3) + (nested ? 0 : 1); i > 0; i--) this.indexed(counter);
    if (random.below(4) === 0) this.walk();
    if (random.below(6) === 0) lines.push(`if r0 > 0x7000 goto ${out}`);
    if (random.below(12) === 0) this.swap();
    lines.push(`${c} += ${step}`);
    lines.push(rotated ? `if ${c} ${test} ${bound} goto ${head}` : `goto ${head}`);
    lines.push(`${out}:`);
  }

  private negated(cond: string): string {
    const other: Record<string, string> = { '<': '>=', '<=': '>', '!=': '==', '>': '<=', '>=': '<' };
    return cond[0] === 's' ? `s${other[cond.slice(1)]}` : other[cond]!;
  }

  private indexed(counter: string): void {
    const base = this.pick('r6', 'r7');
    const by = this.random.below(4);
    if (by === 3) {
      this.access(base);
      return;
    }
    this.lines.push(`r2 = ${counter}`);
    if (this.random.below(4) === 0) this.lines.push('w2 += w8');
    if (by > 0) this.lines.push(`r2 <<= ${by}`);
    this.lines.push(this.random.below(8) === 0 ? `r3 = ${base}\nr3 -= r2\nr2 = r3` : `r2 += ${base}`);
    this.access('r2');
    if (this.random.below(3) === 0) this.access('r2');
  }

  private access(base: string): void {
    const size = this.pick(...SIZES);
    const off = this.random.below(4) === 0 ? this.pick(-8, -4, -1, 1, 2, 4, 4, 8, 8, 12, 40) : 0;
    const place = `*(u${8 * size} *)(${base} ${off < 0 ? '-' : '+'} ${Math.abs(off)})`;
    const skip = this.random.below(5) === 0 ? `l${this.labels++}` : null;
    if (skip) this.lines.push(`if r0 ${this.pick('<', '>', '&')} ${this.pick(3, 20, 300)} goto ${skip}`);
    if (this.random.below(3) === 0) this.lines.push(`${place} = r0`);
    else this.lines.push(`r3 = ${place}`, this.pick('r0 += r3', 'r0 ^= r3', 'w0 += w3'));
    if (skip) this.lines.push(`${skip}:`);
  }

  private walk(): void {
    const base = this.pick('r6', 'r7');
    const step = this.pick(1, 2, 4, 8, -1, -4);
    const first = this.often();
    if (first) this.access(base);
    this.lines.push(`${base} += ${step}`);
    if (!first) this.access(base);
  }

  private swap(): void {
    const skip = `l${this.labels++}`;
    this.lines.push(`if r0 & 1 goto ${skip}`, 'r3 = r6', 'r6 = r7', 'r7 = r3', `${skip}:`);
  }
}
