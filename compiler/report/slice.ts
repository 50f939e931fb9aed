// SPDX-License-Identifier: MIT
import { printInsn } from '../bpf/print.js';
import type { Insn, Program } from '../bpf/program.js';
import { HELPERS, type HelperRow } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import { type Blame, lineOf } from '../verifier/diagnose.js';
import { buildFlow, type Flow } from '../verifier/flow.js';
import { type CallUses, liveRegisters, registers } from '../verifier/liveness.js';
import { inRegisters, registersOf } from '../verifier/locations.js';
import { registerText, sourceRows } from '../verifier/log.js';
import { type Slice, sliceOf, type Way } from '../verifier/slice.js';
import { type VerifyOptions, verify } from '../verifier/verify.js';

/** Rows shown at most: the instructions nearest to the one in question stay. */
export const MAX_ROWS = 40;

/** One instruction that a refused value depends on. */
export interface SliceRow {
  readonly instruction: number;
  readonly text: string;
  readonly file: string | null;
  readonly line: number | null;
  /** Values that the verifier knows there: `r3 = ctx+[0, 255]`; null where it tells nothing. */
  readonly value: string | null;
  /** The direction that all ways to the refused instruction take here. */
  readonly way: Way | null;
  /** The refused instruction itself. */
  readonly failing: boolean;
}

/** Everything that the value behind an error depends on, in program order. */
export interface SliceReport {
  readonly func: number;
  readonly reg: number | null;
  readonly rows: readonly SliceRow[];
  /** Registers whose value comes from the caller or the hook. */
  readonly atEntry: readonly number[];
  /** False: there is more that the value depends on. */
  readonly complete: boolean;
}

/** Helper signatures and the arguments that local functions read. */
function callUses(program: Program, contract: Contract, extra: readonly HelperRow[]): CallUses {
  const rows = new Map([...HELPERS, ...(contract.signatures ?? []), ...extra].map((row) => [row.id, row]));
  const used = new Map<number, readonly boolean[]>();
  const calls: CallUses = {
    helper: (id) => rows.get(id),
    argsUsed: (func) => {
      const known = used.get(func);
      if (known) return known;
      // Recursion is refused elsewhere; here it must only end.
      used.set(func, [true, true, true, true, true]);
      const live = liveRegisters(buildFlow(program.functions[func]!), calls)[0]!;
      const own = [1, 2, 3, 4, 5].map((r) => (live & (1 << r)) !== 0);
      used.set(func, own);
      return own;
    },
  };
  return calls;
}

/** Registers to start from: the one to blame, and the length that a helper takes with a buffer. */
function blamed(insn: Insn, reg: number | undefined, calls: CallUses): number {
  if (reg === undefined) return 0;
  const arg = insn.kind === 'helper' ? calls.helper(insn.id)?.args[reg - 1] : undefined;
  return (1 << reg) | (arg?.kind === 'buffer' ? 1 << (arg.length + 1) : 0);
}

/** Registers whose value a row shows, and whether it is the one they get there. */
function shown(insn: Insn, calls: CallUses): { readonly after: boolean; readonly regs: readonly number[] } {
  const { reads, writes } = registers(insn, calls);
  if (insn.kind === 'call' || insn.kind === 'helper' || insn.kind === 'callx') return { after: true, regs: [0] };
  if (writes !== 0) return { after: true, regs: registersOf(inRegisters(writes)) };
  if (insn.kind === 'store') return { after: false, regs: insn.src.kind === 'reg' ? [insn.src.reg] : [] };
  return { after: false, regs: registersOf(inRegisters(reads)) };
}

/** Where to look values up: before which slot, null: nowhere. */
interface Row {
  readonly insn: Insn;
  readonly failing: boolean;
  readonly slot: number | null;
  readonly regs: readonly number[];
}

/** The rows of one slice, those nearest to the refused instruction where there are too many. */
function rowsOf(flow: Flow, slice: Slice, refused: Insn, blame: number, calls: CallUses): Row[] {
  const { cfg } = flow;
  const kept = [...slice.insns]
    .sort((a, b) => Math.abs(a.slot - refused.slot) - Math.abs(b.slot - refused.slot))
    .slice(0, MAX_ROWS - 1);
  return [...kept, refused]
    .sort((a, b) => a.slot - b.slot)
    .map((insn) => {
      const failing = insn === refused;
      if (failing) return { insn, failing, slot: insn.slot, regs: registersOf(inRegisters(blame)) };
      const { after, regs } = shown(insn, calls);
      if (!after) return { insn, failing, slot: insn.slot, regs };
      const { insns } = cfg.blocks[cfg.blockAt[insn.slot]!]!;
      // Behind the last instruction of a block other ways may join in: nothing is known of this one alone.
      return { insn, failing, slot: insns.find((i) => i.slot > insn.slot)?.slot ?? null, regs };
    });
}

