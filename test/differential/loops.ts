// SPDX-License-Identifier: MIT
import type { JumpCond, Source, Width } from '../../compiler/bpf/program.js';
import { condition } from './arithmetic.js';
import type { Random } from './random.js';
import type { Holds, Writing } from './writing.js';

/** Writes some statements, no more than about `most` instructions. */
export type Body = (w: Writing, depth: number, most: number) => void;

/** What counts a loop, and when it is over. */
interface Counter {
  readonly reg: number;
  readonly step: 1 | -1;
  readonly end: number;
}

const imm = (n: number): Source => ({ kind: 'imm', imm: n });

/** Sets a counter before its loop: up from 0, down to 0 from a constant, or down to 0 from a number of 1 to 4. */
function start(w: Writing, reg: number, most: number, known: boolean): Counter {
  const { r } = w;
  const rounds = r.between(1, most);
  const up = r.chance(50);
  if (up || known || r.chance(50)) w.imm(reg, up ? 0 : rounds, true);
  else {
    w.move(reg, w.scalar(), true);
    w.put({ kind: 'alu', op: 'and', width: 64, dst: reg, src: imm(3) }, true);
    w.addImm(reg, 1, true);
  }
  w.locked.add(reg);
  return { reg, step: up ? 1 : -1, end: up ? rounds : 0 };
}

function advance(w: Writing, { reg, step }: Counter): void {
  w.addImm(reg, step, true);
}

function test(r: Random, { reg, step, end }: Counter, more: boolean) {
  const width: Width = r.pick([32, 64]);
  const goes: readonly JumpCond[] = step > 0 ? ['lt', 'ne', 'slt'] : ['ne', 'gt', 'sgt'];
  const over: readonly JumpCond[] = step > 0 ? ['ge', 'eq', 'sge'] : ['eq', 'le', 'sle'];
  return { kind: 'branch', cond: r.pick(more ? goes : over), width, dst: reg, src: imm(end) } as const;
}

function backIf(w: Writing, counter: Counter, head: number): void {
  w.put({ ...test(w.r, counter, true), target: head }, true);
}

function outIf(w: Writing, counter: Counter, out: number): void {
  w.put({ ...test(w.r, counter, false), target: out }, true);
}

/** In front of a head: what holds now is to hold in each round. Calls leave nothing in r1..r5, so no later round may count on them. */
function everyRound(w: Writing): void {
  if (w.calls) w.forgetArguments();
  for (let n = 0; n < 10; n++) if (w.holds[n] !== 'nothing') w.keepKind.add(n);
}

/** What holds at a place that is left behind. */
const here = (w: Writing): { holds: Holds[]; spilled: Holds[] } => ({ holds: [...w.holds], spilled: [...w.spilled] });

type Shape = (
  w: Writing,
  head: number,
  counters: readonly [Counter, ...Counter[]],
  body: (most: number) => void,
) => void;

/** A body and a test behind it. */
const plain: Shape = (w, head, [outer], body) => {
  w.label(head);
  body(14);
  advance(w, outer);
  backIf(w, outer, head);
};

/** The rest of the body is left out now and then. */
const skipping: Shape = (w, head, [outer], body) => {
  const latch = w.labels++;
  w.label(head);
  body(8);
  w.put({ kind: 'branch', ...condition(w), target: latch });
  const before = here(w);
  body(8);
  w.holds = w.holds.map((h, i) => (h === before.holds[i] ? h : 'nothing'));
  w.spilled = w.spilled.map((h, i) => (h === before.spilled[i] ? h : 'nothing'));
  w.label(latch);
  advance(w, outer);
  backIf(w, outer, head);
};

/** The test is in front of what a jump back may leave out: two ways back to one head. */
const twoWays: Shape = (w, head, [outer], body) => {
  const out = w.labels++;
  w.label(head);
  body(8);
  advance(w, outer);
  outIf(w, outer, out);
  const end = here(w);
  w.put({ kind: 'branch', ...condition(w), target: head }, true);
  body(8);
  w.put({ kind: 'jump', target: head }, true);
  w.label(out);
  w.holds = end.holds;
  w.spilled = end.spilled;
};

/** Two loops with one head: the inner one's way back and the outer one's lead to the same place. */
const oneHead: Shape = (w, head, [outer, inner], body) => {
  w.label(head);
  body(8);
  advance(w, inner!);
  backIf(w, inner!, head);
  w.imm(inner!.reg, inner!.step > 0 ? 0 : w.r.between(1, 2), true);
  if (w.r.chance(50)) body(6);
  advance(w, outer);
  backIf(w, outer, head);
};

/** The inner loop's test is the outer one's way back, which has its test at its head. */
const oneLatch: Shape = (w, head, [outer, inner], body) => {
  const [out, again] = [w.labels++, w.labels++];
  w.label(head);
  outIf(w, outer, out);
  const end = here(w);
  advance(w, outer);
  if (w.r.chance(50)) body(6);
  w.imm(inner!.reg, inner!.step > 0 ? 0 : w.r.between(1, 2), true);
  everyRound(w);
  w.label(again);
  body(8);
  advance(w, inner!);
  backIf(w, inner!, again);
  w.put({ kind: 'jump', target: head }, true);
  w.label(out);
  w.holds = end.holds;
  w.spilled = end.spilled;
};

const NESTED: readonly Shape[] = [oneHead, oneLatch];

/** A loop of some shape, or false if no register may count it. */
export function loop(w: Writing, depth: number, body: Body): boolean {
  const { r } = w;
  const reg = w.anyTarget(1, 2, 3, 4, 5);
  if (reg === undefined) return false;
  const [calls, locked, keep] = [w.calls, new Set(w.locked), new Set(w.keepKind)];
  const own = w.self.func === 0;
  const kind = r.below(100);
  const second = kind >= 80 && w.loops === 0 ? w.anyTarget(1, 2, 3, 4, 5, reg) : undefined;
  const outer = start(w, reg, own ? 6 : 3, false);
  const counters: [Counter, ...Counter[]] = [outer];
  if (second !== undefined) counters.push(start(w, second, own ? 3 : 2, true));
  const shape = second !== undefined ? r.pick(NESTED) : kind < 64 ? plain : kind < 72 ? skipping : twoWays;
  if (!w.keptAcrossCalls() || depth > 0) w.calls = false;
  everyRound(w);
  w.spilled = w.spilled.map(() => 'nothing');
  const depths = counters.length;
  w.loops += depths;
  shape(w, w.labels++, counters, (most) => body(w, depth, most));
  w.loops -= depths;
  [w.calls, w.locked, w.keepKind] = [calls, locked, keep];
  return true;
}
