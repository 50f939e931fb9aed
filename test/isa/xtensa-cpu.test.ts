// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { CORES, FEATURES, featureBitsOf } from '../../backends/xtensa/cores.js';
import { xtensaCpu } from '../../backends/xtensa/cpu.js';
import { ROWS } from '../../backends/xtensa/isa.js';
import type { HelperArg, HelperRow } from '../../compiler/contract/helpers.js';
import type { HelperHost } from '../../compiler/host/helpers.js';
import { callImport } from '../../compiler/simulator/calls.js';
import { CpuFault } from '../../compiler/simulator/cpu.js';
import { SimMemory } from '../../compiler/simulator/memory.js';
import { casesOf } from './xtensa-cases.js';
import {
  assemble,
  BASE,
  type Code,
  execute,
  full,
  isa,
  MEMORY,
  run,
  testBus,
  without,
  word,
} from './xtensa-harness.js';

describe('Xtensa processor model', () => {
  it('loads and stores, aligned ones only', () => {
    expect(execute([['l8ui', 4, 5, 7]], { 5: MEMORY }).r[4]).toBe(0x87);
    expect(execute([['l16ui', 4, 5, 6]], { 5: MEMORY }).r[4]).toBe(0x8786);
    expect(execute([['l16si', 4, 5, 510]], { 5: MEMORY - 504 }).r[4]).toBe(0xffff8786);
    expect(execute([['l32i', 4, 5, 60]], { 5: MEMORY - 56 }).r[4]).toBe(0x87868584);
    expect(execute([['l32i', 5, 5, 1020]], { 5: MEMORY - 1016 }).r[5]).toBe(0x87868584);
    expect([...execute([['s8i', 4, 5, 1]], { 4: 0x1ff, 5: MEMORY }).bytes.subarray(0, 3)]).toEqual([128, 255, 130]);
    expect([...execute([['s16i', 4, 5, 2]], { 4: 0x11223344, 5: MEMORY }).bytes.subarray(1, 5)]).toEqual([
      129, 0x44, 0x33, 132,
    ]);
    const stored = execute(
      [
        ['s32i', 4, 5, 4],
        ['s32i', 4, 5, 0],
      ],
      { 4: 0x11223344, 5: MEMORY + 4 },
    );
    expect([word(stored.bytes, 0), word(stored.bytes, 4), word(stored.bytes, 8)]).toEqual([
      0x83828180, 0x11223344, 0x11223344,
    ]);
    for (const [name, unit] of [
      ['l16ui', 2],
      ['l16si', 2],
      ['l32i', 4],
      ['s16i', 2],
      ['s32i', 4],
      ['s32c1i', 4],
    ] as const)
      for (let skew = 1; skew < unit; skew++)
        expect(() => execute([[name, 4, 5, 4]], { 5: MEMORY + skew }), `${name} ${skew}`).toThrow(/misaligned/);
    for (const name of ['l8ui', 'l32i', 's8i', 's32i', 's32c1i'])
      expect(() => execute([[name, 4, 5, 0]], { 5: 0 }), name).toThrow(CpuFault);
  });

  it('jumps and links, at any address', () => {
    const called = execute([['nop'], ['call0', 1026]], {});
    expect([called.pc, called.r[0]]).toEqual([BASE + 1028, BASE + 5]);
    expect(execute([['call0', -524284]], {}).pc).toBe((BASE - 524284) >>> 0);
    const indirect = execute([['callx0', 0]], { 0: 0x2001 });
    expect([indirect.pc, indirect.r[0]]).toEqual([0x2001, BASE + 3]);
    expect(execute([['ret']], { 0: 0xfffffffd }).pc).toBe(0xfffffffd);
    expect(execute([['jx', 7]], { 7: 0x80000001 }).pc).toBe(0x80000001);
    expect(execute([['j', 131075]], {}).pc).toBe(BASE + 131075);
    expect(execute([['j', -131068]], {}).pc).toBe(BASE - 131068);
    for (const name of ['nop', 'memw', 'extw']) expect(execute([[name]], { 4: 7 }).r[4]).toBe(7);
  });

  it('leaves the address of the byte behind a call0 in a stub of 4 bytes', () => {
    const { abi } = xtensaCpu(full);
    const text = Uint8Array.of(...isa.encode('call0', [8], BASE, 1)!, ...isa.encode('pad', [], BASE + 3, 1)!);
    expect(text).toHaveLength(4);
    expect(run(text, {}, 1).r[abi.linkRegister]).toBe(BASE + abi.trapLink);
    expect(() => run(text.subarray(3), {}, 1)).toThrow(/undefined instruction/);
  });

  describe('loops', () => {
    const add3 = ['addi', 4, 4, 3] as const;
    const wide = (name: string, count: number): Code =>
      [[name, 5, 5], add3, ['addi', 6, 6, 1]].map((i) => i as Code[0]).slice(0, count);

    it('go round as often as the register says', () => {
      for (const name of ['loop', 'loopnez', 'loopgtz'])
        for (const count of [1, 2, 7]) {
          // The body is one instruction of 2 bytes; another one stands behind it.
          const done = execute(wide(name, 3), { 4: 0, 5: count, 6: 0 }, 100);
          expect([done.r[4], done.r[6], done.pc], name).toEqual([3 * count, 1, BASE + 7]);
          expect(done.instructions).toBe(2 + count);
        }
    });

    it('are left out for zero, and for less with loopgtz', () => {
      for (const [name, count, turns] of [
        ['loopnez', 0, 0],
        ['loopgtz', 0, 0],
        ['loopgtz', -1, 0],
        ['loopgtz', 0x80000000, 0],
      ] as const) {
        const done = execute(wide(name, 3), { 4: 0, 5: count, 6: 0 }, 100);
        expect([done.r[4], done.r[6]], name).toEqual([turns, 1]);
      }
      // Without a test, zero means 2^32 turns.
      expect(execute(wide('loop', 3), { 4: 0, 5: 0, 6: 0 }, 100).instructions).toBe(100);
    });

    it('may be left by a branch, and gone on with by one inside', () => {
      // A branch at the very end that is taken: out of the loop, though the count is not used up.
      const out: Code = [['loop', 5, 8], ['addi', 4, 4, 1], ['beqi', 4, 3, 20], ['nop']];
      const left = execute(out, { 4: 0, 5: 10 }, 100);
      expect([left.r[4], left.pc]).toEqual([3, BASE + 5 + 20]);
      // A forward branch to the end of the body ends the loop as well: it is no fall-through.
      const skip: Code = [
        ['loop', 5, 9],
        ['beqz', 4, 6],
        ['addi', 4, 4, -1],
        ['addi', 6, 6, 1],
      ];
      const skipped = execute(skip, { 4: 2, 5: 10, 6: 0 }, 100);
      expect(skipped.r.slice(4, 7)).toEqual([0, 10, 2]);
    });

    it('count in LCOUNT between LBEG and LEND', () => {
      const code: Code = [
        ['loop', 5, 6],
        ['rsr.lcount', 4],
        ['rsr.lbeg', 6],
        ['rsr.lend', 7],
      ];
      const first = execute(code, { 5: 3 }, 2);
      expect(first.r[4]).toBe(2);
      const done = execute(code, { 5: 3 }, 100);
      expect([done.r[4], done.r[6], done.r[7]]).toEqual([0, BASE + 3, BASE + 6]);
      // Set by hand, in the order that the manual asks for.
      const set: Code = [
        ['wsr.lbeg', 8],
        ['wsr.lend', 9],
        ['wsr.lcount', 10],
        ['addi', 4, 4, 5],
      ];
      const text = assemble(set);
      const again = run(text, { 4: 0, 8: BASE + 9, 9: BASE + 11, 10: 4 }, 100);
      expect([again.r[4], again.pc, again.instructions]).toEqual([25, BASE + 11, 8]);
    });
  });

  it('faults on what the core lacks and what is undefined', () => {
    const rows = ROWS.filter((r) => r.feature !== 'base');
    const seen = new Set<string>();
    for (const row of rows) {
      const operands = casesOf(row, 'inside', 0)[0]!;
      const text = isa.encode(row.name, operands, BASE, row.size)!;
      const registers = Object.fromEntries(Array.from({ length: 16 }, (_, r) => [r, MEMORY]));
      expect(run(text, registers, 1).instructions, row.name).toBe(1);
      expect(() => run(text, registers, 1, without(row.feature)), row.name).toThrow(/the core lacks/);
      seen.add(row.feature);
    }
    expect([...seen].sort()).toEqual(Object.keys(FEATURES).sort());
    expect(() => run(Uint8Array.of(0, 0, 0), {}, 1)).toThrow(/undefined instruction 0x0/);
    expect(() => run(Uint8Array.of(0x6d, 0xf0), {}, 1)).toThrow(/undefined instruction 0xf06d/);
    expect(() => run(Uint8Array.of(0x90, 0, 0), {}, 1)).toThrow(/undefined instruction 0x90/);
    expect(() => run(Uint8Array.of(0x0e, 0, 0, 0), {}, 1)).toThrow(/undefined instruction 0xe/);
    expect(() => run(Uint8Array.of(0x5a), {}, 1)).toThrow(/past the end/);
    expect(() => run(Uint8Array.of(0x80, 0x34), {}, 1)).toThrow(/past the end/);
    for (const name of ['quou', 'quos', 'remu', 'rems'])
      expect(() => execute([[name, 4, 5, 6]], { 5: 1, 6: 0 }), name).toThrow(/by zero/);
  });

  it('shifts by more than 32 in SAR fault, as the manual leaves them open', () => {
    for (const [name, ...operands] of [
      ['src', 4, 5, 6],
      ['sll', 4, 5],
      ['srl', 4, 5],
      ['sra', 4, 5],
    ] as [string, ...number[]][]) {
      const code: Code = [
        ['wsr.sar', 9],
        [name, ...operands],
      ];
      expect(execute(code, { 9: 32 }).instructions).toBe(2);
      expect(() => execute(code, { 9: 33 }), name).toThrow(/shift by 33/);
    }
  });

  it('gives the culprit of a fault as pc, and stops where it is told', () => {
    const text = assemble([['nop'], ['l32i', 4, 5, 0], ['nop']]);
    const cpu = xtensaCpu(full).create(text, BASE, testBus());
    cpu.pc = BASE;
    expect(() => cpu.run(9)).toThrow(CpuFault);
    expect([cpu.pc, cpu.instructions]).toEqual([BASE + 2, 2]);
    expect(cpu.describe(cpu.pc)).toBe('text+0x2: l32i.n a4, a5, 0');
    expect(cpu.describe(BASE + 6)).toBe('outside the text at 0x40006');
    cpu.registers[5] = MEMORY;
    expect(cpu.run(3)).toBe(false);
    expect(cpu.pc).toBe(BASE + 4);
    expect(cpu.run(9)).toBe(true);
    expect([cpu.pc, cpu.instructions]).toEqual([BASE + 6, 4]);
  });

  it('a call may leave anything in SAR, SCOMPARE1 and LCOUNT, but no loop in the text', () => {
    const text = assemble([
      ['rsr.sar', 4],
      ['rsr.scompare1', 5],
      ['rsr.lcount', 6],
      ['addi', 7, 7, 1],
    ]);
    const cpu = xtensaCpu(full).create(text, BASE, testBus());
    cpu.pc = BASE;
    cpu.scramble(() => 0xfedcba98);
    expect(cpu.run(99)).toBe(true);
    expect([...cpu.registers.subarray(4, 8)].map((v) => v >>> 0)).toEqual([0x18, 0xfedcba98, 0xfedcba98, 1]);
  });

  // Places as xtensa-lx106-elf-gcc chooses them: numbers are registers, strings offsets from sp.
  it.each<[string, HelperArg['kind'][], (number | string)[][]]>([
    ['a pair starts at an even register', ['u64', 'u32'], [[4, 5], [6]]],
    ['the odd one between stays empty', ['u32', 'u64', 'u32'], [[3], [4, 5], [6]]],
    [
      'what does not fit goes on the stack as a whole',
      ['u32', 'u32', 'u32', 'u32', 'u64', 'u32'],
      [[3], [4], [5], [6], ['0', '4'], ['8']],
    ],
    ['an aligned pair behind one stack word', ['u64', 'u64', 'u32', 'u64'], [[4, 5], [6, 7], ['0'], ['8', '12']]],
  ])('helper arguments: %s', (_, kinds, places) => {
    const { abi, create } = xtensaCpu(full);
    const stack = { name: 'stack', base: MEMORY, bytes: new Uint8Array(256), readable: true, writable: () => true };
    const text = { ...stack, name: 'text', base: 0x1000000, bytes: new Uint8Array(16) };
    const memory = new SimMemory([{ ...stack, region: false }], { ...text, region: false }, new Map());
    const cpu = create(text.bytes, text.base, memory);
    const instance = 0x40000000;
    const want = kinds.map((kind, i) => BigInt(i + 1) * (kind === 'u64' ? 0x100000100n : 0x100n));
    places.forEach((words, i) => {
      words.forEach((place, j) => {
        const value = Number((want[i]! >> BigInt(32 * j)) & 0xffffffffn);
        if (typeof place === 'number') cpu.registers[place] = value;
        else memory.write(MEMORY + 16 + Number(place), 4, value);
      });
    });
    cpu.registers[abi.argumentRegisters[0]!] = instance;
    cpu.registers[abi.instanceRegister] = instance;
    cpu.registers[abi.stackPointer] = MEMORY + 16;
    cpu.registers[abi.linkRegister] = text.base + 8;
    const row: HelperRow = {
      id: 1,
      name: 'probe',
      args: kinds.map((kind) => ({ kind, name: 'x' }) as HelperArg),
      result: { kind: 'u64' },
      doc: '',
    };
    let got: readonly bigint[] = [];
    const host = {
      row: () => row,
      call: (_id: number, args: readonly bigint[]) => {
        got = args;
        return 0x1122334455667788n;
      },
    } as unknown as HelperHost;
    callImport({ abi, cpu, memory, host, instance, random: () => 0x5a5a5a5a }, 1);
    expect(got).toEqual(want);
    expect([cpu.registers[2], cpu.registers[3], cpu.pc]).toEqual([0x55667788, 0x11223344, text.base + 8]);
    expect([cpu.registers[0], cpu.registers[11], cpu.registers[12]]).toEqual([0x5a5a5a5a, 0x5a5a5a5a, 0]);
  });

  it('gives the call0 convention', () => {
    expect(xtensaCpu(full).abi).toEqual({
      argumentRegisters: [2, 3, 4, 5, 6, 7],
      alignPairs: true,
      resultRegisters: [2, 3],
      callerSaved: [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
      stackPointer: 1,
      stackAlign: 16,
      linkRegister: 0,
      trapLink: 3,
      instanceRegister: 15,
      codeBit: 0,
    });
  });

  it('cores say in bits what their features say', () => {
    for (const c of CORES) {
      expect(Object.keys(c.features).sort()).toEqual(Object.keys(FEATURES).sort());
      expect(c.featureBits).toBe(featureBitsOf(c.features));
      for (const e of c.emulators)
        for (const f of e.lacks) expect(c.features[f], `${c.name} ${e.board} ${f}`).toBe(true);
    }
    expect(CORES.map((c) => c.name)).toEqual(['esp8266', 'esp32', 'esp32s3']);
    const bits = Object.values(FEATURES).map((f) => f.bit);
    expect(new Set(bits).size).toBe(bits.length);
    expect(featureBitsOf({ density: true, nsa: true, mul32: false })).toBe(FEATURES.density.bit | FEATURES.nsa.bit);
  });
});
