// SPDX-License-Identifier: MIT
import { hookComponent } from './component.js';
import { allows, type HelperArg, type HelperRow, helpersOf } from './helpers.js';
import { hookUuid } from './hook-id.js';
import { keptWords } from './kept.js';
import { type Member, type StructLayout, structLayout } from './layout.js';
import { attributeString, CNames, cString, inComment } from './names.js';
import { signatureWords } from './signature-words.js';
import { fieldTags, wholeTags } from './tag-text.js';
import { type Contract, fieldSize, type RegionDecl } from './types.js';

export interface HeaderOptions {
  /** CRC-32 of the hook's name, and of the contract: what an image's header and its C form name them by. */
  readonly hookId?: number;
  readonly contractHash?: number;
  /** Declaration tags, so that objects made with the header carry the contract (`contractFromBtf`). */
  readonly tags?: boolean;
}

const hex = (n: number, digits = 0): string => `0x${n.toString(16).padStart(digits, '0')}u`;
const plural = (n: number): string => `${n} byte${n === 1 ? '' : 's'}`;

/**
 * C header of a hook contract, for both sides: the container's source (clang -target bpf) and the firmware (any C11 compiler,
 * and C++11). Context structure with both sides' layout asserted, hook, regions, limits, helpers.
 */
export function contractHeader(contract: Contract, options: HeaderOptions = {}): string {
  return new Header(contract, options).text();
}

/** What the names of a hook's header start with: never with FCC_, which is the runtime's. */
export function hookPrefix(hook: string): string {
  const upper = hook.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase();
  return /^(?!FCC(_|$))[A-Z]/.test(upper) ? upper : `HOOK_${upper.replace(/^_+/, '')}`;
}

/** What a header defines besides the macros that are made from names. */
const RESERVED =
  'CONTRACT_H TAG READ_ONLY POINTER ASSERT SEC HOOK HOOK_ID HOOK_UUID HOOK_INFO SIGNATURES COMPONENT'.split(' ');

class Header {
  private readonly names = new CNames();
  private readonly upper: string;
  private readonly type: string;
  private readonly layout: StructLayout | null;
  private readonly macros: string[] = [];
  private readonly assertions: string[] = [];

  constructor(
    private readonly contract: Contract,
    private readonly options: HeaderOptions,
  ) {
    this.upper = hookPrefix(contract.hook);
    const lower = this.upper.toLowerCase();
    for (const word of RESERVED) this.names.reserve(`${this.upper}_${word}`);
    this.type = `${this.names.make(`${lower}_ctx`)}_t`;
    this.names.reserve(this.type);
    this.constants();
    this.layout = structLayout(contract.context, this.names);
  }

  private macro(words: readonly string[], value: string, comment = ''): void {
    const name = this.names.make(`${this.upper}_${words.join('_').toUpperCase()}`);
    this.macros.push(`#define ${name} ${value}${comment === '' ? '' : ` /* ${inComment(comment)} */`}`);
  }

  /** Smallest and largest value as macros, of a type wide enough. */
  private bounds(words: readonly string[], [least, most]: readonly [bigint, bigint]): void {
    const suffix = most >> 32n === 0n ? 'u' : 'ull';
    this.macro([...words, 'MIN'], `${least}${suffix}`);
    this.macro([...words, 'MAX'], `${most}${suffix}`);
  }

  private constants(): void {
    const { contract, options } = this;
    const { context, limits, result } = contract;
    if (options.contractHash !== undefined)
      this.macro(['CONTRACT_HASH'], hex(options.contractHash, 8), 'contract_hash of an image for this contract');
    if (context.size !== null) this.macro(['CONTEXT', 'SIZE'], `${context.size}u`);
    this.macro(['CONTEXT', 'ALIGN'], `${context.align}u`, 'what the hook promises of the address');
    for (const f of context.fields) {
      if (f.kind === 'scalar' && f.range) this.bounds(['FIELD', f.name], f.range);
      if (f.kind === 'length' && f.unit) this.macro(['FIELD', f.name, 'UNIT'], `${f.unit}u`, 'bytes');
    }
    if (result?.range) this.bounds(['RESULT'], result.range);
    if (limits.stackBytes !== null) this.macro(['LIMIT', 'STACK'], `${limits.stackBytes}u`, 'bytes');
    if (limits.instructions !== null) this.macro(['LIMIT', 'INSTRUCTIONS'], `${limits.instructions}ull`);
    this.macro(['INTERRUPT'], contract.interrupt ? '1u' : '0u', 'whether containers run in interrupts');
    this.macro(['REGIONS'], `${contract.regions.length}u`);
    contract.regions.forEach((r, i) => {
      this.macro(['REGION', r.name], `${i}u`, regionText(r));
      this.macro(['REGION', r.name, 'MIN_SIZE'], `${r.minSize}u`);
      this.macro(['REGION', r.name, 'MAX_SIZE'], `${r.maxSize}u`);
      this.macro(['REGION', r.name, 'ALIGN'], `${r.align}u`);
    });
    for (const row of this.allowed()) this.macro(['HELPER', row.name], hex(row.id));
    if (this.listed()) {
      const ids = this.allowed().map((row) => hex(row.id));
      this.macro(['ALLOWED_COUNT'], `${ids.length}u`);
      if (ids.length > 0) this.macro(['ALLOWED'], `{ ${ids.join(', ')} }`, 'ids, for fcc_host_t');
    }
  }

