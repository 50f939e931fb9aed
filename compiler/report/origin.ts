// SPDX-License-Identifier: MIT
import type { Insn, Program } from '../bpf/program.js';
import type { Cfg } from '../cfg/index.js';
import type { HelperRow } from '../contract/helpers.js';
import type { AccessFact, Facts } from '../verifier/facts.js';
import type { Flow } from '../verifier/flow.js';
import { type CallUses, registers } from '../verifier/liveness.js';
import { Locations } from '../verifier/locations.js';

/** Instructions that one question goes back over, and how deep sums nest, so that a report stays linear in the program. */
const MAX_BACK = 2000;
const MAX_DEPTH = 12;
/** Definitions of one register looked at for one join. */
const MAX_DEFINITIONS = 64;

/** Where a value comes from, behind copies and sums. */
export type Root =
  | { readonly kind: 'load' | 'helper' | 'call' | 'constant' | 'global' | 'arithmetic'; readonly insn: Insn }
  | { readonly kind: 'argument'; readonly reg: number }
  | { readonly kind: 'frame' }
  /** Different instructions on different paths. */
  | { readonly kind: 'several' }
  /** Too far away to be found. */
  | { readonly kind: 'lost' };

/** An address as base, constant and what else is added. */
export interface Origin {
  readonly root: Root;
  /** Sum of the constants added. */
  readonly offset: number;
  /** What else is added: registers, and the instructions that add them. */
  readonly indices: readonly { readonly reg: number; readonly insn: Insn }[];
  /** A loop adds to it each round. */
  readonly moves: boolean;
  /** It went through a stack slot. */
  readonly spilled: boolean;
}

const NO_CALLS: CallUses = { helper: () => undefined, argsUsed: () => [] };

/** Answers where registers of one function come from, from its instructions and facts. */
export class Origins {
  private readonly cfg: Cfg;
  /** By register: the instructions that write it, in reverse postorder of their blocks. */
  private readonly definers: Insn[][] = Array.from({ length: 10 }, () => []);
  /** By distance from r10: stores of 8 bytes; null where there are several. */
  private readonly spills = new Map<number, (Insn & { kind: 'store' }) | null>();
  private readonly locations: Locations;
  /** Position of each instruction in its block, by slot. */
  private readonly position: Int32Array;
  private back = 0;

  constructor(
    private readonly program: Program,
    flow: Flow,
    private readonly facts: Facts,
    private readonly helper: (id: number) => HelperRow | undefined,
  ) {
    this.cfg = flow.cfg;
    this.locations = new Locations(flow, NO_CALLS);
    this.position = new Int32Array(flow.cfg.fn.slots);
    for (const { insns } of flow.blocks)
      for (const [i, insn] of insns.entries()) {
        this.position[insn.slot] = i;
        const { writes } = registers(insn, NO_CALLS);
        this.definers.forEach((list, r) => {
          if ((writes & (1 << r)) !== 0) list.push(insn);
        });
        const at = insn.kind === 'store' ? this.locations.frameOffset(insn, insn.base) : undefined;
        if (insn.kind === 'store' && at !== undefined)
          this.spills.set(at + insn.off, this.spills.has(at + insn.off) || insn.size !== 8 ? null : insn);
      }
  }

  /** The fact of a load, store or atomic of this function. */
  access(insn: Insn): AccessFact | undefined {
    return this.facts.functions[this.cfg.fn.index]?.accesses.get(insn.slot);
  }

  /** Where a register's value before an instruction comes from. */
  of(insn: Insn, reg: number): Origin {
    this.back = 0;
    return this.trace(insn, reg, 0);
  }

  private trace(at: Insn, reg: number, depth: number): Origin {
    let from = at;
    let wanted = reg;
    let offset = 0;
    let moves = false;
    let spilled = false;
    const indices: { reg: number; insn: Insn }[] = [];
    const done = (root: Root): Origin => ({ root, offset, indices, moves, spilled });
    for (;;) {
      if (wanted === 10) return done({ kind: 'frame' });
      const def = this.definition(from, wanted, (sum) => {
        moves = true;
        if (sum.src.kind === 'reg') indices.push({ reg: sum.src.reg, insn: sum });
      });
      if (def === 'entry') return done({ kind: 'argument', reg: wanted });
      if (def === 'several' || def === 'lost') return done({ kind: def });
      from = def;
      switch (def.kind) {
        case 'load': {
          const store = this.spillOf(def);
          if (store?.src.kind !== 'reg' || this.back > MAX_BACK) return done({ kind: 'load', insn: def });
          spilled = true;
          from = store;
          wanted = store.src.reg;
          continue;
        }
        case 'helper':
        case 'call':
        case 'global':
          return done({ kind: def.kind, insn: def });
        case 'callx':
          return done({ kind: 'call', insn: def });
        case 'lddw':
          return done({ kind: 'constant', insn: def });
        case 'alu':
          break;
        default:
          return done({ kind: 'arithmetic', insn: def });
      }
      const { op, src, width } = def;
      if (op === 'mov' && src.kind === 'imm') return done({ kind: 'constant', insn: def });
      if (width === 32 || (op !== 'mov' && op !== 'add' && op !== 'sub'))
        return done({ kind: 'arithmetic', insn: def });
      if (op === 'mov') {
        if (src.kind === 'reg') wanted = src.reg;
      } else if (src.kind === 'imm') {
        offset += op === 'add' ? src.imm : -src.imm;
      } else {
        const swapped = op === 'add' && depth < MAX_DEPTH && this.pointerSource(def, src.reg, depth + 1);
        indices.push({ reg: swapped ? def.dst : src.reg, insn: def });
        if (swapped) wanted = src.reg;
      }
    }
  }

