// SPDX-License-Identifier: MIT
import { type Name, SIGNATURES } from '../../backends/xtensa/isa-names.js';
import { type Asm, FIRST_VREG, isVirtual, type MFunc, type MInst } from '../../compiler/codegen/machine.js';
import { type Bench, type ContextOptions, funcOf, importName, lanes, lowerContext } from './harness.js';

/**
 * Selection alone, as text: every virtual register gets a register of its own, so a listing does not depend on allocation.
 * Parameters keep a2..a5, the others get a6, a7, a8, a9, a10, a12, a13, a14 in order of appearance.
 */

const REGISTERS = [6, 7, 8, 9, 10, 12, 13, 14];
const INSTANCE = 15;
const REGISTER_OPERANDS = new Set(['ar', 'as', 'at']);

const number = (v: number): string => (Math.abs(v) <= 0x8000 ? String(v) : `0x${(v >>> 0).toString(16)}`);

class Writer implements Asm {
  readonly lines: string[] = [];
  readonly frame = { incomingOffset: 0, spillOffset: 0, saved: [], entry: false, adjust: 0 };
  private labels = 0;
  private readonly names = new Map<number, string>();

  constructor(private readonly bench: Bench) {}

  private operands(name: string, operands: readonly number[]): string {
    const kinds = SIGNATURES[name as Name];
    return operands.map((v, i) => (REGISTER_OPERANDS.has(kinds[i]!) ? `a${v}` : number(v))).join(' ');
  }
  inst(name: string, ...operands: number[]): void {
    // Whatever is listed must also be encodable.
    if (!this.bench.target.isa.encode(name, operands, 0, 0)) throw new Error(`${name} ${operands} has no encoding`);
    const [rd, base, offset] = operands;
    const slot = name === 'l32i' && base === INSTANCE ? importName(offset!) : undefined;
    this.lines.push(slot ? `${name} a${rd} ${slot}` : `${name} ${this.operands(name, operands)}`.trim());
  }
  ref(name: string, label: number, ...operands: number[]): void {
    const near = name === 'call0' ? 0 : 8;
    if (!this.bench.target.isa.encode(name, [...operands, near], 0, 0)) throw new Error(`${name} ${operands}`);
    const text = this.operands(name, operands);
    this.lines.push([name, ...(text ? [text] : []), this.names.get(label) ?? `L${label}`].join(' '));
  }
  literal(rd: number, value: number): void {
    this.lines.push(`literal a${rd} ${number(value)}`);
  }
  newLabel(): number {
    return ++this.labels;
  }
  named(name: string): number {
    const label = -1 - this.names.size;
    this.names.set(label, name);
    return label;
  }
  bind(label: number): void {
    this.lines.push(`L${label}:`);
  }
  either(near: (asm: Asm) => void): void {
    near(this);
  }
  trapSite(trap: string): number {
    return this.named(`trap.${trap}`);
  }
  functionLabel(index: number): number {
    return this.named(`f${index}`);
  }
}

function listing(bench: Bench, fn: MFunc): string[] {
  const asm = new Writer(bench);
  const given = new Map<number, number>();
  let next = 0;
  const physical = (inst: MInst): number[] => {
    const out: number[] = [];
    // Tied results go where their operand is.
    const order = inst.specs.map((_, i) => i).sort((a, b) => Number(isTied(inst, a)) - Number(isTied(inst, b)));
    for (const i of order) {
      const [r, spec] = [inst.operands[i]!, inst.specs[i]!];
      if (spec.role === 'imm') {
        out[i] = r;
        continue;
      }
      if (!isVirtual(r)) throw new Error(`register ${r} is below ${FIRST_VREG}`);
      let p = given.get(r);
      if (p === undefined) {
        const fixed = 'fixed' in spec ? spec.fixed : undefined;
        const tied = spec.role === 'def' && spec.tied !== undefined ? out[spec.tied] : undefined;
        p = fixed ?? tied ?? REGISTERS[next++]!;
        given.set(r, p);
      }
      out[i] = p;
    }
    return out;
  };
  for (const b of fn.blocks) {
    for (const inst of b.insts) inst.expand!(physical(inst), asm);
    if (b.term.kind === 'branch') b.term.branch(physical(b.term.inst), false, asm.named('then'), asm);
  }
  return asm.lines;
}

function isTied(inst: MInst, i: number): boolean {
  const spec = inst.specs[i]!;
  return spec.role === 'def' && spec.tied !== undefined;
}

/** Listing of the lines of one block over v0..v3 = a2..a5; `keep` are values that something reads afterwards. */
export function select(bench: Bench, lines: string, keep = '', options: ContextOptions = {}): string[] {
  const body = `b0(v0:i32, v1:i32, v2:i32, v3:i32): ${lines.replace(/\n|;/g, ' @0:0 ')} @0:0 ret ${keep} @0:1`;
  const results = keep.includes(',') ? 'lo, hi' : keep ? 'lo' : '';
  const fn = funcOf(body, lanes(4), results, 'local frame 16');
  return listing(bench, bench.target.lower(fn, lowerContext(options)));
}

/** Listing of the branch at the end of a block. */
export function selectBranch(bench: Bench, lines: string, branch: string): string[] {
  const before = lines ? `${lines.replace(/;/g, ' @0:0 ')} @0:0 ` : '';
  const body = `b0(v0:i32, v1:i32, v2:i32, v3:i32): ${before}branch ${branch} ? b1() : b2() @0:0
    b1(): ret @0:1 b2(): ret @0:1`;
  return listing(bench, bench.target.lower(funcOf(body, lanes(4), ''), lowerContext()));
}
