// SPDX-License-Identifier: MIT

import { alu, constantScalar, movsx, type Scalar } from './domain.js';
import { type Abs, asNumber, forget, type Leaks, num } from './value.js';

/** Size of an eBPF stack frame (RFC 9669 leaves it to the platform; 512 is what every compiler assumes). */
export const FRAME_SIZE = 512;

/** Whether a stack byte has been written: on no path, on some, on every path. */
export const NEVER = 0;
export const MAYBE = 1;
export const ALWAYS = 2;

export interface Slot {
  readonly size: number;
  /** For sizes below 8: the zero-extended low part. */
  readonly abs: Abs;
}

/** The low `size` bytes of a number, zero-extended. */
export function lowBytes(s: Scalar, size: number): Scalar {
  if (size === 8) return s;
  if (size === 4) return alu('mov', false, s, s);
  return alu('and', false, s, constantScalar((1n << BigInt(8 * size)) - 1n));
}

/** The low `size` bytes of a value, zero-extended; the same number if nothing is cut off. */
function lowPart(abs: Abs, size: number, leaks: Leaks): Abs {
  const s = asNumber(abs, leaks);
  const whole = abs.kind === 'num' && s.x.umax < 1n << BigInt(8 * size);
  return num(lowBytes(s, size), whole ? abs.f : null);
}

/** One function's stack frame. Offsets count from r10: -512 .. -1. Mutable; copies share until one of them changes. */
export class Frame {
  private shared = false;

  private constructor(
    private written: Uint8Array,
    private slots: Map<number, Slot>,
  ) {}

  static empty(): Frame {
    return new Frame(new Uint8Array(FRAME_SIZE), new Map());
  }

  copy(): Frame {
    this.shared = true;
    const made = new Frame(this.written, this.slots);
    made.shared = true;
    return made;
  }

  /** Before every change. */
  private own(): void {
    if (!this.shared) return;
    this.written = this.written.slice();
    this.slots = new Map(this.slots);
    this.shared = false;
  }

  /** Least and greatest initialisation of the bytes [off, off + size). */
  initialised(off: number, size: number): { least: number; most: number } {
    let least = ALWAYS;
    let most = NEVER;
    for (let i = Math.max(0, off + FRAME_SIZE); i < Math.min(FRAME_SIZE, off + size + FRAME_SIZE); i++) {
      const b = this.written[i]!;
      if (b < least) least = b;
      if (b > most) most = b;
    }
    return { least, most };
  }

  /** Removes slots that overlap [off, off + size); `covered`: what lies wholly inside is gone, not merely uncertain. */
  private drop(off: number, size: number, covered: boolean, leaks: Leaks): void {
    for (let at = off - 7; at < off + size; at++) {
      const slot = this.slots.get(at);
      if (!slot || at + slot.size <= off) continue;
      if (!covered || at < off || at + slot.size > off + size) forget(slot.abs, leaks);
      this.slots.delete(at);
    }
  }

  /** Writes a value at a known offset. A pointer in less than 8 bytes is no longer tracked. */
  write(off: number, size: number, abs: Abs, leaks: Leaks): void {
    this.own();
    this.drop(off, size, true, leaks);
    this.written.fill(ALWAYS, off + FRAME_SIZE, off + size + FRAME_SIZE);
    if (size === 8) this.slots.set(off, { size, abs });
    else this.slots.set(off, { size, abs: lowPart(abs, size, leaks) });
  }

  /** The bytes are written, with what is not known. */
  fill(off: number, size: number, leaks: Leaks): void {
    this.own();
    this.drop(off, size, true, leaks);
    this.written.fill(ALWAYS, off + FRAME_SIZE, off + size + FRAME_SIZE);
  }

  /** Some of the bytes may be overwritten. */
  havoc(off: number, size: number, leaks: Leaks): void {
    const from = Math.max(-FRAME_SIZE, off);
    const to = Math.min(0, off + size);
    if (from >= to) return;
    this.own();
    this.drop(from, to - from, false, leaks);
    for (let i = from + FRAME_SIZE; i < to + FRAME_SIZE; i++) if (this.written[i] === NEVER) this.written[i] = MAYBE;
  }

  /** Value of a load at a known offset; reading a part of a spilled pointer makes a number of it. */
  read(off: number, size: number, signed: boolean, leaks: Leaks): Abs | undefined {
    const slot = this.slots.get(off);
    if (slot && slot.size >= size) {
      if (slot.size === size && !signed) return slot.abs;
      const low = lowPart(slot.abs, size, leaks);
      if (!signed || size === 8 || low.kind !== 'num') return low;
      const s = movsx(8 * size, true, low.s);
      return num(s, low.s.x.umax < 1n << BigInt(8 * size - 1) ? low.f : null);
    }
    this.escape(off, size, leaks);
    return undefined;
  }

  /** Notes that spilled pointers overlapping the bytes are copied elsewhere as bytes. */
  escape(off: number, size: number, leaks: Leaks): void {
    for (const [at, slot] of this.slots) if (at < off + size && at + slot.size > off) forget(slot.abs, leaks);
  }

  /** Changes every tracked value for which `change` gives another one. */
  update(change: (abs: Abs) => Abs): void {
    for (const [at, slot] of this.slots) {
      const abs = change(slot.abs);
      if (abs === slot.abs) continue;
      this.own();
      this.slots.set(at, { size: slot.size, abs });
    }
  }

  /** Puts another value in a tracked slot. */
  replace(off: number, abs: Abs): void {
    const slot = this.slots.get(off);
    if (!slot || slot.abs === abs) return;
    this.own();
    this.slots.set(off, { size: slot.size, abs });
  }

  /** Stops tracking a slot. */
  forget(off: number): void {
    if (!this.slots.has(off)) return;
    this.own();
    this.slots.delete(off);
  }

  /** The slot that starts at an offset. */
  slot(off: number): Slot | undefined {
    return this.slots.get(off);
  }

  /** Tracked slots, deepest first. */
  entries(): [number, Slot][] {
    return [...this.slots].sort((a, b) => a[0] - b[0]);
  }

  /** Tracked slots in no order. */
  tracked(): Iterable<[number, Slot]> {
    return this.slots;
  }

  /** Upper bound of what is known of two frames' bytes, in place. Returns whether anything changed. */
  absorbWritten(next: Frame): boolean {
    if (this.written === next.written) return false;
    let changed = false;
    for (let i = 0; i < FRAME_SIZE; i++) {
      const a = this.written[i]!;
      if (a === next.written[i] || a === MAYBE) continue;
      this.own();
      this.written[i] = MAYBE;
      changed = true;
    }
    return changed;
  }
}
