// SPDX-License-Identifier: MIT

import { CORES } from '../../backends/thumb/cores.js';
import { thumbCpu } from '../../backends/thumb/cpu.js';
import { thumbTarget } from '../../backends/thumb/target.js';
import { type Item, instItem, Labels, Recorder, refItem } from '../../compiler/codegen/asm.js';
import { allocate } from '../../compiler/codegen/regalloc/index.js';
import { relax } from '../../compiler/codegen/relax.js';
import type { Core, LowerContext, Target } from '../../compiler/codegen/target.js';
import { CONFORMANCE_HELPERS, HELPERS } from '../../compiler/contract/helpers.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { INSTANCE, INTRINSICS, type IntrinsicName } from '../../compiler/image/fields.js';
import { TRAPS } from '../../compiler/image/traps.js';
import type { Func, Op } from '../../compiler/ir/ir.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { type Bus, type Cpu, CpuFault } from '../../compiler/simulator/cpu.js';
import { apply } from './reference.js';

/** Lowers, allocates, emits and runs single functions on the processor model, without images or loader. */

/** One core for each way of selecting instructions, the one with most of them first. */
export const LEVELS = ['cortex-m4', 'cortex-m23', 'cortex-m0'] as const;
export type Level = (typeof LEVELS)[number];

const TARGETS = Object.fromEntries(
  LEVELS.map((name) => [name, thumbTarget(CORES.find((c) => c.name === name)!)]),
) as Record<Level, Target>;
export const targetOf = (level: Level = 'cortex-m4'): Target => TARGETS[level];

const TEXT = 0x08000000;
const STACK = 0x20008000;
const STACK_BYTES = 8192;
export const MEMORY = 0x20010000;
export const INSTANCE_AT = 0x20020000;
const RETURN = 0x00000100;
const TRAP = 0x00000200;
/** Code addresses of imports: 0x1000 + 16 * slot number. */
const IMPORTS = 0x1000;
const BASE_OFFSET = 0x40;
const LENGTH_OFFSET = 0x44;
const SLOTS = 0x80;
/** Helpers are at 8 and up, so are most intrinsics, further up. */
function intrinsicSlot(name: IntrinsicName): number {
  const row = INTRINSICS.findIndex((i) => i.name === name);
  return row < 8 ? row : 90 + row;
}

export interface ContextOptions {
  /** Core to compile for; default Cortex-M4. */
  readonly level?: Level;
  /** Constant that belongs to the base of every region. */
  readonly add?: number;
  readonly callees?: readonly Pick<Func, 'params' | 'results'>[];
}

export function lowerContext(options: ContextOptions = {}): LowerContext {
  return {
    contract: DEFAULT_CONTRACT,
    regionBase: () => ({ offset: BASE_OFFSET, add: options.add ?? 0 }),
    regionLength: () => LENGTH_OFFSET,
    helper: (id) => [...HELPERS, ...CONFORMANCE_HELPERS].find((h) => h.id === id)!,
    helperSlot: (id) => SLOTS + 4 * (8 + id),
    intrinsicSlot: (name) => SLOTS + 4 * intrinsicSlot(name),
    callee: (index) => options.callees![index]!,
  };
}

/** One function from IR text between its parameter list and the closing brace. */
export function funcOf(body: string, params: string, results: string, more = 'local frame 0', index = 0): Func {
  return parseModule(
    `module (lanes, guarded, split-critical-edges)\nfunc ${index} "f" ${more} params (${params}) results (${results}) {\n${body}\n}`,
  ).funcs[0]!;
}

export interface Compiled {
  readonly core: Core;
  readonly text: Uint8Array;
  readonly start: number;
  readonly stackBytes: number;
  readonly spillSlots: number;
}

/** The items after the target's peephole stage, as the emitter runs it. */
function polished(items: readonly Item[], target: Target): readonly Item[] {
  const refs = items.flatMap((x) => (x.kind === 'either' ? [...x.near, ...x.far] : [x]));
  return target.peephole!(items, {
    inst: (name, operands, group) => instItem(target.isa, name, operands, group),
    ref: (name, label, operands, group) => refItem(target.isa, name, label, operands, group),
    references: (label) => refs.filter((x) => x.kind === 'ref' && x.label === label).length,
  });
}

