// SPDX-License-Identifier: MIT
// The main job on real input, without emulator or cross-compiler: compiles a committed object, shows source, eBPF and native
// code side by side, and runs it natively (in the simulator) and in the interpreter.
import { mkdirSync, readFileSync } from 'node:fs';
import { main } from '../dist/compiler/cli/main.js';

const fixture = 'fixtures/fletcher32/fletcher32';
const object = `${fixture}.v3.o`;
const image = 'build/demo/fletcher32.fcc';
const map = 'build/demo/fletcher32.map.json';
const run = JSON.parse(readFileSync(`${fixture}.expected.json`, 'utf8')).runs[0];
const input = ['--contract', `${fixture}.contract.json`];
const data = ['--ctx', `hex:${run.context}`, '--region', `data=hex:${run.regions.data}`];
mkdirSync('build/demo', { recursive: true });

async function fcc(...args) {
  const shown = args.map((a) => (a.length > 60 ? `${a.slice(0, 24)}…` : a)).join(' ');
  process.stdout.write(`\n$ fcc ${shown}\n`);
  const code = await main(args);
  if (code !== 0) process.exit(code);
}

await fcc('compile', object, '-t', 'cortex-m4', ...input, '-o', image, '--map', map);
await fcc('disasm', object, '-t', 'cortex-m4', ...input, '-S');
await fcc('run', image, ...input, '--map', map, ...data);
await fcc('run', object, ...input, ...data);
process.stdout.write(`\nexpected checksum (RIOT's own test): ${run.r0}\n`);
