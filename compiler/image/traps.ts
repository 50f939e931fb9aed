// SPDX-License-Identifier: MIT

/** Why a container stopped. The code is what the runtime reports; one row each, also generated into the C header. */
export const TRAPS = {
  memory: { code: 1, doc: 'an access outside every region the container may reach, or without the right' },
  fuel: { code: 2, doc: 'the instruction budget ran out' },
  stack: { code: 3, doc: 'the stack granted by the host is too small' },
  helper: { code: 4, doc: 'a helper refused its arguments or is not allowed' },
  unreachable: { code: 5, doc: 'control reached a place the verifier had shown unreachable' },
  /** Not raised by images: the host caught a processor fault or stopped the container. */
  fault: { code: 6, doc: 'the processor reported a fault while the container ran' },
  killed: { code: 7, doc: 'the host stopped the container' },
} as const;

export type AnyTrapName = keyof typeof TRAPS;
