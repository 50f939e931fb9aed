// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROWS } from '../../backends/xtensa/isa.js';
import type { Row } from '../../backends/xtensa/isa-codec.js';
import { digest, toRanges } from './riscv-legal.js';
import { allCases, assemblerText, signedText, type XtensaCase } from './xtensa-cases.js';
import { bucketOf, type Legal, longCodes, MISPRINTED, shortCodes } from './xtensa-legal.js';

/** Asks both assemblers and writes the files named on the command line. See regen-xtensa.sh. */
const LLVM_MC = process.env.LLVM_MC ?? 'llvm-mc-22';
const GNU_AS = process.env.XTENSA_AS ?? 'xtensa-lx106-elf-as';
const [, , folder, casesFile, legalFile] = process.argv as [string, string, string, string, string];

function run(command: string, args: readonly string[], input?: string): { stdout: string; stderr: string } {
  const out = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (out.error) throw out.error;
  return out;
}

/** Contents of an ELF32 file's sections that are called t0, t1 and so on. */
function sections(file: string): Map<number, Uint8Array> {
  const bytes = readFileSync(file);
  const table = bytes.readUInt32LE(32);
  const header = (i: number) => {
    const at = table + 40 * i;
    return { name: bytes.readUInt32LE(at), start: bytes.readUInt32LE(at + 16), size: bytes.readUInt32LE(at + 20) };
  };
  const strings = header(bytes.readUInt16LE(50)).start;
  const out = new Map<number, Uint8Array>();
  for (let i = 0; i < bytes.readUInt16LE(48); i++) {
    const { name, start, size } = header(i);
    const text = bytes.toString('latin1', strings + name, bytes.indexOf(0, strings + name));
    if (/^t\d+$/.test(text)) out.set(Number(text.slice(1)), bytes.subarray(start, start + size));
  }
  return out;
}

/** Each case in a section of its own, so far behind its start that its target lies in it. */
function source(c: XtensaCase, i: number): string {
  const row = ROWS[c.row]!;
  const rel = relOf(c);
  const before = 4 + c.address + (rel !== null && rel < 0 ? Math.ceil(-rel / 4) * 4 : 0);
  const text = assemblerText(row, c.operands).replace(/\. [+-]\d+$/, `t${i}${signedText(before + (rel ?? 0))}`);
  return `.section t${i},"ax"\n.space ${before}\n${text}\n`;
}

function relOf(c: XtensaCase): number | null {
  const i = ROWS[c.row]!.operands.findIndex((o) => o.kind === 'imm' && o.rel !== undefined);
  return i < 0 ? null : c.operands[i]!;
}

function assembled(
  assemble: (source: string, object: string) => { stderr: string },
  cases: readonly (XtensaCase | null)[],
): Map<number, string> {
  const out = new Map<number, string>();
  const object = join(folder, 'cases.o');
  // In portions, as sections take up to half a megabyte each.
  for (let from = 0; from < cases.length; from += 200) {
    const text = cases.slice(from, from + 200).map((c, k) => (c ? source(c, from + k) : ''));
    const { stderr } = assemble(text.join(''), object);
    if (stderr) throw new Error(stderr.slice(0, 4000));
    for (const [i, bytes] of sections(object)) {
      const own = bytes.subarray(bytes.length - ROWS[cases[i]!.row]!.size);
      out.set(i, Buffer.from(own).toString('hex'));
    }
  }
  return out;
}

const cases = allCases();
/** LLVM 22 counts l32r from the instruction's own word, which is wrong unless the address is a multiple of 4. */
const llvmKnows = (c: XtensaCase): boolean => ROWS[c.row]!.name !== 'l32r' || c.address === 0;
/** What the LX106 lacks, its assembler does not know. */
const LACKS: readonly Row['feature'][] = ['mul32high', 'div32', 'minmax', 'sext', 'clamps', 'loop', 's32c1i'];
const gnuKnows = (c: XtensaCase): boolean => !LACKS.includes(ROWS[c.row]!.feature);

