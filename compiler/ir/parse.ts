// SPDX-License-Identifier: MIT
import type { AccessFact, HelperArgFact, Region } from '../verifier/facts.js';
import {
  type Block,
  type Cond,
  type Edge,
  type Func,
  type Inst,
  type Module,
  OPS,
  type Op,
  type Origin,
  type Property,
  type Term,
  type TrapName,
  type Ty,
  type Value,
} from './ir.js';

/** Reads what print.ts writes. The text is ours (tests and dumps), so a mistake in it is a plain Error. */

const TOKEN = /\s*(?:(#[^\n]*)|("(?:[^"\\]|\\.)*")|(-?0x[0-9a-f]+|-?\d+)|([A-Za-z][A-Za-z0-9_]*)|(.))/y;
const CONDS: readonly Cond[] = ['eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge', 'set', 'nset'];
const PROPERTIES: readonly Property[] = ['lanes', 'guarded', 'split-critical-edges'];
const ATOMICS = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'] as const satisfies readonly Inst['atomic'][];
const TRAPS: readonly TrapName[] = ['memory', 'fuel', 'stack', 'helper', 'unreachable'];

class Reader {
  private readonly tokens: string[] = [];
  private next = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    for (let m = TOKEN.exec(text); m; m = TOKEN.exec(text)) if (!m[1] && m[0].trim()) this.tokens.push(m[0].trim());
  }

  get end(): boolean {
    return this.next >= this.tokens.length;
  }
  peek(): string {
    return this.tokens[this.next] ?? '';
  }
  take(): string {
    return this.tokens[this.next++] ?? '';
  }
  fail(expected: string): never {
    const near = this.tokens.slice(Math.max(0, this.next - 4), this.next + 2).join(' ');
    throw new Error(`IR text: expected ${expected} near "${near}"`);
  }
  eat(token: string): boolean {
    if (this.peek() !== token) return false;
    this.next++;
    return true;
  }
  expect(token: string): void {
    if (!this.eat(token)) this.fail(token);
  }
  number(): number {
    const n = Number(this.take());
    return Number.isSafeInteger(n) ? n : this.fail('a number');
  }
  oneOf<T extends string>(words: readonly T[], what: string): T {
    const found = words.find((w) => w === this.peek());
    if (found === undefined) return this.fail(what);
    this.next++;
    return found;
  }
  /** "v12" and the like: the number behind the letter. */
  id(letter: string): number {
    const m = new RegExp(`^${letter}(\\d+)$`).exec(this.take());
    return m ? Number(m[1]) : this.fail(`${letter}N`);
  }
  isId(letter: string): boolean {
    return new RegExp(`^${letter}\\d+$`).test(this.peek());
  }
  /** Words between parentheses, commas allowed, with "-" joining words. */
  words(): string[] {
    const out: string[] = [];
    this.expect('(');
    while (!this.eat(')')) {
      let word = this.take();
      while (this.peek() === '-' || this.peek() === '.') word += this.take() + this.take();
      out.push(word);
      this.eat(',');
    }
    return out;
  }
}

function region(r: Reader): Region {
  const kind = r.take();
  switch (kind) {
    case 'frame':
      r.expect('.');
      return { kind, func: r.number() };
    case 'granted':
      r.expect('.');
      return { kind, index: r.number() };
    case 'data':
    case 'rodata':
    case 'context':
      return { kind };
    default:
      return r.fail('a region');
  }
}

type Fact = { -readonly [K in keyof AccessFact]: AccessFact[K] } & { arg?: number };

function fact(r: Reader): Fact {
  r.expect('{');
  const f: Fact = { region: r.eat('?') ? null : region(r), proved: false, offset32: false, align: 1, write: false };
  while (r.eat(',')) {
    const word = r.take();
    if (word === 'align') f.align = r.number() as AccessFact['align'];
    else if (word === 'proved' || word === 'offset32' || word === 'write') f[word] = true;
    else if (word === 'base' || word === 'length') f.trusted = { what: word, index: r.number() };
    else if (word === 'unit' && f.trusted) f.trusted = { ...f.trusted, unit: r.number() };
    else if (word === 'span') f.span = [r.number(), r.number()];
    else if (word === 'arg') f.arg = r.number();
    else r.fail('a fact');
  }
  r.expect('}');
  return f;
}

/** Attribute readers by name; the printer writes them in this order. */
const ATTRIBUTES: Record<string, (r: Reader, inst: Inst) => void> = {
  imm: (r, i) => {
    i.imm = BigInt(r.take());
  },
  bits: (r, i) => {
    i.bits = r.number() as Inst['bits'];
  },
  cond: (r, i) => {
    i.cond = r.oneOf(CONDS, 'a condition');
  },
  atomic: (r, i) => {
    i.atomic = r.oneOf(ATOMICS, 'an atomic operation');
  },
  size: (r, i) => {
    i.size = r.number() as Inst['size'];
  },
  signed: (r, i) => {
    i.signed = r.oneOf(['true', 'false'], 'a flag') === 'true';
  },
  off: (r, i) => {
    i.off = r.number();
  },
  region: (r, i) => {
    i.region = region(r);
  },
  callee: (r, i) => {
    i.callee = r.number();
  },
  helper: (r, i) => {
    i.helper = r.number();
  },
  trap: (r, i) => {
    i.trap = r.oneOf(TRAPS, 'a trap');
  },
  write: (r, i) => {
    i.write = r.oneOf(['true', 'false'], 'a flag') === 'true';
  },
  access: (r, i) => {
    i.access = fact(r);
  },
  helperArgs: (r, i) => {
    const facts: HelperArgFact[] = [];
    r.expect('[');
    while (!r.eat(']')) {
      const f = fact(r);
      facts.push({ ...f, arg: f.arg ?? r.fail('arg') });
    }
    i.helperArgs = facts;
  },
};

class FuncReader {
  private readonly values = new Map<number, Value>();
  private readonly used = new Map<number, Value>();
  private readonly blocks = new Map<number, Block>();

  constructor(private readonly r: Reader) {}

  /** Values may be used before the line that defines them (loops), so a use makes the object and the definition fills it. */
  private use(): Value {
    const id = this.r.id('v');
    const known = this.values.get(id) ?? this.used.get(id);
    if (known) return known;
    const fresh: { id: number; ty: Ty } = { id, ty: 'i32' };
    this.used.set(id, fresh);
    return fresh;
  }

  private define(): Value {
    const id = this.r.id('v');
    this.r.expect(':');
    const ty = this.r.oneOf<Ty>(['i32', 'i64'], 'a type');
    if (this.values.has(id)) this.r.fail(`one definition of v${id}`);
    const value: { id: number; ty: Ty } = this.used.get(id) ?? { id, ty };
    value.ty = ty;
    this.values.set(id, value);
    return value;
  }

  private list<T>(first: boolean, item: () => T): T[] {
    const out: T[] = [];
    if (!first) return out;
    do out.push(item());
    while (this.r.eat(','));
    return out;
  }

  private origin(): Origin {
    this.r.expect('@');
    const func = this.r.number();
    this.r.expect(':');
    return { func, slot: this.r.number() };
  }

  private block(id: number): Block {
    let b = this.blocks.get(id);
    if (!b) {
      b = { id, params: [], insts: [], term: { kind: 'trap', trap: 'unreachable', origin: { func: 0, slot: 0 } } };
      this.blocks.set(id, b);
    }
    return b;
  }

  private edge(): Edge {
    const block = this.block(this.r.id('b'));
    this.r.expect('(');
    const args = this.list(this.r.isId('v'), () => this.use());
    this.r.expect(')');
    return { block, args };
  }

  private inst(): Inst {
    const { r } = this;
    const results = this.list(r.isId('v'), () => this.define());
    if (results.length) r.expect('=');
    const op = r.oneOf(Object.keys(OPS) as Op[], 'an operation');
    const inst: Inst = { op, args: [], results, origin: { func: 0, slot: 0 } };
    const attributes = (): void => {
      while (Object.hasOwn(ATTRIBUTES, r.peek())) {
        const name = r.take();
        r.expect('=');
        ATTRIBUTES[name]!(r, inst);
      }
    };
    attributes();
    inst.args = this.list(r.isId('v'), () => this.use());
    attributes();
    return Object.assign(inst, { origin: this.origin() });
  }

  private term(): Term | null {
    const { r } = this;
    if (r.eat('jump')) return { kind: 'jump', to: this.edge(), origin: this.origin() };
    if (r.eat('branch')) {
      const cond = r.oneOf(CONDS, 'a condition');
      const wide = r.eat('wide');
      const args = this.list(true, () => this.use());
      r.expect('?');
      const then = this.edge();
      r.expect(':');
      return { kind: 'branch', cond, wide, args, then, else: this.edge(), origin: this.origin() };
    }
    if (r.eat('ret')) {
      return { kind: 'ret', args: this.list(r.isId('v'), () => this.use()), origin: this.origin() };
    }
    if (r.eat('trap')) return { kind: 'trap', trap: r.oneOf(TRAPS, 'a trap'), origin: this.origin() };
    return null;
  }

  read(): Func {
    const { r } = this;
    r.expect('func');
    const index = r.number();
    const name = JSON.parse(r.take()) as string;
    const entry = r.oneOf(['entry', 'local'], 'entry or local') === 'entry';
    r.expect('frame');
    const frameBytes = r.number();
    r.expect('params');
    const params = r.words().map((w): Func['params'][number] => {
      const [reg, lane] = w.split('.');
      return { reg: Number(reg!.slice(1)), lane: lane === 'lo' || lane === 'hi' ? lane : null };
    });
    r.expect('results');
    const results = r.words().map((w): 'lo' | 'hi' => (w === 'lo' || w === 'hi' ? w : r.fail('lo or hi')));
    r.expect('{');
    const blocks: Block[] = [];
    while (!r.eat('}')) {
      const block = this.block(r.id('b'));
      blocks.push(block);
      r.expect('(');
      block.params = this.list(r.isId('v'), () => this.define());
      r.expect(')');
      if (r.eat('bound')) block.bound = r.number();
      r.expect(':');
      let term = this.term();
      for (; !term; term = this.term()) block.insts.push(this.inst());
      block.term = term;
    }
    for (const id of this.used.keys()) if (!this.values.has(id)) r.fail(`a definition of v${id}`);
    if (blocks.length !== this.blocks.size) r.fail('every block that is jumped to');
    const above = (ids: Iterable<number>): number => {
      let next = 0;
      for (const id of ids) next = Math.max(next, id + 1);
      return next;
    };
    const nextValue = above(this.values.keys());
    const nextBlock = above(this.blocks.keys());
    return { index, name, entry, blocks, params, results, frameBytes, nextValue, nextBlock };
  }
}

/** Reads a module's text; `#` starts a comment. Throws an Error that shows the place. */
export function parseModule(text: string): Module {
  const r = new Reader(text);
  r.expect('module');
  const properties = new Set(
    r.words().map((w) => PROPERTIES.find((p) => p === w) ?? r.fail(`one of ${PROPERTIES.join(', ')}`)),
  );
  const funcs: Func[] = [];
  while (!r.end) funcs.push(new FuncReader(r).read());
  return { funcs, properties };
}
