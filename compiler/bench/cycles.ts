// SPDX-License-Identifier: MIT
import { classifyRiscv } from './classes-riscv.js';
import { classifyThumb } from './classes-thumb.js';
import { classifyXtensa } from './classes-xtensa.js';
import { COST_TABLES, type CostTable } from './costs.js';
import type { Classify, Kind, Timed } from './kinds.js';
import { type FindOperands, operandsRiscv, operandsXtensa } from './operands.js';
import type { Executed } from './types.js';

/** What the estimate must know of an instruction set. */
interface Decoder {
  readonly classify: Classify;
  /** Bytes of the instruction that begins with these. */
  readonly length: (bytes: Uint8Array) => number;
  /** Only for sets with a table that has latencies. */
  readonly operands?: FindOperands;
}

const THUMB: Decoder = { classify: classifyThumb, length: (b) => ((b[1] ?? 0) >= 0xe8 ? 4 : 2) };
const RISCV: Decoder = {
  classify: classifyRiscv,
  length: (b) => (((b[0] ?? 0) & 3) === 3 ? 4 : 2),
  operands: operandsRiscv,
};
const XTENSA: Decoder = {
  classify: classifyXtensa,
  length: (b) => (((b[0] ?? 0) & 15) >= 8 ? 2 : 3),
  operands: operandsXtensa,
};

/** The instruction set of a target of the cost tables. */
function decoder(target: string): Decoder {
  if (target.startsWith('cortex-')) return THUMB;
  return target.startsWith('esp') ? XTENSA : RISCV;
}

/** One instruction that ran. */
interface Step {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly timed: Timed;
  readonly count: number;
  readonly taken: number;
}

const ACCESSES: ReadonlySet<Kind> = new Set(['load', 'loadNarrow', 'store']);

/** Cycles of one execution that goes on behind the instruction. */
function straight(table: CostTable, { kind, registers }: Timed): number {
  const cost = table.costs[kind] ?? table.costs.alu;
  return typeof cost === 'number' ? cost : cost[0] + cost[1] * registers;
}

/** How often the second instruction was reached from the first, which may not stand directly in front of it. */
function reached(from: Step | undefined, to: Step | undefined): number {
  if (!from || !to || from.address + from.bytes.length !== to.address) return 0;
  return Math.min(from.count - from.taken, to.count);
}

/**
 * Estimated cycles of a counted run by the cost table of a target ("cortex-m4"), rounded to whole cycles. null: an instruction
 * was executed that the tables do not know. Throws for a target without a table.
 */
export function cycles(executed: readonly Executed[], target: string): number | null {
  const table = COST_TABLES[target];
  if (!table) throw new Error(`no cost table for ${target}`);
  const { classify, length, operands } = decoder(target);
  const steps: Step[] = [];
  for (const { address, bytes: given, count, taken } of executed) {
    if (count === 0) continue;
    // At the end of a page of code an emulator may give the bytes of the instruction behind too.
    const bytes = given.subarray(0, length(given));
    const timed = classify(bytes);
    if (!timed) return null;
    steps.push({ address, bytes, timed, count, taken });
  }
  steps.sort((a, b) => a.address - b.address);
  const sum = steps.reduce((cycles, step, i) => {
    const each = straight(table, step.timed);
    const refill = step.taken * (table.refill[step.timed.kind] ?? 0);
    const waits = operands ? waiting(table, steps, i, operands) : 0;
    return cycles + step.count * each + refill + waits - overlap(table, steps[i - 1], step, each);
  }, 0);
  return Math.round(sum);
}

/** Cycles saved by an access that follows another. */
function overlap(table: CostTable, before: Step | undefined, step: Step, each: number): number {
  if (table.behindAccess === undefined || !before) return 0;
  if (!ACCESSES.has(step.timed.kind) || !ACCESSES.has(before.timed.kind)) return 0;
  return reached(before, step) * (each - table.behindAccess);
}

/** Cycles that readers of an instruction's result wait for it, as far as they stand behind it in a line. */
function waiting(table: CostTable, steps: readonly Step[], i: number, operands: FindOperands): number {
  const latency = table.latency?.[steps[i]!.timed.kind] ?? 1;
  const { writes } = operands(steps[i]!.bytes);
  let often = Number.POSITIVE_INFINITY;
  for (let distance = 1; distance < latency && writes !== 0; distance++) {
    const step = steps[i + distance];
    often = Math.min(often, reached(steps[i + distance - 1], step));
    if (often === 0) return 0;
    const found = operands(step!.bytes);
    if ((found.reads & writes) !== 0) return often * (latency - distance);
    if ((found.writes & writes) !== 0) return 0;
  }
  return 0;
}
