// SPDX-License-Identifier: MIT
import type { Kind } from './kinds.js';

/** Cycles of one execution; a pair: a fixed part, and a part for each register moved. */
export type Cost = number | readonly [fixed: number, each: number];

/**
 * Cycles of a core's instructions, memory without wait states. What a manual gives as a range stands here as its middle, halves
 * rounded up.
 */
export interface CostTable {
  /** The core that the table is of, where a target stands for several. */
  readonly core: string;
  /** Document and section. */
  readonly source: string;
  /** What is not in the document but our reading of it; '' : nothing. */
  readonly reading: string;
  /** Of kinds that are not here: `alu`. */
  readonly costs: Readonly<Partial<Record<Kind, Cost>> & { alu: number }>;
  /** What leaving the straight line costs besides, by the kind that leaves it. */
  readonly refill: Readonly<Partial<Record<Kind, number>>>;
  /** Cost of a load or store of one register directly behind another. */
  readonly behindAccess?: number;
  /** Cycles after which a result can be read without waiting; of kinds that are not here: 1. */
  readonly latency?: Readonly<Partial<Record<Kind, number>>>;
}

/** One refill for all kinds that may leave the straight line. */
const refill = (cycles: number): Readonly<Partial<Record<Kind, number>>> => ({
  branch: cycles,
  jump: cycles,
  call: cycles,
  indirect: cycles,
  table: cycles,
  load: cycles,
  loadMultiple: cycles,
});

const V6M_MEMORY = {
  load: 2,
  loadNarrow: 2,
  store: 2,
  loadMultiple: [1, 1],
  storeMultiple: [1, 1],
} as const;

const M0: CostTable = {
  core: 'Cortex-M0',
  source: 'Arm Cortex-M0 Technical Reference Manual (DDI 0432C), section 3.3, table 3-1',
  reading: 'the variant with the multiplier of one cycle',
  costs: { alu: 1, ...V6M_MEMORY, system: 4, barrier: 4 },
  // bl is 4, pop with the program counter 4 + N.
  refill: { ...refill(2), call: 3, loadMultiple: 3 },
};

const M0PLUS: CostTable = {
  core: 'Cortex-M0+',
  source: 'Arm Cortex-M0+ Technical Reference Manual (DDI 0484C), section 3.3, table 3-1',
  reading: 'the variant with the multiplier of one cycle; no access goes to the single-cycle port',
  costs: { alu: 1, ...V6M_MEMORY, system: 3, barrier: 3 },
  // bl is 3, pop with the program counter 3 + N.
  refill: { ...refill(1), call: 2, loadMultiple: 2 },
};

const M23: CostTable = {
  ...M0PLUS,
  core: 'Cortex-M23',
  source: 'no table is published; that of the Cortex-M0+ (DDI 0484C, section 3.3), which has two stages too',
  reading:
    'all of it: the pipeline is taken to be that of the Cortex-M0+, with division in 17 cycles, exclusives as loads',
  costs: { ...M0PLUS.costs, divide: 17, atomic: 2 },
};

/** P, the refill of the pipeline, is 1 to 3 cycles by the target's alignment and whether its address was foreseen. */
const P = 2;

const M3: CostTable = {
  core: 'Cortex-M3',
  source: 'Arm Cortex-M3 Technical Reference Manual (DDI 0337I), section 3.3.1, table 3-1 and its footnotes',
  reading:
    'the middle of each range: a refill P of 2, division in 7, long multiplication in 4 and with accumulation in 6 cycles; ' +
    'accesses of one register overlap where they stand behind each other; IT is never folded',
  costs: {
    ...V6M_MEMORY,
    alu: 1,
    multiplyAdd: 2,
    multiplyLong: 4,
    multiplyLongAdd: 6,
    divide: 7,
    atomic: 2,
    table: 2,
    system: 2,
  },
  refill: refill(P),
  behindAccess: 1,
};

