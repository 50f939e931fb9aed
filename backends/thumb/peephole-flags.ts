// SPDX-License-Identifier: MIT
import type { Group, Item } from '../../compiler/codegen/asm.js';
import { CONDITIONS, SIGNATURES } from './isa-names.js';
import { EQ, GE, LT, MI, NE, PL } from './lower-compare.js';
import { effectsBy, type Instruction, itLength, literalRegister, type Tools } from './peephole-units.js';

/** Sets of flags as bits: n 8, z 4, c 2, v 1. */
type Flags = number;
const ALL: Flags = 15;
const BIT: Readonly<Record<string, Flags>> = { n: 8, z: 4, c: 2, v: 1 };
function flagsOf(letters: string): Flags {
  let f = 0;
  for (const c of letters) f |= BIT[c]!;
  return f;
}

/** Instructions whose result depends on the carry. */
const READS_CARRY = /^(adc|sbc|rrx)/;
/** A name that sets the flags by its result; the same name without the s leaves them alone. */
const SETTER = /^(add|sub|and|orr|orn|eor|bic|rsb|mvn|mov|lsl|lsr|asr|ror|mul)s(\.\w+)?$/;
/** Of these C and V say what a comparison with zero would not, but N and Z are right. */
const quiet = (name: string): string | null => {
  const m = SETTER.exec(name);
  const plain = m && m[1]! + (m[2] ?? '');
  return plain !== null && plain in SIGNATURES ? plain : null;
};
const CONDITIONAL = new Map<string, number>(CONDITIONS.map((c, i) => [`b${c}`, i]));
const OPPOSITE = { beq: 'bne', bne: 'beq' } as const;
const isCompareAndBranch = (name: string): boolean => name === 'cbz' || name === 'cbnz';

const groupOf = (x: Item | undefined): Group | null =>
  x === undefined || x.kind === 'bind' ? null : x.kind === 'either' ? groupOf(x.near[0]) : x.group;

/**
 * Flags that something reads after each item. Selected operations are closed (machine.ts): nothing reads flags of another group.
 */
export function liveAfter(items: readonly Item[]): Uint8Array {
  const out = new Uint8Array(items.length);
  let live: Flags = 0;
  let later: Group | null = null;
  for (let i = items.length - 1; i >= 0; i--) {
    const x = items[i]!;
    const group = groupOf(x);
    if (group !== null && group !== later) live = 0;
    out[i] = live;
    if (group !== null) later = group;
    if (x.kind === 'ref' || (x.kind === 'inst' && x.name === 'it')) live = ALL;
    else if (x.kind === 'either') live = x.literal === null ? ALL : live;
    else if (x.kind === 'inst') {
      const e = effectsBy(x);
      const [used, set] = [flagsOf(e.flagsUsed), flagsOf(e.flagsSet)];
      live &= ~(set & ~used);
      if (READS_CARRY.test(x.name)) live |= used;
    }
  }
  return out;
}

/** What may stand in for a comparison: the same one, or an operation that sets flags alike. */
interface Wanted {
  readonly name: string;
  readonly operands: readonly number[];
  /** Registers compared. */
  readonly reads: number;
  /** Of a comparison with zero: the register. Only Z and N are asked for. */
  readonly zero: number | null;
}

/** The operation on the same operands that has the comparison's flags. */
const SAME: Readonly<Record<string, string>> = { cmp: 'sub', cmn: 'add', tst: 'and' };

/** Does `x` leave the flags that are wanted, or would it with its flag-setting name? Then that name. */
function provides(x: Instruction, w: Wanted): string | null {
  if (x.name === w.name) return x.operands.every((v, i) => v === w.operands[i]) ? x.name : null;
  const dot = w.name.indexOf('.');
  const [base, form] = dot < 0 ? [w.name, ''] : [w.name.slice(0, dot), w.name.slice(dot)];
  const [rd] = x.operands;
  const plain = quiet(x.name) ?? x.name;
  const setting = plain.replace(/^[a-z]+/, '$&s');
  if (!SETTER.test(setting) || !(setting in SIGNATURES)) return null;
  if (w.zero !== null && rd === w.zero) return setting;
  const alike = plain === SAME[base] + form && x.operands.slice(1).every((v, i) => v === w.operands[i]);
  return alike && !((w.reads >>> rd!) & 1) ? setting : null;
}

