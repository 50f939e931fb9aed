// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { thumbCpu } from '../../backends/thumb/cpu.js';
import { decode, makeIsa } from '../../backends/thumb/isa.js';
import { conditionHolds, type Machine } from '../../backends/thumb/semantics.js';
import { CONCRETE } from '../../backends/thumb/semantics-concrete.js';
import { effects } from '../../backends/thumb/semantics-effects.js';
import type { Bus } from '../../compiler/simulator/cpu.js';

const isa = makeIsa('dsp');
const CPU = thumbCpu(findTarget('cortex-m4')!.core);
const BASE = 0x1000;

/** 64 bytes at 0x100, byte i holds i. */
function testBus(): Bus & { bytes: Uint8Array } {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);
  const view = new DataView(bytes.buffer);
  return {
    bytes,
    read: (a, n) =>
      n === 4 ? view.getUint32(a - 0x100, true) : n === 2 ? view.getUint16(a - 0x100, true) : bytes[a - 0x100]!,
    literal: () => 0,
    write: (a, n, v) => {
      for (let i = 0; i < n; i++) bytes[a - 0x100 + i] = v >>> (8 * i);
    },
  };
}

/** Runs one instruction; flags as letters, capital where set. `flags` likewise, all clear without. */
function step(
  name: string,
  operands: number[],
  registers: Record<number, number>,
  flags = '',
  bus = testBus(),
  model = CPU,
) {
  const text = isa.encode(name, operands, 0, 2);
  if (!text) throw new Error(`${name} ${operands}`);
  const cpu = model.create(text, BASE, bus);
  const m = cpu as typeof cpu & Machine<number, boolean>;
  for (const [r, v] of Object.entries(registers)) cpu.registers[Number(r)] = v;
  [m.n, m.z, m.c, m.v] = [...'NZCV'].map((f) => flags.includes(f)) as [boolean, boolean, boolean, boolean];
  cpu.pc = BASE;
  cpu.run(1);
  return {
    r: [...cpu.registers].map((v) => v >>> 0),
    flags: [m.n && 'N', m.z && 'Z', m.c && 'C', m.v && 'V'].filter(Boolean).join(''),
    pc: cpu.pc,
    bytes: bus.bytes,
  };
}