const llvmFor = (cpu: string, knows: (c: XtensaCase) => boolean) =>
  assembled(
    (text, object) => run(LLVM_MC, ['-triple=xtensa', `-mcpu=${cpu}`, '-filetype=obj', '-o', object], text),
    cases.map((c) => (knows(c) ? c : null)),
  );
const llvm = llvmFor('esp32', llvmKnows);
// The ESP8266 has the same encodings, as far as it has them.
for (const [i, bytes] of llvmFor('esp8266', (c) => llvmKnows(c) && gnuKnows(c)))
  if (bytes !== llvm.get(i)) throw new Error(`the ESP8266 has ${bytes}, not ${llvm.get(i)}`);
const gnu = assembled(
  (text, object) => run(GNU_AS, ['--no-transform', '-o', object], text),
  cases.map((c) => (gnuKnows(c) ? c : null)),
);
const rows = cases.map((c, i) => {
  const row = ROWS[c.row]!;
  const [a, b] = [llvm.get(i), gnu.get(i)];
  if (a !== undefined && b !== undefined && a !== b)
    throw new Error(`${assemblerText(row, c.operands)} at ${c.address}: ${a} or ${b}`);
  return JSON.stringify([row.name, row.bits, c.operands, c.address, a ?? b, a && b ? 'both' : a ? 'llvm' : 'gnu']);
});
writeFileSync(casesFile, `[\n${rows.join(',\n')}\n]\n`);

/** LLVM's reading of a code that the manual leaves open: amounts of slli are 1 to 31. */
const SHIFT_BY_32 = /^slli .* (0|32)$/;
/** Mnemonic, with the special register if there is one. */
const wordOf = (text: string): string => text.replace(/^([rwx]sr) a\d+, (\w+)$/, '$1.$2').split(' ')[0]!;
const known = new Set(ROWS.filter((r) => !r.alias).map((r) => r.text.split(' ')[0]!));

/** LLVM's text per code, or null where it is not one of the table's instructions. */
function disassembled(codes: readonly number[], size: 2 | 3): (string | null)[] {
  const hex = (c: number): string =>
    Array.from({ length: size }, (_, k) => `0x${((c >>> (8 * k)) & 255).toString(16)}`).join(' ');
  const out = run(
    LLVM_MC,
    ['-triple=xtensa', '-mcpu=esp32', '--disassemble'],
    codes.map((c) => `${hex(c)}\n`).join(''),
  );
  const bad = new Set([...out.stderr.matchAll(/^<stdin>:(\d+):\d+: warning/gm)].map((m) => Number(m[1]) - 1));
  const lines = out.stdout
    .split('\n')
    .map((l) => l.replace(/\s+/g, ' ').trim())
    .filter((l) => l !== '' && !l.startsWith('.'));
  let at = 0;
  const texts = codes.map((_, i) => (bad.has(i) ? null : lines[at++]!));
  if (at !== lines.length) throw new Error(`llvm-mc wrote ${lines.length} lines for ${at} codes`);
  return texts.map((t) => (t !== null && known.has(wordOf(t)) && !SHIFT_BY_32.test(t) ? t : null));
}
const listed = (codes: readonly number[], size: 2 | 3): { ranges: [number, number][]; texts: string[] } => {
  const texts = disassembled(codes, size);
  const buckets: string[][] = Array.from({ length: 256 }, () => []);
  texts.forEach((t, i) => {
    if (t !== null && !MISPRINTED.has(wordOf(t))) buckets[bucketOf(codes[i]!, size === 3)]!.push(t);
  });
  return { ranges: toRanges(texts.flatMap((t, i) => (t === null ? [] : [i]))), texts: buckets.map(digest) };
};
const [short, long] = [listed(shortCodes(), 2), listed(longCodes(), 3)];
const legal: Legal = { short: short.ranges, long: long.ranges, shortTexts: short.texts, longTexts: long.texts };
writeFileSync(legalFile, `${JSON.stringify(legal)}\n`);
