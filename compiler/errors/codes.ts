// SPDX-License-Identifier: MIT
import { BPF_ERRORS } from './bpf.js';
import { CODEGEN_ERRORS } from './codegen.js';
import { CONTRACT_ERRORS } from './contract.js';
import { ELF_ERRORS } from './elf.js';
import { IMAGE_ERRORS } from './image.js';
import { OTA_ERRORS } from './ota.js';
import type { ErrorRow } from './row.js';
import { RUN_ERRORS } from './run.js';
import { USAGE_ERRORS } from './usage.js';
import { VERIFIER_ERRORS } from './verifier.js';

export type { ErrorRow, Stage } from './row.js';

/**
 * Every error code of the compiler. FCC00xx usage, 01xx verifier, 02xx ELF object, 03xx eBPF decoding and structure,
 * 04xx contract, 05xx code generation and target limits, 06xx image, 07xx running, 08xx emulators, devices
 * and updates.
 */
export const ERRORS = {
  ...USAGE_ERRORS,
  ...VERIFIER_ERRORS,
  ...ELF_ERRORS,
  ...BPF_ERRORS,
  ...CONTRACT_ERRORS,
  ...CODEGEN_ERRORS,
  ...IMAGE_ERRORS,
  ...RUN_ERRORS,
  ...OTA_ERRORS,
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** The row of a known code. */
export function errorRow(code: ErrorCode): ErrorRow {
  return ERRORS[code];
}
