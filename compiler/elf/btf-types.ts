// SPDX-License-Identifier: MIT
import { BTF_HEADER, header, only } from './btf.js';
import { Bytes } from './bytes.js';
import type { ElfObject } from './elf.js';

/**
 * The types of `.BTF` (Linux kernel documentation, "BPF Type Format", section 2.2). Type 0 is void. What no reader here asks for
 * (values of enumerations, arguments' names, places of variables) is checked for its length and left out.
 */
export type BtfType =
  | { readonly kind: 'void' | 'fwd' | 'datasec' | 'float'; readonly name: string; readonly size: number }
  | { readonly kind: 'int' | 'enum'; readonly name: string; readonly size: number }
  /** `type`: what is pointed at, renamed or qualified. */
  | { readonly kind: 'ptr' | 'typedef' | 'qualifier' | 'var'; readonly name: string; readonly type: number }
  | { readonly kind: 'array'; readonly name: string; readonly type: number; readonly length: number }
  | {
      readonly kind: 'struct' | 'union';
      readonly name: string;
      readonly size: number;
      readonly members: readonly BtfMember[];
    }
  /** `type` is its prototype. */
  | { readonly kind: 'func'; readonly name: string; readonly type: number; readonly global: boolean }
  | { readonly kind: 'proto'; readonly name: string; readonly type: number; readonly params: readonly number[] }
  /** Says `name` of a type, or of the member or parameter `component` of it (-1: of the whole). */
  | { readonly kind: 'tag'; readonly name: string; readonly type: number; readonly component: number };

export interface BtfMember {
  readonly name: string;
  readonly type: number;
  /** Offset in bits from the structure's start. */
  readonly offset: number;
  /** 0: no bit field. */
  readonly bits: number;
}

/** BTF_KIND_ numbers. */
const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

const RECORD = 12;
const MAX_NAME = 4096;
/** BTF_FUNC_GLOBAL, of the linkages of a function. */
const GLOBAL = 1;

/**
 * All types by number; empty without `.BTF`. Type numbers, names and lengths are checked.
 * @throws CompileError FCC0210 for anything malformed, and for kinds of type that are not known
 */
export function readTypes(object: ElfObject): readonly BtfType[] {
  const section = only(object, '.BTF');
  if (!section) return [];
  const btf: Bytes = new Bytes(section.data, 'FCC0210', '.BTF', object.file);
  const start = header(btf, BTF_HEADER);
  const view: Bytes = btf.part(start + btf.u32(8), btf.u32(12), '.BTF types');
  const strings = btf.part(start + btf.u32(16), btf.u32(20), '.BTF strings');
  const types: BtfType[] = [{ kind: 'void', name: '', size: 0 }];
  /** Types that are named by number, to be compared with their count at the end. */
  let highest = 0;
  const ref = (at: number): number => {
    const type = view.u32(at);
    highest = Math.max(highest, type);
    return type;
  };
  const text = (at: number): string => strings.text(view.u32(at), MAX_NAME);

  let at = 0;
  const rows = <T>(count: number, size: number, read: (at: number) => T): T[] => {
    view.check(at, count * size);
    const made = Array.from({ length: count }, (_, i) => read(at + i * size));
    at += count * size;
    return made;
  };
  while (at < view.length) {
    const here = at;
    view.check(here, RECORD);
    const name = text(here);
    const info = view.u32(here + 4);
    const count = info & 0xffff;
    const flag = info >>> 31 === 1;
    const size = view.u32(here + 8);
    at += RECORD;
    switch ((info >>> 24) & 0x1f) {
      case KIND.INT:
        rows(1, 4, () => 0);
        types.push({ kind: 'int', name, size });
        break;
      case KIND.ENUM:
        rows(count, 8, () => 0);
        types.push({ kind: 'enum', name, size });
        break;
      case KIND.ENUM64:
        rows(count, 12, () => 0);
        types.push({ kind: 'enum', name, size });
        break;
      case KIND.FLOAT:
        types.push({ kind: 'float', name, size });
        break;
      case KIND.FWD:
        types.push({ kind: 'fwd', name, size: 0 });
        break;
      case KIND.DATASEC:
        rows(count, 12, ref);
        types.push({ kind: 'datasec', name, size });
        break;
      case KIND.PTR:
        types.push({ kind: 'ptr', name, type: ref(here + 8) });
        break;
      case KIND.TYPEDEF:
        types.push({ kind: 'typedef', name, type: ref(here + 8) });
        break;
      case KIND.VOLATILE:
      case KIND.CONST:
      case KIND.RESTRICT:
      case KIND.TYPE_TAG:
        types.push({ kind: 'qualifier', name, type: ref(here + 8) });
        break;
      case KIND.VAR:
        rows(1, 4, () => 0);
        types.push({ kind: 'var', name, type: ref(here + 8) });
        break;
      case KIND.ARRAY: {
        const [array] = rows(1, 12, (a) => ({ type: ref(a), index: ref(a + 4), length: view.u32(a + 8) }));
        types.push({ kind: 'array', name, type: array!.type, length: array!.length });
        break;
      }
      case KIND.STRUCT:
      case KIND.UNION: {
        const members = rows(count, 12, (a): BtfMember => {
          const word = view.u32(a + 8);
          // With the flag set the word is 8 bits of width and 24 of offset.
          const [bits, offset] = flag ? [word >>> 24, word & 0xffffff] : [0, word];
          return { name: text(a), type: ref(a + 4), offset, bits };
        });
        const kind = ((info >>> 24) & 0x1f) === KIND.STRUCT ? 'struct' : 'union';
        types.push({ kind, name, size, members });
        break;
      }
      case KIND.FUNC:
        types.push({ kind: 'func', name, type: ref(here + 8), global: count === GLOBAL });
        break;
      case KIND.FUNC_PROTO:
        types.push({ kind: 'proto', name, type: ref(here + 8), params: rows(count, 8, (a) => ref(a + 4)) });
        break;
      case KIND.DECL_TAG: {
        const [component] = rows(1, 4, (a) => view.u32(a) | 0);
        types.push({ kind: 'tag', name, type: ref(here + 8), component: component! });
        break;
      }
      default:
        view.fail(`type ${types.length} is of an unknown kind, ${(info >>> 24) & 0x1f}`, here);
    }
  }
  if (highest >= types.length) view.fail(`type ${highest} of ${types.length} does not exist`);
  return types;
}

/** Whether the strings of `.BTF` hold a text, at whatever place: a cheap look before the types are read. */
export function mentions(object: ElfObject, text: string): boolean {
  const section = only(object, '.BTF');
  if (!section) return false;
  const wanted = new TextEncoder().encode(text);
  const { data } = section;
  for (let at = data.indexOf(wanted[0]!); at >= 0; at = data.indexOf(wanted[0]!, at + 1))
    if (wanted.every((b, i) => data[at + i] === b)) return true;
  return false;
}
