// SPDX-License-Identifier: MIT
import { z } from 'zod';

/** The --json documents that scripts rely on. Further keys may be there. */

const schemaVersion = z.literal(1);
const count = z.int().nonnegative();
const hex64 = z.string().regex(/^0x(0|[1-9a-f][0-9a-f]{0,15})$/);
const text = z.string().min(1);

export const RUN = z.object({
  schemaVersion,
  engine: z.enum(['interp', 'sim', 'qemu']),
  target: text.nullable(),
  board: text.nullable(),
  status: z.enum(['ok', 'trap']),
  r0: hex64,
  instructions: count.nullable(),
  trap: z
    .object({ code: count, site: count.nullable(), file: text.nullable(), line: count.positive().nullable() })
    .optional(),
});

export const CONFORM = z.object({
  schemaVersion,
  board: text.nullable(),
  total: count,
  passed: count,
  skipped: count,
  failed: z.array(z.object({ name: text, expected: text, got: text })),
});

export const COMPILE = z.object({
  schemaVersion,
  target: text,
  programs: z
    .array(
      z.object({
        name: text,
        ebpfInstructions: count.positive(),
        textBytes: count.positive(),
        stackBytes: count,
        guards: z.object({ accesses: count, proved: count, kept: count }),
        worstCase: count.positive().nullable(),
      }),
    )
    .min(1),
  imageBytes: count.positive(),
});

const problem = z.object({
  code: z.string().regex(/^FCC\d{4}$/),
  file: text.nullable(),
  line: count.positive().nullable(),
  instruction: count.nullable(),
  message: text,
  help: text.nullable(),
});

export const VERIFY = z.object({
  schemaVersion,
  programs: z
    .array(
      z.object({
        section: text,
        function: text,
        verdict: z.enum(['accepted', 'rejected']),
        errors: z.array(problem),
      }),
    )
    .min(1),
});

/** What `compile`, `run` and `disasm` answer where a program is rejected; raw programs have no section. */
export const REJECTED = z.object({
  schemaVersion,
  programs: z
    .array(z.object({ function: text, verdict: z.enum(['accepted', 'rejected']), errors: z.array(problem) }))
    .min(1),
});

/** What a command says that could not do its work. */
export const FAILURE = z.object({ schemaVersion, error: problem });

/** Reads standard output as exactly one document of a shape. */
export function document<T>(shape: z.ZodType<T>, out: string): T {
  return shape.parse(JSON.parse(out));
}