  /** Whether the firmware needs a list of what is allowed: else all helpers are. */
  private listed(): boolean {
    return this.contract.helpers !== null || this.contract.interrupt === true;
  }

  private allowed(): readonly HelperRow[] {
    return helpersOf(this.contract).filter((row) => allows(this.contract, row));
  }

  /** Those of the firmware's own among them. */
  private own(): readonly HelperRow[] {
    return this.allowed().filter((row) => this.contract.signatures?.some((s) => s.id === row.id));
  }

  text(): string {
    const { contract, upper, options } = this;
    const id =
      options.hookId === undefined
        ? ''
        : `\n#define ${upper}_HOOK_ID ${hex(options.hookId, 8)} /* CRC-32 of the name */`;
    const { text, bytes } = hookUuid(contract.hook);
    const uuid = `\n#define ${upper}_HOOK_UUID { ${[...bytes].map((b) => hex(b, 2)).join(', ')} } /* ${text} */`;
    const name = hookComponent(contract.hook);
    const component =
      name === null ? '' : `\n#define ${upper}_COMPONENT ${cString(name)} /* in manifests, for fcc_place_t */`;
    const about = contract.description === undefined ? '' : ` ${inComment(contract.description)}`;
    const structure = this.structure();
    const result = contract.result;
    return `/* Hook ${inComment(contract.hook)}, for containers and firmware. Written by \`fcc gen header\` from its contract.${about} */
#ifndef ${upper}_CONTRACT_H
#define ${upper}_CONTRACT_H

#include <stdint.h>

#define ${upper}_HOOK ${cString(contract.hook)}${id}${uuid}${component}
${this.macros.join('\n')}

#ifdef __cplusplus
#define ${upper}_ASSERT static_assert
#else
#define ${upper}_ASSERT _Static_assert
#endif

#ifdef __bpf__
/* The container's side: pointers are pointers, and what it may not write is const. */
${this.tagMacro()}#define ${upper}_READ_ONLY const
#define ${upper}_POINTER(type) type *
/* In front of a program, which is \`uint64_t name(${this.type} *ctx${contract.passLength ? ', uint64_t length' : ''})\`. */
#define ${upper}_SEC __attribute__((section(${upper}_HOOK), used))${this.layout ? '' : this.wholeTags()}
#else
/* The firmware's side: a pointer is a slot of 64 bits; store (uintptr_t)address. */
${options.tags ? `#define ${upper}_TAG(text)\n` : ''}#define ${upper}_READ_ONLY
#define ${upper}_POINTER(type) uint64_t
#endif

${structure}
${this.assertions.join('\n')}
${result ? `\n/* Result: ${inComment(result.doc)}${result.range ? `; ${result.range[0]} to ${result.range[1]}` : ''}. */\n` : ''}${this.helpers()}${this.firmware()}
#undef ${upper}_ASSERT
#undef ${upper}_READ_ONLY
#undef ${upper}_POINTER
#endif /* ${upper}_CONTRACT_H */
`;
  }

  /** Tags need clang 14 and -g; without them an object is the same, but for what it says of its contract. */
  private tagMacro(): string {
    const { upper } = this;
    return this.options.tags ? `#define ${upper}_TAG(text) __attribute__((btf_decl_tag(text)))\n` : '';
  }

  private tagged(texts: readonly string[], separator = ' '): string {
    if (!this.options.tags) return '';
    return texts.map((t) => `${separator}${this.upper}_TAG(${attributeString(t)})`).join('');
  }

  private wholeTags(): string {
    return this.tagged(wholeTags(this.contract), this.layout ? '\n    ' : ' ');
  }

