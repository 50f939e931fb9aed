// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { thumbCpu } from '../../backends/thumb/cpu.js';
import { type PlainName, plainName, ROWS, type Row, SIGNATURES } from '../../backends/thumb/isa.js';
import { conditionHolds, type Machine, MEANINGS } from '../../backends/thumb/semantics.js';
import { type Bus, type Cpu, CpuFault } from '../../compiler/simulator/cpu.js';
import { Random } from '../differential/random.js';
import { arenaBus, missingTool, Stray } from './cosim-board.js';
import { ARENA, type CosimCase, edgesOf, makeCase } from './cosim-cases.js';
import { CORTEX_M4, type Outcome, runOnBoard } from './cosim-firmware.js';

/**
 * Every row of the Thumb tables, executed by QEMU's Cortex-M4 and by our semantics from the same states. COSIM_SEED and
 * COSIM_STATES (states per row) in the environment look elsewhere and longer.
 */
const SEED = Number(process.env.COSIM_SEED ?? 1);
const STATES = Number(process.env.COSIM_STATES ?? 200);
const missing = missingTool(CORTEX_M4);
const CPU = thumbCpu(findTarget('cortex-m4')!.core);

/** Not run: calls of the debugger, which here is the emulator's file interface; and what would keep interrupts off for later cases. */
const LEFT_OUT: readonly string[] = ['bkpt', 'cpsid', 'msr.primask'];

function busOf(c: CosimCase, arena: Uint8Array): Bus {
  const half = (address: number): number => {
    const v = c.code.get(address);
    if (v === undefined) throw new Stray(`literal at 0x${address.toString(16)}`);
    return v;
  };
  return arenaBus(ARENA.start, arena, (address) => (half(address) | (half(address + 2) << 16)) >>> 0);
}

type Core = Cpu & Machine<number, boolean> & { address: number; size: number };

function coreOf(c: CosimCase, arena: Uint8Array): Core {
  const core = CPU.create(c.text, c.entry, busOf(c, arena)) as Core;
  core.registers.set(c.registers);
  [core.n, core.z, core.c, core.v] = [8, 4, 2, 1].map((b) => (c.flags & b) !== 0) as [
    boolean,
    boolean,
    boolean,
    boolean,
  ];
  core.pc = c.entry;
  return core;
}

function outcomeOf(core: Core, flow: Outcome['flow'], arena: Uint8Array): Outcome {
  const flags = (core.n ? 8 : 0) | (core.z ? 4 : 0) | (core.c ? 2 : 0) | (core.v ? 1 : 0);
  return { flow, registers: core.registers.slice(0, 15), flags, arena };
}

/** Decodes the bytes and executes them, as the simulator does. */
function simulate(c: CosimCase): Outcome {
  const arena = c.arena.slice();
  const core = coreOf(c, arena);
  try {
    if (!core.run(8)) throw new Stray('does not end');
  } catch (e) {
    if (e instanceof CpuFault) return outcomeOf(core, 'fault', arena);
    throw e;
  }
  if (core.pc === c.next) return outcomeOf(core, 'next', arena);
  if (core.pc === c.target) return outcomeOf(core, 'taken', arena);
  throw new Stray(`goes to 0x${core.pc.toString(16)}`);
}

