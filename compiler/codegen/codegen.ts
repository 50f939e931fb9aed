// SPDX-License-Identifier: MIT

import type { HelperRow } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import { FIRST_GRANTED, REGION_CONTEXT, REGION_DATA, REGION_RODATA } from '../contract/types.js';
import { CompileError } from '../errors/index.js';
import {
  IMAGE_LIMITS,
  INTRINSIC_BASE,
  INTRINSICS,
  type IntrinsicName,
  instanceImportOffset,
  instanceRegionOffset,
} from '../image/fields.js';
import { localFuncs } from '../ir/analysis.js';
import type { Func, Module } from '../ir/ir.js';
import type { Region } from '../verifier/facts.js';
import { functionKey } from './asm.js';
import { hoistConstants } from './constants.js';
import { emitProgram, type FuncToEmit, type LineEntry, type TrapSite } from './emit.js';
import { checkFrame } from './regalloc/check.js';
import { allocate } from './regalloc/index.js';
import type { LowerContext, Target } from './target.js';

export interface CodegenInput {
  readonly contract: Contract;
  /** Only the lengths matter: the stack frames follow .data and .bss in the writable block. */
  readonly globals: { readonly data: { readonly length: number }; readonly bssLength: number };
  /** Helpers that the module may call. */
  readonly helpers: readonly HelperRow[];
}

export interface GeneratedEntry {
  readonly index: number;
  readonly name: string;
  /** Byte offset in text. */
  readonly offset: number;
  /** Native instructions of its longest run, callees included, helper bodies apart; null: not bounded. */
  readonly worstCase: number | null;
  /** Bytes of native stack at most, helpers apart. */
  readonly stackBytes: number;
  /** Bytes of eBPF stack frames on the deepest chain of calls from it. */
  readonly frameBytes: number;
}

export interface Generated {
  readonly text: Uint8Array;
  readonly entries: readonly GeneratedEntry[];
  /** Every function in text, by offset; `end` includes its literal pool. */
  readonly functions: readonly {
    readonly index: number;
    readonly name: string;
    readonly entry: boolean;
    readonly start: number;
    readonly end: number;
    /** Native stack of one call of it. */
    readonly stackBytes: number;
  }[];
  /** Helper ids and INTRINSIC_BASE + row, by import slot. */
  readonly imports: readonly number[];
  readonly trapTable: number;
  readonly trapCount: number;
  readonly sites: readonly TrapSite[];
  readonly lineMap: readonly LineEntry[];
  /** Bytes of all stack frames, which overlay each other as far as the call graph allows; a multiple of 8. */
  readonly frameLength: number;
  /** Largest native stack of the entries, and longest worst case (null if some entry has none). */
  readonly stackLength: number;
  readonly worstCase: number | null;
}

/**
 * Compiles a guarded module (lanes, no critical edges) to text for one target. Import slots are numbered in the order of first
 * use. Throws CompileError for what the target does not support, FCC0510 for text that is too large, FCC0610 for more imports
 * than an image holds.
 */
export function generate(module: Module, input: CodegenInput, target: Target): Generated {
  for (const p of ['lanes', 'guarded', 'split-critical-edges'] as const)
    if (!module.properties.has(p)) throw new Error(`code generation needs a module with '${p}'`);
  const frames = frameOffsets(module);
  const imports: number[] = [];
  const context = lowerContext(module, input, frames.offset, imports);
  const funcs = bottomUp(module).map((fn): FuncToEmit => {
    const machine = hoistConstants(target.lower(fn, context));
    const allocation = allocate(machine, target);
    const frame = target.frame(machine, allocation.spillSlots, allocation.usedRegisters);
    checkFrame(allocation, frame, target);
    return { allocation, frame };
  });
  if (imports.length > IMAGE_LIMITS.MAX_IMPORTS.value)
    throw new CompileError('FCC0610', 'the program calls too many different helpers', {
      expected: `at most ${IMAGE_LIMITS.MAX_IMPORTS.value}`,
      got: String(imports.length),
    });
  const emitted = emitProgram(funcs, target);
  const names = new Map(module.funcs.map((f) => [f.index, f.name]));
  const name = (index: number): string => names.get(index)!;
  // Of a function that is there twice, the first counts.
  const place = new Map([...module.funcs.entries()].reverse().map(([i, f]) => [f.index, i]));
  const entries = emitted.functions
    .filter((f) => f.entry)
    .sort((a, b) => place.get(a.index)! - place.get(b.index)!)
    .map(
      (f): GeneratedEntry => ({
        index: f.index,
        name: name(f.index),
        offset: f.code,
        worstCase: f.worstCase,
        stackBytes: f.stackBytes,
        frameBytes: frames.depth(functionKey(f.index, true)),
      }),
    );
  return {
    text: emitted.text,
    entries,
    functions: emitted.functions.map((f) => ({
      index: f.index,
      name: name(f.index),
      entry: f.entry,
      start: f.start,
      end: f.end,
      stackBytes: f.ownStack,
    })),
    imports,
    trapTable: emitted.trapTable,
    trapCount: emitted.sites.length,
    sites: emitted.sites,
    lineMap: emitted.lineMap,
    frameLength: frames.length,
    stackLength: entries.reduce((n, e) => Math.max(n, e.stackBytes), 0),
    worstCase: entries.reduce<number | null>(
      (n, e) => (n === null || e.worstCase === null ? null : Math.max(n, e.worstCase)),
      0,
    ),
  };
}

