// SPDX-License-Identifier: MIT
import { printInsn } from '../bpf/print.js';
import type { Program } from '../bpf/program.js';
import type { Contract } from '../contract/types.js';
import type { World } from './assertions.js';
import { valueText } from './describe.js';
import type { State } from './state.js';
import { type VerifyOptions, verify } from './verify.js';

/** What is known before an instruction, one line: `r1=ctx r2=[0, 255] r10=stack | stack-8=5`. */
export function stateText(world: World, state: State): string {
  const regs = state.regs.flatMap((abs, r) => (abs ? [`r${r}=${valueText(world, abs)}`] : []));
  const slots = state.frame.entries().map(([at, { abs }]) => `stack${at}=${valueText(world, abs)}`);
  return regs.join(' ') + (slots.length > 0 ? ` | ${slots.join(' ')}` : '');
}

/** The state before every reachable instruction of what an entry reaches: `fcc verify --log full`. */
export function formatLog(
  program: Program,
  entry: number,
  contract: Contract,
  options: Omit<VerifyOptions, 'observe'> = {},
): string {
  const world = { program, contract };
  const lines = new Map<number, Map<number, string>>();
  verify(program, entry, contract, {
    ...options,
    observe: (func, slot, state) => {
      const own = lines.get(func) ?? new Map<number, string>();
      lines.set(func, own.set(slot, stateText(world, state)));
    },
  });
  let out = '';
  for (const [func, own] of [...lines].sort((a, b) => a[0] - b[0])) {
    const fn = program.functions[func]!;
    out += `${fn.name}:\n`;
    for (const insn of fn.insns) {
      const state = own.get(insn.slot);
      out += state === undefined ? '        ; unreachable\n' : `        ; ${state}\n`;
      out += `${String(insn.slot).padStart(6)}: ${printInsn(insn, program)}\n`;
    }
  }
  return out;
}
