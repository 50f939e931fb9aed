// SPDX-License-Identifier: MIT
import { graphOf, localFuncs } from './analysis.js';
import { type Block, edges, type Func, type Inst, type Module, OPS, type OpInfo, type Ty, type Value } from './ir.js';

/**
 * Structural invariants of the IR at its present stage (module.properties). A violation is a mistake of ours: throws an
 * Error that names the function, the block and the instruction.
 */
export function validateModule(module: Module): void {
  const keys = new Set<string>();
  for (const fn of module.funcs) {
    const key = `${fn.index} ${fn.entry}`;
    if (keys.has(key)) throw new Error(`IR: function ${fn.name} is there twice`);
    keys.add(key);
  }
  const locals = localFuncs(module);
  for (const fn of module.funcs) new Validator(module, fn, locals).run();
}

const same = (types: readonly Ty[], wanted: readonly Ty[]): boolean =>
  types.length === wanted.length && types.every((t, i) => t === wanted[i]);

class Validator {
  private readonly lanes: boolean;
  private readonly guarded: boolean;
  private readonly defined = new Map<Value, Block>();
  private where = '';

  constructor(
    private readonly module: Module,
    private readonly fn: Func,
    private readonly locals: ReadonlyMap<number, Func>,
  ) {
    this.lanes = module.properties.has('lanes');
    this.guarded = module.properties.has('guarded');
  }

  private fail(message: string): never {
    throw new Error(`IR: ${this.fn.name} (${this.fn.index}): ${this.where}: ${message}`);
  }
  private check(ok: boolean, message: string): void {
    if (!ok) this.fail(message);
  }

  run(): void {
    const { fn } = this;
    this.where = 'shape';
    const entry = fn.blocks[0];
    if (!entry) this.fail('no blocks');
    const blocks = new Set(fn.blocks);
    this.check(new Set(fn.blocks.map((b) => b.id)).size === fn.blocks.length, 'a block id is there twice');
    this.check(entry.params.length === fn.params.length, 'parameters and entry block parameters differ');
    this.check(
      fn.params.every((p) => (p.lane !== null) === this.lanes),
      'parameter lanes do not fit the stage',
    );
    this.collect();
    for (const block of fn.blocks) {
      this.where = `b${block.id}`;
      this.check(block.id < fn.nextBlock, 'block id is not below nextBlock');
      for (const edge of edges(block.term)) {
        this.check(blocks.has(edge.block), `edge to b${edge.block.id}, which is not in the function`);
        this.check(edge.block !== entry, 'edge to the entry block');
        this.check(
          same(
            edge.args.map((v) => v.ty),
            edge.block.params.map((v) => v.ty),
          ),
          `arguments of the edge to b${edge.block.id} do not fit its parameters`,
        );
      }
      for (const inst of block.insts) {
        this.where = `b${block.id} ${inst.op} @${inst.origin.func}:${inst.origin.slot}`;
        this.inst(inst);
      }
      this.where = `b${block.id} ${block.term.kind}`;
      this.term(block);
    }
    this.dominance();
    if (this.module.properties.has('split-critical-edges')) this.criticalEdges();
  }

  private collect(): void {
    const ids = new Set<number>();
    const add = (v: Value, block: Block): void => {
      this.where = `b${block.id}`;
      this.check(!ids.has(v.id), `v${v.id} is defined twice`);
      this.check(v.id < this.fn.nextValue, `v${v.id} is not below nextValue`);
      this.check(!this.lanes || v.ty === 'i32', `v${v.id} is wide`);
      ids.add(v.id);
      this.defined.set(v, block);
    };
    for (const block of this.fn.blocks) {
      for (const v of block.params) add(v, block);
      for (const inst of block.insts) for (const v of inst.results) add(v, block);
    }
  }

