// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { type Item, Labels, Recorder } from '../../compiler/codegen/asm.js';
import type { Frame } from '../../compiler/codegen/machine.js';
import { relax } from '../../compiler/codegen/relax.js';
import { TRAPS } from '../../compiler/image/traps.js';
import type { Func } from '../../compiler/ir/ir.js';
import { type Compiled, compile, funcOf, LEVELS, type Level, Machine, targetOf } from './harness.js';

/** What lies further away than short encodings reach: jumps, literals, traps, words of the frame. */

const machine = new Machine();
const TWO_LANES = 'r1.lo, r1.hi';

/** `n` operations on `x` with constants that need a literal each; the last value is `x + 2n`. */
function long(x: number, n: number): { text: string; last: string; apply: (v: number) => number } {
  const text: string[] = [];
  let apply = (v: number): number => v;
  for (let i = 0; i < n; i++) {
    const c = Math.imul(i + x, 0x9e3779b1) >>> 0;
    const before = apply;
    apply = (v) => (Math.imul(before(v) ^ c, 3) + i) >>> 0;
    const at = x + 6 * i;
    text.push(`v${at + 1}:i32 = const imm=${c} @0:0 v${at + 2}:i32 = xor v${at}, v${at + 1} @0:0
      v${at + 3}:i32 = const imm=3 @0:0 v${at + 4}:i32 = mul v${at + 2}, v${at + 3} @0:0
      v${at + 5}:i32 = const imm=${i} @0:0 v${at + 6}:i32 = add v${at + 4}, v${at + 5} @0:0`);
  }
  return { text: text.join('\n'), last: `v${x + 6 * n}`, apply };
}

/** Two long ways from a branch to a common end, one of them a loop that is gone through v1 times. */
function diamond(n: number, kind: string): { fn: Func; want: (a: number, b: number) => number } {
  const one = long(1000, n);
  const two = long(100000, n);
  const text = `b0(v0:i32, v1:i32): v2:i32 = const imm=7 @0:0 branch ult v0, v2 ? b6() : b7() @0:0
    b6(): jump b1(v0, v1) @0:0
    b1(v1000:i32, v3:i32): ${one.text}
      v4:i32 = const imm=1 @0:0 v5:i32 = sub v3, v4 @0:0 v6:i32 = const imm=0 @0:0
      branch ne v5, v6 ? b4() : b5() @0:0
    b4(): jump b1(${one.last}, v5) @0:0
    b5(): jump b3(${one.last}) @0:0
    b7(): jump b2(v0) @0:0
    b2(v100000:i32): ${two.text} jump b3(${two.last}) @0:0
    b3(v10:i32): v11:i32 = add v10, v0 @0:0 ret v11 @0:1`;
  const want = (a: number, b: number): number => {
    let v = a;
    if (a < 7) for (let i = 0; i < b; i++) v = one.apply(v);
    else v = two.apply(v);
    return (v + a) >>> 0;
  };
  // An entry has its length in r2.
  return { fn: funcOf(text, kind.startsWith('entry') ? 'r1.lo, r2.lo' : TWO_LANES, 'lo', kind), want };
}

