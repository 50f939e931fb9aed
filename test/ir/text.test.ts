// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import { validateModule } from '../../compiler/ir/validate.js';

const WIDE = `module ()
func 0 "main" entry frame 16 params (r1 r2) results (lo hi) {
b0(v0: i64, v1: i64):
  zeroframe @0:0
  v2: i64 = const imm=0xfffffffffffffff8 @0:1
  v3: i32 = base region=frame.0 @0:1
  v4: i64 = zext v3 @0:1
  v5: i64 = load size=8 signed=false off=-8 v0 access={context, align 8, proved, offset32} @0:2
  v6: i32 = load size=1 signed=true off=3 v0 access={?, align 1} @0:3
  store size=4 off=0 v4, v6 access={granted.2, align 4, offset32, write} @0:4
  v7: i64 = call callee=1 v5 @0:5
  v8: i32 = helper helper=18 v6, v1 helperArgs=[{data, align 4, write, arg 1}] @0:6
  v9: i64 = sext bits=32 v7 @0:7
  v10: i64 = bswap bits=64 v9 @0:8
  v11: i32 = icmp cond=nset v10, v2 @0:9
  v12: i64 = select v11, v10, v2 @0:9
  jump b1(v12) @0:10
b1(v13: i64) bound 17:
  branch slt v13, v2 ? b1(v2) : b2() @0:11
b2():
  ret v13 @0:12
}
func 1 "odd \\"name\\"" local frame 0 params (r3) results (lo hi) {
b0(v0: i64):
  v1: i32 = length imm=0x40 region=granted.0 @1:0
  trap unreachable @1:1
}
`;

const LANES = `module (guarded lanes split-critical-edges)
func 0 "f" entry frame 0 params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
b0(v0: i32, v1: i32, v2: i32, v3: i32):
  v4: i32, v5: i32 = add64 v0, v1, v2, v3 @0:0
  trapif cond=ugt trap=memory v4, v2 @0:1
  search write=true v4, v2 @0:1
  fuel imm=0x5 @0:2
  v6: i32, v7: i32 = load size=8 signed=false off=4 v4 access={rodata, align 2} @0:3
  branch ult wide v4, v5, v6, v7 ? b1() : b2() @0:4
b1():
  ret v6, v7 @0:5
b2():
  ret v4, v5 @0:6
}
`;

describe('IR text', () => {
  it.each([
    ['wide', WIDE],
    ['lanes', LANES],
  ])('%s: reads back as it was printed', (_, text) => {
    const module = parseModule(text);
    validateModule(module);
    expect(printModule(module)).toBe(text);
    expect(module).toEqual(parseModule(printModule(module)));
  });

  it('keeps what an access knows', () => {
    const load = parseModule(WIDE).funcs[0]!.blocks[0]!.insts[4]!;
    expect(load).toMatchObject({
      op: 'load',
      size: 8,
      signed: false,
      off: -8,
      access: { region: { kind: 'context' }, proved: true, offset32: true, align: 8, write: false },
    });
  });

  it('resolves values used before their line, as loops do', () => {
    const { blocks } = parseModule(WIDE).funcs[0]!;
    expect(blocks[1]!.params[0]).toBe(blocks[2]!.term.kind === 'ret' ? blocks[2]!.term.args[0] : null);
    expect(blocks[1]!.bound).toBe(17);
  });

  it.each([
    ['an unknown operation', 'v2: i64 = frob v0 @0:0'],
    ['an undefined value', 'v2: i64 = add v0, v9 @0:0'],
    ['a second definition', 'v0: i64 = add v0, v0 @0:0'],
    ['a place', 'v2: i64 = add v0, v0'],
  ])('refuses %s', (_, line) => {
    const text = `module ()\nfunc 0 "f" entry frame 0 params (r1) results (lo hi) {\nb0(v0: i64):\n  ${line}\n  ret v0 @0:1\n}\n`;
    expect(() => parseModule(text)).toThrow(/IR text/);
  });
});
