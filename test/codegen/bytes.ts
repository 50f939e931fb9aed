// SPDX-License-Identifier: MIT
import type { Asm, Frame, MBlock, MFunc, MInst, MTerm } from '../../compiler/codegen/machine.js';
import type { Isa, Target } from '../../compiler/codegen/target.js';
import { ORIGIN, TOY } from './toy.js';

/**
 * A byte code for tests of emission. Opcode byte, then operands:
 *  1 out k (2 bytes) · 2/3 jump (2 or 4 bytes; +-30 or +-4000 from the opcode) · 4/5 jump if the next input bit is set, likewise
 *  6/7 jump if it is not set · 8 print the 32-bit constant 0..126 bytes ahead (2 bytes) · 9 print the constant inside (6 bytes)
 *  10 call (4 bytes) · 11 ret (2) · 12 stop with code k (2) · 13 stub: remember the next address, jump (4 bytes)
 */
const JUMPS: Record<string, number> = { jump: 2, jset: 4, jclear: 6 };
const REACH = [30, 4000];

function far(op: number, rel: number): Uint8Array {
  return Uint8Array.of(op, 0, rel & 255, (rel >> 8) & 255);
}

export const BYTES: Isa = {
  sizes: (name) =>
    name in JUMPS
      ? [2, 4]
      : name === 'lit'
        ? [2]
        : name === 'wide'
          ? [6]
          : name === 'call' || name === 'stub'
            ? [4]
            : [2],
  encode(name, operands, _address, minSize) {
    const rel = operands.at(-1) ?? 0;
    const jump = JUMPS[name];
    if (jump !== undefined) {
      if (minSize <= 2 && Math.abs(rel) <= REACH[0]!) return Uint8Array.of(jump, rel & 255);
      return Math.abs(rel) <= REACH[1]! ? far(jump + 1, rel) : null;
    }
    switch (name) {
      case 'out':
        return Uint8Array.of(1, rel);
      case 'lit':
        return rel >= 0 && rel <= 126 ? Uint8Array.of(8, rel) : null;
      case 'wide':
        return Uint8Array.of(9, 0, rel & 255, (rel >> 8) & 255, (rel >> 16) & 255, (rel >>> 24) & 255);
      case 'call':
        return far(10, rel);
      case 'ret':
        return Uint8Array.of(11, 0);
      case 'stop':
        return Uint8Array.of(12, rel);
      case 'stub':
        return far(13, rel);
      default:
        return null;
    }
  },
};

export const FRAME: Frame = { incomingOffset: 0, spillOffset: 0, saved: [], entry: true, adjust: 0 };

export const BYTE_TARGET = {
  ...TOY,
  arch: 'thumb',
  isa: BYTES,
  shape: {
    indexShift: null,
    offsets: { min: 0, max: 255, scaled: false },
    postIncrement: false,
    flags: false,
    unaligned: false,
    reverse: false,
    registers: 8,
  },
  prologue: () => {},
  epilogue: (asm: Asm) => asm.inst('ret'),
  jump: (label: number, asm: Asm) => asm.ref('jump', label),
  literalLoad: (_rd: number, label: number, asm: Asm) => asm.ref('lit', label),
  literalFar: (_rd: number, value: number, asm: Asm) => asm.inst('wide', value),
  frame: () => FRAME,
  stackBytes: (f: Frame) => f.adjust,
  trapStub: (common: number, asm: Asm) => asm.ref('stub', common),
  trapCommon: (code: number, asm: Asm) => asm.inst('stop', code),
} as unknown as Target;

export const inst = (
  name: string,
  operands: number[],
  expand: (ops: readonly number[], asm: Asm) => void,
  origin = ORIGIN,
): MInst => ({
  name,
  specs: operands.map(() => ({ role: 'imm' })),
  operands,
  clobbers: 0,
  origin,
  expand,
});
export const out = (k: number): MInst => inst('out', [k], ([v], asm) => asm.inst('out', v!));
export const print = (value: number): MInst => inst('print', [value], ([v], asm) => asm.literal(0, v!));
export const callOf = (index: number): MInst =>
  inst('call', [], (_, asm) => asm.ref('call', asm.functionLabel(index, false)));
export const check = (slot: number): MInst =>
  inst('check', [], (_, asm) => asm.ref('jset', asm.trapSite('memory', { func: 0, slot })), { func: 0, slot });

