// SPDX-License-Identifier: MIT
import { z } from 'zod';
import { CompileError, type ErrorCode, type ErrorDetails } from '../errors/index.js';
import { HELPERS } from './helpers.js';
import { type ContextField, type Contract, fieldSize, type RegionDecl } from './types.js';

/** Longest context or region: image/fields.ts bounds every length of an image by the same number. */
const MAX_LENGTH = 0x01000000;
/** Regions the image format can name. */
const MAX_REGIONS = 32;

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/, 'a name of letters, digits, "_", "." and "-"');
const length = z.int().min(0).max(MAX_LENGTH);
const rights = z.enum(['r', 'rw']);
const align = z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]);
/** JSON numbers are exact below 2^53; larger bounds are written as strings, decimal or 0x. */
const unsigned = z.union([
  z.int().min(0),
  z.string().regex(/^(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$/, 'an unsigned number, decimal or 0x'),
]);

const field = z.discriminatedUnion('type', [
  z.strictObject({
    name,
    offset: length,
    type: z.literal('scalar'),
    size: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]),
    access: rights.optional(),
    range: z.tuple([unsigned, unsigned]).optional(),
  }),
  z.strictObject({
    name,
    offset: length,
    type: z.literal('pointer'),
    size: z.int().optional(),
    access: rights.optional(),
    region: z.string(),
  }),
  z.strictObject({
    name,
    offset: length,
    type: z.literal('length'),
    size: z.union([z.literal(2), z.literal(4), z.literal(8)]).default(4),
    access: rights.optional(),
    region: z.string(),
  }),
]);

const region = z.strictObject({
  name,
  access: rights.default('r'),
  size: length.nullable().default(null),
  minSize: length.optional(),
  maxSize: length.optional(),
  align: align.default(1),
});

/** The file as people write it. `$schema` and `description` are theirs. */
const schema = z.strictObject({
  $schema: z.string().optional(),
  description: z.string().optional(),
  hook: z.string().regex(/^[\x21-\x7e]{1,63}$/, 'up to 63 printable ASCII characters without spaces'),
  context: z
    .strictObject({
      size: length.nullable().default(null),
      access: rights.default('rw'),
      align: align.default(1),
      fields: z.array(field).default([]),
    })
    .prefault({}),
  regions: z.array(region).max(MAX_REGIONS).default([]),
  helpers: z.array(z.string()).nullable().default([]),
  passLength: z.boolean().optional(),
  limits: z
    .strictObject({
      stackBytes: z.int().min(0).nullable().default(null),
      instructions: z.int().min(1).nullable().default(null),
    })
    .prefault({}),
});

type Raw = z.infer<typeof schema>;
type RawField = Raw['context']['fields'][number];
type Fail = (code: ErrorCode, message: string, details?: ErrorDetails) => never;

/**
 * Reads a hook contract. Left out: no regions, no helpers (`null` allows all), a writable context of unknown size without
 * fields; `passLength` then defaults to whether the size is unknown. `fileName` only serves messages.
 * @throws CompileError FCC0401 to FCC0410
 */
export function parseContract(json: string, fileName: string): Contract {
  const fail: Fail = (code, message, details = {}) => {
    throw new CompileError(code, message, { ...details, at: { file: fileName, ...details.at } });
  };
  const parsed = schema.safeParse(readJson(json, fail));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    fail('FCC0401', `contract: ${pathText(issue.path)}: ${issue.message}`, {
      help: 'fcc explain FCC0401 shows the form of a contract',
    });
  }
  return complete(parsed.data!, fail);
}