  private inst(inst: Inst): void {
    const info: OpInfo = OPS[inst.op];
    this.check(info.group === 'both' || (info.group === 'lane') === this.lanes, 'operation of the other stage');
    this.check(info.args === null || inst.args.length === info.args, 'wrong number of arguments');
    this.check(info.results === null || inst.results.length === info.results, 'wrong number of results');
    const a = inst.args.map((v) => v.ty);
    const r = inst.results.map((v) => v.ty);
    const width = r[0] === 'i64' ? 64 : 32;
    switch (inst.op) {
      case 'const':
        this.check(inst.imm !== undefined && inst.imm >= 0n && inst.imm >> BigInt(width) === 0n, 'imm out of range');
        break;
      case 'add':
      case 'sub':
      case 'mul':
      case 'udiv':
      case 'sdiv':
      case 'umod':
      case 'smod':
      case 'and':
      case 'or':
      case 'xor':
      case 'shl':
      case 'lshr':
      case 'ashr':
        this.check(a[0] === a[1] && a[0] === r[0], 'types differ');
        break;
      case 'sext':
        this.check(a[0] === r[0] && [8, 16, 32].includes(inst.bits!) && inst.bits! < width, 'bad sext');
        break;
      case 'bswap':
        this.check(a[0] === r[0] && [16, 32, 64].includes(inst.bits!) && inst.bits! <= width, 'bad bswap');
        break;
      case 'icmp':
        this.check(a[0] === a[1] && r[0] === 'i32' && inst.cond !== undefined, 'bad icmp');
        break;
      case 'select':
        this.check(a[0] === 'i32' && a[1] === a[2] && a[1] === r[0], 'bad select');
        break;
      case 'zext':
        this.check(a[0] === 'i32' && r[0] === 'i64', 'bad zext');
        break;
      case 'trunc':
        this.check(a[0] === 'i64' && r[0] === 'i32', 'bad trunc');
        break;
      case 'add64':
      case 'sub64':
      case 'mul64':
      case 'umul64':
      case 'udiv64':
      case 'sdiv64':
      case 'umod64':
      case 'smod64':
      case 'shl64':
      case 'lshr64':
      case 'ashr64':
        break; // All values are i32 in this stage.
      case 'icmp64':
        this.check(inst.cond !== undefined, 'no condition');
        break;
      case 'base':
      case 'length':
        this.check(inst.region !== undefined && r[0] === 'i32', 'bad region');
        break;
      case 'load':
        this.check(inst.size !== undefined && inst.off !== undefined && inst.signed !== undefined, 'bad attributes');
        this.check(same(a, this.address()), 'bad address');
        this.check(same(r, this.loaded(inst)), 'bad results');
        break;
      case 'store': {
        this.check(inst.size !== undefined && inst.off !== undefined, 'bad attributes');
        const address = this.address();
        this.check(same(a.slice(0, address.length), address), 'bad address');
        const wanted: Ty[] = inst.size === 8 ? (this.lanes ? ['i32', 'i32'] : ['i64']) : ['i32'];
        this.check(same(a.slice(address.length), wanted), 'bad value');
        break;
      }
      case 'atomic': {
        this.check(inst.atomic !== undefined && inst.off !== undefined, 'bad attributes');
        this.check(inst.size === 4 || inst.size === 8, 'bad size');
        const address = this.address();
        const value: Ty[] = inst.size === 8 ? (this.lanes ? ['i32', 'i32'] : ['i64']) : ['i32'];
        const wanted = inst.atomic === 'cmpxchg' ? [...value, ...value] : value;
        this.check(same(a.slice(0, address.length), address), 'bad address');
        this.check(same(a.slice(address.length), wanted), 'bad value');
        this.check(r.length === 0 || same(r, value), 'bad results');
        break;
      }
      case 'call':
        this.call(inst, a, r);
        break;
      case 'helper':
        this.check(inst.helper !== undefined, 'no helper');
        break;
      case 'trapif':
        this.check(same(a, ['i32', 'i32']) && inst.cond !== undefined && inst.trap !== undefined, 'bad trapif');
        break;
      case 'search':
        this.check(same(a, ['i32', 'i32']) && inst.write !== undefined, 'bad search');
        break;
      case 'locate':
        this.check(inst.imm === 1n || inst.imm === 3n, 'bad rights');
        break;
      case 'fuel':
        this.check(inst.imm !== undefined && inst.imm > 0n, 'bad fuel');
        break;
      case 'zeroframe':
        this.check(this.fn.frameBytes > 0, 'no frame');
        break;
      default:
        inst.op satisfies never;
    }
  }

  private address(): Ty[] {
    if (!this.lanes) return ['i64'];
    return this.guarded ? ['i32'] : ['i32', 'i32'];
  }

  /** Loads of fewer than 8 bytes give an i32; build.ts extends it. */
  private loaded(inst: Inst): Ty[] {
    if (inst.size !== 8) return ['i32'];
    return this.lanes ? ['i32', 'i32'] : ['i64'];
  }

  private call(inst: Inst, args: readonly Ty[], results: readonly Ty[]): void {
    const callee = this.locals.get(inst.callee!);
    if (!callee) this.fail('the callee is not in the module');
    this.check(
      same(
        args,
        callee.blocks[0]!.params.map((v) => v.ty),
      ),
      'arguments do not fit the callee',
    );
    this.check(same(results, this.lanes ? callee.results.map(() => 'i32') : ['i64']), 'results do not fit the callee');
  }

  private term(block: Block): void {
    const t = block.term;
    const types = t.kind === 'branch' || t.kind === 'ret' ? t.args.map((v) => v.ty) : [];
    if (t.kind === 'branch') {
      this.check(types.length === (t.wide ? 4 : 2), 'wrong number of arguments');
      this.check(!t.wide || this.lanes, 'wide is for lanes');
      this.check(
        types.every((ty) => ty === types[0]),
        'types differ',
      );
    }
    if (t.kind === 'ret') {
      const wanted: Ty[] = this.lanes ? this.fn.results.map(() => 'i32') : ['i64'];
      this.check(same(types, wanted), 'results do not fit the function');
      if (this.fn.entry) this.check(this.fn.results.join() === 'lo,hi', 'an entry returns both lanes');
    }
  }

  /** Every use in a reachable block is dominated by its definition. */
  private dominance(): void {
    const graph = graphOf(this.fn);
    for (const block of graph.order) {
      const here = new Set(block.params);
      const use = (v: Value): void => {
        const from = this.defined.get(v);
        if (!from) this.fail(`v${v.id} has no definition`);
        if (from === block ? !here.has(v) : !graph.dominates(from, block)) {
          this.fail(`v${v.id} is used where its definition does not dominate`);
        }
      };
      for (const inst of block.insts) {
        this.where = `b${block.id} ${inst.op} @${inst.origin.func}:${inst.origin.slot}`;
        inst.args.forEach(use);
        for (const v of inst.results) here.add(v);
      }
      this.where = `b${block.id} ${block.term.kind}`;
      if (block.term.kind === 'branch' || block.term.kind === 'ret') block.term.args.forEach(use);
      for (const edge of edges(block.term)) edge.args.forEach(use);
    }
  }

  private criticalEdges(): void {
    const graph = graphOf(this.fn);
    for (const block of graph.order) {
      this.where = `b${block.id}`;
      if (block.term.kind !== 'branch') continue;
      for (const edge of edges(block.term)) {
        const critical = graph.preds.get(edge.block)!.length > 1;
        this.check(!critical, `critical edge to b${edge.block.id}`);
      }
    }
  }
}
