// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { compile } from '../../compiler/compile.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import type { HelperBody } from '../../compiler/host/helpers.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { disagreement } from '../differential/agree.js';
import { helperProgram } from '../differential/helper-programs.js';
import { ONE_PER_BOARD } from './boards.js';

const RUNS = Math.ceil(Number(process.env.FCC_QEMU_RUNS ?? 200) / 16);
/** Boards whose firmware has no interpreter. */
const WINDOWED = /^sim-(de212|dc232b)$/;
const request = { context: null, regions: new Map<string, Uint8Array>(), fuel: 10_000 };
const PROGRAMS = Array.from({ length: RUNS }, (_, seed) => assemble(helperProgram(seed)));
const WANTED = PROGRAMS.map((program) => interpret(program, 0, DEFAULT_CONTRACT, request));

/** The test firmware's own helper. */
const BOUNDED = parseContract(
  JSON.stringify({
    hook: 'h',
    helpers: null,
    signatures: [
      {
        id: '0x200',
        name: 'bounded',
        args: [
          { kind: 'u32', name: 'n', range: [1, 64] },
          { kind: 'u64', name: 'wide', range: [3, '0x1ffffffff'] },
        ],
        result: { kind: 'u64' },
      },
    ],
  }),
  'bounded.json',
);
const BODIES = new Map<number, HelperBody>([[0x200, ([n, wide]) => n! + wide!]]);
/** Both ends, one beyond each, and an upper half that counts for the second argument only. */
const ARGUMENTS = [0n, 1n, 64n, 65n, 0xffffffffn, (1n << 32n) | 1n].flatMap((n) =>
  [0n, 2n, 3n, 0x1ffffffffn, 0x200000000n, 1n << 63n].map((wide) => [n, wide] as const),
);

describe.each(ONE_PER_BOARD.filter((p) => !WINDOWED.test(p.board)))(
  'helpers of the firmware’s own, $title',
  (place) => {
    it.runIf(place.missing === null)('get no argument out of its range from the interpreter', async () => {
      const programs = ARGUMENTS.map(([n, wide]) => assemble(`r1 = ${n} ll\nr2 = ${wide} ll\ncall 0x200\nexit`));
      const wanted = programs.map((p) => interpret(p, 0, BOUNDED, request, { bodies: BODIES }));
      expect(wanted.filter((w) => w.status === 'ok').length).toBe(6);
      const cases = programs.map((program) => {
        const entry = program.functions[0]!.name;
        return { image: ebpfImage(program, { contract: BOUNDED }), entry, contract: BOUNDED, request };
      });
      const results = await place.engine({ watchdogMs: 5000 }).runBatch(cases);
      const seen = (r: (typeof results)[number]) => [r.status, r.r0, r.trap?.name];
      expect(results.map(seen)).toEqual(wanted.map(seen));
    });

    it.runIf(place.missing === null)('are called natively with what the verifier has shown', async () => {
      const inside = ARGUMENTS.filter(
        ([n, wide]) => n % 2n ** 32n >= 1n && n % 2n ** 32n <= 64n && wide >= 3n && wide < 2n ** 33n,
      );
      const cases = inside.map(([n, wide]) => {
        const program = assemble(`r1 = ${n} ll\nr2 = ${wide} ll\ncall 0x200\nexit`);
        const made = compile(program, { target: place.target, contract: BOUNDED });
        if (made.kind === 'rejected') throw new Error(JSON.stringify(made.verdicts));
        return { image: made.image, entry: program.functions[0]!.name, contract: BOUNDED, request };
      });
      const results = await place.engine({ watchdogMs: 5000 }).runBatch(cases);
      expect(results.map((r) => r.r0)).toEqual(inside.map(([n, wide]) => (n % 2n ** 32n) + wide));
    });
  },
);

describe.each(ONE_PER_BOARD)('programs of helper calls under QEMU, $title', ({ board, target, engine, missing }) => {
  const forms = {
    natively: (program: (typeof PROGRAMS)[number]): Uint8Array => {
      const made = compile(program, { target });
      if (made.kind === 'rejected') throw new Error(JSON.stringify(made.verdicts));
      return made.image;
    },
    ...(WINDOWED.test(board) ? {} : { interpreted: (program: (typeof PROGRAMS)[number]) => ebpfImage(program) }),
  };
  it.runIf(missing === null).each(Object.entries(forms))(
    `${RUNS} random ones run %s as in the reference interpreter`,
    async (_, imageOf) => {
      const cases = PROGRAMS.map((program) => {
        const entry = program.functions[0]!.name;
        return { image: imageOf(program), entry, contract: DEFAULT_CONTRACT, request };
      });
      const results = await engine({ watchdogMs: 5000 }).runBatch(cases);
      const wrong = WANTED.map((wanted, seed) => [seed, disagreement(wanted, results[seed]!)]).filter(([, d]) => d);
      expect(wrong).toEqual([]);
      expect(WANTED.every((w) => w.status === 'ok')).toBe(true);
    },
    240_000,
  );
});
