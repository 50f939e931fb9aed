// SPDX-License-Identifier: MIT
import type { Insn, Source } from '../bpf/program.js';
import type { HelperRow } from '../contract/helpers.js';
import type { World } from './assertions.js';
import type { Report, Summary } from './report.js';
import type { State } from './state.js';
import type { Symbols } from './symbols.js';
import { type Abs, numberOf, UNKNOWN_NUMBER } from './value.js';

/** What the walk over one function needs from the whole-program analysis. */
export interface Context {
  readonly world: World;
  readonly symbols: Symbols;
  readonly func: number;
  readonly strict: boolean;
  /** Entry points must set r0; what a local function leaves there is its caller's matter. */
  readonly isEntry: boolean;
  readonly report: Report;
  helper(id: number): HelperRow | undefined;
  /** Functions whose address the program takes. */
  readonly taken: readonly number[];
  /** Hands the arguments to a local function and says what it does; undefined: as far as known it does not return. */
  call(callee: number, state: State): Summary | undefined;
  /** Whether a call of `callee` from here would be recursive. */
  recursive(callee: number): boolean;
  /** The function writes another one's frame, or (null) anywhere. */
  writes(func: number | null): void;
  /** The function may read a frame that is not its own. */
  readsFrames(): void;
  /** The function returns r0. */
  returns(r0: Abs | undefined): void;
}

/** Reads a register; an uninitialised one is refused and taken as an unknown number, so that the walk can go on. */
export function readReg(cx: Context, state: State, insn: Insn, reg: number): Abs {
  const a = state.regs[reg];
  if (a) {
    const sharp = state.sharpen(a);
    if (sharp !== a) state.regs[reg] = sharp;
    return sharp;
  }
  cx.report.refuse(insn, state, {
    code: 'FCC0101',
    message: `r${reg} is read before it is written`,
    reason: `r${reg} holds no value on at least one path to this instruction`,
    help:
      reg >= 1 && reg <= 5
        ? 'calls destroy r1 to r5, and only the arguments that the hook passes are set at entry'
        : `set r${reg} on every path before it is used`,
    reg,
    rank: 1,
  });
  state.regs[reg] = UNKNOWN_NUMBER;
  return UNKNOWN_NUMBER;
}

export function readSource(cx: Context, state: State, insn: Insn, src: Source): Abs {
  return src.kind === 'imm' ? numberOf(BigInt(src.imm)) : readReg(cx, state, insn, src.reg);
}
