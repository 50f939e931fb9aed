// SPDX-License-Identifier: MIT
import { afterEach, describe, expect, it, vi } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import type { JumpCond } from '../../compiler/bpf/program.js';
import { verify } from '../../compiler/verifier/verify.js';
import { BAD } from './bad/index.js';
import { generate } from './generate.js';
import { CONTRACTS, requestFor } from './rows.js';
import { compare } from './watch.js';

/**
 * Mistakes put into the verifier on purpose, one at a time: each has to be noticed by the table of bad programs or by random programs.
 * What notices nothing proves nothing. Exported functions are wrapped, methods are replaced.
 */
type Any = (...args: unknown[]) => unknown;
const active = vi.hoisted(() => {
  const state: { key: string; run: ((real: Any, args: unknown[]) => unknown) | null; hits: number } = {
    key: '',
    run: null,
    hits: 0,
  };
  const wrap = (module: string, exported: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(exported).map(([name, value]) => {
        if (typeof value !== 'function' || value.toString().startsWith('class')) return [name, value];
        const real = value as Any;
        const key = `${module}.${name}`;
        const wrapped = (...args: unknown[]): unknown => {
          if (state.key !== key || !state.run) return real(...args);
          state.hits++;
          return state.run(real, args);
        };
        return [name, wrapped];
      }),
    );
  return { state, wrap };
});
type Real = () => Promise<Record<string, unknown>>;
vi.mock('../../compiler/verifier/view.js', async (o) => active.wrap('view', await (o as Real)()));
vi.mock('../../compiler/verifier/viewops.js', async (o) => active.wrap('viewops', await (o as Real)()));
vi.mock('../../compiler/verifier/domain.js', async (o) => active.wrap('domain', await (o as Real)()));
vi.mock('../../compiler/verifier/arith.js', async (o) => active.wrap('arith', await (o as Real)()));
vi.mock('../../compiler/verifier/hull.js', async (o) => active.wrap('hull', await (o as Real)()));
vi.mock('../../compiler/verifier/compare.js', async (o) => active.wrap('compare', await (o as Real)()));
vi.mock('../../compiler/verifier/assertions.js', async (o) => active.wrap('assertions', await (o as Real)()));
vi.mock('../../compiler/verifier/memory.js', async (o) => active.wrap('memory', await (o as Real)()));
vi.mock('../../compiler/verifier/frame.js', async (o) => active.wrap('frame', await (o as Real)()));

const view = await import('../../compiler/verifier/view.js');
const { shifted } = await import('../../compiler/verifier/linear.js');
const { Relations } = await import('../../compiler/verifier/relations.js');
const { State } = await import('../../compiler/verifier/state.js');
const { Frame } = await import('../../compiler/verifier/frame.js');
type RelationsType = import('../../compiler/verifier/relations.js').Relations;
type StateType = import('../../compiler/verifier/state.js').State;
type View = import('../../compiler/verifier/view.js').View;
type Form = import('../../compiler/verifier/linear.js').Form;
type Hull = import('../../compiler/verifier/hull.js').Hull;
type Place = import('../../compiler/verifier/hull.js').Place;
type Bounds = import('../../compiler/verifier/assertions.js').Bounds;
type Reach = import('../../compiler/verifier/assertions.js').Reach;

interface Mutant {
  readonly name: string;
  /** `module.function`, for a wrapped function. */
  readonly at?: string;
  readonly run?: (real: Any, args: unknown[]) => unknown;
  /** For methods: puts the mistake in place; what it returns takes it out again. */
  readonly patch?: () => () => void;
}

/** A mistake in one operation of `viewops.apply`: the result where `op` is that operation. */
const op = (name: string, wanted: string, make: (a: View, b: View) => View | null): Mutant => ({
  name,
  at: 'viewops.apply',
  run: (real, args) => (args[0] === wanted ? make(args[1] as View, args[2] as View) : null) ?? real(...args),
});
/** A condition mistaken for another in a function whose argument `i` it is. */
const cond = (name: string, at: string, i: number, from: JumpCond, to: JumpCond): Mutant => ({
  name,
  at,
  run: (real, args) => real(...args.map((a, k) => (k === i && a === from ? to : a))),
});
const compareCond = (name: string, from: JumpCond, to: JumpCond): Mutant => ({
  name,
  at: 'compare.compareWay',
  run: (real, args) => {
    const insn = args[1] as { cond: JumpCond };
    return real(args[0], insn.cond === from ? { ...insn, cond: to } : insn, ...args.slice(2));
  },
});
/** A method that does something else. */
const method = <T extends object, K extends keyof T>(
  name: string,
  prototype: T,
  key: K,
  make: (real: Any) => (this: T, ...args: never[]) => unknown,
): Mutant => ({
  name,
  patch: () => {
    const real = prototype[key];
    prototype[key] = make(real as Any) as T[K];
    return () => {
      prototype[key] = real;
    };
  },
});
const mask = (v: View): bigint => (1n << BigInt(v.w)) - 1n;

