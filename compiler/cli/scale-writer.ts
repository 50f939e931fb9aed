// SPDX-License-Identifier: MIT

/** Bytes of the stack frame that generated functions initialise and then use, below r10. */
export const FRAME_WORDS = 8;

const ALU = ['+=', '-=', '*=', '&=', '|=', '^='] as const;
const SHIFT = ['<<=', '>>=', 's>>='] as const;

/**
 * Writes the text of a generated program and counts its instructions. r6 holds the context in every function; the scalar
 * registers are those of `live`, each of them always initialised.
 */
export class ScaleWriter {
  private readonly lines: string[] = ['.data words 0102030405060708090a0b0c0d0e0f10', '.bss cells 64'];
  private labels = 0;
  private state: number;
  count = 0;
  /** Scalar registers that hold something. */
  live: readonly number[] = [];

  constructor(
    readonly size: number,
    seed: number,
  ) {
    this.state = (seed * 2654435761 + size) >>> 0;
  }

  text(): string {
    return `${this.lines.join('\n')}\n`;
  }

  /** How many instructions are still to be written. */
  get left(): number {
    return this.size - this.count;
  }

  /** A number from 0 to n - 1 (the generator of Marsaglia, "Xorshift RNGs", 2003, with shifts 13, 17, 5). */
  below(n: number): number {
    let x = this.state || 1;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state % n;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Instructions, one a string. */
  put(...insns: readonly string[]): void {
    this.lines.push(...insns);
    this.count += insns.length;
  }

  label(): string {
    return `l${this.labels++}`;
  }

  /** Places a label here. */
  at(label: string): void {
    this.lines.push(`${label}:`);
  }

  /** Starts a function. */
  func(name: string, entry = false): void {
    this.lines.push(entry ? `entry ${name} fc/scale:` : `func ${name}:`);
  }

  reg(): number {
    return this.pick(this.live);
  }

  /** One operation on scalars. */
  scalar(): void {
    this.put(...this.scalarOp());
  }

  private scalarOp(): string[] {
    const [d, s] = [this.reg(), this.reg()];
    const letter = this.below(3) === 0 ? 'w' : 'r';
    switch (this.below(12)) {
      case 0:
        return [`r${d} = ${this.below(1 << 20)}`];
      case 1:
        return [`r${d} = 0x${this.below(1 << 30).toString(16)}${this.below(1 << 16).toString(16)} ll`];
      case 2:
        return [`${letter}${d} ${this.pick(SHIFT)} ${1 + this.below(31)}`];
      case 3:
        return [`r${d} = (s${this.pick([8, 16, 32])})r${s}`];
      case 4:
        return [`r${d} = ${this.pick(['le16', 'be16', 'be32', 'bswap64'])} r${d}`];
      case 5:
        return [`${letter}${d} ${this.pick(['/=', '%='])} ${1 + this.below(1000)}`];
      case 6:
      case 7:
        return [`${letter}${d} ${this.pick(ALU)} ${this.below(1 << 12)}`];
      case 8:
        return [`${letter}${d} = ${letter}${s}`];
      default:
        return [`${letter}${d} ${this.pick(ALU)} ${letter}${s}`];
    }
  }

  /** An access at a constant offset: stack, context or a global; three instructions at most. */
  access(): void {
    this.put(...this.accessOp());
  }

  private accessOp(): string[] {
    const [v, p] = [this.reg(), this.reg()];
    const size = this.pick([8, 16, 32, 64]);
    const inside = (bytes: number): number => this.below((bytes * 8) / size) * (size / 8);
    switch (this.below(6)) {
      case 0:
        return [`*(u${size} *)(r10 - ${8 * FRAME_WORDS - inside(8 * FRAME_WORDS)}) = r${v}`];
      case 1:
        return [`r${v} = *(u${size} *)(r10 - ${8 * FRAME_WORDS - inside(8 * FRAME_WORDS)})`];
      case 2:
        return [`*(u${size} *)(r6 + ${64 + inside(64)}) = r${v}`];
      case 3:
        return [`r${v} = *(u${size} *)(r6 + ${inside(128)})`];
      case 4:
        return [`r${p} = words ll`, `r${p} = *(u${size} *)(r${p} + ${inside(16)})`];
      default: {
        const value = this.pick(this.live.filter((r) => r !== p));
        return [`r${p} = cells ll`, `*(u${size} *)(r${p} + ${inside(64)}) = r${value}`, `r${p} = r${value}`];
      }
    }
  }

  /** An access at an offset that is read or computed: proved by a mask, or left to a guard; four instructions. */
  indexed(): void {
    this.put(...this.indexedOp());
  }

  private indexedOp(): string[] {
    const p = this.reg();
    const v = this.pick(this.live.filter((r) => r !== p));
    switch (this.below(4)) {
      case 0:
        return [`r${p} = r${v}`, `r${p} &= 63`, `r${p} += r6`, `r${p} = *(u8 *)(r${p} + ${this.below(64)})`];
      case 1:
        return [`r${v} &= 63`, `r${p} = r6`, `r${p} += r${v}`, `*(u8 *)(r${p} + 64) = r${v}`, `r${p} = r${v}`];
      case 2:
        return [
          `r${p} = *(u8 *)(r6 + ${this.below(32)})`,
          `r${p} += r6`,
          `r${p} = *(u16 *)(r${p} + ${2 * this.below(32)})`,
        ];
      default:
        return [
          `r${p} = *(u8 *)(r6 + ${this.below(32)})`,
          `r${p} += r6`,
          `*(u8 *)(r${p} + 64) = r${v}`,
          `r${p} = r${v}`,
        ];
    }
  }

  /** Some code without jumps, of about n instructions. */
  plain(n: number): void {
    for (const end = this.count + n; this.count < end; ) {
      const kind = this.below(10);
      if (kind < 6) this.scalar();
      else if (kind < 9 || this.live.length < 2) this.access();
      else this.indexed();
    }
  }

  /** Writes every word of the frame and gives the scalar registers values; `live` names them. */
  prologue(live: readonly number[]): void {
    for (let i = 1; i <= FRAME_WORDS; i++) this.put(`*(u64 *)(r10 - ${8 * i}) = ${i}`);
    for (const r of live) this.put(`r${r} = *(u32 *)(r6 + ${4 * this.below(32)})`);
    this.live = live;
  }

  /** Ends a function with a result that all live registers have a part in. */
  epilogue(): void {
    const [first, ...rest] = this.live;
    this.put(...rest.map((r) => `r${first} ^= r${r}`), `r0 = r${first}`, 'exit');
  }

  /** Instructions of an epilogue. */
  get closing(): number {
    return this.live.length + 1;
  }

  /** Fills up to the size wanted with scalar operations, leaving room for `reserve` instructions. */
  fill(reserve: number): void {
    while (this.left > reserve) this.scalar();
  }
}
