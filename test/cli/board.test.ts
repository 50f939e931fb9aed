// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { targets } from '../../backends/index.js';
import { BOARDS } from '../../compiler/cli/qemu-boards.js';
import { fcc, inFolder } from './capture.js';

/** w0 = w2; w3 = w2; r0 *= r3; r0 >>= 32; exit: needs the upper half of a product. */
const PRODUCT = 'bc20000000000000bc230000000000002f3000000000000077000000200000009500000000000000';
const EXIT_42 = 'b70000002a0000009500000000000000';
const raw = (folder: string, hex: string): string => {
  const path = join(folder, 'p.bin');
  writeFileSync(path, Buffer.from(hex, 'hex'));
  return path;
};

describe('--board', () => {
  it('takes the boards of the core, and no others', () =>
    inFolder(async (folder) => {
      const file = raw(folder, EXIT_42);
      for (const [target, board, boards] of [
        ['cortex-m4', 'mps2-an385', 'mps2-an386'],
        ['esp32', 'mps2-an386', 'sim-de212, sim-dc232b'],
        ['rv32imc', 'nonsense', 'virt-ibex'],
      ] as const) {
        const { code, out, err } = await fcc([
          'run',
          file,
          '--raw',
          '-t',
          target,
          '--engine',
          'qemu',
          '--board',
          board,
        ]);
        expect([code, out]).toEqual([2, '']);
        expect(err).toContain(`error[FCC0001]: ${target} is not emulated on a board ${board}`);
        expect(err).toContain(`wanted: ${boards}\n`);
      }
    }));

  it.each(['run --raw', 'conform'])('is for one engine: fcc %s', (command) =>
    inFolder(async (folder) => {
      const file = raw(folder, EXIT_42);
      const { code, err } = await fcc([...command.split(' '), file, '-t', 'esp32', '--board', 'sim-de212']);
      expect(code).toBe(2);
      expect(err).toContain('error[FCC0001]: --board is for --engine qemu');
    }),
  );

  it('an image that needs what no emulator has is refused by name', () =>
    inFolder(async (folder) => {
      const file = raw(folder, PRODUCT);
      const image = join(folder, 'p.fcc');
      expect((await fcc(['compile', file, '--raw', '-t', 'esp32', '-o', image])).code).toBe(0);
      for (const board of ['sim-de212', 'sim-dc232b']) {
        const { code, out, err } = await fcc(['run', image, '-t', 'esp32', '--engine', 'qemu', '--board', board]);
        expect([code, out]).toEqual([4, '']);
        expect(err).toContain(`error[FCC0807]: the image of main needs instructions that the core of ${board} lacks`);
        expect(err).toContain('mul32high');
      }
    }));

  it('every board of every core has a row, and every row a core', () => {
    const named = targets.flatMap((t) => t.core.emulators.map((e) => [e.board, t.arch] as const));
    for (const [board, arch] of named) expect(BOARDS[board]?.arch, board).toBe(arch);
    expect([...new Set(named.map(([board]) => board))].sort()).toEqual(Object.keys(BOARDS).sort());
  });

  it('fcc targets shows them', async () => {
    const { out } = await fcc(['targets']);
    for (const { core } of targets) {
      const line = out.split('\n').find((l) => l.startsWith(`${core.name} `))!;
      for (const { board } of core.emulators) expect(line).toContain(board);
    }
    const shown = JSON.parse((await fcc(['targets', '--json'])).out).targets as Record<string, unknown>[];
    expect(shown.map((t) => [t.emulators, t.featureBits])).toEqual(
      targets.map((t) => [t.core.emulators, t.core.featureBits]),
    );
  });
});
