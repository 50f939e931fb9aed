// SPDX-License-Identifier: MIT
import { HELPERS, type HelperRow } from './helpers.js';
import type { Path } from './place.js';
import { type Fail, unique, unsignedRange } from './refuse.js';
import type { Raw, RawField } from './shape.js';
import { completeSignatures } from './signatures.js';
import { type ContextField, type Contract, fieldSize, MAX_LENGTH, type RegionDecl } from './types.js';

/** What the schema cannot say: names that must be known or unique, and numbers that must fit each other. */
export function complete(raw: Raw, fail: Fail): Contract {
  const regions = raw.regions.map((r, i) => completeRegion(r, ['regions', i], fail));
  unique(
    'region',
    regions.map((r) => r.name),
    (i) => ['regions', i, 'name'],
    fail,
  );
  unique(
    'context field',
    raw.context.fields.map((f) => f.name),
    (i) => ['context', 'fields', i, 'name'],
    fail,
  );
  const placed = raw.context.fields.map((f, i) => {
    const path = ['context', 'fields', i];
    return { path, field: completeField(f, path, raw, regions, fail) };
  });
  placed.sort((a, b) => a.field.offset - b.field.offset);
  assertLayout(placed, raw.context.size, fail);
  const signatures = completeSignatures(raw.signatures ?? [], regions, fail);
  if (raw.helpers) assertHelpers(raw.helpers, signatures, raw.interrupt === true, fail);
  const { size, access, align } = raw.context;
  return {
    hook: raw.hook,
    ...described(raw),
    context: { ...described(raw.context), size, access, align, fields: placed.map((p) => p.field) },
    regions,
    helpers: raw.helpers,
    ...(signatures.length > 0 ? { signatures } : {}),
    ...(raw.result ? { result: completeResult(raw.result, fail) } : {}),
    passLength: raw.passLength ?? size === null,
    ...(raw.interrupt ? { interrupt: true } : {}),
    limits: raw.limits,
  };
}

const described = ({ description }: { description?: string | undefined }): { description?: string } =>
  description === undefined ? {} : { description };

function completeResult(raw: NonNullable<Raw['result']>, fail: Fail): NonNullable<Contract['result']> {
  if (!raw.range) return { doc: raw.doc };
  return { doc: raw.doc, range: unsignedRange(raw.range, 64, 'the result', ['result', 'range'], fail) };
}

function completeRegion(r: Raw['regions'][number], path: Path, fail: Fail): RegionDecl {
  const { name, access, size, align } = r;
  if (size !== null) {
    if ((r.minSize ?? size) !== size || (r.maxSize ?? size) !== size)
      fail('FCC0409', path, `region ${name} has a fixed size and other bounds`, {
        expected: '"size" alone',
        help: 'remove "minSize" and "maxSize", or write "size": null if the length is known only when a run starts',
      });
    return { name, ...described(r), access, size, minSize: size, maxSize: size, align };
  }
  const minSize = r.minSize ?? 0;
  const maxSize = r.maxSize ?? MAX_LENGTH;
  if (minSize > maxSize)
    fail('FCC0409', path, `region ${name} has minSize ${minSize} above maxSize ${maxSize}`, {
      help: '"minSize" and "maxSize" are the shortest and the longest that the hook passes in',
    });
  return { name, ...described(r), access, size, minSize, maxSize, align };
}

function completeField(f: RawField, path: Path, raw: Raw, regions: readonly RegionDecl[], fail: Fail): ContextField {
  const { name, offset } = f;
  if (f.type === 'scalar') {
    const access = f.access ?? raw.context.access;
    const range = f.range && unsignedRange(f.range, 8 * f.size, `field ${name}`, [...path, 'range'], fail);
    if (range && access !== 'r')
      fail('FCC0410', [...path, 'range'], `field ${name} has a range and is writable`, {
        expected: '"access": "r"',
        help: 'a range is a promise of the hook, and the container could break it; make the field read-only',
      });
    return { kind: 'scalar', name, ...described(f), offset, size: f.size, access, ...(range ? { range } : {}) };
  }
  const region = regions.find((r) => r.name === f.region);
  if (!region)
    fail('FCC0405', [...path, 'region'], `field ${name} belongs to region ${f.region}, which is not declared`, {
      expected: regions.length > 0 ? `one of ${regions.map((r) => r.name).join(', ')}` : 'a row in "regions"',
      help: `add a row named "${f.region}" to "regions"`,
    });
  if (f.access === 'rw')
    fail('FCC0407', [...path, 'access'], `${f.type} field ${name} is writable`, {
      expected: '"access": "r"',
      help: 'what a container can write, the hook cannot vouch for; use a scalar field for a plain number',
    });
  if (f.type === 'pointer') {
    if ((f.size ?? 8) !== 8 || offset % 8 !== 0)
      fail('FCC0407', path, `pointer field ${name} has ${f.size ?? 8} bytes at offset ${offset}`, {
        expected: '8 bytes at a multiple of 8',
        help: 'a pointer is a slot of 64 bits, also where the firmware has 32-bit pointers',
      });
    return { kind: 'pointer', name, ...described(f), offset, region: f.region };
  }
  const { size, unit } = f;
  if (BigInt(Math.floor(region!.maxSize / unit)) >> BigInt(8 * size) !== 0n)
    fail('FCC0409', path, `length field ${name} of ${size} bytes cannot hold the length of ${f.region}`, {
      expected: `maxSize below ${(1n << BigInt(8 * size)) * BigInt(unit)}`,
      help: `give region ${f.region} a "maxSize" that fits, or the field more bytes`,
    });
  return {
    kind: 'length',
    name,
    ...described(f),
    offset,
    size,
    region: f.region,
    ...(unit === 1 ? {} : { unit }),
  };
}

/** `placed` ascends by offset. */
function assertLayout(placed: readonly { path: Path; field: ContextField }[], size: number | null, fail: Fail): void {
  const end = (f: ContextField): number => f.offset + fieldSize(f);
  for (const [i, { path, field: f }] of placed.entries()) {
    const next = placed[i + 1];
    if (next && next.field.offset < end(f))
      fail('FCC0403', next.path, `fields ${f.name} and ${next.field.name} overlap at offset ${next.field.offset}`, {
        got: `${f.name} is [${f.offset}, ${end(f) - 1}], ${next.field.name} is [${next.field.offset}, ${end(next.field) - 1}]`,
        help: 'every byte belongs to one field at most; offsets count from the start of the context',
      });
    if (size !== null && end(f) > size)
      fail('FCC0404', path, `field ${f.name} ends at ${end(f)}, the context has ${size} bytes`, {
        help: 'make "size" the size of the C structure, or correct the field’s "offset" and "size"',
      });
  }
}

function assertHelpers(helpers: readonly string[], own: readonly HelperRow[], interrupt: boolean, fail: Fail): void {
  const known = new Map<string, HelperRow>([...HELPERS, ...own].map((h) => [h.name, h]));
  for (const [i, helper] of helpers.entries()) {
    const row = known.get(helper);
    if (!row)
      fail('FCC0406', ['helpers', i], `there is no helper ${helper}`, {
        help: 'fcc helpers lists all helpers; the firmware’s own are described by rows of "signatures"',
      });
    if (interrupt && row!.blocks)
      fail('FCC0413', ['helpers', i], `helper ${helper} may block, and the hook runs in interrupts`, {
        expected: 'helpers that do not wait: `fcc helpers` says which block',
        help: `leave ${helper} out, or "interrupt" if a thread runs the hook`,
      });
  }
  unique('helper', helpers, (i) => ['helpers', i], fail);
}
