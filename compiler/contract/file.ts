// SPDX-License-Identifier: MIT
import type { HelperArg, HelperResult, HelperRow } from './helpers.js';
import type { ContextField, Contract, RegionDecl } from './types.js';

/** A contract as its file has it: `parseContract` of this as JSON gives the same contract. */
export function contractFile(contract: Contract): Record<string, unknown> {
  const { context, regions, signatures, result, hook, helpers, passLength, interrupt, limits } = contract;
  return {
    ...described(contract),
    hook,
    context: {
      ...described(context),
      size: context.size,
      access: context.access,
      align: context.align,
      fields: context.fields.map(fieldRow),
    },
    regions: regions.map(regionRow),
    helpers,
    ...(signatures ? { signatures: signatures.map(signatureRow) } : {}),
    ...(result ? { result: { doc: result.doc, ...ranged(result) } } : {}),
    passLength,
    ...(interrupt ? { interrupt } : {}),
    limits,
  };
}

type Row = Record<string, unknown>;

const described = ({ description }: { description?: string }): Row =>
  description === undefined ? {} : { description };

/** JSON's numbers are exact up to 2^53; larger ones are texts. */
const exact = (n: bigint): number | string =>
  BigInt.asIntN(53, n) === n ? Number(n) : n < 0n ? n.toString() : `0x${n.toString(16)}`;

const ranged = ({ range }: { range?: readonly [bigint, bigint] }): Row => (range ? { range: range.map(exact) } : {});

function fieldRow(field: ContextField): Row {
  const { kind: type, name, offset } = field;
  const head = { name, ...described(field), offset, type };
  switch (field.kind) {
    case 'scalar':
      return { ...head, size: field.size, access: field.access, ...ranged(field) };
    case 'pointer':
      return { ...head, region: field.region };
    case 'length':
      return { ...head, size: field.size, region: field.region, ...(field.unit ? { unit: field.unit } : {}) };
  }
}

function regionRow(region: RegionDecl): Row {
  const { name, access, size, minSize, maxSize, align } = region;
  return { name, ...described(region), access, size, ...(size === null ? { minSize, maxSize } : {}), align };
}

function signatureRow({ id, name, args, result, blocks, doc }: HelperRow): Row {
  const row = { id: `0x${id.toString(16)}`, name, args: args.map(plain), result: plain(result) };
  return { ...row, ...(blocks ? { blocks } : {}), doc };
}

function plain(part: HelperArg | HelperResult): Row {
  return 'range' in part ? { ...part, ...ranged(part) } : { ...part };
}
