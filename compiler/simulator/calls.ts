// SPDX-License-Identifier: MIT
import type { HelperRow } from '../contract/helpers.js';
import { HelperTrap } from '../host/engine.js';
import type { HelperHost } from '../host/helpers.js';
import {
  ATOMIC_OPS,
  INSTANCE,
  INSTANCE_REGION,
  INTRINSIC_BASE,
  INTRINSICS,
  type IntrinsicName,
} from '../image/fields.js';
import { type Abi, type Cpu, CpuFault } from './cpu.js';
import type { SimMemory } from './memory.js';

/** Calls from native code to helpers and intrinsics, by the C calling convention of the model. */

const word = (n: number | bigint): bigint => BigInt.asUintN(32, BigInt(n));

/** Reads argument words in order: registers first, then the stack. */
class Arguments {
  #next = 0;
  constructor(
    private readonly abi: Abi,
    private readonly cpu: Cpu,
    private readonly memory: SimMemory,
  ) {}

  word(): bigint {
    const { argumentRegisters, stackPointer } = this.abi;
    const i = this.#next++;
    if (i < argumentRegisters.length) return word(this.cpu.registers[argumentRegisters[i]!]!);
    const sp = this.cpu.registers[stackPointer]! >>> 0;
    return word(this.memory.read(sp + 4 * (i - argumentRegisters.length), 4));
  }

