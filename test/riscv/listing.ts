// SPDX-License-Identifier: MIT
import { type Name, SIGNATURES } from '../../backends/riscv/isa-names.js';
import { REGISTER_NAMES } from '../../backends/riscv/isa-print.js';
import { riscvTarget } from '../../backends/riscv/target.js';
import { type Asm, FIRST_VREG, isVirtual, type MFunc, type MInst } from '../../compiler/codegen/machine.js';
import type { Core } from '../../compiler/codegen/target.js';
import { type ContextOptions, funcOf, IMAC, lowerContext } from './harness.js';

/**
 * Selection alone, as text: every virtual register gets a register of its own, so a listing does not depend on allocation.
 * Parameters keep a0..a3, the others get the registers below in order of appearance; a tied result that of its operand.
 */

const REGISTERS = [14, 15, 8, 9, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26];
const NUMBERS = new Set(['imm', 'amount', 'imm20']);

function number(v: number): string {
  return Math.abs(v) < 256 ? String(v) : `${v < 0 ? '-' : ''}0x${Math.abs(v).toString(16)}`;
}

class Writer implements Asm {
  readonly lines: string[] = [];
  readonly frame = { incomingOffset: 0, spillOffset: 0, saved: [], entry: false, adjust: 0 };
  private readonly isa;
  private labels = 0;
  private readonly names = new Map<number, string>();

  constructor(core: Core) {
    this.isa = riscvTarget(core).isa;
  }

  inst(name: string, ...operands: number[]): void {
    const kinds = SIGNATURES[name as Name];
    // Whatever is listed must also be encodable.
    if (!this.isa.encode(name, operands, 0, 0)) throw new Error(`${name} ${operands} has no encoding`);
    const text = operands.map((v, i) => (NUMBERS.has(kinds[i]!) ? number(v) : REGISTER_NAMES[v]!)).join(' ');
    this.lines.push(`${name} ${text}`);
  }
  ref(name: string, label: number, ...operands: number[]): void {
    const text = operands.map((r) => REGISTER_NAMES[r]!);
    this.lines.push([name, ...text, this.names.get(label) ?? `L${label}`].join(' '));
  }
  literal(): void {
    throw new Error('there are no literal pools');
  }
  newLabel(): number {
    return ++this.labels;
  }
  named(name: string): number {
    const label = this.newLabel();
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

function listing(fn: MFunc, core: Core): string[] {
  const asm = new Writer(core);
  const given = new Map<number, number>();
  let next = 0;
  const physical = (inst: MInst): number[] =>
    inst.operands.map((r, i) => {
      const spec = inst.specs[i]!;
      if (spec.role === 'imm') return r;
      if (!isVirtual(r)) throw new Error(`register ${r} is below ${FIRST_VREG}`);
      let p = given.get(r);
      if (p === undefined) {
        if ('tied' in spec && spec.tied !== undefined) p = given.get(inst.operands[spec.tied]!)!;
        else p = 'fixed' in spec && spec.fixed !== undefined ? spec.fixed : REGISTERS[next++]!;
        given.set(r, p);
      }
      return p;
    });
  for (const b of fn.blocks) {
    for (const inst of b.insts) inst.expand!(physical(inst), asm);
    if (b.term.kind === 'branch') b.term.branch(physical(b.term.inst), false, asm.named('then'), asm);
  }
  return asm.lines;
}

/** Listing of the lines of one block over v0..v3 = a0..a3; `keep` are values that something reads afterwards. */
export function select(lines: string, keep = '', core = IMAC, options: ContextOptions = {}): string[] {
  const body = `b0(v0:i32, v1:i32, v2:i32, v3:i32): ${lines.replace(/\n|;/g, ' @0:0 ')} @0:0 ret ${keep} @0:1`;
  const results = keep.includes(',') ? 'lo, hi' : keep ? 'lo' : '';
  const fn = funcOf(body, 'r1.lo, r1.hi, r2.lo, r2.hi', results, 'local frame 16');
  return listing(riscvTarget(core).lower(fn, lowerContext(options)), core);
}

/** Listing of the branch at the end of a block. */
export function selectBranch(lines: string, branch: string): string[] {
  const before = lines ? `${lines.replace(/;/g, ' @0:0 ')} @0:0 ` : '';
  const body = `b0(v0:i32, v1:i32, v2:i32, v3:i32): ${before}branch ${branch} ? b1() : b2() @0:0
    b1(): ret @0:1 b2(): ret @0:1`;
  return listing(riscvTarget(IMAC).lower(funcOf(body, 'r1.lo, r1.hi, r2.lo, r2.hi', ''), lowerContext()), IMAC);
}
