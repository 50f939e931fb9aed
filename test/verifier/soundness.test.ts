// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { parseContract } from '../../compiler/contract/schema.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { FIXTURE_NAMES, loadFixture, requestOf } from '../fixtures/all.js';
import { compare } from './watch.js';

const CONTRACT = parseContract(
  JSON.stringify({
    hook: 'test',
    context: {
      size: 24,
      access: 'rw',
      align: 8,
      fields: [
        { name: 'buf', offset: 0, type: 'pointer', region: 'buf' },
        { name: 'len', offset: 8, type: 'length', size: 4, region: 'buf' },
      ],
    },
    regions: [{ name: 'buf', access: 'rw', size: null, minSize: 8, maxSize: 40, align: 4 }],
    helpers: null,
    passLength: true,
  }),
  'test',
);

const reg = fc.integer({ min: 0, max: 9 });
/** Destinations: r7 keeps the context, r8 and r9 are scratch. */
const low = fc.integer({ min: 0, max: 6 });
const imm = fc.oneof(
  fc.integer({ min: -9, max: 40 }),
  fc.constantFrom(255, -1, 0x7fffffff, -0x80000000, 65535, 4096),
  fc.integer(),
);
const size = fc.constantFrom(1, 2, 4, 8);
const signs = ['+=', '-=', '*=', '/=', '|=', '&=', '<<=', '>>=', '%=', '^=', '=', 's>>=', 's/=', 's%='];
const conds = ['==', '!=', '>', '>=', '<', '<=', 's>', 's>=', 's<', 's<=', '&'];

/** One or a few lines; LABEL stands for a place in the function. */
const snippet = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...signs), fc.boolean(), low, imm)
      .map(([s, w, d, i]) => (w ? `r${d} ${s} ${i}` : `w${d} ${s} ${i}`)),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom(...signs), fc.boolean(), low, reg)
      .map(([s, w, d, r]) => (w ? `r${d} ${s} r${r}` : `w${d} ${s} w${r}`)),
  },
  { weight: 2, arbitrary: fc.tuple(low, reg).map(([d, r]) => `r${d} = r${r}`) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(8, 16, 32), low, reg).map(([b, d, r]) => `r${d} = (s${b})r${r}`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('be16', 'be32', 'be64', 'le16', 'le32', 'bswap32'), low)
      .map(([o, d]) => `r${d} = ${o} r${d}`),
  },
  { weight: 1, arbitrary: low.map((d) => `r${d} = -r${d}`) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...conds), fc.boolean(), low, imm)
      .map(([c, w, d, i]) => `if ${w ? 'r' : 'w'}${d} ${c} ${i} goto LABEL`),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...conds), fc.boolean(), low, reg)
      .map(([c, w, d, r]) => `if ${w ? 'r' : 'w'}${d} ${c} ${w ? 'r' : 'w'}${r} goto LABEL`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(size, fc.integer({ min: 1, max: 5 }), reg)
      .map(([s, k, r]) => `*(u${8 * s} *)(r10 - ${8 * k}) = r${r}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(size, fc.integer({ min: 1, max: 5 }), low)
      .map(([s, k, d]) => `r${d} = *(u${8 * s} *)(r10 - ${8 * k})`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(1, 2, 4), fc.integer({ min: 1, max: 40 }), low)
      .map(([s, k, d]) => `r${d} = *(s${8 * s} *)(r10 - ${Math.max(k, s)})`),
  },
  // A variable offset into the stack, and one into the region.
  {
    weight: 2,
    arbitrary: fc
      .tuple(size, low, fc.constantFrom(7, 15, 24), fc.boolean())
      .map(
        ([s, d, m, w]) =>
          `r8 = r${d}\nr8 &= ${m}\nr9 = r10\nr9 += r8\n${w ? `*(u${8 * s} *)(r9 - 40) = r${d}` : `r${d} = *(u${8 * s} *)(r9 - 40)`}`,
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(size, low, fc.constantFrom(3, 7, 31), fc.boolean())
      .map(
        ([s, d, m, w]) =>
          `r8 = *(u64 *)(r7 + 0)\nr9 = r${d}\nr9 &= ${m}\nr8 += r9\n${w ? `*(u${8 * s} *)(r8 + 0) = r${d}` : `r${d} = *(u${8 * s} *)(r8 + 0)`}`,
      ),
  },
  { weight: 1, arbitrary: low.map((d) => `r${d} = *(u32 *)(r7 + 8)`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(size, low, fc.boolean())
      .map(([s, d, w]) => (w ? `*(u${8 * s} *)(r7 + 16) = r${d}` : `r${d} = *(u${8 * s} *)(r7 + 16)`)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(size, low, fc.boolean())
      .map(([s, d, w]) => `r8 = d ll\n${w ? `*(u${8 * s} *)(r8 + 8) = r${d}` : `r${d} = *(u${8 * s} *)(r8 + 4)`}`),
  },
  { weight: 1, arbitrary: fc.tuple(size, low).map(([s, d]) => `r8 = c ll\nr${d} = *(u${8 * s} *)(r8 + 2)`) },
  // Pointers kept in memory, dereferenced afterwards; pointers that lost their provenance.
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), low)
      .map(
        ([k, m, d]) =>
          `r9 = r10\nr9 += ${-8 * k}\n*(u64 *)(r10 - ${8 * m}) = r9\nr8 = *(u64 *)(r10 - ${8 * m})\nr9 = r8\n*(u32 *)(r9 + 0) = r${d}`,
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 5 }), low)
      .map(([k, d]) => `w9 = w10\nr9 += ${-8 * k}\n*(u64 *)(r9 + 0) = r${d}`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(low, fc.integer({ min: 1, max: 5 })).map(([d, k]) => `lock *(u64 *)(r10 - ${8 * k}) += r${d}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(low, fc.integer({ min: 1, max: 5 }))
      .map(
        ([d, k]) =>
          `r1 = r${d}\nr2 = r10\nr2 += ${-8 * k}\nr3 = r${d}\ncall f\nr1 = r0\nr2 = 3\nr3 = r0\nr4 = 4\nr5 = 5`,
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 5 })
      .map((k) => `r1 = 1\nr2 = r10\nr2 += ${-8 * k}\ncall 0x12\nr1 = r0\nr2 = 3\nr3 = r0\nr4 = 4\nr5 = 5`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 2, max: 5 }), low)
      .map(
        ([k, d]) =>
          `r1 = r10\nr1 += ${-8 * k}\nr2 = r10\nr2 += -40\nr3 = r${d}\nr3 &= 7\ncall 0x02\nr0 = 1\nr1 = 1\nr2 = 3\nr3 = 3\nr4 = 4\nr5 = 5`,
      ),
  },
);

