// SPDX-License-Identifier: MIT
import { type BtfMember, type BtfType, mentions, readTypes } from '../elf/btf-types.js';
import { type ElfObject, readElf, STT } from '../elf/elf.js';
import { CompileError } from '../errors/index.js';
import { pathText } from './place.js';
import { contractOf } from './schema.js';
import {
  contextOf,
  helpersOfTag,
  lengthOf,
  limitsOf,
  MEMBER_TAGS,
  type Part,
  type Refuse,
  rangeOf,
  regionOf,
  resultOf,
  signatureOf,
  splitTag,
  TAG_PREFIX,
  type Tag,
  WHOLE_TAGS,
  yesOrNo,
} from './tags.js';
import type { Contract } from './types.js';

/** Structures inside structures, names for names; a chain that is longer is one without an end. */
const MAX_DEPTH = 32;
/** Members of the context, those of structures inside it counted each time. */
const MAX_MEMBERS = 16384;

type Struct = BtfType & { kind: 'struct' };

/** Text of a tag in a message: one line of at most 100 characters. */
function short(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}

/**
 * The contract that the declaration tags of an object give an entry function: those of the function, of the structure that its
 * first parameter points to, and of the structure's members. runtime-c/include/fcc_contract.h has the macros. null: no tag
 * that starts with "fcc:" is there (or no BTF).
 * @throws CompileError FCC0210 for malformed BTF, FCC0412 for a tag that cannot be meant, FCC0401 to FCC0411 for what they say
 *   together, as for a contract file; FCC02xx if `object` is bytes of no object
 */
export function contractFromBtf(
  object: ElfObject | Uint8Array,
  functionName: string,
  fileName = 'object',
): Contract | null {
  const elf = object instanceof Uint8Array ? readElf(object, fileName) : object;
  if (!mentions(elf, TAG_PREFIX)) return null;
  const types = readTypes(elf);
  return new Reader(elf, types, functionName).contract();
}

/** Where a tag stands, for messages. */
interface Found extends Tag {
  readonly place: string;
}

class Reader {
  /** Tags by type, in the object's order. */
  private readonly tags = new Map<number, (Tag & { component: number })[]>();
  /** Declarations by the contract's paths. */
  private readonly places = new Map<string, string>();
  private readonly regions: Part[] = [];
  private readonly fields: Part[] = [];
  private visited = 0;

  constructor(
    private readonly elf: ElfObject,
    private readonly types: readonly BtfType[],
    private readonly functionName: string,
  ) {
    for (const t of types) {
      const tag = t.kind === 'tag' ? splitTag(t.name) : undefined;
      if (t.kind !== 'tag' || !tag) continue;
      const list = this.tags.get(t.type) ?? [];
      list.push({ ...tag, component: t.component });
      this.tags.set(t.type, list);
    }
  }

  contract(): Contract | null {
    const func = this.func();
    if (func === undefined) return null;
    const { whole, struct, structure } = this.context(func);
    const onFunction = this.tagsOf(func, -1, `function ${this.functionName}`);
    this.noComponents(func);
    const all = [...whole, ...onFunction];
    if (all.length === 0 && !this.taggedInside(struct)) return null;

    const raw: Part = { hook: this.section(), regions: this.regions };
    const given = new Map<string, Found>();
    for (const tag of all) {
      const before = given.get(tag.key);
      given.set(tag.key, tag);
      const repeated = tag.key === 'region' || tag.key === 'helper' || tag.key === 'helpers';
      // The function's word counts more than the structure's, which several functions may share.
      if (before && !repeated && before.place === tag.place)
        this.refuse(tag, `${tag.key} is given twice`, 'one of them');
      this.take(raw, tag);
    }
    const size = struct === undefined ? null : (this.types[struct] as Struct).size;
    const context = (raw.context ?? {}) as Part;
    const sized = given.get('context');
    if (sized && size !== null && typeof context.size === 'number' && context.size !== size)
      this.refuse(sized, `${structure} has ${size} bytes`, `size=${size}, no size, or size=any`);
    raw.context = { size, ...context, fields: this.fields };
    if (struct !== undefined) {
      this.places.set('context', structure);
      this.members(struct, 0, '', structure, 0);
    }
    return contractOf(raw, (code, path, message, details = {}) => {
      let place: string | undefined;
      for (let n = path.length; n >= 0 && place === undefined; n--) place = this.places.get(pathText(path.slice(0, n)));
      throw new CompileError(code, `contract in tags: ${place === undefined ? '' : `${place}: `}${message}`, {
        ...details,
        at: this.at(),
      });
    });
  }

  private at(): { file: string; function: string } {
    return { file: this.elf.file, function: this.functionName };
  }

  private malformed(message: string): never {
    throw new CompileError('FCC0210', `.BTF: ${message}`, { at: this.at() });
  }

