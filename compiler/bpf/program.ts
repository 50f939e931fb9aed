// SPDX-License-Identifier: MIT

/**
 * The decoded eBPF program: what `elf` and `bpf` hand to every later stage. Instruction semantics: RFC 9669.
 * A "slot" is one 8-byte unit counted from the function's first instruction; lddw takes two slots and is known by its first.
 */

/** eBPF register number 0..10. */
export type Reg = number;
export type Width = 32 | 64;

/** Binary and unary ALU operations (RFC 9669 section 4.1). `mov` and `neg` ignore the old destination or the source. */
export type AluOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sdiv'
  | 'or'
  | 'and'
  | 'lsh'
  | 'rsh'
  | 'neg'
  | 'mod'
  | 'smod'
  | 'xor'
  | 'mov'
  | 'arsh';

/** Conditions of conditional jumps (RFC 9669 section 4.3); `set` is JSET: (dst & src) != 0. */
export type JumpCond = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le' | 'sgt' | 'sge' | 'slt' | 'sle' | 'set';

export type MemSize = 1 | 2 | 4 | 8;

/** A register or a 32-bit immediate, sign-extended to the operation's width. */
export type Source = { readonly kind: 'reg'; readonly reg: Reg } | { readonly kind: 'imm'; readonly imm: number };

export type AtomicOp = 'add' | 'or' | 'and' | 'xor' | 'xchg' | 'cmpxchg';

/** Where a relocated lddw points. `data` covers .data and .bss in one block: see `Globals`. */
export type GlobalRef = { readonly block: 'data' | 'rodata'; readonly offset: number };

export type Insn = { readonly slot: number } & (
  | { readonly kind: 'alu'; readonly op: AluOp; readonly width: Width; readonly dst: Reg; readonly src: Source }
  /** mov with sign extension of the low `from` bits to `width` (upper half zeroed for width 32). */
  | { readonly kind: 'movsx'; readonly width: Width; readonly from: 8 | 16 | 32; readonly dst: Reg; readonly src: Reg }
  /** le/be/bswap: little-endian host, so `le` truncates, `be` and `swap` reverse the low `bits` and zero-extend. */
  | { readonly kind: 'endian'; readonly op: 'le' | 'be' | 'swap'; readonly bits: 16 | 32 | 64; readonly dst: Reg }
  /** lddw of a 64-bit constant (two slots). */
  | { readonly kind: 'lddw'; readonly dst: Reg; readonly imm: bigint }
  /** lddw relocated against .rodata*, .data or .bss (two slots). */
  | { readonly kind: 'global'; readonly dst: Reg; readonly ref: GlobalRef }
  /** lddw of a local function's address (two slots); only indirect calls use it. `func` indexes Program.functions. */
  | { readonly kind: 'funcaddr'; readonly dst: Reg; readonly func: number }
  /** dst = *(size*)(base + off), sign-extended when `signed`, else zero-extended to 64 bits. */
  | {
      readonly kind: 'load';
      readonly size: MemSize;
      readonly signed: boolean;
      readonly dst: Reg;
      readonly base: Reg;
      readonly off: number;
    }
  | { readonly kind: 'store'; readonly size: MemSize; readonly base: Reg; readonly off: number; readonly src: Source }
  | {
      readonly kind: 'atomic';
      readonly op: AtomicOp;
      readonly fetch: boolean;
      readonly size: 4 | 8;
      readonly base: Reg;
      readonly off: number;
      readonly src: Reg;
    }
  /** `target` is a slot of the same function that starts an instruction. */
  | { readonly kind: 'jump'; readonly target: number }
  | {
      readonly kind: 'branch';
      readonly cond: JumpCond;
      readonly width: Width;
      readonly dst: Reg;
      readonly src: Source;
      readonly target: number;
    }
  /** Program-local call; `func` indexes Program.functions. Arguments r1..r5, result r0, r6..r9 and r10 preserved. */
  | { readonly kind: 'call'; readonly func: number }
  | { readonly kind: 'helper'; readonly id: number }
  /** Indirect call of the function whose address is in `reg`. */
  | { readonly kind: 'callx'; readonly reg: Reg }
  | { readonly kind: 'exit' }
);

