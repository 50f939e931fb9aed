// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { thumbCpu } from '../../backends/thumb/cpu.js';
import { makeIsa } from '../../backends/thumb/isa.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest, RunResult } from '../../compiler/host/engine.js';
import { LAYOUT } from '../../compiler/host/layout.js';
import { INSTANCE, INTRINSIC_BASE, instanceImportOffset, instanceRegionOffset } from '../../compiler/image/fields.js';
import type { ImageParts } from '../../compiler/image/image.js';
import { readImage } from '../../compiler/image/read.js';
import { writeImage } from '../../compiler/image/write.js';
import { simulate } from '../../compiler/simulator/simulator.js';

const CPU = thumbCpu(findTarget('cortex-m4')!.core);

const isa = makeIsa('dsp');
type Line = [name: string, ...operands: number[]];

function assemble(lines: readonly Line[]): Uint8Array {
  const out: number[] = [];
  for (const [name, ...operands] of lines) {
    const bytes = isa.encode(name, operands, out.length, 2);
    if (!bytes) throw new Error(`${name} ${operands}`);
    out.push(...bytes);
  }
  return Uint8Array.from(out);
}

const request = (more: Partial<RunRequest> = {}): RunRequest => ({
  context: null,
  regions: new Map(),
  fuel: 100,
  ...more,
});

interface Setup extends Partial<ImageParts> {
  readonly stack?: number;
  readonly contract?: Contract;
  readonly request?: RunRequest;
  readonly seed?: number;
  readonly maxInstructions?: number;
}

function run(lines: readonly Line[] | Uint8Array, s: Setup = {}): RunResult {
  const { stack, contract, request: asked, seed, maxInstructions, ...parts } = s;
  const image = readImage(
    writeImage({
      arch: 'thumb',
      features: 0,
      contractHash: 0,
      contextAlign: 1,
      contextRights: 'rw',
      contextLength: null,
      entries: [{ name: 'main', offset: 0, worstCase: null, stackLength: stack ?? 0 }],
      imports: [],
      regions: [],
      text: lines instanceof Uint8Array ? lines : assemble(lines),
      rodata: new Uint8Array(0),
      data: new Uint8Array(0),
      bssLength: 0,
      frameLength: 0,
      trapTable: 0,
      trapCount: 0,
      ...parts,
    }),
  );
  return simulate(image, 'main', contract ?? DEFAULT_CONTRACT, asked ?? request(), {
    cpu: CPU,
    seed,
    maxInstructions,
  });
}

/** r0 (and r1 = 0) as the result. */
const RETURN: Line[] = [
  ['movs.i', 1, 0],
  ['bx', 14],
];
const region = (i: number, field: 'base' | 'length') => instanceRegionOffset(i, field);

