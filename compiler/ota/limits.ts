// SPDX-License-Identifier: MIT

/** Limits of a device, as fcc_manifest.h and RIOT have them: bytes of the envelope, and of the URI with a zero. */
export const MANIFEST_MAX = 640;
export const URI_MAX = 128;

/** Longest thing that the host reads as CBOR: far above every device's limit, and little enough to be decoded whole. */
export const CBOR_MAX = 65536;

/** Nesting of arrays, maps and tags, and of byte strings that hold CBOR. A manifest has 5. */
export const DEPTH_MAX = 16;

/** Whether a file starts as a manifest does: a map of few keys, of which the first is 2, or tag 107 (keys.ts). */
export function startsManifest(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  return (first === 0xd8 && second === 107) || (first >= 0xa1 && first <= 0xb7 && second === 2);
}
