// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import type { Program } from '../../compiler/bpf/program.js';
import { grantedAddress } from '../../compiler/host/layout.js';
import type { Inst, Module } from '../../compiler/ir/ir.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { foldAddresses } from '../../compiler/opt/addresses.js';
import { tidyBlocks } from '../../compiler/opt/blocks.js';
import { removeDead } from '../../compiler/opt/dce.js';
import { fold } from '../../compiler/opt/fold.js';
import { mergeGuards } from '../../compiler/opt/guards.js';
import { guessRegions } from '../../compiler/opt/guess.js';
import { shareCommon } from '../../compiler/opt/gvn.js';
import { dropParameters } from '../../compiler/opt/params.js';
import { type Pass, repeat, runPasses } from '../../compiler/opt/pass.js';
import { shareRooms } from '../../compiler/opt/rooms.js';
import { splitLoops } from '../../compiler/opt/versions.js';
import { contractOf } from '../differential/pointer-world.js';
import { type Evaluation, evaluate } from '../ir/evaluate.js';

const clean = repeat(
  'clean',
  [dropParameters, fold, shareCommon, tidyBlocks, removeDead, mergeGuards, foldAddresses],
  8,
);
const CONTEXT = 'access={context, align 1, proved, offset32}';
const ANY = 'access={?, align 1}';
const WRITE = 'access={?, align 1, write}';

/** A guarded entry: v4 and v5 are an address from the context, v6 and v7 numbers; v8 is 0, v9 is 1, v10 is 4. */
function entry(blocks: string): string {
  const text = `b0(v0: i32, v1: i32, v2: i32, v3: i32):
  v4: i32, v5: i32 = load size=8 signed=false off=0 v0 ${CONTEXT}
  v6: i32 = load size=4 signed=false off=8 v0 ${CONTEXT}
  v7: i32 = load size=4 signed=false off=12 v0 ${CONTEXT}
  v8: i32 = const imm=0x0
  v9: i32 = const imm=0x1
  v10: i32 = const imm=0x4
${blocks}`;
  const lines = text.split('\n').map((l) => (l.startsWith('  ') ? `${l} @0:0` : l));
  return `module (guarded lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
${lines.join('\n')}
}
`;
}

const program: Program = assemble('entry main:\nr0 = 0\nexit', 'guards');
const contract = contractOf();
const BYTES = 16;

/** Runs with an address, counted from the start of region a (16 bytes), and two numbers. */
function run(module: Module, at: bigint, first: number, second = 0): Evaluation {
  const context = new Uint8Array(32);
  const view = new DataView(context.buffer);
  view.setBigUint64(0, BigInt.asUintN(64, BigInt(grantedAddress(0, 1)) + at), true);
  view.setUint32(8, first, true);
  view.setUint32(12, second, true);
  const regions = new Map(['a', 'b', 'c'].map((n) => [n, Uint8Array.from({ length: BYTES }, (_, i) => 3 * i + 1)]));
  return evaluate(module, program, 0, contract, { context, regions, fuel: 4000 });
}

const hex = (b: Uint8Array | undefined | null): string => Buffer.from(b ?? []).toString('hex');
const seen = (e: Evaluation): string =>
  [e.status, e.trap, e.r0, hex(e.context), ...['a', 'b', 'c'].map((n) => hex(e.regions.get(n)))].join(' ');

function optimised(text: string, passes: readonly Pass[]): Module {
  const module = parseModule(text);
  runPasses(module, [clean, ...passes, clean], { validate: true });
  return module;
}

const count = (module: Module, test: (i: Inst) => boolean): number =>
  module.funcs.flatMap((f) => f.blocks.flatMap((b) => b.insts)).filter(test).length;
const warm = (module: Module): Inst[] => module.funcs.flatMap((f) => f.blocks.flatMap((b) => (b.cold ? [] : b.insts)));
const isGuard = (i: Inst): boolean => i.op === 'search' || i.op === 'trapif';

