// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contractFromBtf } from '../../compiler/contract/btf.js';
import { contractFile } from '../../compiler/contract/file.js';
import { structLayout } from '../../compiler/contract/layout.js';
import { CNames } from '../../compiler/contract/names.js';
import { canonicalContract, parseContract } from '../../compiler/contract/schema.js';
import { fieldTags, wholeTags } from '../../compiler/contract/tag-text.js';
import type { Contract } from '../../compiler/contract/types.js';
import { contractHash } from '../../compiler/image/contract-hash.js';
import { FIXTURE_NAMES, loadFixture } from '../fixtures/all.js';
import { Btf, objectWith } from './btf-writer.js';
import { NASTY } from './nasty.js';

/** Contracts as their files have them, all of which are right. */
const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}$/);
const cName = fc.stringMatching(/^[a-z_][A-Za-z0-9_]{0,8}$/);
const text = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('a, doc=b', '-- x', '*/ "\\', '0..5', '\u00e9\n'));
const rights = fc.constantFrom('r', 'rw');
const align = fc.constantFrom(1, 2, 4, 8);
const ordered = (least: bigint, most: bigint) =>
  fc
    .tuple(fc.bigInt(least, most), fc.bigInt(least, most))
    .map(([a, b]) => [a < b ? a : b, a < b ? b : a].map((n) => n.toString()));
const maybe = <T>(key: string, value: fc.Arbitrary<T>) => fc.option(value).map((v) => (v === null ? {} : { [key]: v }));
const all = (...parts: fc.Arbitrary<object>[]): fc.Arbitrary<Record<string, unknown>> =>
  fc.tuple(...parts).map((p) => Object.assign({}, ...p));

const region = all(
  fc.record({ access: rights, align }),
  maybe('description', text),
  fc.oneof(
    fc.record({ size: fc.nat(5000) }),
    fc.tuple(fc.nat(900), fc.nat(900)).map(([a, b]) => ({ minSize: Math.min(a, b), maxSize: Math.max(a, b) })),
  ),
);
const field = (regions: readonly string[]) =>
  all(
    fc.record({ gap: fc.nat(9) }),
    maybe('description', text),
    fc.oneof(
      fc.constantFrom(1, 2, 4, 8).chain((size) =>
        all(
          fc.constant({ type: 'scalar', size }),
          fc.oneof(
            fc.record({ access: rights }),
            ordered(0n, (1n << BigInt(8 * size)) - 1n).map((range) => ({ access: 'r', range })),
          ),
        ),
      ),
      ...(regions.length === 0
        ? []
        : [
            fc.record({ type: fc.constant('pointer'), region: fc.constantFrom(...regions) }),
            fc.record({
              type: fc.constant('length'),
              region: fc.constantFrom(...regions),
              size: fc.constantFrom(2, 4, 8),
              unit: fc.integer({ min: 1, max: 65536 }),
            }),
          ]),
    ),
  );
const argument = fc.oneof(
  all(fc.constant({ kind: 'u32' }), maybe('range', ordered(0n, 0xffffffffn))),
  all(fc.constant({ kind: 'u64' }), maybe('range', ordered(0n, (1n << 64n) - 1n))),
  fc.constant({ kind: 'context' }),
  fc.constant({ kind: 'cstring' }),
  fc.record({
    kind: fc.constant('fixed'),
    access: fc.constantFrom('w', 'rw'),
    size: fc.integer({ min: 1, max: 99 }),
    certain: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('buffer'), access: fc.constantFrom('r', 'w', 'rw') }),
);
const result = (regions: readonly string[]) =>
  fc.oneof(
    fc.constant({ kind: 'void' }),
    all(fc.constant({ kind: 'u32' }), maybe('range', ordered(0n, 0xffffffffn))),
    all(fc.constant({ kind: 'i32' }), maybe('range', ordered(-(1n << 31n), (1n << 31n) - 1n))),
    all(fc.constant({ kind: 'u64' }), maybe('range', ordered(0n, (1n << 64n) - 1n))),
    ...(regions.length === 0
      ? []
      : [fc.record({ kind: fc.constant('region'), region: fc.constantFrom(...regions), nullable: fc.boolean() })]),
  );
const signature = (regions: readonly string[]) =>
  fc.record({
    args: fc.uniqueArray(fc.tuple(cName, argument), { maxLength: 4, selector: ([n]) => n }).map((list) => {
      // Buffers need a length: one more argument gives it.
      const rows = list.map(([n, a]) => ({ name: n, ...a }));
      const length = rows.length;
      return rows.some((a) => (a as { kind?: unknown }).kind === 'buffer')
        ? [
            ...rows.map((a) => ((a as { kind?: unknown }).kind === 'buffer' ? { ...a, length } : a)),
            { name: 'Bytes', kind: 'u32' },
          ]
        : rows;
    }),
    result: result(regions),
    blocks: fc.boolean(),
    doc: text,
  });

