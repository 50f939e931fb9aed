// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { BOARDS } from '../../compiler/cli/qemu-boards.js';
import type { BatchCase } from '../../compiler/cli/qemu-records.js';
import { INTRINSIC_BASE, INTRINSICS } from '../../compiler/image/fields.js';
import { statusNumber } from '../../compiler/image/status.js';
import { ONE_PER_BOARD } from './boards.js';
import { dialectsOf } from './ports/dialects.js';
import { runOn } from './ports/firmware.js';
import { casesOf } from './ports/intrinsics.js';
import {
  argsOf,
  CONTRACT,
  DEPTHS,
  deep,
  intrinsicImages,
  keptValue,
  mixed,
  portImage,
  STACK_WORDS,
  STORM,
  stackValue,
  TEST_HELPERS,
} from './ports/routines.js';

/** The ports of the C runtime, with hand-written images, on every board. */
/** Random operands of each intrinsic, besides its edges: one boot takes them all. */
const RUNS = Math.min(Number(process.env.FCC_RUNS ?? 200), 400);
const SEED = 20261121;
/** Trap codes: memory, fuel, stack, helper, fault, killed. */
const [MEMORY, FUEL, STACK, HELPER, FAULT, KILLED] = [1, 2, 3, 4, 6, 7] as const;
const ANSWER = 0x1122334455667788n;

const ALWAYS = [
  ...['udiv64', 'umod64', 'sdiv64', 'smod64', 'search', 'locate'],
  ...['atomic32', 'atomic64', 'cmpxchg32', 'cmpxchg64'],
];
const SHIFTS = ['shl64', 'lshr64', 'ashr64'];
/** Intrinsics that firmware of a board links: cores that divide and multiply have no use for the others. */
function linked(board: string): readonly string[] {
  if (/^mps2-an(385|386|500)$/.test(board)) return ALWAYS;
  if (BOARDS[board]!.arch === 'riscv32') return [...ALWAYS, ...SHIFTS];
  return INTRINSICS.map((r) => r.name);
}

const sum32 = (values: readonly number[]): bigint => BigInt.asUintN(32, BigInt(values.reduce((a, b) => a + b, 0)));

const PORTS = ONE_PER_BOARD.flatMap(({ board, missing, title }) =>
  dialectsOf(board, BOARDS[board]!.arch).map((d) => ({ board, missing, d, title: title + (d.build?.title ?? '') })),
);