  private structure(): string {
    const { context } = this.contract;
    const { layout, type, upper } = this;
    const about = context.description === undefined ? '' : `${inComment(context.description)} `;
    if (!layout) {
      const what = context.size === 0 ? 'There is no context.' : 'The context: bytes whose number a run brings.';
      return `/* ${about}${what} */\ntypedef ${context.size === 0 ? 'void' : 'uint8_t'} ${type};\n`;
    }
    const { packed, aligned, members } = layout;
    const attributes = [...(packed ? ['packed'] : []), ...(aligned === null ? [] : [`aligned(${aligned})`])];
    const suffix = attributes.length > 0 ? `__attribute__((${attributes.join(', ')})) ` : '';
    const tag = type.replace(/_t$/, '');
    if (context.size !== null)
      this.assertions.push(`${upper}_ASSERT(sizeof(${type}) == ${context.size}, ${cString(`size of ${type}`)});`);
    for (const m of members) this.assertMember(m);
    const rows = members.map((m) => this.member(m));
    const rights = context.access === 'r' ? 'Read only where nothing else is said.' : '';
    const intro = `${about}${rights}`.trim();
    return `${intro === '' ? '' : `/* ${intro} */\n`}typedef struct${this.wholeTags()}${this.options.tags ? '\n' : ' '}${tag} {\n${rows.join('\n')}\n} ${suffix}${type};\n`;
  }

  private assertMember({ name, offset, size }: Member): void {
    const { upper, type } = this;
    const at = `__builtin_offsetof(${type}, ${name}) == ${offset}`;
    this.assertions.push(`${upper}_ASSERT(${at}, ${cString(`offset of ${name}`)});`);
    if (size === null) return;
    this.assertions.push(`${upper}_ASSERT(sizeof(((${type} *)0)->${name}) == ${size}, ${cString(`size of ${name}`)});`);
  }

  private member({ name, size, rights, field }: Member): string {
    const { upper } = this;
    const constant = rights === 'r' ? `${upper}_READ_ONLY ` : '';
    if (!field) return `    ${constant}uint8_t ${name}[${size ?? ''}];`;
    const tags = this.tagged(fieldTags(field, name, this.contract.context.access));
    const comment = [...(field.description ? [field.description] : []), ...this.fieldText(field)]
      .map(inComment)
      .join('; ');
    const lead = comment === '' ? '' : `    /* ${comment} */\n`;
    if (field.kind !== 'pointer') return `${lead}    ${constant}uint${8 * fieldSize(field)}_t ${name}${tags};`;
    const region = this.contract.regions.find((r) => r.name === field.region);
    // The pointer itself is const as well: whatever is stored there would not be trusted.
    return `${lead}    ${upper}_POINTER(${region?.access === 'r' ? 'const void' : 'void'}) ${constant}${name}${tags};`;
  }

  private fieldText(field: NonNullable<Member['field']>): string[] {
    switch (field.kind) {
      case 'scalar':
        return field.range ? [`${field.range[0]} to ${field.range[1]}`] : [];
      case 'pointer':
        return [`address of region "${field.region}"`];
      case 'length':
        return [`length of region "${field.region}" in ${field.unit ? `units of ${plural(field.unit)}` : 'bytes'}`];
    }
  }

  private helpers(): string {
    const rows = this.allowed();
    const own = this.own();
    const container = rows.map((row) => this.declaration(row)).join('\n');
    const prototypes = own.map((row) => prototype(row)).join('\n');
    const firmware =
      own.length === 0
        ? ''
        : `\n#ifndef __bpf__
/* Helpers of the firmware's own: what it has to define, and to list among its helpers. */
#include <fcc_image.h>
#ifdef __cplusplus
extern "C" {
#endif
${prototypes}
#ifdef __cplusplus
}
#endif
#endif
`;
    return rows.length === 0 ? '' : `\n#ifdef __bpf__\n${container}\n#endif\n${firmware}`;
  }

  /** Macros that fill the runtime's structures; each needs its header only where it is used. */
  private firmware(): string {
    const { contract, options, upper } = this;
    const own = this.own();
    const signatures =
      own.length === 0
        ? ''
        : `
/* Rows of fcc_own_signatures (fcc_helpers.h), for firmware that interprets eBPF. */
#define ${upper}_SIGNATURES ${own.map((row) => `\\\n    ${signatureWords(row)}`).join(', ')}
`;
    if (options.hookId === undefined || options.contractHash === undefined) return signatures;
    const count = this.allowed().length;
    const allowed = count === 0 ? '{ 0u }' : `${upper}_ALLOWED`;
    const regions = contract.regions.length;
    // An array of -1 bytes where the firmware has another number of rows than the contract.
    const rows = `sizeof(char[sizeof(rows) / sizeof((rows)[0]) == ${upper}_REGIONS ? 1 : -1]) * ${upper}_REGIONS`;
    // Interrupts are the contract's word, by which it allows helpers: again an array of -1 bytes where the firmware says so alone.
    const flags = contract.interrupt
      ? '(more) | FCC_HOOK_INTERRUPT'
      : '(more) * sizeof(char[((more) & FCC_HOOK_INTERRUPT) == 0 ? 1 : -1])';
    const lines = [
      `.id = ${upper}_HOOK_ID, .uuid = (const uint8_t[])${upper}_HOOK_UUID, .contract_hash = ${upper}_CONTRACT_HASH,`,
      ...(this.listed() ? [`.host.allowed = (const uint32_t[])${allowed}, .host.allowed_count = ${count}u,`] : []),
      `.host.context_kept = (const uint32_t[]){ ${keptWords(contract)
        .map((n) => hex(n))
        .join(', ')} },`,
      ...(regions === 0 ? [] : [`.grants = (rows), .grant_count = ${rows},`]),
      `.context_length = ${contract.context.size === null ? 'FCC_UNKNOWN' : `${contract.context.size}u`}, .context_align = ${contract.context.align}u,`,
      `.flags = (uint8_t)(${flags}), __VA_ARGS__ }`,
    ];
    return `${signatures}
/*
 * fcc_hook_info_t (fcc_hooks.h) as this contract has it, in C and at file scope. \`more\`: FCC_HOOK_... flags besides its own, or 0${regions === 0 ? '' : ';\n * `rows`: the array of fcc_grant_t, by the numbers above'}. Then what
 * the firmware decides: .host.helpers, .host.helper_count, .host.features, .host.stack_length, .fuel, .policy, .trap_limit.
 */
#define ${upper}_HOOK_INFO(more, ${regions === 0 ? '' : 'rows, '}...) { \\
    ${lines.join(' \\\n    ')}
`;
  }

