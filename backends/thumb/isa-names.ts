// SPDX-License-Identifier: MIT

/**
 * Every instruction name and its operands, in order. A trailing `s` means that NZCV are set; names without it leave the
 * flags alone (compares apart). Suffixes:
 *   .i    the last operand is an immediate instead of a register
 *   .lsl .lsr .asr .ror   the last register is shifted by a constant first
 *   .r    register offset: address = rn + (rm << sh), sh 0..3
 *   .pre .post   indexed with write-back; .wb   load/store multiple with write-back; .lit   PC-relative literal
 *   .it   only inside an IT block: there the 16-bit forms of the flag-setting name leave the flags alone. `NAME.it` takes
 *         those as well as all encodings of NAME. Exists for every 16-bit flag-setting encoding.
 * Operands: rd rn rm ra rt… register numbers; imm a plain number (never the encoded field); rel the target's address minus
 * the instruction's own; mask a set of registers (bit i = register i); sh, lsb, width bit counts; cond 0..14, itmask as in
 * the IT instruction (architecture manual, IT).
 * Registers SP (13) and PC (15) are accepted only where the manual defines them.
 */
const shifted = {
  /** rn op (rm shifted by sh): lsl 1..31, lsr and asr 1..32, ror 1..31. */
  three: 'rd rn rm',
  threeShift: 'rd rn rm sh',
  threeImm: 'rd rn imm',
  two: 'rn rm',
  twoShift: 'rn rm sh',
  twoImm: 'rn imm',
  move: 'rd rm',
  moveShift: 'rd rm sh',
  moveImm: 'rd imm',
  load: 'rt rn imm',
  loadReg: 'rt rn rm sh',
  loadPair: 'rt rt2 rn imm',
} as const;

type Shift = 'lsl' | 'lsr' | 'asr' | 'ror';
export const SHIFTS = ['lsl', 'lsr', 'asr', 'ror'] as const satisfies readonly Shift[];