/** Text of some functions, trap table included; it begins with the first function. */
export function compile(funcs: readonly Func[], options: ContextOptions = {}): Compiled {
  const labels = new Labels();
  const target = targetOf(options.level);
  const context = lowerContext(options);
  let stackBytes = 0;
  let spillSlots = 0;
  const sections = funcs.map((fn) => {
    const made = allocate(target.lower(fn, context), target);
    const frame = target.frame(made.fn, made.spillSlots, made.usedRegisters);
    stackBytes += target.stackBytes(frame);
    spillSlots += made.spillSlots;
    const asm = new Recorder(labels, target, frame, { func: 0, slot: 0 });
    const at = new Map(made.blocks.map((b) => [b.id, asm.newLabel()]));
    asm.bind(labels.functionLabel(`${fn.index}${fn.entry ? ' entry' : ''}`));
    target.prologue(asm);
    for (const b of made.blocks) {
      asm.begin({ func: 0, slot: 0 });
      asm.bind(at.get(b.id)!);
      for (const { inst } of b.insts) {
        asm.begin(inst.origin, inst.executes);
        inst.expand!(inst.operands, asm);
      }
      const t = b.term;
      if (t.kind === 'jump') target.jump(at.get(t.to.block)!, asm);
      else if (t.kind === 'branch') {
        // Both senses of the branch get exercised.
        const invert = b.id % 2 === 1;
        t.branch(t.inst.operands, invert, at.get((invert ? t.else : t.then).block)!, asm);
        target.jump(at.get((invert ? t.then : t.else).block)!, asm);
      } else if (t.kind === 'ret') target.epilogue(asm);
      else target.jump(asm.trapSite(t.trap, t.origin), asm);
    }
    return { align: 4, items: polished(asm.items, target), pool: asm.pool };
  });
  const frame = { incomingOffset: 0, spillOffset: 0, saved: [], entry: false, adjust: 0 };
  const traps = new Recorder(labels, target, frame, { func: 0, slot: 0 });
  const commons = new Map<string, number>();
  for (const site of labels.sites) {
    traps.bind(site.label);
    const common = commons.get(site.trap) ?? traps.newLabel();
    commons.set(site.trap, common);
    target.trapStub(common, traps);
  }
  for (const [name, label] of commons) {
    traps.bind(label);
    target.trapCommon(TRAPS[name as keyof typeof TRAPS].code, traps);
  }
  const laid = relax([...sections, { align: 4, items: traps.items, pool: traps.pool }], target.isa);
  return { core: target.core, text: laid.text, start: 0, stackBytes, spillSlots };
}

export interface Outcome {
  readonly r0: number;
  readonly r1: number;
  /** Trap code, or null. */
  readonly trap: number | null;
  readonly instructions: number;
}

export interface Import {
  readonly slot: number;
  readonly run: (args: readonly number[], stackWord: (i: number) => number) => readonly number[];
}

/** Routines that compute what an operation does. */
const PURE: readonly Import[] = INTRINSICS.flatMap(({ name }): Import[] => {
  const op = name.endsWith('32') ? name.slice(0, -2) : name;
  const args = name.endsWith('32') || name === 'umul64' ? 2 : name.includes('sh') || name === 'lshr64' ? 3 : 4;
  if (name === 'search' || name === 'locate' || name.startsWith('atomic') || name.startsWith('cmpxchg')) return [];
  return [{ slot: intrinsicSlot(name), run: (a) => apply({ op: op as Op }, a.slice(0, args)) }];
});

/** A machine with a piece of memory at MEMORY, an instance at INSTANCE_AT and a stack. */
export class Machine {
  readonly memory = new Uint8Array(4096);
  readonly instance = new Uint8Array(1024);
  private readonly stack = new Uint8Array(STACK_BYTES);
  private readonly processors = new WeakMap<Compiled, { cpu: Cpu; bus: Bus }>();
  private readonly areas = [
    [MEMORY, this.memory],
    [INSTANCE_AT, this.instance],
    [STACK - STACK_BYTES, this.stack],
  ] as const;

  constructor() {
    const word = (at: number, v: number): void => new DataView(this.instance.buffer).setUint32(at, v, true);
    word(INSTANCE.offset.trap, TRAP + 1);
    word(INSTANCE.offset.fuel, 1000);
    word(BASE_OFFSET, MEMORY);
    word(LENGTH_OFFSET, this.memory.length);
    for (let i = 0; i < 120; i++) word(SLOTS + 4 * i, IMPORTS + 16 * i + 1);
  }

  instanceWord(at: number): number {
    return new DataView(this.instance.buffer).getUint32(at, true);
  }

