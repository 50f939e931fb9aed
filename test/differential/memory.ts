// SPDX-License-Identifier: MIT
import type { AtomicOp, MemSize, Source } from '../../compiler/bpf/program.js';
import { type Holds, SPILLS, WINDOW, type Writing } from './writing.js';

const SIZES: readonly MemSize[] = [1, 2, 4, 8];
const ATOMICS: readonly AtomicOp[] = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'];

/** A base register and the bytes that may be accessed from it, [low, high). */
interface Place {
  readonly base: number;
  readonly low: number;
  readonly high: number;
}

/** Somewhere to read, or to write and read. */
function place(w: Writing, write: boolean): Place | undefined {
  const kinds: Holds[] = ['context', 'window', 'out'];
  if (!write) kinds.push('in');
  if (w.window) kinds.push('fp');
  const bases = w.with(...kinds);
  if (bases.length === 0) return undefined;
  const base = w.r.pick(bases);
  switch (w.holds[base]) {
    case 'context':
      return { base, low: write ? w.world.writable : w.world.from, high: w.world.length };
    case 'fp':
      return { base, low: -WINDOW, high: 0 };
    case 'window':
      return { base, low: 0, high: WINDOW };
    case 'in':
      return { base, low: 0, high: w.world.regions!.in };
    case 'out':
      return { base, low: 0, high: w.world.regions!.out };
    default:
      return undefined;
  }
}

/** An offset for an access, aligned (to the base, not the address) half of the time. */
function offsetIn(w: Writing, { low, high }: Place, size: number): number {
  const off = w.r.between(low, high - size);
  const aligned = off - (((off % size) + size) % size);
  return w.r.chance(50) && aligned >= low ? aligned : off;
}

function loadAt(w: Writing, dst: number, base: number, off: number, size: MemSize): void {
  const signed = size < 8 && w.r.chance(30);
  w.put({ kind: 'load', size, signed, dst, base, off });
  w.holds[dst] = 'scalar';
}

function storeAt(w: Writing, base: number, off: number, size: MemSize, src: Source = w.source()): void {
  w.put({ kind: 'store', size, base, off, src });
}

/** Any of the read-modify-write operations; false if no scalar may take what it fetches. */
function atomicAt(w: Writing, base: number, off: number, size: 4 | 8): boolean {
  const { r } = w;
  const op = r.pick(ATOMICS);
  const zero = w.holds[0] === 'scalar' && !w.locked.has(0);
  if (op === 'cmpxchg' && !zero) return false;
  const fetch = op === 'xchg' || op === 'cmpxchg' || r.chance(50);
  const src = op === 'cmpxchg' || !fetch ? w.scalar() : w.changeable();
  if (src === undefined) return false;
  // What is expected is met about half of the time.
  if (op === 'cmpxchg' && r.chance(50)) w.put({ kind: 'load', size, signed: false, dst: 0, base, off });
  w.put({ kind: 'atomic', op, fetch, size, base, off, src });
  return true;
}

/** dst = something in memory; false if there is none. */
export function load(w: Writing, dst: number): boolean {
  const at = place(w, false);
  if (!at) return false;
  const size = w.r.pick(SIZES);
  loadAt(w, dst, at.base, offsetIn(w, at, size), size);
  return true;
}

export function store(w: Writing): void {
  const at = place(w, true);
  if (!at) return;
  const size = w.r.pick(SIZES);
  storeAt(w, at.base, offsetIn(w, at, size), size);
}

export function atomic(w: Writing): void {
  const at = place(w, true);
  if (!at) return;
  const size = w.r.pick([4, 8] as const);
  if (!atomicAt(w, at.base, offsetIn(w, at, size), size)) store(w);
}

/** Exchanges two runs of bytes, which may overlap, piece by piece; or turns one around in place. */
export function swap(w: Writing): void {
  const { r } = w;
  const [a, b] = [place(w, true), place(w, true)];
  if (!a || !b) return;
  const one = w.scalarTarget(a.base, b.base);
  const other = one === undefined ? undefined : w.scalarTarget(one, a.base, b.base);
  if (one === undefined || other === undefined) return;
  const size = r.pick(SIZES);
  const room = Math.floor(Math.min(a.high - a.low, b.high - b.low) / size);
  const pieces = Math.min(room, r.between(1, 4));
  const from = a.low + r.below(a.high - a.low - pieces * size + 1);
  const to = b.low + r.below(b.high - b.low - pieces * size + 1);
  const turn = r.chance(30);
  for (let i = 0; i < pieces; i++) {
    const [x, y] = [from + i * size, to + (turn ? pieces - 1 - i : i) * size];
    w.put({ kind: 'load', size, signed: false, dst: one, base: a.base, off: x });
    w.put({ kind: 'load', size, signed: false, dst: other, base: b.base, off: y });
    storeAt(w, a.base, x, size, { kind: 'reg', reg: other });
    storeAt(w, b.base, y, size, { kind: 'reg', reg: one });
  }
  w.holds[one] = 'scalar';
  w.holds[other] = 'scalar';
}

