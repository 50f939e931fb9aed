// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest';
import { CORES, type Feature } from '../../backends/xtensa/cores.js';
import { xtensaCpu } from '../../backends/xtensa/cpu.js';
import { type Name, ROWS, type Row, SIGNATURES, supports } from '../../backends/xtensa/isa.js';
import { isBranch, LOOPS } from '../../backends/xtensa/isa-names.js';
import { type Machine, MEANINGS } from '../../backends/xtensa/semantics.js';
import type { Core } from '../../compiler/codegen/target.js';
import { type Bus, type Cpu, CpuFault } from '../../compiler/simulator/cpu.js';
import { Random } from '../differential/random.js';
import { arenaBus, missingTool, Stray } from './cosim-board.js';
import {
  edgeWords,
  makeCase,
  makeFarCase,
  makeLoopCase,
  STATE_SPECIALS,
  type XtensaCosimCase,
} from './cosim-xtensa-cases.js';
import { board, type Outcome, runOnBoard } from './cosim-xtensa-firmware.js';

/**
 * Every row of the Xtensa table that some core of QEMU's has, executed there and by our semantics from the same states; those
 * that a stand-in lacks fault on it. COSIM_SEED and COSIM_STATES (states per row) in the environment look elsewhere and longer.
 */
const SEED = Number(process.env.COSIM_SEED ?? 1);
const STATES = Number(process.env.COSIM_STATES ?? 200);

/**
 * The processor that an emulator has for a core, without what it lacks. `more`: it has them, though no text for the board may
 * use them.
 */
function standIn(coreName: string, boardName: string, more: readonly Feature[] = []): Core {
  const core = CORES.find((c) => c.name === coreName)!;
  const { lacks } = core.emulators.find((e) => e.board === boardName)!;
  const changed = [...lacks.map((f) => [f, false] as const), ...more.map((f) => [f, true] as const)];
  return { ...core, features: { ...core.features, ...Object.fromEntries(changed) } };
}

const BOARDS = [
  { cpu: 'lx106', base: 0x60000000, core: standIn('esp8266', 'sim-lx106') },
  { cpu: 'de212', base: 0x60000000, core: standIn('esp32', 'sim-de212') },
  { cpu: 'dc232b', base: 0xd0000000, core: standIn('esp32', 'sim-dc232b', ['div32']) },
] as const;
const boardOf = ({ cpu, base, core }: (typeof BOARDS)[number]) =>
  board(cpu, base, [...(core.features.loop ? ['HAS_LOOP'] : []), ...(core.features.s32c1i ? ['HAS_S32C1I'] : [])]);
const missing = missingTool(boardOf(BOARDS[0]));

/** Instructions that no emulated processor has: encoded and simulated, but executed nowhere else. */
const NEVER_EXECUTED: readonly Name[] = ['muluh', 'mulsh'];
/** The emulated DE212 has the register of s32c1i without the instruction: of that, a case would tell nothing. */
const isHalfThere = (cpu: string, row: Row): boolean => cpu === 'de212' && row.name.endsWith('.scompare1');
/** States of rows that another board runs in full, or that this one lacks. */
const FEW = 10;

type Processor = Cpu & Machine<number, boolean> & { address: number; size: number };

function processorOf(core: Core, c: XtensaCosimCase, arena: Uint8Array): Processor {
  const literal: Bus['literal'] = (address) =>
    [3, 2, 1, 0].reduce((v, i) => {
      const byte = c.code.get(address + i);
      if (byte === undefined) throw new Stray(`literal at 0x${address.toString(16)}`);
      return v * 256 + byte;
    }, 0);
  const cpu = xtensaCpu(core).create(c.text, c.at, arenaBus(c.arenaAt, arena, literal)) as Processor;
  cpu.registers.set(c.registers);
  for (const s of STATE_SPECIALS) cpu.setSpecial(s, c.special[s]);
  cpu.pc = c.at;
  return cpu;
}

function outcomeOf(cpu: Processor, flow: Outcome['flow'], arena: Uint8Array): Outcome {
  const special = Object.fromEntries(STATE_SPECIALS.map((s) => [s, cpu.special(s)])) as Outcome['special'];
  return { flow, registers: cpu.registers.slice(), special, arena };
}

function flowTo(c: XtensaCosimCase, to: number): Outcome['flow'] | null {
  if (to === c.next) return 'next';
  if (to === c.target) return 'taken';
  return to === c.loopStart ? 'looped' : null;
}

