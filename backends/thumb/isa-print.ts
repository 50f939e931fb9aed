// SPDX-License-Identifier: MIT
import type { Row } from './isa-codec.js';
import { CONDITIONS } from './isa-names.js';

export const REGISTER_NAMES = [
  'r0',
  'r1',
  'r2',
  'r3',
  'r4',
  'r5',
  'r6',
  'r7',
  'r8',
  'sb',
  'sl',
  'fp',
  'ip',
  'sp',
  'lr',
  'pc',
] as const;

/** Suffix of a condition number; '' for always. */
export function conditionName(cond: number): string {
  return CONDITIONS[cond] ?? '';
}

/** Numbers from 0 to 9 in decimal, others in hexadecimal. */
function number(v: number): string {
  return v >= 0 && v < 10 ? String(v) : `${v < 0 ? '-' : ''}0x${Math.abs(v).toString(16)}`;
}

function registers(mask: number): string {
  return REGISTER_NAMES.filter((_, i) => (mask >>> i) & 1).join(', ');
}

function operand(row: Row, i: number, v: number, address: number): string {
  const o = row.operands[i]!;
  switch (o.kind) {
    case 'reg':
      return REGISTER_NAMES[v]!;
    case 'fixed':
      return o.reg ? REGISTER_NAMES[v]! : `#${number(v)}`;
    case 'list':
    case 'single':
      return `{${registers(v)}}`;
    case 'branch':
      return `#0x${((address + v) >>> 0).toString(16)}`.replace(/^#0x([0-9])$/, '#$1');
    case 'literal':
      return `#${number(address + v - ((address + 4) & ~3))}`;
    case 'mod':
      return `#${number(v >>> 0)}`;
    case 'imm':
    case 'sign':
    case 'shift':
    case 'width':
      return `#${number(v)}`;
  }
}

/** The letters after `it`: t or e for the second to fourth instruction of the block. */
function itLetters(cond: number, mask: number): string {
  const length = 3 - (31 - Math.clz32(mask & -mask));
  return Array.from({ length }, (_, i) => (((mask >>> (3 - i)) & 1) === (cond & 1) ? 't' : 'e')).join('');
}

/**
 * Text of an instruction. Placeholders in a row's text: {i} operand; {,i} operand with a comma before it, nothing if it is 0;
 * {lsl3} shift amount, nothing if 0; {d3} operand in decimal; {i-} a register set of one without braces; {it} and {cond} of the IT instruction.
 */
export function printOperands(row: Row, v: readonly number[], address: number, condition: string): string {
  const template = row.text ?? `${row.name.split('.')[0]!} ${v.map((_, i) => `{${i}}`).join(', ')}`;
  const text = template.replace(/\{([^}]+)\}/g, (_, key: string) => {
    if (key === 'it') return itLetters(v[0]!, v[1]!);
    if (key === 'cond') return conditionName(v[0]!) || 'al';
    if (key.startsWith('lsl')) return v[Number(key.slice(3))] === 0 ? '' : `, lsl ${operand(row, 3, v[3]!, address)}`;
    if (key.startsWith('d')) return `#${v[Number(key.slice(1))]}`;
    if (key.endsWith('-')) return registers(v[0]!);
    const i = Number(key.replace(',', ''));
    if (key.startsWith(',') && v[i] === 0) return '';
    return (key.startsWith(',') ? ', ' : '') + operand(row, i, v[i]!, address);
  });
  return text.replace(/^([a-z0-9]+)/, `$1${condition}`).trim();
}
