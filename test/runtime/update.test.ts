// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeCrypto, signerOf } from '../../compiler/cli/ota-crypto.js';
import { type StatusName, statusNumber } from '../../compiler/image/status.js';
import { PROFILES, type Profile } from '../../compiler/ota/keys.js';
import { buildManifest, type ManifestInput } from '../../compiler/ota/manifest.js';
import { vendorId } from '../../compiler/ota/uuid.js';
import { build, HOST_CORE, HOST_FLAGS, missingCompiler } from './host-engine.js';
import { writeUpdateImages } from './update-images.js';

/** runtime-c/test/update: updates on the device of world.c, whose flash can fail or lose its power at any byte. */
const TESTS = join(import.meta.dirname, '../../runtime-c/test/update');
const SUITES = ['begin', 'finish', 'trial', 'start', 'flash', 'report'];
const RUNTIME = [
  'hooks',
  'install',
  'store',
  'update',
  'update-place',
  'update-record',
  'update-report',
  'port/sodium/crypto',
];
const SOURCES = [...HOST_CORE, ...RUNTIME.map((name) => `src/${name}.c`), 'test/update/world.c'];
/** What reads manifests that are structures, for tests without signatures. */
const PLAIN = 'test/update/world-manifest.c';
const SANITIZERS = ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const THREADS = ['-O1', '-fsanitize=thread'];
/** Of power cuts during what follows a restart, every n-th is done; FCC_CUTS=1: all, some millions. */
const STRIDE = process.env.FCC_CUTS ?? '211';
const SEED = process.env.FCC_SEED ?? '1';
/** Of random.c; FCC_LIVES: another number of lives. */
const LIVES = Number(process.env.FCC_LIVES ?? 2000);
const STEPS_OF_LIFE = 400;
/** A life of which nothing comes finds nothing: so often a life, at least, on average. */
const LEAST_OF_LIVES = {
  installed: 4,
  failed: 2,
  refused: 5,
  taken_back: 0.2,
  found_good: 0.5,
  cuts: 2,
  cut_starts: 0.1,
};

