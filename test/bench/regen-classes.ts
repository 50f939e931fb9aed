// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { CASES } from './class-cases.js';

/** Asks llvm-mc for the bytes of every text and writes the file named on the command line. See regen-classes.sh. */
const LLVM_MC = process.env.LLVM_MC ?? 'llvm-mc-22';

const XTENSA =
  '+bool,+clamps,+debug,+density,+div32,+exception,+interrupt,+loop,+mac16,+minmax,+mul16,+mul32,+mul32high,+nsa,+s32c1i,+sext,+windowed';

const ARGUMENTS: Readonly<Record<keyof typeof CASES, readonly string[]>> = {
  thumb: ['--triple=thumbv7em-none-eabi'],
  baseline: ['--triple=thumbv8m.base-none-eabi', '-mattr=+8msecext'],
  riscv: ['--triple=riscv32', '-mattr=+m,+a,+c', '-M', 'no-aliases'],
  xtensa: ['--triple=xtensa', `-mattr=${XTENSA}`],
};

/** What a linker would fill in is zero. */
function byte(text: string): string {
  const value = text.startsWith('0b')
    ? Number(text.replaceAll('A', '0'))
    : text === 'A'
      ? 0
      : Number(text.replace(/'A'/, ''));
  return value.toString(16).padStart(2, '0');
}

/** One text at a time, as an error would stop them all. */
function encode(set: keyof typeof CASES, text: string): string {
  const run = spawnSync(LLVM_MC, [...ARGUMENTS[set], '--show-encoding'], { input: `${text}\n`, encoding: 'utf8' });
  if (run.error) throw run.error;
  const found = /encoding: \[([^\]]*)\]/.exec(run.stdout);
  if (run.status !== 0 || !found) throw new Error(`${set}: ${text}: ${run.stderr}`);
  return found[1]!.split(',').map(byte).join('');
}

const sets = Object.keys(CASES) as (keyof typeof CASES)[];
const all = sets.map((set) => {
  const texts = CASES[set].flatMap(([, , ...list]) => list);
  return [set, Object.fromEntries(texts.map((text) => [text, encode(set, text)]))];
});
writeFileSync(process.argv[2]!, `${JSON.stringify(Object.fromEntries(all), null, 1)}\n`);