for (const { board, missing: absent, d, title } of PORTS) {
  describe.skipIf(absent !== null)(`ports: ${title}`, () => {
    const { image } = absent === null ? portImage(d) : { image: new Uint8Array() };
    const one = (entry: string, change: Partial<BatchCase['request']> = {}): BatchCase => ({
      image,
      entry,
      contract: CONTRACT,
      helpers: TEST_HELPERS,
      request: { context: null, regions: new Map(), fuel: 1000, ...change },
    });
    const run = (names: readonly string[], tick?: number) =>
      runOn(
        board,
        d,
        names.map((n) => one(n)),
        tick === undefined ? { watchdog: 3 } : { watchdog: 0xffffffff, tick },
      );
    /** Values kept in registers and on the stack, as `deep` routines add them up. */
    const kept = sum32([
      ...d.kept.map((_, i) => keptValue(i)),
      ...Array.from({ length: STACK_WORDS }, (_, i) => stackValue(i)),
    ]);
    const plain = { status: 0, damage: 0, trap: 0 };
    const ended = (trap: number, site: number | null = null) => ({ status: 0, damage: 0, trap, site, r0: 0n });

    it('enters, returns 64 bits, and keeps the registers of its caller whatever an entry does to its own', () => {
      const [answer, clobber, again] = run(['answer', 'clobber', 'answer']);
      expect(answer).toMatchObject({ ...plain, r0: ANSWER });
      expect(clobber).toMatchObject({ ...plain, r0: 0x700000007n });
      expect(again).toMatchObject({ ...plain, r0: ANSWER });
    });

    it('passes the address and length of the context, zeros beside them, and fuel', () => {
      const context = new Uint8Array(9);
      const [first, second, fuel] = runOn(
        board,
        d,
        [one('arguments', { context }), one('arguments', { context: new Uint8Array(1) }), one('fuel', { fuel: 77 })],
        { watchdog: 3 },
      );
      // Address + length; the firmware puts the first context of a case at the same place.
      expect(first!.r0 - second!.r0).toBe(8n);
      expect(first!.r0 & 3n).toBe(1n);
      expect(fuel).toMatchObject({ ...plain, r0: 77n });
    });

    it('passes arguments of helpers in registers and on the stack', () => {
      const results = run(['wide', 'mixed', 'narrow', 'instance']);
      const expected = ['wide', 'mixed', 'narrow'].map((n) => mixed(argsOf(n).map((a) => a.value)));
      expect(results.map((r) => r.r0)).toEqual([...expected.slice(0, 2), BigInt.asUintN(32, expected[2]!), 1n]);
      for (const r of results) expect(r).toMatchObject(plain);
    });

    it('keeps registers and stack of a container over helpers of any depth', () => {
      const results = run(DEPTHS.map((n) => `deep${n}`));
      for (const [i, depth] of DEPTHS.entries())
        expect({ depth, ...results[i] }).toMatchObject({ depth, ...plain, r0: (kept << 32n) | BigInt(deep(depth)) });
    });

    it('ends a container from a helper of any depth, and goes on', () => {
      const results = run(DEPTHS.flatMap((n) => [`abort${n}`, 'answer']));
      for (const [i, depth] of DEPTHS.entries()) {
        expect({ depth, ...results[2 * i] }).toMatchObject({ depth, ...ended(HELPER) });
        expect(results[2 * i + 1]).toMatchObject({ ...plain, r0: ANSWER });
      }
    });

    it('tells the site of a trap', () => {
      const results = run(['site0', 'site1', 'site2', 'site_inner', 'site_after', 'answer']);
      const traps = [
        [FUEL, 0],
        [MEMORY, 1],
        [STACK, 2],
        [STACK, 2],
        [MEMORY, 1],
      ] as const;
      for (const [i, [trap, site]] of traps.entries()) expect(results[i]).toMatchObject(ended(trap, site));
      expect(results[5]).toMatchObject({ ...plain, r0: ANSWER });
    });

    it('recovers from faults and endless loops, in text and in helpers of any depth', () => {
      const names = ['undefined', 'wild', 'forever', ...DEPTHS.map((n) => `fault${n}`), 'hang'];
      const results = run(names.flatMap((n) => [n, 'answer']));
      for (const [i, name] of names.entries()) {
        const trap = name === 'forever' || name === 'hang' ? KILLED : FAULT;
        expect({ name, ...results[2 * i] }).toMatchObject({ name, ...ended(trap) });
        expect({ name, ...results[2 * i + 1] }).toMatchObject({ name, ...plain, r0: ANSWER });
      }
    });

    it('bears interrupts everywhere, in containers and in their helpers', () => {
      // Odd, so that they come everywhere in the end.
      const periods = [901, 1483];
      for (const period of periods) {
        const [storm, abort, site, interrupts] = run(['storm', 'abort9', 'site_after', 'interrupts'], period);
        const left = Array.from({ length: STORM.used }, (_, i) => stackValue(i)).reduce((a, b) => a + b, 0);
        const low = BigInt.asUintN(32, BigInt(STORM.turns) * BigInt(deep(STORM.depth)));
        const high = BigInt.asUintN(32, kept - BigInt(left));
        expect({ period, ...storm }).toMatchObject({ period, ...plain, r0: (high << 32n) | low });
        expect(abort).toMatchObject(ended(HELPER));
        expect(site).toMatchObject(ended(MEMORY, 1));
        if (/^sim-d/.test(board)) expect(interrupts!.r0).toBeGreaterThan(200n);
      }
    });

    it('has the intrinsics that its images may import, and no other', () => {
      const own = linked(board);
      const images = intrinsicImages(d);
      const tries = INTRINSICS.flatMap(({ name }, row) => {
        const all = casesOf(name, SEED + row, RUNS);
        return (own.includes(name) ? all : all.slice(0, 1)).map((c) => ({ ...c, name, row, code: images.get(name)! }));
      });
      const results = runOn(
        board,
        d,
        tries.map((t) => ({ ...one(t.name, { context: t.context }), image: t.code })),
        { watchdog: 3 },
      );
      expect(results.length).toBe(tries.length);
      for (const [i, { name, row, context, result, after }] of tries.entries()) {
        const { status, refusedHelper, damage, trap, r0, context: left } = results[i]!;
        const got = { name, context, status, refusedHelper, damage, trap, r0, left: left && Uint8Array.from(left) };
        if (own.includes(name))
          expect(got).toEqual({
            name,
            context,
            status: 0,
            refusedHelper: 0,
            damage: 0,
            trap: 0,
            r0: result,
            left: after,
          });
        else expect(got).toMatchObject({ status: statusNumber('helper'), refusedHelper: INTRINSIC_BASE + row });
      }
    });
  });
}