  setFuel(units: number): void {
    new DataView(this.instance.buffer).setUint32(INSTANCE.offset.fuel, units, true);
  }

  private view(address: number, bytes: number): DataView {
    for (const [base, area] of this.areas) {
      if (address >= base && address + bytes <= base + area.length)
        return new DataView(area.buffer, address - base, bytes);
    }
    throw new CpuFault(`${bytes} bytes at 0x${address.toString(16)}`);
  }

  /** A processor that has the text, which it decodes only once. */
  private prepare(code: Compiled): { cpu: Cpu; bus: Bus } {
    const ready = this.processors.get(code);
    if (ready) return ready;
    const bus: Bus = {
      read: (a, n) => {
        const v = this.view(a, n);
        return n === 1 ? v.getUint8(0) : n === 2 ? v.getUint16(0, true) : v.getUint32(0, true);
      },
      literal: (a) => new DataView(code.text.buffer, code.text.byteOffset + (a - TEXT)).getUint32(0, true),
      write: (a, n, x) => {
        const v = this.view(a, n);
        if (n === 1) v.setUint8(0, x & 0xff);
        else if (n === 2) v.setUint16(0, x & 0xffff, true);
        else v.setUint32(0, x >>> 0, true);
      },
    };
    const made = { cpu: thumbCpu(code.core).create(code.text, TEXT, bus), bus };
    this.processors.set(code, made);
    return made;
  }

  /** Calls the text with argument words; checks what a function that is no entry must preserve. */
  run(code: Compiled, args: readonly number[], imports: readonly Import[] = [], entry = false): Outcome {
    const { cpu, bus } = this.prepare(code);
    const start = cpu.instructions;
    let seed = 12345;
    const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) | 0);
    for (let r = 0; r < 15; r++) cpu.registers[r] = random();
    cpu.scramble(random);
    const sp = STACK - 64;
    args.forEach((a, i) => {
      if (i < 4) cpu.registers[i] = a | 0;
      else bus.write(sp + 4 * (i - 4), 4, a);
    });
    cpu.registers[9] = INSTANCE_AT;
    cpu.registers[13] = sp;
    cpu.registers[14] = RETURN + 1;
    cpu.pc = TEXT + code.start;
    const before = Int32Array.from(cpu.registers);
    for (;;) {
      if (!cpu.run(start + 100000)) throw new Error('runs on and on');
      const pc = cpu.pc & ~1;
      if (pc === RETURN) {
        for (const r of entry ? [9, 13] : [4, 5, 6, 7, 8, 9, 10, 11, 13]) {
          if (cpu.registers[r] !== before[r]) throw new Error(`r${r} is not preserved`);
        }
        const [r0, r1] = [cpu.registers[0]! >>> 0, cpu.registers[1]! >>> 0];
        return { r0, r1, trap: null, instructions: cpu.instructions - start };
      }
      if (pc === TRAP) {
        return { r0: 0, r1: 0, trap: cpu.registers[0]!, instructions: cpu.instructions - start };
      }
      const slot = (pc - IMPORTS) / 16;
      const found = [...imports, ...PURE].find((i) => i.slot === slot);
      if (!found) throw new Error(`left the text to 0x${pc.toString(16)}`);
      const now = cpu.registers[13]!;
      if (now % 8 !== 0) throw new Error('SP is not 8-aligned at a call');
      const words = [0, 1, 2, 3].map((r) => cpu.registers[r]! >>> 0);
      const results = found.run(words, (i) => bus.read(now + 4 * i, 4));
      const back = cpu.registers[14]!;
      for (const r of [0, 1, 2, 3, 12, 14]) cpu.registers[r] = random();
      cpu.scramble(random);
      results.forEach((v, i) => {
        cpu.registers[i] = v | 0;
      });
      cpu.pc = back & ~1;
    }
  }
}

/** Import slot number of a helper id, and of an intrinsic. */
export const helperImport = (id: number): number => 8 + id;
export const intrinsicImport = (name: IntrinsicName): number => intrinsicSlot(name);

/** Values at the edges of what instructions and arithmetic treat alike. */
export const EDGES: readonly number[] = [
  0, 1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 255, 256, 0xff00, 0xffff, 0x10000, 0x00ff00ff, 0x12345678, 0x7fffffff,
  0x80000000, 0x80000001, 0xfffff000, 0xffffff00, 0xffffff01, 0xfffffffe, 0xffffffff,
];
