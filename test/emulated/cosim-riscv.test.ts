// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest';
import { CORES } from '../../backends/riscv/cores.js';
import { riscvCpu } from '../../backends/riscv/cpu.js';
import { type PlainName, ROWS, type Row, SIGNATURES, supports } from '../../backends/riscv/isa.js';
import { BRANCHES } from '../../backends/riscv/isa-names.js';
import { type Machine, MEANINGS } from '../../backends/riscv/semantics.js';
import type { Core } from '../../compiler/codegen/target.js';
import { type Cpu, CpuFault } from '../../compiler/simulator/cpu.js';
import { Random } from '../differential/random.js';
import { arenaBus, missingTool, Stray } from './cosim-board.js';
import { ARENA, edgesOf, makeCase, makeFarCase, type RiscvCosimCase } from './cosim-riscv-cases.js';
import { board, type Outcome, runOnBoard } from './cosim-riscv-firmware.js';

/**
 * Every row of the RISC-V tables, executed by QEMU's cores and by our semantics from the same states. COSIM_SEED and
 * COSIM_STATES (states per row) in the environment look elsewhere and longer.
 */
const SEED = Number(process.env.COSIM_SEED ?? 1);
const STATES = Number(process.env.COSIM_STATES ?? 200);
const BOARDS = {
  rv32imc: board('lowrisc-ibex', 'rv32imc_zicsr'),
  rv32imac: board('sifive-e31', 'rv32imac_zicsr'),
} as const;
const missing = missingTool(BOARDS.rv32imc);

type Hart = Cpu & Machine<number, boolean> & { address: number; size: number };

function hartOf(core: Core, c: RiscvCosimCase, arena: Uint8Array): Hart {
  const bus = arenaBus(ARENA.start, arena, () => {
    throw new Stray('literal');
  });
  const hart = riscvCpu(core).create(c.text, c.entry, bus) as Hart;
  hart.registers.set(c.registers);
  hart.pc = c.entry;
  return hart;
}

const outcomeOf = (hart: Hart, flow: Outcome['flow'], arena: Uint8Array): Outcome => ({
  flow,
  registers: hart.registers.slice(),
  arena,
});

/** Decodes the bytes and executes them, as the simulator does. */
function simulate(core: Core, c: RiscvCosimCase): Outcome {
  const arena = c.arena.slice();
  const hart = hartOf(core, c, arena);
  try {
    if (!hart.run(8)) throw new Stray('does not end');
  } catch (e) {
    if (e instanceof CpuFault) return outcomeOf(hart, 'fault', arena);
    throw e;
  }
  if (hart.pc === c.next) return outcomeOf(hart, 'next', arena);
  if (hart.pc === c.target) return outcomeOf(hart, 'taken', arena);
  throw new Stray(`goes to 0x${hart.pc.toString(16)}`);
}