/** Addresses that are inside, at either end, beyond, far off, and 4 GiB away. */
const PLACES = [
  0n,
  1n,
  4n,
  8n,
  12n,
  13n,
  15n,
  16n,
  17n,
  -1n,
  -4n,
  -8n,
  100n,
  1n << 24n,
  1n << 32n,
  -(1n << 32n),
  0xf0000000n,
];
const NUMBERS = [
  0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 100, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
];

/** The same for every address and number, before and after. */
function agrees(text: string, passes: readonly Pass[], seconds: readonly number[] = [0]): Module {
  const before = parseModule(text);
  const after = optimised(text, passes);
  for (const at of PLACES)
    for (const n of NUMBERS)
      for (const m of seconds) expect(seen(run(after, at, n, m)), `${at} ${n} ${m}`).toBe(seen(run(before, at, n, m)));
  return after;
}

/** Writes v6 bytes upwards, by an index. */
const FILL = entry(`  branch eq v6, v8 ? b2(v8) : b1(v8)
b1(v20: i32):
  v21: i32, v22: i32 = add64 v4, v5, v20, v8
  trapif cond=ne trap=memory v22, v8
  search write=true v21, v9
  store size=1 off=0 v21, v20 ${WRITE}
  v23: i32 = add v20, v9
  fuel imm=0x5
  branch ult v23, v6 ? b1(v23) : b2(v23)
b2(v24: i32):
  ret v24, v8`);

describe('loops in two copies', () => {
  it('a loop that is shown to stay inside has neither guards nor fuel, and the other copy has all', () => {
    const module = agrees(FILL, [splitLoops]);
    const hot = warm(module);
    expect(hot.filter((i) => i.op === 'store')).toHaveLength(1);
    expect(hot.some((i) => isGuard(i) || i.op === 'fuel')).toBe(false);
    expect(count(module, (i) => i.op === 'search')).toBe(1);
    expect(count(module, (i) => i.op === 'fuel')).toBe(1);
    expect(run(module, 0n, 16).fuelTaken).toBe(0);
  });

  it('stores before the one that traps are there, and none behind', () => {
    const module = optimised(FILL, [splitLoops]);
    const { status, trap, regions } = run(module, 12n, 8);
    expect([status, trap]).toEqual(['trap', 'memory']);
    expect(hex(regions.get('a')!.subarray(10))).toBe('1f2200010203');
  });

  it('a pointer that walks down, four bytes a step, to a number of rounds', () => {
    const text = entry(`  branch eq v6, v8 ? b2(v8) : b1(v4, v5, v6, v8)
b1(v20: i32, v30: i32, v21: i32, v22: i32):
  v31: i32 = const imm=0xfffffffc
  v32: i32 = const imm=0xffffffff
  trapif cond=ne trap=memory v30, v8
  search write=true v20, v10
  v23: i32 = load size=4 signed=false off=0 v20 ${ANY}
  v24: i32 = add v22, v23
  store size=4 off=0 v20, v24 ${WRITE}
  v25: i32, v26: i32 = add64 v20, v30, v31, v32
  v27: i32 = add v21, v32
  fuel imm=0x6
  branch ne v27, v8 ? b1(v25, v26, v27, v24) : b2(v24)
b2(v28: i32):
  ret v28, v8`);
    const module = agrees(text, [splitLoops]);
    expect(warm(module).some(isGuard)).toBe(false);
    expect(run(module, 12n, 4)).toMatchObject({ status: 'ok', fuelTaken: 0 });
  });

  it('values of the loop that are read behind it come from the copy that ran', () => {
    const text = entry(`  jump b1(v8, v8)
b1(v20: i32, v21: i32):
  branch ult v20, v6 ? b2() : b4()
b2():
  v22: i32, v23: i32 = add64 v4, v5, v20, v8
  trapif cond=ne trap=memory v23, v8
  search write=false v22, v9
  v24: i32 = load size=1 signed=false off=0 v22 ${ANY}
  v25: i32 = add v21, v24
  v26: i32 = add v20, v9
  fuel imm=0x7
  branch eq v24, v7 ? b3() : b1(v26, v25)
b3():
  ret v25, v26
b4():
  ret v21, v20`);
    const module = agrees(text, [splitLoops], [7, 1000]);
    expect(warm(module).some((i) => i.op === 'search')).toBe(false);
  });

  it('a nest is copied as a whole', () => {
    const text = entry(`  jump b1(v8)
b1(v20: i32):
  v21: i32 = shl v20, v10
  v22: i32, v23: i32 = add64 v4, v5, v21, v8
  jump b2(v8)
b2(v24: i32):
  v25: i32, v26: i32 = add64 v22, v23, v24, v8
  trapif cond=ne trap=memory v26, v8
  search write=true v25, v9
  store size=1 off=0 v25, v24 ${WRITE}
  v27: i32 = add v24, v9
  v28: i32 = const imm=0x3
  branch ne v27, v28 ? b2(v27) : b3()
b3():
  v29: i32 = add v20, v9
  fuel imm=0x9
  branch ult v29, v6 ? b1(v29) : b4()
b4():
  ret v29, v8`);
    const module = agrees(text, [splitLoops]);
    expect(warm(module).some((i) => isGuard(i) || i.op === 'fuel')).toBe(false);
    // 16 bytes hold one row of three bytes, at distances of 16.
    expect(run(module, 0n, 1)).toMatchObject({ status: 'ok', fuelTaken: 0 });
    expect(run(module, 0n, 2)).toMatchObject({ status: 'trap', trap: 'memory' });
  });

  it('an address that no sum of counters is stays guarded, and there is no copy', () => {
    const text = entry(`  jump b1(v6, v8)
b1(v20: i32, v21: i32):
  v22: i32 = add v4, v20
  search write=false v22, v9
  v23: i32 = load size=1 signed=false off=0 v22 ${ANY}
  v24: i32 = add v21, v9
  fuel imm=0x5
  branch ult v24, v7 ? b1(v23, v24) : b2()
b2():
  ret v23, v8`);
    const module = agrees(text, [splitLoops], [0, 1, 5]);
    expect(count(module, (i) => i.op === 'locate')).toBe(0);
    expect(count(module, (i) => i.op === 'search')).toBe(1);
  });
});

