// SPDX-License-Identifier: MIT

/**
 * Every instruction name and its operands, in assembly order. Names are the standard mnemonics of RV32I, M and A; compressed
 * forms have no names of their own: they are shorter encodings of the same name, and the encoder takes them where they fit.
 * Operands: rd, rs1, rs2, base are register numbers 0..31; imm and amount plain numbers (never the encoded field); rel the
 * target's address minus the instruction's own, even; imm20 the upper 20 bits as 0..0xfffff; pred and succ sets of i, o, r, w
 * (bits 3 to 0).
 * Ranges: imm of I and S forms -2048..2047; amount 0..31; rel of jal -2^20..2^20-2, of branches see FAR_BRANCH below.
 */
const FORMS = {
  register: 'rd rs1 rs2',
  immediate: 'rd rs1 imm',
  shift: 'rd rs1 amount',
  load: 'rd base imm',
  store: 'rs2 base imm',
  branch: 'rs1 rs2 rel',
  modify: 'rd rs2 base',
} as const;

export const REGISTER = ['add', 'sub', 'sll', 'slt', 'sltu', 'xor', 'srl', 'sra', 'or', 'and'] as const;
export const MULTIPLY = ['mul', 'mulh', 'mulhsu', 'mulhu'] as const;
export const DIVIDE = ['div', 'divu', 'rem', 'remu'] as const;
export const IMMEDIATE = ['addi', 'slti', 'sltiu', 'xori', 'ori', 'andi'] as const;
export const SHIFT = ['slli', 'srli', 'srai'] as const;
export const LOADS = ['lb', 'lh', 'lw', 'lbu', 'lhu'] as const;
export const STORES = ['sb', 'sh', 'sw'] as const;
/**
 * FAR_BRANCH: a branch name has one more size, 8, for targets up to 1 MiB away: the opposite branch over a `jal x0`. It is
 * for the encoder alone; the decoder sees two instructions.
 */
export const BRANCHES = ['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu'] as const;
export const AMO = [
  'amoswap.w',
  'amoadd.w',
  'amoxor.w',
  'amoand.w',
  'amoor.w',
  'amomin.w',
  'amomax.w',
  'amominu.w',
  'amomaxu.w',
] as const;
/** Ordering suffixes of atomics: acquire, release, both. A lone release on lr and acquire on sc the manual rules out. */
export const ORDERS = ['', '.aq', '.rl', '.aqrl'] as const;
export const LOAD_ORDERS = ['', '.aq', '.aqrl'] as const;
export const STORE_ORDERS = ['', '.rl', '.aqrl'] as const;

/** Instructions that fit no family. `jal.long` is jal in its 32-bit form, however near the target is. */
const SINGLES = {
  lui: 'rd imm20',
  auipc: 'rd imm20',
  jal: 'rd rel',
  'jal.long': 'rd rel',
  jalr: 'rd rs1 imm',
  fence: 'pred succ',
} as const;

export type Register = (typeof REGISTER)[number] | (typeof MULTIPLY)[number] | (typeof DIVIDE)[number];
export type Immediate = (typeof IMMEDIATE)[number] | (typeof SHIFT)[number];
export type Load = (typeof LOADS)[number];
export type Store = (typeof STORES)[number];
export type Branch = (typeof BRANCHES)[number];
export type Amo = (typeof AMO)[number];
export type Order = (typeof ORDERS)[number];
export type Single = keyof typeof SINGLES;

/** What an instruction does is known by its plain name: without ordering suffix and `.long`. */
export type PlainName =
  | Register
  | Immediate
  | Load
  | Store
  | Branch
  | Amo
  | 'lr.w'
  | 'sc.w'
  | Exclude<Single, 'jal.long'>;
export type Atomic = Amo | 'lr.w' | 'sc.w';
export type Name =
  | Exclude<PlainName, Atomic>
  | 'jal.long'
  | `${Amo}${Order}`
  | `lr.w${(typeof LOAD_ORDERS)[number]}`
  | `sc.w${(typeof STORE_ORDERS)[number]}`;

/** The plain name of a name. One hart sees its own accesses in order, so ordering changes nothing that it can tell. */
export function plainName(name: Name): PlainName {
  return name.replace(/\.(aq|rl|aqrl|long)$/, '') as PlainName;
}

/** Operand names of every instruction name, in order. */
export const SIGNATURES: Readonly<Record<Name, readonly string[]>> = (() => {
  const out: Record<string, readonly string[]> = {};
  const add = (names: readonly string[], operands: string) => {
    for (const name of names) out[name] = operands.split(' ');
  };
  const ordered = (names: readonly string[], orders: readonly Order[]) =>
    names.flatMap((n) => orders.map((o) => `${n}${o}`));
  add([...REGISTER, ...MULTIPLY, ...DIVIDE], FORMS.register);
  add(IMMEDIATE, FORMS.immediate);
  add(SHIFT, FORMS.shift);
  add(LOADS, FORMS.load);
  add(STORES, FORMS.store);
  add(BRANCHES, FORMS.branch);
  add(ordered(AMO, ORDERS), FORMS.modify);
  add(ordered(['sc.w'], STORE_ORDERS), FORMS.modify);
  add(ordered(['lr.w'], LOAD_ORDERS), 'rd base');
  for (const [name, operands] of Object.entries(SINGLES)) add([name], operands);
  return out as Record<Name, readonly string[]>;
})();
