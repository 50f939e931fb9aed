// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { thumbCpu } from '../../backends/thumb/cpu.js';
import { ATOMIC_OPS } from '../../compiler/image/fields.js';
import type { Bus } from '../../compiler/simulator/cpu.js';
import {
  type Compiled,
  compile,
  EDGES,
  funcOf,
  type Import,
  intrinsicImport,
  LEVELS,
  Machine,
  MEMORY,
} from './harness.js';

/** Atomic operations: by exclusive accesses where the core and the alignment allow it, else by the runtime's routines. */

const LANES = ['r1.lo', 'r1.hi', 'r2.lo', 'r2.hi', 'r3.lo'];
const AT = 2000;
const UPDATE: Record<string, (old: bigint, value: bigint) => bigint> = {
  add: (a, b) => a + b,
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  xor: (a, b) => a ^ b,
  xchg: (_, b) => b,
};

const access = (align: number): string => `access={context, proved, align ${align}, write}`;
const big = (low: number, high = 0): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
const lanes = (v: bigint): number[] => [Number(v & 0xffffffffn), Number((v >> 32n) & 0xffffffffn)];

interface Asked {
  readonly level: (typeof LEVELS)[number];
  readonly op: string;
  readonly size: 4 | 8;
  readonly off: number;
  readonly align: number;
  readonly wanted: boolean;
}

/** v0: address, then what is expected, then the value. Returns the old value, or the value that was passed. */
function code({ level, op, size, off, align, wanted }: Asked): Compiled {
  const words = (size / 4) * (op === 'cmpxchg' ? 2 : 1);
  const args = Array.from({ length: 1 + words }, (_, i) => `v${i}`);
  const results = (size === 8 ? ['v20', 'v21'] : ['v20']).map((v) => `${v}:i32`).join(', ');
  const back = wanted ? (size === 8 ? 'v20, v21' : 'v20') : size === 8 ? 'v1, v2' : 'v1';
  const text = `b0(${args.map((a) => `${a}:i32`).join(', ')}):
    ${wanted ? `${results} = ` : ''}atomic atomic=${op} size=${size} off=${off} ${access(align)} ${args.join(', ')} @0:0
    ret ${back} @0:1`;
  return compile([funcOf(text, LANES.slice(0, 1 + words).join(', '), size === 8 ? 'lo, hi' : 'lo')], { level });
}

/** The routines of the runtime, on a machine's memory. */
function routines(m: Machine): { imports: Import[]; calls: string[] } {
  const calls: string[] = [];
  const data = new DataView(m.memory.buffer);
  const modify = (address: number, size: number, f: (old: bigint) => bigint): number[] => {
    const at = address - MEMORY;
    const old = big(data.getUint32(at, true), size === 8 ? data.getUint32(at + 4, true) : 0);
    const [low, high] = lanes(f(old));
    data.setUint32(at, low!, true);
    if (size === 8) data.setUint32(at + 4, high!, true);
    return lanes(old).slice(0, size / 4);
  };
  const one = (name: 'atomic32' | 'atomic64' | 'cmpxchg32' | 'cmpxchg64', run: Import['run']): Import => ({
    slot: intrinsicImport(name),
    run: (a, stack) => {
      calls.push(name);
      return run(a, stack);
    },
  });
  return {
    calls,
    imports: [
      one('atomic32', ([v, p, op]) => modify(p!, 4, (old) => UPDATE[ATOMIC_OPS[op!]!]!(old, big(v!)))),
      one('atomic64', ([l, h, p, op]) => modify(p!, 8, (old) => UPDATE[ATOMIC_OPS[op!]!]!(old, big(l!, h!)))),
      one('cmpxchg32', ([e, v, p]) => modify(p!, 4, (old) => (old === big(e!) ? big(v!) : old))),
      one('cmpxchg64', ([el, eh, l, h], stack) =>
        modify(stack(0), 8, (old) => (old === big(el!, eh!) ? big(l!, h!) : old)),
      ),
    ],
  };
}

/** Runs it on `old` in memory; checks memory around it and the result; returns the routines that it has called. */
function check(asked: Asked, made: Compiled, old: bigint, expected: bigint | null, value: bigint): string[] {
  const { size, off, op, wanted } = asked;
  const m = new Machine();
  const base = off < -AT ? MEMORY + 4090 : MEMORY + AT - (asked.align >= 4 ? 0 : 2);
  const at = base + off - MEMORY;
  m.memory.fill(0xa5);
  const data = new DataView(m.memory.buffer);
  const words = (v: bigint): number[] => lanes(v).slice(0, size / 4);
  words(old).forEach((w, i) => {
    data.setUint32(at + 4 * i, w, true);
  });
  const want = Uint8Array.from(m.memory);
  const after = expected === null ? UPDATE[op]!(old, value) : old === expected ? value : old;
  words(after).forEach((w, i) => {
    new DataView(want.buffer).setUint32(at + 4 * i, w, true);
  });
  const { imports, calls } = routines(m);
  const args = [base, ...(expected === null ? [] : words(expected)), ...words(value)];
  const out = m.run(made, args, imports);
  const text = `${JSON.stringify(asked)} ${old} ${expected} ${value}`;
  expect(Buffer.compare(m.memory, want), text).toBe(0);
  const back = wanted ? words(old) : words(expected ?? value);
  expect([out.r0, out.r1].slice(0, size / 4), text).toEqual(back);
  return calls;
}

