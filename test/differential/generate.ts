// SPDX-License-Identifier: MIT
import type { Contract } from '../../compiler/contract/types.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { type Case, makeCase } from './draft.js';
import { FunctionWriter, type Signature, type World } from './function.js';
import { Random } from './random.js';

export type { Case, Draft, Line } from './draft.js';
export { shrink } from './shrink.js';

/** Bytes of a context with a pointer and a length field for each of two regions; plain data follows. */
const FIELDS_END = 24;

function plainContract(r: Random, length: number): Contract {
  if (r.chance(40)) return DEFAULT_CONTRACT;
  const align = r.pick([1, 2, 4, 8] as const);
  const size = r.chance(70) ? length : null;
  return { ...DEFAULT_CONTRACT, context: { size, access: 'rw', align, fields: [] }, passLength: r.chance(60) };
}

function regionContract(r: Random, length: number, input: number, output: number): Contract {
  const size = (n: number): { size: number | null; minSize: number; maxSize: number } =>
    r.chance(50)
      ? { size: n, minSize: n, maxSize: n }
      : { size: null, minSize: r.pick([0, n >> 1, n]), maxSize: n + r.below(64) };
  const align = (): 1 | 2 | 4 | 8 => r.pick([1, 2, 4, 8] as const);
  return {
    ...DEFAULT_CONTRACT,
    context: {
      size: length,
      access: 'rw',
      align: r.pick([4, 8] as const),
      fields: [
        { kind: 'pointer', name: 'in', offset: 0, region: 'in' },
        { kind: 'pointer', name: 'out', offset: 8, region: 'out' },
        { kind: 'length', name: 'in_length', offset: 16, size: 4, region: 'in' },
        { kind: 'length', name: 'out_length', offset: 20, size: r.pick([2, 4] as const), region: 'out' },
      ],
    },
    regions: [
      { name: 'in', access: 'r', ...size(input), align: align() },
      { name: 'out', access: 'rw', ...size(output), align: align() },
    ],
    passLength: r.chance(50),
  };
}

function makeWorld(r: Random): { world: World; contract: Contract; request: RunRequest } {
  const fuel = 1_000_000;
  const wild = r.chance(25);
  if (!wild && r.chance(30)) {
    const [length, input, output] = [FIELDS_END + r.between(8, 40), r.between(8, 48), r.between(8, 48)];
    const contract = regionContract(r, length, input, output);
    const regions = new Map([
      ['in', r.bytes(input)],
      ['out', r.bytes(output)],
    ]);
    const world = { wild, length, from: FIELDS_END, regions: { in: input, out: output } };
    return { world, contract, request: { context: r.bytes(length), regions, fuel } };
  }
  const length = r.between(8, 72);
  return {
    world: { wild, length, from: 0, regions: null },
    contract: plainContract(r, length),
    request: { context: r.bytes(length), regions: new Map(), fuel },
  };
}

function makeSignature(r: Random, index: number): Signature {
  const args = Array.from({ length: r.below(6) }, () =>
    r.chance(75) ? 'scalar' : r.pick(['stack', 'context'] as const),
  );
  return { func: index, args };
}

/**
 * Random valid program, contract and request, a function of `seed` alone. 5 to about 200 instructions. It never reads what was not
 * written, never lets a pointer value reach r0, the context, a region or arithmetic, and always ends. A quarter of the
 * seeds also have accesses that may lie outside the context or the stack frame, so that the run may end in a memory trap.
 */
export function generate(seed: number): Case {
  const r = new Random(seed);
  const { world, contract, request } = makeWorld(r);
  const budget = r.pick([5, 12, 30, 60, 100, 160]) + r.below(30);
  const locals = budget < 30 || r.chance(45) ? 0 : r.between(1, 3);
  const signatures = Array.from({ length: locals }, (_, i) => makeSignature(r, i + 1));
  // Function i may call those behind it, so there is no recursion.
  const main = new FunctionWriter(r, world, { func: 0, args: [] }, signatures, contract.passLength).write(budget);
  const rest = signatures.map((s, i) =>
    new FunctionWriter(r, world, s, signatures.slice(i + 1), false).write(r.between(4, 12)),
  );
  const all = [main, ...rest];
  return makeCase(seed, dropUncalled(all), contract, request);
}

/** A raw program has a function only where a call leads: leaves out those that nothing calls, and renumbers. */
function dropUncalled(all: ReturnType<FunctionWriter['write']>[]): ReturnType<FunctionWriter['write']>[] {
  const called = new Set([0]);
  all.forEach((lines, f) => {
    if (!called.has(f)) return;
    for (const l of lines) if (l.kind === 'insn' && l.draft.kind === 'call') called.add(l.draft.func);
  });
  const order = [...called].sort((a, b) => a - b);
  return order.map((f) =>
    all[f]!.map((l) =>
      l.kind === 'insn' && l.draft.kind === 'call'
        ? { ...l, draft: { kind: 'call', func: order.indexOf(l.draft.func) } }
        : l,
    ),
  );
}
