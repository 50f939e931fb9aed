// SPDX-License-Identifier: MIT
import { type Func, type Inst, type Module, newValue, type Op, type Value } from '../ir/ir.js';

type Access = NonNullable<Inst['access']>;
type HelperArg = NonNullable<Inst['helperArgs']>[number];

const frameOf = (region: Access['region'] | undefined): number | null =>
  region?.kind === 'frame' ? region.func : null;

/** Functions that name another function's frame, in an operation or a fact, by the index of the frame's function. */
export function frameNames(module: Module): Map<number, Set<Func>> {
  const names = new Map<number, Set<Func>>();
  for (const fn of module.funcs) {
    const note = (index: number | null): void => {
      if (index === null || index === fn.index) return;
      const at = names.get(index);
      if (at) at.add(fn);
      else names.set(index, new Set([fn]));
    };
    for (const { insts } of fn.blocks) {
      for (const { region, access, helperArgs } of insts) {
        note(frameOf(region));
        note(frameOf(access?.region));
        for (const arg of helperArgs ?? []) note(frameOf(arg.region));
      }
    }
  }
  return names;
}

/**
 * Makes room for callees' frames below the frame of one function, and says of what named their frames where they lie now. Spans count from
 * the top, so that the caller's own facts stay as they are.
 */
export class Mover {
  /** Bytes of the caller's frame as it is now. */
  private readonly total: number;

  constructor(
    private readonly fn: Func,
    private readonly area: number,
    private readonly names: Map<number, Set<Func>>,
  ) {
    this.total = fn.frameBytes + area;
    if (area === 0) return;
    if (fn.frameBytes > 0) for (const f of [fn, ...(names.get(fn.index) ?? [])]) this.lift(f);
    fn.frameBytes = this.total;
  }

  /** The old frame now starts `area` bytes above the base. */
  private lift(f: Func): void {
    for (const block of f.blocks) {
      block.insts = block.insts.flatMap((inst): Inst[] => {
        if (inst.op !== 'base' || frameOf(inst.region) !== this.fn.index) return [inst];
        const [base, by] = [newValue(f, 'i32'), newValue(f, 'i32')];
        const { origin, results } = inst;
        return [
          { ...inst, results: [base] },
          { op: 'const', args: [], results: [by], origin, imm: BigInt(this.area) },
          { op: 'add', args: [base, by], results, origin },
        ];
      });
    }
  }

  /** An instruction of a callee's, copied into the caller. */
  copied(inst: Inst, callee: Func): Inst[] {
    if (inst.op === 'zeroframe') return this.zero(inst, callee);
    return [this.renamed(inst, callee)];
  }

  /** Everyone else who names the callee's frame: it has no other caller. */
  rename(callee: Func): void {
    const others = this.names.get(callee.index);
    if (!others) return;
    for (const f of others)
      for (const block of f.blocks) block.insts = block.insts.map((inst) => this.renamed(inst, callee));
    this.names.delete(callee.index);
    others.delete(this.fn);
    const own = this.names.get(this.fn.index) ?? new Set();
    for (const f of others) own.add(f);
    if (own.size > 0) this.names.set(this.fn.index, own);
  }

  private renamed(inst: Inst, callee: Func): Inst {
    const isIts = (region: Access['region'] | undefined): boolean => frameOf(region) === callee.index;
    const region = { kind: 'frame', func: this.fn.index } as const;
    const fact = <F extends Access | HelperArg>(f: F): F => {
      if (!isIts(f.region)) return f;
      const by = this.total - callee.frameBytes;
      return { ...f, region, ...(f.span ? { span: [f.span[0] - by, f.span[1] - by] } : {}) };
    };
    return {
      ...inst,
      ...(isIts(inst.region) ? { region } : {}),
      ...(inst.access ? { access: fact(inst.access) } : {}),
      ...(inst.helperArgs ? { helperArgs: inst.helperArgs.map(fact) } : {}),
    };
  }

  /** The callee's frame alone is zeroed. */
  private zero({ origin }: Inst, callee: Func): Inst[] {
    const out: Inst[] = [];
    const emit = (op: Op, more: Partial<Inst>): Value => {
      const result = newValue(this.fn, 'i32');
      out.push({ op, args: [], results: [result], origin, ...more });
      return result;
    };
    const region = { kind: 'frame', func: this.fn.index } as const;
    const base = emit('base', { region });
    const zero = emit('const', { imm: 0n });
    for (let off = 0; off < callee.frameBytes; off += 8) {
      const span = [off - this.total, off - this.total + 8] as const;
      const access: Access = { region, proved: true, offset32: true, align: 8, write: true, span };
      out.push({ op: 'store', args: [base, zero, zero], results: [], origin, size: 8, off, access });
    }
    return out;
  }
}
