// SPDX-License-Identifier: MIT
// npm run gen: writes the C headers that the compiler's tables describe into runtime-c/include. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { generateHeaders } from '../dist/compiler/image/cheader.js';

for (const [name, text] of Object.entries(generateHeaders())) {
  const path = new URL(`../runtime-c/include/${name}`, import.meta.url);
  const same = readFileSync(path, 'utf8') === text;
  if (!same) writeFileSync(path, text);
  process.stdout.write(`${name}: ${same ? 'up to date' : 'written'}\n`);
}