/**
 * The slices behind several errors of one entry point, in their order: what each refused value depends on, with the values
 * known at each instruction. Verifies the program once more to learn these. The options are those of the first time.
 */
export function sliceReports(
  program: Program,
  entry: number,
  contract: Contract,
  blames: readonly Blame[],
  options: Omit<VerifyOptions, 'observe'> = {},
): SliceReport[] {
  if (blames.length === 0) return [];
  const calls = callUses(program, contract, options.helpers ?? []);
  const flows = new Map<number, Flow>();
  const drafts = blames.map(({ func, slot, reg }) => {
    const fn = program.functions[func]!;
    const flow = flows.get(func) ?? buildFlow(fn);
    flows.set(func, flow);
    const insn = fn.at[slot]!;
    const from = blamed(insn, reg, calls);
    const slice = sliceOf(flow, insn, inRegisters(from), { calls, contract });
    return { fn, reg, slice, rows: rowsOf(flow, slice, insn, from, calls) };
  });
  const values = new Map<string, string[]>();
  for (const { fn, rows } of drafts) for (const { slot } of rows) values.set(`${fn.index}:${slot}`, []);
  verify(program, entry, contract, {
    ...options,
    observe: (func, slot, state) => {
      const here = values.get(`${func}:${slot}`);
      if (here) for (let r = 0; r < 10; r++) here[r] = registerText({ program, contract }, state, r);
    },
  });
  return drafts.map(({ fn, reg, slice, rows }) => ({
    func: fn.index,
    reg: reg ?? null,
    rows: rows.map(({ insn, failing, slot, regs }): SliceRow => {
      const line = lineOf(fn, insn.slot);
      const known = values.get(`${fn.index}:${slot}`) ?? [];
      const texts = regs.flatMap((r) => (known[r] === undefined ? [] : [`r${r} = ${known[r]}`]));
      return {
        instruction: insn.slot,
        text: printInsn(insn, program),
        file: line?.file ?? null,
        line: line?.line ?? null,
        value: texts.length > 0 ? texts.join(', ') : null,
        way: slice.ways.get(insn.slot) ?? null,
        failing,
      };
    }),
    atEntry: slice.atEntry,
    complete: slice.complete && rows.length === slice.insns.length + 1,
  }));
}

/** Width of the column of instructions, so that values stand below each other. */
const COLUMN = 44;

/** A slice for people: source lines, instructions with the values known there, `…` for what is left out, `>` the refused one. */
export function formatSlice(program: Program, report: SliceReport): string {
  const fn = program.functions[report.func]!;
  const source = sourceRows(program, fn);
  const index = new Map(fn.insns.map((insn, i) => [insn.slot, i]));
  const what =
    report.reg === null
      ? ''
      : `, what r${report.reg} at insn ${report.rows.find((r) => r.failing)!.instruction} depends on`;
  const rows = [`slice of ${fn.name}: ${report.rows.length} of ${fn.insns.length} instructions${what}`];
  const entry = report.atEntry.map((r) => `r${r}`).join(', ');
  if (entry !== '')
    rows.push(
      `         ${entry}: as ${program.entries.includes(fn.index) ? 'the hook' : 'the caller'} passes ${report.atEntry.length > 1 ? 'them' : 'it'}`,
    );
  let last = -1;
  for (const row of report.rows) {
    const at = index.get(row.instruction)!;
    if (at > last + 1) rows.push('        …');
    last = at;
    const text = `${row.text}${row.way === null ? '' : `: ${row.way}`}`;
    const line = `${row.failing ? '>' : ' '}${String(row.instruction).padStart(6)}: ${text}`;
    rows.push(...source(row.instruction), row.value === null ? line : `${line.padEnd(COLUMN)}  ; ${row.value}`);
  }
  if (last + 1 < fn.insns.length) rows.push('        …');
  if (!report.complete) rows.push(`         not all is shown: at most ${MAX_ROWS} instructions are`);
  return rows.map((r) => `${r}\n`).join('');
}
