// SPDX-License-Identifier: MIT
import type { Form } from './isa.js';
import type { AluOp, AtomicOp, JumpCond, MemSize, Width } from './program.js';
import { ALU_SIGNS, ATOMIC_SIGNS, COND_SIGNS } from './syntax.js';

/** One parsed line of assembly. Numbers are not range-checked yet; names (labels, functions, globals) not looked up. */
export interface Parsed {
  readonly form: Form;
  readonly dst?: number;
  readonly src?: number;
  readonly off?: number;
  readonly imm?: bigint;
  /** Jump: a label, or a distance like `+3`. Call or lddw: a name, with `+N` behind a global's. */
  readonly name?: string;
}

const REG = '([rw])(10|[0-9])';
const NUM = '[-+]?(?:0x[0-9a-fA-F]+|[0-9]+)';
const NAME = '[A-Za-z_.$][\\w.$]*';
const PLACE = 'r(10|[0-9])\\s*(?:([-+])\\s*(0x[0-9a-fA-F]+|[0-9]+))?';
const MEM = `\\(\\s*${PLACE}\\s*\\)`;
const PTR = (kinds: string): string => `\\*\\s*\\(\\s*([${kinds}])(8|16|32|64)\\s*\\*\\s*\\)\\s*${MEM}`;

function invert<K extends string>(table: Readonly<Partial<Record<K, string>>>): Map<string, K> {
  return new Map(Object.entries(table).map(([k, v]) => [v as string, k as K]));
}
const ALU_OF = invert<Exclude<AluOp, 'neg'>>(ALU_SIGNS);
const COND_OF = invert<JumpCond>(COND_SIGNS);
const ATOMIC_OF = invert<AtomicOp>(ATOMIC_SIGNS);

const signs = (table: ReadonlyMap<string, string>): string =>
  [...table.keys()]
    .sort((a, b) => b.length - a.length)
    .map((s) => s.replace(/[*+/|^&<>=%-]/g, '\\$&'))
    .join('|');

const widthOf = (letter: string): Width => (letter === 'w' ? 32 : 64);
const number = (text: string): bigint => {
  const t = text.replace(/^\+/, '');
  return t.startsWith('-') ? -BigInt(t.slice(1)) : BigInt(t);
};
const offset = (sign: string | undefined, digits: string | undefined): number =>
  digits === undefined ? 0 : Number(number(`${sign === '-' ? '-' : ''}${digits}`));
const bytesOf = (bits: string): MemSize => (Number(bits) / 8) as MemSize;

/** A register (whose width has to be `width`, unless null) or a number. */
function operand(
  text: string,
  width: Width | null,
): { source: 'reg'; src: number } | { source: 'imm'; imm: bigint } | null {
  const r = new RegExp(`^${REG}$`).exec(text);
  if (r) return width === null || widthOf(r[1]!) === width ? { source: 'reg', src: Number(r[2]) } : null;
  return new RegExp(`^${NUM}$`).test(text) ? { source: 'imm', imm: number(text) } : null;
}

type Rule = readonly [RegExp, (m: readonly (string | undefined)[]) => Parsed | null];
const rule = (pattern: string, make: (m: readonly string[]) => Parsed | null): Rule => [
  new RegExp(`^${pattern}$`),
  make as Rule[1],
];

