// SPDX-License-Identifier: MIT
import { z } from 'zod';
import { OWN_IDS } from './helpers.js';
import { MAX_LENGTH } from './types.js';

/** Regions the image format can name. */
const MAX_REGIONS = 32;
/** Bytes per unit of a length field. */
export const MAX_UNIT = 65536;

const name = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/, 'a name of letters, digits, "_", "." and "-"')
  .meta({ description: 'Letters, digits, "_", "." and "-", not starting with a digit.' });
const cName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'a name of letters, digits and "_"')
  .meta({ description: 'Letters, digits and "_", not starting with a digit.' });
const length = z.int().min(0).max(MAX_LENGTH);
const rights = z.enum(['r', 'rw']).meta({ description: 'What the container may do with it: read, or read and write.' });
const align = z
  .union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)], 'expected 1, 2, 4 or 8')
  .meta({ description: 'Alignment of the address that the hook promises.' });
/** JSON numbers are exact below 2^53; larger bounds are written as strings, decimal or 0x. */
const UNSIGNED = 'expected an unsigned number, decimal or as "0x…"';
const WHOLE = 'expected a whole number, decimal or as "0x…"';
const unsigned = z.union([z.int().min(0), z.string().regex(/^(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$/, UNSIGNED)], UNSIGNED);
const signed = z.union([z.int(), z.string().regex(/^(0x[0-9a-fA-F]{1,16}|-?[0-9]{1,20})$/, WHOLE)], WHOLE);
const unsignedRange = z.tuple([unsigned, unsigned]).meta({ description: 'Smallest and largest value, unsigned.' });
const description = z.string().meta({ description: 'For readers, and for the comments of the generated C header.' });

const field = z.discriminatedUnion('type', [
  z.strictObject({
    name,
    description: description.optional(),
    offset: length,
    type: z.literal('scalar').meta({ description: 'Plain data.' }),
    size: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)], 'expected 1, 2, 4 or 8'),
    access: rights.optional(),
    range: unsignedRange.optional(),
  }),
  z.strictObject({
    name,
    description: description.optional(),
    offset: length.meta({ description: 'A multiple of 8.' }),
    type: z
      .literal('pointer')
      .meta({ description: 'A 64-bit slot that holds the address of a region. Never writable.' }),
    size: z.int().optional().meta({ description: '8, if given.' }),
    access: rights.optional(),
    region: z.string().meta({ description: 'Name of a row of "regions".' }),
  }),
  z.strictObject({
    name,
    description: description.optional(),
    offset: length,
    type: z
      .literal('length')
      .meta({ description: 'The length of a region, in units of "unit" bytes. Never writable.' }),
    size: z.union([z.literal(2), z.literal(4), z.literal(8)], 'expected 2, 4 or 8').default(4),
    access: rights.optional(),
    region: z.string().meta({ description: 'Name of a row of "regions".' }),
    unit: z
      .int()
      .min(1)
      .max(MAX_UNIT)
      .default(1)
      .meta({ description: 'Bytes per unit counted, the size of an array element; the length is rounded down.' }),
  }),
]);

const region = z.strictObject({
  name,
  description: description.optional(),
  access: rights.default('r'),
  size: length.nullable().default(null).meta({ description: 'Length in bytes; null: known only when a run starts.' }),
  minSize: length.optional(),
  maxSize: length.optional(),
  align: align.default(1),
});

const argRights = z.enum(['r', 'w', 'rw']).meta({ description: 'What the helper does with the bytes.' });
const argument = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(['u32', 'u64']).meta({ description: 'A number: the low 32 bits, or all 64.' }),
    name: cName,
    range: unsignedRange.optional(),
  }),
  z.strictObject({
    kind: z.literal('context').meta({ description: 'The context, as the container got it.' }),
    name: cName,
  }),
  z.strictObject({
    kind: z.literal('fixed').meta({ description: 'Pointer to "size" bytes.' }),
    name: cName,
    access: argRights,
    size: z.int().min(1).max(MAX_LENGTH),
    certain: z.boolean().optional().meta({ description: 'All bytes are written on every call, whatever is returned.' }),
  }),
  z.strictObject({
    kind: z.literal('buffer').meta({ description: 'Pointer to as many bytes as another argument says.' }),
    name: cName,
    access: argRights,
    length: z.int().min(0).max(4).meta({ description: 'Number of that argument, counted from 0; a u32.' }),
  }),
  z.strictObject({
    kind: z.literal('cstring').meta({ description: 'A string constant of the program, with its NUL.' }),
    name: cName,
  }),
]);

