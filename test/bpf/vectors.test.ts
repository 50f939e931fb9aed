// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rawProgram } from '../../compiler/bpf/raw.js';
import { CompileError } from '../../compiler/errors/index.js';

/** The public RFC 9669 suite lies beside the project; without it these tests say so and the project's own vectors remain. */
const FOLDER = resolve(import.meta.dirname, '../../../shared/conformance');
const NEGATIVE = resolve(FOLDER, 'bpf_conformance_negative.jsonl');
const POSITIVE = resolve(FOLDER, 'bpf_conformance.jsonl');

function vectors(file: string): { name: string; program_hex: string }[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l));
}

describe.skipIf(!existsSync(POSITIVE))(`public conformance vectors (${POSITIVE})`, () => {
  it('decodes all 313', () => {
    const all = vectors(POSITIVE);
    expect(all.length).toBe(313);
    for (const v of all) {
      const bytes = Buffer.from(v.program_hex, 'hex');
      const program = rawProgram(bytes, v.name);
      expect(program.entries, v.name).toEqual([0]);
      expect(
        program.functions.reduce((n, f) => n + f.slots, 0),
        v.name,
      ).toBe(bytes.length / 8);
    }
  });

  it('refuses all 45 with a non-zero unused field, naming it', () => {
    const all = vectors(NEGATIVE);
    expect(all.length).toBe(45);
    for (const v of all) {
      let error: unknown;
      try {
        rawProgram(Buffer.from(v.program_hex, 'hex'), v.name);
      } catch (e) {
        error = e;
      }
      expect(error, v.name).toBeInstanceOf(CompileError);
      const e = error as CompileError;
      // bpf_conformance's names end in the field: "unused-add64_imm-offset.data".
      const field = /-(dst|src|offset|imm)\.data$/.exec(v.name)![1]!;
      expect(e.details.at?.instruction, v.name).toBe(0);
      expect(e.code, v.name).toBe('FCC0303');
      expect(e.message, v.name).toContain(`field ${field} `);
    }
  });
});