/** What the meaning of a name does with the operands that were encoded: what the compiler asks for by that name. */
function intend(c: CosimCase, name: PlainName): Outcome {
  const arena = c.arena.slice();
  const core = coreOf(c, arena);
  let flow: Outcome['flow'] = 'next';
  const go = (to: number): void => {
    if (to >>> 0 !== c.next) flow = to >>> 0 === c.target ? 'taken' : 'fault';
  };
  core.address = c.at;
  core.size = c.row.size;
  core.jump = (to, condition) => condition && go(to);
  core.jumpTo = (to) => go(to - 1);
  try {
    if (c.condition === null || conditionHolds(core, c.condition)) MEANINGS[name](core, c.operands);
  } catch (e) {
    if (!(e instanceof CpuFault)) throw e;
    flow = 'fault';
  }
  return outcomeOf(core, flow, arena);
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
const FLAG_LETTERS = (f: number): string => [...'NZCV'].map((l, i) => ((f >> (3 - i)) & 1 ? l : '-')).join('');

/** What differs, in words; '' if nothing does. A fault is compared as such alone. */
function difference(ours: Outcome, board: Outcome): string {
  if (ours.flow !== board.flow) return `flow ${ours.flow}, board ${board.flow}`;
  if (ours.flow === 'fault') return '';
  const out: string[] = [];
  ours.registers.forEach((v, i) => {
    if (v !== board.registers[i]) out.push(`r${i} ${hex(v)}, board ${hex(board.registers[i]!)}`);
  });
  if (ours.flags !== board.flags) out.push(`flags ${FLAG_LETTERS(ours.flags)}, board ${FLAG_LETTERS(board.flags)}`);
  ours.arena.forEach((v, i) => {
    if (v !== board.arena[i]) out.push(`memory +${i} ${hex(v)}, board ${hex(board.arena[i]!)}`);
  });
  return out.join('; ');
}

function stateOf(c: CosimCase): string {
  return `${[...c.registers].map((v, i) => `r${i}=${hex(v)}`).join(' ')} ${FLAG_LETTERS(c.flags)} at ${hex(c.at)}`;
}

/** As `difference`, where an access that no case should make is one as well. */
function wrongIn(run: () => Outcome, board: Outcome): string {
  try {
    return difference(run(), board);
  } catch (e) {
    if (e instanceof Stray) return e.message;
    throw e;
  }
}

/** Rows whose encodings cannot show a difference between two meanings, and why. */
const ALIKE: Readonly<Record<string, string>> = {
  'mov.i as movw: 00100 ddd iiiiiiii': 'two names of one meaning',
  'mov.i as movw: 11110 i 00010 0 1111 0 iii dddd iiiiiiii': 'two names of one meaning',
  'mov.i as movw: 11110 i 100100 jjjj 0 iii dddd iiiiiiii': 'two names of one meaning',
  'movw as mov.i: 11110 i 100100 jjjj 0 iii dddd iiiiiiii': 'two names of one meaning',
  'add.i as adc.i: 101100000 iiiiiii':
    'SP and the immediate are multiples of 4, and so is what is kept of the sum with carry',
  'ldr as ldrex: 10011 ttt iiiiiiii': 'SP and the offset are multiples of 4, and the reservation shows in no register',
  'ldm as ldm.wb: 11001 nnn llllllll': 'the base is in the list here: what is loaded replaces what is written back',
};

describe.skipIf(missing !== null)('semantics against QEMU, row by row', () => {
  const rows = ROWS.filter((r) => !LEFT_OUT.includes(r.name));
  const cases: CosimCase[] = [];
  const ofRow = new Map<Row, number[]>(rows.map((r) => [r, []]));
  let board: Outcome[] = [];
  beforeAll(async () => {
    const random = new Random(SEED);
    for (const row of rows) {
      const edges = edgesOf(row);
      for (let i = 0; i < Math.max(STATES, edges.length); i++) {
        ofRow.get(row)!.push(cases.length);
        cases.push(makeCase(row, edges, i, random));
      }
    }
    board = await runOnBoard(cases, 120_000);
  }, 180_000);

  it('agrees in registers, flags, memory and flow', () => {
    const wrong = cases.flatMap((c, i) => {
      const found =
        wrongIn(() => simulate(c), board[i]!) ||
        (c.row.name !== 'it' && wrongIn(() => intend(c, plainName(c.row.name)), board[i]!));
      return found ? [`${c.title}: ${found}\n   from ${stateOf(c)}`] : [];
    });
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(cases.length).toBeGreaterThanOrEqual(200 * rows.length);
  });

  it('went all ways', () => {
    const lacking = rows.flatMap((row) => {
      const own = ofRow.get(row)!;
      const seen = new Set(own.map((i) => board[i]!.flow));
      const name = plainName(row.name);
      const want: Outcome['flow'][] = [];
      const branches = row.operands.some((o) => o.kind === 'branch');
      const indirect = name === 'bx' || name === 'blx';
      if (branches || indirect || name === 'pop') want.push('taken');
      if (row.it !== 'out' || (branches && name !== 'b' && name !== 'bl')) want.push('next');
      if (indirect || name === 'udf' || /^(ldr|str)d/.test(name) || /^(ld|st)m/.test(name)) want.push('fault');
      if (row.it !== 'in' && !own.some((i) => cases[i]!.condition === null)) return [`${row.name} outside IT`];
      if (row.it !== 'out' && !own.some((i) => cases[i]!.condition !== null)) return [`${row.name} inside IT`];
      return want.filter((f) => !seen.has(f)).map((f) => `${row.name} ${row.bits}: ${f}`);
    });
    expect(lacking).toEqual([]);
  });

  it('has states that tell every meaning from every other with the same operands', () => {
    const names = Object.keys(MEANINGS) as PlainName[];
    const alike: string[] = [];
    let told = 0;
    for (const [row, own] of ofRow) {
      if (row.name === 'it') continue;
      const name = plainName(row.name);
      for (const other of names) {
        if (other === name || LEFT_OUT.includes(other)) continue;
        if (SIGNATURES[other].join() !== SIGNATURES[row.name].join()) continue;
        if (own.some((i) => wrongIn(() => intend(cases[i]!, other), board[i]!))) told++;
        else alike.push(`${name} as ${other}: ${row.bits}`);
      }
    }
    expect([...new Set(alike)].sort()).toEqual(Object.keys(ALIKE).sort());
    expect(told).toBeGreaterThan(11000);
  });
});