function readJson(text: string, fail: Fail): unknown {
  try {
    return JSON.parse(text);
  } catch (e) {
    const message = e instanceof Error ? e.message : String(e);
    const position = /position (\d+)/.exec(message)?.[1];
    const offset = position === undefined ? text.length : Number(position);
    const before = text.slice(0, offset).split('\n');
    fail('FCC0402', 'contract is not valid JSON', {
      at: { line: before.length, column: before.at(-1)!.length + 1 },
      got: text.slice(offset, offset + 10).trim() || 'end of the file',
      snippet: { text: text.split('\n')[before.length - 1] ?? '' },
    });
  }
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'top level';
  return path.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i === 0 ? '' : '.'}${String(p)}`)).join('');
}

function complete(raw: Raw, fail: Fail): Contract {
  const regions = raw.regions.map((r) => completeRegion(r, fail));
  unique(
    'region',
    regions.map((r) => r.name),
    fail,
  );
  unique(
    'context field',
    raw.context.fields.map((f) => f.name),
    fail,
  );
  const fields = raw.context.fields
    .map((f) => completeField(f, raw, regions, fail))
    .sort((a, b) => a.offset - b.offset);
  assertLayout(fields, raw.context.size, fail);
  if (raw.helpers) assertHelpers(raw.helpers, fail);
  const { size, access, align } = raw.context;
  return {
    hook: raw.hook,
    context: { size, access, align, fields },
    regions,
    helpers: raw.helpers,
    passLength: raw.passLength ?? size === null,
    limits: raw.limits,
  };
}

function unique(what: string, names: readonly string[], fail: Fail): void {
  const twice = names.find((n, i) => names.indexOf(n) !== i);
  if (twice !== undefined) fail('FCC0408', `contract: two ${what}s are named ${twice}`);
}

function completeRegion(r: Raw['regions'][number], fail: Fail): RegionDecl {
  const { name, access, size, align } = r;
  if (size !== null) {
    if ((r.minSize ?? size) !== size || (r.maxSize ?? size) !== size)
      fail('FCC0409', `contract: region ${name} has a fixed size and other bounds`, { expected: '"size" alone' });
    return { name, access, size, minSize: size, maxSize: size, align };
  }
  const minSize = r.minSize ?? 0;
  const maxSize = r.maxSize ?? MAX_LENGTH;
  if (minSize > maxSize) fail('FCC0409', `contract: region ${name} has minSize ${minSize} above maxSize ${maxSize}`);
  return { name, access, size, minSize, maxSize, align };
}

function completeField(f: RawField, raw: Raw, regions: readonly RegionDecl[], fail: Fail): ContextField {
  const { name, offset } = f;
  if (f.type === 'scalar') {
    const access = f.access ?? raw.context.access;
    const range = f.range && ([BigInt(f.range[0]), BigInt(f.range[1])] as const);
    if (range && (range[0] > range[1] || range[1] >> BigInt(8 * f.size) !== 0n))
      fail('FCC0410', `contract: range of field ${name} is [${range[0]}, ${range[1]}]`, {
        expected: `ascending, within ${8 * f.size} bits`,
      });
    if (range && access !== 'r')
      fail('FCC0410', `contract: field ${name} has a range and is writable`, { expected: '"access": "r"' });
    return { kind: 'scalar', name, offset, size: f.size, access, ...(range ? { range } : {}) };
  }
  const region = regions.find((r) => r.name === f.region);
  if (!region)
    fail('FCC0405', `contract: field ${name} belongs to region ${f.region}, which is not declared`, {
      expected: regions.length > 0 ? `one of ${regions.map((r) => r.name).join(', ')}` : 'a row in "regions"',
    });
  if (f.access === 'rw')
    fail('FCC0407', `contract: ${f.type} field ${name} is writable`, {
      expected: '"access": "r"',
      help: 'what a container can write, the hook cannot vouch for; use a scalar field for a plain number',
    });
  if (f.type === 'pointer') {
    if ((f.size ?? 8) !== 8 || offset % 8 !== 0)
      fail('FCC0407', `contract: pointer field ${name} has ${f.size ?? 8} bytes at offset ${offset}`, {
        expected: '8 bytes at a multiple of 8',
      });
    return { kind: 'pointer', name, offset, region: f.region };
  }
  if (BigInt(region!.maxSize) >> BigInt(8 * f.size) !== 0n)
    fail('FCC0409', `contract: length field ${name} of ${f.size} bytes cannot hold the length of ${f.region}`, {
      expected: `maxSize below ${1n << BigInt(8 * f.size)}`,
    });
  return { kind: 'length', name, offset, size: f.size, region: f.region };
}

/** `fields` ascend by offset. */
function assertLayout(fields: readonly ContextField[], size: number | null, fail: Fail): void {
  const end = (f: ContextField): number => f.offset + fieldSize(f);
  for (const [i, f] of fields.entries()) {
    const next = fields[i + 1];
    if (next && next.offset < end(f))
      fail('FCC0403', `contract: fields ${f.name} and ${next.name} overlap at offset ${next.offset}`, {
        got: `${f.name} is [${f.offset}, ${end(f) - 1}], ${next.name} is [${next.offset}, ${end(next) - 1}]`,
      });
    if (size !== null && end(f) > size)
      fail('FCC0404', `contract: field ${f.name} ends at ${end(f)}, the context has ${size} bytes`);
  }
}

function assertHelpers(helpers: readonly string[], fail: Fail): void {
  const known: ReadonlySet<string> = new Set(HELPERS.map((h) => h.name));
  const unknown = helpers.find((h) => !known.has(h));
  if (unknown !== undefined)
    fail('FCC0406', `contract: there is no helper ${unknown}`, { help: 'fcc helpers lists all helpers' });
  unique('helper', helpers, fail);
}

/**
 * The contract as one line of JSON with sorted keys: equal for contracts that mean the same, whatever the order and
 * defaults in their files. For hashing.
 */
export function canonicalContract(contract: Contract): string {
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const fields = [...contract.context.fields].sort((a, b) => a.offset - b.offset || byName(a, b));
  const helpers = contract.helpers && [...contract.helpers].sort();
  return stable({ ...contract, context: { ...contract.context, fields }, helpers });
}

function stable(value: unknown): string {
  if (typeof value === 'bigint') return JSON.stringify(value.toString());
  if (Array.isArray(value)) return `[${value.map(stable).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${entries
    .sort((a, b) => (a[0] < b[0] ? -1 : 1))
    .map(([k, v]) => `${JSON.stringify(k)}:${stable(v)}`)
    .join(',')}}`;
}
