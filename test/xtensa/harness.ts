// SPDX-License-Identifier: MIT

import { CORES } from '../../backends/xtensa/cores.js';
import { xtensaCpu } from '../../backends/xtensa/cpu.js';
import { xtensaTarget } from '../../backends/xtensa/target.js';
import { type Item, Labels, Recorder } from '../../compiler/codegen/asm.js';
import { allocate } from '../../compiler/codegen/regalloc/index.js';
import { relax } from '../../compiler/codegen/relax.js';
import type { Core, LowerContext, Target } from '../../compiler/codegen/target.js';
import { CONFORMANCE_HELPERS, HELPERS } from '../../compiler/contract/helpers.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { ATOMIC_OPS, INSTANCE, INTRINSICS, type IntrinsicName } from '../../compiler/image/fields.js';
import { TRAPS } from '../../compiler/image/traps.js';
import type { Func, Op } from '../../compiler/ir/ir.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { type Bus, CpuFault } from '../../compiler/simulator/cpu.js';
import { apply } from '../thumb/reference.js';

/** Lowers, allocates, emits and runs single functions on the processor model, without images or loader. */

const core = (name: string): Core => CORES.find((c) => c.name === name)!;

/** A core of the base instruction set alone. */
function bareCore(): Core {
  const features = Object.fromEntries(Object.keys(core('esp32').features).map((name) => [name, false]));
  return { ...core('esp32'), features, featureBits: 0 };
}

const TEXT = 0x40200000;
const STACK = 0x3fff8000;
const STACK_BYTES = 65536;
export const MEMORY = 0x3ffd0000;
export const INSTANCE_AT = 0x3ffe0000;
const RETURN = 0x00000100;
const TRAP = 0x00000200;
/** Code addresses of imports: 0x1000 + 16 * slot number. */
const IMPORTS = 0x1000;
const BASE_OFFSET = 0x40;
const LENGTH_OFFSET = 0x44;
const SLOTS = 0x80;
/** Import slots again, out of reach of one load. */
export const FAR_SLOTS = 0x500;
/** Import slots: the intrinsics, then helpers by id. */
const FIRST_HELPER = INTRINSICS.length;

export const helperImport = (id: number): number => FIRST_HELPER + id;
export const intrinsicImport = (name: IntrinsicName): number => INTRINSICS.findIndex((i) => i.name === name);

/** What an instance offset is the import slot of, if it is one. */
export function importName(offset: number): string | undefined {
  const slot = (offset - SLOTS) / 4;
  return INTRINSICS[slot]?.name ?? (slot >= FIRST_HELPER ? `helper ${slot - FIRST_HELPER}` : undefined);
}

export interface ContextOptions {
  /** Constant that belongs to the base of every region. */
  readonly add?: number;
  readonly callees?: readonly Pick<Func, 'params' | 'results'>[];
  /** Instance offset of the first import slot. */
  readonly slots?: number;
}

export function lowerContext(options: ContextOptions = {}): LowerContext {
  const { slots = SLOTS } = options;
  return {
    contract: DEFAULT_CONTRACT,
    regionBase: () => ({ offset: BASE_OFFSET, add: options.add ?? 0 }),
    regionLength: () => LENGTH_OFFSET,
    helper: (id) => [...HELPERS, ...CONFORMANCE_HELPERS].find((h) => h.id === id)!,
    helperSlot: (id) => slots + 4 * helperImport(id),
    intrinsicSlot: (name) => slots + 4 * intrinsicImport(name),
    callee: (index) => options.callees![index]!,
  };
}

/** One function from IR text between its parameter list and the closing brace. */
export function funcOf(body: string, params: string, results: string, more = 'local frame 0', index = 0): Func {
  return parseModule(
    `module (lanes, guarded, split-critical-edges)\nfunc ${index} "f" ${more} params (${params}) results (${results}) {\n${body}\n}`,
  ).funcs[0]!;
}

/** Lanes r1.lo, r1.hi, r2.lo and so on, as a function's parameter list names them. */
export const lanes = (count: number): string =>
  Array.from({ length: count }, (_, i) => `r${1 + (i >> 1)}.${i % 2 ? 'hi' : 'lo'}`).join(', ');

export interface Compiled {
  readonly text: Uint8Array;
  readonly start: number;
  readonly spillSlots: number;
  readonly stackBytes: number;
  /** Offset of the first trap table entry. */
  readonly traps: number;
}

export interface Outcome {
  /** The result registers. */
  readonly lo: number;
  readonly hi: number;
  /** Trap code, or null. */
  readonly trap: number | null;
  readonly instructions: number;
}

export interface Import {
  readonly slot: number;
  readonly run: (args: readonly number[], stackWord: (i: number) => number) => readonly number[];
}