/** Decodes the bytes and executes them, as the simulator does. */
function simulate(core: Core, c: XtensaCosimCase): Outcome {
  const arena = c.arena.slice();
  const cpu = processorOf(core, c, arena);
  try {
    if (!cpu.run(100)) throw new Stray('does not end');
  } catch (e) {
    if (e instanceof CpuFault) return outcomeOf(cpu, 'fault', arena);
    throw e;
  }
  const flow = flowTo(c, cpu.pc);
  if (flow === null) throw new Stray(`goes to 0x${cpu.pc.toString(16)}`);
  return outcomeOf(cpu, flow, arena);
}

/** What the meaning of a name does with the operands that were encoded: what the compiler asks for by that name. */
function intend(core: Core, c: XtensaCosimCase, name: Exclude<Name, 'pad'>): Outcome {
  const arena = c.arena.slice();
  const cpu = processorOf(core, c, arena);
  let flow: Outcome['flow'] | null = null;
  cpu.address = c.at;
  cpu.size = c.text.length;
  cpu.jump = (to, condition) => condition && cpu.jumpTo(to);
  cpu.jumpTo = (to) => {
    flow = flowTo(c, to >>> 0) ?? 'fault';
  };
  try {
    MEANINGS[name](cpu, c.operands);
    // What jumps, be it to the next instruction, does not go round.
    if (flow === null && c.loopStart !== null && cpu.special('lcount') !== 0) {
      cpu.setSpecial('lcount', cpu.special('lcount') - 1);
      flow = 'looped';
    }
  } catch (e) {
    if (!(e instanceof CpuFault)) throw e;
    flow = 'fault';
  }
  return outcomeOf(cpu, flow ?? 'next', arena);
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** What differs, in words; '' if nothing does. A fault is compared as such, and in memory. */
function difference(ours: Outcome, theirs: Outcome): string {
  if (ours.flow !== theirs.flow) return `flow ${ours.flow}, board ${theirs.flow}`;
  const out: string[] = [];
  ours.arena.forEach((v, i) => {
    if (v !== theirs.arena[i]) out.push(`memory +${i} ${hex(v)}, board ${hex(theirs.arena[i]!)}`);
  });
  if (ours.flow === 'fault') return out.join('; ');
  ours.registers.forEach((v, i) => {
    if (v !== theirs.registers[i]) out.push(`a${i} ${hex(v)}, board ${hex(theirs.registers[i]!)}`);
  });
  for (const s of STATE_SPECIALS)
    if (ours.special[s] !== theirs.special[s])
      out.push(`${s} ${hex(ours.special[s])}, board ${hex(theirs.special[s])}`);
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

const stateOf = (c: XtensaCosimCase): string =>
  [
    ...[...c.registers].map((v, i) => `a${i}=${hex(v)}`),
    ...STATE_SPECIALS.map((s) => `${s}=${hex(c.special[s])}`),
  ].join(' ');

const rows = ROWS.filter((r) => !r.alias);
const loopRows = rows.filter((r) => (LOOPS as readonly string[]).includes(r.name));
const farRows = rows.filter((r) => isBranch(r.name) && r.size === 3);

/** Names of one meaning, as far as one processor can tell. */
const SAME: readonly (readonly Name[])[] = [
  ['nop', 'memw', 'extw'],
  ['addi', 'addmi'],
];

/** Meanings that this suite cannot tell apart, and why. */
const ALIKE: Readonly<Record<string, string>> = {
  'l32i as s32c1i': 'the LX106, which runs l32i, has no SCOMPARE1 that could equal the word',
};
/** Pairs of a row and another meaning that are told apart, at least. */
const MUST_TELL = { lx106: 3900, de212: 850, dc232b: 120 } as const;

/** Rows of which this board runs all states: the first one that has them. */
const mainRows = BOARDS.map(({ core }, i) =>
  rows.filter((r) => supports(core.features, r) && !BOARDS.slice(0, i).some((b) => supports(b.core.features, r))),
);

describe.skipIf(missing !== null).each(BOARDS.map((b, i) => ({ ...b, main: mainRows[i]!, on: boardOf(b) })))(
  'semantics against QEMU, row by row: $cpu',
  ({ core, base, main, on, cpu }) => {
    const cases: XtensaCosimCase[] = [];
    const ofRow = new Map<Row, number[]>(rows.map((r) => [r, []]));
    let theirs: Outcome[] = [];

    beforeAll(async () => {
      const random = new Random(SEED);
      const setting = { base, loops: core.features.loop === true, s32c1i: core.features.s32c1i === true };
      for (const row of rows.filter((r) => !isHalfThere(cpu, r))) {
        const words = main.includes(row) ? edgeWords(row, random) : [];
        for (let i = 0; i < (main.includes(row) ? Math.max(STATES, words.length) : FEW); i++) {
          ofRow.get(row)!.push(cases.length);
          cases.push(makeCase(row, words[i], setting, random));
        }
      }
      for (const row of farRows)
        for (let i = 0; i < (main.includes(row) ? STATES : FEW); i++) cases.push(makeFarCase(row, setting, random));
      if (core.features.loop)
        for (const row of loopRows)
          for (let i = 0; i < (main.includes(row) ? STATES : FEW); i++) cases.push(makeLoopCase(row, setting, random));
      theirs = await runOnBoard(on, cases, 120_000);
    }, 180_000);

    it('agrees in registers, memory and flow', () => {
      const wrong = cases.flatMap((c, i) => {
        const has = supports(core.features, c.row);
        const found =
          wrongIn(() => simulate(core, c), theirs[i]!) ||
          (has && !c.several && wrongIn(() => intend(core, c, c.name as Exclude<Name, 'pad'>), theirs[i]!)) ||
          (!has && theirs[i]!.flow !== 'fault' && 'the board has it');
        return found ? [`${c.title}: ${found}\n   from ${stateOf(c)}`] : [];
      });
      expect(wrong.slice(0, 20)).toEqual([]);
      for (const row of main) expect(ofRow.get(row)!.length, row.bits).toBeGreaterThanOrEqual(STATES);
    });

    it('went all ways', () => {
      const lacking = main.flatMap((row) => {
        const { name } = row;
        const seen = new Set(ofRow.get(row)!.map((i) => theirs[i]!.flow));
        const always = ['j', 'jx', 'call0', 'callx0', 'ret'].includes(name);
        const want: Outcome['flow'][] = always ? ['taken'] : ['next'];
        if (isBranch(name) || name === 'loopnez' || name === 'loopgtz') want.push('taken');
        if (/^(l16|l32i|s16|s32)/.test(name) || row.feature === 'div32') want.push('fault');
        return want.filter((f) => !seen.has(f)).map((f) => `${name} ${row.bits}: ${f}`);
      });
      expect(lacking).toEqual([]);
      const flows = (of: (c: XtensaCosimCase) => boolean): Set<string> =>
        new Set(cases.flatMap((c, i) => (of(c) ? [theirs[i]!.flow] : [])));
      for (const row of farRows.filter((r) => main.includes(r)))
        expect(flows((c) => c.row === row && c.several)).toEqual(new Set(['next', 'taken']));
      if (core.features.loop) {
        expect(flows((c) => c.loopStart !== null)).toEqual(new Set(['next', 'taken', 'looped', 'fault']));
        for (const row of loopRows) expect(flows((c) => c.several && c.row === row)).toEqual(new Set(['next']));
      }
    });

    it('has states that tell every meaning from every other with the same operands', () => {
      const names = Object.keys(MEANINGS) as (keyof typeof MEANINGS)[];
      const alike: string[] = [];
      let told = 0;
      for (const row of main) {
        const own = ofRow.get(row)!;
        for (const other of names) {
          if (
            other === row.name ||
            SAME.some((names) => names.includes(other) && names.includes(row.name as Name)) ||
            SIGNATURES[other].length !== SIGNATURES[row.name].length
          )
            continue;
          if (own.some((i) => wrongIn(() => intend(core, cases[i]!, other), theirs[i]!))) told++;
          else alike.push(`${row.name} as ${other}`);
        }
      }
      expect([...new Set(alike)]).toEqual(cpu === 'lx106' ? Object.keys(ALIKE) : []);
      expect(told).toBeGreaterThan(MUST_TELL[cpu]);
    });
  },
);

it('every row but two is run in full on one of the emulated processors', () => {
  const run = new Set(mainRows.flat());
  expect(rows.filter((r) => !run.has(r)).map((r) => r.name)).toEqual(NEVER_EXECUTED);
});
