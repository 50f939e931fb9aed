// SPDX-License-Identifier: MIT
import { arithmetic, condition } from './arithmetic.js';
import { spillOffset, windowPointer } from './memory.js';
import { type Signature, WINDOW, type Writing } from './writing.js';

/** Whether all arguments of a call can be had here: pointers from registers that the call keeps. */
function callable(w: Writing, { args }: Signature): boolean {
  if (args.includes('stack') && !w.window) return false;
  if (args.includes('context') && !w.with('context').some((reg) => reg > 5)) return false;
  return !args.includes('function') || w.callees.reached.length > 0;
}

function passArguments(w: Writing, { args }: Signature): void {
  const { r } = w;
  const context = w.with('context').filter((reg) => reg > 5);
  args.forEach((arg, i) => {
    if (arg === 'stack') windowPointer(w, i + 1);
    else if (arg === 'context') w.move(i + 1, r.pick(context));
    else if (arg === 'function') address(w, i + 1);
    else if (r.chance(30)) w.constant(i + 1);
    else w.move(i + 1, w.scalar());
  });
}

function returned(w: Writing): void {
  w.forgetArguments();
  w.holds[0] = 'scalar';
}

/** A local call, by name or through an address; or a helper where none can be made. */
export function call(w: Writing): void {
  if (w.callees.reached.length > 0 && w.r.chance(40) && indirect(w)) return;
  const usable = w.keptAcrossCalls() ? w.callees.named.filter((s) => callable(w, s)) : [];
  if (usable.length === 0) {
    helper(w);
    return;
  }
  callNamed(w, w.r.pick(usable));
}

/** Calls this function if its arguments can be had; says whether. */
export function callNamed(w: Writing, callee: Signature): boolean {
  if (!w.keptAcrossCalls() || !callable(w, callee)) return false;
  passArguments(w, callee);
  w.put({ kind: 'call', func: callee.func });
  returned(w);
  return true;
}

const take = (w: Writing, dst: number, { func }: Signature): void => {
  w.put({ kind: 'funcaddr', dst, func });
  w.holds[dst] = 'function';
};

/** dst = address of a function that may be reached so: a known one, or one chosen at run time. */
function address(w: Writing, dst: number): void {
  const { r } = w;
  const { reached } = w.callees;
  const known = w.with('function').filter((reg) => reg !== dst);
  if (known.length > 0 && r.chance(40)) {
    w.move(dst, r.pick(known));
    return;
  }
  const first = r.below(reached.length);
  const second = reached[first + 1] ?? reached[0]!;
  switch (r.below(4)) {
    case 0:
      take(w, dst, reached[first]!);
      return;
    case 1: {
      const [otherwise, end] = [w.labels++, w.labels++];
      const way = condition(w);
      w.put({ kind: 'branch', ...way, target: otherwise });
      take(w, dst, reached[first]!);
      w.put({ kind: 'jump', target: end });
      w.label(otherwise);
      take(w, dst, second);
      w.label(end);
      return;
    }
    case 2: {
      // Overwritten unless a branch says otherwise, which makes no edge of its own.
      const end = w.labels++;
      const way = condition(w);
      take(w, dst, reached[first]!);
      if (way.dst !== dst && !(way.src.kind === 'reg' && way.src.reg === dst)) {
        w.put({ kind: 'branch', ...way, target: end });
        take(w, dst, second);
      }
      w.label(end);
      return;
    }
    default: {
      // By its number: functions of one group are numbered one after another.
      const bit = w.anyTarget(1, 2, 3, 4, 5, dst);
      if (bit !== undefined && reached.length > first + 1) {
        const from = w.with('scalar').filter((reg) => reg !== dst);
        if (from.length > 0) {
          w.move(bit, r.pick(from));
          take(w, dst, second);
          take(w, dst, reached[first]!);
          w.andImm(bit, 1);
          w.combine('add', dst, bit);
          return;
        }
      }
      take(w, dst, reached[first]!);
    }
  }
}

