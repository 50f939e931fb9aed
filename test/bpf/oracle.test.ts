// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { ISA, rowOf } from '../../compiler/bpf/isa.js';
import { printInsn } from '../../compiler/bpf/print.js';
import { NO_GLOBALS, rawProgram } from '../../compiler/bpf/raw.js';
import { CompileError } from '../../compiler/errors/index.js';

/** Lines "bytes<TAB>instruction" of llvm-mc 19; regen-oracle.sh makes them. */
const ORACLE = readFileSync(join(import.meta.dirname, 'oracle.txt'), 'utf8')
  .trim()
  .split('\n')
  .map((l) => l.split('\t') as [string, string])
  .map(([hex, text]) => ({ text, bytes: Uint8Array.from(hex.match(/../g)!, (b) => Number.parseInt(b, 16)) }));

const fieldsOf = (b: Uint8Array) => ({
  opcode: b[0]!,
  dst: b[1]! & 15,
  src: b[1]! >> 4,
  off: new DataView(b.buffer, b.byteOffset).getInt16(2, true),
  imm: new DataView(b.buffer, b.byteOffset).getInt32(4, true),
});

const EXIT = Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0);
const JUMP = /goto/;
/** Room for every 16-bit distance: the tested jumps stand between two runs of exits. */
const ROOM = 0x8000;

describe('every instruction, as LLVM encodes it', () => {
  it('covers every row of the table but the address of a function, which LLVM has no syntax for, and local calls', () => {
    const seen = new Set(ORACLE.map((o) => rowOf(fieldsOf(o.bytes))));
    expect(ISA.filter((r) => !seen.has(r)).map((r) => r.name)).toEqual(['call local', 'lddw code address']);
    expect(ORACLE.length).toBeGreaterThan(280);
  });

  it.each(ORACLE.filter((o) => !JUMP.test(o.text)))('$text', ({ text, bytes }) => {
    const own = assemble(`${text}\nexit`).functions[0]!;
    expect([...own.bytes]).toEqual([...bytes, ...EXIT]);
    const decoded = rawProgram(new Uint8Array([...bytes, ...EXIT]), 'oracle').functions[0]!.insns[0]!;
    expect(decoded).toEqual(own.insns[0]);
    const again = assemble(`${printInsn(decoded)}\nexit`).functions[0]!;
    expect([...again.bytes]).toEqual([...bytes, ...EXIT]);
  });

  it('jumps, among them the farthest', () => {
    const jumps = ORACLE.filter((o) => JUMP.test(o.text));
    expect(jumps.length).toBeGreaterThan(60);
    const exits = 'exit\n'.repeat(ROOM);
    const own = assemble(`${exits}${jumps.map((j) => j.text).join('\n')}\n${exits}exit`).functions[0]!;
    const decoded = rawProgram(own.bytes, 'jumps').functions[0]!;
    for (const [i, { text, bytes }] of jumps.entries()) {
      const slot = ROOM + i;
      expect([...own.bytes.subarray(slot * 8, slot * 8 + 8)], text).toEqual([...bytes]);
      const insn = decoded.at[slot]!;
      expect(insn, text).toEqual(own.at[slot]);
      expect(printInsn(insn), text).toBe(text.replace('gotol', 'goto'));
    }
  });

  it('gotol counts 32 bits', () => {
    // 06: JMP32 | JA; distance 0x10000 in the immediate.
    const code = new Uint8Array(0x10002 * 8);
    for (let i = 0; i < code.length; i += 8) code.set(EXIT, i);
    code.set([0x06, 0, 0, 0, 0, 0, 1, 0]);
    const program = rawProgram(code, 'far');
    expect(program.functions[0]!.insns[0]).toEqual({ slot: 0, kind: 'jump', target: 0x10001 });
    const text = `goto +65536\n${'exit\n'.repeat(0x10001)}`;
    expect([...assemble(text).functions[0]!.bytes.subarray(0, 8)]).toEqual([0x06, 0, 0, 0, 0, 0, 1, 0]);
  });

  it.each([
    ['r0 += 2147483648', 'number'],
    ['r0 += -2147483649', 'number'],
    ['w0 += 4294967296', 'number'],
    ['r0 = *(u8 *)(r1 + 32768)', 'offset'],
    ['r0 = *(u8 *)(r1 - 32769)', 'offset'],
    ['if r0 == 0 goto +32768', 'offset'],
    ['gotol +2147483648', 'number'],
    ['r0 = 0x10000000000000000 ll', '64 bits'],
    ['r0 = -9223372036854775809 ll', '64 bits'],
    ['call 2147483648', 'number'],
    ['*(u64 *)(r1 + 0) = 2147483648', 'number'],
  ])('one past the edge is refused: %s', (text, what) => {
    expect(() => assemble(`${text}\nexit`)).toThrow(CompileError);
    expect(() => assemble(`${text}\nexit`)).toThrow(what);
  });

  it('leaves no globals in a raw program', () => {
    expect(rawProgram(EXIT, 'x').globals).toEqual(NO_GLOBALS);
  });
});