describe.each(LEVELS)('atomics on %s', (level) => {
  const native = level !== 'cortex-m0';

  it.each(ATOMIC_OPS)('%s of 4 bytes at edges, exclusive where that is possible', (op) => {
    for (const off of [0, 1020, 1024, -300])
      for (const wanted of [true, false]) {
        const asked = { level, op, size: 4, off, align: 4, wanted } as const;
        const made = code(asked);
        for (const [i, old] of EDGES.entries()) {
          const calls = check(asked, made, big(old), null, big(EDGES[(i * 7 + 3) % EDGES.length]!));
          expect(calls).toEqual(native ? [] : ['atomic32']);
        }
      }
  });

  it('cmpxchg of 4 bytes stores only if the old value is the expected one', () => {
    for (const off of [0, 8, 2048])
      for (const wanted of [true, false]) {
        const asked = { level, op: 'cmpxchg', size: 4, off, align: 4, wanted } as const;
        const made = code(asked);
        for (const old of EDGES)
          for (const expected of [old, old ^ 0x80000000])
            expect(check(asked, made, big(old), big(expected), 0x12345678n)).toEqual(native ? [] : ['cmpxchg32']);
      }
  });

  it('what may be misaligned goes to the routines', () => {
    for (const align of [1, 2])
      for (const off of [0, 6, -2]) {
        const asked = { level, op: 'add', size: 4, off, align, wanted: true } as const;
        expect(check(asked, code(asked), 0xfffffffen, null, 5n)).toEqual(['atomic32']);
      }
  });

  it('8 bytes go to the routines where the core has no ldrd or they may be misaligned', () => {
    for (const off of [0, 8, -8, 1000, -2048])
      for (const wanted of [true, false]) {
        for (const op of ATOMIC_OPS) {
          const asked = { level, op, size: 8, off, align: 8, wanted } as const;
          // Cores with ldrd do it themselves, as far as that reaches.
          const routines = level.startsWith('cortex-m4') && Math.abs(off) <= 1020 ? [] : ['atomic64'];
          for (const align of [8, 4] as const)
            expect(
              check({ ...asked, align }, code({ ...asked, align }), 0xfedcba9800000001n, null, 0x123456789abcdef0n),
            ).toEqual(routines);
          const loose = { ...asked, align: 2 } as const;
          expect(check(loose, code(loose), 0xfedcba9800000001n, null, 0x123456789abcdef0n)).toEqual(['atomic64']);
        }
        const asked = { level, op: 'cmpxchg', size: 8, off, align: 8, wanted } as const;
        const made = code(asked);
        for (const expected of [0xfedcba9800000001n, 0xfedcba9900000001n, 0xfedcba9800000000n])
          expect(check(asked, made, 0xfedcba9800000001n, expected, 7n)).toEqual(['cmpxchg64']);
      }
  });
});

describe.each(LEVELS.filter((l) => l !== 'cortex-m0'))('an exclusive store on %s', (level) => {
  it('that something came before is done again', () => {
    const made = code({ level, op: 'add', size: 4, off: 0, align: 4, wanted: true });
    const memory = new DataView(new ArrayBuffer(64));
    const bus: Bus = {
      read: (a) => memory.getUint32(a - MEMORY, true),
      literal: () => 0,
      write: (a, _, v) => memory.setUint32(a - MEMORY, v, true),
    };
    const text = 0x08000000;
    /** Runs it on a word of 40, what an exception does behind the exclusive load; the instructions that took. */
    const run = (exception: (() => void) | null): number => {
      const cpu = thumbCpu(made.core).create(made.text, text, bus);
      memory.setUint32(0, 40, true);
      cpu.registers.set([MEMORY, 2]);
      cpu.registers[13] = MEMORY + 64;
      cpu.registers[14] = 0x101;
      cpu.pc = text;
      for (let at = cpu.pc; ; at = cpu.pc) {
        cpu.run(cpu.instructions + 1);
        if (cpu.describe(at).includes('ldrex')) break;
        if (cpu.pc === 0x100) throw new Error('no exclusive load');
      }
      exception?.();
      // It leaves the monitor clear.
      if (exception) cpu.scramble(() => 0);
      expect(cpu.run(1000)).toBe(true);
      expect(cpu.registers[0]! + 2).toBe(memory.getUint32(0, true));
      return cpu.instructions;
    };
    const once = run(null);
    expect(memory.getUint32(0, true)).toBe(42);
    const twice = run(() => memory.setUint32(0, 90, true));
    expect(memory.getUint32(0, true)).toBe(92);
    // ldrex, adds, strex, cmp, bne.
    expect(twice).toBe(once + 5);
  });
});
