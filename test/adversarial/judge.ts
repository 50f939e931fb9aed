// SPDX-License-Identifier: MIT
import { FUNCTION_TAG } from '../../compiler/bpf/program.js';
import { type Compiled, finish, type Level, prepare } from '../../compiler/compile.js';
import { CompileError } from '../../compiler/errors/index.js';
import type { RunResult } from '../../compiler/host/engine.js';
import { LAYOUT } from '../../compiler/host/layout.js';
import { readImage } from '../../compiler/image/read.js';
import { type InterpretOptions, interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { type Addresses, firstMismatch } from '../../compiler/verifier/admits.js';
import type { Facts } from '../../compiler/verifier/facts.js';
import { mergeFacts } from '../../compiler/verifier/merge.js';
import type { State } from '../../compiler/verifier/state.js';
import { verify } from '../../compiler/verifier/verify.js';
import { disagreement } from '../differential/agree.js';
import type { Subject } from '../differential/targets.js';
import type { Hostile } from './generate.js';

/**
 * `ok`, `trap`: both engines agree. `rejected`: rightly refused. `fuel`: the interpreter ran out first. `placed`: the run depends
 * on where stack frames lie. `coarse`: the address was a mere number, and the region search knows the writable block as one
 * region and the context's rights as one.
 */
export type Outcome = 'ok' | 'trap' | 'rejected' | 'fuel' | 'placed' | 'coarse';
export type Judgement = { readonly outcome: Outcome } | { readonly bug: string };

const NATIVE_LIMIT = 3_000_000;

/** Other places for the interpreter's frames, lowest address and stride: up and down, with all low bits that 8-aligned frames have. */
const PLACES = [0x348, 0x550, 0xaa8, 0x418, 0x7e0, 0x8f8, 0xc08, 0xf30].map(
  (low, i) => [0x38110000 + i * 0x555000 + low, (i % 2 === 0 ? -1 : 1) * (0x40000 + low)] as const,
);

/** Runs with the interpreter's frames elsewhere. */
function elsewhere<T>([frames, frameStride]: readonly [number, number], run: () => T): T {
  const layout = LAYOUT as { frames: number; frameStride: number };
  const old = { ...layout };
  Object.assign(layout, { frames, frameStride });
  try {
    return run();
  } finally {
    Object.assign(layout, old);
  }
}

function interpreted(c: Hostile, entry: number, options?: InterpretOptions): RunResult {
  return interpret(c.program, entry, c.world.contract, c.world.request, options);
}

/** Holds each state of a run against what the verifier said of the place; the facts too. Null: nothing wrong. */
function unsound(c: Hostile, entry: number, facts: Facts, states: ReadonlyMap<string, State>): string | null {
  const { program, world } = c;
  const r10 = new Map<number, bigint>();
  let bad: string | null = null;
  const result = interpreted(c, entry, {
    trace: ({ func, slot, registers, memory }) => {
      if (bad) return;
      r10.set(func, registers[10]!);
      const at: Addresses = {
        region: (region) => {
          switch (region.kind) {
            case 'frame':
              return r10.get(region.func) ?? 0n;
            case 'data':
            case 'rodata':
              return memory.blockBase(region.kind);
            case 'context':
              return memory.contextBase;
            case 'granted':
              return BigInt(memory.regionBase(world.contract.regions[region.index]!.name));
          }
        },
        func: (index) => FUNCTION_TAG + BigInt(index),
      };
      const state = states.get(`${func}:${slot}`);
      const frame = (off: number, size: number): bigint =>
        memory.view(registers[10]! + BigInt(off), size, false, 'test').reduceRight((n, b) => (n << 8n) | BigInt(b), 0n);
      const wrong = state ? firstMismatch(state, registers, frame, at) : 'said to be unreachable';
      if (wrong) bad = `unsound: function ${func}, slot ${slot}: ${wrong}`;
    },
  });
  if (bad) return bad;
  const { trap } = result;
  if (trap?.name !== 'memory') return null;
  const own = facts.functions[trap.func!]!;
  const insn = program.functions[trap.func!]!.at[trap.slot!]!;
  const proved = own.accesses.get(trap.slot!)?.proved || own.helperArgs.get(trap.slot!)?.every((a) => a.proved);
  // What gcoap_resp_init writes is its own business: it may find the region too short.
  if (proved && !(insn.kind === 'helper' && insn.id >= 0x40 && insn.id < 0x44))
    return `proved access traps: function ${trap.func}, slot ${trap.slot}: ${trap.detail}`;
  return null;
}

/** Places said to be always wrong that the interpreter passes. */
function wrongRejection(c: Hostile, entry: number, errors: readonly CompileError[]): string | null {
  const name = (func: number): string => c.program.functions[func]!.name;
  const refused = new Set(
    errors
      .filter((e) => e.code === 'FCC0107' || e.code === 'FCC0106')
      .map(({ details }) => `${details.at?.function} ${details.at?.instruction}`),
  );
  const passed = new Set<string>();
  const { trap } = interpreted(c, entry, { trace: ({ func, slot }) => passed.add(`${name(func)} ${slot}`) });
  if (trap?.func !== undefined) passed.delete(`${name(trap.func)} ${trap.slot}`);
  const wrong = [...refused].find((p) => passed.has(p));
  return wrong === undefined ? null : `wrongly rejected: ${wrong}`;
}

const key = (r: RunResult): string =>
  JSON.stringify([
    r.status,
    r.trap?.name,
    String(r.r0),
    [...(r.context ?? [])],
    [...r.regions].map(([n, b]) => [n, ...b]),
    r.log,
    r.instructions,
  ]);

/** Whether a run's result depends on the addresses of stack frames. */
function placed(c: Hostile, entry: number): boolean {
  const here = key(interpreted(c, entry));
  return PLACES.some((place) => key(elsewhere(place, () => interpreted(c, entry))) !== here);
}

/** Differences that the region search explains: it knows one writable block, and one right for the whole context. */
function coarse(c: Hostile, compiled: Compiled, wanted: RunResult, native: RunResult): boolean {
  const facts = mergeFacts(
    c.program.entries.flatMap((entry) => {
      const v = verify(c.program, entry, c.world.contract);
      return v.verdict === 'accepted' ? [v.facts] : [];
    }),
  );
  const number = (func: number | undefined, slot: number | undefined): boolean => {
    if (func === undefined || slot === undefined) return false;
    const own = facts.functions[func];
    return (
      own?.accesses.get(slot)?.region === null || (own?.helperArgs.get(slot)?.some((a) => a.region === null) ?? false)
    );
  };
  // Where the interpreter has nothing beyond a frame or the globals, or no longer has a frame, the block goes on.
  if (wanted.trap?.name === 'memory' && number(wanted.trap.func, wanted.trap.slot))
    if (/ at 0x[23][0-9a-f]{7},/.test(wanted.trap.detail ?? '')) return true;
  const { context } = c.world.contract;
  const rights = new Set([context.access, ...context.fields.map((f) => (f.kind === 'scalar' ? f.access : 'r'))]);
  const site = native.trap?.site === null ? undefined : compiled.map.sites[native.trap?.site ?? -1];
  return native.trap?.name === 'memory' && rights.size > 1 && number(site?.func, site?.slot);
}

/** What the verifier and the interpreter say of one entry of a program, together; an unsound verifier is a bug. */
function reference(c: Hostile, entry: number): RunResult | { readonly bug: string } {
  const states = new Map<string, State>();
  const verdict = verify(c.program, entry, c.world.contract, {
    observe: (func, slot, state) => states.set(`${func}:${slot}`, state.copy()),
  });
  if (verdict.verdict === 'rejected') return { bug: 'accepted and rejected' };
  const wrong = unsound(c, entry, verdict.facts, states);
  return wrong ? { bug: wrong } : interpreted(c, entry);
}

/** One image's entry number `i` on its processor, against the reference. */
function compare(
  c: Hostile,
  compiled: Compiled,
  i: number,
  wanted: RunResult,
  level: Level,
  subject: Subject,
): Judgement {
  const { contract, request } = c.world;
  const image = readImage(compiled.image);
  const row = image.entries[i]!;
  const { cpu } = subject;
  const options = { cpu, seed: level + 1, maxInstructions: NATIVE_LIMIT };
  const native = simulate(image, i, contract, { ...request, fuel: 200_000 }, options);
  if (native.trap?.name === 'fault') return { bug: `fault: ${native.trap.detail}` };
  if (row.worstCase !== null && native.instructions! > row.worstCase)
    return { bug: `executed ${native.instructions} instructions, worst case ${row.worstCase}` };
  if (native.trap?.name === 'killed' && row.worstCase === null && wanted.trap?.name !== 'fuel')
    return { bug: 'does not end' };
  if (wanted.trap?.name === 'fuel') return { outcome: 'fuel' };
  const differ = disagreement(wanted, native);
  if (!differ) return { outcome: wanted.status };
  if (placed(c, c.program.entries[i]!)) return { outcome: 'placed' };
  return coarse(c, compiled, wanted, native) ? { outcome: 'coarse' } : { bug: differ };
}

/** Judges one program at one level: every entry in the interpreter, and in the simulator of each subject. */
export function judge(c: Hostile, level: Level, subjects: readonly Subject[]): Judgement {
  let prepared: ReturnType<typeof prepare>;
  let images: readonly (readonly [Subject, Compiled])[] = [];
  try {
    prepared = prepare(c.program, { contract: c.world.contract, level });
    if (prepared.kind === 'prepared') {
      const half = prepared;
      images = subjects.map((s) => [s, finish(half, s.target)]);
    }
  } catch (e) {
    if (e instanceof CompileError) return { outcome: 'rejected' };
    return { bug: `the compiler throws: ${(e as Error).message}` };
  }
  if (prepared.kind === 'rejected') {
    for (const v of prepared.verdicts) {
      const wrong = v.verdict === 'rejected' ? wrongRejection(c, v.entry, v.errors) : null;
      if (wrong) return { bug: wrong };
    }
    return { outcome: 'rejected' };
  }
  let outcome: Outcome = 'ok';
  for (const [i, entry] of c.program.entries.entries()) {
    const wanted = reference(c, entry);
    if ('bug' in wanted) return wanted;
    for (const [subject, compiled] of images) {
      const judgement = compare(c, compiled, i, wanted, level, subject);
      if ('bug' in judgement) return { bug: `${subject.name}: ${judgement.bug}` };
      outcome = judgement.outcome;
    }
  }
  return { outcome };
}
