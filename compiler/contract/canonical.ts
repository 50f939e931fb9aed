// SPDX-License-Identifier: MIT
import type { HelperRow } from './helpers.js';
import type { Contract } from './types.js';

/**
 * The contract as one line of JSON with sorted keys: equal for contracts that mean the same, whatever the order and
 * defaults in their files, and whatever their texts for readers say. For hashing.
 */
export function canonicalContract(contract: Contract): string {
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const fields = [...contract.context.fields]
    .sort((a, b) => a.offset - b.offset || byName(a, b))
    .map((f) => (f.kind === 'length' && f.unit === 1 ? { ...f, unit: undefined } : f));
  const helpers = contract.helpers && [...contract.helpers].sort();
  const signatures = contract.signatures?.length
    ? contract.signatures.map(silent).sort((a, b) => a.id - b.id)
    : undefined;
  const result = contract.result?.range && { range: contract.result.range };
  return stable({ ...contract, context: { ...contract.context, fields }, helpers, signatures, result });
}

const silent = (row: HelperRow): Omit<HelperRow, 'doc'> & { doc?: undefined } => ({ ...row, doc: undefined });

function stable(value: unknown): string {
  if (typeof value === 'bigint') return JSON.stringify(value.toString());
  if (Array.isArray(value)) return `[${value.map(stable).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([k, v]) => v !== undefined && k !== 'description');
  return `{${entries
    .sort((a, b) => (a[0] < b[0] ? -1 : 1))
    .map(([k, v]) => `${JSON.stringify(k)}:${stable(v)}`)
    .join(',')}}`;
}