/** What the meaning of a name does with the operands that were encoded: what the compiler asks for by that name. */
function intend(core: Core, c: RiscvCosimCase, name: PlainName): Outcome {
  const arena = c.arena.slice();
  const hart = hartOf(core, c, arena);
  let flow: Outcome['flow'] = 'next';
  hart.address = c.at;
  hart.size = c.next - c.at;
  hart.jumpTo = (to) => {
    if (to >>> 0 !== c.next) flow = to >>> 0 === c.target ? 'taken' : 'fault';
  };
  try {
    if (c.reserved !== null) hart.reserve(c.reserved);
    MEANINGS[name](hart, c.operands);
  } catch (e) {
    if (!(e instanceof CpuFault)) throw e;
    flow = 'fault';
  }
  return outcomeOf(hart, flow, arena);
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** What differs, in words; '' if nothing does. A fault is compared as such alone. */
function difference(ours: Outcome, theirs: Outcome): string {
  if (ours.flow !== theirs.flow) return `flow ${ours.flow}, board ${theirs.flow}`;
  if (ours.flow === 'fault') return '';
  const out: string[] = [];
  ours.registers.forEach((v, i) => {
    if (v !== theirs.registers[i]) out.push(`x${i} ${hex(v)}, board ${hex(theirs.registers[i]!)}`);
  });
  ours.arena.forEach((v, i) => {
    if (v !== theirs.arena[i]) out.push(`memory +${i} ${hex(v)}, board ${hex(theirs.arena[i]!)}`);
  });
  return out.join('; ');
}

/** As `difference`, where an access that no case should make is one as well. */
function wrongIn(run: () => Outcome, theirs: Outcome): string {
  try {
    return difference(run(), theirs);
  } catch (e) {
    if (e instanceof Stray) return e.message;
    throw e;
  }
}

const stateOf = (c: RiscvCosimCase): string =>
  `${[...c.registers].map((v, i) => `x${i}=${hex(v)}`).join(' ')} at ${hex(c.at)}`;

const rows = ROWS.filter((r) => !r.alias);
const isBranch = (row: Row): boolean => (BRANCHES as readonly string[]).includes(row.name);
/** States of rows that this core shares with one that runs all of them, or lacks. */
const FEW = 10;

/** Meanings that an encoding cannot tell apart, and why. */
const ALIKE: Readonly<Record<string, string>> = {
  'add as or: 100 0 ddddd ttttt 10': 'rs1 is x0',
  'add as xor: 100 0 ddddd ttttt 10': 'rs1 is x0',
  'addi as ori: 010 i ddddd iiiii 01': 'rs1 is x0',
  'addi as xori: 010 i ddddd iiiii 01': 'rs1 is x0',
};

describe.skipIf(missing !== null).each(['rv32imc', 'rv32imac'] as const)(
  'semantics against QEMU, row by row: %s',
  (name) => {
    const core = CORES.find((c) => c.name === name)!;
    const cases: RiscvCosimCase[] = [];
    const ofRow = new Map<Row, number[]>(rows.map((r) => [r, []]));
    let theirs: Outcome[] = [];
    /** Atomics run in full on the core that has them, all others on the other one. */
    const isMain = (row: Row): boolean => (row.feature === 'atomics') === (name === 'rv32imac');

    beforeAll(async () => {
      const random = new Random(SEED);
      for (const row of rows) {
        const edges = isMain(row) ? edgesOf(row) : [];
        for (let i = 0; i < (isMain(row) ? Math.max(STATES, edges.length) : FEW); i++) {
          ofRow.get(row)!.push(cases.length);
          cases.push(makeCase(row, edges, i, random));
        }
      }
      for (const row of rows.filter((r) => isBranch(r) && r.size === 4))
        for (let i = 0; i < (isMain(row) ? STATES : FEW); i++) cases.push(makeFarCase(row, random));
      theirs = await runOnBoard(BOARDS[name], cases, 120_000);
    }, 180_000);

    it('agrees in registers, memory and flow', () => {
      const wrong = cases.flatMap((c, i) => {
        const has = supports(core.features, c.row, c.operands);
        const found =
          wrongIn(() => simulate(core, c), theirs[i]!) ||
          (has && wrongIn(() => intend(core, c, c.name), theirs[i]!)) ||
          (!has && theirs[i]!.flow !== 'fault' && 'the board has it');
        return found ? [`${c.title}: ${found}\n   from ${stateOf(c)}`] : [];
      });
      expect(wrong.slice(0, 20)).toEqual([]);
      for (const row of rows.filter(isMain)) expect(ofRow.get(row)!.length, row.bits).toBeGreaterThanOrEqual(STATES);
    });

    it('went all ways', () => {
      const lacking = rows.filter(isMain).flatMap((row) => {
        const own = ofRow.get(row)!;
        const seen = new Set(own.map((i) => theirs[i]!.flow));
        const jumps = row.name === 'jal' || row.name === 'jalr';
        const want: Outcome['flow'][] = jumps ? ['taken'] : isBranch(row) ? ['next', 'taken'] : ['next'];
        if (row.feature === 'atomics' && !row.name.startsWith('sc.w')) want.push('fault');
        const out = want.filter((f) => !seen.has(f)).map((f) => `${row.name} ${row.bits}: ${f}`);
        if (row.name.startsWith('sc.w'))
          for (const result of [0, 1])
            if (
              !own.some((i) => theirs[i]!.registers[cases[i]!.operands[0]!] === result && cases[i]!.operands[0] !== 0)
            )
              out.push(`${row.name}: result ${result}`);
        return out;
      });
      expect(lacking).toEqual([]);
      for (const branch of BRANCHES)
        expect(
          new Set(cases.flatMap((c, i) => (c.row.name === branch && c.text.length === 8 ? [theirs[i]!.flow] : []))),
        ).toEqual(new Set(['next', 'taken']));
    });

    it('has states that tell every meaning from every other with the same operands', () => {
      const names = Object.keys(MEANINGS) as PlainName[];
      const alike: string[] = [];
      let told = 0;
      for (const row of rows.filter((r) => isMain(r) && !r.hint && r.text !== 'c.nop')) {
        const own = ofRow.get(row)!;
        const first = cases[own[0]!]!;
        for (const other of names) {
          if (other === first.name || SIGNATURES[other].length !== SIGNATURES[first.name].length) continue;
          if (own.some((i) => wrongIn(() => intend(core, cases[i]!, other), theirs[i]!))) told++;
          else alike.push(`${first.name} as ${other}: ${row.bits}`);
        }
      }
      expect([...new Set(alike)].sort()).toEqual(name === 'rv32imc' ? Object.keys(ALIKE).sort() : []);
      expect(told).toBeGreaterThan(1000);
    });
  },
);