describe('lower bounds on one value', () => {
  const LENGTH = `  v11: i32 = length region=context
  v12: i32 = const imm=0xc
  v13: i32 = const imm=0xfffffffc`;

  it('the larger stands in the place of the first, and differences are bounds too', () => {
    const text = entry(`${LENGTH}
  trapif cond=ult trap=memory v11, v10
  v14: i32 = add v11, v13
  trapif cond=ult trap=memory v14, v12
  v20: i32 = load size=4 signed=false off=12 v0 ${CONTEXT}
  trapif cond=ult trap=memory v11, v12
  ret v20, v8`);
    const module = agrees(text, []);
    const guards = warm(module).filter(isGuard);
    expect(guards).toHaveLength(1);
    const limit = warm(module).find((i) => i.results[0] === guards[0]!.args[1])!;
    expect(limit.imm).toBe(16n);
  });

  it('not over a store, and not where the difference may be negative', () => {
    const over = entry(`${LENGTH}
  trapif cond=ult trap=memory v11, v10
  store size=4 off=16 v0, v6 access={context, align 1, proved, offset32, write}
  trapif cond=ult trap=memory v11, v12
  ret v6, v8`);
    expect(warm(agrees(over, [])).filter(isGuard)).toHaveLength(2);
    const negative = entry(`${LENGTH}
  v14: i32 = add v6, v13
  trapif cond=ult trap=memory v14, v12
  ret v6, v8`);
    const module = agrees(negative, []);
    expect(run(module, 0n, 3).status).toBe('ok');
    expect(run(module, 0n, 15).status).toBe('trap');
  });
});

