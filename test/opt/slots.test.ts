// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import { foldAddresses } from '../../compiler/opt/addresses.js';
import { tidyBlocks } from '../../compiler/opt/blocks.js';
import { removeDead } from '../../compiler/opt/dce.js';
import { fold } from '../../compiler/opt/fold.js';
import { shrinkFrames } from '../../compiler/opt/frames.js';
import { shareCommon } from '../../compiler/opt/gvn.js';
import { dropParameters } from '../../compiler/opt/params.js';
import { repeat, runPasses } from '../../compiler/opt/pass.js';
import { promoteSlots } from '../../compiler/opt/slots.js';
import { Random } from '../differential/random.js';
import { run, someInputs } from './expressions.js';

const clean = repeat('clean', [dropParameters, fold, shareCommon, tidyBlocks, removeDead, foldAddresses], 8);
const ALL = [clean, promoteSlots, clean, shrinkFrames, clean];
const FRAME = 'access={frame.0, align 4, proved, offset32, write}';
const CONTEXT = 'access={context, align 1, proved, offset32}';

/** A guarded entry: v0 is the context's address, v4 the frame's, v5 and v6 numbers from the context; origins are added. */
function entry(bytes: number, blocks: string): string {
  const text = `b0(v0: i32, v1: i32, v2: i32, v3: i32):
  zeroframe
  v4: i32 = base region=frame.0
  v5: i32 = load size=4 signed=false off=0 v0 ${CONTEXT}
  v6: i32 = load size=4 signed=false off=4 v0 ${CONTEXT}
${blocks}`;
  const lines = text.split('\n').map((l) => (l.startsWith('  ') ? `${l} @0:0` : l));
  return `module (guarded lanes)
func 0 "f" entry frame ${bytes} params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
${lines.join('\n')}
}
`;
}

/** What is left: operations without constants, and the bytes of the frame. */
function left(bytes: number, blocks: string): { ops: string[]; frame: number } {
  const module = parseModule(entry(bytes, blocks));
  runPasses(module, ALL, { validate: true });
  const [fn] = module.funcs;
  const ops = fn!.blocks.flatMap((b) => b.insts.map((i) => (i.size ? `${i.op}${8 * i.size}` : i.op)));
  return { ops: ops.filter((o) => o !== 'const'), frame: fn!.frameBytes };
}

