// SPDX-License-Identifier: MIT
import type { Contract } from '../contract/types.js';
import { contractHash } from './contract-hash.js';
import type { ImageParts } from './image.js';

/** What an image says of the contract it was compiled against. */
export function contractParts(
  contract: Contract,
): Pick<ImageParts, 'contractHash' | 'contextAlign' | 'contextLength' | 'regions'> {
  return {
    contractHash: contractHash(contract),
    contextAlign: contract.context.align,
    contextLength: contract.context.size,
    regions: contract.regions.map((r) => ({
      minLength: r.size ?? r.minSize,
      maxLength: r.size ?? r.maxSize,
      rights: r.access,
      align: r.align,
    })),
  };
}