/** Tried in this order; null from a rule means that the next one is tried. */
const RULES: readonly Rule[] = [
  rule('exit', () => ({ form: { kind: 'exit' } })),
  rule(`(goto|gotol)\\s+([-+]?[\\w.$]+)`, (m) => ({ form: { kind: 'jump', wide: m[1] === 'gotol' }, name: m[2]! })),
  rule(`if\\s+${REG}\\s*(${signs(COND_OF)})\\s*(\\S+)\\s+goto\\s+([-+]?[\\w.$]+)`, (m) => {
    const width = widthOf(m[1]!);
    const o = operand(m[4]!, width);
    return (
      o && {
        form: { kind: 'branch', cond: COND_OF.get(m[3]!)!, width, source: o.source },
        dst: Number(m[2]),
        name: m[5]!,
        ...o,
      }
    );
  }),
  rule(`call\\s+(${NUM})`, (m) => ({ form: { kind: 'helper' }, imm: number(m[1]!) })),
  rule(`call\\s+(${NAME})`, (m) => ({ form: { kind: 'call' }, name: m[1]! })),
  rule('callx\\s+r(10|[0-9])', (m) => ({ form: { kind: 'callx' }, dst: Number(m[1]) })),
  rule(`r(10|[0-9])\\s*=\\s*(${NUM})\\s+ll`, (m) => ({
    form: { kind: 'lddw' },
    dst: Number(m[1]),
    imm: number(m[2]!),
  })),
  rule(`r(10|[0-9])\\s*=\\s*(${NAME}(?:\\+\\d+)?)\\s+ll`, (m) => ({
    form: { kind: 'lddw' },
    dst: Number(m[1]),
    name: m[2]!,
  })),
  rule(`${REG}\\s*=\\s*-\\s*${REG}`, (m) =>
    m[1] === m[3] && m[2] === m[4]
      ? { form: { kind: 'alu', op: 'neg', width: widthOf(m[1]!), source: 'imm' }, dst: Number(m[2]) }
      : null,
  ),
  rule(`${REG}\\s*=\\s*\\(\\s*s(8|16|32)\\s*\\)\\s*${REG}`, (m) =>
    m[1] === m[4]
      ? {
          form: { kind: 'movsx', width: widthOf(m[1]!), from: Number(m[3]) as 8 | 16 | 32 },
          dst: Number(m[2]),
          src: Number(m[5]),
        }
      : null,
  ),
  rule('r(10|[0-9])\\s*=\\s*(le|be|bswap)(16|32|64)\\s+r(10|[0-9])', (m) => {
    const op = m[2] === 'bswap' ? 'swap' : (m[2] as 'le' | 'be');
    return m[1] === m[4]
      ? { form: { kind: 'endian', op, bits: Number(m[3]) as 16 | 32 | 64 }, dst: Number(m[1]) }
      : null;
  }),
  rule(`${REG}\\s*=\\s*${PTR('us')}`, (m) => ({
    form: { kind: 'load', size: bytesOf(m[4]!), signed: m[3] === 's' },
    dst: Number(m[2]),
    src: Number(m[5]),
    off: offset(m[6], m[7]),
  })),
  rule(`${PTR('u')}\\s*=\\s*(\\S+)`, (m) => {
    const o = operand(m[6]!, null);
    return (
      o && {
        form: { kind: 'store', size: bytesOf(m[2]!), source: o.source },
        dst: Number(m[3]),
        off: offset(m[4], m[5]),
        ...o,
      }
    );
  }),
  rule(`lock\\s+${PTR('u')}\\s*(${signs(ATOMIC_OF)})\\s*${REG}`, (m) =>
    atomic(ATOMIC_OF.get(m[6]!)!, false, m[2]!, m[7]!, { dst: m[3]!, off: offset(m[4], m[5]), src: m[8]! }),
  ),
  rule(
    `${REG}\\s*=\\s*atomic_fetch_(add|or|and|xor)\\(\\s*\\(u(32|64)\\s*\\*\\s*\\)\\s*${MEM}\\s*,\\s*${REG}\\s*\\)`,
    (m) =>
      m[1] === m[8] && m[2] === m[9]
        ? atomic(m[3] as AtomicOp, true, m[4]!, m[1]!, { dst: m[5]!, off: offset(m[6], m[7]), src: m[2]! })
        : null,
  ),
  rule(`${REG}\\s*=\\s*xchg(32_32|_64)\\(\\s*${PLACE}\\s*,\\s*${REG}\\s*\\)`, (m) =>
    m[1] === m[7] && m[2] === m[8]
      ? atomic('xchg', true, m[3] === '_64' ? '64' : '32', m[1]!, { dst: m[4]!, off: offset(m[5], m[6]), src: m[2]! })
      : null,
  ),
  rule(`([rw])0\\s*=\\s*cmpxchg(32_32|_64)\\(\\s*${PLACE}\\s*,\\s*([rw])0\\s*,\\s*${REG}\\s*\\)`, (m) =>
    m[1] === m[6] && m[1] === m[7]
      ? atomic('cmpxchg', true, m[2] === '_64' ? '64' : '32', m[1]!, {
          dst: m[3]!,
          off: offset(m[4], m[5]),
          src: m[8]!,
        })
      : null,
  ),
  rule(`${REG}\\s*=\\s*(\\S+)`, (m) => alu('mov', m[1]!, m[2]!, m[3]!)),
  rule(`${REG}\\s*(${signs(ALU_OF)})\\s*(\\S+)`, (m) => alu(ALU_OF.get(m[3]!)!, m[1]!, m[2]!, m[4]!)),
];

function alu(op: AluOp, letter: string, dst: string, text: string): Parsed | null {
  const width = widthOf(letter);
  const o = operand(text, width);
  return o && { form: { kind: 'alu', op, width, source: o.source }, dst: Number(dst), ...o };
}

/** `letter` is that of the value's register; it has to fit the size. */
function atomic(
  op: AtomicOp,
  fetch: boolean,
  bits: string,
  letter: string,
  f: { dst: string; off: number; src: string },
): Parsed | null {
  const size = Number(bits) / 8;
  if ((size !== 4 && size !== 8) || widthOf(letter) !== size * 8) return null;
  return { form: { kind: 'atomic', op, fetch, size }, dst: Number(f.dst), off: f.off, src: Number(f.src) };
}

/** Parses one instruction in LLVM's syntax; null if it is none. */
export function parseLine(text: string): Parsed | null {
  for (const [pattern, make] of RULES) {
    const m = pattern.exec(text);
    const parsed = m && make(m);
    if (parsed) return parsed;
  }
  return null;
}
