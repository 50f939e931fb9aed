// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { componentName } from '../../compiler/contract/component.js';
import { CompileError } from '../../compiler/errors/index.js';
import { STATUSES, statusNumber } from '../../compiler/image/status.js';
import { PROFILES, type Profile } from '../../compiler/ota/keys.js';
import type { Signer } from '../../compiler/ota/manifest.js';
import { type Manifest, readManifest } from '../../compiler/ota/read.js';
import { randomFrom } from '../malformed/mutate.js';
import { build, missingCompiler, missingSodium } from './host-engine.js';
import { forge, join, type Made, mutant, signerFrom } from './manifest-forms.js';
import { REFUSED } from './manifest-refusals.js';
import { INPUTS, input, madeOf, OURS, SECOND, valuesOf } from './manifest-samples.js';

/** Mutants with each of the two kinds of cryptography. */
const RUNS = Number(process.env.FCC_MUTANTS ?? 50_000);
const SEED = Number(process.env.FCC_SEED ?? 20_261_121);

const missing = missingCompiler('gcc') ?? missingSodium();

const STRANGER = signerFrom(new Uint8Array(32).fill(3));
/** Signs where the signature is put in later. */
const NOBODY: Signer = { publicKey: new Uint8Array(32), sign: () => new Uint8Array(64) };
const KEYS = [SECOND.publicKey, OURS.publicKey];

const u32 = (n: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, n, true);
  return bytes;
};

