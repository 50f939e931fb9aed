// SPDX-License-Identifier: MIT
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const HOUR = 3_600_000;

/**
 * The folder `key` of a cache, filled by `make` if it is not there yet: `key` names all that the contents depend on. Several processes
 * may do so at once, as each fills a folder of its own and renames it. What is older than an hour goes.
 */
export function madeOnce(cache: string, key: string, make: (folder: string) => void): string {
  const folder = join(cache, key);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    const old = join(cache, name);
    const made = statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > HOUR) rmSync(old, { recursive: true, force: true });
  }
  const scratch = mkdtempSync(join(cache, 'new-'));
  try {
    make(scratch);
    renameSync(scratch, folder);
  } catch (e) {
    rmSync(scratch, { recursive: true, force: true });
    // Another process may have been first.
    if (!existsSync(folder)) throw e;
  }
  return folder;
}