const result = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('void') }),
  z.strictObject({ kind: z.enum(['u32', 'u64']), range: unsignedRange.optional() }),
  z.strictObject({
    kind: z.literal('i32'),
    range: z.tuple([signed, signed]).optional().meta({ description: 'Smallest and largest value, signed.' }),
  }),
  z.strictObject({
    kind: z.literal('region').meta({ description: 'The address of a region.' }),
    region: z.string().meta({ description: 'Name of a row of "regions".' }),
    nullable: z.boolean().optional().meta({ description: 'Or 0, which the program has to rule out.' }),
  }),
]);

const signature = z.strictObject({
  // Bounds are for editors; signatures.ts checks the number whatever its form.
  id: z
    .union(
      [z.int().meta({ minimum: OWN_IDS[0], maximum: OWN_IDS[1] }), z.string().regex(/^0x[0-9a-fA-F]{1,8}$/, WHOLE)],
      WHOLE,
    )
    .meta({ description: 'Number that the program calls: 0x200 to 0x7ffffffe, decimal or as "0x…".' }),
  name: cName,
  args: z.array(argument).max(5, 'at most 5 arguments').default([]),
  result: result.default({ kind: 'void' }),
  blocks: z.boolean().optional().meta({
    description: 'Whether it may wait for time, a lock or a device: not to be allowed where "interrupt" is true.',
  }),
  doc: z.string().default('').meta({ description: 'One line: what it does.' }),
});

/** The file as people write it. `$schema` and `description` are theirs. */
export const schema = z
  .strictObject({
    $schema: z.string().optional(),
    description: description.optional(),
    hook: z
      .string()
      .regex(/^[\x21-\x7e]{1,63}$/, 'up to 63 printable ASCII characters without spaces')
      .meta({ description: 'The hook’s name, for example "fc/timer".' }),
    context: z
      .strictObject({
        description: description.optional(),
        size: length
          .nullable()
          .default(null)
          .meta({ description: 'Length in bytes; null: known only when a run starts.' }),
        access: rights.default('rw'),
        align: align.default(1),
        fields: z.array(field).default([]),
      })
      .prefault({})
      .meta({ description: 'What r1 points at. Bytes that no field covers have the rights of "access".' }),
    regions: z
      .array(region)
      .max(MAX_REGIONS)
      .default([])
      .meta({ description: 'Memory granted besides the context, reached through pointer fields and helpers.' }),
    helpers: z
      .array(z.string())
      .nullable()
      .default([])
      .meta({ description: 'Helpers that may be called, of `fcc helpers` or of "signatures"; null: all of them.' }),
    signatures: z
      .array(signature)
      .optional()
      .meta({ description: 'The firmware’s own helpers. Those that "helpers" names (or all, if null) may be called.' }),
    result: z
      .strictObject({
        doc: z.string().meta({ description: 'What the hook makes of the program’s result.' }),
        range: unsignedRange.optional(),
      })
      .optional()
      .meta({ description: 'Meaning of the program’s result, and what the hook takes.' }),
    passLength: z
      .boolean()
      .optional()
      .meta({ description: 'Whether r2 holds the context’s length; if left out: whether "size" is null.' }),
    interrupt: z.boolean().optional().meta({
      description: 'Whether the hook runs its containers in interrupts: no helper that blocks may be called.',
    }),
    limits: z
      .strictObject({
        stackBytes: z.int().min(0).nullable().default(null),
        instructions: z.int().min(1).nullable().default(null),
      })
      .prefault({})
      .meta({ description: 'What a container may need at most; null: no limit.' }),
  })
  .meta({ title: 'fcc hook contract', description: 'What a hook of the firmware gives a container. Sizes in bytes.' });

export type Raw = z.infer<typeof schema>;
export type RawField = Raw['context']['fields'][number];
export type RawSignature = NonNullable<Raw['signatures']>[number];

/** JSON Schema (draft 7, which editors know best) of a contract file; `schema/contract.schema.json` is this, indented by two. */
export function contractJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) };
}