/**
 * What the address of function `i` reads as: FUNCTION_TAG + i. No memory lies there, so that it is a pointer to nothing, and
 * every engine gives the same number.
 */
export const FUNCTION_TAG = 0xfcc0_0000_0000_0000n;

export type InsnKind = Insn['kind'];

/** Source line of an instruction, from .BTF.ext (or DWARF-free raw programs: absent). `text` is the source line itself. */
export interface LineInfo {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export interface BpfFunction {
  /** Index in Program.functions. */
  readonly index: number;
  readonly name: string;
  /** ELF section it came from ('' for raw programs). */
  readonly section: string;
  /** Number of slots, lddw counting two. */
  readonly slots: number;
  /** In program order. Every target is in `at`, the last instruction does not fall through. */
  readonly insns: readonly Insn[];
  /** Instruction that starts at a slot (undefined: second slot of lddw). Length `slots`. */
  readonly at: readonly (Insn | undefined)[];
  /** Line info by slot; holds for the following slots too until the next entry. Look up with `lineAt`. */
  readonly lines: ReadonlyMap<number, LineInfo>;
  /** Encoded instructions as found in the input (after relocation), for listings. Length 8 * slots. */
  readonly bytes: Uint8Array;
}

/**
 * Initialised and zeroed globals. On the device `data` is one writable block, .data first, .bss behind it, both 8-aligned;
 * `rodata` is one read-only block. Offsets in GlobalRef count from the block's start. Section placement: `sections`.
 */
export interface Globals {
  /** Initial bytes of the writable block (all .data* sections, padded to 8). */
  readonly data: Uint8Array;
  /** Zeroed bytes behind `data` (all .bss* sections, padded to 8). */
  readonly bssLength: number;
  readonly rodata: Uint8Array;
  readonly sections: readonly { name: string; block: 'data' | 'rodata'; offset: number; length: number }[];
  readonly symbols: readonly { name: string; block: 'data' | 'rodata'; offset: number; length: number }[];
  /** Words of 8 bytes in data or rodata that hold the address of a function (FUNCTION_TAG + index, already in the bytes). */
  readonly pointers?: readonly { block: 'data' | 'rodata'; offset: number; func: number }[];
}

export interface Program {
  /** Every function, entry points and local ones. */
  readonly functions: readonly BpfFunction[];
  /** Functions that a hook can start: global functions in named program sections; those that an image lists; the only function of a raw program. */
  readonly entries: readonly number[];
  readonly globals: Globals;
  /** `rbpf`: a Femto-Container image; `image`: the eBPF text of an image of ours. */
  readonly origin: 'elf' | 'raw' | 'asm' | 'rbpf' | 'image';
}

/** Indices of the functions whose address the program takes, in code or in variables, ascending: all that indirect calls may call. */
export function addressTaken({ functions, globals }: Pick<Program, 'functions' | 'globals'>): readonly number[] {
  const taken = new Set((globals.pointers ?? []).map((p) => p.func));
  for (const fn of functions) for (const insn of fn.insns) if (insn.kind === 'funcaddr') taken.add(insn.func);
  return [...taken].sort((a, b) => a - b);
}

/** Slots that have line info, ascending: made when a function is asked for the first time. */
const lineSlots = new WeakMap<ReadonlyMap<number, LineInfo>, readonly number[]>();

/** Line info that holds at a slot: the nearest entry at or before it. */
export function lineAt(fn: Pick<BpfFunction, 'lines'>, slot: number): LineInfo | undefined {
  if (fn.lines.size === 0) return undefined;
  let slots = lineSlots.get(fn.lines);
  if (!slots || slots.length !== fn.lines.size) {
    slots = [...fn.lines.keys()].sort((a, b) => a - b);
    lineSlots.set(fn.lines, slots);
  }
  let low = 0;
  for (let high = slots.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (slots[middle]! <= slot) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : fn.lines.get(slots[low - 1]!);
}
