// SPDX-License-Identifier: MIT
import { printInsn } from '../bpf/print.js';
import { type BpfFunction, type Insn, type LineInfo, lineAt, type Program } from '../bpf/program.js';
import type { Cfg } from '../cfg/index.js';
import type { Contract } from '../contract/types.js';
import { CompileError, type ErrorCode, type ErrorDetails } from '../errors/index.js';
import type { Found } from './collect.js';
import type { Flow } from './flow.js';
import type { CallUses } from './liveness.js';
import { inRegisters } from './locations.js';
import { type Slice, sliceOf } from './slice.js';

/** Longest path shown. */
const MAX_STEPS = 6;

/** Errors beyond this, most often consequences of the first ones, are told without the path: each path costs a slice. */
const MAX_PATHS = 20;

/** Instructions shown before and behind the one in question where there is no source line. */
const CONTEXT = 2;

/** Calls are where a story begins: what they were given is another one. */
const NO_CALLS: CallUses = { helper: () => undefined, argsUsed: () => [] };

/** One step of the path that leads to an error. */
export interface Step {
  readonly slot: number;
  readonly text: string;
}

/** Where an error was found, for tools that ask further: `reg` is the register whose value is to blame. */
export interface Blame {
  readonly func: number;
  readonly slot: number;
  readonly reg?: number;
}

/** A refused program: an error with the places behind its text. */
export class Rejection extends CompileError {
  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails,
    readonly blame: Blame,
    /** `details.path`, with the instructions. */
    readonly steps: readonly Step[],
  ) {
    super(code, message, details);
  }
}

/** Line info of an instruction. A function without any is not searched. */
export function lineOf(fn: BpfFunction, slot: number): LineInfo | undefined {
  return fn.lines.size === 0 ? undefined : lineAt(fn, slot);
}

function stepOf(program: Program, fn: BpfFunction, insn: Insn, way = ''): Step {
  const line = lineOf(fn, insn.slot);
  const where = line ? ` (line ${line.line})` : '';
  return { slot: insn.slot, text: `insn ${insn.slot}${where} ${printInsn(insn, program)}${way}` };
}

/** Blocks of one way to `to`: those that every way passes, and those above the nearest other block that made a value. */
function oneWay(cfg: Cfg, to: number, slice: Slice): Set<number> {
  const on = new Set<number>();
  const climb = (from: number): void => {
    for (let b = from; b >= 0 && !on.has(b); b = cfg.idom[b]!) on.add(b);
  };
  climb(to);
  let beside = -1;
  for (const insn of slice.insns) {
    const block = cfg.blockAt[insn.slot]!;
    if (insn.kind === 'branch' || on.has(block) || cfg.rpoIndex[block]! > cfg.rpoIndex[to]!) continue;
    if (beside < 0 || cfg.rpoIndex[block]! > cfg.rpoIndex[beside]!) beside = block;
  }
  climb(beside);
  return on;
}

/**
 * The assignments and branches that made a register what it is before an instruction, nearest last: its values through
 * registers and stack slots, conditions that concern them, and what loops around it change each round. Where values come
 * from several sides one is told.
 */
export function pathTo(
  program: Program,
  fn: BpfFunction,
  flow: Flow,
  insn: Insn,
  reg: number,
  contract?: Contract,
): Step[] {
  const { cfg } = flow;
  const slice = sliceOf(flow, insn, inRegisters(1 << reg), { calls: NO_CALLS, contract, valuesOnly: true });
  const to = cfg.blockAt[insn.slot]!;
  const on = oneWay(cfg, to, slice);
  const around = new Set<number>();
  for (let l = cfg.loopOf[to]!; l >= 0; l = cfg.loops[l]!.parent) around.add(l);
  const steps: Step[] = [];
  const rounds: Step[] = [];
  for (const step of slice.insns) {
    const block = cfg.blockAt[step.slot]!;
    const before = on.has(block) && (block !== to || step.slot < insn.slot);
    const way = slice.ways.get(step.slot);
    if (step.kind === 'branch') {
      if (before && way !== undefined) steps.push(stepOf(program, fn, step, `: ${way}`));
    } else if (before) steps.push(stepOf(program, fn, step));
    else if (around.has(cfg.loopOf[block]!)) rounds.push(stepOf(program, fn, step, ', each round'));
  }
  return [...steps.slice(-MAX_STEPS), ...rounds.slice(0, MAX_STEPS - Math.min(MAX_STEPS, steps.length) + 1)];
}

/** An instruction and its neighbours, for programs without source lines. */
export function neighbours(program: Program, fn: BpfFunction, slot: number): { slot: number; text: string }[] {
  const at = fn.insns.findIndex((i) => i.slot === slot);
  return fn.insns
    .slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1)
    .map((i) => ({ slot: i.slot, text: printInsn(i, program) }));
}

/** Every refusal as an error, most important first. With the contract, paths show what was asked of a region's length. */
export function diagnose(
  program: Program,
  flowOf: (func: number) => Flow,
  found: readonly Found[],
  contract?: Contract,
): CompileError[] {
  const order = [...found].sort(
    (a, b) => (a.refusal.rank ?? 2) - (b.refusal.rank ?? 2) || a.func - b.func || a.insn.slot - b.insn.slot,
  );
  return order.map(({ func, insn, refusal }, i) => {
    const fn = program.functions[func]!;
    const line = lineOf(fn, insn.slot);
    const { reg } = refusal;
    // Where a register is set on some way says nothing of the way on which it is not.
    const blameless = reg === undefined || refusal.code === 'FCC0101';
    const steps = blameless || i >= MAX_PATHS ? [] : pathTo(program, fn, flowOf(func), insn, reg, contract);
    const details: ErrorDetails = {
      at: {
        ...(line ? { file: line.file, line: line.line, column: line.column } : {}),
        ...(fn.section === '' ? {} : { section: fn.section }),
        function: fn.name,
        instruction: insn.slot,
      },
      snippet: { text: line?.text ?? printInsn(insn, program), ...(refusal.note ? { note: refusal.note } : {}) },
      ...(refusal.expected ? { expected: refusal.expected } : {}),
      ...(refusal.reason ? { reason: refusal.reason } : {}),
      ...(steps.length > 0 ? { path: steps.map((s) => s.text) } : {}),
      ...(refusal.help ? { help: refusal.help } : {}),
    };
    const blame = { func, slot: insn.slot, ...(reg === undefined ? {} : { reg }) };
    return new Rejection(refusal.code, refusal.message, details, blame, steps);
  });
}
