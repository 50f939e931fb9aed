// SPDX-License-Identifier: MIT
import { FRAME_WORDS, type ScaleWriter } from './scale-writer.js';

const SCALARS = [0, 1, 2, 3, 4, 5, 7, 8, 9] as const;
const CONDS = ['==', '!=', '>', '>=', '<', '<=', 's>', 's<', '&'] as const;

function start(w: ScaleWriter, live: readonly number[]): void {
  w.func('main', true);
  w.put('r6 = r1');
  w.prologue(live);
}

/** Room that a unit of code may need behind the place where it is begun. */
const UNIT = 40;

/** One block: arithmetic, stack, context, globals, guarded and masked indices. */
export function straight(w: ScaleWriter): void {
  start(w, SCALARS);
  while (w.left > UNIT) w.plain(20);
  w.fill(w.closing);
  w.epilogue();
}

const condition = (w: ScaleWriter): string => {
  const letter = w.below(2) === 0 ? 'w' : 'r';
  const other = w.below(3) === 0 ? `${letter}${w.reg()}` : String(w.below(256));
  return `${letter}${w.reg()} ${w.pick(CONDS)} ${other}`;
};

/** if/else whose two ways join. */
function diamond(w: ScaleWriter): void {
  const [other, join] = [w.label(), w.label()];
  w.put(`if ${condition(w)} goto ${other}`);
  w.plain(1 + w.below(4));
  w.put(`goto ${join}`);
  w.at(other);
  w.plain(1 + w.below(4));
  w.at(join);
}

/** Several conditions that lead to one place. */
function ladder(w: ScaleWriter): void {
  const out = w.label();
  for (let n = 2 + w.below(4); n > 0; n--) {
    w.put(`if ${condition(w)} goto ${out}`);
    w.plain(1 + w.below(3));
  }
  w.at(out);
}

/** A value against small numbers, as a compiler writes a switch: all cases join behind. */
function chain(w: ScaleWriter): void {
  const cases = 2 + w.below(4);
  const selector = w.reg();
  const labels = Array.from({ length: cases }, () => w.label());
  const join = w.label();
  w.put(`r${selector} &= 7`);
  for (const [i, label] of labels.entries()) w.put(`if r${selector} == ${i} goto ${label}`);
  w.scalar();
  w.put(`goto ${join}`);
  for (const label of labels) {
    w.at(label);
    w.plain(1 + w.below(2));
    w.put(`goto ${join}`);
  }
  w.at(join);
}

/** Diamonds, ladders and switches in a row; nine values live across all joins. */
export function branchy(w: ScaleWriter): void {
  start(w, SCALARS);
  while (w.left > 2 * UNIT) w.pick([diamond, ladder, chain])(w);
  w.fill(w.closing);
  w.epilogue();
}

/** Word of the frame, counted from its end, that holds the counter of a loop at a depth; plain code leaves them alone. */
const counterAt = (depth: number): number => 8 * (FRAME_WORDS + 1 + depth);

/**
 * A loop whose counter is in r9 (innermost) or in the frame, and which goes up to a constant, down from one, or up to a
 * number that the context holds; some are left early. Inner loops come first.
 */
function loop(w: ScaleWriter, depth: number, body: (w: ScaleWriter) => void): void {
  const head = w.label();
  const out = w.label();
  const rounds = 1 + w.below(4);
  const slot = `*(u64 *)(r10 - ${counterAt(depth)})`;
  const kind = w.below(3);
  w.put(`r9 = ${kind === 1 ? rounds : 0}`, `${slot} = r9`);
  w.at(head);
  body(w);
  if (w.below(4) === 0) w.put(`if r${w.reg()} == ${w.below(1 << 16)} goto ${out}`);
  w.put(`r9 = ${slot}`);
  switch (kind) {
    case 0:
      w.put('r9 += 1', `${slot} = r9`, `if r9 < ${rounds} goto ${head}`);
      break;
    case 1:
      w.put('r9 += -1', `${slot} = r9`, `if r9 != 0 goto ${head}`);
      break;
    default:
      w.put('r9 += 1', `${slot} = r9`, `r8 = *(u8 *)(r6 + ${w.below(32)})`, 'r8 &= 3', `if r9 < r8 goto ${head}`);
  }
  w.at(out);
}

