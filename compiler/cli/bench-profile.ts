// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Executed, Row } from '../bench/types.js';
import type { Target } from '../codegen/target.js';
import type { FccRun, FccVariant } from './bench-fcc.js';
import type { NativeProgram } from './bench-native.js';
import { readElf32 } from './elf32.js';
import { Names } from './qemu-split.js';

/** Rows of a side of the profile, and the share of all executed instructions below which an address is left out. */
const ROWS = 80;
const SHARE = 0.002;
const WIDTH = 58;

/** One entry point, measured, with what a profile shows. */
export interface MeasuredProgram {
  readonly row: Row;
  readonly native: {
    readonly program: NativeProgram;
    readonly objdump: string;
    readonly executed: readonly Executed[];
  } | null;
  readonly contract: { readonly variant: FccVariant; readonly run: FccRun } | null;
}

/** The firmware that containers ran in, and a disassembler for it. */
interface Firmware {
  readonly path: string;
  readonly objdump: string;
}

/** The hottest code of gcc -O2 and of fcc with the contract, side by side, each in the order of addresses, with counts. */
export function profileText(
  target: Target,
  { row, native, contract }: MeasuredProgram,
  firmware: { readonly path: string; readonly objdump: string } | null,
): string {
  const left = native ? hottest(native.executed, gccText(native.objdump, native.program.path)) : ['-'];
  const right = contract ? hottest(contract.run.executed, fccText(target, contract, firmware)) : ['-'];
  const lines = Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
    `${(left[i] ?? '').padEnd(WIDTH)} | ${right[i] ?? ''}`.trimEnd(),
  );
  const head = `${`gcc -O2: ${row.gccO2.instructions ?? '-'}`.padEnd(WIDTH)} | fcc: ${row.contract.instructions ?? '-'}`;
  return [`== ${row.program}`, head, ...lines, ''].join('\n');
}

/** Lines of the instructions executed most, by address; a line of dots where some are left out. */
function hottest(executed: readonly Executed[], textOf: (at: Executed) => string): string[] {
  const total = executed.reduce((n, e) => n + e.count, 0);
  const chosen = executed
    .filter((e) => e.count >= total * SHARE)
    .sort((a, b) => b.count - a.count)
    .slice(0, ROWS)
    .sort((a, b) => a.address - b.address);
  const lines: string[] = [];
  let end: number | null = null;
  for (const e of chosen) {
    if (end !== null && e.address !== end) lines.push('     …');
    lines.push(`${String(e.count).padStart(8)} ${e.address.toString(16)}  ${textOf(e)}`.slice(0, WIDTH));
    end = e.address + e.bytes.length;
  }
  return lines;
}

/** Instructions by address as the toolchain's disassembler writes them; empty without one. */
function gccText(objdump: string, path: string): (at: Executed) => string {
  const run = spawnSync(objdump, ['-d', '--no-show-raw-insn', path], { encoding: 'utf8', maxBuffer: 64 << 20 });
  const text = new Map<number, string>();
  for (const line of (run.stdout ?? '').split('\n')) {
    const parts = /^\s*([0-9a-f]+):\s+(.*)$/.exec(line);
    if (parts) text.set(Number.parseInt(parts[1]!, 16), parts[2]!.replace(/\s+/g, ' ').trim());
  }
  return ({ address }) => text.get(address) ?? '';
}

function fccText(
  target: Target,
  { variant, run }: NonNullable<MeasuredProgram['contract']>,
  firmware: Firmware | null,
): (at: Executed) => string {
  const { image } = variant;
  const { map } = variant.compiled!;
  const guards = new Set<number>();
  const ends = [...map.text.slice(1).map((t) => t.offset), image.trapTable];
  for (const [i, t] of map.text.entries()) if (t.guard) for (let at = t.offset; at < ends[i]!; at++) guards.add(at);
  const text = new Map(target.disassemble(image.text, 0).map((d) => [d.address, d.text]));
  const routine = firmware ? gccText(firmware.objdump, firmware.path) : () => '';
  const names = firmware ? new Names(readElf32(readFileSync(firmware.path))) : null;
  return (e) => {
    const at = e.address - run.base;
    const own = text.get(at);
    if (own !== undefined && at >= 0) return `${guards.has(at) ? '! ' : ''}${own}`;
    return `${names?.at(e.address)?.name ?? 'routine'}: ${routine(e)}`;
  };
}