  private refuse(tag: Found, message: string, expected: string): never {
    throw new CompileError('FCC0412', `${tag.place}: tag "fcc:${tag.key}=${short(tag.value)}": ${short(message)}`, {
      at: this.at(),
      expected,
      help: 'runtime-c/include/fcc_contract.h has macros for all tags, with what each takes',
    });
  }

  private refuser(tag: Found): Refuse {
    return (message, expected) => this.refuse(tag, message, expected);
  }

  private tagsOf(type: number, component: number, place: string): Found[] {
    return (this.tags.get(type) ?? []).filter((t) => t.component === component).map((t) => ({ ...t, place }));
  }

  /** The function's type: the global one, if there are several of its name. */
  private func(): number | undefined {
    let found: number | undefined;
    for (const [i, t] of this.types.entries())
      if (t.kind === 'func' && t.name === this.functionName && (found === undefined || t.global)) found = i;
    return found;
  }

  /** Hook of a function that names none: its section, as other loaders have it. */
  private section(): string {
    const symbol = this.elf.symbols.find((s) => s.name === this.functionName && s.type === STT.FUNC);
    return (symbol && this.elf.sections[symbol.section]?.name) || 'default';
  }

  /** Tags of parameters would be read by nobody. */
  private noComponents(func: number): void {
    const stray = (this.tags.get(func) ?? []).find((t) => t.component !== -1);
    if (stray)
      this.refuse(
        { ...stray, place: `a parameter of ${this.functionName}` },
        'parameters have no tags',
        'the tag at the function, or at the structure',
      );
  }

