// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STATUSES } from '../../compiler/image/status.js';
import { build, HOST_CORE, HOST_FLAGS, inFolder, missingCompiler, missingSodium } from './host-engine.js';
import { writeUpdateImages } from './update-images.js';

const RUNS = Number(process.env.FCC_MUTANTS ?? 100_000);
const SEED = Number(process.env.FCC_SEED ?? 20_261_121);
const missing = missingCompiler('gcc') ?? missingSodium();

const SOURCES = [
  ...HOST_CORE,
  ...[
    'hooks',
    'install',
    'store',
    'manifest',
    'update',
    'update-place',
    'update-record',
    'update-report',
    'port/sodium/crypto',
  ].map((name) => `src/${name}.c`),
  ...['forge', 'mutate-device', 'mutate-update'].map((name) => `test/update/${name}.c`),
];

/** What fits the places of the device; the first is the factory's. */
const IMAGES = [
  'FACTORY',
  ...[1, 2, 3, 4, 5].map((n) => `ANSWER_${n}`),
  ...['TRAPS', 'TRAPS_LATE', 'SPINS', 'PROBES', 'KEEPS', 'FULL'],
];

/** What an update of these can be refused with: of images all that eBPF text can be wrong with, of updates all that needs no failing flash. */
const EXPECTED = [
  ...['taken', 'magic', 'version', 'length', 'header', 'entry', 'target', 'helper', 'text', 'contract'],
  ...['manifest', 'signature', 'manifest_digest', 'vendor', 'class', 'component', 'tenant', 'key', 'sequence', 'size'],
  ...['fetch', 'truncated', 'digest'],
];

describe.skipIf(missing !== null)(`mutated updates${missing ? ` (${missing})` : ''}`, () => {
  it(`${RUNS} of them: what is installed has deserved it, and what is refused changes nothing`, () => {
    inFolder((folder) => {
      const program = join(folder, 'mutate-update');
      build(
        'gcc',
        [...HOST_FLAGS, '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', ...SOURCES, '-lsodium'],
        program,
      );
      writeUpdateImages(folder);
      const images = IMAGES.map((name) => join(folder, `${name}.bin`));
      const run = spawnSync(program, [`${RUNS}`, `${SEED}`, ...images], { encoding: 'utf8', maxBuffer: 1 << 26 });
      expect([run.status, run.stderr.slice(0, 4000)]).toEqual([0, '']);
      const { 'taken back': takenBack, ...statuses } = JSON.parse(run.stdout) as Record<string, number>;
      const seen = new Map(
        Object.entries(statuses).map(([n, times]) => [n === '0' ? 'taken' : STATUSES[Number(n) - 1]!.name, times]),
      );
      expect(EXPECTED.filter((name) => !seen.has(name))).toEqual([]);
      // A test in which all is refused finds nothing.
      expect(seen.get('taken')).toBeGreaterThan(RUNS / 5);
      expect(takenBack).toBeGreaterThan(RUNS / 20);
    });
  }, 600_000);
});
