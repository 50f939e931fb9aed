// SPDX-License-Identifier: MIT
import type { HelperRow } from '../../../compiler/contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT } from '../../../compiler/contract/types.js';
import {
  INTRINSIC_BASE,
  INTRINSICS,
  type IntrinsicName,
  instanceImportOffset,
  instanceRegionOffset,
} from '../../../compiler/image/fields.js';
import { type ImageParts, writeImage } from '../../../compiler/image/write.js';
import { assemble, type Dialect, FRAME } from './dialects.js';

/** Rows of the helpers in helpers.c. */
const u32 = (name: string) => ({ kind: 'u32', name }) as const;
const u64 = (name: string) => ({ kind: 'u64', name }) as const;
const row = (id: number, name: string, args: HelperRow['args'], result: 'u32' | 'u64'): HelperRow => ({
  id,
  name,
  args,
  result: { kind: result },
  doc: '',
});
export const TEST_HELPERS: readonly HelperRow[] = [
  row(0x7001, 'deep', [u32('depth'), u32('mode')], 'u32'),
  row(0x7002, 'wide', ['a', 'b', 'c', 'd', 'e'].map(u64), 'u64'),
  row(0x7003, 'mixed', [u32('a'), u64('b'), u32('c'), u64('d'), u32('e')], 'u64'),
  row(0x7004, 'narrow', ['a', 'b', 'c', 'd', 'e'].map(u32), 'u32'),
  row(0x7005, 'instance', [], 'u32'),
  row(0x7006, 'interrupts', [], 'u32'),
];

export const CONTRACT: Contract = {
  ...DEFAULT_CONTRACT,
  helpers: [],
  context: { ...DEFAULT_CONTRACT.context, align: 4 },
  regions: [{ name: 'lent', access: 'rw', size: 32, minSize: 32, maxSize: 32, align: 4 }],
};

/** What `deep` does at the bottom. */
export const MODE = { return: 0, abort: 1, fault: 2, hang: 3 } as const;

const slot = (i: number): number => instanceImportOffset(1, i);
const lines = (...parts: readonly (string | readonly string[])[]): string => parts.flat().join('\n ');

/** What a helper without side effects should answer, by helpers.c. */
export function mixed(values: readonly bigint[]): bigint {
  return values.reduce((sum, v, i) => BigInt.asUintN(64, i === 0 ? v : 2n * sum + v));
}

export function deep(depth: number, a = 1): number {
  const b = (a ^ (a << 13)) >>> 0;
  const c = (b ^ (b >>> 17)) >>> 0;
  const d = (c ^ (c << 5)) >>> 0;
  if (depth === 0) return d;
  const below = deep(depth - 1, d);
  return (((below << 1) | (below >>> 31)) + (a ^ b ^ c ^ d)) >>> 0;
}

/** Values that the test keeps in registers and on the stack over a call. */
export const keptValue = (i: number): number => (0x01020304 * (i + 1)) >>> 0;
export const stackValue = (i: number): number => (0x10305070 + 0x01010101 * i) >>> 0;
const FIRST_OWN = 24;
/** Stack words of `storm` that count its turns and add up what the helper answers. */
const [COUNTER, SUM] = [0, 1] as const;
export const STORM = { turns: 3000, depth: 9, used: 2 } as const;
export const STACK_WORDS = (FRAME - FIRST_OWN) / 4;

/** Argument words of a helper in the platform's C convention; `null` is a gap. */
function words(d: Dialect, args: readonly { value: bigint; kind: 'u32' | 'u64' }[]): (number | null)[] {
  const registers = d.args.length;
  const out: (number | null)[] = [];
  // The instance is word 0.
  const at = (): number => out.length + 1;
  for (const { value, kind } of args) {
    const onStack = at() >= registers;
    const aligned = onStack ? d.evenPairs.stack : d.evenPairs.registers;
    // The stack starts where the registers end, at a multiple of 8.
    const odd = onStack ? (at() - registers) % 2 === 1 : at() % 2 === 1;
    if (kind === 'u64' && aligned && odd) out.push(null);
    out.push(Number(value & 0xffffffffn));
    if (kind === 'u64') out.push(Number(value >> 32n));
  }
  return out;
}

function helperCall(d: Dialect, index: number, args: readonly { value: bigint; kind: 'u32' | 'u64' }[]): string[] {
  const all = words(d, args);
  const code: string[] = [];
  all.forEach((w, i) => {
    const at = i + 1 - d.args.length;
    if (w !== null && at >= 0) code.push(d.set(d.args[1]!, w), d.store(d.args[1]!, 4 * at));
  });
  all.forEach((w, i) => {
    const register = d.args[i + 1];
    if (w !== null && register !== undefined) code.push(d.set(register, w));
  });
  code.push(d.copy(d.args[0]!, d.instance), d.call(slot(index)));
  return code;
}

