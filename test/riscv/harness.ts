// SPDX-License-Identifier: MIT

import { CORES, featureBitsOf } from '../../backends/riscv/cores.js';
import { riscvCpu } from '../../backends/riscv/cpu.js';
import { riscvTarget } from '../../backends/riscv/target.js';
import { emitProgram } from '../../compiler/codegen/emit.js';
import { checkFrame } from '../../compiler/codegen/regalloc/check.js';
import { allocate } from '../../compiler/codegen/regalloc/index.js';
import type { Core, LowerContext, Target } from '../../compiler/codegen/target.js';
import { CONFORMANCE_HELPERS, HELPERS } from '../../compiler/contract/helpers.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { ATOMIC_OPS, INSTANCE, INTRINSICS, type IntrinsicName } from '../../compiler/image/fields.js';
import type { Func } from '../../compiler/ir/ir.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { type Abi, type Bus, type Cpu, CpuFault } from '../../compiler/simulator/cpu.js';
import { apply } from '../thumb/reference.js';

/** Lowers, allocates, emits and runs single functions on the processor model, without images or loader. */

const full = CORES.find((c) => c.name === 'rv32imac')!;
const variant = (name: string, changes: Record<string, boolean>): Core => {
  const features = { ...full.features, ...changes };
  return { ...full, name, features, featureBits: featureBitsOf(features) };
};

/** The cores there are, and what can be had by switching features off, or the 16-register limit on. */
export const VARIANTS: readonly Core[] = [
  ...CORES,
  variant('rv32emac', { registers16: true }),
  variant('rv32i', { mul: false, div: false, atomics: false, compressed: false }),
];
export const IMAC = full;
export const EMAC = VARIANTS.find((c) => c.name === 'rv32emac')!;

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
const FIRST_HELPER = INTRINSICS.length;

export interface ContextOptions {
  /** Constant that belongs to the base of every region. */
  readonly add?: number;
  readonly callees?: readonly Pick<Func, 'params' | 'results'>[];
}

/** Import slot number of a helper id, and of an intrinsic. */
export const helperImport = (id: number): number => FIRST_HELPER + id;
export const intrinsicImport = (name: IntrinsicName): number => INTRINSICS.findIndex((i) => i.name === name);