  /** The helper for containers: a constant that holds its number as an address. Several headers may declare it. */
  private declaration(row: HelperRow): string {
    const name = `fcc_${row.name}`;
    const guard = `FCC_DECLARED_${row.id.toString(16).toUpperCase()}_${row.name}`;
    const list = parameters(row, 'const void *').join(', ') || 'void';
    const result = this.resultType(row);
    return `#ifndef ${guard}
#define ${guard}
${helperComment(row)}static ${result}(*const ${name})(${list}) __attribute__((unused)) = (${result}(*)(${list}))${hex(row.id)};
#endif`;
  }

  private resultType(row: HelperRow): string {
    const { result } = row;
    if (result.kind !== 'region') return C_RESULT[result.kind];
    const region = this.contract.regions.find((r) => r.name === result.region);
    return region?.access === 'r' ? 'const void *' : 'void *';
  }
}

const C_RESULT = { void: 'void ', u32: 'uint32_t ', i32: 'int32_t ', u64: 'uint64_t ', region: 'void *' } as const;

/** What a helper's prototype cannot say. */
function helperComment(row: HelperRow): string {
  const parts = row.doc === '' ? [] : [row.doc];
  for (const a of row.args) {
    if ((a.kind === 'u32' || a.kind === 'u64') && a.range) parts.push(`${a.name}: ${a.range[0]} to ${a.range[1]}.`);
    if (a.kind === 'fixed') parts.push(`${a.name}: ${plural(a.size)}.`);
    if (a.kind === 'buffer') parts.push(`${a.name}: ${row.args[a.length]!.name} bytes.`);
  }
  const { result } = row;
  if (result.kind === 'region') parts.push(`Gives region "${result.region}"${result.nullable ? ' or NULL' : ''}.`);
  else if (result.kind !== 'void' && result.range) parts.push(`Gives ${result.range[0]} to ${result.range[1]}.`);
  return parts.length === 0 ? '' : `/* ${inComment(parts.join(' '))} */\n`;
}

/** C parameters of a helper. Their names are only for readers: capitals could be anybody's macros. */
function parameters(row: HelperRow, context: string): string[] {
  const names = new CNames();
  names.reserve('instance');
  const nameOf = ({ name }: HelperArg): string => names.make(/[a-z]/.test(name) ? name : name.toLowerCase());
  return row.args.map((arg) => `${argumentType(arg, context)}${nameOf(arg)}`);
}

function argumentType(arg: HelperArg, context: string): string {
  switch (arg.kind) {
    case 'u32':
      return 'uint32_t ';
    case 'u64':
      return 'uint64_t ';
    case 'context':
      return context;
    case 'cstring':
      return 'const char *';
    case 'fixed':
    case 'buffer':
      return arg.access === 'r' ? 'const void *' : 'void *';
  }
}

/** The helper as the firmware defines it, like those of fcc_helpers.h. */
function prototype(row: HelperRow): string {
  const list = ['fcc_instance_t *instance', ...parameters(row, 'void *')];
  return `${helperComment(row)}${C_RESULT[row.result.kind]}fcc_helper_${row.name}(${list.join(', ')});`;
}

function regionText(r: RegionDecl): string {
  const size = r.minSize === r.maxSize ? plural(r.maxSize) : `${r.minSize} to ${plural(r.maxSize)}`;
  return `${r.description === undefined ? '' : `${r.description}; `}row of the grants: ${r.access === 'r' ? 'read only' : 'read and write'}, ${size}`;
}
