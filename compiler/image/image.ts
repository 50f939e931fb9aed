// SPDX-License-Identifier: MIT
import type { Rights } from '../contract/types.js';
import type { Arch } from './fields.js';

export interface ImageEntry {
  /** Printable ASCII without spaces. An image keeps 23 bytes of it and the CRC-32 of the whole. */
  readonly name: string;
  /** Byte offset in text of the first instruction. */
  readonly offset: number;
  /** Native instructions of the longest run, or null: fuelled. */
  readonly worstCase: number | null;
  /** Bytes of native stack needed at most. */
  readonly stackLength: number;
}

export interface ImageRegion {
  readonly minLength: number;
  readonly maxLength: number;
  readonly rights: Rights;
  readonly align: 1 | 2 | 4 | 8;
}

/** What an image is made of. Lengths in bytes; the writer pads text, rodata and data with zeros to multiples of 8. */
export interface ImageParts {
  readonly arch: Arch;
  /** Core features that the text needs: bits of the target. */
  readonly features: number;
  /** CRC-32 of the canonical JSON of the contract. */
  readonly contractHash: number;
  readonly contextAlign: 1 | 2 | 4 | 8;
  /** Rights a searched access has on the context. */
  readonly contextRights: Rights;
  /** null: known at run time. */
  readonly contextLength: number | null;
  readonly entries: readonly ImageEntry[];
  /** Helper ids or INTRINSIC_BASE + row; import slot i of the instance is imports[i]. */
  readonly imports: readonly number[];
  /** Granted regions in the contract's order. */
  readonly regions: readonly ImageRegion[];
  readonly text: Uint8Array;
  readonly rodata: Uint8Array;
  readonly data: Uint8Array;
  /** Rounded up to multiples of 8 by the writer. */
  readonly bssLength: number;
  readonly frameLength: number;
  /** Offset in text of the trap table, and its number of 4-byte sites. */
  readonly trapTable: number;
  readonly trapCount: number;
}

/** A validated image. `text`, `rodata` and `data` are views into `bytes`. */
export interface Image extends ImageParts {
  readonly bytes: Uint8Array;
  readonly version: number;
  readonly checksum: number;
  /** Some entry has no worst case. */
  readonly fuelled: boolean;
  /** Largest of the entries'. */
  readonly stackLength: number;
  readonly worstCase: number | null;
  readonly entries: readonly (ImageEntry & { readonly nameHash: number })[];
  /** Byte offsets in the image. */
  readonly textOffset: number;
  readonly rodataOffset: number;
  readonly dataOffset: number;
  /** Bytes of instance (with its tables) and of writable data block that a loader must find. */
  readonly instanceLength: number;
  readonly blockLength: number;
}