/** An answer of the device's reader. Bytes in hexadecimal. */
interface Answer {
  readonly status: number;
  readonly key?: number;
  readonly sequence?: number;
  readonly size?: number;
  readonly digest?: string;
  readonly vendor?: string;
  readonly class?: string;
  readonly uri?: string;
  readonly component?: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const nameOf = ({ status }: Answer): string => (status === 0 ? 'taken' : STATUSES[-1 - status]!.name);

function answers(program: string, manifests: readonly Uint8Array[], keys: readonly Uint8Array[] = KEYS): Answer[] {
  const stdin = Buffer.concat([u32(keys.length), ...keys, ...manifests.flatMap((m) => [u32(m.length), m])]);
  const run = spawnSync(program, { input: stdin, encoding: 'utf8', maxBuffer: 1 << 28 });
  expect([run.status, run.stderr.slice(0, 4000)]).toEqual([0, '']);
  const lines = run.stdout.trim().split('\n');
  expect(lines.length).toBe(manifests.length);
  return lines.map((line) => JSON.parse(line) as Answer);
}

/** What the reader has to say of a manifest that is as it should be. */
const taken = (values: Made['values'], key: number): Answer => ({
  status: 0,
  key,
  sequence: values.sequence,
  size: values.size,
  digest: hex(values.digest),
  vendor: hex(values.vendor),
  class: hex(values.classId),
  uri: hex(new TextEncoder().encode(values.uri)),
  component: hex(new TextEncoder().encode(componentName(values.component))),
});

/** The manifest that an answer describes, with the signature and digest that are in these bytes. */
function rewritten(answer: Answer, bytes: Uint8Array): Uint8Array {
  const isTagged = bytes[0] === 0xd8;
  const at = isTagged ? 2 : 0;
  const profile = bytes[at + 3] === 0x72 ? 'riot-v9' : 'ietf-37';
  // Places in an authentication, all of which are of one length.
  const [digest, signature] = profile === 'riot-v9' ? [20, 54] : [11, 55];
  const values = {
    sequence: answer.sequence!,
    size: answer.size!,
    digest: Buffer.from(answer.digest!, 'hex'),
    vendor: Buffer.from(answer.vendor!, 'hex'),
    classId: Buffer.from(answer.class!, 'hex'),
    uri: Buffer.from(answer.uri!, 'hex').toString('latin1'),
    component: Buffer.from(answer.component!, 'hex').toString('latin1').slice(1).split('.'),
  };
  return forge(profile, values, NOBODY, {
    payload: (b) => join(b.subarray(0, 6), bytes.subarray(at + digest, at + digest + 32)),
    signature: () => bytes.subarray(at + signature, at + signature + 64),
    envelope: (b) => (isTagged ? join(0xd8, 0x6b, b) : b),
  });
}

/** All of these answers came, and no other. */
function expectAll(seen: ReadonlyMap<string, number>, names: readonly string[]): void {
  expect([...seen.keys()].sort()).toEqual([...names].sort());
  if (process.env.FCC_SHOW) console.log(Object.fromEntries(seen));
}

/** What the command line's reader, which shares nothing with the device's, makes of it; null if it is not for a device. */
function hostReads(bytes: Uint8Array): Manifest | null {
  let read: Manifest;
  try {
    read = readManifest(bytes);
  } catch (e) {
    if (e instanceof CompileError) return null;
    throw e;
  }
  const isFit =
    bytes.length <= 640 &&
    read.uri.length < 128 &&
    read.signature !== null &&
    componentName(read.component).length < 32 &&
    !read.component.some((part) => part.includes('.'));
  return isFit ? read : null;
}

describe.skipIf(missing !== null)(`the device's reader of manifests${missing ? ` (${missing})` : ''}`, () => {
  let folder = '';
  const [real, believing] = ['real', 'believing'];
  const programOf = (name: string): string => path(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(path(tmpdir(), 'fcc-manifest-'));
    const flags = ['-std=c11', '-g', '-O1', '-Wall', '-Wextra', '-Werror', '-Iinclude'];
    const sanitized = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
    const sources = ['src/manifest.c', 'test/update/manifest.c'];
    build('gcc', [...flags, ...sanitized, ...sources, 'src/port/sodium/crypto.c', '-lsodium'], programOf(real));
    build('gcc', [...flags, ...sanitized, ...sources, 'test/update/believe.c'], programOf(believing));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('reads what the command line writes, up to every limit', () => {
    const made = INPUTS.map(madeOf);
    expect(
      answers(
        programOf(real),
        made.map((m) => m.bytes),
      ),
    ).toEqual(made.map((m) => taken(m.values, 1)));
  });

  it('reads what is written byte by byte, which is the same', () => {
    for (const { profile, values, bytes } of INPUTS.map(madeOf))
      expect(hex(forge(profile, values, OURS))).toBe(hex(bytes));
  });

  it('tells which key signed, and knows no other', () => {
    const bytes = PROFILES.flatMap((p) => [OURS, SECOND, STRANGER].map((s) => forge(p, valuesOf(input(p)), s)));
    expect(answers(programOf(real), bytes).map((a) => (a.status === 0 ? a.key : nameOf(a)))).toEqual([
      ...[1, 0, 'signature'],
      ...[1, 0, 'signature'],
    ]);
    expect(answers(programOf(real), bytes, []).map(nameOf)).toEqual(bytes.map(() => 'signature'));
  });

  it('takes tag 107 in front of a manifest of ietf-37, and of no other', () => {
    const tagged = PROFILES.map((p) => forge(p, valuesOf(input(p)), OURS, { envelope: (b) => join(0xd8, 0x6b, b) }));
    expect(answers(programOf(real), tagged)).toEqual([
      { status: statusNumber('manifest') },
      taken(valuesOf(input('ietf-37')), 1),
    ]);
  });

  it('takes 640 bytes, if a name and a URI could be so long', () => {
    // No manifest within the other limits is so long: what is refused is something else than the length.
    const bytes = forge('riot-v9', valuesOf(input('riot-v9')), OURS, {
      envelope: (b) => join(b, new Uint8Array(640 - b.length)),
    });
    expect(answers(programOf(real), [bytes]).map(nameOf)).toEqual(['manifest']);
    expect(Math.max(...INPUTS.map((i) => madeOf(i).bytes.length))).toBeLessThan(640);
  });

  it('does not take a manifest of one profile with the authentication of the other', () => {
    const [old, now] = PROFILES.map((p) => forge(p, valuesOf(input(p)), OURS));
    const crossed = (profile: Profile, other: Uint8Array) =>
      // The manifest is behind the authentication, which has a fixed length.
      forge(profile, valuesOf(input(profile)), OURS, { wrapped: () => other });
    const bytes = [
      crossed('riot-v9', now!.subarray(now!.indexOf(0x03, 118) + 1)),
      crossed('ietf-37', old!.subarray(old!.indexOf(0x03, 118) + 1)),
    ];
    expect(answers(programOf(real), bytes).map(nameOf)).toEqual(['manifest', 'manifest']);
  });

  const right = PROFILES.map((p) => hex(forge(p, valuesOf(input(p)), OURS)));
  const wrong = REFUSED.map(([, , change]) => PROFILES.map((p) => forge(p, valuesOf(input(p)), OURS, change)));
  let refusals: string[] = [];
  it.each(REFUSED.map(([what, status], i) => [what, status, i] as const))('%s: %s', (_, status, i) => {
    if (refusals.length === 0) refusals = answers(programOf(real), wrong.flat()).map(nameOf);
    expect(wrong[i]!.map(hex).filter((m) => right.includes(m))).toEqual([]);
    expect(refusals.slice(2 * i, 2 * i + 2)).toEqual([status, status]);
  });

  it('finds every byte that was changed, and every byte that is missing', () => {
    const made = PROFILES.map((p) => madeOf(input(p)));
    const mutants = made.flatMap(({ bytes }) =>
      [...bytes.keys()].flatMap((at) => [
        bytes.subarray(0, at),
        ...[0x01, 0x80, 0xff].map((mask) => bytes.map((b, i) => (i === at ? b ^ mask : b))),
      ]),
    );
    const seen = new Set(answers(programOf(real), mutants).map(nameOf));
    expect([...seen].sort()).toEqual(['manifest', 'manifest_digest', 'signature']);
  });

  it(`takes no mutant of ${RUNS} that was not signed`, () => {
    const made = INPUTS.map(madeOf);
    const signed = new Set(made.map((m) => hex(m.bytes)));
    const random = randomFrom(SEED);
    const mutants = Array.from({ length: RUNS }, () => mutant(made, null, random));
    const seen = new Map<string, number>();
    for (const [i, answer] of answers(programOf(real), mutants).entries()) {
      const name = nameOf(answer);
      seen.set(name, (seen.get(name) ?? 0) + 1);
      const bytes = hex(mutants[i]!);
      if (name === 'taken' && !signed.has(bytes.replace(/^d86b/, ''))) expect(bytes).toBe('refused');
    }
    expectAll(seen, ['taken', 'manifest', 'limit', 'signature', 'manifest_digest']);
  });

  it(`takes of ${RUNS} mutants only what is written as it says, and what the command line reads, if all is signed`, () => {
    const made = INPUTS.map(madeOf);
    const random = randomFrom(SEED + 1);
    const mutants = Array.from({ length: RUNS }, () => mutant(made, OURS, random));
    const seen = new Map<string, number>();
    for (const [i, answer] of answers(programOf(believing), mutants).entries()) {
      const name = nameOf(answer);
      seen.set(name, (seen.get(name) ?? 0) + 1);
      const bytes = mutants[i]!;
      if (name === 'taken' && !Buffer.from(bytes).equals(rewritten(answer, bytes))) expect(hex(bytes)).toBe('refused');
      // The command line's reader takes a millisecond where it refuses.
      if (i % 20 !== 0) continue;
      const read = hostReads(bytes);
      const wanted = read === null ? null : taken({ ...read, digest: read.imageDigest }, 0);
      if (name === 'taken' ? JSON.stringify(answer) !== JSON.stringify(wanted) : wanted !== null)
        expect([hex(bytes), answer]).toEqual([hex(bytes), wanted]);
    }
    expectAll(seen, ['taken', 'manifest', 'limit']);
  });
});
