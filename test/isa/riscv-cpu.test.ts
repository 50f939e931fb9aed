// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { CORES, FEATURES, featureBitsOf } from '../../backends/riscv/cores.js';
import { riscvCpu } from '../../backends/riscv/cpu.js';
import { makeIsa } from '../../backends/riscv/isa.js';
import type { Core } from '../../compiler/codegen/target.js';
import type { HelperArg, HelperRow } from '../../compiler/contract/helpers.js';
import type { HelperHost } from '../../compiler/host/helpers.js';
import { callImport } from '../../compiler/simulator/calls.js';
import { CpuFault } from '../../compiler/simulator/cpu.js';
import { SimMemory } from '../../compiler/simulator/memory.js';
import { BASE, execute, full, isa, MEMORY, run, testBus, without, word } from './riscv-harness.js';

function encodeArgs([name, ...operands]: readonly [string, ...number[]]): [string, number[], number, number] {
  return [name, operands, 0, 2];
}

describe('RISC-V processor model', () => {
  it('loads and stores, aligned ones only', () => {
    expect(execute([['lb', 10, 11, 4]], { 11: MEMORY }).r[10]).toBe(0xffffff84);
    expect(execute([['lbu', 10, 11, -3]], { 11: MEMORY + 6 }).r[10]).toBe(0x83);
    expect(execute([['lh', 10, 11, 4]], { 11: MEMORY }).r[10]).toBe(0xffff8584);
    expect(execute([['lhu', 10, 11, 4]], { 11: MEMORY + 2 }).r[10]).toBe(0x8786);
    expect(execute([['lw', 10, 11, 2047]], { 11: MEMORY - 2043 }).r[10]).toBe(0x87868584);
    expect(execute([['lw', 8, 8, 124]], { 8: MEMORY - 120 }).r[8]).toBe(0x87868584);
    expect(execute([['lw', 31, 2, 252]], { 2: MEMORY - 248 }).r[31]).toBe(0x87868584);
    expect([...execute([['sb', 10, 11, 1]], { 10: 0x1ff, 11: MEMORY }).bytes.subarray(0, 3)]).toEqual([128, 255, 130]);
    expect([...execute([['sh', 10, 11, -2]], { 10: 0x11223344, 11: MEMORY + 4 }).bytes.subarray(1, 5)]).toEqual([
      129, 0x44, 0x33, 132,
    ]);
    expect(word(execute([['sw', 9, 8, 4]], { 9: 0x11223344, 8: MEMORY }).bytes, 4)).toBe(0x11223344n);
    expect(word(execute([['sw', 0, 2, 8]], { 2: MEMORY }).bytes, 8)).toBe(0n);
    for (const [name, offsets] of [
      ['lh', [1, 3]],
      ['lhu', [1, 3]],
      ['lw', [1, 2, 3]],
      ['sh', [1, 3]],
      ['sw', [1, 2, 3]],
    ] as const)
      for (const o of offsets)
        expect(() => execute([[name, 10, 11, o]], { 11: MEMORY }), `${name} ${o}`).toThrow(/misaligned/);
    expect(() => execute([['lw', 10, 11, 0]], { 11: 0 })).toThrow(CpuFault);
  });

  it('upper immediates, jumps and links', () => {
    expect(execute([['lui', 10, 0xfffff]], {}).r[10]).toBe(0xfffff000);
    expect(execute([['lui', 20, 0x12345]], {}).r[20]).toBe(0x12345000);
    expect(execute([['auipc', 10, 0xfffff]], {}).r[10]).toBe(BASE - 0x1000);
    const called = execute([['jal', 1, 100]], {});
    expect([called.pc, called.r[1]]).toEqual([BASE + 100, BASE + 2]);
    const long = execute([['jal.long', 1, 100]], {});
    expect([long.pc, long.r[1]]).toEqual([BASE + 100, BASE + 4]);
    const far = execute([['jal', 5, -(2 ** 20)]], {});
    expect([far.pc, far.r[5]]).toEqual([(BASE - 2 ** 20) >>> 0, BASE + 4]);
    const indirect = execute([['jalr', 1, 1, 5]], { 1: 0x2000 });
    expect([indirect.pc, indirect.r[1]]).toEqual([0x2004, BASE + 4]);
    const short = execute([['jalr', 1, 10, 0]], { 10: 0x2001 });
    expect([short.pc, short.r[1]]).toEqual([0x2000, BASE + 2]);
    expect(execute([['jalr', 0, 1, 0]], { 1: 0x2002 }).pc).toBe(0x2002);
    expect(execute([['fence', 3, 1]], { 5: 7 }).r[5]).toBe(7);
  });

  it('register 0 stays zero', () => {
    expect(execute([['add', 10, 0, 0]], { 0: 77 }).r.slice(0, 11)).toEqual(new Array(11).fill(0));
    expect(
      execute(
        [
          ['lw', 0, 11, 0],
          ['addi', 10, 0, 3],
        ],
        { 0: -1, 11: MEMORY },
      ).r[10],
    ).toBe(3);
    expect(execute([['jal', 0, 8]], {}).r[0]).toBe(0);
  });

  it('reservations end with the sc.w, with other accesses and with calls', () => {
    const start = { 20: MEMORY, 21: MEMORY + 4, 22: 0x11223344 };
    const lr = ['lr.w', 10, 20] as const;
    const sc = ['sc.w', 11, 22, 20] as const;
    const held = execute([lr, sc], start);
    expect([held.r[10], held.r[11], word(held.bytes, 0)]).toEqual([0x83828180, 0, 0x11223344n]);
    for (const [title, code] of [
      ['no reservation', [sc]],
      ['a second time', [lr, sc, ['addi', 22, 22, 1], sc]],
      ['another address', [['lr.w', 10, 21], sc]],
      ['a failed one between', [lr, ['sc.w', 12, 22, 21], sc]],
      ['a load between', [lr, ['lw', 12, 21, 0], sc]],
      ['a store between', [lr, ['sw', 12, 21, 0], sc]],
      ['an amo between', [lr, ['amoadd.w', 12, 0, 21], sc]],
    ] as [string, [string, ...number[]][]][]) {
      const done = execute(code, start);
      expect(done.r[11], title).toBe(1);
      expect(word(done.bytes, 0), title).toBe(title === 'a second time' ? 0x11223344n : 0x83828180n);
    }
    const text = Uint8Array.from([...isa.encode(...encodeArgs(lr))!, ...isa.encode(...encodeArgs(sc))!]);
    const bus = testBus();
    const cpu = riscvCpu(full).create(text, BASE, bus);
    cpu.registers.set([MEMORY, MEMORY + 4, 5], 20);
    cpu.pc = BASE;
    expect(cpu.run(1)).toBe(false);
    cpu.scramble(() => 1);
    expect(cpu.run(2)).toBe(true);
    expect([cpu.registers[11], word(bus.bytes, 0)]).toEqual([1, 0x83828180n]);
    expect(() => execute([['lr.w', 10, 20]], { 20: MEMORY + 2 })).toThrow(/misaligned/);
    expect(() => execute([['sc.w', 10, 22, 20]], { 20: MEMORY + 1 })).toThrow(/misaligned/);
  });

  it('faults on what the core lacks', () => {
    const bytes = (name: string, ...operands: number[]): Uint8Array => isa.encode(name, operands, 0, 4)!;
    for (const [feature, name, operands] of [
      ['mul', 'mulhu', [10, 11, 12]],
      ['div', 'rem', [10, 11, 12]],
      ['atomics', 'amoadd.w', [10, 11, 12]],
      ['atomics', 'lr.w.aq', [10, 12]],
    ] as const) {
      const text = bytes(name, ...operands);
      expect(run(text, { 12: MEMORY }, 1).instructions).toBe(1);
      expect(() => run(text, { 12: MEMORY }, 1, without(feature)), name).toThrow(/lacks/);
    }
    expect(() => run(Uint8Array.of(0x11, 0x05), {}, 1, without('compressed'))).toThrow(/lacks c.addi/);
    const few: Core = { ...full, features: { ...full.features, registers16: true } };
    expect(run(bytes('add', 15, 14, 13), {}, 1, few).instructions).toBe(1);
    expect(() => run(bytes('add', 16, 14, 13), {}, 1, few)).toThrow(/lacks add a6/);
    expect(() => run(bytes('add', 15, 14, 29), {}, 1, few)).toThrow(/lacks/);
    expect(() => run(Uint8Array.of(0, 0, 0, 0), {}, 1)).toThrow(/undefined or reserved instruction 0x0/);
    expect(() => run(Uint8Array.of(0x73, 0, 0, 0), {}, 1)).toThrow(/undefined or reserved instruction 0x73/);
    expect(() => run(Uint8Array.of(0x13, 0), {}, 1)).toThrow(/past the end/);
  });

  it('instructions stand at even addresses, at multiples of 4 without compressed ones', () => {
    const wide = without('compressed');
    const jump = makeIsa(wide.features).encode('jal', [0, 6], 0, 2)!;
    expect(run(jump, {}, 1).pc).toBe(BASE + 6);
    expect(() => run(jump, {}, 1, wide)).toThrow(/misaligned address 0x1006/);
    expect(() => execute([['jalr', 0, 10, 2]], { 10: 0x2000 }, wide)).toThrow(/misaligned/);
    expect(execute([['bne', 10, 0, 6]], { 10: 0 }, wide).pc).toBe(BASE + 4);
    const cpu = riscvCpu(full).create(jump, BASE, testBus());
    cpu.pc = BASE + 1;
    expect(() => cpu.run(1)).toThrow(/misaligned address 0x1001/);
    expect(cpu.pc).toBe(BASE + 1);
  });

  it('describes places', () => {
    const cpu = riscvCpu(full).create(Uint8Array.of(0x11, 0x05), BASE, testBus());
    cpu.pc = BASE;
    expect(cpu.run(9)).toBe(true);
    expect(cpu.describe(BASE)).toBe('text+0x0: c.addi a0, 0x4');
    expect(cpu.describe(BASE + 2)).toBe('outside the text at 0x1002');
  });

  it('gives the calling convention of ilp32, or ilp32e with the register limit', () => {
    const { abi } = riscvCpu(full);
    expect(abi).toMatchObject({ stackPointer: 2, stackAlign: 16, linkRegister: 1, instanceRegister: 27, codeBit: 0 });
    expect(abi.callerSaved).toEqual([1, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31]);
    const few = riscvCpu({ ...full, features: { ...full.features, registers16: true } }).abi;
    expect(few).toMatchObject({ stackAlign: 4, instanceRegister: 9, argumentRegisters: [10, 11, 12, 13, 14, 15] });
    expect(few.callerSaved).toEqual([1, 5, 6, 7, 10, 11, 12, 13, 14, 15]);
  });

  // Places as riscv64-unknown-elf-gcc chooses them (-march=rv32imac -mabi=ilp32; -march=rv32e -mabi=ilp32e): numbers are
  // registers, strings offsets from sp. A 64-bit argument may be split; as a whole on the stack, ilp32 aligns it.
  const ILP32E = { ...full, features: { ...full.features, registers16: true } };
  it.each<[string, Core, HelperArg['kind'][], (number | string)[][]]>([
    ['a pair needs no even register', full, ['u64', 'u32'], [[11, 12], [13]]],
    [
      'a split pair, and an aligned one behind it',
      full,
      ['u64', 'u64', 'u64', 'u64', 'u64'],
      [
        [11, 12],
        [13, 14],
        [15, 16],
        [17, '0'],
        ['8', '12'],
      ],
    ],
    [
      'a pair behind one stack word',
      full,
      ['u64', 'u64', 'u64', 'u32', 'u32', 'u64', 'u32'],
      [[11, 12], [13, 14], [15, 16], [17], ['0'], ['8', '12'], ['16']],
    ],
    [
      'the same with fewer registers',
      ILP32E,
      ['u64', 'u64', 'u32', 'u32', 'u64', 'u32'],
      [[11, 12], [13, 14], [15], ['0'], ['4', '8'], ['12']],
    ],
  ])('helper arguments: %s', (_, core, kinds, places) => {
    const { abi, create } = riscvCpu(core);
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
    expect([cpu.registers[10], cpu.registers[11], cpu.pc]).toEqual([0x55667788, 0x11223344, text.base + 8]);
    expect([cpu.registers[1], cpu.registers[8]]).toEqual([0x5a5a5a5a, 0]);
  });

  it('cores say in bits what their features say', () => {
    expect(CORES.map((c) => [c.name, c.featureBits])).toEqual([
      ['rv32imc', 1 | 2 | 8],
      ['rv32imac', 1 | 2 | 4 | 8],
    ]);
    for (const c of CORES) expect(Object.keys(c.features).sort()).toEqual(Object.keys(FEATURES).sort());
    expect(featureBitsOf(without('mul', 'compressed').features)).toBe(2 | 4);
  });
});
