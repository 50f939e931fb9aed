// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemble } from '../../compiler/bpf/asm.js';
import { rawProgram } from '../../compiler/bpf/load.js';
import type { Program } from '../../compiler/bpf/program.js';
import { CONFORMANCE_HELPERS } from '../../compiler/contract/helpers.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { readVectors } from '../../compiler/host/conform.js';
import { rbpfOf } from '../bpf/rbpf/write.js';
import { FIXTURE_NAMES, loadFixture } from '../fixtures/all.js';

const OWN = join(import.meta.dirname, '../conformance/own.jsonl');
const CORPUS = join(import.meta.dirname, '../../runtime-c/test/fuzz/corpus');
/** Longest image that the harness takes; runtime-c/test/fuzz/world.h. */
const LONGEST = 8192;

/** What the harness has in front of an image, fuzz_choice_t: repaired, 232 units of fuel, 64 bytes of context, two runs and one without a hook. */
const CHOICE = [1, 0, 0xe8, 3, 64, 0, 16, 9];

export const FUZZERS = ['image', 'rbpf'] as const;
export type Fuzzer = (typeof FUZZERS)[number];

/** What neither fixtures nor vectors do: texts, addresses of functions, helpers with ranges (runtime-c/test/fuzz/helpers.c). */
const MORE = [
  '.rodata text 25 64 20 25 75 25 78 2d 25 63 25 25 25 71 00\nr1 = text ll\nr2 = -5\nr3 = 7\nr4 = 255\nr5 = 65\ncall 1\nexit',
  'r1 = 2\nr2 = 0x100000002 ll\nr3 = -1\ncall 0x200\nexit',
  'r4 = r1\nr1 = r10\nr1 += -64\nr2 = 16\nr3 = r10\nr3 += -32\ncall 0x201\nexit',
  'entry main:\nr6 = twice ll\nr1 = 4\ncallx r6\nr6 = main ll\ncallx r6\nexit\nfunc twice:\nr0 = r1\nr0 += r0\nexit',
  'r1 = 0x20\ncallx r1\nr6 = r0\nr1 = 7\ncall 0x10\nr1 = 7\nr2 = r10\nr2 += -4\ncall 0x12\nr0 += r6\nexit',
  'r6 = 8\nmore:\nr1 = r6\nr2 = 1\ncall 0x100\nr1 = r6\ncall 0x104\nr1 = r6\nr2 = 2\ncall 0x11\nr6 += -1\nif r6 != 0 goto more\nexit',
  'r1 = r10\nr1 += -8\nr2 = 512\ncall 0x61\nr1 = r10\nr1 += -8\nr2 = 1\ncall 0x61\nexit',
  'r6 = r1\nr2 = 64\ncall 0x40\nr1 = r6\nr2 = 1\ncall 0x41\nr1 = r6\ncall 0x43\nr1 = r10\nr1 += -16\nr2 = -1234\nr3 = -2\ncall 0x50\nexit',
].map((source) => assemble(source));

/** Writes all over a context whose fields are of every kind. */
const CONTEXT = parseContract(
  JSON.stringify({
    hook: 'fc/fuzz',
    context: {
      ...{ size: 40, align: 8, access: 'rw' },
      fields: [
        { name: 'kept', offset: 4, type: 'scalar', size: 4, access: 'r' },
        { name: 'free', offset: 8, type: 'scalar', size: 8, access: 'rw' },
        { name: 'word', offset: 16, type: 'pointer', region: 'word' },
        { name: 'length', offset: 26, type: 'length', size: 2, region: 'word' },
      ],
    },
    regions: [{ name: 'word', access: 'r', size: 8, align: 8 }],
    helpers: null,
  }),
  'fuzz',
);
const WRITER = assemble(
  [0, 8, 24, 28, 32].flatMap((at) => [`*(u32 *)(r1 + ${at}) = 1`, 'r0 += 1']).join('\n') +
    '\nr2 = r1\n*(u16 *)(r2 + 2) = 5\n*(u8 *)(r2 + 25) = 6\nlock *(u64 *)(r1 + 8) += r0\n*(u64 *)(r1 + 8) = 1\nexit',
);

function made(make: () => Uint8Array): Uint8Array[] {
  try {
    const bytes = make();
    return bytes.length <= LONGEST ? [Uint8Array.from([...CHOICE, ...bytes])] : [];
  } catch {
    return []; // not every program can be written in every form
  }
}

/** Inputs to start from: every fixture and every vector of ours, and the lines of the committed corpus. */
export function fuzzSeeds(fuzzer: Fuzzer): Uint8Array[] {
  const fixtures = FIXTURE_NAMES.flatMap((name) => {
    const { contract, objects } = loadFixture(name);
    return objects.map(({ program }) => ({ program, contract }));
  });
  const vectors = readVectors(readFileSync(OWN, 'utf8')).flatMap((v): Program[] => {
    try {
      return [rawProgram(v.program, v.name)];
    } catch {
      return [];
    }
  });
  const seeds =
    fuzzer === 'image'
      ? [
          ...fixtures.flatMap(({ program, contract }) => made(() => ebpfImage(program, { contract }))),
          ...made(() => ebpfImage(WRITER, { contract: CONTEXT })).flatMap((seed) => [
            seed,
            Uint8Array.from(seed, (b, i) => (i === 7 ? b | 16 : b)),
          ]),
          ...[...vectors, ...MORE].flatMap((program) =>
            made(() => ebpfImage(program, { helpers: CONFORMANCE_HELPERS })),
          ),
        ]
      : [...fixtures.map((f) => f.program), ...vectors, ...MORE].flatMap((program, i) =>
          made(() => rbpfOf(program, { table: i % 4 !== 0 })),
        );
  return [...seeds, ...committed(fuzzer)];
}

/** The committed corpus: one input a line, in hexadecimal; what a fuzzer found, each of a behaviour of its own. */
export function committed(fuzzer: Fuzzer): Uint8Array[] {
  const file = join(CORPUS, `${fuzzer}.txt`);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => new Uint8Array(Buffer.from(line, 'hex')));
}