export function lowerContext(options: ContextOptions = {}): LowerContext {
  return {
    contract: DEFAULT_CONTRACT,
    regionBase: () => ({ offset: BASE_OFFSET, add: options.add ?? 0 }),
    regionLength: () => LENGTH_OFFSET,
    helper: (id) => [...HELPERS, ...CONFORMANCE_HELPERS].find((h) => h.id === id)!,
    helperSlot: (id) => SLOTS + 4 * helperImport(id),
    intrinsicSlot: (name) => SLOTS + 4 * intrinsicImport(name),
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
  /** Bytes of code, trap code and table apart. */
  readonly codeBytes: number;
  readonly start: number;
  /** Native stack of the deepest chain of calls. */
  readonly stackBytes: number;
  readonly spillSlots: number;
  readonly worstCase: number | null;
  readonly trapTable: number;
}

/** Text of some functions, trap table included; the first one is the one that is run. */
export function compile(funcs: readonly Func[], core = full, options: ContextOptions = {}): Compiled {
  const target: Target = riscvTarget(core);
  const context = lowerContext(options);
  let spillSlots = 0;
  const emitted = emitProgram(
    funcs.map((fn) => {
      const allocation = allocate(target.lower(fn, context), target);
      const frame = target.frame(allocation.fn, allocation.spillSlots, allocation.usedRegisters);
      checkFrame(allocation, frame, target);
      spillSlots += allocation.spillSlots;
      return { allocation, frame };
    }),
    target,
  );
  const [first] = emitted.functions;
  return {
    core,
    text: emitted.text,
    codeBytes: emitted.functions.at(-1)!.end,
    start: first!.code,
    stackBytes: first!.stackBytes,
    spillSlots,
    worstCase: first!.worstCase,
    trapTable: emitted.trapTable,
  };
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

/** A machine with a piece of memory at MEMORY, an instance at INSTANCE_AT and a stack. */
export class Machine {
  readonly memory = new Uint8Array(4096);
  readonly instance = new Uint8Array(1024);
  /** Intrinsics that were called, by name. */
  readonly called: string[] = [];
  private readonly stack = new Uint8Array(STACK_BYTES);
  private readonly areas = [
    [MEMORY, this.memory],
    [INSTANCE_AT, this.instance],
    [STACK - STACK_BYTES, this.stack],
  ] as const;

  constructor() {
    const word = (at: number, v: number): void => new DataView(this.instance.buffer).setUint32(at, v, true);
    word(INSTANCE.offset.trap, TRAP);
    word(INSTANCE.offset.fuel, 1000);
    word(BASE_OFFSET, MEMORY);
    word(LENGTH_OFFSET, this.memory.length);
    for (let i = 0; i < 120; i++) word(SLOTS + 4 * i, IMPORTS + 16 * i);
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

  private readonly bus: Bus = {
    read: (a, n) => {
      const v = this.view(a, n);
      return n === 1 ? v.getUint8(0) : n === 2 ? v.getUint16(0, true) : v.getUint32(0, true);
    },
    literal: () => {
      throw new CpuFault('a literal');
    },
    write: (a, n, x) => {
      const v = this.view(a, n);
      if (n === 1) v.setUint8(0, x & 0xff);
      else if (n === 2) v.setUint16(0, x & 0xffff, true);
      else v.setUint32(0, x >>> 0, true);
    },
  };

  /**
   * Calls the text with argument words; checks what a function that is no entry must preserve, the alignment of SP at calls, and
   * that no more is executed than the worst case says. Imports that are not given do what the runtime's intrinsics do.
   */
  run(code: Compiled, args: readonly number[], imports: readonly Import[] = [], entry = false): Outcome {
    const model = riscvCpu(code.core);
    const { abi } = model;
    const cpu = model.create(code.text, TEXT, this.bus);
    let seed = 12345;
    const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) | 0);
    for (let r = 1; r < 32; r++) cpu.registers[r] = random();
    cpu.scramble(random);
    const sp = STACK - 64;
    args.forEach((a, i) => {
      const reg = abi.argumentRegisters[i];
      if (reg !== undefined) cpu.registers[reg] = a | 0;
      else this.bus.write(sp + 4 * (i - abi.argumentRegisters.length), 4, a);
    });
    cpu.registers[abi.instanceRegister] = INSTANCE_AT;
    cpu.registers[abi.stackPointer] = sp;
    cpu.registers[abi.linkRegister] = RETURN;
    cpu.pc = TEXT + code.start;
    const before = Int32Array.from(cpu.registers);
    const limit = 1_000_000;
    for (;;) {
      if (!cpu.run(limit)) throw new Error('runs on and on');
      if (code.worstCase !== null && cpu.instructions > code.worstCase) throw new Error('more than the worst case');
      if (cpu.pc === RETURN) {
        for (const r of entry ? [2, 3, 4, abi.instanceRegister] : preserved(abi)) {
          if (cpu.registers[r] !== before[r]) throw new Error(`x${r} is not preserved`);
        }
        const [lo, hi] = abi.resultRegisters.map((r) => cpu.registers[r]! >>> 0);
        return { r0: lo!, r1: hi!, trap: null, instructions: cpu.instructions };
      }
      if (cpu.pc === TRAP) {
        const site = cpu.registers[abi.linkRegister]! - abi.trapLink - (TEXT + code.trapTable);
        if (site < 0 || site % 4 !== 0) throw new Error('the link register names no trap site');
        return { r0: 0, r1: 0, trap: cpu.registers[10]!, instructions: cpu.instructions };
      }
      this.callImport(cpu, abi, imports, random);
    }
  }

  private callImport(cpu: Cpu, abi: Abi, imports: readonly Import[], random: () => number): void {
    const slot = (cpu.pc - IMPORTS) / 16;
    const name = INTRINSICS[slot]?.name;
    const run = imports.find((i) => i.slot === slot)?.run ?? (name && this.intrinsic(name));
    if (!run) throw new Error(`left the text to 0x${cpu.pc.toString(16)}`);
    if (name) this.called.push(name);
    const now = cpu.registers[abi.stackPointer]!;
    if (now % abi.stackAlign !== 0) throw new Error('SP is not aligned at a call');
    if (cpu.registers[abi.instanceRegister] !== INSTANCE_AT) throw new Error('call without the instance');
    const words = abi.argumentRegisters.map((r) => cpu.registers[r]! >>> 0);
    const results = run(words, (i) => this.bus.read(now + 4 * i, 4));
    const back = cpu.registers[abi.linkRegister]!;
    for (const r of abi.callerSaved) cpu.registers[r] = random();
    cpu.scramble(random);
    results.forEach((v, i) => {
      cpu.registers[abi.resultRegisters[i]!] = v | 0;
    });
    cpu.pc = back;
  }

  private intrinsic(name: IntrinsicName): Import['run'] | undefined {
    if (name === 'search' || name === 'locate') return undefined;
    const [, kind, bits] = /^(.*?)(32|64)$/.exec(name) as unknown as [string, string, string];
    const wide = bits === '64';
    if (kind === 'atomic' || kind === 'cmpxchg') return (args) => this.atomic(kind, wide, args);
    const op = wide ? name : kind;
    const count = kind === 'umul' ? 2 : kind === 'mul' || wide ? 4 : 2;
    return (args) => apply({ op: op as 'add' }, args.slice(0, count));
  }

  /** Byte by byte: these take any address. */
  private atomic(kind: string, wide: boolean, args: readonly number[]): number[] {
    const n = wide ? 2 : 1;
    const value = (i: number): bigint => BigInt(args[i]!) | (wide ? BigInt(args[i + 1]!) << 32n : 0n);
    const at = (kind === 'cmpxchg' ? args[2 * n] : args[n])!;
    const places = Array.from({ length: 4 * n }, (_, i) => i);
    const old = places.reduce((v, i) => v | (BigInt(this.bus.read(at + i, 1)) << BigInt(8 * i)), 0n);
    const op = ATOMIC_OPS[args[n + 1]!];
    const next = kind === 'cmpxchg' ? (old === value(0) ? value(n) : old) : modify(op, old, value(0));
    for (const i of places) this.bus.write(at + i, 1, Number((next >> BigInt(8 * i)) & 0xffn));
    return [Number(BigInt.asIntN(32, old)), Number(BigInt.asIntN(32, old >> 32n))].slice(0, n);
  }
}

/** What a called function leaves as it was: everything that the convention does not give away. */
const preserved = (abi: Abi): number[] =>
  Array.from({ length: 32 }, (_, r) => r).filter(
    (r) => r !== 0 && !abi.callerSaved.includes(r) && !(abi.argumentRegisters.length === 6 && r > 15),
  );

/** What an atomic operation leaves in memory. */
export function modify(op: string | undefined, old: bigint, value: bigint): bigint {
  switch (op) {
    case 'add':
      return old + value;
    case 'or':
      return old | value;
    case 'and':
      return old & value;
    case 'xor':
      return old ^ value;
    case 'xchg':
      return value;
    default:
      throw new Error(`no atomic operation ${op}`);
  }
}

/** Values at the edges of what instructions and arithmetic treat alike. */
export const EDGES: readonly number[] = [
  0, 1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 255, 256, 2047, 2048, 0xff00, 0xffff, 0x10000, 0x00ff00ff, 0x12345678,
  0x7fffffff, 0x80000000, 0x80000001, 0xfffff000, 0xfffff7ff, 0xfffff800, 0xffffffe0, 0xffffff00, 0xfffffffe,
  0xffffffff,
];