/** How many instructions are looked at for flags that are there already. */
const WINDOW = 12;
/** How many of those between may become two bytes longer for leaving the flags alone. */
const QUIETED = 2;

/**
 * Drops comparisons whose flags are there already: of a result with zero, of the operands of a subtraction, or a second time. What
 * stands between leaves the flags alone by its other name, or the operation moves behind it. Adds the items whose flags are read
 * elsewhere to `pinned`.
 */
export function reuseFlags(given: readonly Item[], tools: Tools, pinned: Set<Item>): Item[] {
  const live = liveAfter(given);
  const items: (Item | null)[] = [...given];
  const inBlock = itMembers(given);
  for (let i = 0; i < given.length; i++) {
    const x = items[i]!;
    if (inBlock[i] === 1) continue;
    const place = compareAt(items, i, live);
    if (!place) continue;
    const { wanted } = place;
    const found = search(items, i, wanted, live, inBlock, tools, x.kind === 'either', pinned);
    if (!found) continue;
    const { at, name, quieted, sink } = found;
    const source = items[at] as Instruction;
    const made = name === source.name ? source : tools.inst(name, source.operands, source.group);
    for (const k of quieted) {
      const q = items[k] as Instruction;
      items[k] = tools.inst(quiet(q.name)!, q.operands, q.group);
    }
    items[at] = sink ? null : made;
    live[sink ? i : at] = ALL;
    pinned.add(made);
    for (let k = at; k < i; k++) live[k] = ALL;
    place.replace(items, sink ? made : null, tools);
  }
  return items.filter((x) => x !== null);
}

/** Which items stand inside IT blocks. */
function itMembers(items: readonly Item[]): Uint8Array {
  const out = new Uint8Array(items.length);
  items.forEach((x, i) => {
    if (x.kind === 'inst' && x.name === 'it') out.fill(1, i + 1, i + 1 + itLength(x.operands[1]!));
  });
  return out;
}

interface Place {
  readonly wanted: Wanted;
  /** Puts `instead` where the comparison was, and makes its readers ask the flags that a result leaves. */
  replace(items: (Item | null)[], instead: Item | null, tools: Tools): void;
}

const wantedBy = (x: Instruction): Wanted => {
  const registers = /\.i$/.test(x.name) ? x.operands.slice(0, 1) : x.operands.slice(0, 2);
  const reads = registers.reduce((m, r) => m | (1 << r), 0);
  const zero =
    (x.name === 'cmp.i' && x.operands[1] === 0) || (x.name === 'tst' && x.operands[0] === x.operands[1])
      ? x.operands[0]!
      : null;
  return { name: x.name, operands: x.operands, reads, zero };
};

/** Condition of a comparison with zero, as a result's N and Z tell it; null: they do not. */
function byResult(cond: number): number | null {
  if (cond === EQ || cond === NE || cond === MI || cond === PL) return cond;
  return cond === LT ? MI : cond === GE ? PL : null;
}

/** The comparison at `i`, if all its readers are known. */
function compareAt(items: readonly (Item | null)[], i: number, live: Uint8Array): Place | null {
  const x = items[i]!;
  if (x.kind === 'either') {
    // cbz or cbnz, or where that does not reach, a comparison and a branch: as a branch alone it reaches further.
    const near = x.near[0];
    if (x.literal !== null || near?.kind !== 'ref' || !isCompareAndBranch(near.name)) return null;
    const [rn] = near.operands as [number];
    const name = near.name === 'cbz' ? 'beq' : 'bne';
    return {
      wanted: { name: 'cmp.i', operands: [rn, 0], reads: 1 << rn, zero: rn },
      replace(list, instead, tools) {
        if (instead) throw new Error('nothing moves before a short branch');
        const branch = tools.ref(name, near.label, [], near.group);
        const [over, beyond] = x.far;
        // Without a 32-bit conditional branch the way further is a branch over a jump.
        list[i] =
          over?.kind === 'ref' && beyond
            ? { ...x, near: [branch], far: [tools.ref(OPPOSITE[name], over.label, [], near.group), beyond] }
            : branch;
      },
    };
  }
  if (x.kind !== 'inst' || !/^(cmp|cmn|tst)(\.\w+)?$/.test(x.name) || live[i] === 0) return null;
  const wanted = wantedBy(x);
  // Its readers: a branch or an IT block right behind it, and nothing after that.
  const reader = items[i + 1];
  if (!reader || groupOf(reader) !== x.group) return null;
  let cond: number | undefined;
  let end = i + 1;
  const direct = reader.kind === 'either' && reader.literal === null ? reader.near[0]! : reader;
  if (direct.kind === 'ref') cond = CONDITIONAL.get(direct.name);
  else if (reader.kind === 'inst' && reader.name === 'it') {
    cond = reader.operands[0]!;
    end += itLength(reader.operands[1]!);
    for (let k = i + 2; k <= end; k++) {
      const y = items[k];
      if (y?.kind !== 'inst' || READS_CARRY.test(y.name)) return null;
      // A comparison inside the block has readers of its own.
      if (/^(cmp|cmn|tst|teq)(\.\w+)?$/.test(y.name)) return null;
    }
  }
  if (cond === undefined || live[end] !== 0) return null;
  const asked = wanted.zero === null ? cond : byResult(cond);
  if (asked === null || (asked !== cond && direct.kind !== 'ref')) return null;
  return {
    wanted,
    replace(list, instead, tools) {
      list[i] = instead;
      if (asked !== cond) list[i + 1] = asking(reader, asked, tools);
    },
  };
}