describe.each(LEVELS)('far away on %s', (level) => {
  it.each([10, 40, 160])('over %i long operations: jumps both ways, literals', (n) => {
    for (const kind of ['local frame 0', 'entry frame 0']) {
      const entry = kind.startsWith('entry');
      const { fn, want } = diamond(n, kind);
      const code = compile([fn], { level });
      expect(code.text.length).toBeGreaterThan(25 * n);
      for (const [a, b] of [
        [0, 1],
        [5, 3],
        [7, 2],
        [0xffffffff, 1],
      ] as const) {
        const out = machine.run(code, entry ? [a, 99, b] : [a, b], [], entry);
        expect(out.r0).toBe(want(a, b));
      }
    }
  });

  it('traps behind another function, from one that does not save its return address', () => {
    for (const n of [1, 100]) {
      const small = funcOf(
        `b0(v0:i32, v1:i32): trapif cond=ult trap=memory v0, v1 @0:0 v2:i32 = const imm=0 @0:0
          trapif cond=eq trap=fuel v0, v2 @0:1 fuel imm=3 @0:2 ret v1 @0:3`,
        TWO_LANES,
        'lo',
      );
      const { fn } = diamond(n, 'local frame 0');
      const code = compile([small, { ...fn, index: 1 }], { level });
      machine.setFuel(3);
      expect(machine.run(code, [9, 9])).toMatchObject({ trap: null, r0: 9 });
      expect(machine.run(code, [9, 9]).trap).toBe(TRAPS.fuel.code);
      expect(machine.run(code, [1, 9]).trap).toBe(TRAPS.memory.code);
      expect(machine.run(code, [0, 0]).trap).toBe(TRAPS.fuel.code);
    }
  });

  it('a block that does nothing but trap', () => {
    const trap = funcOf(
      `b0(v0:i32, v1:i32): branch eq v0, v1 ? b1() : b2() @0:0 b1(): trap unreachable @0:1 b2(): ret v1 @0:2`,
      TWO_LANES,
      'lo',
    );
    const { fn } = diamond(70, 'local frame 0');
    const code = compile([trap, { ...fn, index: 1 }], { level });
    expect(machine.run(code, [4, 4]).trap).toBe(TRAPS.unreachable.code);
    expect(machine.run(code, [4, 5])).toMatchObject({ trap: null, r0: 5 });
  });
});

const NOWHERE = { func: 0, slot: 0 };

/** Text of a function whose body is `write`, in a frame of `slots` words. */
function body(level: Level, slots: number, write: (asm: Recorder) => void): Compiled {
  const target = targetOf(level);
  const saved = [3, 14];
  const frame: Frame = {
    saved,
    entry: false,
    spillOffset: 0,
    adjust: 4 * slots,
    incomingOffset: 4 * (slots + saved.length),
  };
  const asm = new Recorder(new Labels(), target, frame, NOWHERE);
  target.prologue(asm);
  write(asm);
  target.epilogue(asm);
  const laid = relax([{ align: 4, items: asm.items as Item[], pool: asm.pool }], target.isa);
  return { core: target.core, text: laid.text, start: 0, stackBytes: target.stackBytes(frame), spillSlots: slots };
}

describe.each(LEVELS)('slots of the frame on %s', (level) => {
  const target = targetOf(level);

  it('near and far ones, to and from low registers and the scratch register', () => {
    for (const slots of [2, 256, 1000]) {
      const [near, far] = [0, slots - 1];
      const code = body(level, slots, (asm) => {
        const put = (r: number, slot: number): void => {
          const m = target.spillStore(r, slot);
          m.expand!(m.operands, asm);
        };
        const take = (r: number, slot: number): void => {
          const m = target.spillLoad(r, slot);
          m.expand!(m.operands, asm);
        };
        put(0, far);
        put(1, near);
        // From slot to slot: exchanges the two, by way of r0 and the scratch register.
        take(target.scratch, far);
        take(0, near);
        put(0, far);
        put(target.scratch, near);
        take(1, near);
        take(0, far);
      });
      const out = machine.run(code, [11, 22, 33, 44]);
      expect([out.r0, out.r1]).toEqual([22, 11]);
    }
  });

  it('repeats definitions into the scratch register', () => {
    const fn = funcOf(
      `b0(): v0:i32 = const imm=0x12345678 @0:0 v1:i32 = base region=context @0:0 v2:i32 = length region=context @0:0
        v3:i32 = add v0, v1 @0:0 v4:i32 = add v3, v2 @0:0 ret v4 @0:1`,
      '',
      'lo',
    );
    const lowered = target.lower(fn, {
      regionBase: () => ({ offset: 0x40, add: 700 }),
      regionLength: () => 0x44,
    } as never);
    const made = lowered.blocks[0]!.insts.filter((i) => i.remat);
    const context = (name: string): number[] => {
      const inst = made.find((i) => i.name === name)!;
      const code = body(level, 2, (asm) => {
        inst.expand!([target.scratch, ...inst.operands.slice(1)], asm);
        const m = target.move(0, target.scratch);
        m.expand!(m.operands, asm);
        const second = target.move(1, 2);
        second.expand!(second.operands, asm);
      });
      const out = machine.run(code, [1, 2, 77]);
      return [out.r0, out.r1];
    };
    expect(context('base')).toEqual([machine.instanceWord(0x40) + 700, 77]);
    expect(context('length')).toEqual([machine.instanceWord(0x44), 77]);
  });
});
