// SPDX-License-Identifier: MIT
import { mask } from '../ir/arith.js';
import { type Block, type Cond, type Func, type Inst, newValue, type Op, type Origin, type Value } from '../ir/ir.js';

/** An address as the guard sees it: root + index * 2^scale + offset. */
export interface Place {
  readonly root: Value;
  /** The root's high lane where the guard of the sum's high lane goes too. */
  readonly high: Value | null;
  readonly index: Value | null;
  readonly scale: bigint;
  /** Signed. */
  readonly offset: bigint;
  /** The root is where the address's own variable starts: the address itself is compared. */
  readonly walks: boolean;
}

export interface Access {
  readonly search: Inst;
  /** Guard of the high lane, right before. */
  readonly top: Inst | null;
  readonly block: Block;
  readonly place: Place;
  readonly size: bigint;
}

/** What shows that an access needs no search: made by `insts` and compared. */
export interface Test {
  readonly insts: readonly Inst[];
  readonly cond: Cond;
  readonly args: Value[];
  /** Bytes that there must be from the root on, if that is all that is asked, and the value compared with them. */
  readonly least?: bigint;
  readonly room?: Value;
  readonly access: Access;
}

/**
 * The room that a pointer has to the end of its region, and what follows from it for accesses that start from the pointer. `insts`
 * is what has to stand where the pointer is known; nothing of it can trap.
 */
export class RoomSizes {
  readonly insts: Inst[] = [];
  /** Offset from the root at which the room is counted. */
  private readonly from: bigint;
  private readonly region: readonly [base: Value, length: Value];
  private readonly room: Value | null;

  constructor(
    private readonly fn: Func,
    group: readonly Access[],
    private readonly origin: Origin,
    known: (v: Value) => bigint | undefined,
  ) {
    const { root, high, walks } = group[0]!.place;
    const exact = walks || group.some((a) => a.top !== null || a.place.index !== null);
    this.from = exact ? 0n : group.reduce((m, a) => (a.place.offset < m ? a.place.offset : m), group[0]!.place.offset);
    const rights = group.some((a) => a.search.write) ? 3n : 1n;
    const first = this.from === 0n ? root : this.emit('add', [root, this.constant(this.from)]);
    this.region = this.many('locate', [first], 2, { imm: rights }) as [Value, Value];
    const [base, length] = this.region;
    if (walks) {
      this.room = null;
      return;
    }
    // Without a region the length is 0.
    let room = this.emit('select', [length, this.emit('sub', [length, this.emit('sub', [first, base])]), length]);
    if (high && known(high) !== 0n) {
      const zero = this.constant(0n);
      room = this.emit('select', [this.emit('icmp', [high, zero], { cond: 'eq' }), room, zero]);
    }
    this.room = room;
  }

  /** The comparison for one access; null if it is not one of those the room says anything of. */
  test(access: Access): Omit<Test, 'access'> | null {
    const { place, size } = access;
    const { index, scale, offset } = place;
    const { room } = this;
    if (room === null) return this.walking(index!, offset, size);
    const end = offset - this.from + size;
    if (offset < this.from) return null;
    if (index === null) {
      const least: Inst[] = [];
      const bytes = newValue(this.fn, 'i32');
      least.push({ op: 'const', args: [], results: [bytes], origin: this.origin, imm: end });
      return { insts: least, cond: 'uge', args: [room, bytes], least: end, room };
    }
    return { insts: [], cond: 'ult', args: [index, this.places(room, end, scale)] };
  }

  /** Numbers that the index may be below. */
  private places(room: Value, end: bigint, scale: bigint): Value {
    const bytes = this.constant(end);
    let places = this.emit('sub', [room, this.constant(end - 1n)]);
    if (scale > 0n) {
      // (room - end) / 2^scale + 1.
      const last = this.emit('lshr', [this.emit('sub', [room, bytes]), this.constant(scale)]);
      places = this.emit('add', [last, this.constant(1n)]);
    }
    return this.emit('select', [this.emit('icmp', [room, bytes], { cond: 'uge' }), places, this.constant(0n)]);
  }

  /** The address itself is in the region: address + offset - base < length - size + 1. */
  private walking(address: Value, offset: bigint, size: bigint): Omit<Test, 'access'> {
    const [base, length] = this.region;
    const from = this.emit('sub', [base, this.constant(offset & mask(32))]);
    let places = length;
    if (size > 1n) {
      const bytes = this.constant(size);
      const some = this.emit('sub', [length, this.constant(size - 1n)]);
      places = this.emit('select', [this.emit('icmp', [length, bytes], { cond: 'uge' }), some, this.constant(0n)]);
    }
    const at = newValue(this.fn, 'i32');
    const sub: Inst = { op: 'sub', args: [address, from], results: [at], origin: this.origin };
    return { insts: [sub], cond: 'ult', args: [at, places] };
  }

  private constant(imm: bigint): Value {
    return this.emit('const', [], { imm: imm & mask(32) });
  }

  private emit(op: Op, args: Value[], more: Partial<Inst> & { cond?: Cond } = {}): Value {
    return this.many(op, args, 1, more)[0]!;
  }

  private many(op: Op, args: Value[], count: number, more: Partial<Inst>): Value[] {
    const results = Array.from({ length: count }, () => newValue(this.fn, 'i32'));
    this.insts.push({ op, args, results, origin: this.origin, ...more });
    return results;
  }
}
