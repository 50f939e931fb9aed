// SPDX-License-Identifier: MIT
import type { Insn, Source } from '../bpf/program.js';
import type { HelperRow } from '../contract/helpers.js';
import type { Flow } from './flow.js';

const bit = (reg: number): number => 1 << reg;
const ofSource = (s: Source): number => (s.kind === 'reg' ? bit(s.reg) : 0);
const CALLER_SAVED = 0b111111;

/** What calls read: helper signatures by id, and which of r1..r5 each local function uses. */
export interface CallUses {
  helper(id: number): HelperRow | undefined;
  argsUsed(func: number): readonly boolean[];
}

function argumentBits(used: readonly boolean[]): number {
  return used.reduce((bits, u, i) => (u ? bits | bit(i + 1) : bits), 0);
}

/** Registers an instruction reads and writes, as bit sets. */
export function registers(insn: Insn, calls: CallUses): { reads: number; writes: number } {
  switch (insn.kind) {
    case 'alu': {
      const own = insn.op === 'mov' ? 0 : bit(insn.dst);
      return { reads: own | (insn.op === 'neg' ? 0 : ofSource(insn.src)), writes: bit(insn.dst) };
    }
    case 'movsx':
      return { reads: bit(insn.src), writes: bit(insn.dst) };
    case 'endian':
      return { reads: bit(insn.dst), writes: bit(insn.dst) };
    case 'lddw':
    case 'global':
    case 'funcaddr':
      return { reads: 0, writes: bit(insn.dst) };
    case 'load':
      return { reads: bit(insn.base), writes: bit(insn.dst) };
    case 'store':
      return { reads: bit(insn.base) | ofSource(insn.src), writes: 0 };
    case 'atomic': {
      const both = bit(insn.base) | bit(insn.src);
      if (insn.op === 'cmpxchg') return { reads: both | bit(0), writes: bit(0) };
      return { reads: both, writes: insn.fetch ? bit(insn.src) : 0 };
    }
    case 'jump':
      return { reads: 0, writes: 0 };
    case 'branch':
      return { reads: bit(insn.dst) | ofSource(insn.src), writes: 0 };
    case 'call':
      return { reads: argumentBits(calls.argsUsed(insn.func)), writes: CALLER_SAVED };
    case 'callx':
      return { reads: bit(insn.reg) | 0b111110, writes: CALLER_SAVED };
    case 'helper': {
      const n = calls.helper(insn.id)?.args.length ?? 0;
      return { reads: ((1 << n) - 1) << 1, writes: CALLER_SAVED };
    }
    case 'exit':
      return { reads: bit(0), writes: 0 };
  }
}

/**
 * Registers that may be read later, as a bit set per block of `flow` (at its start). `impossible(b, k)`: way out number k of
 * block b is never taken.
 */
export function liveRegisters(
  flow: Flow,
  calls: CallUses,
  impossible: (block: number, way: number) => boolean = () => false,
): readonly number[] {
  const live: number[] = new Array(flow.blocks.length).fill(0);
  for (let changed = true; changed; ) {
    changed = false;
    for (let b = flow.blocks.length - 1; b >= 0; b--) {
      const block = flow.blocks[b]!;
      let set = block.succs.reduce((bits, s, k) => (impossible(b, k) ? bits : bits | live[s]!), 0);
      for (let i = block.insns.length - 1; i >= 0; i--) {
        const { reads, writes } = registers(block.insns[i]!, calls);
        set = (set & ~writes) | reads;
      }
      if (set === live[b]) continue;
      live[b] = set;
      changed = true;
    }
  }
  return live;
}
