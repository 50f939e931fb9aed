// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ROWS } from '../../backends/thumb/isa.js';
import type { Feature } from '../../backends/thumb/isa-codec.js';
import { allCases, fillers } from './thumb-cases.js';

/**
 * Asks llvm-mc for the bytes of every case, and for the least architecture that has them, and writes both to the file named
 * on the command line. See regen-thumb.sh.
 */
const ARCHITECTURES: readonly (readonly [Feature, readonly string[]])[] = [
  ['v6m', ['-triple=thumbv6m-none-eabi', '-mcpu=cortex-m0']],
  ['v8mbase', ['-triple=thumbv8m.base-none-eabi', '-mcpu=cortex-m23']],
  ['v7m', ['-triple=thumbv7m-none-eabi', '-mcpu=cortex-m3']],
  ['dsp', ['-triple=thumbv7em-none-eabi', '-mcpu=cortex-m4']],
];

const cases = allCases();
/** Lines of text, and the case that a line belongs to if it is the one that counts. */
const lines: { readonly text: string; readonly of: number }[] = [];
cases.forEach((c, of) => {
  if (ROWS[c.row]!.it === 'in') lines.push({ text: 'it eq', of: -1 });
  lines.push({ text: c.text, of });
  for (const f of fillers(c)) lines.push({ text: f.trim(), of: -1 });
});

/** Bytes of each case, null where the assembler refuses. */
function assemble(options: readonly string[]): (string | null)[] {
  const run = spawnSync(process.env.LLVM_MC ?? 'llvm-mc-22', [...options, '--show-encoding'], {
    input: lines.map((l) => `${l.text}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const refused = new Set([...run.stderr.matchAll(/^<stdin>:(\d+):\d+: error/gm)].map((m) => Number(m[1]) - 1));
  const found = [...run.stdout.matchAll(/@ encoding: \[([^\]]*)\]/g)].map((m) =>
    m[1]!
      .split(',')
      .map((b) => Number(b).toString(16).padStart(2, '0'))
      .join(''),
  );
  if (found.length + refused.size !== lines.length)
    throw new Error(`llvm-mc answered ${found.length} and refused ${refused.size} of ${lines.length} lines`);
  const out: (string | null)[] = cases.map(() => null);
  let at = 0;
  lines.forEach((l, i) => {
    if (refused.has(i)) return;
    const bytes = found[at++]!;
    if (l.of >= 0) out[l.of] = bytes;
  });
  return out;
}

const answers = ARCHITECTURES.map(([feature, options]) => ({ feature, bytes: assemble(options) }));
const full = answers.at(-1)!.bytes;
const out = cases.map((c, i) => {
  const row = ROWS[c.row]!;
  if (full[i] === null) throw new Error(`llvm-mc refuses ${c.text}`);
  const least = answers.find((a) => a.bytes[i] === full[i])!.feature;
  return JSON.stringify([row.name, row.bits, c.operands, c.text, full[i], least]);
});
writeFileSync(process.argv[2]!, `[\n${out.join(',\n')}\n]\n`);