/** One core: compiles for it and runs what was compiled. */
export class Bench {
  readonly target: Target;

  constructor(
    readonly name: string,
    readonly core: Core,
  ) {
    this.target = xtensaTarget(core);
  }

  /** Text of some functions, trap table included. `gap`: bytes of jumps put behind each block, so that branches get long. */
  compile(funcs: readonly Func[], options: ContextOptions & { gap?: number } = {}): Compiled {
    const { target } = this;
    const labels = new Labels();
    const context = lowerContext(options);
    let spillSlots = 0;
    let stackBytes = 0;
    const sections = funcs.map((fn) => {
      const made = allocate(target.lower(fn, context), target);
      const frame = target.frame(made.fn, made.spillSlots, made.usedRegisters);
      spillSlots += made.spillSlots;
      stackBytes += target.stackBytes(frame);
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
        const never = asm.newLabel();
        for (let n = 0; n < (options.gap ?? 0); n += 3) asm.ref('j', never);
        asm.bind(never);
      }
      return { align: 4, items: asm.items as Item[], pool: asm.pool, poolFirst: true };
    });
    const frame = { incomingOffset: 0, spillOffset: 0, saved: [], entry: false, adjust: 0 };
    const common = new Recorder(labels, target, frame, { func: 0, slot: 0 });
    const table = new Recorder(labels, target, frame, { func: 0, slot: 0 });
    const commons = new Map<string, number>();
    for (const site of labels.sites) {
      if (!commons.has(site.trap)) {
        const label = common.newLabel();
        commons.set(site.trap, label);
        common.bind(label);
        target.trapCommon(TRAPS[site.trap].code, common);
      }
      table.bind(site.label);
      target.trapStub(commons.get(site.trap)!, table);
    }
    const extra = [common, table].map((r) => ({ align: 4, items: r.items, pool: r.pool, poolFirst: true }));
    const laid = relax([...sections, ...extra], target.isa);
    const traps = laid.bounds.at(-1)!;
    if (traps.end - traps.start !== 4 * labels.sites.length) throw new Error('a trap stub is not 4 bytes long');
    return { text: laid.text, start: laid.bounds[0]!.code, spillSlots, stackBytes, traps: traps.start };
  }

  /** The text of one function over lanes r1.lo, r1.hi... */
  one(body: string, params: string, results = 'lo', more?: string): Compiled {
    return this.compile([funcOf(body, params, results, more)]);
  }

  machine(): Machine {
    return new Machine(this.core);
  }
}

export const BENCHES: readonly Bench[] = [
  new Bench('esp8266', core('esp8266')),
  new Bench('esp32', core('esp32')),
  new Bench('esp32 without options', bareCore()),
];

/** What the arithmetic intrinsics do, as operations of the reference. */
const ROUTINES: Partial<Record<IntrinsicName, Op>> = {
  udiv64: 'udiv64',
  umod64: 'umod64',
  sdiv64: 'sdiv64',
  smod64: 'smod64',
  udiv32: 'udiv',
  umod32: 'umod',
  sdiv32: 'sdiv',
  smod32: 'smod',
  mul64: 'mul64',
  umul64: 'umul64',
  shl64: 'shl64',
  lshr64: 'lshr64',
  ashr64: 'ashr64',
};

/** A machine with a piece of memory at MEMORY, an instance at INSTANCE_AT and a stack. */
export class Machine {
  readonly memory = new Uint8Array(4096);
  readonly instance = new Uint8Array(4096);
  private readonly stack = new Uint8Array(STACK_BYTES);
  private readonly areas = [
    [MEMORY, this.memory],
    [INSTANCE_AT, this.instance],
    [STACK - STACK_BYTES, this.stack],
  ] as const;
  private readonly model;
  private seed = 12345;

  constructor(core: Core) {
    this.model = xtensaCpu(core);
    const word = (at: number, v: number): void => new DataView(this.instance.buffer).setUint32(at, v, true);
    word(INSTANCE.offset.trap, TRAP);
    word(INSTANCE.offset.fuel, 1000);
    word(BASE_OFFSET, MEMORY);
    word(LENGTH_OFFSET, this.memory.length);
    for (const first of [SLOTS, FAR_SLOTS]) for (let i = 0; i < 150; i++) word(first + 4 * i, IMPORTS + 16 * i);
  }