export const VALUES64 = [
  0x1122334455667788n,
  0x99aabbccddeeff00n,
  0x0123456789abcdefn,
  0xfedcba9876543210n,
  0x8000000000000001n,
];
export const VALUES32 = [0x11223344n, 0x55667788n, 0x99aabbccn, 0xddeeff00n, 0x12345678n];
export const argsOf = (name: string): { value: bigint; kind: 'u32' | 'u64' }[] =>
  TEST_HELPERS.find((r) => r.name === name)!.args.map((a, i) => {
    const kind = a.kind === 'u64' ? 'u64' : 'u32';
    return { kind, value: (kind === 'u64' ? VALUES64 : VALUES32)[i]! };
  });

/** Where no board has anything; odd, as the lm3s6965evb lets it be read otherwise. */
const UNMAPPED = 0xe7000001;

/** Trap codes of the sites: fuel, memory, stack. */
const TRAPS = [2, 1, 3];

/** Depths that cross the ends of a register file of 8 and of 16 windows of 4 registers, in any position. */
export const DEPTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 20];

function routines(d: Dialect): Record<string, string> {
  const [r0, r1] = d.args as [string, string];
  const call = (depth: number, mode: number): string[] => [
    d.set(d.args[1]!, depth),
    d.set(d.args[2]!, mode),
    d.copy(r0, d.instance),
    d.call(slot(0)),
  ];
  const keep = [
    ...Array.from({ length: STACK_WORDS }, (_, i) => [d.set(r0, stackValue(i)), d.store(r0, FIRST_OWN + 4 * i)]).flat(),
    ...d.kept.map((r, i) => d.set(r, keptValue(i))),
  ];
  /** Sum of all that was kept, in the upper half of the result, from stack word `first` on. */
  const sum = (first: number): string[] => {
    const stack = Array.from({ length: STACK_WORDS }, (_, i) => i).slice(first);
    const temporary = d.args[2]!;
    return [
      d.set(r1, 0),
      ...d.kept.map((r) => d.add(r1, r)),
      ...stack.flatMap((i) => [d.loadSp(temporary, FIRST_OWN + 4 * i), d.add(r1, temporary)]),
    ];
  };
  const own = (i: number): number => FIRST_OWN + 4 * i;
  const helper = (index: number, name: string): string => lines(d.enter, helperCall(d, index, argsOf(name)), d.leave);
  const out: Record<string, string> = {
    answer: lines(d.enter, d.set(r0, 0x55667788), d.set(r1, 0x11223344), d.leave),
    arguments: lines(
      d.enter,
      d.args.slice(1, 4).flatMap((r) => d.add(r0, r)),
      d.set(r1, 0),
      d.leave,
    ),
    clobber: lines(
      d.enter,
      d.kept.map((r) => d.set(r, 0x0badbad0)),
      d.args.map((r) => d.set(r, 7)),
      d.leave,
    ),
    wide: helper(1, 'wide'),
    mixed: helper(2, 'mixed'),
    narrow: lines(d.enter, helperCall(d, 3, argsOf('narrow')), d.set(r1, 0), d.leave),
    instance: lines(d.enter, d.copy(r0, d.instance), d.call(slot(4)), d.set(r1, 0), d.leave),
    interrupts: lines(d.enter, d.copy(r0, d.instance), d.call(slot(5)), d.set(r1, 0), d.leave),
    fuel: lines(d.enter, d.loadInstance(r0, 0), d.set(r1, 0), d.leave),
    undefined: lines(d.enter, d.undefined, d.leave),
    wild: lines(d.enter, d.set(d.kept[0]!, UNMAPPED), d.load(r0, d.kept[0]!, 0), d.leave),
    forever: lines(d.enter, d.forever, d.leave),
    hang: lines(d.enter, keep, call(9, MODE.hang), d.leave),
    storm: lines(
      d.enter,
      keep,
      [d.set(r0, STORM.turns), d.store(r0, own(COUNTER)), d.set(r0, 0), d.store(r0, own(SUM))],
      'storm_again:',
      call(STORM.depth, MODE.return),
      [d.loadSp(r1, own(SUM)), d.add(r0, r1), d.store(r0, own(SUM))],
      [d.loadSp(r0, own(COUNTER)), d.decrement(r0), d.store(r0, own(COUNTER))],
      d.branchNonzero(r0, 'storm_again'),
      d.loadSp(r0, own(SUM)),
      sum(STORM.used),
      d.leave,
    ),
    inner2: lines(d.enter, d.jump('stub2'), d.leave),
    inner1: lines(d.enter, d.callLocal('inner2'), d.leave),
  };
  for (const depth of DEPTHS) {
    out[`deep${depth}`] = lines(d.enter, keep, call(depth, MODE.return), sum(0), d.leave);
    out[`abort${depth}`] = lines(d.enter, keep, call(depth, MODE.abort), d.leave);
    out[`fault${depth}`] = lines(d.enter, keep, call(depth, MODE.fault), d.leave);
  }
  TRAPS.forEach((_, i) => {
    out[`site${i}`] = lines(d.enter, d.jump(`stub${i}`), d.leave);
  });
  out.site_inner = lines(d.enter, d.callLocal('inner1'), d.leave);
  // A site after a helper has moved windows about.
  out.site_after = lines(d.enter, call(20, MODE.return), d.jump('stub1'), d.leave);
  return out;
}