describe('simulator', () => {
  it('returns r0:r1 and counts instructions, IT and skipped ones too', () => {
    const r = run([
      ['movs.i', 0, 7],
      ['cmp.i', 0, 7],
      ['it', 1, 0b1000 | 0b0100],
      ['mov.i.it', 0, 1],
      ['mov.i.it', 1, 9],
      ['bx', 14],
    ]);
    expect(r).toMatchObject({ status: 'ok', instructions: 6 });
    const taken = run([
      ['movs.i', 0, 7],
      ['movs.i', 1, 3],
      ['cmp.i', 0, 7],
      ['it', 0, 0b0100],
      ['mov.i.it', 0, 1],
      ['mov.i.it', 1, 9],
      ['bx', 14],
    ]);
    expect(taken).toMatchObject({ status: 'ok', r0: 0x900000001n, instructions: 7 });
    const other = run([
      ['movs.i', 0, 7],
      ['movs.i', 1, 3],
      ['cmp.i', 0, 7],
      ['it', 0, 0b1100],
      ['mov.i.it', 0, 1],
      ['mov.i.it', 1, 9],
      ['bx', 14],
    ]);
    expect(other).toMatchObject({ status: 'ok', r0: 0x300000001n, instructions: 7 });
  });

  it('16-bit operations inside IT leave the flags alone', () => {
    const r = run([
      ['movs.i', 0, 0],
      ['movs.i', 1, 0],
      ['it', 0, 0b0100],
      ['add.i.it', 0, 0, 5],
      ['add.i.it', 0, 0, 1],
      ['it', 0, 0b1000],
      ['add.i.it', 0, 0, 1],
      ['bx', 14],
    ]);
    expect(r.r0).toBe(7n);
  });

  it('gives the context its address and length', () => {
    const context = Uint8Array.of(1, 2, 3, 4);
    const r = run(
      [
        ['adds', 4, 0, 2],
        ['ldr', 0, 0, 0],
        ['movs', 1, 2],
        ['bx', 14],
      ],
      { request: request({ context }) },
    );
    expect(r.r0).toBe(0x0000000404030201n);
    expect(r.context).toEqual(context);
  });

  it.each([1, 2, 4, 8])('context accesses of %d bytes outside it are faults on both sides', (size) => {
    const context = new Uint8Array(8);
    for (const write of [false, true]) {
      const name = `${write ? 'str' : 'ldr'}${{ 1: 'b', 2: 'h', 4: '', 8: 'd' }[size]}`;
      const access = (off: number): Line => (size === 8 ? [name, 4, 5, 0, off] : [name, 4, 0, off]);
      // The context is 8-aligned for pairs.
      const contract: Contract = { ...DEFAULT_CONTRACT, context: { ...DEFAULT_CONTRACT.context, align: 8 } };
      const go = (off: number) => run([access(off), ...RETURN], { contract, request: request({ context }) });
      expect(go(8 - size).status).toBe('ok');
      for (const off of size === 8 ? [-4, 4] : [-1, -size, 8 - size + 1, 8]) {
        const r = go(off);
        expect(r.trap, `${name} ${off}`).toMatchObject({ name: 'fault', code: 6 });
        expect(r.trap?.detail).toMatch(/text\+0x0: /);
        // Of a pair, the word inside may have been written.
        if (size < 8) expect(r.context).toEqual(context);
      }
    }
  });

  it('wrapped addresses meet nothing', () => {
    for (const address of [0, -1, -4, -2]) {
      const r = run([['mvn.i', 3, ~address >>> 0], ['ldr', 0, 3, 0], ...RETURN]);
      expect(r.trap?.name).toBe('fault');
    }
  });

  it('the native stack is as long as the header says, and no longer', () => {
    const body = (pushed: number): Line[] => [['push', pushed], ['pop', pushed], ['movs.i', 0, 3], ...RETURN];
    expect(run(body(0b1111), { stack: 16 })).toMatchObject({ status: 'ok', r0: 3n });
    expect(run(body(0b11111), { stack: 16 }).trap?.detail).toMatch(/stack|mapped/);
    expect(run([['ldr', 0, 13, 0], ...RETURN], { stack: 16 }).trap?.name).toBe('fault');
  });

  it('the instance may be read, and nothing but its fuel written', () => {
    expect(run([['ldr', 0, 9, INSTANCE.offset.fuel], ...RETURN]).r0).toBe(100n);
    expect(run([['str', 0, 9, INSTANCE.offset.fuel], ...RETURN]).status).toBe('ok');
    expect(run([['str', 0, 9, INSTANCE.offset.trap], ...RETURN]).trap?.name).toBe('fault');
    expect(run([['strb', 0, 9, INSTANCE.offset.fuel], ...RETURN]).trap?.name).toBe('fault');
    expect(run([['str', 0, 9, region(2, 'base')], ...RETURN]).trap?.name).toBe('fault');
  });

  it('text is data only to PC-relative literals', () => {
    const literal = [['ldr.lit', 0, 8], ...RETURN, ['nop']] as Line[];
    const text = Uint8Array.from([...assemble(literal), 0x78, 0x56, 0x34, 0x12]);
    expect(run(text).r0).toBe(0x12345678n);
    expect(run([['adr', 2, 8], ['ldr', 0, 2, 0], ...RETURN, ['nop'], ['nop']]).trap?.detail).toMatch(/may not be read/);
    expect(run([['adr', 2, 8], ['str', 0, 2, 0], ...RETURN, ['nop'], ['nop']]).trap?.detail).toMatch(
      /may not be written/,
    );
  });

  it('rodata is read-only, data and bss read-write', () => {
    const more = { rodata: Uint8Array.of(5, 0, 0, 0), data: Uint8Array.of(6, 0, 0, 0), bssLength: 8 };
    const at = (i: number, line: Line): Line[] => [['ldr', 3, 9, region(i, 'base')], line, ...RETURN];
    expect(run(at(1, ['ldr', 0, 3, 0]), more).r0).toBe(5n);
    expect(run(at(1, ['str', 0, 3, 0]), more).trap?.name).toBe('fault');
    expect(run(at(0, ['ldr', 0, 3, 0]), more).r0).toBe(6n);
    expect(run(at(0, ['ldr', 0, 3, 12]), more).r0).toBe(0n);
    expect(run(at(0, ['str', 0, 3, 12]), more).status).toBe('ok');
    expect(run(at(0, ['str', 0, 3, 16]), more).trap?.name).toBe('fault');
  });

  it('granted regions have their rights', () => {
    const contract: Contract = {
      ...DEFAULT_CONTRACT,
      regions: [
        { name: 'in', access: 'r', size: 4, minSize: 4, maxSize: 4, align: 4 },
        { name: 'out', access: 'rw', size: null, minSize: 0, maxSize: 64, align: 1 },
      ],
    };
    const regions: ImageParts['regions'] = [
      { minLength: 4, maxLength: 4, rights: 'r', align: 4 },
      { minLength: 0, maxLength: 64, rights: 'rw', align: 1 },
    ];
    const asked = request({
      regions: new Map([
        ['in', Uint8Array.of(1, 0, 0, 0)],
        ['out', new Uint8Array(6)],
      ]),
    });
    const go = (lines: Line[]) => run([...lines, ...RETURN], { contract, regions, request: asked });
    const r = go([
      ['ldr', 3, 9, region(3, 'base')],
      ['ldr', 0, 3, 0],
      ['ldr', 4, 9, region(4, 'base')],
      ['strb', 0, 4, 5],
    ]);
    expect(r).toMatchObject({ status: 'ok', r0: 1n });
    expect(r.regions.get('out')).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 1));
    expect(
      go([
        ['ldr', 3, 9, region(3, 'base')],
        ['str', 0, 3, 0],
      ]).trap?.name,
    ).toBe('fault');
    expect(
      go([
        ['ldr', 4, 9, region(4, 'base')],
        ['strb', 0, 4, 6],
      ]).trap?.name,
    ).toBe('fault');
    expect(go([['ldr', 0, 9, region(4, 'length')]]).r0).toBe(6n);
  });

  it('a trap names its code and site', () => {
    // Site 1 of a table at 8: bl to the common code at 0.
    const text = assemble([
      ['movs.i', 0, 1],
      ['ldr', 12, 9, INSTANCE.offset.trap],
      ['bx', 12],
      ['bl', 0 - 8],
      ['bl', 0 - 12],
      ['bl', 0 - 16],
    ]);
    const r = run(text, {
      trapTable: 8,
      trapCount: 3,
      entries: [{ name: 'main', offset: 12, worstCase: null, stackLength: 0 }],
    });
    expect(r).toMatchObject({ status: 'trap', r0: 0n, instructions: 4, trap: { code: 1, name: 'memory', site: 1 } });
    const elsewhere = run(text, {
      trapTable: 12,
      trapCount: 2,
      entries: [{ name: 'main', offset: 8, worstCase: null, stackLength: 0 }],
    });
    expect(elsewhere.trap?.name).toBe('fault');
  });

  const call = (slot: number): Line[] => [
    ['ldr', 12, 9, instanceImportOffset(0, slot)],
    ['blx', 12],
  ];
  const keep: Line[] = [
    ['push', (1 << 14) | (1 << 4)],
    ['mov', 0, 9],
  ];
  const back: Line[] = [['pop', (1 << 15) | (1 << 4)]];

  it('helpers get their arguments by the calling convention', () => {
    // printf(instance, fmt, a, b, c, d): c and d on the stack.
    const rodata = new TextEncoder().encode('%d %d %d %d\0');
    const r = run(
      [
        ['push', (1 << 14) | (1 << 4)],
        ['sub.i', 13, 13, 8],
        ['movs.i', 0, 30],
        ['movs.i', 1, 40],
        ['strd', 0, 1, 13, 0],
        ['mov', 0, 9],
        ['ldr', 1, 9, region(1, 'base')],
        ['movs.i', 2, 10],
        ['movs.i', 3, 20],
        ...call(0),
        ['add.i', 13, 13, 8],
        ['movs.i', 1, 0],
        ...back,
      ],
      { imports: [1], rodata, stack: 16 },
    );
    expect(r).toMatchObject({ status: 'ok', r0: 11n, log: '10 20 30 40' });
  });

  it('calls leave garbage in what a callee may destroy', () => {
    const body: Line[] = [...keep, ['movs.i', 2, 5], ...call(0), ['mov', 0, 2], ['movs.i', 1, 0], ...back];
    const [a, b] = [1, 2].map((seed) => run(body, { imports: [0x20], stack: 8, seed }).r0);
    expect(a).not.toBe(5n);
    expect(a).not.toBe(b);
  });

  it('registers hold garbage at entry', () => {
    const [a, b] = [1, 2].map((seed) => run([['mov', 0, 5], ...RETURN], { seed }).r0);
    expect(a).not.toBe(b);
  });

  it.each([
    [0, 7n, 2n, 3n],
    [0, 7n, 0n, 0n],
    [1, 7n, 0n, 7n],
    [1, 0xffffffffffffffffn, 10n, 5n],
    [2, -7n, 2n, -3n],
    [2, -(2n ** 63n), -1n, -(2n ** 63n)],
    [2, 5n, 0n, 0n],
    [3, -7n, 2n, -1n],
    [3, -7n, 0n, -7n],
    [3, -(2n ** 63n), -1n, 0n],
  ])('64-bit division %d: %d, %d', (which, a, b, expected) => {
    const data = new Uint8Array(16);
    const view = new DataView(data.buffer);
    view.setBigUint64(0, BigInt.asUintN(64, a), true);
    view.setBigUint64(8, BigInt.asUintN(64, b), true);
    const r = run(
      [['push', (1 << 14) | (1 << 4)], ['ldr', 4, 9, region(0, 'base')], ['ldm', 4, 0b1111], ...call(0), ...back],
      { imports: [INTRINSIC_BASE + which], data, stack: 8 },
    );
    expect(r.r0).toBe(BigInt.asUintN(64, expected));
  });

  it.each([
    [0, 16, 3, 1n],
    [0, 17, 1, 0n],
    [-1, 1, 1, 0n],
    [15, 1, 3, 1n],
    [16, 1, 1, 0n],
    [16, 0, 1, 1n],
    [8, 0xff, 1, 0n],
  ])('search: data+%d, %d bytes, rights %d', (offset, size, rights, expected) => {
    const r = run(
      [
        ...keep,
        ['ldr', 1, 9, region(0, 'base')],
        offset < 0 ? ['sub.i', 1, 1, -offset] : ['add.i', 1, 1, offset],
        ['movs.i', 2, size],
        ['movs.i', 3, rights],
        ...call(0),
        ['movs.i', 1, 0],
        ...back,
      ],
      { imports: [INTRINSIC_BASE + 4], data: new Uint8Array(16), stack: 8 },
    );
    expect(r.r0).toBe(expected);
  });

  it('refuses what no loader would link', () => {
    const contract: Contract = { ...DEFAULT_CONTRACT, helpers: [] };
    expect(run(RETURN, { imports: [0x20], contract }).trap?.name).toBe('helper');
  });

  it('control that leaves the text, or its Thumb state, is a fault', () => {
    expect(run([['nop']]).status).toBe('trap');
    expect(
      run([
        ['movs.i', 0, 1],
        ['bx', 0],
      ]).trap?.detail,
    ).toMatch(/no code there/);
    expect(
      run([
        ['movs.i', 0, 2],
        ['bx', 0],
      ]).trap?.detail,
    ).toMatch(/bit 0/);
    expect(run([['udf', 3], ...RETURN]).trap?.detail).toMatch(/udf 3/);
    expect(run(Uint8Array.of(0x00, 0xde, 0xff, 0xff)).trap?.name).toBe('fault');
    expect(run(Uint8Array.of(0xff, 0xff, 0xff, 0xff)).trap?.detail).toMatch(/undefined/);
    expect(run([['movs.i', 0, 0], ['mov', 9, 0], ...RETURN]).trap?.detail).toMatch(/instance register/);
    expect(run([['sub.i', 13, 13, 8], ...RETURN], { stack: 8 }).trap?.detail).toMatch(/stack pointer/);
  });

  it('an endless loop is killed', () => {
    const r = run([['b', 0]], { maxInstructions: 1000 });
    expect(r).toMatchObject({ status: 'trap', instructions: 1000, trap: { name: 'killed' } });
  });

  it('counts two million instructions', () => {
    const r = run([
      ['mov.i', 0, 0x80000],
      ['movs.i', 2, 0],
      ['adds', 2, 2, 0],
      ['eor.lsl', 2, 2, 0, 3],
      ['subs.i', 0, 0, 1],
      ['bne', -8],
      ...RETURN,
    ]);
    expect(r).toMatchObject({ status: 'ok', instructions: 2 + 4 * 0x80000 + RETURN.length });
  });

  it('layout: the areas are where the table says', () => {
    expect(run([['mov', 0, 9], ...RETURN]).r0).toBe(BigInt(LAYOUT.instance));
  });
});

it('an image whose data needs more room than the simulated memory has is refused', () => {
  expect(() => run(RETURN, { bssLength: 0x01000000, frameLength: 8 })).toThrow(
    expect.objectContaining({ code: 'FCC0701' }),
  );
});