describe('guesses', () => {
  it('a pointer of the context is first tried in the region of its turn, then in all', () => {
    const before = parseModule(FILL);
    // In the second, the region that is tried is another than the pointer's, and one that the test's contract lets be read only.
    for (const writable of [[true, false, true], [false, false, true], [true]]) {
      const module = parseModule(FILL);
      module.granted = writable.map((w) => ({ writable: w, size: null }));
      runPasses(module, [clean, splitLoops, guessRegions, clean], { validate: true });
      expect(warm(module).some((i) => i.op === 'locate')).toBe(false);
      expect(count(module, (i) => i.op === 'locate')).toBe(1);
      for (const at of [0n, 8n, 15n, 16n, -1n, BigInt(grantedAddress(2, 1) - grantedAddress(0, 1))])
        for (const n of [0, 1, 8, 16, 17])
          expect(seen(run(module, at, n)), `${at} ${n}`).toBe(seen(run(before, at, n)));
    }
  });

  it('no region that may not be written is guessed for what is written', () => {
    const module = parseModule(FILL);
    module.granted = [{ writable: false, size: null }];
    runPasses(module, [clean, splitLoops, guessRegions, clean], { validate: true });
    expect(warm(module).filter((i) => i.op === 'locate')).toHaveLength(1);
    expect(count(module, (i) => i.op === 'base')).toBe(0);
  });
});

describe('rooms', () => {
  it('constant offsets: one look-up, one comparison for what nothing observable parts', () => {
    const text = entry(`  v11: i32 = const imm=0x5
  v12: i32 = add v4, v10
  v13: i32 = add v4, v11
  trapif cond=ne trap=memory v5, v8
  search write=false v4, v9
  v20: i32 = load size=1 signed=false off=0 v4 ${ANY}
  search write=false v12, v9
  v21: i32 = load size=1 signed=false off=0 v12 ${ANY}
  search write=true v13, v9
  store size=1 off=0 v13, v20 ${WRITE}
  v14: i32 = const imm=0x9
  v15: i32 = add v4, v14
  search write=true v15, v9
  store size=1 off=0 v15, v21 ${WRITE}
  ret v20, v21`);
    const module = agrees(text, [shareRooms]);
    expect(warm(module).filter((i) => i.op === 'locate')).toHaveLength(1);
    expect(warm(module).some((i) => i.op === 'search')).toBe(false);
    expect(count(module, (i) => i.op === 'search')).toBe(4);
    const branches = module.funcs[0]!.blocks.filter((b) => b.term.kind === 'branch');
    expect(branches).toHaveLength(2);
    // The first store happens before the second one's address is refused.
    expect(hex(run(module, 8n, 0).regions.get('a')!.subarray(13, 14))).toBe('19');
  });

  it('an index of any size that a loop computes: a comparison without the high lane', () => {
    const text = entry(`  v11: i32 = const imm=0x2
  v12: i32 = const imm=0x1e
  jump b1(v6, v8)
b1(v20: i32, v21: i32):
  v22: i32 = shl v20, v11
  v23: i32 = lshr v20, v12
  v24: i32, v25: i32 = add64 v4, v5, v22, v23
  trapif cond=ne trap=memory v25, v8
  search write=true v24, v10
  v26: i32 = load size=4 signed=false off=0 v24 ${ANY}
  store size=4 off=0 v24, v21 ${WRITE}
  v27: i32 = and v26, v10
  v28: i32 = add v21, v9
  fuel imm=0x5
  branch ult v28, v7 ? b1(v27, v28) : b2()
b2():
  ret v26, v8`);
    const module = agrees(text, [shareRooms], [0, 1, 5]);
    expect(warm(module).some(isGuard)).toBe(false);
    expect(warm(module).some((i) => i.op === 'add64')).toBe(false);
  });

  it('a pointer that walks to what it finds is compared itself', () => {
    const text = entry(`  jump b1(v4, v8)
b1(v20: i32, v21: i32):
  search write=false v20, v9
  v22: i32 = load size=1 signed=false off=0 v20 ${ANY}
  v23: i32 = add v20, v9
  v24: i32 = add v21, v22
  fuel imm=0x5
  branch ult v22, v6 ? b1(v23, v24) : b2()
b2():
  ret v24, v22`);
    const module = agrees(text, [shareRooms]);
    expect(warm(module).some((i) => i.op === 'search')).toBe(false);
    expect(count(module, (i) => i.op === 'search')).toBe(1);
  });

  it('one search is left alone', () => {
    const text = entry(`  search write=false v4, v10
  v20: i32 = load size=4 signed=false off=0 v4 ${ANY}
  ret v20, v8`);
    expect(count(agrees(text, [shareRooms]), (i) => i.op === 'locate')).toBe(0);
  });
});