const missing = missingCompiler('gcc');
const folder = mkdtempSync(join(tmpdir(), 'fcc-update-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const built = new Map<string, string>();

/** Runs a program of these tests, built once, on the folder with the images. */
function run(sources: readonly string[], args: readonly string[], sanitizers = SANITIZERS) {
  const key = sources.join(' ');
  const program = built.get(key) ?? join(folder, `test-${built.size}`);
  if (!built.has(key)) {
    build('gcc', [...HOST_FLAGS, ...sanitizers, ...SOURCES, ...sources, '-lsodium'], program);
    built.set(key, program);
    writeUpdateImages(folder);
  }
  const env = { ...process.env, TSAN_OPTIONS: 'halt_on_error=1' };
  return spawnSync(program, [folder, ...args], { encoding: 'utf8', env });
}

/** Rows of the keys in world.c, and one that the device does not know. */
const [HOUSE, GUEST, OTHER_HOOK, FEW_HELPERS, STRANGER] = [0, 1, 2, 3, 4] as const;

/** Manifests by name: who signs, which image, and what else is not as in the first. */
const MANIFESTS: Readonly<Record<string, readonly [number, string, Partial<ManifestInput>?]>> = {
  first: [HOUSE, 'ANSWER_1'],
  second: [HOUSE, 'ANSWER_3', { sequence: 2 }],
  traps: [HOUSE, 'TRAPS', { sequence: 3 }],
  guest: [GUEST, 'ANSWER_2', { component: ['fc', 'test', 'guest'] }],
  strange: [STRANGER, 'ANSWER_2', { sequence: 9 }],
  tenant: [GUEST, 'ANSWER_2', { sequence: 9 }],
  hook: [OTHER_HOOK, 'ANSWER_2', { sequence: 9 }],
  helper: [FEW_HELPERS, 'PROBES', { sequence: 9 }],
  vendor: [HOUSE, 'ANSWER_2', { sequence: 9, vendor: vendorId('example.org') }],
  class: [HOUSE, 'ANSWER_2', { sequence: 9, classId: vendorId('example.org') }],
  nowhere: [HOUSE, 'ANSWER_2', { sequence: 9, component: ['fc', 'tes'] }],
  long: [HOUSE, 'LONG', { sequence: 9 }],
};

function writeManifests(profile: Profile): void {
  const signers = Array.from({ length: 5 }, () => signerOf(generateKeyPairSync('ed25519').privateKey));
  writeFileSync(join(folder, 'keys'), Buffer.concat(signers.slice(0, 4).map((s) => s.publicKey)));
  for (const [name, [key, image, more]] of Object.entries(MANIFESTS)) {
    const input = {
      profile,
      sequence: 1,
      component: ['fc', 'test'],
      vendor: vendorId('riot-os.org'),
      classId: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
      image: new Uint8Array(readFileSync(join(folder, `${image}.bin`))),
      uri: 'coap://[2001:db8::1]/image',
      ...more,
    };
    const manifest = buildManifest(input, nodeCrypto, signers[key]!);
    writeFileSync(join(folder, `${profile}-${name}`), manifest);
    if (name === 'second') writeFileSync(join(folder, `${profile}-cut`), manifest.subarray(0, -1));
  }
}

const refused = (name: StatusName): string => `${statusNumber(name)}`;

/** Steps of signed.c, and what it says to each. */
const STEPS: readonly (readonly [string, string])[] = [
  ['run 0 1', '100'],
  ['push first ANSWER_1', '0'],
  ['run 0 3', '1'],
  ['push guest ANSWER_2', '0'],
  ['run 1 2', '2'],
  ['push first ANSWER_1', refused('sequence')],
  ['push cut ANSWER_3', refused('manifest')],
  ['push strange ANSWER_2', refused('signature')],
  ['push tenant ANSWER_2', refused('tenant')],
  ['push hook ANSWER_2', refused('key')],
  ['push helper PROBES', refused('helper')],
  ['push vendor ANSWER_2', refused('vendor')],
  ['push class ANSWER_2', refused('class')],
  ['push nowhere ANSWER_2', refused('component')],
  ['push long LONG', refused('size')],
  ['push second ANSWER_1', refused('truncated')],
  ['push second ANSWER_5', refused('size')],
  ['run 0 1', '1'],
  ['push second ANSWER_3', '0'],
  ['run 0 3', '3'],
  ['start', '0'],
  ['run 0 1', '3'],
  ['push traps TRAPS', '0'],
  ['run 0 1', '3'],
];
const REPORT =
  /^device .*\nupdate 1 phase done status -40 .*\nplace \.fc\.test .* rejected 3 rejected-trap 1 .*\n(place .*\n){2}\n$/;

describe.skipIf(missing !== null)(`updates${missing ? ` (${missing})` : ''}`, () => {
  it('step by step', () => {
    const said = run([PLAIN, 'test/update/engine.c', ...SUITES.map((s) => `test/update/engine-${s}.c`)], []);
    const names = SUITES.flatMap((s) =>
      [...readFileSync(join(TESTS, `engine-${s}.c`), 'utf8').matchAll(/\{ "([^"]+)", _\w+ \}/g)].map((m) => m[1]!),
    );
    expect(names.length).toBeGreaterThan(40);
    expect([said.stderr, said.stdout.trimEnd().split('\n')]).toEqual(['', names.map((n) => `ok ${n}`)]);
    expect(said.status).toBe(0);
  }, 120_000);

  it('every suite is run', () => {
    const files = readdirSync(TESTS).filter((f) => f.startsWith('engine-'));
    expect(files.sort()).toEqual(SUITES.map((s) => `engine-${s}.c`).sort());
  });

  it('leave one image when power is cut at any byte, and again after the restart', () => {
    const said = run([PLAIN, 'test/update/power.c'], [STRIDE, SEED]);
    expect([said.status, said.stderr]).toEqual([0, '']);
    expect(Number(/^(\d+) cuts$/m.exec(said.stdout)?.[1])).toBeGreaterThan(50_000);
  }, 300_000);

  it(`${LIVES} lives of ${STEPS_OF_LIFE} random steps, seed ${SEED}`, () => {
    const said = run(
      [PLAIN, 'test/update/random.c', 'test/update/random-steps.c'],
      [SEED, `${LIVES}`, `${STEPS_OF_LIFE}`],
    );
    const lines = said.stdout.trimEnd().split('\n');
    // What is wrong has seed and step; if a sanitizer says it, the last line has the seed.
    expect([said.status, said.stderr, lines.findLast((line) => line.startsWith('seed'))]).toEqual([
      0,
      '',
      `seed ${Number(SEED) + LIVES - 1}`,
    ]);
    const seen = Object.fromEntries(lines.slice(LIVES).map((line) => line.split(' ').reverse()));
    const rare = Object.entries(LEAST_OF_LIVES).filter(([what, least]) => Number(seen[what]) < least * LIVES);
    expect(rare).toEqual([]);
  }, 120_000);

  it('while the hook runs in other threads', () => {
    const said = run([PLAIN, 'test/update/meanwhile.c'], ['400'], THREADS);
    expect([said.status, said.stderr]).toEqual([0, '']);
    expect(Number(/(\d+) taken back$/m.exec(said.stdout)?.[1])).toBeGreaterThan(0);
  }, 120_000);

  it.each(PROFILES)(
    'with signed manifests of %s',
    (profile) => {
      const words = STEPS.flatMap(([step]) =>
        step
          .replace(/^push (\w+) (\w+)$/, (_, manifest, image) => `push ${profile}-${manifest} ${image}.bin`)
          .split(' '),
      );
      writeUpdateImages(folder);
      writeManifests(profile);
      const said = run(['src/manifest.c', 'test/update/signed.c'], [...words, 'report']);
      expect([said.status, said.stderr]).toEqual([0, '']);
      const lines = said.stdout.split('\n');
      expect(STEPS.map(([step], i) => `${step}: ${lines[i]}`)).toEqual(STEPS.map((row) => row.join(': ')));
      expect(lines.slice(STEPS.length).join('\n')).toMatch(REPORT);
    },
    120_000,
  );
});
