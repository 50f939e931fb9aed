// SPDX-License-Identifier: MIT
import type { Insn } from '../bpf/program.js';
import type { Flow } from './flow.js';
import { FRAME_SIZE } from './frame.js';
import { type CallUses, registers } from './liveness.js';

/**
 * A set of places that hold values: bit r is register r (r0..r9; r10 never changes), bit WORDS + i are the bytes
 * [-512 + 4 i, -508 + 4 i) of the own stack frame.
 */
export type Places = bigint;

const WORDS = 16;
const WORD = 4;
const REGISTERS = 0x3ffn;
const FRAME: Places = ((1n << BigInt(FRAME_SIZE / WORD)) - 1n) << BigInt(WORDS);

/** Registers of a bit set as places. */
export const inRegisters = (bits: number): Places => BigInt(bits) & REGISTERS;

/** Stack words that [off, off + size) touches, or (`whole`) covers. Offsets count from r10. */
export function inFrame(off: number, size: number, whole = false): Places {
  const at = (n: number, up: boolean): number => {
    const word = (n + FRAME_SIZE) / WORD;
    return Math.min(FRAME_SIZE / WORD, Math.max(0, up ? Math.ceil(word) : Math.floor(word)));
  };
  const [from, to] = [at(off, whole), at(off + size, !whole)];
  return from >= to ? 0n : ((1n << BigInt(to - from)) - 1n) << BigInt(WORDS + from);
}

/** The registers among places, ascending. */
export function registersOf(places: Places): number[] {
  return Array.from({ length: 10 }, (_, r) => r).filter((r) => (places & (1n << BigInt(r))) !== 0n);
}

/** Dataflow of one instruction. */
export interface Uses {
  readonly reads: Places;
  /** Places that hold something else afterwards. */
  readonly writes: Places;
  /** Places that may. */
  readonly may: Places;
  /** The part of `reads` that is copied or computed with; the rest are addresses that were read through. */
  readonly values: Places;
}

/** What instructions read and write, stack words at offsets known from the code included. */
export class Locations {
  /** Distance from r10 by instruction and register, where every way there gives the same. */
  private readonly frame = new Map<Insn, readonly (number | undefined)[]>();

  constructor(
    flow: Flow,
    private readonly calls: CallUses,
  ) {
    this.follow(flow);
  }

  /** Constant propagation of r10 plus an immediate: two levels a register, so a few passes at most. */
  private follow(flow: Flow): void {
    const start: ((number | undefined)[] | undefined)[] = flow.blocks.map(() => undefined);
    start[0] = new Array(11).fill(undefined);
    start[0][10] = 0;
    const dirty = new Uint8Array(flow.blocks.length);
    dirty[0] = 1;
    for (let b = 0; b < flow.blocks.length; ) {
      if (dirty[b] === 0) {
        b++;
        continue;
      }
      dirty[b] = 0;
      const known = [...start[b]!];
      for (const insn of flow.blocks[b]!.insns) {
        if (known.some((off, r) => r < 10 && off !== undefined)) this.frame.set(insn, [...known]);
        else this.frame.delete(insn);
        this.advance(known, insn);
      }
      let next = b + 1;
      for (const s of flow.blocks[b]!.succs) {
        const old = start[s];
        const met = old ? old.map((off, r) => (off === known[r] ? off : undefined)) : [...known];
        if (old?.every((off, r) => off === met[r])) continue;
        start[s] = met;
        dirty[s] = 1;
        next = Math.min(next, s);
      }
      b = next;
    }
  }

  private advance(known: (number | undefined)[], insn: Insn): void {
    if (insn.kind === 'alu' && insn.width === 64) {
      const { dst, src } = insn;
      if (insn.op === 'mov' && src.kind === 'reg') known[dst] = known[src.reg];
      else if ((insn.op === 'add' || insn.op === 'sub') && src.kind === 'imm' && known[dst] !== undefined)
        known[dst] += insn.op === 'add' ? src.imm : -src.imm;
      else known[dst] = undefined;
      return;
    }
    const { writes } = registers(insn, this.calls);
    for (let r = 0; r < 10; r++) if ((writes & (1 << r)) !== 0) known[r] = undefined;
  }

  /** Distance from r10 that a register has before an instruction, if the code alone shows it. */
  frameOffset(insn: Insn, reg: number): number | undefined {
    return reg === 10 ? 0 : this.frame.get(insn)?.[reg];
  }

  /** What an instruction does. */
  of(insn: Insn): Uses {
    const plain = registers(insn, this.calls);
    const reads = inRegisters(plain.reads);
    const writes = inRegisters(plain.writes);
    switch (insn.kind) {
      case 'load': {
        const at = this.frameOffset(insn, insn.base);
        const words = at === undefined ? 0n : inFrame(at + insn.off, insn.size);
        return { reads: reads | words, writes, may: 0n, values: words };
      }
      case 'store': {
        const at = this.frameOffset(insn, insn.base);
        const value = insn.src.kind === 'reg' ? inRegisters(1 << insn.src.reg) : 0n;
        if (at === undefined) return { reads, writes, may: 0n, values: value };
        const off = at + insn.off;
        return { reads, writes: inFrame(off, insn.size, true), may: inFrame(off, insn.size), values: value };
      }
      case 'atomic': {
        const at = this.frameOffset(insn, insn.base);
        const words = at === undefined ? 0n : inFrame(at + insn.off, insn.size);
        const value = inRegisters(1 << insn.src);
        return { reads: reads | words, writes, may: words, values: words | value };
      }
      case 'helper':
      case 'call':
      case 'callx':
        return { reads, writes, may: this.callMay(insn), values: 0n };
      default:
        return { reads, writes, may: 0n, values: reads };
    }
  }

  /** Stack words that a call may write: those behind the pointers it is given. */
  private callMay(insn: Insn & { kind: 'helper' | 'call' | 'callx' }): Places {
    const given = [1, 2, 3, 4, 5].map((r) => this.frameOffset(insn, r));
    if (insn.kind !== 'helper') {
      const used = insn.kind === 'call' ? this.calls.argsUsed(insn.func) : [];
      return given.some((off, i) => off !== undefined && used[i] !== false) ? FRAME : 0n;
    }
    let may = 0n;
    this.calls.helper(insn.id)?.args.forEach((arg, i) => {
      const off = given[i];
      if (off === undefined || (arg.kind !== 'fixed' && arg.kind !== 'buffer') || arg.access === 'r') return;
      may |= inFrame(off, arg.kind === 'fixed' ? arg.size : -off);
    });
    return may;
  }
}
