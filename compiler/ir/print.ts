// SPDX-License-Identifier: MIT
import type { AccessFact, HelperArgFact, Region } from '../verifier/facts.js';
import type { Block, Edge, Func, Inst, Module, Origin, Term, Value } from './ir.js';

/** Text form of the IR; parse.ts reads it back, and printing that again gives the same text. */

const at = (o: Origin): string => ` @${o.func}:${o.slot}`;
const ref = (v: Value): string => `v${v.id}`;
const def = (v: Value): string => `v${v.id}: ${v.ty}`;
const edge = (e: Edge): string => `b${e.block.id}(${e.args.map(ref).join(', ')})`;

export function printRegion(r: Region): string {
  switch (r.kind) {
    case 'frame':
      return `frame.${r.func}`;
    case 'granted':
      return `granted.${r.index}`;
    default:
      return r.kind;
  }
}

/** `{region, proved, offset32, align 4, write, base 0}`; absent words are false or unset, `length 0, unit 2` counts in units; region `?` is unknown. */
function printFact(f: Omit<AccessFact, 'trusted'>, more: readonly string[]): string {
  const words = [f.region ? printRegion(f.region) : '?', `align ${f.align}`];
  if (f.proved) words.push('proved');
  if (f.offset32) words.push('offset32');
  if (f.write) words.push('write');
  if (f.span) words.push(`span ${f.span[0]} ${f.span[1]}`);
  return `{${[...words, ...more].join(', ')}}`;
}

function printAccess(f: AccessFact): string {
  if (!f.trusted) return printFact(f, []);
  const { what, index, unit } = f.trusted;
  return printFact(f, [`${what} ${index}`, ...(unit === undefined ? [] : [`unit ${unit}`])]);
}

const printHelperArg = (f: HelperArgFact): string => printFact(f, [`arg ${f.arg}`]);

function printInst(inst: Inst): string {
  const words: string[] = [inst.op];
  if (inst.imm !== undefined) words.push(`imm=0x${inst.imm.toString(16)}`);
  if (inst.bits !== undefined) words.push(`bits=${inst.bits}`);
  if (inst.cond !== undefined) words.push(`cond=${inst.cond}`);
  if (inst.atomic !== undefined) words.push(`atomic=${inst.atomic}`);
  if (inst.size !== undefined) words.push(`size=${inst.size}`);
  if (inst.signed !== undefined) words.push(`signed=${inst.signed}`);
  if (inst.off !== undefined) words.push(`off=${inst.off}`);
  if (inst.region !== undefined) words.push(`region=${printRegion(inst.region)}`);
  if (inst.callee !== undefined) words.push(`callee=${inst.callee}`);
  if (inst.helper !== undefined) words.push(`helper=${inst.helper}`);
  if (inst.trap !== undefined) words.push(`trap=${inst.trap}`);
  if (inst.write !== undefined) words.push(`write=${inst.write}`);
  const args = inst.args.length ? ` ${inst.args.map(ref).join(', ')}` : '';
  const access = inst.access ? ` access=${printAccess(inst.access)}` : '';
  const helperArgs = inst.helperArgs ? ` helperArgs=[${inst.helperArgs.map(printHelperArg).join(' ')}]` : '';
  const results = inst.results.length ? `${inst.results.map(def).join(', ')} = ` : '';
  return `  ${results}${words.join(' ')}${args}${access}${helperArgs}${at(inst.origin)}`;
}

function printTerm(t: Term): string {
  switch (t.kind) {
    case 'jump':
      return `  jump ${edge(t.to)}${at(t.origin)}`;
    case 'branch':
      return `  branch ${t.cond}${t.wide ? ' wide' : ''} ${t.args.map(ref).join(', ')} ? ${edge(t.then)} : ${edge(t.else)}${at(t.origin)}`;
    case 'ret':
      return `  ret${t.args.length ? ` ${t.args.map(ref).join(', ')}` : ''}${at(t.origin)}`;
    case 'trap':
      return `  trap ${t.trap}${at(t.origin)}`;
  }
}

function printBlock(b: Block): string {
  const bound = b.bound === undefined ? '' : ` bound ${b.bound}`;
  return [`b${b.id}(${b.params.map(def).join(', ')})${bound}:`, ...b.insts.map(printInst), printTerm(b.term)].join(
    '\n',
  );
}

export function printFunc(fn: Func): string {
  const params = fn.params.map((p) => `r${p.reg}${p.lane ? `.${p.lane}` : ''}`).join(' ');
  const head = `func ${fn.index} ${JSON.stringify(fn.name)} ${fn.entry ? 'entry' : 'local'} frame ${fn.frameBytes} params (${params}) results (${fn.results.join(' ')}) {`;
  return `${head}\n${fn.blocks.map(printBlock).join('\n')}\n}\n`;
}

export function printModule(module: Module): string {
  const properties = [...module.properties].sort();
  return `module (${properties.join(' ')})\n${module.funcs.map(printFunc).join('')}`;
}
