// SPDX-License-Identifier: MIT
import type { RunRequest } from '../../compiler/host/engine.js';
import type { Case } from './draft.js';
import { Random } from './random.js';

/**
 * `count` requests that fit a case's contract: its own, then others with other bytes, and with shorter context and regions where
 * the contract leaves their length open. A function of the case's seed.
 */
export function inputs({ seed, contract, request }: Case, count: number): RunRequest[] {
  const out = [request];
  const r = new Random(seed ^ 0x2545f491);
  const length = (now: number, least: number, open: boolean): number =>
    open && least < now && r.chance(30) ? r.between(least, now) : now;
  while (out.length < count) {
    const fixed = contract.context.fields.length > 0 || contract.context.size !== null;
    const context = request.context && r.bytes(length(request.context.length, 0, !fixed));
    const regions = new Map(
      contract.regions.map((decl) => {
        const now = request.regions.get(decl.name)?.length ?? decl.minSize;
        return [decl.name, r.bytes(length(now, decl.minSize, decl.size === null))];
      }),
    );
    out.push({ ...request, context, regions });
  }
  return out;
}