  /** Fills the memory with something that tells bytes apart. */
  fill(): this {
    for (let i = 0; i < this.memory.length; i++) this.memory[i] = (i * 37 + (i >> 8) * 11 + 129) & 0xff;
    return this;
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

  private bus(text: Uint8Array): Bus {
    return {
      read: (a, n) => {
        const v = this.view(a, n);
        return n === 1 ? v.getUint8(0) : n === 2 ? v.getUint16(0, true) : v.getUint32(0, true);
      },
      literal: (a) => new DataView(text.buffer, text.byteOffset + (a - TEXT)).getUint32(0, true),
      write: (a, n, x) => {
        const v = this.view(a, n);
        if (n === 1) v.setUint8(0, x & 0xff);
        else if (n === 2) v.setUint16(0, x & 0xffff, true);
        else v.setUint32(0, x >>> 0, true);
      },
    };
  }

  /** What the runtime's own routines answer; null for other imports. */
  private routine(slot: number, args: readonly number[]): readonly number[] | null {
    const name = INTRINSICS[slot]?.name;
    const op = name && ROUTINES[name];
    if (op) return apply({ op }, args);
    const [a, b, c] = args as [number, number, number];
    if (name === 'atomic32') return [this.modify(b, (old) => update(ATOMIC_OPS[c]!, old, a))];
    if (name === 'cmpxchg32') return [this.modify(c, (old) => (old === a ? b : old))];
    return null;
  }

  /** Replaces the word at an address of any alignment; the old one. */
  private modify(address: number, next: (old: number) => number): number {
    const v = this.view(address, 4);
    const old = v.getUint32(0, true);
    v.setUint32(0, next(old) >>> 0, true);
    return old;
  }

  private random = (): number => {
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) | 0;
    return this.seed;
  };

  /** Calls the text with argument words; checks what a function that is no entry must preserve. */
  run(code: Compiled, args: readonly number[], imports: readonly Import[] = [], entry = false): Outcome {
    const { abi } = this.model;
    const bus = this.bus(code.text);
    const cpu = this.model.create(code.text, TEXT, bus);
    for (let r = 0; r < 16; r++) cpu.registers[r] = this.random();
    cpu.scramble(this.random);
    const sp = STACK - 64;
    args.forEach((a, i) => {
      if (i < 6) cpu.registers[2 + i] = a | 0;
      else bus.write(sp + 4 * (i - 6), 4, a);
    });
    cpu.registers[15] = INSTANCE_AT | 0;
    cpu.registers[1] = sp | 0;
    cpu.registers[0] = RETURN;
    cpu.pc = TEXT + code.start;
    const before = Int32Array.from(cpu.registers);
    for (;;) {
      if (!cpu.run(200000)) throw new Error('runs on and on');
      const { pc } = cpu;
      if (pc === RETURN) {
        for (const r of entry ? [1, 15] : [1, 12, 13, 14, 15]) {
          if (cpu.registers[r] !== before[r]) throw new Error(`a${r} is not preserved`);
        }
        const [lo, hi] = [cpu.registers[2]! >>> 0, cpu.registers[3]! >>> 0];
        return { lo, hi, trap: null, instructions: cpu.instructions };
      }
      if (pc === TRAP) {
        const site = cpu.registers[0]! - 3 - TEXT - code.traps;
        if (site < 0 || site % 4 !== 0) throw new Error('a trap without a site');
        return { lo: 0, hi: 0, trap: cpu.registers[2]!, instructions: cpu.instructions };
      }
      const slot = (pc - IMPORTS) / 16;
      const now = cpu.registers[1]! >>> 0;
      if (now % 16 !== 0) throw new Error('SP is not 16-aligned at a call');
      if (cpu.registers[15] !== (INSTANCE_AT | 0)) throw new Error('call without the instance');
      const words = [2, 3, 4, 5, 6, 7].map((r) => cpu.registers[r]! >>> 0);
      const found = imports.find((i) => i.slot === slot);
      const results = found ? found.run(words, (i) => bus.read(now + 4 * i, 4)) : this.routine(slot, words);
      if (!results) throw new Error(`left the text to 0x${pc.toString(16)}`);
      const back = cpu.registers[0]!;
      for (const r of abi.callerSaved) cpu.registers[r] = this.random();
      cpu.scramble(this.random);
      results.forEach((v, i) => {
        cpu.registers[2 + i] = v | 0;
      });
      cpu.pc = back;
    }
  }
}

/** What an atomic operation leaves in memory. */
export function update(op: (typeof ATOMIC_OPS)[number], old: number, value: number): number {
  const result = { add: old + value, or: old | value, and: old & value, xor: old ^ value, xchg: value }[op];
  return result >>> 0;
}

/** Values at the edges of what instructions and arithmetic treat alike. */
export const EDGES: readonly number[] = [
  0, 1, 2, 3, 7, 8, 15, 31, 32, 33, 63, 127, 128, 255, 256, 0xff00, 0x7fff, 0x8000, 0xffff, 0x10000, 0x00ff00ff,
  0x12345678, 0x7fffffff, 0x80000000, 0x80000001, 0xffff8000, 0xfffff800, 0xffffff7f, 0xffffff80, 0xffffff00,
  0xffffffe0, 0xfffffffe, 0xffffffff,
];
