// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ROWS } from '../../backends/thumb/isa.js';
import { allCases, fillers } from './thumb-cases.js';

/** Asks llvm-mc for the bytes of every case and writes them to the file named on the command line. See regen-thumb.sh. */
const cases = allCases();
const lines = cases.map((c) => `${ROWS[c.row]!.it === 'in' ? 'it eq\n' : ''}${c.text}\n${fillers(c).join('')}`);
const run = spawnSync(
  process.env.LLVM_MC ?? 'llvm-mc-19',
  ['-triple=thumbv7em-none-eabi', '-mcpu=cortex-m4', '--show-encoding'],
  { input: lines.join(''), encoding: 'utf8', maxBuffer: 1 << 28 },
);
const found = [...run.stdout.matchAll(/@ encoding: \[([^\]]*)\]/g)].map((m) =>
  m[1]!
    .split(',')
    .map((b) => Number(b).toString(16).padStart(2, '0'))
    .join(''),
);
if (run.stderr) console.error(run.stderr.slice(0, 4000));
let at = 0;
const out = cases.map((c) => {
  if (ROWS[c.row]!.it === 'in') at++;
  const row = ROWS[c.row]!;
  const bytes = found[at++] ?? null;
  at += fillers(c).length;
  return JSON.stringify([row.name, row.bits, c.operands, c.text, bytes]);
});
if (at !== found.length || run.stderr) throw new Error(`llvm-mc answered ${found.length} of ${at} lines`);
writeFileSync(process.argv[2]!, `[\n${out.join(',\n')}\n]\n`);