export const jump = (block: number): MTerm => ({ kind: 'jump', to: { block, args: [] }, origin: ORIGIN });
export const branch = (then: number, other: number): MTerm => ({
  kind: 'branch',
  inst: { ...inst('input', [], () => {}), expand: undefined },
  // biome-ignore lint/suspicious/noThenProperty: the two ways of a branch
  then: { block: then, args: [] },
  else: { block: other, args: [] },
  branch: (_, invert, label, asm) => asm.ref(invert ? 'jclear' : 'jset', label),
  origin: ORIGIN,
});
export const ret: MTerm = { kind: 'ret', inst: { ...inst('ret', [], () => {}), expand: undefined }, origin: ORIGIN };
export const trap = (slot: number): MTerm => ({ kind: 'trap', trap: 'unreachable', origin: { func: 0, slot } });
export const block = (id: number, insts: MInst[], term: MTerm, bound?: number): MBlock => ({
  id,
  params: [],
  insts,
  term,
  bound,
});
export const func = (index: number, entry: boolean, blocks: MBlock[]): MFunc => ({
  index,
  name: `f${index}`,
  entry,
  blocks,
  nextVreg: 64,
  outgoingBytes: 0,
  hasCalls: true,
});

export interface Ran {
  out: (number | string)[];
  /** Executed instructions; the starts of all of them. */
  steps: number;
}

/** Runs stop after this many outputs, or this many steps without one. */
export const MOST = 300;
const IDLE = 5000;

/** Runs text; `inputs(n)` decides conditional jumps after n outputs. */
export function runBytes(text: Uint8Array, start: number, inputs: (n: number) => boolean): Ran {
  const view = new DataView(text.buffer, text.byteOffset, text.length);
  const out: Ran['out'] = [];
  const stack: number[] = [];
  let steps = 0;
  let since = 0;
  let before = 0;
  let link = 0;
  for (let pc = start; ; ) {
    const op = view.getUint8(pc);
    const short = view.getInt8(pc + 1);
    steps++;
    since = out.length === before ? since + 1 : 0;
    before = out.length;
    if (since > IDLE || out.length >= MOST) return { out, steps };
    switch (op) {
      case 1:
        out.push(view.getUint8(pc + 1));
        pc += 2;
        break;
      case 2:
        pc += short;
        break;
      case 3:
        pc += view.getInt16(pc + 2, true);
        break;
      case 4:
      case 5:
      case 6:
      case 7: {
        const wide = op % 2 === 1;
        const rel = wide ? view.getInt16(pc + 2, true) : short;
        pc += inputs(out.length) === op < 6 ? rel : wide ? 4 : 2;
        break;
      }
      case 8:
        out.push(`${view.getUint32(pc + short, true)}`);
        if ((pc + short) % 4 !== 0) throw new Error('constant is not aligned');
        pc += 2;
        break;
      case 9:
        out.push(`${view.getUint32(pc + 2, true)}`);
        pc += 6;
        break;
      case 10:
        stack.push(pc + 4);
        pc += view.getInt16(pc + 2, true);
        break;
      case 11: {
        const to = stack.pop();
        if (to === undefined) return { out, steps };
        pc = to;
        break;
      }
      case 12:
        out.push(`trap ${view.getUint8(pc + 1)} at ${link}`);
        return { out, steps };
      case 13:
        link = pc + 4;
        pc += view.getInt16(pc + 2, true);
        break;
      default:
        throw new Error(`opcode ${op} at ${pc}`);
    }
  }
}

/** What the machine functions themselves do on the same inputs. Trap sites are named by slot. */
export function runMachine(
  funcs: readonly MFunc[],
  start: MFunc,
  inputs: (n: number) => boolean,
  site: (slot: number, trap: string) => string,
): Ran['out'] {
  const out: Ran['out'] = [];
  let since = 0;
  class Stop extends Error {}
  const call = (fn: MFunc): void => {
    for (let b = fn.blocks[0]!; ; ) {
      const before = out.length;
      for (const x of b.insts) {
        if (out.length >= MOST) throw new Stop();
        if (x.name === 'out') out.push(x.operands[0]!);
        else if (x.name === 'print') out.push(`${x.operands[0]! >>> 0}`);
        else if (x.name === 'call') {
          const asm = {
            ref: () => {},
            functionLabel: (i: number) => call(funcs.find((f) => f.index === i && !f.entry)!),
          };
          x.expand!([], asm as unknown as Asm);
        } else if (x.name === 'check') {
          if (inputs(out.length)) {
            out.push(site(x.origin.slot, 'memory'));
            throw new Stop();
          }
        }
      }
      since = out.length === before ? since + 1 : 0;
      if (since > IDLE || out.length >= MOST) throw new Stop();
      const t = b.term;
      if (t.kind === 'ret') return;
      if (t.kind === 'trap') {
        out.push(site(t.origin.slot, t.trap));
        throw new Stop();
      }
      const to: number = t.kind === 'jump' ? t.to.block : inputs(out.length) ? t.then.block : t.else.block;
      b = fn.blocks.find((x) => x.id === to)!;
    }
  };
  try {
    call(start);
  } catch (e) {
    if (!(e instanceof Stop)) throw e;
  }
  return out;
}
