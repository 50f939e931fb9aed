// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { build, HOST_CORE, HOST_FLAGS, inFolder, missingCompiler } from './host-engine.js';

/** Operations of each thread that manages containers; FCC_THREADS makes it longer. */
const OPERATIONS = Number(process.env.FCC_THREADS ?? 2000);
const SEED = Number(process.env.FCC_SEED ?? 1);
const missing = missingCompiler('gcc');

const CONTRACT = parseContract(
  JSON.stringify({
    hook: 'fc/threads',
    context: { size: 8, align: 8, fields: [{ name: 'counter', offset: 0, type: 'pointer', region: 'word' }] },
    regions: [{ name: 'word', access: 'rw', size: 8, align: 8 }],
    helpers: null,
  }),
  'threads',
);

/** What tenant `t` stores has this in its upper half, in its containers' stores and its own; runtime-c/test/threads/world.c. */
const mark = (t: number): string => `${0x1110 * (t + 1)}`;
const MARK_GLOBAL = `${0x5a5a}`;

/** Reads a value, checks its mark if there is one, and counts it up. */
const countUp = (label: string, key: number, fetch: string, store: string, tag: string): string => `
  r1 = ${key}
  r2 = r10
  r2 += -8
  call ${fetch}
  r7 = *(u32 *)(r10 - 8)
  if r7 == 0 goto ${label}
  r8 = r7
  r8 >>= 16
  if r8 != ${tag} goto bad
${label}:
  r7 += 1
  r7 &= 65535
  r8 = ${tag}
  r8 <<= 16
  r7 |= r8
  r1 = ${key}
  r2 = r7
  call ${store}`;

/** Source of each kind of container, for tenant `t`. */
const SOURCES: Readonly<Record<string, (t: number) => string>> = {
  counter: (t) => `
  r6 = r1
  ${countUp('local', 1, '0x12', '0x10', mark(t))}
  ${countUp('tenant', 2, '0x101', '0x100', mark(t))}
  ${countUp('global', 3, '0x13', '0x11', MARK_GLOBAL)}
  r1 = *(u64 *)(r6 + 0)
  r2 = 1
  lock *(u64 *)(r1 + 0) += r2
  r0 = 0
  exit
bad:
  r0 = -1
  exit`,
  // As many rows as it gets, and then some of them gone again.
  filler: (t) => `
  r6 = 0
next:
  r2 = ${mark(t)}
  r2 <<= 16
  r2 |= r6
  r1 = r6
  call 0x10
  if r0 != 0 goto full
  r6 += 1
  if r6 < 40 goto next
full:
  r7 = r6
  r7 >>= 1
back:
  r1 = r7
  call 0x102
  r7 += -1
  if r7 s> 0 goto back
  r0 = r6
  exit`,
  trapper: () => `
  r1 = 0
  *(u32 *)(r1 + 0) = 1
  r0 = 0
  exit`,
  spinner: () => `
again:
  r0 += 1
  goto again`,
  nester: () => `
  call 0x20
  r0 += 5
  exit`,
  sleeper: () => `
again:
  r1 = r10
  r1 += -8
  r2 = 1000
  call 0x61
  goto again`,
};

const SOURCES_OF_C = [
  ...HOST_CORE,
  ...['src/hooks.c', 'src/install.c', 'src/store.c', 'src/port/host/thread.c'],
  ...['test/threads/threads.c', 'test/threads/world.c'],
];

function writeImages(folder: string): void {
  for (const [name, source] of Object.entries(SOURCES))
    for (const t of [0, 1]) {
      const program = assemble(source(t), name);
      writeFileSync(join(folder, `${name}-${t}.bin`), ebpfImage(program, { contract: CONTRACT }));
    }
}

describe.skipIf(missing !== null)(`containers in threads${missing ? ` (${missing})` : ''}`, () => {
  it.each([
    ['thread', []],
    ['address,undefined', ['-fno-sanitize-recover=all']],
  ])(
    'keep to themselves, with -fsanitize=%s',
    (sanitizer, flags) => {
      inFolder((folder) => {
        const program = join(folder, 'threads');
        build('gcc', [...HOST_FLAGS, '-O1', `-fsanitize=${sanitizer}`, ...flags, ...SOURCES_OF_C], program);
        writeImages(folder);
        const env = { ...process.env, TSAN_OPTIONS: 'halt_on_error=1' };
        const run = spawnSync(program, [folder, `${OPERATIONS}`, `${SEED}`], { encoding: 'utf8', env });
        expect([run.status, run.stderr]).toEqual([0, '']);
        const [, counted, stopped] = /^(\d+) runs counted, (\d+) threads stopped$/m.exec(run.stdout)!;
        expect(Number(counted)).toBeGreaterThan(0);
        expect(Number(stopped)).toBeGreaterThan(0);
      });
    },
    300_000,
  );
});
