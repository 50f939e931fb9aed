// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { printProgram } from '../../compiler/bpf/print.js';
import { rawProgram } from '../../compiler/bpf/raw.js';
import { CompileError } from '../../compiler/errors/index.js';

const raw = (...slots: string[]) =>
  rawProgram(Uint8Array.from(Buffer.from(slots.join('').replace(/\s/g, ''), 'hex')), 'raw');

function refusal(run: () => unknown): CompileError {
  try {
    run();
  } catch (e) {
    if (e instanceof CompileError) return e;
    throw e;
  }
  throw new Error('was accepted');
}

const EXIT = '95 00 0000 00000000';
const LDDW = '18 01 0000 01000000';
const HIGH = '00 00 0000 02000000';

describe('structural refusals', () => {
  it.each([
    ['unknown opcode', 'FCC0301', 0, ['ff 00 0000 00000000', EXIT]],
    ['signed load of 8 bytes', 'FCC0301', 0, ['99 10 0000 00000000', EXIT]],
    ['atomic on a byte', 'FCC0301', 0, ['d3 10 0000 00000000', EXIT]],
    ['packet load, absolute', 'FCC0302', 0, ['20 00 0000 00000000', EXIT]],
    ['packet load, indirect', 'FCC0302', 0, ['50 10 0000 00000000', EXIT]],
    ['unused source', 'FCC0303', 0, ['07 10 0000 01000000', EXIT]],
    ['division with offset 2', 'FCC0304', 0, ['37 00 0200 01000000', EXIT]],
    ['byte swap of 24 bits', 'FCC0304', 0, ['dc 00 0000 18000000', EXIT]],
    ['exchange without fetch', 'FCC0304', 0, ['db 10 0000 e0000000', EXIT]],
    ['r11 as destination', 'FCC0305', 0, ['b7 0b 0000 00000000', EXIT]],
    ['r15 as source', 'FCC0305', 0, ['bf f0 0000 00000000', EXIT]],
    ['r10 by mov', 'FCC0306', 0, ['b7 0a 0000 00000000', EXIT]],
    ['r10 by add', 'FCC0306', 0, ['07 0a 0000 f8ffffff', EXIT]],
    ['r10 by load', 'FCC0306', 0, ['79 1a 0000 00000000', EXIT]],
    ['r10 by lddw', 'FCC0306', 0, ['18 0a 0000 01000000', HIGH, EXIT]],
    ['r10 by byte swap', 'FCC0306', 0, ['d7 0a 0000 10000000', EXIT]],
    ['r10 by atomic fetch', 'FCC0306', 0, ['db a1 0000 01000000', EXIT]],
    ['jump to the length', 'FCC0307', 0, ['05 00 0100 00000000', EXIT]],
    ['jump before the start', 'FCC0307', 0, ['05 00 feff 00000000', EXIT]],
    ['branch past the end', 'FCC0307', 1, [EXIT, '15 00 0100 00000000', EXIT]],
    ['gotol past the end', 'FCC0307', 0, ['06 00 0000 ffffff7f', EXIT]],
    ['jump into lddw', 'FCC0308', 0, ['05 00 0100 00000000', LDDW, HIGH, EXIT]],
    ['falls through', 'FCC0309', 0, ['b7 00 0000 00000000']],
    ['conditional last', 'FCC0309', 1, ['b7 00 0000 00000000', '15 00 feff 00000000']],
    ['lddw last', 'FCC0309', 0, [LDDW, HIGH]],
    ['call last', 'FCC0309', 0, ['85 00 0000 01000000']],
    ['second slot with an opcode', 'FCC0310', 0, [LDDW, '95 00 0000 00000000', EXIT]],
    ['second slot with a register', 'FCC0310', 0, [LDDW, '00 01 0000 00000000', EXIT]],
    ['second slot with an offset', 'FCC0310', 0, [LDDW, '00 00 0100 00000000', EXIT]],
    ['truncated lddw', 'FCC0311', 1, [EXIT, LDDW]],
    ['half a slot', 'FCC0312', undefined, [EXIT, '95 00']],
    ['nothing', 'FCC0312', undefined, []],
    ['call past the end', 'FCC0313', 0, ['85 10 0000 01000000', EXIT]],
    ['call before the start', 'FCC0313', 0, ['85 10 0000 feffffff', EXIT]],
    ['call into lddw', 'FCC0313', 0, ['85 10 0000 02000000', EXIT, LDDW, HIGH, EXIT]],
    ['map load', 'FCC0315', 0, ['18 11 0000 01000000', HIGH, EXIT]],
    ['call by BTF id', 'FCC0316', 0, ['85 20 0000 01000000', EXIT]],
    ['jump into another function', 'FCC0307', 0, ['05 00 0200 00000000', '85 10 0000 01000000', EXIT, EXIT]],
    ['fall into another function', 'FCC0309', 0, ['85 10 0000 00000000', EXIT]],
  ] as const)('%s: %s at %s', (_, code, instruction, slots) => {
    const e = refusal(() => raw(...slots));
    expect(e.code).toBe(code);
    expect(e.exitCode).toBe(3);
    expect(e.details.at?.instruction).toBe(instruction);
    expect(e.details.at?.file).toBe('raw');
  });

  it('names section, function, line and instruction where they are known', () => {
    const e = refusal(() => assemble('entry timer fc/timer:\n  r0 = 1\n  r10 = 2\n  exit', 'timer.s'));
    expect(e.code).toBe('FCC0306');
    expect(e.details.at).toEqual({
      file: 'timer.s',
      line: 3,
      column: 1,
      section: 'fc/timer',
      function: 'timer',
      instruction: 1,
    });
    expect(e.details.snippet?.text).toBe('r10 = 2');
  });
});

