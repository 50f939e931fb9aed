// SPDX-License-Identifier: MIT
import { printInsn } from '../bpf/print.js';
import { type BpfFunction, type Insn, lineAt, type Program } from '../bpf/program.js';
import { CompileError } from '../errors/index.js';
import type { Found } from './collect.js';
import type { Flow } from './flow.js';
import { type CallUses, registers } from './liveness.js';

/** Longest path shown, and how far back it is looked for. */
const MAX_STEPS = 6;
const MAX_INSNS = 200;

/** Errors beyond this are most often consequences of the first ones. */
const MAX_ERRORS = 20;

const NO_CALLS: CallUses = { helper: () => undefined, argsUsed: () => [] };

function stepText(program: Program, fn: BpfFunction, insn: Insn, way = ''): string {
  const line = lineAt(fn, insn.slot);
  const where = line ? ` (line ${line.line})` : '';
  return `insn ${insn.slot}${where} ${printInsn(insn, program)}${way}`;
}

/**
 * The assignments and branches that made a register what it is, nearest last: a walk backwards through the block and up
 * the dominator tree, following copies. Best effort: what lies beside that chain is not shown.
 */
export function pathTo(program: Program, fn: BpfFunction, flow: Flow, insn: Insn, reg: number): string[] {
  const steps: string[] = [];
  const { cfg } = flow;
  let wanted = reg;
  let block = cfg.blockAt[insn.slot]!;
  let at = cfg.blocks[block]!.insns.indexOf(insn) - 1;
  for (let seen = 0; seen < MAX_INSNS && steps.length < MAX_STEPS; seen++) {
    if (at < 0) {
      const above = cfg.idom[block]!;
      if (above < 0) break;
      const { insns, succs } = cfg.blocks[above]!;
      const last = insns.at(-1)!;
      const direct = cfg.blocks[block]!.preds.length === 1 && succs[0] !== succs[1];
      if (last.kind === 'branch' && direct)
        steps.push(stepText(program, fn, last, succs[0] === block ? ': taken' : ': not taken'));
      block = above;
      at = insns.length - 1;
      continue;
    }
    const def = cfg.blocks[block]!.insns[at--]!;
    if ((registers(def, NO_CALLS).writes & (1 << wanted)) === 0) continue;
    steps.push(stepText(program, fn, def));
    if (def.kind === 'movsx') wanted = def.src;
    else if (def.kind !== 'alu') break;
    else if (def.src.kind === 'reg' && def.op !== 'neg') wanted = def.src.reg;
    else if (def.op === 'mov') break;
  }
  return steps.reverse();
}

/** The errors to show, most important first. */
export function diagnose(program: Program, flowOf: (func: number) => Flow, found: readonly Found[]): CompileError[] {
  const order = [...found].sort(
    (a, b) => (a.refusal.rank ?? 2) - (b.refusal.rank ?? 2) || a.func - b.func || a.insn.slot - b.insn.slot,
  );
  return order.slice(0, MAX_ERRORS).map(({ func, insn, refusal }) => {
    const fn = program.functions[func]!;
    const line = lineAt(fn, insn.slot);
    const path = refusal.reg === undefined ? [] : pathTo(program, fn, flowOf(func), insn, refusal.reg);
    return new CompileError(refusal.code, refusal.message, {
      at: {
        ...(line ? { file: line.file, line: line.line, column: line.column } : {}),
        ...(fn.section === '' ? {} : { section: fn.section }),
        function: fn.name,
        instruction: insn.slot,
      },
      snippet: { text: line?.text ?? printInsn(insn, program), ...(refusal.note ? { note: refusal.note } : {}) },
      ...(refusal.expected ? { expected: refusal.expected } : {}),
      ...(refusal.reason ? { reason: refusal.reason } : {}),
      ...(path.length > 0 ? { path } : {}),
      ...(refusal.help ? { help: refusal.help } : {}),
    });
  });
}
