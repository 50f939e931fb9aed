// SPDX-License-Identifier: MIT
import { FUNCTION_TAG, type Program } from '../../compiler/bpf/program.js';
import { buildCfg, loopBlocks } from '../../compiler/cfg/index.js';
import type { Contract } from '../../compiler/contract/types.js';
import type { CompileError } from '../../compiler/errors/index.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { type Addresses, firstMismatch } from '../../compiler/verifier/admits.js';
import type { Facts } from '../../compiler/verifier/facts.js';
import type { State } from '../../compiler/verifier/state.js';
import { verify } from '../../compiler/verifier/verify.js';

/** What came out of holding runs against the verifier's word. */
export interface Compared {
  /** Instructions executed and compared. */
  readonly states: number;
  /** Accesses and helper buffers that the facts call proved, and all of them. */
  readonly proved: number;
  readonly accesses: number;
  /** Loops with a bound. */
  readonly bounded: number;
}

/**
 * Verifies a program, runs it on each request, and holds every state of the runs against what the verifier said of the place: registers,
 * stack, relations, facts, loop bounds. Returns null if the program is rejected.
 * @throws Error that says what the verifier's word does not cover
 */
export function compare(
  program: Program,
  entry: number,
  contract: Contract,
  requests: readonly RunRequest[],
): Compared | null {
  const states = new Map<string, State>();
  const verdict = verify(program, entry, contract, {
    observe: (func, slot, state) => states.set(`${func}:${slot}`, state.copy()),
  });
  if (verdict.verdict === 'rejected') {
    for (const e of verdict.errors) for (const request of requests) neverRight(program, entry, contract, request, e);
    return null;
  }
  const { facts } = verdict;
  let compared = 0;
  for (const request of requests) compared += watch(program, entry, contract, request, facts, states);
  const uses = facts.functions.flatMap((f) =>
    f ? [...f.accesses.values(), ...[...f.helperArgs.values()].flat()] : [],
  );
  return {
    states: compared,
    accesses: uses.length,
    proved: uses.filter((u) => u.proved).length,
    bounded: facts.functions.reduce((n, f) => n + (f?.loops.size ?? 0), 0),
  };
}

/** What is refused as out of bounds for every value must trap wherever a run gets there. */
function neverRight(
  program: Program,
  entry: number,
  contract: Contract,
  request: RunRequest,
  { code, message, details }: CompileError,
): void {
  if (code !== 'FCC0107' && code !== 'FCC0106') return;
  const func = program.functions.findIndex((f) => f.name === details.at?.function);
  const slot = details.at?.instruction;
  let inside = false;
  const check = (): void => {
    if (inside) throw new Error(`insn ${slot} is refused and does not trap: ${message}`);
  };
  const result = interpret(program, entry, contract, request, {
    trace: (t) => {
      check();
      inside = t.func === func && t.slot === slot;
    },
  });
  if (result.trap?.name !== 'memory') check();
}

function watch(
  program: Program,
  entry: number,
  contract: Contract,
  request: RunRequest,
  facts: Facts,
  states: ReadonlyMap<string, State>,
): number {
  const r10 = new Map<number, bigint>();
  const frames = new FrameWatch(facts);
  const loops = new LoopWatch(program, facts);
  let compared = 0;
  let last: { func: number; slot: number } | undefined;
  const lengths = new Map<string | null, bigint>([[null, BigInt(request.context?.length ?? 0)]]);
  for (const [name, bytes] of request.regions) lengths.set(name, BigInt(bytes.length));
  const result = interpret(program, entry, contract, request, {
    trace: ({ func, slot, depth, registers, memory }) => {
      r10.set(func, registers[10]!);
      const at: Addresses = {
        region: (region) => {
          switch (region.kind) {
            case 'frame':
              return r10.get(region.func)!;
            case 'data':
            case 'rodata':
              return memory.blockBase(region.kind);
            case 'context':
              return memory.contextBase;
            case 'granted':
              return BigInt(memory.regionBase(contract.regions[region.index]!.name));
          }
        },
        func: (index) => FUNCTION_TAG + BigInt(index),
        length: (region) => lengths.get(region),
      };
      const where = `${program.functions[func]!.name}, insn ${slot}`;
      const state = states.get(`${func}:${slot}`);
      if (!state) throw new Error(`${where}: said to be unreachable`);
      const frame = (off: number, size: number): bigint => {
        const bytes = memory.view(registers[10]! + BigInt(off), size, false, 'test');
        return bytes.reduceRight((n, b) => (n << 8n) | BigInt(b), 0n);
      };
      const bad = firstMismatch(state, registers, frame, at);
      if (bad) throw new Error(`${where}: ${bad}`);
      checkFacts(facts, last, func, slot, registers, program);
      frames.before(func, slot, registers, program);
      loops.before(func, slot, depth);
      last = { func, slot };
      compared++;
    },
  });
  if (result.status === 'trap' && result.trap?.name === 'memory') {
    const { func, slot } = result.trap;
    const access = facts.functions[func!]!.accesses.get(slot!);
    const args = facts.functions[func!]!.helperArgs.get(slot!);
    if (access?.proved || args?.every((a) => a.proved))
      throw new Error(`proved access traps: ${program.functions[func!]!.name}, insn ${slot}`);
  }
  return compared;
}

