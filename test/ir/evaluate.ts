// SPDX-License-Identifier: MIT
import type { Program } from '../../compiler/bpf/program.js';
import { type HelperRow, helpersOf } from '../../compiler/contract/helpers.js';
import type { Contract } from '../../compiler/contract/types.js';
import { HelperTrap, type RunRequest } from '../../compiler/host/engine.js';
import { contextResult, makeGuest, regionResults } from '../../compiler/host/guest.js';
import { allowedHelpers, HelperHost } from '../../compiler/host/helpers.js';
import { FRAME_BYTES, frameAddress } from '../../compiler/host/layout.js';
import { Memory } from '../../compiler/interpreter/memory.js';
import type { Block, Cond, Edge, Func, Inst, Module, Op, TrapName, Value } from '../../compiler/ir/ir.js';
import type { Region } from '../../compiler/verifier/facts.js';

/**
 * Runs a module at any stage: a second opinion on every pass that needs no backend. Arithmetic is written here on its own,
 * by 64-bit typed arrays and Math.imul where the compiler folds with bigints. Before the sandbox pass an access outside the
 * memory is a trap (as the guard to come will make it); after it, it is an `Escape`: a guard was missing.
 */
export class Escape extends Error {}

export interface Evaluation {
  readonly status: 'ok' | 'trap';
  readonly r0: bigint;
  readonly trap?: TrapName | string;
  readonly context: Uint8Array | null;
  readonly regions: ReadonlyMap<string, Uint8Array>;
  readonly log: string;
  readonly data: Uint8Array;
  /** Instructions executed, terminators included. */
  readonly steps: number;
  readonly fuelTaken: number;
}

class Trapped extends Error {
  constructor(readonly trap: TrapName) {
    super(trap);
  }
}

type Bits = 32 | 64;
const u = (n: Bits, v: bigint): bigint => BigInt.asUintN(n, v);
const s = (n: Bits, v: bigint): bigint => BigInt.asIntN(n, v);

function binary(op: Op, n: Bits, a: bigint, b: bigint): bigint {
  const sh = b % BigInt(n);
  switch (op) {
    case 'add':
      return u(n, a + b);
    case 'sub':
      return u(n, a - b);
    case 'mul':
      return n === 32 ? u(32, BigInt(Math.imul(Number(s(32, a)), Number(s(32, b))))) : u(64, a * b);
    case 'udiv':
      return b ? a / b : 0n;
    case 'umod':
      return b ? a - (a / b) * b : a;
    case 'sdiv': {
      if (!b) return 0n;
      const x = s(n, a);
      const y = s(n, b);
      const q = (x < 0n ? -x : x) / (y < 0n ? -y : y);
      return u(n, x < 0n !== y < 0n ? -q : q);
    }
    case 'smod': {
      if (!b) return a;
      const x = s(n, a);
      const y = s(n, b);
      const m = (x < 0n ? -x : x) % (y < 0n ? -y : y);
      return u(n, x < 0n ? -m : m);
    }
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'shl':
      return u(n, a * 2n ** sh);
    case 'lshr':
      return a / 2n ** sh;
    case 'ashr': {
      const x = s(n, a);
      return u(n, x < 0n ? ~(~x / 2n ** sh) : x / 2n ** sh);
    }
    default:
      throw new Error(`not a binary operation: ${op}`);
  }
}

/** RFC 9669 section 5.3; cmpxchg has what it expects first. */
function modify(op: NonNullable<Inst['atomic']>, old: bigint, value: bigint, second: () => bigint): bigint {
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
    case 'cmpxchg':
      return old === value ? second() : old;
  }
}