const MUTANTS: readonly Mutant[] = [
  cond('refine: <= taken for <', 'domain.refine', 0, 'le', 'lt'),
  cond('refine: > failing taken for >= failing', 'domain.refine', 0, 'gt', 'ge'),
  cond('refine: signed < taken for unsigned <', 'domain.refine', 0, 'slt', 'lt'),
  cond('refine: signed >= taken for unsigned >=', 'domain.refine', 0, 'sge', 'ge'),
  {
    name: 'refine: a comparison of halves taken for one of whole numbers',
    at: 'domain.refine',
    run: (real, [c, , ...rest]) => real(c, 64, ...rest),
  },
  {
    name: 'refine: not equal taken for equal where not taken',
    at: 'domain.refine',
    run: (real, [c, w, taken, a, b]) => real(c, w, c === 'ne' ? false : taken, a, b),
  },
  compareCond('relation: <= taken for <', 'le', 'lt'),
  compareCond('relation: >= taken for >', 'ge', 'gt'),
  compareCond('relation: signed >= taken for unsigned >=', 'sge', 'ge'),
  op('addition that never wraps', 'add', (a, b) => {
    const low = a.umin + b.umin;
    const high = a.umax + b.umax;
    return low > mask(a) ? null : view.fromUnsigned(a.w, low, high > mask(a) ? mask(a) : high);
  }),
  op('subtraction that never goes below 0', 'sub', (a) => view.fromUnsigned(a.w, 0n, a.umax)),
  op('x & mask is below the mask', 'and', (a, b) => view.fromUnsigned(a.w, 0n, b.umax > 0n ? b.umax - 1n : 0n)),
  op('x % 0 is 0', 'mod', (a, b) => (b.umax > 0n ? view.fromUnsigned(a.w, 0n, b.umax - 1n) : null)),
  op('x / 2 is at most half of it less 1', 'div', (a) => view.fromUnsigned(a.w, 0n, a.umax / 4n)),
  op('a left shift that does not grow', 'lsh', (a) => view.fromUnsigned(a.w, 0n, a.umax)),
  op('a signed right shift that is not negative', 'arsh', (a) => view.fromUnsigned(a.w, 0n, mask(a) >> 1n)),
  op('x | y is the larger of both', 'or', (a, b) => view.fromUnsigned(a.w, 0n, a.umax > b.umax ? a.umax : b.umax)),
  { name: 'join that keeps the first', at: 'view.join', run: (_real, [a]) => a },
  { name: 'widening that keeps the first', at: 'view.widen', run: (_real, [a]) => a },
  {
    name: 'join of what both sides share',
    at: 'view.join',
    run: (real, [a, b]) => view.meet(a as View, b as View) ?? real(a, b),
  },
  { name: 'sign extension that changes nothing', at: 'domain.movsx', run: (_real, [, , a]) => a },
  {
    name: '32-bit arithmetic that keeps the upper half',
    at: 'domain.alu',
    run: (real, [o, , a, b]) => real(o, true, a, b),
  },
  {
    name: 'forms: 32-bit arithmetic never wraps',
    at: 'arith.resultForm',
    run: (real, [s, o, , ...rest]) => real(s, o, true, ...rest),
  },
  {
    name: 'forms: sign extension keeps the number',
    at: 'arith.extendedForm',
    run: (_real, args) => (args[3] as { name(): Form | null }).name(),
  },
  {
    name: 'forms: the low half is the number',
    at: 'arith.lowForm',
    run: (_real, args) => (args[2] as { name(): Form | null }).name(),
  },
  {
    name: 'forms: results are one less',
    at: 'arith.resultForm',
    run: (real, args) => {
      const f = real(...args) as Form | null;
      return f && shifted(f, -1);
    },
  },
  {
    name: 'hull that keeps the rows of the first',
    at: 'hull.hull',
    run: (real, args) => {
      const rows = (args[0] as RelationsType).rows;
      const made = real(...args) as Hull;
      made.relations.setRows([...made.relations.rows, ...rows]);
      return made;
    },
  },
  {
    name: 'hull that keeps the forms of the first',
    at: 'hull.hull',
    run: (real, args) => {
      const made = real(...args) as Hull;
      return { ...made, forms: (args[2] as readonly Place[]).map((p) => p.a) };
    },
  },
  {
    name: 'hull whose forms are one too high',
    at: 'hull.hull',
    run: (real, args) => {
      const made = real(...args) as Hull;
      return { ...made, forms: made.forms.map((f) => f && shifted(f, 1)) };
    },
  },
  {
    name: 'bounds: one byte less is accessed',
    at: 'assertions.judgeBounds',
    run: (real, args) => real(...args.map((a) => (isReach(a) ? { ...a, size: Math.max(0, a.size - 1) } : a))) as Bounds,
  },
  {
    name: 'bounds: what may be inside is inside',
    at: 'assertions.judgeBounds',
    run: (real, args) => {
      const b = real(...args) as Bounds;
      return { ...b, proved: b.possible };
    },
  },
  { name: 'displacements do not count', at: 'assertions.reachOf', run: (real, [b, , s]) => real(b, 0, s) },
  { name: 'rights are not looked at', at: 'assertions.refusedWrite', run: () => null },
  {
    name: 'signed ranges that start at 0',
    at: 'domain.betweenSigned',
    run: (real, [low, high]) => real((low as bigint) < 0n ? 0n : low, high),
  },
  method('rows: off by one', Relations.prototype, 'add', (real) => {
    return function (this: RelationsType, f: Form): unknown {
      return real.call(this, shifted(f, -1) ?? f);
    };
  }),
  method('rows: bounds one too high', Relations.prototype, 'bound', (real) => {
    return function (this: RelationsType, ...args: unknown[]): unknown {
      return (real.call(this, ...args) as number) + 1;
    };
  }),
  method('ranges: everything is at least 0', Relations.prototype, 'range', (real) => {
    return function (this: RelationsType, sym: number): unknown {
      const r = real.call(this, sym) as { lo: number; hi: number };
      return { lo: Math.max(0, r.lo), hi: Math.max(0, r.hi) };
    };
  }),
  method('rounds are not counted', State.prototype, 'countRound', (real) => {
    return function (this: StateType, header: number): unknown {
      return real.call(this, header, false);
    };
  }),
  method('variable stores change no slot', Frame.prototype, 'havoc', () => () => undefined),
  method('a slot that is merged stays', Frame.prototype, 'forget', () => () => undefined),
  method('joined frames are as written as the first', Frame.prototype, 'absorbWritten', () => () => false),
];