const M4: CostTable = {
  ...M3,
  core: 'Cortex-M4',
  source: 'Arm Cortex-M4 Technical Reference Manual (100166_0001), section 3.3.1, table 3-1 and its footnotes',
  reading:
    'the middle of each range: a refill P of 2, division in 7 cycles; accesses of one register overlap where they stand behind ' +
    'each other; IT is never folded',
  costs: { ...M3.costs, multiplyAdd: 1, multiplyLong: 1, multiplyLongAdd: 1 },
};

const M33: CostTable = {
  ...M4,
  core: 'Cortex-M33',
  source: 'no table is published; that of the Cortex-M4 (100166_0001, section 3.3.1), which has three stages too',
  reading: 'all of it: the pipeline is taken to be that of the Cortex-M4, nothing issued in pairs',
};

const M7: CostTable = {
  core: 'Cortex-M7',
  source:
    'no table is published (DDI 0489F says: six stages, two instructions a cycle in order, branches predicted); ' +
    'order of magnitude by quinapalus.com/cm7cycles.html, measured on an STM32H730',
  reading:
    'all of it: one instruction a cycle, caches or tightly coupled memory hit, branches foreseen, two registers a cycle moved by ' +
    'multiple accesses; pairs issued together would make it less, waiting for loads more',
  costs: { alu: 1, loadMultiple: [1, 0.5], storeMultiple: [1, 0.5], divide: 7, atomic: 2, table: 2, barrier: 4 },
  refill: { indirect: 1, table: 1, loadMultiple: 1 },
};

const IBEX: CostTable = {
  core: 'Ibex',
  source:
    'Ibex documentation, "Pipeline Details", table of multi- and single-cycle instructions (ibex-core.readthedocs.io)',
  reading:
    'the configuration "small": two stages, three-cycle multiplier, no branch target ALU; memory answers in the next cycle; ' +
    'a branch taken stalls for two cycles, a jump for one',
  costs: {
    alu: 1,
    load: 2,
    loadNarrow: 2,
    store: 2,
    atomic: 3,
    multiply: 3,
    multiplyLong: 4,
    divide: 37,
    barrier: 2,
  },
  refill: { branch: 2, jump: 1, call: 1, indirect: 1 },
};

const E31: CostTable = {
  core: 'E31',
  source: 'SiFive FE310-G000 Manual, sections 3.2 and 3.3 (E31 instruction fetch and execution pipeline)',
  reading:
    'the first reader of a result waits for what is left of its latency, of divisions 18 cycles, the middle of 2 to 33; all ' +
    'branches are foreseen; a read-modify-write costs as much as a load and a store',
  costs: { alu: 1, atomic: 3, system: 3 },
  refill: {},
  latency: { load: 2, loadNarrow: 3, multiply: 5, multiplyLong: 5, divide: 18 },
};

const xtensa = (core: string, division: string, divide: number): CostTable => ({
  core,
  source:
    'no table is published; latencies by the pipeline description of GCC (gcc/config/xtensa/xtensa.md: five stages, one ' +
    'instruction a cycle, loads and multiplications 2), loops without penalty by the Xtensa ISA Reference Manual (RC-2010.1), LOOP',
  reading:
    'an instruction that reads a result with latency waits for it; leaving the straight line costs two cycles, the stages before ' +
    `execution${division}`,
  costs: { alu: 1, divide, atomic: 3, system: 2 },
  refill: { branch: 2, jump: 2, call: 2, indirect: 2 },
  latency: { load: 2, loadNarrow: 2, multiply: 2, multiplyAdd: 2, multiplyLong: 2 },
});

const DIVISION = '; division takes 13 cycles';

/** By target. */
export const COST_TABLES: Readonly<Record<string, CostTable>> = {
  'cortex-m0': M0,
  'cortex-m0plus': M0PLUS,
  'cortex-m23': M23,
  'cortex-m3': M3,
  'cortex-m4': M4,
  'cortex-m7': M7,
  'cortex-m33': M33,
  rv32imc: IBEX,
  rv32imac: E31,
  esp8266: xtensa('LX106', '', 1),
  esp32: xtensa('LX6', DIVISION, 13),
  esp32s3: xtensa('LX7', DIVISION, 13),
};
