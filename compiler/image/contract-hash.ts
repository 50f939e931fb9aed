// SPDX-License-Identifier: MIT
import { canonicalContract } from '../contract/canonical.js';
import type { Contract } from '../contract/types.js';
import { crc32Text } from './crc32.js';

/** The image header's `contract_hash`: CRC-32 of the contract's canonical JSON. */
export function contractHash(contract: Contract): number {
  return crc32Text(canonicalContract(contract));
}
