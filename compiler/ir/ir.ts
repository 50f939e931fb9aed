// SPDX-License-Identifier: MIT
import type { AtomicOp, MemSize } from '../bpf/program.js';
import type { AccessFact, HelperArgFact, Region } from '../verifier/facts.js';

/**
 * SSA with block parameters. Two stages of one IR:
 *  - wide:  64-bit values (`i64`) as eBPF has them, built by build.ts;
 *  - lanes: `i32` only, after `split64`; 64-bit operations that need both lanes are the ops of group 'lane'.
 * All arithmetic is total and follows RFC 9669: x/0 = 0, x%0 = x, INT_MIN/-1 = INT_MIN, INT_MIN%-1 = 0, shift amounts
 * masked by width-1. The only effects are memory, calls and traps.
 */
export type Ty = 'i32' | 'i64';

export interface Value {
  readonly id: number;
  readonly ty: Ty;
}

/** Compare conditions; `set` is (a & b) != 0. */
export type Cond = 'eq' | 'ne' | 'ult' | 'ule' | 'ugt' | 'uge' | 'slt' | 'sle' | 'sgt' | 'sge' | 'set' | 'nset';

/** Where an instruction came from: function index and slot of the eBPF program. */
export interface Origin {
  readonly func: number;
  readonly slot: number;
}

/** Why a program stops; numbers are part of the image ABI: see image/traps.ts. */
export type TrapName = 'memory' | 'fuel' | 'stack' | 'helper' | 'unreachable';

/** Operation groups: which stage may contain it. */
type Group = 'wide' | 'lane' | 'both';

export interface OpInfo {
  readonly group: Group;
  /** Number of arguments, or null if it varies. */
  readonly args: number | null;
  /** Number of results, or null if it varies. */
  readonly results: number | null;
  /** `pure`: removable and movable. `read`/`write`: memory. `trap`: may leave. `call`: all of these. */
  readonly effect: 'pure' | 'read' | 'write' | 'trap' | 'call';
  readonly commutative?: boolean;
}

const bin = (commutative = false): OpInfo => ({ group: 'both', args: 2, results: 1, effect: 'pure', commutative });
const lane = (args: number, results: number): OpInfo => ({ group: 'lane', args, results, effect: 'pure' });

/**
 * One row per operation. Lane pairs are always (low, high). Attributes an op uses are fields of Inst:
 * `imm`, `bits`, `cond`, `size`, `signed`, `off`, `region`, `callee`, `helper`, `trap`, `access`.
 */
export const OPS = {
  /** imm: the value as an unsigned number of the type's width. */
  const: { group: 'both', args: 0, results: 1, effect: 'pure' },
  add: bin(true),
  sub: bin(),
  mul: bin(true),
  udiv: bin(),
  sdiv: bin(),
  umod: bin(),
  smod: bin(),
  and: bin(true),
  or: bin(true),
  xor: bin(true),
  shl: bin(),
  lshr: bin(),
  ashr: bin(),
  /** Sign-extends the low `bits` (8, 16; 32 only on i64) within the type. */
  sext: { group: 'both', args: 1, results: 1, effect: 'pure' },
  /** Reverses the low `bits` bytes-wise (16, 32; 64 only on i64) and zero-extends. */
  bswap: { group: 'both', args: 1, results: 1, effect: 'pure' },
  /** i32 0 or 1. */
  icmp: { group: 'both', args: 2, results: 1, effect: 'pure' },
  /** select(cond i32, a, b): a if cond != 0. */
  select: { group: 'both', args: 3, results: 1, effect: 'pure' },
  /** i32 -> i64. */
  zext: { group: 'wide', args: 1, results: 1, effect: 'pure' },
  /** i64 -> i32. */
  trunc: { group: 'wide', args: 1, results: 1, effect: 'pure' },

  /** (al, ah, bl, bh) -> (l, h). */
  add64: lane(4, 2),
  sub64: lane(4, 2),
  mul64: lane(4, 2),
  /** Full product of two unsigned 32-bit values: (a, b) -> (l, h). */
  umul64: lane(2, 2),
  udiv64: lane(4, 2),
  sdiv64: lane(4, 2),
  umod64: lane(4, 2),
  smod64: lane(4, 2),
  /** (al, ah, amount) -> (l, h); the amount's low 6 bits count. Constant amounts are split into lane shifts. */
  shl64: lane(3, 2),
  lshr64: lane(3, 2),
  ashr64: lane(3, 2),
  /** (al, ah, bl, bh) -> i32 0 or 1, by `cond`. */
  icmp64: lane(4, 1),

  /** Base address of `region` in the instance's table, as i32 (for a frame: its lowest address). */
  base: { group: 'both', args: 0, results: 1, effect: 'pure' },
  /**
   * Length in bytes of `region`, as i32. Constant for frame, data, rodata and fixed regions: then use const. imm: the
   * largest length that the contract allows, if it sets one.
   */
  length: { group: 'both', args: 0, results: 1, effect: 'pure' },
  /**
   * (address) -> (base, length) of a region that holds the byte at the address and has the rights `imm` (image/fields.ts RIGHT_READ,
   * RIGHT_WRITE); (0, 0) if there is none. Regions do not change while a program runs. A call of the runtime: not cheap.
   */
  locate: { group: 'lane', args: 1, results: 2, effect: 'pure' },

  /**
   * Memory. Wide: args[0] is the i64 address. Lanes before `sandbox`: (low, high). After `sandbox`: (low).
   * The effective address is args + off. load: result zero- or sign-extended (`signed`) to the result type; size 8 has
   * one i64 result (wide) or two i32 results (lanes). store: the value's argument(s) follow the address.
   */
  load: { group: 'both', args: null, results: null, effect: 'read' },
  store: { group: 'both', args: null, results: 0, effect: 'write' },

  /**
   * Read-modify-write of 4 or 8 bytes (`size`) by `atomic`: the address as in load, then for cmpxchg what is expected, then
   * the value. Result: the old value, or none if nobody wants it. Values are i32 for size 4; for 8 an i64 (wide) or two i32.
   */
  atomic: { group: 'both', args: null, results: null, effect: 'write' },

  /** Calls Program.functions[callee]. Arguments: r1..r5 as far as the callee uses them, lane by lane after split64. */
  call: { group: 'both', args: null, results: null, effect: 'call' },
  /**
   * Calls helper row `helper`; arguments as C sees them (u32 i32, u64 two lanes, pointers i32). Result i32, two lanes or
   * none. Before `sandbox`, a pointer whose high half a guard has to look at is an i64 or two lanes: access.ts.
   */
  helper: { group: 'both', args: null, results: null, effect: 'call' },
  /** Leaves with `trap` if cond(a, b) holds on two i32. */
  trapif: { group: 'both', args: 2, results: 0, effect: 'trap' },
  /** Leaves unless [address, address + size) lies in some region with the right needed: (address i32, size i32). */
  search: { group: 'both', args: 2, results: 0, effect: 'trap' },
  /** Takes `imm` units of fuel and leaves with trap 'fuel' if there are fewer. */
  fuel: { group: 'both', args: 0, results: 0, effect: 'trap' },
  /** Writes zero over the function's own frame. */
  zeroframe: { group: 'both', args: 0, results: 0, effect: 'write' },
} as const satisfies Record<string, OpInfo>;

