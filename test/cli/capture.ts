// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../compiler/cli/main.js';

export interface Captured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one fcc command line in this process; standard input is `stdin`. */
export async function fcc(args: readonly string[], stdin: Uint8Array = new Uint8Array()): Promise<Captured> {
  const out: Buffer[] = [];
  let err = '';
  const code = await main(args, {
    out: (t) => {
      out.push(Buffer.from(t));
    },
    err: (t) => {
      err += t;
    },
    terminal: false,
    stdin: () => stdin,
  });
  return { code, out: Buffer.concat(out).toString('utf8'), err };
}

/** Calls `body` with an empty folder that is gone afterwards. */
export async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'fcc-test-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