/** Stores an address and loads it again, into a register behind the arguments; gives that register. */
function throughStack(w: Writing, reg: number, args: number): number {
  const free = w.spilled.flatMap((holds, slot) => (holds === 'nothing' ? [slot] : []));
  if (free.length === 0) return reg;
  const off = spillOffset(w.r.pick(free));
  w.put({ kind: 'store', size: 8, base: 10, off, src: { kind: 'reg', reg } });
  if (w.r.chance(50)) arithmetic(w);
  const back = w.anyTarget(...Array.from({ length: args }, (_, i) => i + 1)) ?? reg;
  w.put({ kind: 'load', size: 8, signed: false, dst: back, base: 10, off });
  w.holds[back] = 'function';
  return back;
}

/** Calls through a register, which in a wild world may hold any number. False if no call can be made here. */
function indirect(w: Writing): boolean {
  const { r } = w;
  const callee = w.callees.reached[0]!;
  if (!w.keptAcrossCalls() || !callable(w, callee)) return false;
  const held = w.with('function').filter((reg) => reg > callee.args.length);
  let reg = held.length > 0 && r.chance(50) ? r.pick(held) : undefined;
  if (reg === undefined) {
    reg = w.anyTarget(...callee.args.map((_, i) => i + 1));
    if (reg === undefined) return false;
    address(w, reg);
    if (r.chance(40)) reg = throughStack(w, reg, callee.args.length);
    const twice = w.with('scalar');
    // The right number all the same, but nothing that can be seen without running.
    if (r.chance(20) && twice.length > 0) {
      const by = r.pick(twice);
      w.combine('xor', reg, by);
      w.combine('xor', reg, by);
    }
    if (w.world.wild && r.chance(25)) {
      if (r.chance(50)) w.combine(r.pick(['add', 'xor'] as const), reg, w.scalar());
      else w.constant(reg);
      w.holds[reg] = 'nothing';
    }
  }
  passArguments(w, callee);
  w.put({ kind: 'callx', reg });
  returned(w);
  return true;
}

/** A call of a helper, by name or (in a program that takes no address) through its number in a register. */
export function helper(w: Writing): void {
  if (!w.keptAcrossCalls() || w.locked.has(0)) {
    arithmetic(w);
    return;
  }
  const { r } = w;
  const value = (reg: number): void => (r.chance(50) ? w.imm(reg, r.i32()) : w.move(reg, w.scalar()));
  const out = (reg: number, bytes: number): void => {
    w.move(reg, 10);
    w.addImm(reg, -WINDOW + r.below(WINDOW - bytes + 1));
  };
  const key = (reg: number): void => w.imm(reg, r.below(20));
  const id = r.pick(
    w.window
      ? [0x02, 0x10, 0x11, 0x12, 0x13, 0x20, 0x30, 0x31, 0x32, 0x50, 0x51, 0x60, 0x61]
      : [0x10, 0x11, 0x20, 0x30, 0x31, 0x60],
  );
  switch (id) {
    case 0x02: {
      // Lengths known only at run time are at most n.
      const known = r.chance(60);
      const n = known ? r.below(17) : r.pick([1, 3, 7, 15]);
      const from = w.with('context').filter((reg) => reg > 5);
      if (!known) {
        w.move(3, w.scalar());
        w.andImm(3, n);
      }
      if (from.length > 0 && n <= w.world.length - w.world.from) {
        w.move(2, r.pick(from));
        w.addImm(2, w.world.from + r.below(w.world.length - w.world.from - n + 1));
      } else out(2, n);
      out(1, n);
      if (known) w.imm(3, n);
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
      w.imm(1, r.pick([0x81, 0x82, 0x83]));
      break;
    case 0x32:
      w.imm(1, r.below(4));
      out(2, 8);
      break;
    case 0x50:
      out(1, 8);
      value(2);
      w.imm(3, -r.below(6));
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
  const number =
    w.callees.reached.length === 0 && !w.world.addresses && r.chance(20) ? w.anyTarget(1, 2, 3) : undefined;
  if (number === undefined) w.put({ kind: 'helper', id });
  else {
    w.imm(number, id);
    w.put({ kind: 'callx', reg: number });
  }
  w.forgetArguments();
  // Helpers without a result leave nothing to read in r0.
  if (id === 0x02 || id === 0x61) w.imm(0, r.i32());
  w.holds[0] = 'scalar';
}