function isReach(a: unknown): a is Reach {
  return typeof a === 'object' && a !== null && 'size' in a && 'off' in a && 'region' in a;
}

/** Parsed once: mutants are many. */
const TABLE = BAD.map((row) => {
  const program = assemble(row.text);
  return { row, program, entry: program.entries[0]!, contract: CONTRACTS[row.contract ?? 'main'] };
});
const RANDOM = 250;
/** Rows whose runs are watched too: those that use the stack. */
const WATCHED = TABLE.filter(({ row }) => row.trap && row.text.includes('r10'));

/** Who notices: the row or the seed; null if nobody does. */
function noticed(): string | null {
  for (const { row, program, entry, contract } of TABLE) {
    try {
      const v = verify(program, entry, contract, { strict: true });
      if (v.verdict === 'accepted') return `accepted: ${row.name}`;
    } catch (e) {
      return `${row.name}: ${e instanceof Error ? e.message : e}`;
    }
  }
  for (const { row, program, entry, contract } of WATCHED) {
    const inputs = [row.trap, row.fine].flatMap((i) => (i ? [requestFor(row.contract ?? 'main', i)] : []));
    try {
      const done = compare(program, entry, contract, inputs);
      if (!done && row.fine) return `refused: ${row.name}`;
    } catch (e) {
      return `${row.name}: ${e instanceof Error ? e.message : e}`;
    }
  }
  for (let seed = 1; seed <= RANDOM; seed++) {
    const { text, requests } = generate(seed);
    try {
      compare(assemble(text), 0, CONTRACTS.main, requests);
    } catch (e) {
      return `seed ${seed}: ${e instanceof Error ? e.message : e}`;
    }
  }
  return null;
}

afterEach(() => {
  active.state.key = '';
  active.state.run = null;
});

describe('a mistake in the verifier is noticed', () => {
  it('and nothing is noticed without one', () => {
    expect(noticed()).toBeNull();
  }, 60_000);

  it.each(MUTANTS.map((m) => [m.name, m] as const))(
    '%s',
    (_name, m) => {
      const undo = m.patch?.();
      active.state.key = m.at ?? '';
      active.state.run = m.run ?? null;
      active.state.hits = 0;
      try {
        expect(noticed()).not.toBeNull();
        // Otherwise something else failed.
        if (m.at) expect(active.state.hits).toBeGreaterThan(0);
      } finally {
        undo?.();
      }
    },
    60_000,
  );

  it('more than 30 times', () => {
    expect(MUTANTS.length).toBeGreaterThan(30);
  });
});
