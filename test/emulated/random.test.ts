// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { targets, withoutFeatures } from '../../backends/index.js';
import { QemuEngine } from '../../compiler/cli/qemu.js';
import { BOARDS } from '../../compiler/cli/qemu-boards.js';
import { finish, type Level, prepare } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { disagreement } from '../differential/agree.js';
import { generate } from '../differential/generate.js';
import { inputs } from '../differential/inputs.js';
import { refusedAsLost } from '../differential/lost.js';

const RUNS = Number(process.env.FCC_QEMU_RUNS ?? 300);
const SEED = Number(process.env.FCC_SEED ?? 5_000_000);

/** Every core on every board that it is emulated on, as the board has it; cores that are alike on one board once. */
const all = targets.flatMap((t) =>
  t.core.emulators.map(({ board, lacks }) => {
    const target = withoutFeatures(t, lacks);
    const likeness = `${board} ${JSON.stringify(target.core.features)}`;
    return { name: `${t.core.name} on ${board}`, board, target, likeness };
  }),
);
const boards = all.filter((b, i) => all.findIndex((x) => x.likeness === b.likeness) === i);

/** The board's record of one case is the image and what is lent to it, and little more. */
const LITTLE = 2048;
/** lm3s6965evb has 4 KiB of stack for a container. */
const STACK = 3072;

describe.each(boards)('random programs, interpreter against QEMU, $name', ({ board, target }) => {
  const engine = new QemuEngine(target, { board, watchdogMs: 1000 });
  const missing = engine.available();
  // Continuous integration installs the tools; there a missing one is a failure.
  if (missing !== null && process.env.CI) throw new Error(missing);
  if (missing !== null) console.warn(`not run on ${board}: ${missing}`);
  const most = BOARDS[board]!.maxCase;

  it.runIf(missing === null)(
    `${RUNS} programs from seed ${SEED}, two inputs each`,
    async () => {
      const cases = Array.from({ length: RUNS }, (_, i) => i).flatMap((i) => {
        const c = generate(SEED + i);
        const level = (i % 3) as Level;
        const prepared = prepare(c.program, { contract: c.contract, level });
        if (prepared.kind === 'rejected') return [];
        const image = readImage(finish(prepared, target).image);
        if (image.bytes.length + LITTLE > most || image.stackLength > STACK) return [];
        return inputs(c, 2).map((request) => ({
          ...c,
          prepared,
          request,
          image,
          entry: image.entries[0]!.name,
          level,
        }));
      });
      const results = await engine.runBatch(cases);
      const wrong = cases.flatMap((c, i) => {
        const wanted = interpret(c.program, c.program.entries[0]!, c.contract, c.request);
        const difference = disagreement(wanted, results[i]!);
        if (difference === null || refusedAsLost(c.prepared, c.request, results[i]!)) return [];
        return [`seed ${c.seed} at -O${c.level}: ${difference}`];
      });
      expect(wrong).toEqual([]);
      expect(cases.length).toBeGreaterThan(1.8 * RUNS);
      expect(results.filter((r) => r.status === 'ok').length).toBeGreaterThan(RUNS);
    },
    600_000,
  );
});
