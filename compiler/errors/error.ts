// SPDX-License-Identifier: MIT
import { type ErrorCode, errorRow, type Stage } from './codes.js';

/** Where a diagnostic points. All parts are optional; printers show what is there. */
export interface Place {
  /** Input file as the user named it, or source file from line info. */
  readonly file?: string;
  /** 1-based source line and column. */
  readonly line?: number;
  readonly column?: number;
  /** ELF section, function and slot index of the eBPF instruction (8-byte units from the function's start). */
  readonly section?: string;
  readonly function?: string;
  readonly instruction?: number;
  /** Byte offset in the file or section. */
  readonly offset?: number;
}

export interface ErrorDetails {
  readonly at?: Place;
  /** What would have been accepted, and what was found, as short phrases. */
  readonly expected?: string;
  readonly got?: string;
  /** The values known at that place, in one line. */
  readonly reason?: string;
  /** The way that leads there, one step an entry. */
  readonly path?: readonly string[];
  /** What the user can do. */
  readonly help?: string;
  /** Source text of the line that `at` names, with the part to underline, when the object carries it. */
  readonly snippet?: { readonly text: string; readonly note?: string };
}

/**
 * A mistake in the user's input. `code` is stable and documented by `fcc explain`; everything else that is thrown is a
 * bug of ours and ends with exit code 70.
 */
export class CompileError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = 'CompileError';
    this.code = code;
    this.details = details;
  }

  get stage(): Stage {
    return errorRow(this.code).stage;
  }

  /** Process exit code of this error: 1 rejected, 2 usage, 3 malformed, 4 unsupported by the target, 5 device. */
  get exitCode(): number {
    return errorRow(this.code).exit;
  }
}
