// SPDX-License-Identifier: MIT
import type { ErrorCode } from '../errors/index.js';

/**
 * Why an image is refused, one row per reason. The reader throws `error`, fcc_check and fcc_validate return -(index + 1).
 * Rules that a device relies on (read.ts marks them) are the same in C, in the same order; a device meets the others when
 * it loads the image, by a row of LOAD_FAILURES, or not at all.
 */
export const REFUSALS = [
  { name: 'magic', error: 'FCC0601', doc: 'does not start with the magic number, or is shorter than a header' },
  { name: 'version', error: 'FCC0602', doc: 'another format version or header length' },
  { name: 'length', error: 'FCC0603', doc: 'the lengths in the header do not add up to the length of the image' },
  { name: 'checksum', error: 'FCC0604', doc: 'the checksum is wrong' },
  { name: 'arch', error: 'FCC0605', doc: 'unknown instruction set' },
  { name: 'header', error: 'FCC0606', doc: 'a header field has a value it cannot have' },
  { name: 'entry', error: 'FCC0607', doc: 'an entry point has a value it cannot have' },
  { name: 'import', error: 'FCC0608', doc: 'an import is neither a helper id nor an intrinsic' },
  { name: 'region', error: 'FCC0609', doc: 'a region row has a value it cannot have' },
] as const satisfies readonly { name: string; error: ErrorCode; doc: string }[];

export type RefusalName = (typeof REFUSALS)[number]['name'];

/** The other answers of the C loader, counted on behind REFUSALS. They concern one device and one run, not the image. */
export const LOAD_FAILURES = [
  { name: 'target', doc: 'the image is for another instruction set or needs a core feature that is absent' },
  { name: 'unaligned', doc: 'image or memory is not 8-aligned' },
  { name: 'memory', doc: 'the memory given is too small' },
  { name: 'stack', doc: 'the stack given is too small' },
  { name: 'helper', doc: 'an imported helper is unknown or not allowed; the id is reported' },
  { name: 'grant', doc: 'a region does not fit its row: count, length, alignment or rights' },
  { name: 'context', doc: 'the context does not fit: length or alignment' },
  { name: 'no_entry', doc: 'no entry of that name or number' },
  { name: 'text', doc: 'text of eBPF has an instruction it cannot have' },
  { name: 'contract', doc: 'the image was compiled against another contract than the hook has' },
  { name: 'rights', doc: 'the tenant may not install to this hook, or not with one of its regions' },
  { name: 'quota', doc: 'the tenant has used up its containers, memory or time' },
  { name: 'busy', doc: 'the container is running, or the hook takes no second one' },
  { name: 'stopped', doc: 'the container is stopped' },
  { name: 'port', doc: 'the operating system could not start a thread' },
] as const;

/** Why an update over the air is refused or given up, counted on behind LOAD_FAILURES. */
export const UPDATE_FAILURES = [
  { name: 'manifest', doc: 'the manifest is malformed, or asks for what this device does not implement' },
  { name: 'limit', doc: 'the manifest is longer, or names more or longer things, than this device takes' },
  { name: 'signature', doc: 'no key of this device made the signature of the manifest' },
  { name: 'manifest_digest', doc: 'the manifest is not the one that was signed' },
  { name: 'vendor', doc: 'the manifest is for devices of another vendor' },
  { name: 'class', doc: 'the manifest is for another class of devices' },
  { name: 'component', doc: 'this device has no place of the name that the manifest gives' },
  { name: 'tenant', doc: 'the key that signed belongs to another tenant than the place' },
  { name: 'key', doc: 'the key that signed may not install to this hook' },
  { name: 'sequence', doc: 'the sequence number is not above the highest that this place has taken' },
  { name: 'size', doc: 'the image is empty, or longer than its slot or than the manifest says' },
  { name: 'fetch', doc: 'manifest or image could not be fetched: no answer, or not the one expected' },
  { name: 'truncated', doc: 'the image ended before the length that the manifest gives' },
  { name: 'digest', doc: 'the image is not the one that the manifest describes' },
  { name: 'storage', doc: 'the storage failed, or did not keep what was written' },
  { name: 'trial', doc: 'the image trapped in its first runs, and the one before it runs again' },
] as const;

/** Everything that the C runtime answers, in the order of its numbers: row i is -(i + 1). */
export const STATUSES: readonly { readonly name: StatusName; readonly doc: string; readonly error?: ErrorCode }[] = [
  ...REFUSALS,
  ...LOAD_FAILURES,
  ...UPDATE_FAILURES,
];

export type StatusName =
  | RefusalName
  | (typeof LOAD_FAILURES)[number]['name']
  | (typeof UPDATE_FAILURES)[number]['name'];

/** The C runtime's number for a status. */
export function statusNumber(name: StatusName): number {
  return -1 - STATUSES.findIndex((r) => r.name === name);
}