const contracts: fc.Arbitrary<Contract> = fc
  .uniqueArray(name, { maxLength: 4 })
  .chain((regionNames) =>
    fc.record({
      hook: fc.stringMatching(/^[\x21-\x7e]{1,12}$/),
      about: all(maybe('description', text), maybe('passLength', fc.boolean()), maybe('interrupt', fc.boolean())),
      context: fc.record({ about: maybe('description', text), access: rights, align, tail: fc.option(fc.nat(9)) }),
      fields: fc.uniqueArray(fc.tuple(name, field(regionNames)), { maxLength: 6, selector: ([n]) => n }),
      regions: fc.tuple(...regionNames.map((n) => region.map((r) => ({ name: n, ...r })))),
      signatures: fc.uniqueArray(fc.tuple(cName, signature(regionNames)), { maxLength: 3, selector: ([n]) => n }),
      helpers: fc.option(fc.subarray(['printf', 'memcpy', 'now_ms'])),
      result: maybe('result', all(fc.record({ doc: text }), maybe('range', ordered(0n, (1n << 64n) - 1n)))),
      limits: fc.record({ stackBytes: fc.option(fc.nat()), instructions: fc.option(fc.integer({ min: 1 })) }),
    }),
  )
  .map(({ hook, about, context, fields, regions, signatures, helpers, result, limits }) => {
    let at = 0;
    const placed = fields.map(([n, { gap, ...f }]) => {
      at += gap as number;
      if (f.type === 'pointer') at = (at + 7) & ~7;
      const row = { name: n, offset: at, ...f };
      at += f.type === 'pointer' ? 8 : (f.size as number);
      return row;
    });
    const { tail, about: contextAbout, ...rest } = context;
    const size = tail === null ? null : at + tail;
    const own = signatures.map(([n, s], i) => ({ id: 0x200 + 7 * i, name: `x_${n}`, ...s }));
    const listed = [...(helpers ?? []).map((n) => ({ name: n, blocks: n === 'printf' })), ...own.slice(1)];
    const names = helpers && listed.filter((s) => !(about.interrupt && s.blocks)).map((s) => s.name);
    const file = { hook, ...about, context: { ...contextAbout, ...rest, size, fields: placed }, regions };
    return parseContract(JSON.stringify({ ...file, signatures: own, helpers: names, ...result, limits }), 'random');
  });

const RUNS = Math.max(60, Number(process.env.FCC_RUNS ?? 500) / 2);
const KNOWN: readonly Contract[] = [...FIXTURE_NAMES.map((n) => loadFixture(n).contract), ...NASTY];

/** The object that a compiler makes of the generated header. */
function tagged(contract: Contract): Uint8Array {
  const b = new Btf();
  const layout = structLayout(contract.context, new CNames());
  let struct = 0;
  if (layout) {
    const members = layout.members.map((m) => ({
      name: m.name,
      type: m.field === null ? b.array(b.int(1), m.size ?? 0) : m.field.kind === 'pointer' ? b.ptr(0) : b.int(m.size!),
      offset: 8 * m.offset,
    }));
    const end = layout.members.at(-1)!;
    struct = b.struct('ctx', contract.context.size ?? end.offset, members);
    layout.members.forEach((m, i) => {
      if (m.field) for (const t of fieldTags(m.field, m.name, contract.context.access)) b.tag(t, struct, i);
    });
  }
  const func = b.func('f', b.proto(b.int(8), b.ptr(struct)));
  for (const t of wholeTags(contract)) b.tag(t, layout ? struct : func);
  return objectWith(b.bytes());
}

/** NUL ends a text in an object, so none can come back. */
const withoutNul = (contract: Contract): boolean => !JSON.stringify(contractFile(contract)).includes('\\u0000');

describe('contracts', () => {
  it('as files read back the same', () => {
    const check = (contract: Contract): void => {
      const again = parseContract(JSON.stringify(contractFile(contract)), 'again');
      expect(again).toEqual(contract);
      expect(canonicalContract(again)).toBe(canonicalContract(contract));
    };
    KNOWN.forEach(check);
    fc.assert(fc.property(contracts, check), { numRuns: RUNS });
  });

  it('as tags read back the same', () => {
    const check = (contract: Contract): void => {
      const again = contractFromBtf(tagged(contract), 'f');
      expect(again).toEqual(contract);
      expect(contractHash(again!)).toBe(contractHash(contract));
    };
    KNOWN.forEach(check);
    fc.assert(fc.property(contracts.filter(withoutNul), check), { numRuns: RUNS });
  });

  it('as structures cover each byte once, with the right that its field has', () => {
    const check = ({ context }: Contract): void => {
      const layout = structLayout(context, new CNames());
      if (!layout) {
        expect([null, 0]).toContain(context.size);
        return;
      }
      let at = 0;
      for (const m of layout.members) {
        expect(m.offset).toBe(at);
        at += m.size ?? 0;
        if (m.field === null) expect(m.rights).toBe(context.access);
        else expect(m.rights).toBe(m.field.kind === 'scalar' ? m.field.access : 'r');
      }
      if (context.size !== null) expect(at).toBe(context.size);
      expect(layout.members.filter((m) => m.field !== null)).toHaveLength(context.fields.length);
      expect(new Set(layout.members.map((m) => m.name)).size).toBe(layout.members.length);
      // The rules of C: members lie at multiples of their alignment, and so does the end.
      const unit = layout.packed ? 1 : Math.max(1, ...layout.members.map((m) => (m.field ? m.size! : 1)));
      if (!layout.packed) for (const m of layout.members) if (m.field) expect(m.offset % m.size!).toBe(0);
      if (context.size !== null) expect(context.size % Math.max(unit, layout.aligned ?? 1)).toBe(0);
    };
    KNOWN.forEach(check);
    fc.assert(fc.property(contracts, check), { numRuns: RUNS });
  });
});
