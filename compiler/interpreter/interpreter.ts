// SPDX-License-Identifier: MIT
import {
  addressTaken,
  type BpfFunction,
  FUNCTION_TAG,
  type Insn,
  type MemSize,
  type Program,
  type Reg,
  type Source,
} from '../bpf/program.js';
import { type HelperRow, helpersOf } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import { HelperTrap, type RunRequest, type RunResult } from '../host/engine.js';
import { contextResult, type Guest, makeGuest, regionResults } from '../host/guest.js';
import { allowedHelpers, checkPointers, type HelperBody, HelperHost } from '../host/helpers.js';
import { type AnyTrapName, TRAPS } from '../image/traps.js';
import { ATOMIC, alu, endian, holds, moveSigned } from './arith.js';
import { Memory } from './memory.js';

/** Deepest chain of local calls; a verified program does not recurse, so only unverified ones meet it. */
export const MAX_DEPTH = 64;

/** Left in r1..r5 by calls: no program may read it (RFC 9669 section 2: r1..r5 are not preserved). */
const CLOBBERED = 0xdead_beef_dead_beefn;

const FP = 10;

/** What `trace` sees before each instruction. Valid during the call only. */
export interface TraceState {
  readonly func: number;
  readonly slot: number;
  readonly insn: Insn;
  /** 0 in the entry function. */
  readonly depth: number;
  /** r0..r10, unsigned. */
  readonly registers: readonly bigint[];
  /** Memory by whole register value: `memory.locate(address, 1)` says which area a pointer is in. */
  readonly memory: Memory;
}

export interface InterpretOptions {
  /** Helper rows besides HELPERS, allowed whatever the contract says. */
  readonly helpers?: readonly HelperRow[];
  /** By id, what helpers do that are not of HELPERS: rows of `helpers`, or of the contract's signatures. */
  readonly bodies?: ReadonlyMap<number, HelperBody>;
  readonly trace?: (state: TraceState) => void;
}

interface Return {
  readonly fn: BpfFunction;
  readonly slot: number;
  readonly saved: readonly bigint[];
}

/** A run in progress. */
class Run {
  readonly regs: bigint[] = new Array<bigint>(11).fill(0n);
  readonly memory: Memory;
  readonly host: HelperHost;
  readonly calls: Return[] = [];
  /** What indirect calls may call; in a program that takes no address they call helpers by number. */
  readonly taken: readonly number[];
  fn: BpfFunction;
  slot = 0;
  count = 0;

  constructor(
    readonly program: Program,
    entry: number,
    readonly contract: Contract,
    guest: Guest,
    readonly options: InterpretOptions,
  ) {
    const fn = program.functions[entry];
    if (!fn) throw new Error(`no function ${entry}`);
    this.fn = fn;
    this.taken = addressTaken(program);
    this.memory = new Memory(program, contract, guest);
    this.host = new HelperHost(
      this.memory,
      allowedHelpers(contract, helpersOf(contract), options.helpers),
      options.bodies,
    );
    if (guest.context) {
      this.regs[1] = BigInt(guest.context.base);
      if (contract.passLength) this.regs[2] = BigInt(guest.context.bytes.length);
    }
    this.regs[FP] = this.memory.pushFrame();
  }

  reg(r: Reg): bigint {
    return this.regs[r]!;
  }

  set(r: Reg, value: bigint): void {
    this.regs[r] = BigInt.asUintN(64, value);
  }

  source(src: Source): bigint {
    return src.kind === 'reg' ? this.reg(src.reg) : BigInt.asUintN(64, BigInt(src.imm));
  }

  /** Bytes at base + off; the sum is taken modulo 2^64, as the register arithmetic would. */
  bytes(base: Reg, off: number, size: MemSize, write: boolean): Uint8Array {
    const address = BigInt.asUintN(64, this.reg(base) + BigInt(off));
    return this.memory.view(address, size, write, write ? 'write' : 'read');
  }

  /** Executes one instruction; false when the entry function has returned. */
  step(insn: Insn): boolean {
    this.slot += insn.kind === 'lddw' || insn.kind === 'global' || insn.kind === 'funcaddr' ? 2 : 1;
    switch (insn.kind) {
      case 'alu':
        this.set(insn.dst, alu(insn.op, insn.width, this.reg(insn.dst), this.source(insn.src)));
        return true;
      case 'movsx':
        this.set(insn.dst, moveSigned(insn.width, insn.from, this.reg(insn.src)));
        return true;
      case 'endian':
        this.set(insn.dst, endian(insn.op, insn.bits, this.reg(insn.dst)));
        return true;
      case 'lddw':
        this.set(insn.dst, insn.imm);
        return true;
      case 'global':
        this.set(insn.dst, this.memory.blockBase(insn.ref.block) + BigInt(insn.ref.offset));
        return true;
      case 'funcaddr':
        this.set(insn.dst, FUNCTION_TAG + BigInt(insn.func));
        return true;
      case 'load': {
        const value = little(this.bytes(insn.base, insn.off, insn.size, false));
        this.set(insn.dst, insn.signed ? BigInt.asIntN(8 * insn.size, value) : value);
        return true;
      }
      case 'store':
        putLittle(this.bytes(insn.base, insn.off, insn.size, true), this.source(insn.src));
        return true;
      case 'atomic':
        this.atomic(insn);
        return true;
      case 'jump':
        this.slot = insn.target;
        return true;
      case 'branch':
        if (holds(insn.cond, insn.width, this.reg(insn.dst), this.source(insn.src))) this.slot = insn.target;
        return true;
      case 'call':
        this.enter(insn.func);
        return true;
      case 'helper':
        this.helper(insn.id);
        return true;
      case 'callx': {
        const value = this.reg(insn.reg);
        const func = value >= FUNCTION_TAG ? Number(value - FUNCTION_TAG) : -1;
        if (this.taken.includes(func)) this.enter(func);
        else if (this.taken.length === 0 && value < 2n ** 31n) this.helper(Number(value));
        else throw new HelperTrap('helper', `indirect call of 0x${value.toString(16)}, which is no function`);
        return true;
      }
      case 'exit':
        return this.leave();
    }
  }