  /** Whether the second operand of a sum is its pointer and the first one is not. */
  private pointerSource(sum: Insn & { kind: 'alu' }, reg: number, depth: number): boolean {
    return this.isPointer(this.trace(sum, reg, depth).root) && !this.isPointer(this.trace(sum, sum.dst, depth).root);
  }

  /** Whether a value is certainly an address. */
  isPointer(root: Root): boolean {
    switch (root.kind) {
      case 'frame':
      case 'global':
        return true;
      case 'argument':
        return root.reg === 1 && this.program.entries.includes(this.cfg.fn.index);
      case 'load':
        return this.access(root.insn)?.trusted?.what === 'base';
      case 'helper':
        return root.insn.kind === 'helper' && this.helper(root.insn.id)?.result.kind === 'region';
      default:
        return false;
    }
  }

  /** The store that a load from the own frame reads: the last one in its block, or the only one. */
  private spillOf(load: Insn & { kind: 'load' }): (Insn & { kind: 'store' }) | null | undefined {
    const base = this.locations.frameOffset(load, load.base);
    if (base === undefined || load.size !== 8) return undefined;
    const at = base + load.off;
    const { insns } = this.cfg.blocks[this.cfg.blockAt[load.slot]!]!;
    for (let i = this.position[load.slot]! - 1; i >= 0 && this.back++ <= MAX_BACK; i--) {
      const insn = insns[i]!;
      if (insn.kind !== 'store' || insn.size !== 8) continue;
      const to = this.locations.frameOffset(insn, insn.base);
      if (to !== undefined && to + insn.off === at) return insn;
    }
    return this.spills.get(at);
  }

  /**
   * The one instruction that gave a register the value it has before another one. Sums that a loop adds to it on the way are told
   * to `moved` and looked through.
   */
  private definition(
    at: Insn,
    reg: number,
    moved: (sum: Insn & { kind: 'alu' }) => void,
  ): Insn | 'entry' | 'several' | 'lost' {
    const { cfg } = this;
    let block = cfg.blockAt[at.slot]!;
    let i = this.position[at.slot]! - 1;
    for (;;) {
      const { insns, preds } = cfg.blocks[block]!;
      for (; i >= 0; i--) {
        if (this.back++ > MAX_BACK) return 'lost';
        if ((registers(insns[i]!, NO_CALLS).writes & (1 << reg)) !== 0) return insns[i]!;
      }
      const above = cfg.idom[block]!;
      if (preds.length > 1 || above < 0) {
        const between = this.assigned(above, block, reg);
        if (!between) return 'lost';
        const sums = between.filter(isSum);
        if (sums.length < between.length) return 'several';
        sums.forEach(moved);
      }
      if (above < 0) return 'entry';
      block = above;
      i = cfg.blocks[block]!.insns.length - 1;
    }
  }

  /** Instructions that may assign a register on some way from the end of block `above` to the start of `to`; null: too many. */
  private assigned(above: number, to: number, reg: number): Insn[] | null {
    const { rpoIndex, blockAt, dominates, irreducible, loopOf } = this.cfg;
    const list = this.definers[reg]!;
    const order = (insn: Insn): number => rpoIndex[blockAt[insn.slot]!]!;
    const out: Insn[] = [];
    let i = above < 0 ? 0 : firstAfter(list, order, rpoIndex[above]!);
    const round = irreducible || loopOf[to]! >= 0;
    for (let seen = 0; i < list.length && (round || order(list[i]!) < rpoIndex[to]!); i++) {
      if (seen++ >= MAX_DEFINITIONS) return null;
      const x = blockAt[list[i]!.slot]!;
      if (above >= 0 && !dominates(above, x)) continue;
      if (irreducible || rpoIndex[x]! < rpoIndex[to]! || this.inLoopOf(to, x)) out.push(list[i]!);
    }
    return out;
  }

  /** Whether two blocks are in a common loop. */
  private inLoopOf(block: number, other: number): boolean {
    const around = new Set<number>();
    for (let l = this.cfg.loopOf[block]!; l >= 0; l = this.cfg.loops[l]!.parent) around.add(l);
    for (let l = this.cfg.loopOf[other]!; l >= 0; l = this.cfg.loops[l]!.parent) if (around.has(l)) return true;
    return false;
  }
}

/** `r1 += 4`, `r1 -= r2`: what walks a pointer. */
const isSum = (insn: Insn): insn is Insn & { kind: 'alu' } =>
  insn.kind === 'alu' && insn.width === 64 && (insn.op === 'add' || insn.op === 'sub');

/** Position of the first item of a list, ascending by `order`, that comes after `than`. */
function firstAfter<T>(list: readonly T[], order: (item: T) => number, than: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(list[middle]!) > than) high = middle;
    else low = middle + 1;
  }
  return low;
}
