// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { type Group, type Item, instItem, refItem } from '../../compiler/codegen/asm.js';
import { type Level, targetOf } from './harness.js';

/**
 * What the peephole stage makes of a list of instructions. Lines are instructions by name with their operands, `#` and `r` for the
 * reader only; `L1:` is a label, `bne L1` a reference, `cbz r0 L1` one with its way further. A line that starts with `+` belongs to
 * the operation of the line before; all others are operations of their own. `=` is a load of a pooled constant.
 */
function polish(text: string, level: Level = 'cortex-m4'): string {
  const target = targetOf(level);
  const { isa } = target;
  const numberOf = (w: string): number => Number(w.replace(/^[#r]/, ''));
  const references = new Map<number, number>();
  const label = (w: string): number => {
    const n = Number(w.slice(1));
    references.set(n, (references.get(n) ?? 0) + 1);
    return n;
  };
  let group: Group | null = null;
  const items = text.split('|').map((line): Item => {
    const words = line.trim().split(' ');
    const own = words[0] !== '+' || group === null;
    if (words[0] === '+') words.shift();
    if (own) group = { origin: { func: 0, slot: 0 }, guard: false, calls: [], loops: false, executes: undefined };
    const g = group!;
    const [name, ...rest] = words as [string, ...string[]];
    if (name.endsWith(':')) return { kind: 'bind', label: Number(name.slice(1, -1)) };
    if (name === '=') {
      const rd = numberOf(rest[0]!);
      const far = level === 'cortex-m0' ? [] : [instItem(isa, 'movw', [rd, 0], g), instItem(isa, 'movt', [rd, 1], g)];
      return { kind: 'either', near: [refItem(isa, 'ldr.lit', 99, [rd], g)], far, isFar: false, literal: 99 };
    }
    if (name === 'cbz' || name === 'cbnz') {
      const rn = numberOf(rest[0]!);
      const to = label(rest[1]!);
      const near = [refItem(isa, name, to, [rn], g)];
      const branch = refItem(isa, name === 'cbz' ? 'beq' : 'bne', to, [], g);
      const over = refItem(isa, name === 'cbz' ? 'cbnz' : 'cbz', 98, [rn], g);
      const far =
        level === 'cortex-m4' ? [instItem(isa, 'cmp.i', [rn, 0], g), branch] : [over, refItem(isa, 'jump', to, [], g)];
      return { kind: 'either', near, far, isFar: false, literal: null };
    }
    if (rest.at(-1)?.startsWith('L')) return refItem(isa, name, label(rest.at(-1)!), [], g);
    return instItem(isa, name, rest.map(numberOf), g);
  });
  const out = target.peephole!(items, {
    inst: (name, operands, g) => instItem(isa, name, operands, g),
    ref: (name, to, operands, g) => refItem(isa, name, to, operands, g),
    references: (n) => references.get(n) ?? 0,
  });
  const binds = (list: readonly Item[]): number[] => list.flatMap((x) => (x.kind === 'bind' ? [x.label] : []));
  expect(binds(out)).toEqual(binds(items));
  const show = (x: Item): string => {
    if (x.kind === 'bind') return `L${x.label}:`;
    if (x.kind === 'either')
      return x.literal === null ? show(x.near[0]!) : `= ${(x.near[0] as Extract<Item, { kind: 'ref' }>).operands[0]}`;
    return [x.name, ...x.operands, ...(x.kind === 'ref' ? [`L${x.label}`] : [])].join(' ');
  };
  return out.map(show).join('|');
}

const same = (text: string): [string, string] => [text, text.replaceAll('+ ', '')];

describe('pairs of words', () => {
  it.each([
    ['ldr 0 9 56|ldr 1 9 60', 'ldrd 0 1 9 56'],
    ['ldr 1 9 60|adds 4 5 6|ldr 0 9 56', 'ldrd 0 1 9 56|adds 4 5 6'],
    ['ldr 8 13 4|ldr 10 13 8', 'ldrd 8 10 13 4'],
    // The program's own memory: only where selection says that the address is a multiple of 4.
    ['ldr.aligned 0 2 8|ldr.aligned 1 2 12', 'ldrd 0 1 2 8'],
    same('ldr 0 2 8|ldr 1 2 12'),
    ['str.aligned 0 2 8|str.aligned 1 2 4', 'strd 1 0 2 4'],
    ['str.aligned 0 2 0|str.aligned 1 2 4|str.aligned 3 2 8|str.aligned 3 2 12', 'strd 0 1 2 0|strd 3 3 2 8'],
    // The second moves up only if nothing between wants its register, else the first moves down.
    ['ldr 0 9 56|adds 4 1 1|ldr 1 9 60', 'adds 4 1 1|ldrd 0 1 9 56'],
    ['ldr 0 9 56|adds 4 0 0|ldr 1 9 60', 'ldrd 0 1 9 56|adds 4 0 0'],
    same('ldr 0 9 56|adds 4 0 1|ldr 1 9 60'),
    // One register twice, or a base that the first load replaces.
    same('ldr 0 9 56|adds 4 0 0|ldr 0 9 60'),
    same('ldr.aligned 2 2 8|ldr.aligned 1 2 12'),
    same('ldr.aligned 0 2 8|adds 2 2 3|ldr.aligned 1 2 12'),
    // Stores between may change what is loaded, but of the instance's fields only the fuel.
    same('ldr.aligned 0 2 8|str 3 4 0|ldr.aligned 1 2 12'),
    ['ldr 0 9 56|str 3 4 0|ldr 1 9 60', 'ldrd 0 1 9 56|str 3 4 0'],
    ['ldr 1 9 4|str 3 9 0|ldr 0 9 0', 'str 3 9 0|ldrd 0 1 9 0'],
    same('ldr 0 13 0|str 3 4 0|ldr 1 13 4'),
    same('str.aligned 0 2 8|ldrb 3 4 0|str.aligned 1 2 12'),
    // Nothing passes a label, a branch or a call.
    same('ldr 0 9 56|L1:|ldr 1 9 60|bne L1'),
    same('ldr.aligned 0 2 8|cmp 3 4|+ bhi L1|ldr.aligned 1 2 12|L1:'),
    same('ldr 5 9 56|ldr 12 9 80|+ blx 12|ldr 4 9 60'),
    same('ldr 0 9 56|ldr 1 9 64'),
    same('ldr 0 13 1024|ldr 1 13 1028'),
    // Inside an IT block nothing is touched.
    same('cmp.i 3 0|+ it 0 12|+ ldr 0 9 56|+ ldr 1 9 60|ldr 4 9 68'),
  ])('%s', (text, want) => expect(polish(text)).toBe(want));

  it('need the instructions', () => {
    const text = 'ldr 0 1 4|ldr 2 1 8';
    expect(polish('ldr.aligned 0 1 4|ldr.aligned 2 1 8', 'cortex-m0')).toBe(text.replaceAll('ldr', 'ldr.aligned'));
  });
});

describe('loads that extend', () => {
  it.each([
    ['ldrh 0 1 4|sxth 0 0', 'ldrsh 0 1 4'],
    ['ldrb.r 0 1 2 0|adds 4 4 5|sxtb 0 0', 'ldrsb.r 0 1 2 0|adds 4 4 5'],
    ['ldrh 0 1 4|uxth 0 0', 'ldrh 0 1 4'],
    // A byte from zero to 255 is the same in 16 bits with a sign.
    ['ldrb 0 1 4|sxth 0 0', 'ldrb 0 1 4'],
    same('ldrh 0 1 4|sxtb 0 0'),
    same('ldrsh 0 1 4|uxth 0 0'),
    same('ldr 0 1 4|sxth 0 0'),
    // Into another register, if the first one is of no further use.
    same('ldrh 0 1 4|sxth 3 0'),
    ['ldrh 0 1 4|sxth 3 0|movs.i 0 1', 'ldrsh 3 1 4|movs.i 0 1'],
    same('ldrh 0 1 4|adds 4 3 3|sxth 3 0|movs.i 0 1'),
    same('ldrh 0 1 4|sxth 3 0|adds 0 0 4'),
    same('ldrh 0 1 4|sxth 3 0|cmp.i 4 0|+ it 0 8|+ mov.i 0 1|movs.i 0 2'),
    same('ldrh 0 1 4|sxth 3 0|bne L1|L1:|movs.i 0 1'),
    // The base may be the register.
    ['ldrh 0 3 4|sxth 3 0|movs.i 0 1', 'ldrsh 3 3 4|movs.i 0 1'],
    same('ldrh 0 1 4|adds 3 0 0|sxth 0 0'),
    same('ldrh 0 1 4|adds 0 0 0|sxth 0 0'),
    same('ldrh 0 1 4|L1:|sxth 0 0|bne L1'),
    // The register is where it is loaded from, not what is loaded.
    same('ldrh.post 4 0 2|sxth 0 0'),
  ])('%s', (text, want) => expect(polish(text)).toBe(want));
});

describe('addresses that advance with an access', () => {
  it.each([
    ['ldrh 0 2 0|adds.i 2 2 2', 'ldrh.post 0 2 2'],
    ['ldrh 0 2 0|adds 3 3 0|adds.i 2 2 2', 'ldrh.post 0 2 2|adds 3 3 0'],
    ['str 0 2 0|subs.i 2 2 4', 'str.post 0 2 -4'],
    ['ldr 0 2 4|adds.i 2 2 4', 'ldr.pre 0 2 4'],
    ['adds.i 2 2 1|adds 4 4 5|strb 0 2 0', 'adds 4 4 5|strb.pre 0 2 1'],
    ['strd 0 1 2 0|adds.i 2 2 8', 'strd.post 0 1 2 8'],
    // Other accesses on the base between get their offsets corrected.
    ['ldr 0 2 0|ldr 1 2 8|adds.i 2 2 4', 'ldr.post 0 2 4|ldr 1 2 4'],
    same('ldr 0 2 0|adds 1 2 2|adds.i 2 2 4'),
    same('ldr 2 2 0|adds.i 2 2 4'),
    same('str 2 2 0|adds.i 2 2 4'),
    same('ldr 0 2 0|adds.i 3 2 4'),
    same('ldr 0 2 0|add.i 2 2 300'),
    same('strd 0 1 2 0|adds.i 2 2 2'),
    same('ldr 0 13 0|add.i 13 13 8'),
    // The flags of the addition are read.
    same('ldr 0 2 0|adds.i 2 2 4|+ adc.i 3 3 0'),
    same('ldr 0 2 0|L1:|adds.i 2 2 4|bne L1'),
  ])('%s', (text, want) => expect(polish(text)).toBe(want));
});

describe('flags that are there already', () => {
  it.each([
    ['L1:|subs.i 6 6 1|cmp.i 6 0|+ bne L1', 'L1:|subs.i 6 6 1|bne L1'],
    // N and Z are a result's; order by them alone.
    ['L1:|subs.i 6 6 1|cmp.i 6 0|+ bge L1', 'L1:|subs.i 6 6 1|bpl L1'],
    ['L1:|adds 6 6 1|cmp.i 6 0|+ blt L1', 'L1:|adds 6 6 1|bmi L1'],
    same('L1:|adds 6 6 1|cmp.i 6 0|+ bgt L1'),
    same('L1:|subs.i 6 6 1|cmp.i 6 0|+ bhi L1'),
    // What stands between leaves the flags alone: loads and stores do, the result moves behind others if it can.
    ['L1:|subs.i 6 6 1|ldr 0 1 0|cmp.i 6 0|+ bne L1', 'L1:|subs.i 6 6 1|ldr 0 1 0|bne L1'],
    ['L1:|subs.i 6 6 1|adds 0 1 2|cmp.i 6 0|+ bne L1', 'L1:|adds 0 1 2|subs.i 6 6 1|bne L1'],
    ['L1:|subs.i 6 6 1|adds 0 6 2|cmp.i 6 0|+ bne L1', 'L1:|subs.i 6 6 1|add 0 6 2|bne L1'],
    // No more than two instructions get longer.
    same('L1:|subs.i 6 6 1|adds 0 6 0|adds 1 6 1|adds 2 6 2|cmp.i 6 0|+ bne L1'),
    same('L1:|subs.i 6 6 1|adds 6 6 6|ldr 6 1 0|cmp.i 6 0|+ bne L1'),
    same('L1:|subs.i 6 6 1|cmp 0 1|+ it 0 8|+ mov 1 2|cmp.i 6 0|+ bne L1'),
    same('subs.i 6 6 1|L1:|cmp.i 6 0|+ bne L1'),
    same('L1:|subs.i 6 6 1|ldr 12 9 80|+ blx 12|cmp.i 6 0|+ bne L1'),
    // A flag-setting name where there is one.
    ['L1:|lsl.i 6 6 1|cmp.i 6 0|+ bne L1', 'L1:|lsls.i 6 6 1|bne L1'],
    same('L1:|uxtb 6 6|cmp.i 6 0|+ bne L1'),
    // Comparisons of what was subtracted, or once more, with any condition.
    ['subs 5 1 4|cmp 1 4|+ bhi L1|L1:', 'subs 5 1 4|bhi L1|L1:'],
    same('subs 1 1 4|cmp 1 4|+ bhi L1|L1:'),
    ['ands.i 5 1 4|tst.i 1 4|+ bne L1|L1:', 'ands.i 5 1 4|bne L1|L1:'],
    ['cmp 1 4|+ blo L1|adds.i 5 5 1|cmp 1 4|+ beq L1|L1:', 'cmp 1 4|blo L1|add.i 5 5 1|beq L1|L1:'],
    same('cmp 1 4|+ blo L1|adds.i 4 4 1|cmp 1 4|+ beq L1|L1:'),
    same('cmp 1 4|+ blo L1|L2:|cmp 1 4|+ beq L1|L1:|bne L2'),
    ['L2:|cmp 1 4|+ blo L1|cmp 1 4|+ beq L1|L1:', 'L2:|cmp 1 4|blo L1|beq L1|L1:'],
    // cbz is as short as a branch by flags, so it only goes where nothing has to change for it.
    ['ands 0 1 2|cbz 0 L1|L1:', 'ands 0 1 2|beq L1|L1:'],
    same('ands 0 1 2|adds 3 3 4|cbz 0 L1|L1:'),
    // IT blocks ask for equality only.
    ['subs 5 1 4|cmp.i 5 0|+ it 0 8|+ mov 1 2', 'subs 5 1 4|it 0 8|mov 1 2'],
    same('subs 5 1 4|cmp.i 5 0|+ it 11 8|+ mov 1 2'),
    // The carry of an addition is not touched by what gets another name.
    same('subs.i 6 6 1|adds 0 1 2|+ adcs 3 4 5|cmp.i 6 0|+ bne L1|L1:'),
    ['subs.i 6 6 1|= 3|cmp.i 6 0|+ bne L1|L1:', 'subs.i 6 6 1|= 3|bne L1|L1:'],
  ])('%s', (text, want) => expect(polish(text)).toBe(want));

  it.each([
    ['L1:|subs.i 6 6 1|cmp.i 6 0|+ bne L1', 'L1:|subs.i 6 6 1|bne L1'],
    // No other name for the addition, and it cannot be passed.
    same('L1:|subs.i 6 6 1|adds 0 6 2|cmp.i 6 0|+ bne L1'),
    // The pool may be out of reach: then the constant is made of parts, which sets flags.
    same('L1:|subs.i 6 6 1|= 3|cmp.i 6 0|+ bne L1'),
    // Signed loads take two registers.
    ['ldrh.r 0 1 2 0|sxth 0 0', 'ldrsh.r 0 1 2 0'],
    same('ldrh 0 1 4|sxth 0 0'),
  ])('%s on ARMv6-M', (text, want) => expect(polish(text, 'cortex-m0')).toBe(want));

  it('where the way further is a jump over a jump', () => {
    expect(polish('ands 0 0 2|cbz 0 L1|L1:', 'cortex-m23')).toBe('ands 0 0 2|beq L1|L1:');
  });
});

describe('shorter names', () => {
  it.each([
    ['adds 8 8 3', 'add 8 8 3'],
    ['adds 3 8 3', 'add 3 8 3'],
    same('adds 3 3 4'),
    same('adds 8 3 4'),
    same('adds 8 8 3|+ adcs 4 4 5'),
  ])('%s', (text, want) => expect(polish(text)).toBe(want));
});
