// SPDX-License-Identifier: MIT
import { targets } from '../../backends/index.js';
import type { Target } from '../codegen/target.js';
import type { Level } from '../compile.js';
import { EBPF_TARGET } from '../ebpf.js';
import { CompileError } from '../errors/index.js';
import type { Image } from '../image/image.js';
import { readInput, type Session, usage } from './session.js';

/** Values of command-line options: text in, checked value out; mistakes are FCC0001 unless said otherwise. */

/** A target by its name. */
export function targetOption(name: string | undefined): Target {
  const found = targets.find((t) => t.core.name === name);
  if (found) return found;
  throw usage(name === undefined ? 'no target given' : `unknown target ${name}`, {
    expected: targets.map((t) => t.core.name).join(', '),
    help:
      name === EBPF_TARGET.name
        ? '`ebpf` is for `fcc compile` alone; name the core that the interpreter is to run on'
        : 'name one with -t; `fcc targets` lists them',
  });
}

/** A target by its name, or null for images of eBPF text. */
export function compileTargetOption(name: string | undefined): Target | null {
  return name === EBPF_TARGET.name ? null : targetOption(name);
}

/** The first target that an image's header allows. Errors: FCC0713. */
export function imageTarget({ arch, features }: Image): Target {
  const found = targets.find((t) => t.arch === arch && (features & ~t.core.featureBits) === 0);
  if (found) return found;
  throw new CompileError('FCC0713', 'no target runs this image', {
    got: `${arch}, features 0x${features.toString(16)}`,
  });
}

export function levelOption(text: string): Level {
  if (text === '0' || text === '1' || text === '2') return Number(text) as Level;
  throw usage(`unknown optimisation level ${text}`, { expected: '0, 1 or 2' });
}

/** What `fcc compile` can write. */
export const FORMATS = ['image', 'c', 'asm'] as const;

/** One of a list of words. */
export function choice<T extends string>(option: string, text: string, words: readonly T[]): T {
  const found = words.find((w) => w === text);
  if (found !== undefined) return found;
  throw usage(`${option} does not take ${text}`, { expected: words.join(', ') });
}

/** --board chooses among the boards of one engine. */
export function checkBoard(engine: string, board: string | undefined): void {
  if (board !== undefined && engine !== 'qemu')
    throw usage('--board is for --engine qemu', { got: `--engine ${engine}` });
}

/** A number of fuel units or instructions, 1 to 2^31 - 1. */
export function countOption(option: string, text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 0x7fffffff) return value;
  throw usage(`${option} does not take ${text}`, { expected: 'a whole number from 1 to 2147483647' });
}

/** `hex:0011…` or a file's bytes. */
export function bytesOption(session: Session, option: string, text: string): Uint8Array {
  if (!text.startsWith('hex:')) return readInput(session, text);
  const digits = text.slice(4);
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) {
    throw usage(`${option} is not hexadecimal`, {
      expected: 'hex: and an even number of hexadecimal digits',
      got: text,
    });
  }
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

/** A region as `NAME=FILE` or `NAME=hex:…`, with `:rw` behind it if the file is to be written back. */
export interface RegionOption {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** File to write the region to after the run. */
  readonly writeBack: string | null;
}

export function regionOption(session: Session, text: string): RegionOption {
  const equals = text.indexOf('=');
  if (equals < 1) throw usage('--region is incomplete', { expected: 'NAME=FILE[:rw] or NAME=hex:…', got: text });
  const name = text.slice(0, equals);
  let value = text.slice(equals + 1);
  const back = value.endsWith(':rw') && !value.startsWith('hex:');
  if (back) value = value.slice(0, -3);
  return { name, bytes: bytesOption(session, '--region', value), writeBack: back ? value : null };
}
