// SPDX-License-Identifier: MIT
import { printInsn } from '../bpf/print.js';
import { lineAt, type Program } from '../bpf/program.js';
import type { DecodedInst, Target } from '../codegen/target.js';
import type { Image } from '../image/image.js';
import { type ImageMap, type MapText, placeOf } from '../image/map.js';
import { nativeListing } from './native.js';

export interface ListingInput {
  readonly target: Target;
  readonly image: Image;
  /** Without a map the text is one column of native code. */
  readonly map?: ImageMap;
  readonly program?: Program;
  /** Show source lines above the code they became. */
  readonly source: boolean;
}

const LEFT = 40;

/** `offset  bytes  text`, as in the manufacturer's listings; `!` marks guards. */
function nativeText(image: Image, inst: DecodedInst, guard: boolean): string {
  const bytes = image.text.subarray(inst.address, inst.address + inst.size);
  const hex = Buffer.from(bytes).toString('hex');
  return `${guard ? '!' : ' '} ${inst.address.toString(16).padStart(5)}: ${hex.padEnd(8)}  ${inst.text}`;
}

const data = (image: Image, at: number): string => {
  const hex = Buffer.from(image.text.subarray(at, at + 2)).toString('hex');
  return `  ${at.toString(16).padStart(5)}: ${hex.padEnd(8)}  .data`;
};

/**
 * Source, eBPF and native code of an image side by side. Native code stands in the order of the text; each eBPF instruction is
 * shown at the first native instruction it became, and those that became none follow at the end of their function. Those of a function
 * that was put into another stand there, with its name. Lines marked `!` are guards.
 */
export async function listing(input: ListingInput): Promise<string> {
  const { image, map, target } = input;
  const insts = await nativeListing(target, image.text);
  if (!map) return insts.map((i) => `${nativeText(image, i, false)}\n`).join('');
  let out = '';
  for (const fn of map.functions) {
    const what = fn.entry ? 'entry' : 'local';
    const section = fn.section === '' ? '' : ` (${fn.section})`;
    out += `\n${fn.name}${section}: ${what}, ${fn.end - fn.start} bytes\n`;
    out += functionListing(input, map, insts, fn);
  }
  if (image.trapCount === 0) return out;
  const end = Math.max(0, ...map.functions.map((f) => f.end));
  const tableEnd = image.trapTable + 4 * image.trapCount;
  const rows = (from: number, to: number): string =>
    insts
      .filter((i) => i.address >= from && i.address < to)
      .map((i) => `${nativeText(image, i, false)}\n`)
      .join('');
  out += `\nway out, one for each kind of trap\n${rows(end, image.trapTable)}`;
  out += `\ntrap table: ${image.trapCount} sites\n${rows(image.trapTable, tableEnd)}`;
  return out;
}

type MapFunction = ImageMap['functions'][number];

function functionListing(input: ListingInput, map: ImageMap, insts: readonly DecodedInst[], fn: MapFunction): string {
  const { image, program } = input;
  // Its own instructions, and those of functions that were put into it, by function.
  const shown = new Map<number, Set<number>>([[fn.func, new Set()]]);
  const bpfText = (func: number, slot: number): string => {
    const insn = program?.functions[func]?.at[slot];
    if (!insn) return '';
    const name = func === fn.func ? '' : `${program!.functions[func]!.name} `;
    return `${name}${String(slot).padStart(4)}: ${printInsn(insn, program)}`;
  };
  let out = '';
  let line = '';
  let last: MapText | undefined;
  for (let at = fn.start; at < fn.end; ) {
    const inst = insts.find((i) => i.address === at);
    const place = placeOf(map, at);
    let left = '';
    if (place && (place.slot !== last?.slot || place.func !== last.func)) {
      last = place;
      if (input.source) {
        const text = sourceLine(program, place);
        if (text !== '' && text !== line) out += `; ${text}\n`;
        if (text !== '') line = text;
      }
      const slots = shown.get(place.func) ?? new Set();
      shown.set(place.func, slots);
      if (!slots.has(place.slot)) left = bpfText(place.func, place.slot);
      slots.add(place.slot);
    }
    const right = inst ? nativeText(image, inst, place?.guard === true) : data(image, at);
    out += `${left.padEnd(LEFT)} ${right}\n`;
    at += inst?.size ?? 2;
  }
  for (const [func, slots] of shown) {
    for (const { slot } of program?.functions[func]?.insns ?? [])
      if (!slots.has(slot)) out += `${bpfText(func, slot).padEnd(LEFT)}   -\n`;
  }
  return out;
}

/** `file:line  text` of a place, from the program's line info or the map's. */
function sourceLine(program: Program | undefined, place: MapText): string {
  const fn = program?.functions[place.func];
  const info = fn ? lineAt(fn, place.slot) : undefined;
  if (info) return `${info.file}:${info.line}  ${info.text.trim()}`;
  return place.file === undefined ? '' : `${place.file}:${place.line}`;
}
