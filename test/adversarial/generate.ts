// SPDX-License-Identifier: MIT
import { rawProgram } from '../../compiler/bpf/load.js';
import type { BpfFunction, Insn, Program } from '../../compiler/bpf/program.js';
import { assembleLines, dropUncalled, type Line } from '../differential/draft.js';
import { Random } from '../differential/random.js';
import { GLOBAL_MARK, type Kind } from './registers.js';
import { makeWorld, type World } from './world.js';
import { Writer } from './writer.js';

/** A hostile program with what it runs in. `source` is what the shrinker works on. */
export interface Hostile {
  readonly seed: number;
  readonly world: World;
  readonly program: Program;
  readonly source: readonly (readonly Line[])[];
  /** Functions started besides the first. */
  readonly entries: readonly number[];
}

function withGlobals(fn: BpfFunction): BpfFunction {
  const change = (insn: Insn): Insn => {
    if (insn.kind !== 'lddw' || insn.imm >> 32n !== GLOBAL_MARK) return insn;
    const low = Number(insn.imm & 0xffffffffn);
    const ref = { block: low & 0x10000 ? 'rodata' : 'data', offset: low & 0xffff } as const;
    return { kind: 'global', slot: insn.slot, dst: insn.dst, ref };
  };
  return { ...fn, insns: fn.insns.map(change), at: fn.at.map((i) => i && change(i)) };
}

/** Puts a case together; null if the lines are no program (a shrinker's attempt). */
export function assemble(
  seed: number,
  world: World,
  source: readonly (readonly Line[])[],
  entries: readonly number[],
): Hostile | null {
  try {
    const raw = rawProgram(assembleLines(source), `hostile-${seed}`);
    const more = entries.filter((e) => e < raw.functions.length);
    const program: Program = {
      ...raw,
      functions: raw.functions.map(withGlobals),
      entries: [0, ...more],
      globals: world.globals,
    };
    return { seed, world, program, source, entries };
  } catch {
    return null;
  }
}

/**
 * Random program that treats its memory badly, a function of `seed`: addresses far out and back, through 32-bit moves, memory
 * and callees; stores over spilled addresses; helper buffers of run-time lengths; loops that run out of their region;
 * jumps into loops; contracts at their edges. It tries not to show the addresses of stack frames, which engines place
 * differently, outside frames.
 */
export function generate(seed: number): Hostile {
  const r = new Random(seed);
  const world = makeWorld(r);
  const locals = r.pick([0, 0, 1, 2, 3]);
  const kinds: readonly Kind[] = ['stack', 'stack', 'context', 'granted', 'data', 'num', 'small', 'any'];
  const signatures: Kind[][] = [world.contract.passLength ? ['context', 'small'] : ['context']];
  for (let i = 0; i < locals; i++)
    signatures.push(
      Array.from({ length: r.between(1, 4) }, (_, k) => (k === 0 && r.chance(40) ? 'context' : r.pick(kinds))),
    );
  const launder = r.chance(60);
  const budget = r.pick([4, 8, 15, 30, 50]);
  const all = signatures.map((_, f) =>
    new Writer(r, world, f, signatures, launder).write(f === 0 ? budget : r.between(2, 12)),
  );
  const source = dropUncalled(all);
  const entries = source.length > 1 && r.chance(20) ? [1] : [];
  const made = assemble(seed, world, source, entries);
  if (!made) throw new Error(`seed ${seed} makes no program`);
  return made;
}