/** Two-source operations with rd; each also with the `s` suffix, shifted and immediate. */
export const ARITH = ['and', 'orr', 'eor', 'bic', 'orn', 'add', 'adc', 'sub', 'sbc', 'rsb'] as const;
/** Flag-setting comparisons without rd. */
export const COMPARE = ['cmp', 'cmn', 'tst', 'teq'] as const;
export const LOADS = ['ldr', 'ldrb', 'ldrh', 'ldrsb', 'ldrsh'] as const;
export const STORES = ['str', 'strb', 'strh'] as const;
/** Condition suffixes by number; 14 is always. */
export const CONDITIONS = ['eq', 'ne', 'hs', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le'] as const;

export type Arith = (typeof ARITH)[number];
export type Compare = (typeof COMPARE)[number];
export type Transfer = (typeof LOADS)[number] | (typeof STORES)[number];
export type Condition = (typeof CONDITIONS)[number];

type S<N extends string> = N | `${N}s`;

/** Instructions that fit no family. */
export const SINGLES = {
  // Moves. mov.i: 8-bit rotated or replicated patterns and all of 0..65535 (movw). movs.i: patterns only.
  mov: 'rd rm',
  movs: 'rd rm',
  'mov.i': 'rd imm',
  'movs.i': 'rd imm',
  /** The 32-bit form of a 16-bit immediate, whatever the value. */
  movw: 'rd imm',
  /** Upper half of rd; the lower half stays. */
  movt: 'rd imm',
  mvn: 'rd rm',
  mvns: 'rd rm',
  'mvn.i': 'rd imm',
  'mvns.i': 'rd imm',
  // Shifts by a register's low byte, and by a constant (lsl 1..31, lsr/asr 1..32, ror 1..31).
  lsl: 'rd rn rm',
  lsls: 'rd rn rm',
  lsr: 'rd rn rm',
  lsrs: 'rd rn rm',
  asr: 'rd rn rm',
  asrs: 'rd rn rm',
  ror: 'rd rn rm',
  rors: 'rd rn rm',
  'lsl.i': 'rd rm sh',
  'lsls.i': 'rd rm sh',
  'lsr.i': 'rd rm sh',
  'lsrs.i': 'rd rm sh',
  'asr.i': 'rd rm sh',
  'asrs.i': 'rd rm sh',
  'ror.i': 'rd rm sh',
  'rors.i': 'rd rm sh',
  /** Rotate right by one through the carry. */
  rrx: 'rd rm',
  rrxs: 'rd rm',
  // Multiply and divide. udiv and sdiv give 0 for a zero divisor.
  mul: 'rd rn rm',
  muls: 'rd rn rm',
  mla: 'rd rn rm ra',
  mls: 'rd rn rm ra',
  umull: 'rdlo rdhi rn rm',
  smull: 'rdlo rdhi rn rm',
  umlal: 'rdlo rdhi rn rm',
  smlal: 'rdlo rdhi rn rm',
  umaal: 'rdlo rdhi rn rm',
  udiv: 'rd rn rm',
  sdiv: 'rd rn rm',
  // Bits and bytes.
  rev: 'rd rm',
  rev16: 'rd rm',
  revsh: 'rd rm',
  rbit: 'rd rm',
  clz: 'rd rm',
  sxtb: 'rd rm',
  sxth: 'rd rm',
  uxtb: 'rd rm',
  uxth: 'rd rm',
  ubfx: 'rd rn lsb width',
  sbfx: 'rd rn lsb width',
  bfi: 'rd rn lsb width',
  bfc: 'rd lsb width',
  // Memory beside the families. ldr.lit: word-aligned target. ldrd/strd imm: multiples of 4 in -1020..1020.
  'ldr.lit': 'rt rel',
  adr: 'rd rel',
  ldrd: 'rt rt2 rn imm',
  'ldrd.pre': 'rt rt2 rn imm',
  'ldrd.post': 'rt rt2 rn imm',
  strd: 'rt rt2 rn imm',
  'strd.pre': 'rt rt2 rn imm',
  'strd.post': 'rt rt2 rn imm',
  ldm: 'rn mask',
  'ldm.wb': 'rn mask',
  ldmdb: 'rn mask',
  'ldmdb.wb': 'rn mask',
  stm: 'rn mask',
  'stm.wb': 'rn mask',
  stmdb: 'rn mask',
  'stmdb.wb': 'rn mask',
  // Exclusive: strex gives 0 in rd if it has stored. Offsets as in ldr.
  ldrex: 'rt rn imm',
  strex: 'rd rt rn imm',
  /** push: r0..r12 and lr; pop: r0..r12 and lr or pc. One or more. */
  push: 'mask',
  pop: 'mask',
  // Flow.
  b: 'rel',
  bl: 'rel',
  cbz: 'rn rel',
  cbnz: 'rn rel',
  bx: 'rm',
  blx: 'rm',
  it: 'cond itmask',
  // Others. PRIMASK: bit 0 set keeps interrupts off (manual, B1.4.3); cpsid sets it.
  'mrs.primask': 'rd',
  'msr.primask': 'rn',
  cpsid: '',
  nop: '',
  udf: 'imm',
  bkpt: 'imm',
} as const;

type Single = keyof typeof SINGLES;
type PlainName =
  | Single
  | S<Arith>
  | `${S<Arith>}.${Shift | 'i'}`
  | Compare
  | `${Compare}.${Shift | 'i'}`
  | `${S<'mvn'>}.${Shift}`
  | Transfer
  | `${Transfer}.${'r' | 'pre' | 'post'}`
  | `b${Condition}`;

/** Names that have a `.it` twin: the non-flag names of which a 16-bit flag-setting encoding exists. */
export const IT_TWINS = [
  'and',
  'orr',
  'eor',
  'bic',
  'adc',
  'sbc',
  'add',
  'sub',
  'add.i',
  'sub.i',
  'rsb.i',
  'mov.i',
  'mvn',
  'mul',
  'lsl',
  'lsr',
  'asr',
  'ror',
  'lsl.i',
  'lsr.i',
  'asr.i',
] as const satisfies readonly PlainName[];

/** What an instruction does is known by its plain name; `.it` twins do what their plain name does. */
export type { PlainName };
export type Name = PlainName | `${(typeof IT_TWINS)[number]}.it`;

/** The plain name of a name: `.it` dropped. */
export function plainName(name: Name): PlainName {
  return (name.endsWith('.it') ? name.slice(0, -3) : name) as PlainName;
}

/** Operand names of every instruction name, in order. */
export const SIGNATURES: Readonly<Record<Name, readonly string[]>> = (() => {
  const out: Record<string, readonly string[]> = {};
  const add = (name: string, operands: string) => {
    out[name] = operands === '' ? [] : operands.split(' ');
  };
  for (const [name, operands] of Object.entries(SINGLES)) add(name, operands);
  for (const base of ARITH) {
    for (const name of [base, `${base}s`]) {
      add(name, shifted.three);
      for (const s of SHIFTS) add(`${name}.${s}`, shifted.threeShift);
      add(`${name}.i`, shifted.threeImm);
    }
  }
  for (const name of COMPARE) {
    add(name, shifted.two);
    for (const s of SHIFTS) add(`${name}.${s}`, shifted.twoShift);
    add(`${name}.i`, shifted.twoImm);
  }
  for (const s of SHIFTS) for (const name of ['mvn', 'mvns']) add(`${name}.${s}`, shifted.moveShift);
  for (const name of [...LOADS, ...STORES]) {
    add(name, shifted.load);
    add(`${name}.pre`, shifted.load);
    add(`${name}.post`, shifted.load);
    add(`${name}.r`, shifted.loadReg);
  }
  for (const c of CONDITIONS) add(`b${c}`, 'rel');
  for (const name of IT_TWINS) out[`${name}.it`] = out[name]!;
  return out as Record<Name, readonly string[]>;
})();
