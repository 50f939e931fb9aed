// SPDX-License-Identifier: MIT
import type { Session } from '../../compiler/cli/session.js';

/** A session without terminal and input, and what was written to it. */
export function captured(): { readonly session: Session; readonly said: { out: string; err: string } } {
  const said = { out: '', err: '' };
  const session = {
    out: (t: string | Uint8Array) => {
      said.out += t;
    },
    err: (t: string) => {
      said.err += t;
    },
    terminal: false,
    stdin: () => new Uint8Array(),
  };
  return { session, said };
}
