// SPDX-License-Identifier: MIT
import { printInsn } from '../bpf/print.js';
import type { BpfFunction, Program } from '../bpf/program.js';
import { buildCfg } from '../cfg/index.js';
import type { Contract } from '../contract/types.js';
import type { World } from './assertions.js';
import { valueText } from './describe.js';
import { lineOf } from './diagnose.js';
import type { State } from './state.js';
import { type VerifyOptions, verify } from './verify.js';

/** What is known before an instruction, one line: `r1=ctx r2=[0, 255] r10=stack | stack-8=5`. */
export function stateText(world: World, state: State): string {
  const regs = state.regs.flatMap((abs, r) => (abs ? [`r${r}=${valueText(world, abs)}`] : []));
  const slots = state.frame.entries().map(([at, { abs }]) => `stack${at}=${valueText(world, abs)}`);
  return regs.join(' ') + (slots.length > 0 ? ` | ${slots.join(' ')}` : '');
}

/** Value of one register, as `stateText` has it. */
export function registerText(world: World, state: State, reg: number): string {
  return valueText(world, state.regs[reg]);
}

const INDENT = ' '.repeat(8);

/**
 * Source rows to print before an instruction, called in the order of printing: file and line where they change, nothing in
 * between. Assembler text is its own source and gives none.
 */
export function sourceRows(program: Program, fn: BpfFunction): (slot: number) => string[] {
  let file = '';
  let row = '';
  return (slot) => {
    const line = program.origin === 'asm' ? undefined : lineOf(fn, slot);
    if (!line) return [];
    const next = `${String(line.line).padStart(6)} | ${line.text.trim()}`;
    const rows = [...(line.file === file ? [] : [`${INDENT}; ${line.file}`]), ...(next === row ? [] : [next])];
    file = line.file;
    row = next;
    return rows;
  };
}

/** One function: a block of instructions a paragraph, each instruction below what is known before it. */
function functionLog(program: Program, fn: BpfFunction, states: ReadonlyMap<number, string>): string {
  const { blocks } = buildCfg(fn);
  const source = sourceRows(program, fn);
  const rows = [`${fn.name}${fn.section === '' ? '' : ` (${fn.section})`}:`];
  for (const block of blocks) {
    const from = [...new Set(block.preds)].map((p) => blocks[p]!.insns.at(-1)!.slot);
    const above = blocks[block.id - 1]?.insns.at(-1)?.slot;
    const ways = [...(block.id === 0 ? ['the start'] : []), ...(from.length > 0 ? [`insn ${from.join(', ')}`] : [])];
    if (block.id > 0) rows.push('');
    // Nothing need be said of a block that is entered from the one above alone, or at the start.
    if (ways.length > 1 || from.length > 1 || (from.length === 1 && from[0] !== above))
      rows.push(`${INDENT}; from ${ways.join(', ')}`);
    for (const insn of block.insns) {
      rows.push(...source(insn.slot), `${INDENT}; ${states.get(insn.slot) ?? 'unreachable'}`);
      rows.push(`${String(insn.slot).padStart(6)}: ${printInsn(insn, program)}`);
    }
  }
  return `${rows.join('\n')}\n`;
}

/**
 * The state before every instruction of what an entry reaches, as text: `fcc verify --log full`. A function starts with its name and
 * section, a block with the instructions that lead to it, and where the object has line information the source line comes
 * before what was made of it.
 */
export function formatLog(
  program: Program,
  entry: number,
  contract: Contract,
  options: Omit<VerifyOptions, 'observe'> = {},
): string {
  const world = { program, contract };
  const states = new Map<number, Map<number, string>>();
  verify(program, entry, contract, {
    ...options,
    observe: (func, slot, state) => {
      const own = states.get(func) ?? new Map<number, string>();
      states.set(func, own.set(slot, stateText(world, state)));
    },
  });
  return [...states]
    .sort((a, b) => a[0] - b[0])
    .map(([func, own]) => functionLog(program, program.functions[func]!, own))
    .join('\n');
}
