// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import { type Parsed, parseLine } from './asmline.js';
import { decodeFunction, type Reference } from './decode.js';
import { type Form, ISA, type IsaRow, type NumberField, type RegField } from './isa.js';
import type { Globals, LineInfo, Program } from './program.js';

/** Rows by what they mean. */
const ROWS = new Map(ISA.map((r) => [formKey(r.form), r]));

function formKey(form: Form): string {
  return Object.entries(form)
    .map(([k, v]) => `${k}=${v}`)
    .sort()
    .join(' ');
}

interface Line {
  readonly number: number;
  readonly text: string;
  readonly slot: number;
  readonly parsed: Parsed;
}

interface Draft {
  readonly name: string;
  readonly section: string;
  readonly entry: boolean;
  readonly lines: Line[];
  readonly labels: Map<string, number>;
  slots: number;
}

type Block = '.data' | '.bss' | '.rodata';
interface Variable {
  readonly name: string;
  readonly block: Block;
  readonly bytes: Uint8Array;
}

class Assembler {
  private readonly drafts: Draft[] = [];
  private readonly variables: Variable[] = [];

  constructor(private readonly file: string) {}

  private fail(line: number, message: string, expected?: string): never {
    throw new CompileError('FCC0317', message, { at: { file: this.file, line }, expected });
  }

  read(text: string): void {
    for (const [i, raw] of text.split('\n').entries()) {
      const line = raw.replace(/(;|\/\/).*$/, '').trim();
      if (line !== '') this.readLine(line, i + 1);
    }
    if (this.drafts.length === 0) this.fail(1, 'no instructions');
  }

  private readLine(text: string, number: number): void {
    const head = /^(func|entry)\s+([\w.$+]+)(?:\s+(\S+?))?\s*:$/.exec(text);
    if (head) {
      if (this.drafts.some((d) => d.name === head[2])) this.fail(number, `function ${head[2]} is defined twice`);
      this.drafts.push(draft(head[2]!, head[3] ?? '', head[1] === 'entry'));
      return;
    }
    const variable = /^(\.data|\.rodata|\.bss)\s+([\w.$]+)\s*(.*)$/.exec(text);
    if (variable) {
      this.readVariable(variable[1] as Block, variable[2]!, variable[3]!, number);
      return;
    }
    if (this.drafts.length === 0) this.drafts.push(draft('main', '', false));
    const current = this.drafts.at(-1)!;
    const label = /^([A-Za-z_.$][\w.$]*):$/.exec(text);
    if (label) {
      if (current.labels.has(label[1]!)) this.fail(number, `label ${label[1]} is defined twice`);
      current.labels.set(label[1]!, current.slots);
      return;
    }
    const parsed = parseLine(text);
    if (!parsed) this.fail(number, `cannot read instruction: ${text}`);
    current.lines.push({ number, text, slot: current.slots, parsed });
    current.slots += parsed.form.kind === 'lddw' ? 2 : 1;
  }

  private readVariable(block: Block, name: string, rest: string, line: number): void {
    if (this.variables.some((v) => v.name === name)) this.fail(line, `variable ${name} is defined twice`);
    if (block === '.bss') {
      if (!/^\d{1,7}$/.test(rest)) this.fail(line, `length of ${name}: ${rest}`, 'a decimal number of bytes');
      this.variables.push({ name, block, bytes: new Uint8Array(Number(rest)) });
      return;
    }
    const digits = rest.replace(/\s+/g, '');
    if (!/^([0-9a-fA-F]{2})+$/.test(digits)) this.fail(line, `contents of ${name}: ${rest}`, 'bytes in hexadecimal');
    const bytes = Uint8Array.from(digits.match(/../g)!, (b) => Number.parseInt(b, 16));
    this.variables.push({ name, block, bytes });
  }

  /** Variables in order of appearance, each 8-aligned in its block. */
  private layout(): Globals {
    const sections: Globals['sections'][number][] = [];
    const symbols: Globals['symbols'][number][] = [];
    const ends = { data: 0, rodata: 0 };
    let dataLength = 0;
    for (const section of ['.data', '.bss', '.rodata'] as const) {
      const block = section === '.rodata' ? 'rodata' : 'data';
      const start = ends[block];
      for (const v of this.variables.filter((v) => v.block === section)) {
        symbols.push({ name: v.name, block, offset: ends[block], length: v.bytes.length });
        ends[block] += Math.ceil(v.bytes.length / 8) * 8;
      }
      if (section === '.data') dataLength = ends.data;
      if (ends[block] > start) sections.push({ name: section, block, offset: start, length: ends[block] - start });
    }
    const blocks = { data: new Uint8Array(dataLength), rodata: new Uint8Array(ends.rodata) };
    for (const v of this.variables) {
      const s = symbols.find((s) => s.name === v.name)!;
      if (v.block !== '.bss') blocks[s.block].set(v.bytes, s.offset);
    }
    return { ...blocks, bssLength: ends.data - dataLength, sections, symbols };
  }

  program(): Program {
    const globals = this.layout();
    const functions = this.drafts.map((d, index) => {
      const calls = new Map<number, number>();
      const references = new Map<number, Reference>();
      const lines = new Map<number, LineInfo>();
      const bytes = new Uint8Array(d.slots * 8);
      for (const line of d.lines) {
        const { name } = line.parsed;
        if (line.parsed.form.kind === 'call') calls.set(line.slot, this.functionIndex(name!, line.number));
        if (line.parsed.form.kind === 'lddw' && name)
          references.set(line.slot, this.reference(name, globals, line.number));
        lines.set(line.slot, { file: this.file, line: line.number, column: 1, text: line.text });
        this.encode(new DataView(bytes.buffer, line.slot * 8), line, d, references.get(line.slot));
      }
      const { name, section } = d;
      return decodeFunction({ index, name, section, file: this.file, bytes, lines, calls, references });
    });
    const marked = this.drafts.flatMap((d, i) => (d.entry ? [i] : []));
    return { functions, entries: marked.length > 0 ? marked : [0], globals, origin: 'asm' };
  }

