// SPDX-License-Identifier: MIT
import { CONFORMANCE_HELPERS, HELPERS, type HelperArg, type HelperResult, type HelperRow, OWN_IDS } from './helpers.js';
import type { Path } from './place.js';
import { ascending, type Fail, unique, unsignedRange } from './refuse.js';
import type { RawSignature } from './shape.js';
import type { RegionDecl } from './types.js';

/** Rows of "signatures" as `HelperRow`s. Refuses what no C function can be, and ids and names that are taken. */
export function completeSignatures(
  raw: readonly RawSignature[],
  regions: readonly RegionDecl[],
  fail: Fail,
): HelperRow[] {
  const rows = raw.map((row, i) => completeRow(row, ['signatures', i], regions, fail));
  unique(
    'signature',
    rows.map((r) => r.name),
    (i) => ['signatures', i, 'name'],
    fail,
  );
  const builtIn: readonly HelperRow[] = [...HELPERS, ...CONFORMANCE_HELPERS];
  for (const [i, row] of rows.entries()) {
    if (builtIn.some((h) => h.name === row.name))
      fail('FCC0408', ['signatures', i, 'name'], `${row.name} is the name of a built-in helper`, {
        help: 'give the firmware’s own helper another name; `fcc helpers` lists those that are taken',
      });
    const first = rows.findIndex((r) => r.id === row.id);
    if (first !== i)
      fail('FCC0411', ['signatures', i, 'id'], `helpers ${rows[first]!.name} and ${row.name} have one id`, {
        got: `0x${row.id.toString(16)} twice`,
        help: 'give each helper an id of its own',
      });
  }
  return rows;
}

function completeRow(raw: RawSignature, path: Path, regions: readonly RegionDecl[], fail: Fail): HelperRow {
  const id = Number(raw.id);
  if (id < OWN_IDS[0] || id > OWN_IDS[1])
    fail('FCC0411', [...path, 'id'], `helper ${raw.name} has id ${raw.id}`, {
      expected: '0x200 to 0x7ffffffe',
      help: 'smaller ids are those of `fcc helpers`, or kept for them',
    });
  unique(
    `argument of ${raw.name}`,
    raw.args.map((a) => a.name),
    (i) => [...path, 'args', i, 'name'],
    fail,
  );
  return {
    id,
    name: raw.name,
    args: raw.args.map((a, i) => completeArg(a, raw, [...path, 'args', i], fail)),
    result: completeResult(raw, [...path, 'result'], regions, fail),
    ...(raw.blocks ? { blocks: true } : {}),
    doc: raw.doc,
  };
}

function completeArg(a: RawSignature['args'][number], row: RawSignature, path: Path, fail: Fail): HelperArg {
  const what = `argument ${a.name} of ${row.name}`;
  switch (a.kind) {
    case 'u32':
    case 'u64': {
      const bits = a.kind === 'u32' ? 32 : 64;
      const range = a.range && unsignedRange(a.range, bits, what, [...path, 'range'], fail);
      return { kind: a.kind, name: a.name, ...(range ? { range } : {}) };
    }
    case 'fixed': {
      if (a.certain && a.access === 'r')
        fail('FCC0411', [...path, 'certain'], `${what} is read only and certain to be written`, {
          expected: '"access": "w" or "rw"',
          help: 'remove "certain", which says that all bytes are written on every call',
        });
      const { kind, name, access, size } = a;
      return { kind, name, access, size, ...(a.certain ? { certain: true } : {}) };
    }
    case 'buffer': {
      const of = row.args[a.length];
      if (of?.kind !== 'u32')
        fail('FCC0411', [...path, 'length'], `${what} has no argument that gives its length`, {
          expected: 'the number of a u32 argument, counted from 0',
          got: of ? `argument ${a.length} is ${of.name}, a ${of.kind}` : `argument ${a.length} of ${row.args.length}`,
          help: 'add a u32 argument with the number of bytes, and give its place as "length"',
        });
      return { kind: a.kind, name: a.name, access: a.access, length: a.length };
    }
    case 'context':
    case 'cstring':
      return { kind: a.kind, name: a.name };
  }
}

function completeResult(row: RawSignature, path: Path, regions: readonly RegionDecl[], fail: Fail): HelperResult {
  const { result } = row;
  const what = `the result of ${row.name}`;
  switch (result.kind) {
    case 'void':
      return { kind: 'void' };
    case 'u32':
    case 'u64': {
      const bits = result.kind === 'u32' ? 32 : 64;
      const range = result.range && unsignedRange(result.range, bits, what, [...path, 'range'], fail);
      return { kind: result.kind, ...(range ? { range } : {}) };
    }
    case 'i32': {
      const [lo, hi] = result.range ?? [];
      if (lo === undefined || hi === undefined) return { kind: 'i32' };
      const bounds = [-(1n << 31n), (1n << 31n) - 1n] as const;
      return { kind: 'i32', range: ascending([BigInt(lo), BigInt(hi)], ...bounds, what, [...path, 'range'], fail) };
    }
    case 'region':
      if (!regions.some((r) => r.name === result.region))
        fail(
          'FCC0405',
          [...path, 'region'],
          `helper ${row.name} gives region ${result.region}, which is not declared`,
          {
            expected: regions.length > 0 ? `one of ${regions.map((r) => r.name).join(', ')}` : 'a row in "regions"',
            help: `add a row named "${result.region}" to "regions"`,
          },
        );
      return { kind: 'region', region: result.region, ...(result.nullable ? { nullable: true } : {}) };
  }
}
