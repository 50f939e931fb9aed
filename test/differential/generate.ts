// SPDX-License-Identifier: MIT
import type { ContextField, Contract } from '../../compiler/contract/types.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { type Case, makeCase } from './draft.js';
import { writeFunction } from './function.js';
import { Random } from './random.js';
import type { Signature, World } from './writing.js';

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

/** Numbers of the host in front of what may be written: fields with rights of their own, on either side. */
function mixedContract(r: Random, length: number, writable: number): Contract {
  const open = r.chance(50);
  const [from, to] = open ? [0, writable] : [writable, length];
  const fields: ContextField[] = [];
  for (let offset = from; offset < to; ) {
    const size = r.pick(([1, 2, 4, 8] as const).filter((n) => offset % n === 0 && offset + n <= to));
    fields.push({ kind: 'scalar', name: `f${fields.length}`, offset, size, access: open ? 'r' : 'rw' });
    offset += size;
  }
  const align = r.pick([1, 2, 4, 8] as const);
  return {
    ...DEFAULT_CONTRACT,
    context: { size: length, access: open ? 'rw' : 'r', align, fields },
    passLength: r.chance(50),
  };
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

interface Surroundings {
  readonly world: World;
  readonly contract: Contract;
  readonly request: RunRequest;
}

function makeWorld(r: Random, addresses: boolean): Surroundings {
  const fuel = 1_000_000;
  const wild = r.chance(25);
  if (!wild && r.chance(30)) {
    const [length, input, output] = [FIELDS_END + r.between(8, 40), r.between(8, 48), r.between(8, 48)];
    const contract = regionContract(r, length, input, output);
    const regions = new Map([
      ['in', r.bytes(input)],
      ['out', r.bytes(output)],
    ]);
    const regionsOf = { in: input, out: output };
    const world = { wild, length, from: FIELDS_END, writable: FIELDS_END, regions: regionsOf, addresses };
    return { world, contract, request: { context: r.bytes(length), regions, fuel } };
  }
  const length = r.between(8, 72);
  const writable = !wild && length >= 16 && r.chance(20) ? r.between(1, length - 8) : 0;
  return {
    world: { wild, length, from: 0, writable, regions: null, addresses },
    contract: writable > 0 ? mixedContract(r, length, writable) : plainContract(r, length),
    request: { context: r.bytes(length), regions: new Map(), fuel },
  };
}

/** Functions behind the entry: those called by name, then those whose addresses are taken, which share one signature. */
interface Locals {
  readonly named: readonly Signature[];
  readonly reached: readonly Signature[];
  /** Each of `named` calls the next. */
  readonly chain: boolean;
}

const NO_LOCALS: Locals = { named: [], reached: [], chain: false };

function makeLocals(r: Random): Locals {
  const chain = r.chance(12);
  const named = chain ? r.between(4, 12) : r.below(4);
  const reached = r.chance(60) ? r.between(1, 3) : 0;
  const args = (functions: boolean): Signature['args'] =>
    Array.from({ length: r.pick([0, 1, 2, 3, 4, 5, 5, 5]) }, () =>
      r.chance(75)
        ? 'scalar'
        : r.pick(functions ? (['stack', 'context', 'function'] as const) : (['stack', 'context'] as const)),
    );
  const shared = args(false);
  return {
    named: Array.from({ length: named }, (_, i) => ({
      func: i + 1,
      args: chain ? args(false).filter((a) => a === 'scalar') : args(reached > 0),
    })),
    reached: Array.from({ length: reached }, (_, i) => ({ func: named + i + 1, args: shared })),
    chain,
  };
}

/**
 * Random valid program, contract and request, a function of `seed` alone. 5 to about 400 instructions, rarely up to 900. It never reads what was not
 * written, never lets a pointer value reach r0, the context, a region or arithmetic, and always ends. A quarter of the
 * seeds also have accesses that may lie outside the context or the stack frame and calls through numbers that are no function's, so
 * that the run may end in a trap.
 */
export function generate(seed: number): Case {
  const r = new Random(seed);
  const budget = (r.chance(2) ? 450 : r.pick([5, 12, 30, 60, 100, 160])) + r.below(30);
  const locals = budget < 30 || r.chance(25) ? NO_LOCALS : makeLocals(r);
  const { world, contract, request } = makeWorld(r, locals.reached.length > 0);
  const crowded = budget >= 20 && r.chance(20);
  const { named, reached, chain } = locals;
  // A function may call those behind it, so there is no recursion.
  const source = [{ func: 0, args: [] }, ...named].map((self, i) =>
    writeFunction(r, world, {
      self,
      callees: { named: named.slice(i), reached },
      budget: i === 0 ? budget : chain ? r.between(4, 10) : r.between(4, 24),
      passLength: contract.passLength,
      next: chain ? (named[i] ?? null) : null,
      crowded: crowded && (i === 0 || !chain),
    }),
  );
  for (const self of reached)
    source.push(
      writeFunction(r, world, {
        self,
        callees: { named: [], reached: [] },
        budget: r.between(3, 9),
        passLength: false,
        next: null,
        crowded: false,
      }),
    );
  return makeCase(seed, source, contract, request);
}