/** The same address, but nothing is known of it any more. */
function launder(w: Writing, pointer: number): void {
  const by = w.with('scalar').filter((reg) => reg !== pointer);
  if (by.length === 0) return;
  const mask = w.r.pick(by);
  w.combine('xor', pointer, mask);
  w.combine('xor', pointer, mask);
}

/** base[x & mask] through a register of its own, or base[x] unmasked in a wild world. */
export function indexed(w: Writing): void {
  const { r } = w;
  const what = r.pick(['load', 'load', 'load', 'store', 'store', 'atomic'] as const);
  const at = place(w, what !== 'load');
  const pointer = w.anyTarget(at?.base ?? 0);
  if (!at || pointer === undefined) return;
  const index = w.anyTarget(at.base, pointer);
  if (index === undefined) return;
  const size = what === 'atomic' ? r.pick([4, 8] as const) : r.pick(SIZES);
  const room = at.high - at.low - size;
  const ground = w.holds[at.base]!;
  w.move(index, w.scalar());
  let off = at.low;
  if (w.world.wild && r.chance(50) && ground === 'context') {
    if (r.chance(60)) w.andImm(index, r.pick([15, 31, 63, 127, 0xff, 0xffff]));
  } else if (w.world.wild && r.chance(40) && ground === 'fp' && what === 'load') w.andImm(index, 2 * WINDOW - 1);
  else {
    let mask = 63;
    while (mask > room) mask >>= 1;
    if (r.chance(30)) mask &= r.u32();
    // As the elements of an array are found: scaled by their size.
    const shift = r.chance(40) ? r.below(4) : 0;
    w.andImm(index, mask >> shift);
    if (shift > 0) w.put({ kind: 'alu', op: 'lsh', width: 64, dst: index, src: { kind: 'imm', imm: shift } });
    off += r.below(room - mask + 1);
  }
  w.move(pointer, at.base);
  w.combine('add', pointer, index);
  w.holds[pointer] = 'nothing';
  // The search of the regions knows the writable block as one region: what goes astray there ends otherwise than in the interpreter.
  if (!w.world.wild && r.chance(12)) launder(w, pointer);
  if (what === 'load') loadAt(w, w.scalarTarget() ?? index, pointer, off, size);
  else if (what === 'store' || !atomicAt(w, pointer, off, size as 4 | 8)) storeAt(w, pointer, off, size);
  if (w.holds[pointer] === 'nothing' && r.chance(50)) w.imm(pointer, r.i32());
}

/** Writes all of the window. */
export function fillWindow(w: Writing): void {
  for (let off = -WINDOW; off < 0; off += 8) storeAt(w, 10, off, 8);
  w.window = true;
}

/** Where a slot lies from r10. */
export const spillOffset = (slot: number): number => -WINDOW - 8 * (slot + 1);

/** Puts pointers and numbers into stack slots and takes them back. */
export function spill(w: Writing): void {
  const slot = w.r.below(SPILLS);
  const off = spillOffset(slot);
  if (w.spilled[slot] !== 'nothing') {
    const dst = w.anyTarget();
    if (dst === undefined) return;
    w.put({ kind: 'load', size: 8, signed: false, dst, base: 10, off });
    w.holds[dst] = w.spilled[slot]!;
    return;
  }
  const values = w.with('context', 'window', 'in', 'out', 'scalar', 'function');
  if (values.length === 0 || w.loops > 0) return;
  const reg = w.r.pick(values);
  w.put({ kind: 'store', size: 8, base: 10, off, src: { kind: 'reg', reg } });
  w.spilled[slot] = w.holds[reg]!;
}

/** Takes the address of a granted region from the context. */
export function region(w: Writing): void {
  const context = w.with('context');
  const dst = w.anyTarget();
  if (!w.world.regions || context.length === 0 || dst === undefined) {
    store(w);
    return;
  }
  const name = w.r.pick(['in', 'out'] as const);
  w.put({ kind: 'load', size: 8, signed: false, dst, base: w.r.pick(context), off: name === 'in' ? 0 : 8 });
  w.holds[dst] = name;
}

/** dst = lowest byte of the window. */
export function windowPointer(w: Writing, dst: number): void {
  w.move(dst, 10);
  w.addImm(dst, -WINDOW);
  w.holds[dst] = 'window';
}