  /** The structure behind the first parameter, with the tags of it and of all its names. */
  private context(func: number): { whole: Found[]; struct: number | undefined; structure: string } {
    const none = { whole: [], struct: undefined, structure: '' };
    const proto = this.types[(this.types[func] as BtfType & { kind: 'func' }).type];
    if (proto?.kind !== 'proto') return this.malformed(`function ${this.functionName} has no prototype`);
    const first = proto.params[0];
    if (first === undefined) return none;
    const whole: Found[] = [];
    let name = '';
    let pointer = false;
    let at = first;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const t = this.types[at]!;
      if (name === '' && pointer) name = t.name;
      if (pointer && t.kind !== 'qualifier') whole.push(...this.tagsOf(at, -1, this.named(at)));
      if (t.kind === 'struct') return { whole, struct: at, structure: `struct ${name || '{…}'}` };
      if (t.kind === 'ptr') {
        if (pointer) return none;
        pointer = true;
      } else if (t.kind !== 'typedef' && t.kind !== 'qualifier') return { ...none, whole };
      at = t.type;
    }
    return this.malformed(`the first parameter of ${this.functionName} has a type without an end`);
  }

  private named(type: number): string {
    const t = this.types[type]!;
    return `${t.kind} ${t.name || '{…}'}`;
  }

  /** What a tag of the structure or the function adds. */
  private take(raw: Part, tag: Found): void {
    const refuse = this.refuser(tag);
    const { key, value } = tag;
    switch (key) {
      case 'hook':
        raw.hook = value;
        this.places.set('hook', tag.place);
        return;
      case 'context':
        raw.context = contextOf(value, refuse);
        return;
      case 'region': {
        const { name, row } = regionOf(value, refuse);
        this.declare(row ?? { name }, tag.place);
        return;
      }
      case 'helpers': {
        const names = helpersOfTag(value, refuse);
        const before = raw.helpers as string[] | null | undefined;
        raw.helpers = names === null || before === null ? null : [...(before ?? []), ...names];
        this.places.set('helpers', tag.place);
        return;
      }
      case 'helper': {
        const rows = (raw.signatures ?? []) as Part[];
        this.places.set(`signatures[${rows.length}]`, tag.place);
        raw.signatures = [...rows, signatureOf(value, refuse)];
        return;
      }
      case 'result':
        raw.result = resultOf(value, refuse);
        this.places.set('result', tag.place);
        return;
      case 'limits':
        raw.limits = limitsOf(value, refuse);
        this.places.set('limits', tag.place);
        return;
      case 'pass-length':
        raw.passLength = yesOrNo(value, refuse, WHOLE_TAGS['pass-length']);
        return;
      case 'interrupt':
        raw.interrupt = yesOrNo(value, refuse, WHOLE_TAGS.interrupt);
        return;
      case 'doc':
        raw.description = value;
        return;
      default:
        refuse('a structure or function has no such tag', Object.values(WHOLE_TAGS).join('; '));
    }
  }

  private declare(row: Part, place: string): void {
    this.places.set(`regions[${this.regions.length}]`, place);
    this.regions.push(row);
  }

  /** Fields of a structure that starts `base` bytes into the context. */
  private members(struct: number, base: number, prefix: string, place: string, depth: number): void {
    if (depth > MAX_DEPTH) this.malformed('structures contain each other');
    const t = this.types[struct] as Struct;
    const beyond = (this.tags.get(struct) ?? []).find((tag) => tag.component >= t.members.length);
    if (beyond) this.malformed(`a tag of member ${beyond.component} of ${t.members.length}`);
    this.visited += t.members.length;
    if (this.visited > MAX_MEMBERS) this.malformed(`the context has more than ${MAX_MEMBERS} members`);
    t.members.forEach((m, i) => {
      const here = `${place}, member ${m.name || '{…}'}`;
      this.member(m, this.tagsOf(struct, i, here), { base, prefix, place: here, depth });
    });
  }

  private member(
    m: BtfMember,
    tags: readonly Found[],
    { base, prefix, place, depth }: { base: number; prefix: string; place: string; depth: number },
  ): void {
    const [first] = tags;
    const type = this.resolve(m.type, place);
    const t = this.types[type]!;
    const size = t.kind === 'int' || t.kind === 'enum' ? t.size : t.kind === 'ptr' ? 8 : 0;
    const plain = m.bits === 0 && m.offset % 8 === 0 && [1, 2, 4, 8].includes(size);
    if (plain) {
      this.places.set(`context.fields[${this.fields.length}]`, place);
      this.fields.push(
        this.field({ name: `${prefix}${m.name}`, offset: base + m.offset / 8, size }, t.kind === 'ptr', tags),
      );
      return;
    }
    if (first)
      this.refuse(
        first,
        'the member is no number and no pointer',
        'a member of 1, 2, 4 or 8 bytes that is no bit field',
      );
    if (t.kind === 'struct' && m.offset % 8 === 0) {
      this.members(type, base + m.offset / 8, m.name === '' ? prefix : `${prefix}${m.name}.`, place, depth + 1);
    } else if (this.taggedInside(type)) {
      throw new CompileError('FCC0412', `${place}: it has tags inside, and is an array, a union or a bit field`, {
        at: this.at(),
        expected: 'tags at members of the context’s structure, or of structures in it',
      });
    }
  }

  /** A row of "context.fields". */
  private field(known: { name: string; offset: number; size: number }, pointer: boolean, tags: readonly Found[]): Part {
    const field: Part = { ...known, type: 'scalar' };
    const given = new Set<string>();
    for (const tag of tags) {
      const refuse = this.refuser(tag);
      if (given.has(tag.key)) refuse(`${tag.key} is given twice`, 'one of them');
      given.add(tag.key);
      switch (tag.key) {
        case 'region': {
          const { name, row } = regionOf(tag.value, refuse);
          if (row) this.declare(row, tag.place);
          Object.assign(field, { type: 'pointer', region: name });
          break;
        }
        case 'length':
          if (pointer) refuse('the member is a pointer', 'an integer of 2, 4 or 8 bytes');
          Object.assign(field, { type: 'length', ...lengthOf(tag.value, refuse) });
          break;
        case 'range':
          if (pointer) refuse('the member is a pointer', 'an integer');
          field.range = rangeOf(tag.value, refuse, MEMBER_TAGS.range);
          break;
        case 'access':
          field.access = tag.value;
          break;
        case 'name':
          field.name = tag.value;
          break;
        case 'doc':
          field.description = tag.value;
          break;
        default:
          refuse('a member has no such tag', Object.values(MEMBER_TAGS).join('; '));
      }
    }
    if (given.has('region') && given.has('length'))
      this.refuse(tags[0]!, 'a member is a pointer or a length, not both', 'one of them');
    return field;
  }

  /** The type behind names and qualifiers of a member's type. What such a type says of itself would hold for some uses only. */
  private resolve(type: number, place: string): number {
    let at = type;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const [stray] = this.tagsOf(at, -1, `${place}, its type ${this.named(at)}`);
      if (stray) this.refuse(stray, 'types of members have no tags', 'the tag at the member');
      const t = this.types[at]!;
      if (t.kind !== 'typedef' && t.kind !== 'qualifier') return at;
      at = t.type;
    }
    return this.malformed(`type ${type} is a name without an end`);
  }

  /** Whether a type, or one that it holds by value, has tags on it or its members. */
  private taggedInside(type: number | undefined): boolean {
    const seen = new Set(type === undefined ? [] : [type]);
    for (const at of seen) {
      if (this.tags.has(at)) return true;
      const t = this.types[at]!;
      if (t.kind === 'array' || t.kind === 'typedef' || t.kind === 'qualifier') seen.add(t.type);
      else if (t.kind === 'struct' || t.kind === 'union') for (const m of t.members) seen.add(m.type);
    }
    return false;
  }
}
