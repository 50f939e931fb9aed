// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { ISA, type IsaRow } from '../../compiler/bpf/isa.js';
import { printInsn } from '../../compiler/bpf/print.js';
import { rawProgram } from '../../compiler/bpf/raw.js';

/** Bytes of a random instruction of a row, with every operand field anywhere in its range. */
const encoded = (row: IsaRow) =>
  fc
    .record({
      dst: fc.integer({ min: 0, max: 10 }),
      src: fc.integer({ min: 0, max: 10 }),
      off: fc.integer({ min: -0x8000, max: 0x7fff }),
      imm: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
      high: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
    })
    .map((v) => {
      const pick = (field: 'dst' | 'src' | 'off' | 'imm'): number => {
        const use = row[field];
        if (typeof use === 'object') return use.is;
        if (use === 'zero') return 0;
        return (use === 'write' || use === 'update') && v[field] === 10 ? 9 : v[field];
      };
      const view = new DataView(new ArrayBuffer(row.form.kind === 'lddw' ? 16 : 8));
      view.setUint8(0, row.opcode);
      view.setUint8(1, (pick('src') << 4) | pick('dst'));
      view.setInt16(2, pick('off'), true);
      view.setInt32(4, pick('imm'), true);
      if (row.form.kind === 'lddw') view.setInt32(12, v.high, true);
      return new Uint8Array(view.buffer);
    });

// Jumps need their target (oracle.test.ts has them); calls and code addresses need a second function (structure.test.ts).
const ELSEWHERE = new Set(['jump', 'branch', 'call', 'funcaddr']);
const ROWS = ISA.filter((r) => !ELSEWHERE.has(r.form.kind));

it('decoding, printing and assembling give the same bytes', () => {
  const exit = [0x95, 0, 0, 0, 0, 0, 0, 0];
  const insn = fc.constantFrom(...ROWS).chain(encoded);
  fc.assert(
    fc.property(fc.array(insn, { minLength: 1, maxLength: 8 }), (insns) => {
      const bytes = Uint8Array.from([...insns.flatMap((b) => [...b]), ...exit]);
      const fn = rawProgram(bytes, 'random').functions[0]!;
      expect(fn.insns.length).toBe(insns.length + 1);
      const own = assemble(fn.insns.map((i) => printInsn(i)).join('\n'));
      expect(own.functions[0]!.insns).toEqual(fn.insns);
      expect([...own.functions[0]!.bytes]).toEqual([...bytes]);
    }),
    { numRuns: 1000, seed: 11 },
  );
});
