// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemble } from '../../compiler/bpf/asm.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';

/** The images of runtime-c/test/update: `NAME.bin` for each of KINDS in its world.h. */

const contract = (hook: string, extra: object) =>
  parseContract(JSON.stringify({ hook, context: { size: 8, align: 8 }, ...extra }), hook);
const TEST = contract('fc/test', { helpers: null });
const OTHER = contract('fc/other', { helpers: ['store_local', 'fetch_local', 'now_ms'] });

/** Of 144 bytes, and 8 for each instruction more. */
const answers = (n: number, more: number): string => `r0 = ${n}\n${'r0 += 0\n'.repeat(more)}exit`;

const KINDS: Readonly<Record<string, string>> = {
  ANSWER_1: answers(1, 5),
  ANSWER_2: answers(2, 1),
  ANSWER_3: answers(3, 13),
  ANSWER_4: answers(4, 2),
  ANSWER_5: answers(5, 18),
  FACTORY: answers(100, 1),
  OTHER_HOOK: answers(7, 3),
  TRAPS: 'r1 = 0\nr0 = *(u8 *)(r1 + 0)\nexit',
  /** In its third run. */
  TRAPS_LATE: `
.bss counter 8
entry main:
r1 = counter ll
r2 = *(u64 *)(r1 + 0)
r2 += 1
*(u64 *)(r1 + 0) = r2
r0 = 8
if r2 != 3 goto end
r3 = 0
r0 = *(u8 *)(r3 + 0)
end:
exit`,
  SPINS: 'again:\nr0 += 1\ngoto again',
  /** Its helper is the test's. */
  PROBES: 'call 0x20\nexit',
  /** Counts in its own row of the store. */
  KEEPS: `
r1 = 1
r2 = r10
r2 += -8
call 0x12
r6 = *(u32 *)(r10 - 8)
r6 += 1
r1 = 1
r2 = r6
call 0x10
r0 = r6
exit`,
  /** More memory than a place has. */
  LARGE: '.bss large 8192\nentry main:\nr0 = 0\nexit',
  /** 512 bytes, which is all of a slot, and 8 more. */
  FULL: answers(6, 46),
  LONG: answers(6, 47),
};

export function writeUpdateImages(folder: string): void {
  for (const [name, source] of Object.entries(KINDS))
    writeFileSync(
      join(folder, `${name}.bin`),
      ebpfImage(assemble(source, name), { contract: name === 'OTHER_HOOK' ? OTHER : TEST }),
    );
}
