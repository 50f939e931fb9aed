// SPDX-License-Identifier: MIT
import { CONDITIONS, type Name, SIGNATURES } from '../../backends/thumb/isa-names.js';
import { type Asm, FIRST_VREG, isVirtual, type MFunc, type MInst } from '../../compiler/codegen/machine.js';
import type { Target } from '../../compiler/codegen/target.js';
import { type ContextOptions, funcOf, type Level, lowerContext, targetOf } from './harness.js';

/**
 * Selection alone, as text: every virtual register gets a register of its own, so a listing does not depend on allocation.
 * Parameters keep r0..r3, the others get r4, r5, r6, r7, r8, r10, r11 in order of appearance.
 */

const REGISTERS = [4, 5, 6, 7, 8, 10, 11];
const NOT_REGISTERS = new Set(['imm', 'sh', 'lsb', 'width', 'cond', 'itmask', 'mask', 'rel']);

function number(v: number): string {
  return `#${Math.abs(v) < 256 ? v : `0x${(v >>> 0).toString(16)}`}`;
}

/** "ite ne" from the two fields of IT: below the condition's lowest bit, one bit an instruction and a final 1. */
function itText(cond: number, mask: number): string {
  let letters = '';
  for (let m = mask; (m & 7) !== 0; m = (m << 1) & 15) letters += m >> 3 === (cond & 1) ? 't' : 'e';
  return `it${letters} ${CONDITIONS[cond]}`;
}

class Writer implements Asm {
  constructor(private readonly target: Target) {}
  readonly lines: string[] = [];
  readonly frame = { incomingOffset: 0, spillOffset: 0, saved: [], entry: false, adjust: 0 };
  private labels = 0;
  private readonly names = new Map<number, string>();

  inst(name: string, ...operands: number[]): void {
    const kinds = SIGNATURES[name as Name];
    // Whatever is listed must also be encodable.
    if (!this.target.isa.encode(name, operands, 0, 0)) throw new Error(`${name} ${operands} has no encoding`);
    if (name === 'it') {
      this.lines.push(itText(operands[0]!, operands[1]!));
      return;
    }
    const text = operands.map((v, i) => (NOT_REGISTERS.has(kinds[i]!) ? number(v) : `r${v}`)).join(' ');
    this.lines.push(`${name} ${text}`.trim());
  }
  ref(name: string, label: number, ...operands: number[]): void {
    this.lines.push([name, ...operands.map((r) => `r${r}`), this.names.get(label) ?? `L${label}`].join(' '));
  }
  literal(rd: number, value: number): void {
    this.lines.push(`literal r${rd} ${number(value)}`);
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

function listing(fn: MFunc, target: Target): string[] {
  const asm = new Writer(target);
  const given = new Map<number, number>();
  let next = 0;
  const physical = (inst: MInst): number[] =>
    inst.operands.map((r, i) => {
      const spec = inst.specs[i]!;
      if (spec.role === 'imm') return r;
      if (!isVirtual(r)) throw new Error(`register ${r} is below ${FIRST_VREG}`);
      let p = given.get(r);
      // A result in the place of an operand has that operand's register.
      if (spec.role === 'def' && spec.tied !== undefined) {
        p = given.get(inst.operands[spec.tied]!)!;
        given.set(r, p);
      }
      if (p === undefined) {
        p = 'fixed' in spec && spec.fixed !== undefined ? spec.fixed : REGISTERS[next++]!;
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

/** Listing of the lines of one block over v0..v3 = r0..r3; `keep` are values that something reads afterwards. */
export function select(lines: string, keep = '', options: ContextOptions = {}): string[] {
  const body = `b0(v0:i32, v1:i32, v2:i32, v3:i32): ${lines.replace(/\n|;/g, ' @0:0 ')} @0:0 ret ${keep} @0:1`;
  const results = keep.includes(',') ? 'lo, hi' : keep ? 'lo' : '';
  const target = targetOf(options.level);
  const fn = funcOf(body, 'r1.lo, r1.hi, r2.lo, r2.hi', results, 'local frame 16');
  return listing(target.lower(fn, lowerContext(options)), target);
}

/** Listing of the branch at the end of a block. */
export function selectBranch(lines: string, branch: string, level?: Level): string[] {
  const target = targetOf(level);
  const before = lines ? `${lines.replace(/;/g, ' @0:0 ')} @0:0 ` : '';
  const body = `b0(v0:i32, v1:i32, v2:i32, v3:i32): ${before}branch ${branch} ? b1() : b2() @0:0
    b1(): ret @0:1 b2(): ret @0:1`;
  return listing(target.lower(funcOf(body, 'r1.lo, r1.hi, r2.lo, r2.hi', ''), lowerContext()), target);
}