describe('stack slots', () => {
  it('a spilled word is a value, and the frame is gone', () => {
    const rest = left(
      8,
      `  store size=4 off=0 v4, v5 ${FRAME}
  v7: i32 = load size=4 signed=false off=0 v4 ${FRAME}
  ret v7, v6`,
    );
    expect(rest).toEqual({ ops: ['load32', 'load32'], frame: 0 });
  });

  it('what is read before it is written is zero', () => {
    const module = parseModule(entry(8, `  v7: i32 = load size=4 signed=false off=4 v4 ${FRAME}\n  ret v7, v7`));
    runPasses(module, ALL, { validate: true });
    expect(run(module, new Uint8Array(16).fill(0xee))).toBe(0n);
  });

  it('a word written in halves is put together only where that is not more work', () => {
    const halves = `  store size=2 off=0 v4, v5 ${FRAME}
  store size=2 off=2 v4, v6 ${FRAME}
  v7: i32 = load size=4 signed=false off=0 v4 ${FRAME}
  ret v7, v5`;
    expect(left(8, halves).frame).toBe(0);
    const bytes = `  store size=4 off=0 v4, v5 ${FRAME}
  v7: i32 = load size=1 signed=false off=0 v4 ${FRAME}
  v8: i32 = load size=1 signed=false off=3 v4 ${FRAME}
  v9: i32 = load size=4 signed=false off=0 v4 ${FRAME}
  v10: i32 = load size=4 signed=false off=0 v4 ${FRAME}
  v11: i32 = xor v7, v8
  v12: i32 = xor v9, v10
  ret v11, v12`;
    expect(left(8, bytes)).toMatchObject({ frame: 8 });
  });

  it('an array stays, a scalar beside it does not, and only the array is zeroed', () => {
    const rest = left(
      32,
      `  v7: i32 = const imm=0xc
  v8: i32 = and v5, v7
  v9: i32 = add v4, v8
  store size=4 off=0 v4, v6 ${FRAME}
  store size=4 off=8 v9, v6 access={frame.0, align 4, proved, offset32, write, span -24 -8}
  v10: i32 = load size=4 signed=false off=12 v4 ${FRAME}
  v11: i32 = load size=4 signed=false off=0 v4 ${FRAME}
  ret v10, v11`,
    );
    expect(rest.frame).toBe(16);
    expect(rest.ops.filter((o) => o.startsWith('store') || o === 'zeroframe')).toEqual(['zeroframe', 'store32']);
  });

  it.each<[string, string]>([
    ['an access of the frame that is only guarded', 'access={frame.0, align 1, offset32, write}'],
    ['an access that may be anywhere', 'access={?, align 1, write}'],
  ])('%s keeps everything in memory', (_, fact) => {
    const rest = left(
      8,
      `  store size=4 off=0 v4, v5 ${FRAME}
  v7: i32 = add v4, v6
  store size=1 off=0 v7, v5 ${fact}
  v8: i32 = load size=4 signed=false off=0 v4 ${FRAME}
  ret v8, v6`,
    );
    expect(rest.frame).toBe(8);
    expect(rest.ops).toEqual(['zeroframe', 'base', 'load32', 'load32', 'store32', 'add', 'store8', 'load32']);
  });

  it('a search for an address of the frame keeps it, though what was read is not wanted', () => {
    const rest = left(8, `  v7: i32 = const imm=0x4\n  search write=false v4, v7\n  ret v5, v6`);
    expect(rest).toEqual({ ops: ['zeroframe', 'base', 'load32', 'load32', 'search'], frame: 8 });
  });

  it('a store of two words goes in half where one of them is shared', () => {
    const rest = left(
      16,
      `  store size=8 off=0 v4, v5, v6 ${FRAME}
  v7: i32 = const imm=0x1
  v8: i32 = and v5, v7
  v9: i32 = add v4, v8
  store size=1 off=0 v9, v6 access={frame.0, align 1, proved, offset32, write, span -16 -14}
  v10: i32, v11: i32 = load size=8 signed=false off=0 v4 ${FRAME}
  ret v10, v11`,
    );
    expect(rest.frame).toBe(8);
    expect(rest.ops.filter((o) => /^(load|store)/.test(o))).toEqual([
      'load32',
      'load32',
      'store32',
      'store8',
      'load32',
    ]);
  });

  it('an atomic operation keeps its bytes', () => {
    const rest = left(
      16,
      `  store size=8 off=0 v4, v5, v6 ${FRAME}
  store size=4 off=8 v4, v5 ${FRAME}
  atomic atomic=add size=4 off=8 v4, v6 access={frame.0, align 4, proved, offset32, write, span -8 -4}
  v10: i32, v11: i32 = load size=8 signed=false off=0 v4 ${FRAME}
  v12: i32 = load size=4 signed=false off=8 v4 ${FRAME}
  v13: i32 = add v10, v12
  ret v13, v11`,
    );
    expect(rest.frame).toBe(8);
    expect(rest.ops).toContain('atomic32');
  });

  it('a callee that is handed an address says by its facts which bytes stay', () => {
    const module = parseModule(
      `${entry(
        16,
        `  store size=4 off=0 v4, v5 ${FRAME}
  store size=4 off=8 v4, v6 ${FRAME}
  v7: i32 = const imm=0x8
  v8: i32 = add v4, v7
  v9: i32 = call callee=1 v8
  v10: i32 = load size=4 signed=false off=0 v4 ${FRAME}
  ret v9, v10`,
      )}func 1 "g" local frame 0 params (r1.lo) results (lo) {
b0(v0: i32):
  v1: i32 = load size=4 signed=false off=0 v0 access={frame.0, align 4, proved, offset32, span -8 -4} @1:0
  ret v1 @1:1
}
`,
    );
    runPasses(module, ALL, { validate: true });
    expect(module.funcs[0]!.frameBytes).toBe(8);
    const context = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    expect(run(module, context)).toBe(0x403020108070605n);
  });
});

