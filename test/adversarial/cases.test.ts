// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import { compile, type Level } from '../../compiler/compile.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest, RunResult } from '../../compiler/host/engine.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { verify } from '../../compiler/verifier/verify.js';
import { disagreement } from '../differential/agree.js';

/** One claim per case: a program that once left its memory, meant something else, or had a wrong worst case. */

const target = findTarget('cortex-m4')!;
const LEVELS: readonly Level[] = [0, 1, 2];

interface Run {
  readonly wanted: RunResult;
  readonly native: RunResult;
  readonly worstCase: number | null;
}

/** Compiles all entries of a program together and runs number `entry` of them in both engines. */
function run(text: string, level: Level, context: Uint8Array, contract: Contract = DEFAULT_CONTRACT, entry = 0): Run {
  const program = assemble(text, 'case.s');
  const compiled = compile(program, { target, contract, level });
  if (compiled.kind === 'rejected') throw new Error('rejected');
  const image = readImage(compiled.image);
  const request: RunRequest = { context, regions: new Map(), fuel: 100_000 };
  return {
    wanted: interpret(program, program.entries[entry]!, contract, request),
    native: simulate(image, entry, contract, request, { cpu: cpuModel(target), seed: 1 }),
    worstCase: image.entries[entry]!.worstCase,
  };
}

function littleEndian(n: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i < 8 ? Number((n >> BigInt(8 * i)) & 0xffn) : 0));
}

const FIXED: Contract = {
  ...DEFAULT_CONTRACT,
  context: { ...DEFAULT_CONTRACT.context, size: 16, align: 8 },
};

/**
 * `f` writes 0 over its own spilled r1 (the frame follows 8 bytes of .data) if the write is not held to the region that each
 * entry's facts know, and then stores through r1.
 */
const SHARED_WRITE = `
.data v 00 00 00 00 00 00 00 00
entry one:
  r2 = r1
  r3 = *(u64 *)(r1 + 0)
  r2 += r3
  call f
  exit
entry two:
  r3 = *(u64 *)(r1 + 0)
  r2 = v ll
  r2 += r3
  call f
  exit
func f:
  *(u64 *)(r10 - 8) = r1
  *(u32 *)(r2 + 0) = 0
  r1 = *(u64 *)(r10 - 8)
  r0 = 1
  *(u8 *)(r1 + 0) = r0
  exit
`;

/** As above, with a helper's buffer. */
const SHARED_BUFFER = SHARED_WRITE.replace('  *(u32 *)(r2 + 0) = 0\n', '  r1 = 5\n  call 0x12\n');

describe('writes of a function that entries share', () => {
  // From the context at 0x40000000 to the frame at 0x20000008.
  const toFrame = littleEndian(0xffffffffe0000008n, 16);
  it.each(LEVELS)('never reach the own frame behind the facts, -O%i', (level) => {
    const { wanted, native } = run(SHARED_WRITE, level, toFrame, FIXED);
    expect(wanted.trap?.name).toBe('memory');
    expect(native.trap?.name).toBe('memory');
  });
  it.each(LEVELS)('by helpers neither, -O%i', (level) => {
    const { native } = run(SHARED_BUFFER, level, toFrame, FIXED);
    expect(native.trap?.name).toBe('memory');
  });
  it.each(LEVELS)('inside both regions work, -O%i', (level) => {
    for (const entry of [0, 1]) {
      const { wanted, native } = run(SHARED_WRITE, level, littleEndian(4n, 16), FIXED, entry);
      expect(wanted.status).toBe('ok');
      expect(disagreement(wanted, native)).toBeNull();
    }
  });
});

describe('worst cases', () => {
  // The outer loop's header becomes empty once its guard is hoisted; the inner loop's bound is not the outer one's.
  const NEST = `
entry main:
  r6 = r1
  r0 = 0
outer:
  r3 = *(u32 *)(r6 + 4)
  r7 = 0
inner:
  r7 += 1
  if r7 < 10 goto inner
  r1 = *(u32 *)(r6 + 8)
  r1 += 1
  *(u32 *)(r6 + 8) = r1
  if r1 != 500 goto outer
  exit
`;
  it.each(LEVELS)('are not given for an unbounded loop around a bounded one, -O%i', (level) => {
    const { wanted, native, worstCase } = run(NEST, level, new Uint8Array(16));
    expect(disagreement(wanted, native)).toBeNull();
    expect(native.instructions).toBeGreaterThan(10_000);
    expect(worstCase).toBeNull();
  });
});

describe('addresses of stack frames that become mere numbers', () => {
  const TWO_CALLS = `
entry main:
  r6 = r1
  r1 = r10
  call f
  r7 = r0
  r1 = r6
  r1 += 16
  call f
  r0 += r7
  exit
func f:
  r2 = 7
  *(u64 *)(r1 - 16) = r2
  r0 = *(u64 *)(r1 - 16)
  exit
`;
  it.each(LEVELS)('where calls give one argument different regions, -O%i', (level) => {
    const { wanted, native } = run(TWO_CALLS, level, new Uint8Array(16));
    expect(wanted.r0).toBe(14n);
    expect(disagreement(wanted, native)).toBeNull();
  });

  it('where an atomic operation fetches a spilled one', () => {
    const program = assemble(
      `
entry main:
  *(u64 *)(r10 - 8) = r10
  r1 = 0
  r1 = xchg_64(r10 - 8, r1)
  *(u64 *)(r1 - 64) = r1
  r0 = 0
  exit
`,
      'case.s',
    );
    const verdict = verify(program, 0, DEFAULT_CONTRACT);
    expect(verdict.verdict === 'accepted' && verdict.facts.functions[0]!.frameBytes).toBe(512);
  });
});
