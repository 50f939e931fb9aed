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

/** The C loader's number for a refusal or failure. */
export function statusNumber(name: RefusalName | (typeof LOAD_FAILURES)[number]['name']): number {
  const all: readonly { name: string }[] = [...REFUSALS, ...LOAD_FAILURES];
  return -1 - all.findIndex((r) => r.name === name);
}