/** A function: places between snippets get labels, branches pick one. */
const body = (lines: fc.Arbitrary<string>, max: number): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(lines, fc.nat()), { minLength: 2, maxLength: max })
    .map((items) => items.map(([text, n], i) => `L${i}:\n${text.replace('LABEL', `L${n % items.length}`)}`).join('\n'));

const callee = fc.oneof(
  fc.constant('r0 = r1\nr0 += r3\n*(u32 *)(r2 + 0) = r1'),
  fc.constant('*(u64 *)(r10 - 8) = r3\nr0 = *(u32 *)(r2 + 0)\n*(u64 *)(r2 + 0) = r10'),
  fc.constant('r3 &= 7\nr2 += r3\n*(u8 *)(r2 + 0) = 7\nr0 = r3'),
  fc.constant('r0 = r2'),
  fc.constant('r0 = *(u64 *)(r2 + 0)\n*(u8 *)(r0 - 100) = 1'),
  fc.constant('r0 = r10\nr0 += -8\n*(u64 *)(r0 + 0) = 5\nr0 = *(u64 *)(r0 + 0)'),
  fc.constant('if r1 > 5 goto big\nr0 = 1\ngoto out\nbig:\nr0 = *(u64 *)(r2 + 0)\nw2 = w2\n*(u8 *)(r2 + 1) = 9\nout:'),
);

const program = fc.tuple(body(snippet, 24), callee, fc.array(imm, { minLength: 10, maxLength: 10 })).map(
  ([text, f, start]) =>
    `.data d 0102030405060708090a0b0c0d0e0f10
.rodata c 1112131415161718191a1b1c1d1e1f20
entry main:
r7 = r1
${start.map((n, r) => (r === 7 ? '' : `r${r} = ${n}`)).join('\n')}
r6 = *(u64 *)(r7 + 16)
*(u64 *)(r10 - 24) = r6
${text}
r0 = r6
exit
func f:
${f}
exit
`,
);

const requestFor = (bytes: Uint8Array, length: number): RunRequest => ({
  context: bytes,
  regions: new Map([['buf', new Uint8Array(length).fill(0x5a)]]),
  fuel: 1500,
});

describe('every state of a run lies inside what the verifier says', () => {
  it('for random programs', () => {
    let accepted = 0;
    let compared = 0;
    // A tenth: these programs run long, and relations.test.ts has the many.
    const runs = process.env.FCC_RUNS ? Math.max(100, Math.round(Number(process.env.FCC_RUNS) / 10)) : 250;
    fc.assert(
      fc.property(
        program,
        fc.uint8Array({ minLength: 24, maxLength: 24 }),
        fc.integer({ min: 8, max: 40 }),
        (text, ctx, n) => {
          const p = assemble(text);
          const done = compare(p, 0, CONTRACT, [requestFor(ctx, n)]);
          if (done === null) return;
          accepted++;
          compared += done.states;
        },
      ),
      { numRuns: runs, ...(process.env.FCC_SEED ? { seed: Number(process.env.FCC_SEED) } : {}) },
    );
    if (process.env.FCC_RUNS) console.log(`${accepted} of ${runs} accepted, ${compared} states compared`);
    // Otherwise the generator makes nothing that the property speaks of.
    expect(accepted).toBeGreaterThan(runs / 8);
    expect(compared).toBeGreaterThan(accepted * 10);
    // With FCC_RUNS in the hundred thousands this takes minutes.
  }, 3_600_000);

  it.each(FIXTURE_NAMES)('for fixture %s', (name) => {
    const fixture = loadFixture(name);
    let compared = 0;
    for (const { program: p } of fixture.objects)
      for (const run of fixture.runs.slice(0, 2)) {
        const entry =
          p.entries.find((e) => p.functions[e]!.name === (run as { entry?: string }).entry) ?? p.entries[0]!;
        compared += compare(p, entry, fixture.contract, [{ ...requestOf(run), fuel: 1500 }])!.states;
      }
    expect(compared).toBeGreaterThan(0);
  });
});
