// SPDX-License-Identifier: MIT
import { signatureText } from './signature-text.js';
import { TAG_PREFIX } from './tags.js';
import type { ContextField, Contract, RegionDecl, Rights } from './types.js';

/** The declaration tags that say what a contract says: what tags.ts reads. */

const tag = (key: string, ...parts: readonly (string | undefined)[]): string =>
  `${TAG_PREFIX}${key}=${parts.filter((p) => p !== undefined).join(',')}`;
const doc = (text: string | undefined): string | undefined => (text === undefined ? undefined : `doc=${text}`);
const range = ([least, most]: readonly [bigint, bigint]): string => `${least}..${most}`;

/** Tags of the context's structure, or of the function where there is none. */
export function wholeTags(contract: Contract): string[] {
  const { context, limits, result, signatures = [] } = contract;
  const tags = [
    tag('hook', contract.hook),
    tag('context', context.access, `align=${context.align}`, `size=${context.size ?? 'any'}`, doc(context.description)),
    ...contract.regions.map(regionTag),
  ];
  if (contract.description !== undefined) tags.push(tag('doc', contract.description));
  if (contract.helpers === null) tags.push(tag('helpers', '*'));
  else if (contract.helpers.length > 0) tags.push(tag('helpers', ...contract.helpers));
  for (const row of signatures) tags.push(tag('helper', signatureText(row)));
  if (result) tags.push(tag('result', result.range && range(result.range), doc(result.doc)));
  if (limits.stackBytes !== null || limits.instructions !== null) {
    const stack = limits.stackBytes === null ? undefined : `stack=${limits.stackBytes}`;
    tags.push(tag('limits', stack, limits.instructions === null ? undefined : `instructions=${limits.instructions}`));
  }
  if (contract.passLength !== (context.size === null))
    tags.push(tag('pass-length', contract.passLength ? 'yes' : 'no'));
  if (contract.interrupt) tags.push(tag('interrupt', 'yes'));
  return tags;
}

function regionTag(r: RegionDecl): string {
  const size = r.size === null ? [`min=${r.minSize}`, `max=${r.maxSize}`] : [`size=${r.size}`];
  return tag('region', r.name, r.access, ...size, `align=${r.align}`, doc(r.description));
}

/** Tags of the member `name` that a field is in C. */
export function fieldTags(field: ContextField, name: string, contextAccess: Rights): string[] {
  const tags = name === field.name ? [] : [tag('name', field.name)];
  if (field.kind === 'pointer') tags.push(tag('region', field.region));
  else if (field.kind === 'length')
    tags.push(tag('length', field.region, field.unit ? `unit=${field.unit}` : undefined));
  else {
    if (field.access !== contextAccess) tags.push(tag('access', field.access));
    if (field.range) tags.push(tag('range', range(field.range)));
  }
  if (field.description !== undefined) tags.push(tag('doc', field.description));
  return tags;
}
