// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadProgram } from '../../compiler/bpf/load.js';
import { addressTaken, lineAt, type Program } from '../../compiler/bpf/program.js';
import { buildCallGraph } from '../../compiler/cfg/callgraph.js';
import { CompileError } from '../../compiler/errors/index.js';
import { loadFixture } from '../fixtures/all.js';

const SAMPLES = join(import.meta.dirname, 'samples');
const sample = (name: string): Program => loadProgram(readFileSync(join(SAMPLES, name)), name);

function refusal(name: string): CompileError {
  try {
    sample(name);
  } catch (e) {
    if (e instanceof CompileError) return e;
    throw e;
  }
  throw new Error(`${name} was accepted`);
}

const SEVERAL = readdirSync(SAMPLES).filter((f) => f.startsWith('several.') && f.endsWith('.o'));

describe('objects of clang 14, 19 and 22', () => {
  it('are all there', () => {
    expect(SEVERAL.length).toBe(11);
  });

  it.each(SEVERAL)('%s: programs, calls, variables and lines as in several.c', (file) => {
    const p = sample(file);
    const byName = new Map(p.functions.map((f) => [f.name, f]));
    expect(p.entries.map((i) => p.functions[i]!.name).sort()).toEqual(['first', 'second', 'third']);
    expect(['first', 'second', 'third'].map((n) => byName.get(n)!.section)).toEqual(['fc/one', 'fc/one', 'fc/two']);
    const callees = (name: string) =>
      byName.get(name)!.insns.flatMap((i) => (i.kind === 'call' ? [p.functions[i.func]!.name] : []));
    expect(callees('first')).toEqual(['shared']);
    expect(callees('second')).toEqual(['hidden']);
    expect(callees('third')).toEqual(['scale']);
    expect(callees('shared')).toEqual(['scale']);

    const { globals } = p;
    const symbol = (name: string) => globals.symbols.find((s) => s.name === name)!;
    const counter = symbol('counter');
    expect([counter.block, counter.length]).toEqual(['data', 4]);
    expect([...globals.data.subarray(counter.offset, counter.offset + 4)]).toEqual([7, 0, 0, 0]);
    const zeroed = symbol('zeroed');
    expect([zeroed.block, zeroed.length]).toEqual(['data', 20]);
    expect(zeroed.offset).toBeGreaterThanOrEqual(globals.data.length);
    expect((globals.data.length % 8) + (globals.bssLength % 8) + (globals.rodata.length % 8)).toBe(0);
    const greeting = symbol('greeting');
    expect(Buffer.from(globals.rodata.subarray(greeting.offset, greeting.offset + 3)).toString()).toBe('hi\0');
    // `scale` reads the static table; its lddw has the table's address, whatever symbol clang related it to.
    const ref = byName.get('scale')!.insns.find((i) => i.kind === 'global')!;
    if (ref.kind !== 'global') throw new Error('no table');
    expect(ref.ref.block).toBe('rodata');
    const table = globals.rodata.subarray(ref.ref.offset, ref.ref.offset + 16);
    expect([...table]).toEqual([3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0]);

    const constant = byName.get('third')!.insns.find((i) => i.kind === 'lddw');
    expect(constant).toMatchObject({ imm: 0x123456789abcdef0n });
    const line = lineAt(byName.get('first')!, byName.get('first')!.insns.at(-1)!.slot)!;
    expect(line.file.endsWith('several.c')).toBe(true);
    expect([line.line, line.text.trim()]).toEqual([20, 'return total;']);
    expect(buildCallGraph(p).bottomUp.length).toBe(p.functions.length);
  });

  it('takes the functions of .text as entries if there are no others', () => {
    const p = sample('plain.o');
    expect(p.entries.map((i) => [p.functions[i]!.name, p.functions[i]!.section])).toEqual([['run', '.text']]);
    expect(p.functions[0]!.lines.size).toBe(0);
  });
});

describe('object of rustc', () => {
  it('has its program, the function it calls and its variables', () => {
    const p = sample('rusty.o');
    expect(p.entries.map((i) => p.functions[i]!.name)).toEqual(['rust_entry']);
    const entry = p.functions[p.entries[0]!]!;
    expect(entry.insns.flatMap((i) => (i.kind === 'call' ? [p.functions[i.func]!.name] : []))).toEqual(['pick']);
    const count = p.globals.symbols.find((s) => s.name === 'COUNT')!;
    expect(p.globals.data[count.offset]).toBe(5);
  });
});

describe('a table of functions', () => {
  it("holds the numbers that the functions' addresses read as", () => {
    const { program } = loadFixture('state_machine').objects[1]!;
    const { rodata, pointers = [] } = program.globals;
    expect(pointers.map((p) => program.functions[p.func]!.name)).toEqual(['in_key', 'in_value', 'skip']);
    const view = new DataView(rodata.buffer);
    for (const { block, offset, func } of pointers) {
      expect(block).toBe('rodata');
      expect(view.getBigUint64(offset, true)).toBe(0xfcc0_0000_0000_0000n + BigInt(func));
    }
    expect(addressTaken(program)).toEqual([0, 1, 2]);
  });
});

describe('refused objects', () => {
  it.each([
    ['bad_undefined.o', 'FCC0206', 'missing', 3],
    ['bad_map.o', 'FCC0207', 'store', 5],
    ['bad_address.o', 'FCC0208', 'names', 3],
  ])('%s: %s', (file, code, name, line) => {
    const e = refusal(file);
    expect(e.code).toBe(code);
    expect(e.message).toContain(name);
    expect(e.details.at).toMatchObject({ line, section: 'fc/x', function: 'run' });
    expect(e.details.at!.file).toMatch(/bad_\w+\.c$/);
    expect(e.details.snippet?.text).toContain('return');
  });

  it('static functions only', () => {
    expect(refusal('bad_static.o').code).toBe('FCC0211');
  });

  it('big-endian objects', () => {
    expect(refusal('bad_bigendian.o').code).toBe('FCC0201');
  });

  it('recursion, with the circle as the path', () => {
    const p = sample('bad_recursion.o');
    let error: unknown;
    try {
      buildCallGraph(p);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(CompileError);
    const e = error as CompileError;
    expect(e.code).toBe('FCC0314');
    expect([...e.details.path!].sort()).toEqual(['even calls odd', 'odd calls even']);
    expect([3, 4]).toContain(e.details.at!.line);
  });
});