  private functionIndex(name: string, line: number): number {
    const index = this.drafts.findIndex((d) => d.name === name);
    return index >= 0 ? index : this.fail(line, `no function ${name}`);
  }

  private reference(text: string, globals: Globals, line: number): Reference {
    const [name, plus] = text.split('+') as [string, string | undefined];
    const offset = Number(plus ?? 0);
    const symbol = globals.symbols.find((s) => s.name === name);
    if (symbol) return { kind: 'global', ref: { block: symbol.block, offset: symbol.offset + offset } };
    if (name === '.data' || name === '.rodata') {
      return { kind: 'global', ref: { block: name === '.data' ? 'data' : 'rodata', offset } };
    }
    if (plus !== undefined) this.fail(line, `no variable ${name}`);
    return { kind: 'funcaddr', func: this.functionIndex(name, line) };
  }

  private encode(view: DataView, line: Line, d: Draft, reference: Reference | undefined): void {
    const p = line.parsed;
    let form = p.form;
    let imm = p.imm ?? 0n;
    let off = p.off ?? 0;
    if (form.kind === 'jump' || form.kind === 'branch') {
      const distance = this.distance(p.name!, line, d);
      if (form.kind === 'jump' && !form.wide && (distance < -0x8000 || distance > 0x7fff))
        form = { ...form, wide: true };
      if (form.kind === 'jump' && form.wide) imm = BigInt(distance);
      else off = distance;
    }
    // As an object that was not linked has it: the callee, like the address, is not in the bytes.
    if (form.kind === 'call') imm = -1n;
    if (form.kind === 'lddw') {
      if (reference?.kind === 'global') imm = BigInt(reference.ref.offset);
      if (imm < -(1n << 63n) || imm >= 1n << 64n) this.fail(line.number, `number does not fit into 64 bits: ${imm}`);
      view.setInt32(12, Number(BigInt.asIntN(32, imm >> 32n)), true);
      imm = BigInt.asIntN(32, imm);
    }
    const row = ROWS.get(formKey(form));
    if (!row) this.fail(line.number, `there is no such instruction: ${line.text}`);
    this.pack(view, row, { dst: p.dst ?? 0, src: p.src ?? 0, off, imm }, line.number);
  }

  private distance(to: string, line: Line, d: Draft): number {
    if (/^[-+]/.test(to)) {
      if (!/^[-+](0x[0-9a-fA-F]+|\d+)$/.test(to)) this.fail(line.number, `distance ${to}`);
      return Number(to.slice(1)) * (to.startsWith('-') ? -1 : 1);
    }
    const target = d.labels.get(to);
    return target === undefined ? this.fail(line.number, `no label ${to} in ${d.name}`) : target - line.slot - 1;
  }

  private pack(
    view: DataView,
    row: IsaRow,
    f: { dst: number; src: number; off: number; imm: bigint },
    line: number,
  ): void {
    const field = (use: RegField | NumberField, value: bigint, low: bigint, high: bigint, what: string): number => {
      if (typeof use === 'object') return use.is;
      if (use === 'zero' && value !== 0n) throw new Error(`${row.name} has no field ${what}`);
      if (value < low || value > high) this.fail(line, `${what} ${value} of ${row.name}`, `${low} to ${high}`);
      return Number(value);
    };
    const dst = field(row.dst, BigInt(f.dst), 0n, 10n, 'dst');
    const src = field(row.src, BigInt(f.src), 0n, 10n, 'src');
    view.setUint8(0, row.opcode);
    view.setUint8(1, (src << 4) | dst);
    view.setInt16(2, field(row.off, BigInt(f.off), -0x8000n, 0x7fffn, 'offset'), true);
    view.setInt32(4, field(row.imm, f.imm, -0x8000_0000n, immediateLimit(row.form), 'number'), true);
  }
}

/** Where only 32 bits count, an unsigned number means the same as its signed twin; elsewhere it would be sign-extended. */
function immediateLimit(form: Form): bigint {
  const narrow =
    ((form.kind === 'alu' || form.kind === 'branch') && form.width === 32) || (form.kind === 'store' && form.size <= 4);
  return narrow ? 0xffff_ffffn : 0x7fff_ffffn;
}

function draft(name: string, section: string, entry: boolean): Draft {
  return { name, section, entry, lines: [], labels: new Map(), slots: 0 };
}

/**
 * Assembles a program in LLVM's eBPF syntax, for tests. Besides instructions, a line holds one of
 *   `func NAME:` or `entry NAME [SECTION]:`   starts a function; code before the first belongs to `main`
 *   `NAME:`                                   a label of the function, for goto
 *   `.data NAME 01 02 ff`, `.rodata NAME …`, `.bss NAME 16`   a variable (bytes in hexadecimal; length), 8-aligned
 * `;` and `//` start comments. Entries are those marked so, else the first function. `rN = NAME ll`, `rN = NAME+8 ll`
 * loads an address; a jump goes to a label or by a distance in slots (`goto +3`). Every instruction has its line as line
 * info.
 * @param file  what messages and line info call the text
 * @throws CompileError FCC0317 for the text, FCC03xx as `decodeFunction` for what it means
 */
export function assemble(text: string, file = 'asm'): Program {
  const assembler = new Assembler(file);
  assembler.read(text);
  return assembler.program();
}