describe('what is legal', () => {
  it('jumps back to instruction 0, as the last instruction', () => {
    const program = raw('55 01 0100 00000000', EXIT, '05 00 fdff 00000000');
    expect(program.functions[0]!.insns.at(-1)).toEqual({ slot: 2, kind: 'jump', target: 0 });
  });

  it('joins the halves of lddw without sign extension', () => {
    const insn = raw('18 01 0000 000000f0', '00 00 0000 01000000', EXIT).functions[0]!.insns[0];
    expect(insn).toEqual({ slot: 0, kind: 'lddw', dst: 1, imm: 0x1_f000_0000n });
  });

  it('reads NEG 0x87, atomics and callx', () => {
    const kinds = raw('87 01 0000 00000000', 'db 21 0800 01000000', '8d 03 0000 00000000', EXIT).functions[0]!.insns;
    expect(kinds.map((i) => i.kind)).toEqual(['alu', 'atomic', 'callx', 'exit']);
    expect(kinds[1]).toEqual({ slot: 1, kind: 'atomic', op: 'add', fetch: true, size: 8, base: 1, off: 8, src: 2 });
  });

  it('splits raw code at the targets of local calls and code addresses', () => {
    // call +3 -> slot 4; lddw of the code address -> slot 1 + 1 + 3 = 5.
    const program = raw('85 10 0000 03000000', '18 42 0000 03000000', '00 00 0000 00000000', EXIT, EXIT, EXIT);
    expect(program.functions.map((f) => [f.name, f.slots])).toEqual([
      ['main', 4],
      ['fn_4', 1],
      ['fn_5', 1],
    ]);
    expect(program.functions[0]!.insns.slice(0, 2)).toEqual([
      { slot: 0, kind: 'call', func: 1 },
      { slot: 1, kind: 'funcaddr', dst: 2, func: 2 },
    ]);
  });
});

describe('assembly of whole programs', () => {
  const TEXT = `
.data seed 01 02 03 04 05 06 07 08 09
.bss room 20
.rodata text 68 69 00
entry first fc/a:
  r1 = seed+4 ll        ; inside a variable
  r2 = room ll
  r3 = text ll          // read-only
  call helper
again:
  r0 += -1
  if r0 s> 0 goto again
  goto done
  call 16
done:
  exit
func helper:
  r0 = 5 ll
  exit
entry last fc/b:
  r0 = helper ll
  exit
`;

  it('places variables, resolves names and labels', () => {
    const p = assemble(TEXT);
    expect(p.entries).toEqual([0, 2]);
    expect([...p.globals.data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0]);
    expect(p.globals.bssLength).toBe(24);
    expect([...p.globals.rodata]).toEqual([0x68, 0x69, 0, 0, 0, 0, 0, 0]);
    const [first, , last] = p.functions;
    expect(first!.insns.slice(0, 4)).toEqual([
      { slot: 0, kind: 'global', dst: 1, ref: { block: 'data', offset: 4 } },
      { slot: 2, kind: 'global', dst: 2, ref: { block: 'data', offset: 16 } },
      { slot: 4, kind: 'global', dst: 3, ref: { block: 'rodata', offset: 0 } },
      { slot: 6, kind: 'call', func: 1 },
    ]);
    expect(first!.insns.slice(5, 7)).toMatchObject([{ target: 7 }, { target: 11 }]);
    expect(last!.insns[0]).toEqual({ slot: 0, kind: 'funcaddr', dst: 0, func: 1 });
  });

  it('survives printing and reading back', () => {
    const p = assemble(TEXT);
    const again = assemble(printProgram(p));
    expect(again.functions.map((f) => f.insns)).toEqual(p.functions.map((f) => f.insns));
    expect(again.entries).toEqual(p.entries);
    expect(again.globals.data).toEqual(p.globals.data);
    expect(again.globals.rodata).toEqual(p.globals.rodata);
    expect(again.globals.bssLength).toBe(p.globals.bssLength);
  });

  it.each([
    ['r0 := 1', 1],
    ['exit\nr1 += w2', 2],
    ['goto nowhere', 1],
    ['call nobody\nexit', 1],
    ['r1 = nothing ll\nexit', 1],
    ['r1 = nothing+4 ll\nexit', 1],
    ['a:\na:\nexit', 2],
    ['func f:\nexit\nfunc f:\nexit', 3],
    ['.data x 0g\nexit', 1],
    ['.bss x many\nexit', 1],
    ['r11 = 1\nexit', 1],
    ['w1 = (s32)w2\nexit', 1],
    ['w1 = *(s64 *)(r1 + 0)\nexit', 1],
    ['', 1],
  ])('refuses %j at line %i', (text, line) => {
    const e = refusal(() => assemble(text));
    expect(e.code).toBe('FCC0317');
    expect(e.details.at?.line).toBe(line);
  });
});