function nest(w: ScaleWriter, depth: number, last: number): void {
  loop(w, depth, () => {
    w.plain(2 + w.below(6));
    if (depth < last) for (let n = 1 + w.below(2); n > 0; n--) nest(w, depth + 1, last);
    else if (w.below(2) === 0) diamond(w);
  });
}

/** Instructions of a nest at most, by how deep it is. */
const NEST = [0, 40, 106, 238, 502] as const;

/** Nests of at most four loops until no more than `end` instructions are left. */
function nests(w: ScaleWriter, end: number, deepest: number): void {
  for (;;) {
    const fit = NEST.findLastIndex((size) => size <= w.left - end);
    if (fit === 0) return;
    nest(w, 1, 1 + w.below(Math.min(deepest, fit)));
  }
}

/** Nests of one to four loops, the first half of them in one loop around. */
export function loops(w: ScaleWriter): void {
  start(w, [0, 1, 2, 3, 4, 5, 7]);
  for (let depth = 0; depth <= 4; depth++) w.put(`*(u64 *)(r10 - ${counterAt(depth)}) = 0`);
  const [head, out] = [w.label(), w.label()];
  w.at(head);
  nests(w, w.size >> 1, 3);
  w.put(
    `r9 = *(u64 *)(r10 - ${counterAt(0)})`,
    'r9 += 1',
    `*(u64 *)(r10 - ${counterAt(0)}) = r9`,
    `if r9 > 1 goto ${out}`,
    // Behind the reach of a conditional jump in large programs.
    `goto ${head}`,
  );
  w.at(out);
  nests(w, w.closing, 4);
  w.fill(w.closing);
  w.epilogue();
}

/** Functions of a group: each may call one of the next two, so that the ways through a group are many and a run takes one. */
const GROUP = 8;
/** Groups that one function calls one after the other. */
const FAN = 12;

/** Instructions of a function of a group, at most. */
const MEMBER = 80;

/** A function of a group: two scalars and the context as arguments. It calls one of the next two, if there are two. */
function member(w: ScaleWriter, group: number, index: number, last: number): void {
  w.func(`f${group}_${index}`);
  w.put('r6 = r3', 'r7 = r1', 'r8 = r2');
  w.prologue([0, 9]);
  w.live = [0, 7, 8, 9];
  w.plain(6 + w.below(12));
  const call = (to: number): void => {
    w.put(`r1 = r${w.reg()}`, `r2 = r${w.reg()}`, 'r3 = r6', `call f${group}_${to}`);
  };
  if (index + 2 <= last) {
    const [other, join] = [w.label(), w.label()];
    w.put(`if ${condition(w)} goto ${other}`);
    call(index + 1);
    w.put(`goto ${join}`);
    w.at(other);
    call(index + 2);
    w.at(join);
  }
  w.plain(4 + w.below(8));
  w.epilogue();
}

/** Calls some functions one after the other, their results joined. */
function dispatch(w: ScaleWriter, names: readonly string[]): void {
  for (const name of names)
    w.put(`r1 = r${w.reg()}`, `r2 = r${w.reg()}`, 'r3 = r6', `call ${name}`, `r${w.reg()} += r0`);
}

/** Many functions of a few dozen instructions: a fan of fans of groups. */
export function calls(w: ScaleWriter): void {
  const fans: string[] = [];
  let heads: string[] = [];
  const gather = (): void => {
    if (heads.length === 0) return;
    const name = `d${fans.length}`;
    w.func(name);
    w.put('r6 = r3', 'r7 = r1', 'r8 = r2', 'r9 = r2');
    w.live = [7, 8, 9];
    dispatch(w, heads);
    w.epilogue();
    fans.push(name);
    heads = [];
  };
  for (let g = 0; ; g++) {
    // The entry, the calls that are still to come, and the function that makes them.
    const rest = 5 * (fans.length + heads.length + 2) + 40;
    const members = Math.min(GROUP, Math.floor((w.left - rest) / MEMBER));
    if (members < 1) break;
    for (let i = members - 1; i >= 0; i--) member(w, g, i, members - 1);
    heads.push(`f${g}_0`);
    if (heads.length === FAN) gather();
  }
  gather();
  start(w, [0, 7, 8, 9]);
  w.live = [7, 8, 9];
  dispatch(w, fans);
  w.fill(w.closing);
  w.epilogue();
}