  /** Section 5.3. A read and a write right are both needed, whatever is compared. */
  atomic(insn: Insn & { kind: 'atomic' }): void {
    const bits = 8 * insn.size;
    this.bytes(insn.base, insn.off, insn.size, false);
    const bytes = this.bytes(insn.base, insn.off, insn.size, true);
    const old = little(bytes);
    const src = BigInt.asUintN(bits, this.reg(insn.src));
    putLittle(bytes, ATOMIC[insn.op](old, src, BigInt.asUintN(bits, this.reg(0))));
    if (insn.op === 'cmpxchg') this.set(0, old);
    else if (insn.fetch) this.set(insn.src, old);
  }

  enter(func: number): void {
    const fn = this.program.functions[func];
    if (!fn) throw new HelperTrap('helper', `call of function ${func}, which does not exist`);
    if (this.calls.length + 1 >= MAX_DEPTH) throw new HelperTrap('stack', `more than ${MAX_DEPTH} calls deep`);
    this.calls.push({ fn: this.fn, slot: this.slot, saved: this.regs.slice(6, FP + 1) });
    this.regs[FP] = this.memory.pushFrame();
    this.fn = fn;
    this.slot = 0;
  }

  leave(): boolean {
    const back = this.calls.pop();
    if (!back) return false;
    this.memory.popFrame();
    back.saved.forEach((value, i) => {
      this.regs[6 + i] = value;
    });
    this.clobber();
    this.fn = back.fn;
    this.slot = back.slot;
    return true;
  }

  helper(id: number): void {
    const row = this.host.row(id);
    const args = this.regs.slice(1, 6);
    row.args.forEach((arg, i) => {
      if (arg.kind === 'context' && args[i] !== this.memory.contextBase)
        throw new HelperTrap('helper', `argument ${i + 1} of ${row.name} is not the context`);
      if (arg.kind === 'cstring') this.memory.view(args[i]!, 1, false, `argument ${i + 1} of ${row.name}`);
    });
    checkPointers(row, args, (address, length, write, what) => this.memory.view(address, length, write, what));
    this.set(0, this.host.call(id, args));
    this.clobber();
  }

  clobber(): void {
    this.regs.fill(CLOBBERED, 1, 6);
  }
}

/** Unsigned little-endian number in the bytes. */
function little(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

function putLittle(bytes: Uint8Array, value: bigint): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

/**
 * Runs one entry function of a program: the reference that every other engine is held against. `entry` indexes
 * `program.functions`; `request.fuel` counts eBPF instructions (lddw is one). Every access is checked against the areas of memory.ts;
 * what is not allowed ends the run with a trap, never with an exception. Throws CompileError FCC0701 if the request does not
 * fit the contract. Needs no verified program: an instruction that control cannot reach legally is trap `unreachable`.
 */
export function interpret(
  program: Program,
  entry: number,
  contract: Contract,
  request: RunRequest,
  options: InterpretOptions = {},
): RunResult {
  const guest = makeGuest(contract, request);
  const run = new Run(program, entry, contract, guest, options);
  const end = (r0: bigint, trap?: { name: AnyTrapName; func: number; slot: number; detail: string }): RunResult => ({
    status: trap ? 'trap' : 'ok',
    r0,
    instructions: run.count,
    ...(trap && { trap: { code: TRAPS[trap.name].code, site: null, ...trap } }),
    context: contextResult(contract, request, guest),
    regions: regionResults(guest),
    log: run.host.log,
  });

  for (;;) {
    const { fn, slot } = run;
    const trap = (name: AnyTrapName, detail: string): RunResult =>
      end(0n, { name, func: fn.index, slot, detail: `${fn.name}, instruction ${slot}: ${detail}` });
    const insn = fn.at[slot];
    if (!insn) return trap('unreachable', 'control left the program');
    if (run.count >= request.fuel) return trap('fuel', `more than ${request.fuel} instructions`);
    options.trace?.({
      func: fn.index,
      slot,
      insn,
      depth: run.calls.length,
      registers: run.regs,
      memory: run.memory,
    });
    run.count++;
    try {
      if (!run.step(insn)) return end(run.reg(0));
    } catch (error) {
      if (error instanceof HelperTrap) return trap(error.trap, error.message);
      throw error;
    }
  }
}
