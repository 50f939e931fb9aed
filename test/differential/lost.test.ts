// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { finish, prepare } from '../../compiler/compile.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest, RunResult } from '../../compiler/host/engine.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { disagreement } from './agree.js';
import { LEVELS } from './judge.js';
import { refusedAsLost } from './lost.js';
import { REPRESENTATIVES } from './targets.js';

/** Writes 7, then loses its pointer and writes 9 behind it. */
const program = assemble(`entry main:
r6 = r1
*(u32 *)(r6 + 4) = 7
r3 = r6
r2 = *(u32 *)(r6 + 0)
r3 ^= r2
r3 ^= r2
*(u32 *)(r3 + 8) = 9
r0 = 1
exit`);
const contractOf = (access: 'r' | 'rw'): Contract => ({
  ...DEFAULT_CONTRACT,
  context: { size: 16, access: 'rw', align: 8, fields: [{ kind: 'scalar', name: 'f', offset: 0, size: 4, access }] },
});
const request: RunRequest = { context: new Uint8Array(16).fill(5), regions: new Map(), fuel: 1000 };

/** Each way of compiling it: how the run ended, whether that is the interpreter's end, and whether it is allowed. */
function ends(contract: Contract, change: (native: RunResult) => RunResult = (r) => r): unknown[] {
  const wanted = interpret(program, 0, contract, request);
  return LEVELS.flatMap((level) => {
    const prepared = prepare(program, { contract, level });
    if (prepared.kind === 'rejected') throw new Error('rejected');
    return REPRESENTATIVES.map(({ target, cpu }) => {
      const image = readImage(finish(prepared, target).image);
      const native = change(simulate(image, 0, contract, request, { cpu, seed: 1, maxInstructions: 1000 }));
      return [native.status, disagreement(wanted, native) === null, refusedAsLost(prepared, request, native)];
    });
  });
}

const all = <T>(each: T): T[] => LEVELS.flatMap(() => REPRESENTATIVES.map(() => each));

describe('a write through a lost pointer', () => {
  it('is refused in a context that is partly read-only, and that is no difference', () => {
    expect(ends(contractOf('r'))).toEqual(all(['trap', false, true]));
  });

  it('is done in one that may be written', () => {
    expect(ends(contractOf('rw'))).toEqual(all(['ok', true, false]));
  });

  it('does not excuse what else is wrong: memory, the kind of trap, the time', () => {
    const no = all(['trap', false, false]);
    const context = Uint8Array.from(request.context!);
    expect(ends(contractOf('r'), (r) => ({ ...r, context }))).toEqual(no);
    expect(ends(contractOf('r'), (r) => ({ ...r, trap: { ...r.trap!, name: 'helper' } }))).toEqual(no);
    const late = Uint8Array.from([
      ...request.context!.slice(0, 4),
      7,
      0,
      0,
      0,
      9,
      0,
      0,
      0,
      ...new Uint8Array(4).fill(5),
    ]);
    expect(ends(contractOf('r'), (r) => ({ ...r, context: late }))).toEqual(no);
  });
});
