// SPDX-License-Identifier: MIT
import type { HelperRow } from '../contract/helpers.js';
import { HelperTrap } from '../host/engine.js';
import type { HelperHost } from '../host/helpers.js';
import { INSTANCE, INSTANCE_REGION, INTRINSIC_BASE, INTRINSICS, type IntrinsicName } from '../image/fields.js';
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
    if (this.abi.alignPairs && this.#next % 2 === 1) this.#next++;
    const lo = this.word();
    return lo | (this.word() << 32n);
  }
}

const signed = (v: bigint): bigint => BigInt.asIntN(64, v);
const unsigned = (v: bigint): bigint => BigInt.asUintN(64, v);

/** image/fields.ts INTRINSICS says what each does. */
const DIVISIONS: Readonly<Record<Exclude<IntrinsicName, 'search'>, (a: bigint, b: bigint) => bigint>> = {
  udiv64: (a, b) => (b === 0n ? 0n : a / b),
  umod64: (a, b) => (b === 0n ? a : a % b),
  sdiv64: (a, b) => (b === 0n ? 0n : signed(a) / signed(b)),
  smod64: (a, b) => (b === 0n ? a : signed(a) % signed(b)),
};

/** 1 if one row of the instance's region table with these rights holds [address, address + size). */
function search(memory: SimMemory, instance: number, address: number, size: number, rights: number): bigint {
  if (size === 0) return 1n;
  const count = memory.read(instance + INSTANCE.offset.region_count, 4);
  for (let i = 0; i < count; i++) {
    const row = instance + INSTANCE.size + i * INSTANCE_REGION.size;
    const base = memory.read(row + INSTANCE_REGION.offset.base, 4);
    const length = memory.read(row + INSTANCE_REGION.offset.length, 4);
    const has = memory.read(row + INSTANCE_REGION.offset.rights, 4);
    if ((has & rights) === rights && address >= base && address - base + size <= length) return 1n;
  }
  return 0n;
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
    if (row.name === 'search') {
      const [instance, address, size, rights] = [args.word(), args.word(), args.word(), args.word()].map(Number);
      if (instance !== c.instance) throw new CpuFault('search called without the instance');
      result = search(memory, instance, address!, size!, rights!);
    } else {
      const a = args.pair();
      result = unsigned(DIVISIONS[row.name](a, args.pair()));
      wide = true;
    }
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