const parts = ({ arch }: Dialect, made: ReturnType<typeof assemble>, imports: readonly number[]): ImageParts => ({
  arch,
  features: 0,
  contractHash: 0,
  contextAlign: 4,
  contextRights: 'rw',
  contextLength: null,
  entries: [],
  imports,
  regions: [{ minLength: 32, maxLength: 32, rights: 'rw', align: 4 }],
  text: made.text,
  rodata: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  data: new Uint8Array(),
  bssLength: 0,
  frameLength: 8,
  trapTable: made.offset.get('table')!,
  trapCount: made.sites,
});

const STACK_LENGTH = 256;

/** The image of all routines, which may be called by name. */
export function portImage(d: Dialect): { image: Uint8Array; names: readonly string[] } {
  const all = routines(d);
  const made = assemble(d, all, TRAPS);
  const names = Object.keys(all);
  const entry = (name: string) => ({
    name,
    offset: made.offset.get(name)!,
    worstCase: null,
    stackLength: STACK_LENGTH,
  });
  const imports = TEST_HELPERS.map((r) => r.id);
  return { image: writeImage({ ...parts(d, made, imports), entries: names.map(entry) }), names };
}

/** Region row 3 is the lent one. */
const LENT_BASE = instanceRegionOffset(3, 'base');

/**
 * Calls an intrinsic with words of the context, in order. An address in the last word is an offset in the context; `search` has
 * offset in the lent region, size, rights; `locate` offset and rights, and gives the base less that of the lent region.
 */
function intrinsicRoutine(d: Dialect, name: IntrinsicName): string {
  const { args, result } = INTRINSICS.find((r) => r.name === name)!;
  const context = d.kept[0]!;
  const [r0, r1] = d.args as [string, string];
  const code = [d.enter, d.copy(context, r0)];
  if (name === 'search') {
    code.push(d.loadInstance(r1, LENT_BASE), d.load(r0, context, 0), d.add(r1, r0));
    code.push(d.load(d.args[2]!, context, 4), d.load(d.args[3]!, context, 8), d.copy(r0, d.instance));
  } else if (name === 'locate') {
    code.push(d.loadInstance(r1, LENT_BASE), d.load(r0, context, 0), d.add(r1, r0));
    code.push(d.load(d.args[2]!, context, 4), d.copy(r0, d.instance));
  } else {
    const count = args.reduce((n, a) => n + (a === 'u64' ? 2 : 1), 0);
    const address = /^atomic/.test(name) ? count - 2 : /^cmpxchg/.test(name) ? count - 1 : -1;
    for (let i = count - 1; i >= 0; i--) {
      const to = d.args[i] ?? r0;
      code.push(d.load(to, context, 4 * i));
      if (i === address) code.push(d.add(to, context));
      if (i >= d.args.length) code.push(d.store(to, 4 * (i - d.args.length)));
    }
  }
  code.push(d.call(slot(0)));
  if (name === 'locate') {
    const lent = d.args[2]!;
    code.push(d.loadInstance(lent, LENT_BASE), d.branchNonzero(r1, 'found'), d.jump('none'));
    code.push('found:', d.subtract(r0, lent), 'none:');
  }
  if (result === 'u32') code.push(d.set(r1, 0));
  code.push(d.leave);
  return lines(code);
}

const NAMES: readonly IntrinsicName[] = INTRINSICS.map((r) => r.name);

/** An image for each intrinsic, which is all that it imports; its only entry has the intrinsic's name. */
export function intrinsicImages(d: Dialect): ReadonlyMap<IntrinsicName, Uint8Array> {
  const code = Object.fromEntries(NAMES.map((name) => [name, intrinsicRoutine(d, name)]));
  const made = assemble(d, code, []);
  return new Map(
    NAMES.map((name, row) => {
      const entry = { name, offset: made.offset.get(name)!, worstCase: null, stackLength: STACK_LENGTH };
      return [name, writeImage({ ...parts(d, made, [INTRINSIC_BASE + row]), entries: [entry] })];
    }),
  );
}
