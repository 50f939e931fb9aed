// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Air,
  airTotal,
  COMPARED_FORMS,
  formsOf,
  layerSum,
  UPDATE_BLOCKS,
  type UpdateDocument,
  type UpdateForm,
  updateDocument,
} from '../../compiler/bench/update.js';
import { updateText } from '../../compiler/bench/update-text.js';
import { rbpfLength, strippedLength } from '../../compiler/cli/bench-update-forms.js';
import { readElf } from '../../compiler/elf/elf.js';
import { rbpfOf } from '../bpf/rbpf/write.js';
import { fcc } from '../cli/capture.js';
import { FIXTURE_NAMES, fixtureFile, loadFixture } from '../fixtures/all.js';

const air = (image: number): Air => ({ datagrams: 4, image, manifest: 200, coap: 60, udp: 192 });
const form = (bytes: number): UpdateForm => ({
  bytes,
  manifest: 200,
  air: { 64: air(bytes), 256: air(bytes), 1024: air(bytes) },
});
const forms = (native: number, other: number, femto: number | null): Record<string, UpdateForm | null> => ({
  'cortex-m4': form(native),
  ebpf: form(other),
  elf: form(other),
  stripped: form(other),
  rbpf: femto === null ? null : form(femto),
});
const DOCUMENT = updateDocument(
  1,
  {
    profile: 'riot-v9',
    targets: ['cortex-m4'],
    rows: [
      { program: 'a.o', forms: forms(100, 400, 200) },
      { program: 'b.o', forms: forms(100, 100, null) },
    ],
    core: 'cortex-m4',
    sizes: [
      { kind: 'rom', name: 'engine', bytes: 2000 },
      { kind: 'rom', name: 'CoAP', bytes: 700 },
      { kind: 'ram', name: 'engine', bytes: 84 },
    ],
    notes: ['a note'],
  },
  { machine: 'a machine', date: '2026-01-31T12:00:00Z', versions: {} },
);

describe('bytes of updates', () => {
  it('are compared with each form that exists without fcc, over the programs that have both', () => {
    expect(DOCUMENT.geomeanImage['cortex-m4']).toEqual({
      elf: expect.closeTo(Math.sqrt(0.25), 9),
      stripped: expect.closeTo(0.5, 9),
      rbpf: expect.closeTo(0.5, 9),
    });
    expect(DOCUMENT.geomean[64]['cortex-m4']!.rbpf).toBeCloseTo(552 / 652, 9);
    expect(airTotal(air(10))).toBe(462);
  });

  it('are summed by layer over the programs that have every form', () => {
    expect(layerSum(DOCUMENT.rows, 'elf', 64, 'image')).toBe(400);
    expect(layerSum(DOCUMENT.rows.slice(1), 'elf', 64, 'image')).toBe(null);
  });

  it('are printed as tables', () => {
    const lines = updateText(DOCUMENT).split('\n');
    expect(lines).toContain(
      'program                     cortex-m4  eBPF image  eBPF object  stripped  Femto-Container',
    );
    expect(lines).toContain(
      'a.o                               100         400          400       400              200',
    );
    expect(lines).toContain(
      'b.o                               100         100          100       100                -',
    );
    expect(lines).toContain(
      'geomean to stripped              0.50        1.00         1.00      1.00             0.50',
    );
    expect(lines).toContain('sum of ROM  2700');
    expect(lines.at(-2)).toBe('a note');
    expect(lines.filter((l) => l !== l.trimEnd())).toEqual([]);
  });
});

describe('other forms of a program', () => {
  it('have the lengths that their own tools give them', () => {
    for (const { name, program } of FIXTURE_NAMES.map((name) => ({
      name,
      program: loadFixture(name).objects[0]!.program,
    }))) {
      const length = rbpfLength(program);
      if (length === null) expect(() => rbpfOf(program), name).toThrow('addresses of functions');
      else expect(length, name).toBe(rbpfOf(program).length);
    }
    // What `llvm-strip-19 --strip-unneeded -R .BTF -R .BTF.ext -R .llvm_addrsig` leaves of it, without one symbol that it keeps.
    const stripped = { fletcher32: 792, sha256: 2704, calls_globals: 1720, moving_average: 1072 };
    for (const [name, length] of Object.entries(stripped)) {
      const bytes = new Uint8Array(readFileSync(fixtureFile(name, 'Os.o')));
      expect(strippedLength(readElf(bytes, name)), name).toBe(length - 24);
    }
  });
});

describe('fcc bench --update', () => {
  it('knows every form of a program, and what is larger and smaller', async () => {
    const { code, out, err } = await fcc(['bench', '--update', '--json', fixtureFile('fir', 'Os.o'), '-t', 'rv32imc']);
    expect([code, err]).toEqual([0, '']);
    const document: UpdateDocument = JSON.parse(out);
    expect(document).toMatchObject({ schemaVersion: 1, kind: 'update', profile: 'riot-v9', targets: ['rv32imc'] });
    const [row] = document.rows;
    expect(row!.program).toBe('fir.Os.o');
    expect(Object.keys(row!.forms)).toEqual(formsOf(['rv32imc']));
    const { rv32imc: native, elf, stripped } = row!.forms as Record<string, UpdateForm>;
    expect(elf!.bytes).toBe(readFileSync(fixtureFile('fir', 'Os.o')).length);
    expect(stripped!.bytes).toBeLessThan(elf!.bytes / 2);
    expect(native!.bytes).toBeLessThan(stripped!.bytes);
    for (const block of UPDATE_BLOCKS) {
      const { image, manifest, udp, datagrams } = native!.air[block];
      expect([image, manifest, udp]).toEqual([native!.bytes, native!.manifest, 48 * datagrams]);
      // Trigger, manifest and image: a request and an answer for each block.
      const blocks = Math.ceil(image / block) + Math.ceil(manifest / block);
      expect(datagrams).toBe(2 + 2 * blocks);
      for (const other of COMPARED_FORMS) expect(document.geomean[block].rv32imc![other]).toBeGreaterThan(0);
    }
    expect(document.sizes.map((s) => s.kind)).toEqual([...Array(9).fill('rom'), ...Array(3).fill('ram')]);
  });

  it.each([
    [['bench', '--update', '--size'], 'two things to measure'],
    [['bench', '--update', '--html', 'x.html'], '--html does not go with --update'],
    [['bench', '--update', '-O', '1'], '--optimise is for --size'],
  ])('%j is a mistake on the command line', async (args, message) => {
    const { code, err } = await fcc(args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
