// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { finish, prepare } from '../../compiler/compile.js';
import type { RunResult } from '../../compiler/host/engine.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { contractOf, pointerRequest } from './pointer-world.js';
import { pointerProgram } from './pointers.js';
import { Random } from './random.js';
import { REPRESENTATIVES } from './targets.js';

const RUNS = Math.max(20, Math.floor(Number(process.env.FCC_RUNS ?? 200) / 16));
const SEED = Number(process.env.FCC_SEED ?? 20261122);
const REQUESTS = 12;
const contract = contractOf();

const hex = (b: Uint8Array | null | undefined): string => (b ? Buffer.from(b).toString('hex') : 'none');

/** Everything the host sees of a run. */
function seen(r: RunResult): string {
  const end = r.status === 'ok' ? `ok ${r.r0.toString(16)}` : `trap ${r.trap!.name}`;
  return [end, hex(r.context), ...['a', 'b', 'c'].map((n) => hex(r.regions.get(n)))].join(' ');
}

describe('pointers that are numbers', () => {
  it(`${RUNS} random programs: traps, results and memory are the interpreter's`, () => {
    const ends = { ok: 0, memory: 0, split: 0, refused: 0 };
    for (let i = 0; i < RUNS; i++) {
      const random = new Random(SEED + i);
      const text = pointerProgram(random);
      const program = assemble(text, 'pointers');
      const level = i % 8 === 0 ? 1 : 2;
      const prepared = prepare(program, { contract, level, validate: true });
      if (prepared.kind === 'rejected') {
        ends.refused++;
        continue;
      }
      if (prepared.module.funcs.some((f) => f.blocks.some((b) => b.insts.some((x) => x.op === 'locate')))) ends.split++;
      const subject = REPRESENTATIVES[i % REPRESENTATIVES.length]!;
      const image = readImage(finish(prepared, subject.target).image);
      for (let k = 0; k < REQUESTS; k++) {
        const request = pointerRequest(random);
        const wanted = interpret(program, program.entries[0]!, contract, request);
        if (wanted.trap?.name === 'fuel') continue;
        if (wanted.status === 'ok') ends.ok++;
        else ends.memory++;
        const got = simulate(image, 'main', contract, { ...request, fuel: 1e6 }, { cpu: subject.cpu });
        expect(seen(got), `seed ${SEED + i}, run ${k}, ${subject.name} -O${level}\n${text}`).toBe(seen(wanted));
      }
    }
    expect(ends.ok).toBeGreaterThan(RUNS);
    expect(ends.memory).toBeGreaterThan(RUNS);
    expect(ends.split).toBeGreaterThan(RUNS / 5);
    expect(ends.refused).toBeLessThan(RUNS / 5);
  });
});
