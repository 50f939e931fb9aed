// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ROWS } from '../../backends/riscv/isa.js';
import { allCases } from './riscv-cases.js';
import { byUpperByte, digest, type Legal, longCodes, shortCodes, toRanges } from './riscv-legal.js';

/** Asks llvm-mc and writes the files named on the command line. See regen-riscv.sh. */
function llvmMc(input: string, ...args: string[]): { stdout: string; stderr: string } {
  const common = ['-triple=riscv32', '-M', 'no-aliases', '--print-imm-hex'];
  return spawnSync(process.env.LLVM_MC ?? 'llvm-mc-22', [...common, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
}

const CORE = '-mattr=+m,+a,+c';
const textOf = (line: string): string => line.replace(/\s+/g, ' ').trim();
const bytesOf = (size: number, word: number): string =>
  Array.from({ length: size }, (_, i) => `0x${((word >>> (8 * i)) & 255).toString(16)}`).join(' ');

/** Text per code, or null where it is not legal. */
function disassembled(codes: readonly number[], size: 2 | 4): (string | null)[] {
  const run = llvmMc(codes.map((c) => `${bytesOf(size, c)}\n`).join(''), '--disassemble', CORE);
  const bad = new Set(
    [...run.stderr.matchAll(/^<stdin>:(\d+):\d+: warning: (?:invalid|potentially)/gm)].map((m) => Number(m[1]) - 1),
  );
  const lines = run.stdout
    .split('\n')
    .map(textOf)
    .filter((l) => l !== '' && !l.startsWith('.'));
  let at = 0;
  const out = codes.map((_, i) => (bad.has(i) ? null : lines[at++]!));
  if (at !== lines.length) throw new Error(`llvm-mc wrote ${lines.length} lines for ${at} codes`);
  return out;
}

const cases = allCases();
// Each text in the size of its row.
const source = cases.map((c) => `.option ${ROWS[c.row]!.size === 2 ? 'rvc' : 'norvc'}\n${c.text}\n`).join('');
const run = llvmMc(source, CORE, '--show-encoding');
if (run.stderr) throw new Error(run.stderr.slice(0, 4000));
const found = [...run.stdout.matchAll(/^\s+(.*?)\s+# encoding: \[([^\]]*)\]/gm)].map((m) => ({
  text: textOf(m[1]!),
  hex: m[2]!
    .split(',')
    .map((b) => Number(b).toString(16).padStart(2, '0'))
    .join(''),
}));
if (found.length !== cases.length) throw new Error(`llvm-mc answered ${found.length} of ${cases.length} lines`);
const rows = cases.map((c, i) => {
  const row = ROWS[c.row]!;
  return JSON.stringify([row.name, row.bits, c.operands, found[i]!.text, found[i]!.hex]);
});
writeFileSync(process.argv[2]!, `[\n${rows.join(',\n')}\n]\n`);

const short = shortCodes();
const texts = disassembled(short, 2);
const legalShort = short.filter((_, i) => texts[i] !== null);
const long = disassembled(longCodes(), 4);
const legal: Legal = {
  short: toRanges(texts.flatMap((t, i) => (t === null ? [] : [i]))),
  texts: byUpperByte(
    legalShort,
    texts.filter((t) => t !== null),
  ).map(digest),
  long: toRanges(long.flatMap((t, i) => (t === null ? [] : [i]))),
};
writeFileSync(process.argv[3]!, `${JSON.stringify(legal)}\n`);