export type Op = keyof typeof OPS;

export interface Inst {
  op: Op;
  args: Value[];
  readonly results: readonly Value[];
  readonly origin: Origin;
  imm?: bigint;
  bits?: 8 | 16 | 32 | 64;
  cond?: Cond;
  size?: MemSize;
  signed?: boolean;
  atomic?: AtomicOp;
  off?: number;
  region?: Region;
  callee?: number;
  helper?: number;
  trap?: TrapName;
  /** search and access: whether the write right is needed. */
  write?: boolean;
  /** What the verifier knows of a load or store; consumed by the sandbox pass. */
  access?: AccessFact;
  /** What it knows of a helper's pointer arguments; consumed by the sandbox pass. */
  helperArgs?: readonly HelperArgFact[];
}

/** A jump to a block with one argument per block parameter. */
export interface Edge {
  block: Block;
  args: Value[];
}

export type Term =
  | { kind: 'jump'; to: Edge; origin: Origin }
  /** Compares args (two of one type, or (al, ah, bl, bh) when `wide` after split64); `then` if it holds. */
  | { kind: 'branch'; cond: Cond; wide: boolean; args: Value[]; then: Edge; else: Edge; origin: Origin }
  /** Function results: wide one i64; lanes (low, high) or fewer if callers use fewer. */
  | { kind: 'ret'; args: Value[]; origin: Origin }
  | { kind: 'trap'; trap: TrapName; origin: Origin };

export interface Block {
  readonly id: number;
  params: Value[];
  insts: Inst[];
  term: Term;
  /** On a loop header: how often at most its back edges are taken per entry of the loop; undefined: not a header or unknown. */
  bound?: number;
  /** Hardly ever executed: what stays guarded beside a copy that is not. A hint for layout and size; not in the text form. */
  cold?: boolean;
}

export interface Func {
  /** Index in Program.functions. */
  readonly index: number;
  readonly name: string;
  /** Entry points are called by the runtime with (context, 0, length, 0) and may clobber every register. */
  readonly entry: boolean;
  /** blocks[0] is the entry block and has the function's parameters. No edge leads to it. */
  blocks: Block[];
  /** Which eBPF arguments the parameters of blocks[0] are: register 1..5 and lane (null while wide). */
  params: { reg: number; lane: 'lo' | 'hi' | null }[];
  /** Result lanes: wide: ['lo','hi'] stands for one i64. */
  results: ('lo' | 'hi')[];
  /** Bytes of stack frame in the writable block, from Facts. */
  frameBytes: number;
  nextValue: number;
  nextBlock: number;
  /** Functions that its code was put into, instead of calls. Once nothing calls it, it leaves the module and has no blocks. */
  within?: Set<Func>;
}

/** What passes have established; the pass runner checks `requires` and applies `breaks`. */
export type Property = 'lanes' | 'guarded' | 'split-critical-edges';

export interface Module {
  /** Functions to compile; a function that is both an entry and called locally appears twice (entry true and false). */
  funcs: Func[];
  properties: Set<Property>;
  /** The regions that the contract grants, in its order, once the guards are in: a hint for what an unknown pointer points to. */
  granted?: readonly { readonly writable: boolean; readonly size: number | null }[];
}

/** Makes a fresh value of a function. */
export function newValue(fn: Func, ty: Ty): Value {
  return { id: fn.nextValue++, ty };
}

/** The edges that leave a block, in order. */
export function edges(term: Term): Edge[] {
  switch (term.kind) {
    case 'jump':
      return [term.to];
    case 'branch':
      return [term.then, term.else];
    case 'ret':
    case 'trap':
      return [];
  }
}