/** A branch, or one with a way of reaching further, by another condition. */
function asking(x: Item, cond: number, tools: Tools): Item {
  const one = (y: Item, c: number): Item => {
    if (y.kind !== 'ref') throw new Error('no branch');
    return tools.ref(CONDITIONAL.has(y.name) ? `b${CONDITIONS[c]!}` : y.name, y.label, y.operands, y.group);
  };
  if (x.kind !== 'either') return one(x, cond);
  return { ...x, near: x.near.map((y) => one(y, cond)), far: x.far.map((y) => one(y, cond ^ 1)) };
}

interface Found {
  readonly at: number;
  readonly name: string;
  readonly quieted: readonly number[];
  readonly sink: boolean;
}

function search(
  items: readonly (Item | null)[],
  i: number,
  w: Wanted,
  live: Uint8Array,
  inBlock: Uint8Array,
  tools: Tools,
  noCost: boolean,
  pinned: ReadonlySet<Item>,
): Found | null {
  const quieted: number[] = [];
  let crossed = false;
  let [read, written] = [0, 0];
  for (let k = i - 1, left = WINDOW; k >= 0 && left > 0; k--, left--) {
    const x = items[k];
    if (x === null || x === undefined) continue;
    if (x.kind === 'bind') {
      if (tools.references(x.label) > 0) return null;
      crossed = true;
      continue;
    }
    if (x.kind === 'ref') {
      if (!CONDITIONAL.has(x.name) && !isCompareAndBranch(x.name)) return null;
      crossed = true;
      continue;
    }
    if (x.kind === 'either') {
      const rd = literalRegister(x);
      // Without a pool in reach, cores without movw make the constant by parts, which sets flags.
      if (rd === null || !tools.encodes('movw', [rd, 0])) return null;
      if ((w.reads >>> rd) & 1) return null;
      written |= 1 << rd;
      continue;
    }
    const e = effectsBy(x);
    if (x.name === 'blx' || x.name === 'bx') return null;
    const name = inBlock[k] === 0 ? provides(x, w) : null;
    if (name !== null && (name === x.name || live[k] === 0) && tools.encodes(name, x.operands)) {
      const sinkable =
        !crossed && name === x.name && live[k] === 0 && ((read | written) & e.defs) === 0 && (written & e.uses) === 0;
      if (quieted.length === 0) return name === x.name || !noCost ? { at: k, name, quieted, sink: false } : null;
      if (noCost) return null;
      if (sinkable && e.defs !== 0) return { at: k, name, quieted: [], sink: true };
      return quieted.length <= QUIETED ? { at: k, name, quieted, sink: false } : null;
    }
    if ((w.reads & e.defs) !== 0 || x.name === 'it' || inBlock[k] === 1) return null;
    if (e.flagsSet !== '') {
      const other = quiet(x.name);
      if (other === null || live[k] !== 0 || pinned.has(x) || !tools.encodes(other, x.operands)) {
        // Only moving the operation past it can help; then it must not be asked to be quiet.
        return null;
      }
      quieted.push(k);
    }
    read |= e.uses;
    written |= e.defs;
  }
  return null;
}
