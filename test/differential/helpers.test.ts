// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import { compile, type Level } from '../../compiler/compile.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { disagreement } from './agree.js';
import { helperProgram } from './helper-programs.js';
import { SUBJECTS } from './targets.js';

const target = findTarget('cortex-m4')!;
const LEVELS: readonly Level[] = [0, 1, 2];

/** printf with a string constant: the pointer is shown right by the verifier and never guarded. */
const PRINTF = `
.rodata fmt 76 3d 25 64 20 25 78 0a 00
r6 = *(u32 *)(r1 + 0)
r1 = fmt ll
r2 = -5
r3 = r6
r4 = 0
r5 = 0
call 1
exit
`;

describe('helpers with pointers that are known exactly', () => {
  it.each(LEVELS)('printf takes a string constant at -O%i', (level) => {
    const program = assemble(PRINTF);
    const request = { context: Uint8Array.of(0xef, 0xbe, 0, 0), regions: new Map(), fuel: 1000 };
    const wanted = interpret(program, 0, DEFAULT_CONTRACT, request);
    expect(wanted).toMatchObject({ status: 'ok', r0: 10n, log: 'v=-5 beef\n' });
    const compiled = compile(program, { target, level, validate: true });
    if (compiled.kind === 'rejected') throw new Error(JSON.stringify(compiled.verdicts));
    const image = readImage(compiled.image);
    const got = simulate(image, image.entries[0]!.name, DEFAULT_CONTRACT, request, { cpu: cpuModel(target) });
    expect(disagreement(wanted, got)).toBeNull();
  });
});

describe('programs of helper calls', () => {
  const RUNS = Math.max(10, Number(process.env.FCC_RUNS ?? 200) / 30);
  const request = { context: null, regions: new Map(), fuel: 1000 };

  it(`${RUNS} random ones run alike on every target`, () => {
    for (let seed = 0; seed < RUNS; seed++) {
      const program = assemble(helperProgram(seed));
      const wanted = interpret(program, 0, DEFAULT_CONTRACT, request);
      expect(wanted.status, `seed ${seed}: ${wanted.trap?.detail}`).toBe('ok');
      const { target: each, cpu } = SUBJECTS[seed % SUBJECTS.length]!;
      const compiled = compile(program, { target: each });
      if (compiled.kind === 'rejected') throw new Error(`seed ${seed}: ${JSON.stringify(compiled.verdicts)}`);
      const image = readImage(compiled.image);
      const got = simulate(image, image.entries[0]!.name, DEFAULT_CONTRACT, request, { cpu });
      expect(disagreement(wanted, got), `seed ${seed}`).toBeNull();
    }
  });
});

describe('the stores of test engines', () => {
  const run = (source: string): bigint => {
    const result = interpret(assemble(`${source}\nexit`), 0, DEFAULT_CONTRACT, {
      context: null,
      regions: new Map(),
      fuel: 1000,
    });
    expect(result.status).toBe('ok');
    return result.r0;
  };
  const store = (id: number, key: number, value: number): string => `r1 = ${key}\nr2 = ${value}\ncall ${id}`;
  const fetch = (id: number, key: number): string =>
    `r1 = ${key}\nr2 = r10\nr2 += -8\ncall ${id}\nr0 = *(u32 *)(r10 - 8)`;

  it('are three, and none sees the others', () => {
    const stored = [store(0x10, 1, 10), store(0x11, 1, 20), store(0x100, 1, 30)].join('\n');
    expect([0x12, 0x13, 0x101].map((id) => run(`${stored}\n${fetch(id, 1)}`))).toEqual([10n, 20n, 30n]);
    expect(run(`${stored}\nr1 = 1\ncall 0x104\n${fetch(0x101, 1)}`)).toBe(0n);
    expect(run(`${stored}\nr1 = 1\ncall 0x104\n${fetch(0x12, 1)}`)).toBe(10n);
  });

  it.each([
    [0x10, 0x102],
    [0x11, 0x103],
    [0x100, 0x104],
  ])('helper %i fills 16 keys, and %i makes room', (id, remove) => {
    const full = Array.from({ length: 16 }, (_, i) => store(id, i, i)).join('\n');
    expect(run(full)).toBe(0n);
    expect(run(`${full}\n${store(id, 16, 1)}`)).toBe((1n << 64n) - 1n);
    expect(run(`${full}\nr1 = 16\ncall ${remove}`)).toBe(0n);
    expect(run(`${full}\nr1 = 3\ncall ${remove}`)).toBe(1n);
    expect(run(`${full}\nr1 = 3\ncall ${remove}\nr1 = 3\ncall ${remove}`)).toBe(0n);
    expect(run(`${full}\nr1 = 3\ncall ${remove}\n${store(id, 16, 1)}`)).toBe(0n);
  });
});