/** Loads and stores of all sizes at a few offsets, in a diamond inside a loop of a few rounds. */
function randomSlots(seed: number): string {
  const r = new Random(seed);
  let next = 20;
  const fresh = (): string => `v${next++}`;
  const offset = (size: number): number => {
    const at = r.below(24 / size) * size;
    return r.chance(10) ? Math.min(at + 1, 24 - size) : at;
  };
  const body = (seen: readonly string[]): { text: string; values: string[] } => {
    const values = [...seen];
    const lines: string[] = [];
    for (let i = r.between(1, 7); i > 0; i--) {
      const size = r.pick([1, 2, 4, 4, 4, 8]);
      const shape = `size=${size}`;
      if (r.chance(50)) {
        const stored = size === 8 ? `${r.pick(values)}, ${r.pick(values)}` : r.pick(values);
        lines.push(`  store ${shape} off=${offset(size)} v4, ${stored} ${FRAME}`);
      } else {
        const made = size === 8 ? [fresh(), fresh()] : [fresh()];
        const signed = size < 4 && r.chance(40);
        lines.push(
          `  ${made.map((v) => `${v}: i32`).join(', ')} = load ${shape} signed=${signed} off=${offset(size)} v4 ${FRAME}`,
        );
        values.push(...made);
      }
    }
    if (r.chance(30)) {
      const [index, address] = [fresh(), fresh()];
      lines.push(`  ${index}: i32 = and ${r.pick(values)}, v7`, `  ${address}: i32 = add v4, ${index}`);
      lines.push(
        `  store size=1 off=4 ${address}, ${r.pick(values)} access={frame.0, align 1, proved, offset32, write, span -20 -16}`,
      );
    }
    return { text: lines.join('\n'), values };
  };
  const common = ['v5', 'v6', 'v7'];
  const [a, b, c, d] = [body(common), body([...common, 'v9', 'v10']), body(common), body(common)];
  return entry(
    24,
    `  v7: i32 = const imm=0x3
${a.text}
  jump b1(v5, v7)
b1(v9: i32, v10: i32):
${b.text}
  branch ult ${r.pick(b.values)}, ${r.pick(b.values)} ? b2() : b3()
b2():
${c.text}
  jump b4(${r.pick(c.values)})
b3():
${d.text}
  jump b4(${r.pick(d.values)})
b4(v11: i32):
  v12: i32 = const imm=0x1
  v13: i32 = sub v10, v12
  v14: i32 = const imm=0x0
  branch eq v13, v14 ? b5() : b1(v11, v13)
b5():
  v15: i32, v16: i32 = load size=8 signed=false off=8 v4 ${FRAME}
  v17: i32, v18: i32 = load size=8 signed=false off=0 v4 ${FRAME}
  v19: i32 = xor v15, v18
  v8: i32 = add v19, v11
  ret v8, v17`,
  );
}

it('random frames give what they gave', () => {
  for (let seed = 0; seed < 40; seed++) {
    const text = randomSlots(seed);
    const before = parseModule(text);
    const changed = parseModule(text);
    const alone = parseModule(text);
    runPasses(changed, ALL, { validate: true });
    runPasses(alone, [promoteSlots, shrinkFrames], { validate: true });
    const r = new Random(seed);
    for (let i = 0; i < 3; i++) {
      const context = someInputs(r);
      const wanted = run(before, context);
      expect(run(changed, context), `seed ${seed}\n${text}\n${printModule(changed)}`).toBe(wanted);
      expect(run(alone, context), `seed ${seed}\n${text}\n${printModule(alone)}`).toBe(wanted);
    }
  }
});