/** Counts the rounds of loops and holds them against facts.loops. */
class LoopWatch {
  /** By function and slot of a header: the bound, and which slots belong to the loop. */
  private readonly loops: { slot: number; most: number; inside: Set<number> }[][];
  /** By call depth: where the activation is, and the rounds of its loops since they were entered. */
  private readonly active: { slot: number; rounds: Map<number, number> }[] = [];

  constructor(program: Program, facts: Facts) {
    this.loops = facts.functions.map((f, func) => {
      if (!f || f.loops.size === 0) return [];
      const cfg = buildCfg(program.functions[func]!);
      return cfg.loops.flatMap((loop) => {
        const slot = cfg.blocks[loop.header]!.start;
        const most = f.loops.get(slot);
        if (most === undefined) return [];
        const inside = new Set<number>();
        for (const b of loopBlocks(cfg.loops, loop.id))
          for (let s = cfg.blocks[b]!.start; s < cfg.blocks[b]!.end; s++) inside.add(s);
        return [{ slot, most, inside }];
      });
    });
  }

  before(func: number, slot: number, depth: number): void {
    // The call at this depth came before; what is deeper has returned.
    this.active.length = Math.min(this.active.length, depth + 1);
    const at = this.active[depth] ?? { slot: -1, rounds: new Map<number, number>() };
    this.active[depth] = at;
    for (const loop of this.loops[func]!) {
      if (loop.slot !== slot) continue;
      const rounds = loop.inside.has(at.slot) ? (at.rounds.get(slot) ?? 0) + 1 : 0;
      at.rounds.set(slot, rounds);
      if (rounds > loop.most) throw new Error(`insn ${slot}: round ${rounds}, said to be at most ${loop.most}`);
    }
    at.slot = slot;
  }
}

/** Watches what a run does to stack frames, and holds it against frameBytes and zeroFrame. */
class FrameWatch {
  private readonly frames: { func: number; top: bigint; written: Set<number> }[] = [];
  constructor(private readonly facts: Facts) {}

  before(func: number, slot: number, registers: readonly bigint[], program: Program): void {
    const top = registers[10]!;
    while (this.frames.length > 0 && this.frames.at(-1)!.top !== top) {
      if (this.frames.some((f) => f.top === top)) this.frames.pop();
      else break;
    }
    const insn = program.functions[func]!.at[slot]!;
    if (this.frames.at(-1)?.top !== top) this.frames.push({ func, top, written: new Set() });
    else if (this.frames.at(-1)!.func !== func) this.frames[this.frames.length - 1] = { func, top, written: new Set() };
    if (insn.kind === 'call') this.fresh = true;
    else if (this.fresh) {
      this.fresh = false;
      this.frames[this.frames.length - 1] = { func, top, written: new Set() };
    }
    if (insn.kind === 'load') this.touch(registers[insn.base]! + BigInt(insn.off), insn.size, true, false);
    if (insn.kind === 'store') this.touch(registers[insn.base]! + BigInt(insn.off), insn.size, false, true);
    if (insn.kind === 'atomic') this.touch(registers[insn.base]! + BigInt(insn.off), insn.size, true, true);
    if (insn.kind === 'helper' && insn.id === 2) {
      const n = Number(registers[3]! & 0xffffffffn);
      if (n > 0) this.touch(registers[2]!, n, true, false);
      if (n > 0) this.touch(registers[1]!, n, false, true);
    }
    if (insn.kind === 'helper' && insn.id === 0x12) this.touch(registers[2]!, 4, false, true);
  }
  private fresh = false;

  private touch(address: bigint, size: number, read: boolean, write: boolean): void {
    for (const frame of this.frames) {
      const off = Number(BigInt.asIntN(64, address - frame.top));
      if (off < -512 || off + size > 0) continue;
      const own = this.facts.functions[frame.func]!;
      if (off < -own.frameBytes) throw new Error(`frame of ${own.frameBytes} bytes used at ${off}`);
      for (let i = off; i < off + size; i++) {
        if (read && !frame.written.has(i) && !own.zeroFrame) throw new Error(`unwritten frame byte ${i} read`);
        if (write) frame.written.add(i);
      }
    }
  }
}

/** The facts about the instruction before: its result, and the way its branch went. */
function checkFacts(
  facts: Facts,
  last: { func: number; slot: number } | undefined,
  func: number,
  slot: number,
  registers: readonly bigint[],
  program: Program,
): void {
  if (!last || last.func !== func) return;
  const own = facts.functions[func]!;
  const insn = program.functions[func]!.at[last.slot]!;
  const value = own.results.get(last.slot);
  if (value && 'dst' in insn) {
    const n = registers[insn.dst]!;
    const s = BigInt.asIntN(64, n);
    const fits = n >= value.umin && n <= value.umax && s >= value.smin && s <= value.smax;
    if (!fits || (n & value.known) !== value.value) throw new Error(`insn ${last.slot}: result 0x${n.toString(16)}`);
  }
  const fate = own.branches.get(last.slot);
  if (fate && insn.kind === 'branch' && insn.target !== last.slot + 1 && (fate === 'always') !== (slot === insn.target))
    throw new Error(`insn ${last.slot}: branch said to be taken ${fate}`);
}
