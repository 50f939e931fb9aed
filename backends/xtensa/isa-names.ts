// SPDX-License-Identifier: MIT

/**
 * Every instruction name and its operands, in assembly order. Names are the standard mnemonics; density forms have no names of
 * their own: they are shorter encodings of the same name, and the encoder takes them where they fit.
 * Operands: ar, as, at are register numbers 0..15 (ar is always written; at of loads and moves too); imm, amount, lsb, width,
 * bit and const plain numbers (never the encoded field); rel the target's address minus the instruction's own.
 * What the ranges are, isa-rows.ts says; const is one of the 16 numbers of B4CONST or B4CONSTU there.
 */
const FORMS = {
  three: 'ar as at',
  access: 'at as imm',
  branch: 'as at rel',
  constant: 'as const rel',
  bitBranch: 'as bit rel',
  zero: 'as rel',
  set: 'as',
} as const;

export const ARITHMETIC = [
  'and',
  'or',
  'xor',
  'add',
  'addx2',
  'addx4',
  'addx8',
  'sub',
  'subx2',
  'subx4',
  'subx8',
] as const;
export const MULTIPLY16 = ['mul16u', 'mul16s'] as const;
export const MULTIPLY_HIGH = ['muluh', 'mulsh'] as const;
export const DIVIDE = ['quou', 'quos', 'remu', 'rems'] as const;
export const EXTREMES = ['min', 'max', 'minu', 'maxu'] as const;
export const CONDITIONAL_MOVES = ['moveqz', 'movnez', 'movltz', 'movgez'] as const;
export const SHIFT_SETS = ['ssr', 'ssl', 'ssa8l'] as const;
export const LOADS = ['l8ui', 'l16ui', 'l32i', 'l16si'] as const;
export const STORES = ['s8i', 's16i', 's32i'] as const;

/**
 * Branches in pairs of opposites. A branch name has one more size, 6, for targets up to 128 KiB away: the opposite branch over
 * a `j`. It is for the encoder alone; the decoder sees two instructions.
 */
export const REGISTER_BRANCHES = [
  ['bnone', 'bany'],
  ['beq', 'bne'],
  ['blt', 'bge'],
  ['bltu', 'bgeu'],
  ['ball', 'bnall'],
  ['bbc', 'bbs'],
] as const;
export const BIT_BRANCHES = [['bbci', 'bbsi']] as const;
export const CONSTANT_BRANCHES = [
  ['beqi', 'bnei'],
  ['blti', 'bgei'],
] as const;
export const UNSIGNED_BRANCHES = [['bltui', 'bgeui']] as const;
export const ZERO_BRANCHES = [
  ['beqz', 'bnez'],
  ['bltz', 'bgez'],
] as const;
export const BRANCH_PAIRS = [
  ...REGISTER_BRANCHES,
  ...BIT_BRANCHES,
  ...CONSTANT_BRANCHES,
  ...UNSIGNED_BRANCHES,
  ...ZERO_BRANCHES,
] as const;
export const LOOPS = ['loop', 'loopnez', 'loopgtz'] as const;

/** Special registers that text may name, by number. */
export const SPECIALS = { lbeg: 0, lend: 1, lcount: 2, sar: 3, scompare1: 12 } as const;
export const SPECIAL_ACCESS = ['rsr', 'wsr', 'xsr'] as const;

/** Instructions that fit no family. `pad` is one byte that no instruction starts with, between instructions. */
const SINGLES = {
  mull: 'ar as at',
  src: 'ar as at',
  neg: 'ar at',
  abs: 'ar at',
  mov: 'ar as',
  movi: 'at imm',
  addi: 'at as imm',
  addmi: 'at as imm',
  slli: 'ar as amount',
  srli: 'ar at amount',
  srai: 'ar at amount',
  extui: 'ar at lsb width',
  sll: 'ar as',
  srl: 'ar at',
  sra: 'ar at',
  ssai: 'amount',
  sext: 'ar as bit',
  clamps: 'ar as bit',
  nsa: 'at as',
  nsau: 'at as',
  l32r: 'at rel',
  s32c1i: 'at as imm',
  j: 'rel',
  jx: 'as',
  call0: 'rel',
  callx0: 'as',
  ret: '',
  nop: '',
  memw: '',
  extw: '',
  pad: '',
} as const;

export type Load = (typeof LOADS)[number];
export type Store = (typeof STORES)[number];
export type Branch = (typeof BRANCH_PAIRS)[number][number];
export type Special = keyof typeof SPECIALS;
export type SpecialName = `${(typeof SPECIAL_ACCESS)[number]}.${Special}`;
type Three =
  | (typeof ARITHMETIC)[number]
  | (typeof MULTIPLY16)[number]
  | (typeof MULTIPLY_HIGH)[number]
  | (typeof DIVIDE)[number]
  | (typeof EXTREMES)[number]
  | (typeof CONDITIONAL_MOVES)[number];
export type Name =
  | Three
  | (typeof SHIFT_SETS)[number]
  | Load
  | Store
  | Branch
  | (typeof LOOPS)[number]
  | SpecialName
  | keyof typeof SINGLES;

/** Operand names of every instruction name, in order. */
export const SIGNATURES: Readonly<Record<Name, readonly string[]>> = (() => {
  const out: Record<string, readonly string[]> = {};
  const add = (names: readonly string[], operands: string): void => {
    for (const name of names) out[name] = operands === '' ? [] : operands.split(' ');
  };
  add([...ARITHMETIC, ...MULTIPLY16, ...MULTIPLY_HIGH, ...DIVIDE, ...EXTREMES, ...CONDITIONAL_MOVES], FORMS.three);
  add(SHIFT_SETS, FORMS.set);
  add([...LOADS, ...STORES], FORMS.access);
  add(REGISTER_BRANCHES.flat(), FORMS.branch);
  add(BIT_BRANCHES.flat(), FORMS.bitBranch);
  add([...CONSTANT_BRANCHES, ...UNSIGNED_BRANCHES].flat(), FORMS.constant);
  add([...ZERO_BRANCHES.flat(), ...LOOPS], FORMS.zero);
  for (const special of Object.keys(SPECIALS))
    add(
      SPECIAL_ACCESS.map((a) => `${a}.${special}`),
      'at',
    );
  for (const [name, operands] of Object.entries(SINGLES)) add([name], operands);
  return out as Record<Name, readonly string[]>;
})();

/** Whether a name is one of a branch: those have a far form and an opposite. */
export const isBranch = (name: string): name is Branch => OPPOSITES.has(name as Branch);

const OPPOSITES: ReadonlyMap<Branch, Branch> = new Map(
  BRANCH_PAIRS.flatMap(([a, b]): [Branch, Branch][] => [
    [a, b],
    [b, a],
  ]),
);

/** The branch that is taken where this one is not. */
export const opposite = (name: Branch): Branch => OPPOSITES.get(name)!;