  pair(): bigint {
    const { alignPairs, alignStackPairs, argumentRegisters } = this.abi;
    const even = alignPairs || (alignStackPairs === true && this.#next >= argumentRegisters.length);
    if (even && this.#next % 2 === 1) this.#next++;
    const lo = this.word();
    return lo | (this.word() << 32n);
  }
}

type Divide = (a: bigint, b: bigint) => bigint;
const QUOTIENTS: Readonly<Record<'udiv' | 'umod' | 'sdiv' | 'smod', (bits: number) => Divide>> = {
  udiv: () => (a, b) => (b === 0n ? 0n : a / b),
  umod: () => (a, b) => (b === 0n ? a : a % b),
  sdiv: (bits) => (a, b) => (b === 0n ? 0n : BigInt.asIntN(bits, a) / BigInt.asIntN(bits, b)),
  smod: (bits) => (a, b) => (b === 0n ? a : BigInt.asIntN(bits, a) % BigInt.asIntN(bits, b)),
};
const MODIFY: Readonly<Record<(typeof ATOMIC_OPS)[number], (old: bigint, value: bigint) => bigint>> = {
  add: (old, value) => old + value,
  or: (old, value) => old | value,
  and: (old, value) => old & value,
  xor: (old, value) => old ^ value,
  xchg: (_, value) => value,
};

/** One read-modify-write of 4 or 8 bytes at any alignment; gives the old value. */
function update(memory: SimMemory, address: bigint, bytes: 4 | 8, next: (old: bigint) => bigint): bigint {
  const at = Number(address);
  const places = Array.from({ length: bytes }, (_, i) => i);
  const old = places.reduce((v, i) => v | (BigInt(memory.read(at + i, 1)) << BigInt(8 * i)), 0n);
  const value = next(old);
  for (const i of places) memory.write(at + i, 1, Number((value >> BigInt(8 * i)) & 0xffn));
  return old;
}

const atomic =
  (bytes: 4 | 8) =>
  ({ memory }: CallContext, value: bigint, address: bigint, op: bigint): bigint => {
    const name = ATOMIC_OPS[Number(op)];
    if (!name) throw new CpuFault(`atomic operation ${op} does not exist`);
    return update(memory, address, bytes, (old) => MODIFY[name](old, value));
  };
const cmpxchg =
  (bytes: 4 | 8) =>
  ({ memory }: CallContext, expected: bigint, value: bigint, address: bigint): bigint =>
    update(memory, address, bytes, (old) => (old === expected ? value : old));
const plain =
  (f: Divide) =>
  (_: CallContext, a: bigint, b: bigint): bigint =>
    f(a, b);

/** image/fields.ts INTRINSICS says what each does. Arguments are unsigned; of the result the low bits count. */
const ROUTINES: Readonly<Record<IntrinsicName, (c: CallContext, ...args: [bigint, bigint, bigint, bigint]) => bigint>> =
  {
    udiv64: plain(QUOTIENTS.udiv(64)),
    umod64: plain(QUOTIENTS.umod(64)),
    sdiv64: plain(QUOTIENTS.sdiv(64)),
    smod64: plain(QUOTIENTS.smod(64)),
    udiv32: plain(QUOTIENTS.udiv(32)),
    umod32: plain(QUOTIENTS.umod(32)),
    sdiv32: plain(QUOTIENTS.sdiv(32)),
    smod32: plain(QUOTIENTS.smod(32)),
    mul64: plain((a, b) => a * b),
    umul64: plain((a, b) => a * b),
    shl64: plain((a, n) => a << (n & 63n)),
    lshr64: plain((a, n) => a >> (n & 63n)),
    ashr64: plain((a, n) => BigInt.asIntN(64, a) >> (n & 63n)),
    atomic32: atomic(4),
    atomic64: atomic(8),
    cmpxchg32: cmpxchg(4),
    cmpxchg64: cmpxchg(8),
    search: (c, instance, address, size, rights) => {
      if (size === 0n) return 1n;
      return rowOf(c, 'search', instance, Number(address), Number(size), Number(rights)) ? 1n : 0n;
    },
    locate: (c, instance, address, rights) => {
      const row = rowOf(c, 'locate', instance, Number(address), 1, Number(rights));
      return row ? BigInt(row.base) | (BigInt(row.length) << 32n) : 0n;
    },
  };

/** A row of the instance's region table with these rights that holds [address, address + size), for a size above 0. */
function rowOf(
  { memory, instance }: CallContext,
  name: string,
  given: bigint,
  address: number,
  size: number,
  rights: number,
): { base: number; length: number } | null {
  if (Number(given) !== instance) throw new CpuFault(`${name} called without the instance`);
  for (let i = memory.read(instance + INSTANCE.offset.region_count, 4) - 1; i >= 0; i--) {
    const row = instance + INSTANCE.size + i * INSTANCE_REGION.size;
    const base = memory.read(row + INSTANCE_REGION.offset.base, 4);
    const length = memory.read(row + INSTANCE_REGION.offset.length, 4);
    const has = memory.read(row + INSTANCE_REGION.offset.rights, 4);
    if ((has & rights) === rights && address >= base && address - base + size <= length) return { base, length };
  }
  return null;
}

export interface CallContext {
  readonly abi: Abi;
  readonly cpu: Cpu;
  readonly memory: SimMemory;
  readonly host: HelperHost;
  readonly instance: number;
  readonly random: () => number;
}

function helperArguments(row: HelperRow, args: Arguments): bigint[] {
  return row.args.map((arg) => (arg.kind === 'u64' ? args.pair() : args.word()));
}

/**
 * Does what import `id` does, with the processor standing at its first instruction, and returns to the caller. Every register that
 * the convention lets a callee destroy holds garbage afterwards, results apart. Throws HelperTrap from helper bodies, CpuFault
 * if the call breaks the convention.
 */
export function callImport(c: CallContext, id: number): void {
  const { abi, cpu, memory } = c;
  if (cpu.registers[abi.instanceRegister]! >>> 0 !== c.instance)
    throw new CpuFault('call with another value than the instance in its register');
  if ((cpu.registers[abi.stackPointer]! & (abi.stackAlign - 1)) !== 0)
    throw new CpuFault('call with a misaligned stack');
  const back = cpu.registers[abi.linkRegister]!;
  const args = new Arguments(abi, cpu, memory);
  let result: bigint | null;
  let wide = false;
  if (id >= INTRINSIC_BASE) {
    const row = INTRINSICS[id - INTRINSIC_BASE];
    if (!row) throw new Error(`unknown intrinsic ${id}`);
    const values = row.args.map((kind) => (kind === 'u64' ? args.pair() : args.word()));
    const [a = 0n, b = 0n, d = 0n, e = 0n] = values;
    result = BigInt.asUintN(64, ROUTINES[row.name](c, a, b, d, e));
    wide = row.result === 'u64';
  } else {
    const row = c.host.row(id);
    if (Number(args.word()) !== c.instance) throw new CpuFault(`${row.name} called without the instance`);
    const value = c.host.call(id, helperArguments(row, args));
    result = row.result.kind === 'void' ? null : value;
    wide = row.result.kind === 'u64';
  }
  for (const r of abi.callerSaved) cpu.registers[r] = c.random();
  cpu.scramble(c.random);
  if (result !== null) {
    cpu.registers[abi.resultRegisters[0]] = Number(BigInt.asIntN(32, result));
    if (wide) cpu.registers[abi.resultRegisters[1]] = Number(BigInt.asIntN(32, result >> 32n));
  }
  if ((back & abi.codeBit) !== abi.codeBit) throw new CpuFault('call without a code pointer in the link register');
  cpu.pc = (back - abi.codeBit) >>> 0;
}

/** Refuses imports that the contract does not allow, as a loader does. */
export function checkImports(imports: readonly number[], host: HelperHost): void {
  for (const id of imports) {
    if (id < INTRINSIC_BASE) host.row(id);
    else if (!INTRINSICS[id - INTRINSIC_BASE]) throw new HelperTrap('helper', `unknown intrinsic ${id}`);
  }
}