function compare(cond: Cond, n: Bits, a: bigint, b: bigint): boolean {
  const half = 2n ** BigInt(n - 1);
  // Signed order is unsigned order with the sign bit flipped.
  const x = cond.startsWith('s') && cond !== 'set' ? a ^ half : a;
  const y = cond.startsWith('s') && cond !== 'set' ? b ^ half : b;
  switch (cond) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'set':
      return (a & b) !== 0n;
    case 'nset':
      return (a & b) === 0n;
    case 'ult':
    case 'slt':
      return x < y;
    case 'ule':
    case 'sle':
      return x <= y;
    case 'ugt':
    case 'sgt':
      return x > y;
    case 'uge':
    case 'sge':
      return x >= y;
  }
}

/** Runs an entry function of the module. `maxSteps` ends endless loops with trap `fuel`. */
export function evaluate(
  module: Module,
  program: Program,
  entry: number,
  contract: Contract,
  request: RunRequest,
  extraHelpers: readonly HelperRow[] = [],
): Evaluation {
  const guest = makeGuest(contract, request);
  const memory = new Memory(program, contract, guest);
  const host = new HelperHost(memory, allowedHelpers(contract, helpersOf(contract), extraHelpers));
  const lanes = module.properties.has('lanes');
  const guarded = module.properties.has('guarded');
  const frames: { func: number; base: bigint; bytes: number; length: number }[] = [];
  let steps = 0;
  let fuelTaken = 0;

  const access = (address: bigint, size: number, write: boolean, what: string): Uint8Array => {
    try {
      return memory.view(address, size, write, what);
    } catch (e) {
      if (guarded && e instanceof HelperTrap) throw new Escape(`${what}: ${e.message}`);
      throw e;
    }
  };
  const regionBase = (r: Region): bigint => {
    switch (r.kind) {
      case 'frame': {
        const frame = frames.findLast((f) => f.func === r.func);
        if (!frame) throw new Error(`no live frame of function ${r.func}`);
        return frame.base + BigInt(frame.length - frame.bytes);
      }
      case 'data':
      case 'rodata':
        return memory.blockBase(r.kind);
      case 'context':
        return memory.contextBase;
      case 'granted':
        return BigInt(guest.regions[r.index]!.base);
    }
  };
  const regionLength = (r: Region): bigint => {
    switch (r.kind) {
      case 'context':
        return BigInt(guest.context?.bytes.length ?? 0);
      case 'granted':
        return BigInt(guest.regions[r.index]!.bytes.length);
      default:
        throw new Error(`the length of ${r.kind} is a constant`);
    }
  };

  const call = (fn: Func, args: readonly bigint[]): bigint[] => {
    // A function that others were copied into has their frames in its own.
    const length = Math.max(FRAME_BYTES, fn.frameBytes);
    frames.push({ func: fn.index, base: BigInt(frameAddress(frames.length)), bytes: fn.frameBytes, length });
    memory.pushFrame(length);
    // What no pass may rely on: the frame is only zero where zeroframe says so.
    const mine = frames.at(-1)!;
    memory.view(mine.base, length, true, 'frame').fill(0xa5);
    const values = new Map<Value, bigint>();
    const get = (v: Value): bigint => {
      const x = values.get(v);
      if (x === undefined) throw new Error(`v${v.id} of ${fn.name} is read before it is set`);
      return x;
    };
    const enter = (edge: Edge): Block => {
      const incoming = edge.args.map(get);
      edge.block.params.forEach((p, i) => {
        values.set(p, incoming[i]!);
      });
      return edge.block;
    };
    let block = fn.blocks[0]!;
    block.params.forEach((p, i) => {
      values.set(p, args[i]!);
    });
    for (;;) {
      for (const inst of block.insts) {
        if (++steps > request.fuel) throw new Trapped('fuel');
        const out = execute(inst, inst.args.map(get), fn);
        inst.results.forEach((v, i) => {
          if (out[i] === undefined || out[i] !== u(v.ty === 'i64' ? 64 : 32, out[i]!)) {
            throw new Error(`${inst.op} gave ${out[i]} for v${v.id}`);
          }
          values.set(v, out[i]!);
        });
      }
      if (++steps > request.fuel) throw new Trapped('fuel');
      const t = block.term;
      if (t.kind === 'trap') throw new Trapped(t.trap);
      if (t.kind === 'ret') {
        memory.popFrame();
        frames.pop();
        return t.args.map(get);
      }
      if (t.kind === 'jump') {
        block = enter(t.to);
        continue;
      }
      const a = t.args.map(get);
      const n = !t.wide && t.args[0]!.ty === 'i32' ? 32 : 64;
      const [x, y] = t.wide ? [a[0]! + (a[1]! << 32n), a[2]! + (a[3]! << 32n)] : [a[0]!, a[1]!];
      block = enter(compare(t.cond, n, x, y) ? t.then : t.else);
    }
  };

  const execute = (inst: Inst, a: readonly bigint[], fn: Func): bigint[] => {
    const n: Bits = inst.results[0]?.ty === 'i64' ? 64 : 32;
    const pair = (v: bigint): bigint[] => [u(32, v), u(64, v) >> 32n];
    const wide = (i: number): bigint => a[i]! + (a[i + 1]! << 32n);
    switch (inst.op) {
      case 'const':
        return [inst.imm!];
      case 'sext':
        return [u(n, BigInt.asIntN(inst.bits!, a[0]!))];
      case 'bswap': {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, a[0]! << BigInt(64 - inst.bits!), true);
        return [new DataView(bytes.buffer).getBigUint64(0, false)];
      }
      case 'icmp':
        return [compare(inst.cond!, inst.args[0]!.ty === 'i64' ? 64 : 32, a[0]!, a[1]!) ? 1n : 0n];
      case 'icmp64':
        return [compare(inst.cond!, 64, wide(0), wide(2)) ? 1n : 0n];
      case 'select':
        return [a[0] !== 0n ? a[1]! : a[2]!];
      case 'zext':
        return [a[0]!];
      case 'trunc':
        return [u(32, a[0]!)];
      case 'umul64':
        return pair(a[0]! * a[1]!);
      case 'add64':
      case 'sub64':
      case 'mul64':
      case 'udiv64':
      case 'sdiv64':
      case 'umod64':
      case 'smod64':
        return pair(binary(inst.op.slice(0, -2) as Op, 64, wide(0), wide(2)));
      case 'shl64':
      case 'lshr64':
      case 'ashr64':
        return pair(binary(inst.op.slice(0, -2) as Op, 64, wide(0), a[2]!));
      case 'base':
        return [regionBase(inst.region!)];
      case 'length':
        return [regionLength(inst.region!)];
      case 'load': {
        const bytes = access(address(inst, a), inst.size!, false, 'load');
        const value = bytes.reduceRight((v, b) => (v << 8n) | BigInt(b), 0n);
        if (inst.size === 8) return lanes ? pair(value) : [value];
        return [u(n, inst.signed ? BigInt.asIntN(8 * inst.size!, value) : value)];
      }
      case 'store': {
        const at = !lanes || guarded ? 1 : 2;
        const value = a.length - at === 2 ? wide(at) : a[at]!;
        const bytes = access(address(inst, a), inst.size!, true, 'store');
        for (let i = 0; i < bytes.length; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
        return [];
      }
      case 'atomic': {
        const size = inst.size!;
        const from = !lanes || guarded ? 1 : 2;
        const value = (i: number): bigint => (size === 8 && lanes ? wide(from + 2 * i) : a[from + i]!);
        const bytes = access(address(inst, a), size, true, 'atomic');
        const old = bytes.reduceRight((v, b) => (v << 8n) | BigInt(b), 0n);
        const next = modify(inst.atomic!, old, value(0), () => value(1));
        for (let i = 0; i < size; i++) bytes[i] = Number((next >> BigInt(8 * i)) & 0xffn);
        if (inst.results.length === 0) return [];
        return size === 8 && lanes ? pair(old) : [old];
      }
      case 'call': {
        const callee = module.funcs.find((f) => f.index === inst.callee && !f.entry)!;
        return call(callee, a);
      }
      case 'helper':
        return helper(inst, a);
      case 'trapif':
        if (compare(inst.cond!, 32, a[0]!, a[1]!)) throw new Trapped(inst.trap!);
        return [];
      case 'search': {
        if (a[1] === 0n) return [];
        try {
          memory.view(a[0]!, Number(a[1]), inst.write!, 'search');
        } catch {
          throw new Trapped('memory');
        }
        return [];
      }
      case 'locate': {
        const area = memory.locate(a[0]!, 1)?.area;
        if (!area || (inst.imm === 3n && !area.writable(0, area.bytes.length))) return [0n, 0n];
        return [area.base, BigInt(area.bytes.length)];
      }
      case 'fuel':
        fuelTaken += Number(inst.imm);
        return [];
      case 'zeroframe': {
        const base = regionBase({ kind: 'frame', func: fn.index });
        memory.view(base, fn.frameBytes, true, 'frame').fill(0);
        return [];
      }
      default:
        return [binary(inst.op, n, a[0]!, a[1]!)];
    }
  };

  /** Effective address: 64 bits until the sandbox pass has made it 32. */
  const address = (inst: Inst, a: readonly bigint[]): bigint => {
    if (guarded) return u(32, a[0]! + BigInt(inst.off!));
    return u(64, (lanes ? a[0]! + (a[1]! << 32n) : a[0]!) + BigInt(inst.off!));
  };

  const helper = (inst: Inst, a: readonly bigint[]): bigint[] => {
    const row = host.row(inst.helper!);
    const queue = [...a];
    const types = inst.args.map((v) => v.ty);
    const args = row.args.map((arg, i) => {
      const pointer = arg.kind !== 'u32' && arg.kind !== 'u64';
      const fact = inst.helperArgs?.find((f) => f.arg === i);
      const two = arg.kind === 'u64' || (pointer && !guarded && !(fact?.proved || (fact?.region && fact.offset32)));
      const first = types.shift()!;
      const low = queue.shift()!;
      if (!two || first === 'i64') return low;
      types.shift();
      return low + (queue.shift()! << 32n);
    });
    if (queue.length) throw new Error(`helper ${row.name}: ${queue.length} arguments too many`);
    const full = [...args, 0n, 0n, 0n, 0n, 0n].slice(0, 5);
    row.args.forEach((arg, i) => {
      if (arg.kind === 'context' && args[i] !== memory.contextBase) throw new HelperTrap('helper', 'not the context');
      if (arg.kind !== 'fixed' && arg.kind !== 'buffer') return;
      const size = arg.kind === 'fixed' ? arg.size : Number(args[arg.length]);
      if (size > 0) access(args[i]!, size, arg.access !== 'r', row.name);
    });
    const r0 = u(64, host.call(inst.helper!, full));
    if (inst.results.length === 0) return [];
    if (inst.results.length === 2) return [u(32, r0), r0 >> 32n];
    return [inst.results[0]!.ty === 'i64' ? r0 : u(32, r0)];
  };

  const fn = module.funcs.find((f) => f.index === entry && f.entry);
  if (!fn) throw new Error(`no entry ${entry}`);
  const r1 = memory.contextBase;
  const r2 = BigInt(guest.context?.bytes.length ?? 0);
  const end = (r0: bigint, trap?: TrapName | string): Evaluation => ({
    status: trap ? 'trap' : 'ok',
    r0,
    trap,
    context: contextResult(contract, request, guest),
    regions: regionResults(guest),
    log: host.log,
    data: Uint8Array.from(memory.areas()[0]!.bytes),
    steps,
    fuelTaken,
  });
  try {
    const r = call(fn, lanes ? [r1, 0n, r2, 0n] : [r1, r2]);
    return end(r.length === 2 ? r[0]! + (r[1]! << 32n) : r[0]!);
  } catch (e) {
    if (e instanceof Trapped) return end(0n, e.trap);
    if (e instanceof HelperTrap) return end(0n, e.trap);
    throw e;
  }
}