describe('Thumb semantics', () => {
  // [instruction, rn or rm in r1, rm in r2, flags before, r0 after, flags after], from the manual's pseudocode by hand.
  it.each<[string, number, number, string, number, string]>([
    ['adds', 0xffffffff, 1, '', 0, 'ZC'],
    ['adds', 0x7fffffff, 1, 'C', 0x80000000, 'NV'],
    ['adds', 0x80000000, 0x80000000, '', 0, 'ZCV'],
    ['add', 0xffffffff, 1, 'NV', 0, 'NV'],
    ['adcs', 0xffffffff, 0, 'C', 0, 'ZC'],
    ['adcs', 0x7fffffff, 0, 'C', 0x80000000, 'NV'],
    ['adcs', 1, 2, '', 3, ''],
    ['subs', 0, 1, 'C', 0xffffffff, 'N'],
    ['subs', 5, 5, '', 0, 'ZC'],
    ['subs', 0x80000000, 1, '', 0x7fffffff, 'CV'],
    ['subs', 0, 0x80000000, '', 0x80000000, 'NV'],
    ['sbcs', 5, 4, '', 0, 'ZC'],
    ['sbcs', 5, 5, '', 0xffffffff, 'N'],
    ['sbcs', 5, 5, 'C', 0, 'ZC'],
    ['rsbs', 1, 0, '', 0xffffffff, 'N'],
    ['ands', 0xf0f0f0f0, 0x80000000, 'CV', 0x80000000, 'NCV'],
    ['orrs', 0, 0, 'CV', 0, 'ZCV'],
    ['eors', 0xffffffff, 0x7fffffff, '', 0x80000000, 'N'],
    ['bics', 0xff, 0xf, 'C', 0xf0, 'C'],
    ['orns', 0, 0xffffffff, '', 0, 'Z'],
    ['lsls', 1, 32, '', 0, 'ZC'],
    ['lsls', 1, 33, 'C', 0, 'Z'],
    ['lsls', 0x80000001, 1, '', 2, 'C'],
    ['lsls', 0x80000000, 0x100, 'C', 0x80000000, 'NC'],
    ['lsrs', 0x80000000, 32, '', 0, 'ZC'],
    ['lsrs', 0x80000000, 33, 'C', 0, 'Z'],
    ['lsrs', 3, 1, '', 1, 'C'],
    ['asrs', 0x80000000, 32, '', 0xffffffff, 'NC'],
    ['asrs', 0x80000000, 255, '', 0xffffffff, 'NC'],
    ['asrs', 0x40000000, 40, 'C', 0, 'Z'],
    ['rors', 0x80000001, 32, '', 0x80000001, 'NC'],
    ['rors', 1, 1, '', 0x80000000, 'NC'],
    ['rors', 2, 0, 'C', 2, 'C'],
    ['rors', 0x10, 36, 'C', 1, ''],
    ['muls', 0x10000, 0x10000, 'CV', 0, 'ZCV'],
    ['udiv', 7, 0, 'N', 0, 'N'],
    ['udiv', 0xffffffff, 2, '', 0x7fffffff, ''],
    ['sdiv', 0x80000000, 0xffffffff, '', 0x80000000, ''],
    ['sdiv', 0xfffffff9, 2, '', 0xfffffffd, ''],
    ['sdiv', 7, 0, '', 0, ''],
  ])('%s %i, %i with %s', (name, a, b, before, result, after) => {
    // Short forms have rd = rn (muls: rd = rm).
    for (const [rd, rn, rm] of [
      [0, 1, 2],
      [1, 1, 2],
    ] as const) {
      if (rd === 0 && !isa.encode(name, [rd, rn, rm], 0, 2)) continue;
      const s = step(name, [rd, rn, rm], { [rn]: a, [rm]: b }, before);
      expect(s.r[rd]).toBe(result);
      expect(s.flags).toBe(after);
      expect(s.pc - BASE).toBe(isa.encode(name, [rd, rn, rm], 0, 2)!.length);
    }
  });

  it.each<[string, number[], Record<number, number>, string, number, string]>([
    ['lsrs.i', [0, 1, 32], { 1: 0x80000000 }, '', 0, 'ZC'],
    ['asrs.i', [0, 1, 32], { 1: 0x80000000 }, '', 0xffffffff, 'NC'],
    ['lsls.i', [0, 1, 31], { 1: 3 }, '', 0x80000000, 'NC'],
    ['rors.i', [0, 1, 31], { 1: 1 }, 'C', 2, ''],
    ['rrxs', [0, 1], { 1: 1 }, 'C', 0x80000000, 'NC'],
    ['rrxs', [0, 1], { 1: 2 }, '', 1, ''],
    ['movs.i', [0, 0], {}, 'CV', 0, 'ZCV'],
    ['movs.i', [0, 0x80000000], {}, '', 0x80000000, 'NC'],
    ['movs.i', [0, 0x3fc], {}, 'C', 0x3fc, ''],
    ['movs.i', [0, 0xabababab], {}, 'C', 0xabababab, 'NC'],
    ['mvns.i', [0, 0], {}, 'C', 0xffffffff, 'NC'],
    ['ands.lsl', [0, 1, 2, 1], { 1: 6, 2: 0x80000003 }, '', 6, 'C'],
    ['eors.lsr', [0, 1, 2, 32], { 1: 6, 2: 0x80000003 }, '', 6, 'C'],
    ['adds.lsl', [0, 1, 2, 4], { 1: 1, 2: 0xf0000000 }, 'C', 1, ''],
    ['subs.i', [0, 1, 0], { 1: 0 }, '', 0, 'ZC'],
    ['rsbs.i', [0, 1, 0], { 1: 0 }, '', 0, 'ZC'],
    ['rsbs.i', [0, 1, 0], { 1: 0x80000000 }, '', 0x80000000, 'NV'],
    ['movt', [0, 0x1234], { 0: 0xabcdef01 }, '', 0x1234ef01, ''],
    ['movw', [0, 0xffff], { 0: 0xabcdef01 }, '', 0xffff, ''],
    ['mla', [0, 1, 2, 3], { 1: 3, 2: 5, 3: 0xffffffff }, '', 14, ''],
    ['mls', [0, 1, 2, 3], { 1: 3, 2: 5, 3: 10 }, '', 0xfffffffb, ''],
    ['rev', [0, 1], { 1: 0x12345678 }, '', 0x78563412, ''],
    ['rev16', [0, 1], { 1: 0x12345678 }, '', 0x34127856, ''],
    ['revsh', [0, 1], { 1: 0x12345680 }, '', 0xffff8056, ''],
    ['rbit', [0, 1], { 1: 0x00000003 }, '', 0xc0000000, ''],
    ['clz', [0, 1], { 1: 0 }, '', 32, ''],
    ['clz', [0, 1], { 1: 0xffff }, '', 16, ''],
    ['sxtb', [0, 1], { 1: 0x180 }, '', 0xffffff80, ''],
    ['uxth', [0, 1], { 1: 0x18000 }, '', 0x8000, ''],
    ['ubfx', [0, 1, 4, 8], { 1: 0xfffffabc }, '', 0xab, ''],
    ['sbfx', [0, 1, 4, 8], { 1: 0xfffffabc }, '', 0xffffffab, ''],
    ['ubfx', [0, 1, 0, 32], { 1: 0x80000001 }, '', 0x80000001, ''],
    ['bfi', [0, 1, 4, 8], { 0: 0xffffffff, 1: 0x12 }, '', 0xfffff12f, ''],
    ['bfc', [0, 0, 32], { 0: 0xffffffff }, '', 0, ''],
    ['bfc', [0, 31, 1], { 0: 0xffffffff }, '', 0x7fffffff, ''],
    ['adr', [0, 12], {}, '', BASE + 12, ''],
    ['add.i', [13, 13, 6], { 13: 0x100 }, '', 0, ''],
  ])('%s %j', (name, operands, registers, before, result, after) => {
    const text = name === 'add.i' ? null : step(name, operands, registers, before);
    if (text === null) {
      // SP's low two bits stay zero.
      expect(step(name, operands, registers).r[13]).toBe(0x104);
      return;
    }
    expect([text.r[0], text.flags]).toEqual([result, after]);
  });

  it.each<[string, bigint, bigint, bigint]>([
    ['umull', 0xffffffffn, 0xffffffffn, 0xfffffffe00000001n],
    ['smull', 0xffffffffn, 0xffffffffn, 1n],
    ['smull', 0x80000000n, 0x7fffffffn, 0xc000000080000000n],
    ['umlal', 0xffffffffn, 0xffffffffn, 0xfffffffe00000001n + 0xffffffff_fffffffen],
    ['smlal', 0x80000000n, 0x80000000n, 0x4000000000000000n + 0xffffffff_fffffffen],
    ['umaal', 0xffffffffn, 0xffffffffn, 0xfffffffe00000001n + 0xffffffffn + 0xfffffffen],
  ])('%s: full products', (name, a, b, product) => {
    const s = step(name, [0, 1, 2, 3], { 0: 0xfffffffe, 1: 0xffffffff, 2: Number(a), 3: Number(b) });
    expect(BigInt(s.r[0]!) | (BigInt(s.r[1]!) << 32n)).toBe(BigInt.asUintN(64, product));
  });

  it('upper products agree with big integers', () => {
    const edges = [0, 1, 2, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0x80000001, 0xfffeffff, 0xffffffff];
    for (const a of edges)
      for (const b of edges) {
        expect(CONCRETE.umulh(a | 0, b | 0) >>> 0).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
        expect(CONCRETE.smulh(a | 0, b | 0)).toBe(Number((BigInt(a | 0) * BigInt(b | 0)) >> 32n));
      }
  });

  it('conditions, by all sixteen flag states', () => {
    for (let flags = 0; flags < 16; flags++) {
      const [n, z, c, v] = [8, 4, 2, 1].map((b) => (flags & b) !== 0) as [boolean, boolean, boolean, boolean];
      const m = { d: CONCRETE, n, z, c, v } as Machine<number, boolean>;
      const want = [z, !z, c, !c, n, !n, v, !v, c && !z, !c || z, n === v, n !== v, !z && n === v, z || n !== v, true];
      expect(want.map((_, i) => conditionHolds(m, i))).toEqual(want);
    }
  });

  it('loads and stores, indexing and write-back', () => {
    expect(step('ldrsb', [0, 1, -2], { 1: 0x102 }).r[0]).toBe(0);
    expect(step('ldrh', [0, 1, 3], { 1: 0x100 }).r[0]).toBe(0x0403);
    expect(step('ldr.r', [0, 1, 2, 2], { 1: 0x100, 2: 2 }).r[0]).toBe(0x0b0a0908);
    expect(step('ldr.pre', [0, 1, 4], { 1: 0x100 }).r.slice(0, 2)).toEqual([0x07060504, 0x104]);
    expect(step('ldr.post', [0, 1, -4], { 1: 0x104 }).r.slice(0, 2)).toEqual([0x07060504, 0x100]);
    expect(step('ldrd.post', [0, 2, 1, 8], { 1: 0x100 }).r.slice(0, 3)).toEqual([0x03020100, 0x108, 0x07060504]);
    expect([...step('strb', [0, 1, 1], { 0: 0x1ff, 1: 0x100 }).bytes.subarray(0, 3)]).toEqual([0, 255, 2]);
    expect([...step('strh', [0, 1, 0], { 0: 0xabcd, 1: 0x101 }).bytes.subarray(0, 4)]).toEqual([0, 0xcd, 0xab, 3]);
    expect(step('ldm.wb', [1, 0b1101], { 1: 0x100 }).r.slice(0, 4)).toEqual([
      0x03020100, 0x10c, 0x07060504, 0x0b0a0908,
    ]);
    expect(step('ldmdb', [1, 0b1100], { 1: 0x108 }).r.slice(1, 4)).toEqual([0x108, 0x03020100, 0x07060504]);
    const pushed = step('push', [(1 << 14) | 1], { 13: 0x110, 0: 0x11111111, 14: 0x22222222 });
    expect(pushed.r[13]).toBe(0x108);
    expect([...pushed.bytes.subarray(8, 16)]).toEqual([0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22]);
    expect(() => step('ldrd', [0, 2, 1, 0], { 1: 0x102 })).toThrow(/unaligned/);
    expect(() => step('ldm', [1, 0b1101], { 1: 0x101 })).toThrow(/unaligned/);
  });

  it('write-back leaves the low two bits of SP zero', () => {
    // As for every write to SP; QEMU's core agrees (test/emulated/cosim.test.ts).
    expect(step('str.pre', [0, 13, 7], { 0: 0x11223344, 13: 0x100 }).r[13]).toBe(0x104);
    expect([...step('str.pre', [0, 13, 7], { 0: 0x11223344, 13: 0x100 }).bytes.subarray(7, 11)]).toEqual([
      0x44, 0x33, 0x22, 0x11,
    ]);
    expect(step('ldr.pre', [0, 13, -2], { 13: 0x108 }).r.slice(13, 14)).toEqual([0x104]);
    expect(step('ldrb.post', [0, 13, 5], { 13: 0x108 }).r[13]).toBe(0x10c);
    expect(step('ldr.post', [0, 1, 5], { 1: 0x108 }).r[1]).toBe(0x10d);
  });

  it('branches and calls', () => {
    expect(step('b', [-6], {}).pc).toBe(BASE - 6);
    expect(step('beq', [20], {}, 'Z').pc).toBe(BASE + 20);
    expect(step('beq', [20], {}).pc).toBe(BASE + 2);
    expect(step('cbz', [3, 20], { 3: 0 }).pc).toBe(BASE + 20);
    expect(step('cbnz', [3, 20], { 3: 0 }).pc).toBe(BASE + 2);
    const called = step('bl', [0x400], {});
    expect([called.pc, called.r[14]]).toEqual([BASE + 0x400, BASE + 5]);
    const indirect = step('blx', [14], { 14: 0x2001 });
    expect([indirect.pc, indirect.r[14]]).toEqual([0x2000, BASE + 3]);
    expect(() => step('bx', [1], { 1: 0x2000 })).toThrow(/bit 0/);
    const popped = step(
      'pop',
      [(1 << 15) | 1],
      { 13: 0x101 - 1 },
      '',
      (() => {
        const bus = testBus();
        bus.write(0x104, 4, 0x2001);
        return bus;
      })(),
    );
    expect([popped.pc, popped.r[13], popped.r[0]]).toEqual([0x2000, 0x108, 0x03020100]);
  });

  it('an exclusive store stores if its load came before, from the same address, and only once', () => {
    const bus = testBus();
    const lines = ['ldrex 0 1 4', 'strex 2 3 1 4', 'strex 4 3 1 4', 'ldrex 5 1 4', 'strex 6 3 1 8'];
    const text = lines
      .map((line) => line.split(' '))
      .flatMap(([name, ...operands]) => [...isa.encode(name!, operands.map(Number), 0, 2)!]);
    const cpu = CPU.create(Uint8Array.from(text), BASE, bus);
    const start = (): void => {
      cpu.registers[1] = 0x100;
      cpu.registers[3] = 0x11223344;
      cpu.pc = BASE;
    };
    start();
    expect(cpu.run(100)).toBe(true);
    // Status of each store: done, without a load, of another word.
    expect([2, 4, 6].map((r) => cpu.registers[r])).toEqual([0, 1, 1]);
    expect([0, 5].map((r) => cpu.registers[r]! >>> 0)).toEqual([0x07060504, 0x11223344]);
    expect([...bus.bytes.subarray(0, 12)]).toEqual([0, 1, 2, 3, 0x44, 0x33, 0x22, 0x11, 8, 9, 10, 11]);
    // A called function may have been interrupted.
    start();
    cpu.run(cpu.instructions + 1);
    cpu.scramble(() => 0);
    cpu.run(cpu.instructions + 1);
    expect(cpu.registers[2]).toBe(1);
    expect(() => step('ldrex', [0, 1, 0], { 1: 0x102 })).toThrow(/unaligned/);
    expect(step('strex', [0, 2, 1, 0], { 1: 0x102 }).r[0]).toBe(1);
  });

  it('each core faults on what it has not: instructions, and misaligned accesses before ARMv7-M', () => {
    const on = (core: string, name: string, operands: number[], registers: Record<number, number>) =>
      step(name, operands, registers, '', testBus(), thumbCpu(findTarget(core)!.core));
    const at = { 1: 0x101, 2: 0 };
    for (const core of ['cortex-m0', 'cortex-m0plus', 'cortex-m23']) {
      for (const name of ['ldr', 'ldrh', 'str', 'strh'])
        for (const [r, o] of [
          [name, [0, 1, 0]],
          [`${name}.r`, [0, 1, 2, 0]],
        ] as const)
          expect(() => on(core, r, [...o], at), `${core} ${r}`).toThrow(/unaligned/);
      expect(() => on(core, 'ldrsh.r', [0, 1, 2, 0], at)).toThrow(/unaligned/);
      expect(() => on(core, 'ldr', [0, 1, 0], { 1: 0x102 })).toThrow(/unaligned/);
      expect(on(core, 'ldrb', [0, 1, 0], at).r[0]).toBe(1);
      expect(on(core, 'ldrh', [0, 1, 0], { 1: 0x102 }).r[0]).toBe(0x0302);
    }
    expect(on('cortex-m3', 'ldr', [0, 1, 0], at).r[0]).toBe(0x04030201);
    const needs: Record<string, readonly [name: string, operands: number[]][]> = {
      'cortex-m23': [
        ['movw', [0, 500]],
        ['cbz', [0, 8]],
        ['b', [4000]],
        ['udiv', [0, 1, 2]],
        ['ldrex', [0, 1, 0]],
      ],
      'cortex-m3': [
        ['ldrd', [0, 2, 1, 0]],
        ['umull', [0, 1, 2, 3]],
        ['adds', [8, 1, 2]],
        ['bne', [1000]],
      ],
      'cortex-m4': [['umaal', [0, 1, 2, 3]]],
    };
    const cores = ['cortex-m0', ...Object.keys(needs)];
    for (const [least, list] of Object.entries(needs))
      for (const [name, operands] of list)
        for (const core of cores) {
          const run = () => on(core, name, operands, { 1: 0x100 });
          if (cores.indexOf(core) < cores.indexOf(least)) expect(run, `${core} ${name}`).toThrow(/core lacks/);
          else expect(run).not.toThrow();
        }
  });

  it('effects are read off the meanings', () => {
    const of = (name: string, ...operands: number[]) => {
      const b = isa.encode(name, operands, 0, 2)!;
      const half = (i: number) => (b[i] ?? 0) | ((b[i + 1] ?? 0) << 8);
      return effects(decode(half(0), half(2), 0, 'out')!);
    };
    expect(of('adds', 0, 1, 2)).toMatchObject({ uses: 0b110, defs: 1, flagsUsed: '', flagsSet: 'nzcv', flow: 'next' });
    expect(of('adc', 0, 1, 2)).toMatchObject({ flagsUsed: 'c', flagsSet: '' });
    expect(of('movt', 3, 1)).toMatchObject({ uses: 8, defs: 8 });
    expect(of('ldr.post', 0, 1, 4)).toMatchObject({ uses: 2, defs: 3, loads: 1, stores: 0 });
    expect(of('push', 0x4010)).toMatchObject({ uses: 0x6010, defs: 1 << 13, stores: 2 });
    expect(of('pop', 0x8010)).toMatchObject({ uses: 1 << 13, defs: 0x2010, loads: 2, flow: 'indirect' });
    expect(of('bhi', 8)).toMatchObject({ flagsUsed: 'zc', flow: 'conditional' });
    expect(of('bl', 8)).toMatchObject({ defs: 1 << 14, flow: 'direct' });
    expect(of('ldr.lit', 0, 4)).toMatchObject({ uses: 0, defs: 1, loads: 1, literal: true });
    expect(of('udf', 1)).toMatchObject({ flow: 'stop' });
  });
});