const align8 = (n: number): number => Math.ceil(n / 8) * 8;

/** Indices of the functions that a function calls. */
function calledBy(fn: Func): Set<number> {
  const out = new Set<number>();
  for (const b of fn.blocks) for (const inst of b.insts) if (inst.op === 'call') out.add(inst.callee!);
  return out;
}

/** Callees before callers. Throws (our bug: the verifier refuses it) on recursion. */
function bottomUp(module: Module): Func[] {
  const byKey = new Map(module.funcs.map((f) => [functionKey(f.index, f.entry), f]));
  const out: Func[] = [];
  const state = new Map<Func, 'open' | 'done'>();
  const stack: { fn: Func; calls: string[] }[] = [];
  const enter = (key: string): void => {
    const fn = byKey.get(key);
    if (!fn) throw new Error(`function ${key} is called and is not in the module`);
    if (state.get(fn) === 'done') return;
    if (state.get(fn) === 'open') throw new Error(`recursion through ${fn.name} reached code generation`);
    state.set(fn, 'open');
    stack.push({ fn, calls: [...calledBy(fn)].map((c) => functionKey(c, false)).reverse() });
  };
  for (const key of byKey.keys()) {
    enter(key);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.calls.pop();
      if (next !== undefined) enter(next);
      else {
        state.set(top.fn, 'done');
        out.push(top.fn);
        stack.pop();
      }
    }
  }
  return out;
}

/**
 * Where the stack frames lie behind .bss: a function's frame starts behind those of every chain of callers. By function index,
 * because a frame region is known by it; a function that is an entry as well uses one offset for both.
 */
function frameOffsets(module: Module): {
  offset(index: number): number;
  depth(key: string): number;
  readonly length: number;
} {
  const offsets = new Map<number, number>();
  const order = bottomUp(module);
  const called = new Map(order.map((fn) => [fn, calledBy(fn)]));
  // Callers before callees: one pass, and one more for each function that is called and an entry.
  for (let moved = true; moved; ) {
    moved = false;
    for (const fn of [...order].reverse()) {
      const end = (offsets.get(fn.index) ?? 0) + fn.frameBytes;
      for (const callee of called.get(fn)!)
        if ((offsets.get(callee) ?? 0) < end) {
          offsets.set(callee, end);
          moved = true;
        }
    }
  }
  const depths = new Map<string, number>();
  for (const fn of order) {
    let below = 0;
    for (const c of called.get(fn)!) below = Math.max(below, depths.get(functionKey(c, false))!);
    depths.set(functionKey(fn.index, fn.entry), fn.frameBytes + below);
  }
  return {
    offset: (index) => offsets.get(index) ?? 0,
    depth: (key) => depths.get(key)!,
    length: order.reduce((n, f) => Math.max(n, (offsets.get(f.index) ?? 0) + f.frameBytes), 0),
  };
}

function lowerContext(
  module: Module,
  { contract, globals, helpers }: CodegenInput,
  frameOffset: (index: number) => number,
  imports: number[],
): LowerContext {
  const locals = localFuncs(module);
  const slot = (id: number): number => {
    let index = imports.indexOf(id);
    if (index < 0) index = imports.push(id) - 1;
    return instanceImportOffset(contract.regions.length, index);
  };
  const number = (region: Region): number => {
    switch (region.kind) {
      case 'frame':
      case 'data':
        return REGION_DATA;
      case 'rodata':
        return REGION_RODATA;
      case 'context':
        return REGION_CONTEXT;
      case 'granted':
        if (region.index >= contract.regions.length) throw new Error(`no granted region ${region.index}`);
        return FIRST_GRANTED + region.index;
    }
  };
  const helper = (id: number): HelperRow => {
    const row = helpers.find((h) => h.id === id);
    if (!row) throw new Error(`call of unknown helper ${id}`);
    return row;
  };
  return {
    contract,
    regionBase: (region) => ({
      offset: instanceRegionOffset(number(region), 'base'),
      add:
        region.kind === 'frame'
          ? align8(globals.data.length) + align8(globals.bssLength) + frameOffset(region.func)
          : 0,
    }),
    regionLength: (region) => {
      if (region.kind === 'frame') throw new Error('the length of a frame is a constant');
      return instanceRegionOffset(number(region), 'length');
    },
    helper,
    helperSlot: (id) => slot(helper(id).id),
    intrinsicSlot: (name: IntrinsicName) => slot(INTRINSIC_BASE + INTRINSICS.findIndex((i) => i.name === name)),
    callee: (index) => {
      const fn = locals.get(index);
      if (!fn) throw new Error(`function ${index} is called and is not in the module`);
      return fn;
    },
  };
}
