// SPDX-License-Identifier: MIT
import { CONFORMANCE_HELPERS, HELPERS, type HelperRow } from '../contract/helpers.js';
import { ARG_DETAIL, ARG_KINDS, RESULT_KINDS, signatureWords } from '../contract/signature-words.js';
import { FIRST_GRANTED, REGION_CONTEXT, REGION_DATA, REGION_RODATA } from '../contract/types.js';
import {
  ARCHES,
  ATOMIC_OPS,
  CODE_ALIGN,
  ENTRY_FIELDS,
  ENTRY_NAME_LENGTH,
  type FieldRow,
  FLAG_FUELLED,
  HEADER_FIELDS,
  IMAGE_LIMITS,
  IMAGE_MAGIC,
  IMAGE_VERSION,
  IMPORT_FIELDS,
  INSTANCE_FIELDS,
  INSTANCE_REGION_FIELDS,
  INTRINSIC_BASE,
  INTRINSICS,
  layoutOf,
  REGION_FIELDS,
  RIGHT_READ,
  RIGHT_WRITE,
  UNKNOWN,
} from './fields.js';
import { STATUSES, statusNumber } from './status.js';
import { TRAPS } from './traps.js';

const BANNER =
  '/* SPDX-License-Identifier: MIT */\n/* Generated from the tables of the compiler: change those, not this file. */\n';
const hex = (n: number): string => `0x${n.toString(16).padStart(8, '0')}u`;
const define = (name: string, value: string | number, doc?: string): string =>
  `#define FCC_${name.toUpperCase()} ${value}${doc === undefined ? '' : ` /* ${doc} */`}`;

const intrinsicType = (kind: 'u32' | 'u64'): string => (kind === 'u64' ? 'uint64_t' : 'uint32_t');

/** A C struct of a field table, and assertions that the C compiler lays it out as the table says. */
function struct(name: string, rows: readonly FieldRow[], extra?: { line: string; bytes: number }): string {
  const { size, offset } = layoutOf(rows);
  const type = { u8: 'uint8_t', u16: 'uint16_t', u32: 'uint32_t' };
  return [
    'typedef struct {',
    ...rows.map((r) => `    ${type[r.type]} ${r.name}; /* ${(offset as Record<string, number>)[r.name]}: ${r.doc} */`),
    ...(extra ? [`    ${extra.line}`] : []),
    `} fcc_${name}_t;`,
    `FCC_STATIC_ASSERT(sizeof(fcc_${name}_t) == ${size + (extra?.bytes ?? 0)}, "fcc_${name}_t");`,
    '',
  ].join('\n');
}

function imageHeader(): string {
  const status = STATUSES;
  return `${BANNER}#pragma once
#include <stdint.h>

#ifdef __cplusplus
#define FCC_STATIC_ASSERT static_assert
#else
#define FCC_STATIC_ASSERT _Static_assert
#endif

${define('IMAGE_MAGIC', hex(IMAGE_MAGIC))}
${define('IMAGE_VERSION', IMAGE_VERSION)}
${define('UNKNOWN', hex(UNKNOWN), 'no worst case; length known at run time')}
${define('FLAG_FUELLED', FLAG_FUELLED)}
${define('RIGHT_READ', RIGHT_READ)}
${define('RIGHT_WRITE', RIGHT_WRITE)}
${define('ENTRY_NAME_LENGTH', ENTRY_NAME_LENGTH)}
${Object.entries(IMAGE_LIMITS)
  .map(([k, v]) => define(k, `${v.value}u`, v.doc))
  .join('\n')}

/* Instruction sets, and what their entry points are aligned to. */
${Object.entries(ARCHES)
  .map(([k, v]) => `${define(`ARCH_${k}`, v)}\n${define(`CODE_ALIGN_${k}`, CODE_ALIGN[k as keyof typeof ARCHES])}`)
  .join('\n')}

/* Numbers of the first regions of every instance; granted ones follow. */
${define('REGION_DATA', REGION_DATA)}
${define('REGION_RODATA', REGION_RODATA)}
${define('REGION_CONTEXT', REGION_CONTEXT)}
${define('FIRST_GRANTED', FIRST_GRANTED)}

/* Image: header, entries, imports, regions, padding to 8, text, rodata, data. */
${struct('header', HEADER_FIELDS)}
${struct('entry', ENTRY_FIELDS, { line: 'char name[FCC_ENTRY_NAME_LENGTH];', bytes: ENTRY_NAME_LENGTH })}
${struct('import', IMPORT_FIELDS)}
${struct('region_row', REGION_FIELDS)}
/* Instance: this, then regions, then import addresses. All words are 32 bits wide, as on the device. */
${struct('instance_region', INSTANCE_REGION_FIELDS)}
${struct('instance', INSTANCE_FIELDS)}
/* Intrinsics: import ids of runtime routines. */
${INTRINSICS.map((r, i) => define(`INTRINSIC_${r.name}`, hex(INTRINSIC_BASE + i), r.doc)).join('\n')}
${define('INTRINSIC_BASE', hex(INTRINSIC_BASE))}
${define('INTRINSIC_COUNT', INTRINSICS.length)}
${INTRINSICS.filter((r) => r.name !== 'search' && r.name !== 'locate')
  .map((r) => `${intrinsicType(r.result)} fcc_${r.name}(${r.args.map(intrinsicType).join(', ')});`)
  .join('\n')}
uint32_t fcc_search(const fcc_instance_t *instance, uint32_t address, uint32_t size, uint32_t rights);
uint64_t fcc_locate(const fcc_instance_t *instance, uint32_t address, uint32_t rights);
/* X(ID, name) for every intrinsic. */
#define FCC_INTRINSICS(X) ${INTRINSICS.map((r) => `\\\n    X(FCC_INTRINSIC_${r.name.toUpperCase()}, ${r.name})`).join(' ')}

/* What the atomic intrinsics do. */
${ATOMIC_OPS.map((op, i) => define(`ATOMIC_${op}`, i)).join('\n')}

/* Why a container stopped. */
${Object.entries(TRAPS)
  .map(([k, v]) => define(`TRAP_${k}`, v.code, v.doc))
  .join('\n')}

/* Answers of the loader: 0, or one of these. */
${status.map((r) => define(`E_${r.name}`, `(${statusNumber(r.name)})`, r.doc)).join('\n')}
`;
}

/** C prototype of a helper: instance pointer first, then the arguments by signature. */
function prototype(row: HelperRow): string {
  const args = row.args.map((a) => {
    switch (a.kind) {
      case 'u32':
        return `uint32_t ${a.name}`;
      case 'u64':
        return `uint64_t ${a.name}`;
      case 'context':
        return `void *${a.name}`;
      case 'cstring':
        return `const char *${a.name}`;
      case 'fixed':
      case 'buffer':
        return `${a.access === 'r' ? 'const void' : 'void'} *${a.name}`;
      default:
        throw new Error('unknown argument kind');
    }
  });
  const result = { void: 'void ', u32: 'uint32_t ', i32: 'int32_t ', u64: 'uint64_t ', region: 'void *' }[
    row.result.kind
  ];
  const list = ['fcc_instance_t *instance', ...args].join(', ');
  return `/* ${row.doc} */\n${result}fcc_helper_${row.name}(${list});`;
}

function helpersHeader(): string {
  const rows: readonly HelperRow[] = [...HELPERS, ...CONFORMANCE_HELPERS];
  return `${BANNER}#pragma once
#include <fcc_image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(ID, name) for every helper a firmware may offer. */
#define FCC_HELPERS(X) ${HELPERS.map((r) => `\\\n    X(${`0x${r.id.toString(16)}`}u, ${r.name})`).join(' ')}

/* Test firmware only. */
#define FCC_CONFORMANCE_HELPERS(X) ${CONFORMANCE_HELPERS.map((r) => `\\\n    X(0x${r.id.toString(16)}u, ${r.name})`).join(' ')}

/*
 * Signatures, for the interpreter: rows of words, one row behind the other, and a word 0 behind the last. A row: the id, FCC_SIGNATURE_HEAD,
 * and for each argument FCC_ARGUMENT with kind and detail, which is the size of a fixed buffer or the number of the argument with the length.
 * Behind an argument with a range its smallest and its largest value: a word each for u32, two for u64, low one first.
 */
#define FCC_SIGNATURE_HEAD(result, arguments, words) ((result) | (arguments) << 8 | (words) << 16)
#define FCC_ARGUMENT(kind, detail) ((kind) | (detail) << ${ARG_DETAIL})
${define('ARG_DETAIL', `${ARG_DETAIL}u`, 'bit where the detail starts')}
${Object.entries(ARG_KINDS)
  .map(([k, v]) => define(`ARG_${k}`, `${v}u`))
  .join('\n')}
${RESULT_KINDS.map((k, i) => define(`RESULT_${k}`, `${i}u`)).join('\n')}
typedef uint32_t fcc_signature_t;
#define FCC_HELPER_SIGNATURES ${rows.map((r) => `\\\n    ${signatureWords(r)}`).join(', ')}
/* Those of the firmware's own helpers: ..._SIGNATURES of the headers of its contracts, and 0. Firmware without such helpers has none. */
extern const fcc_signature_t fcc_own_signatures[] __attribute__((weak));

${rows.map(prototype).join('\n\n')}

#ifdef __cplusplus
}
#endif
`;
}

/** The generated C headers by file name; they belong into runtime-c/include. */
export function generateHeaders(): Record<string, string> {
  return { 'fcc_image.h': imageHeader(), 'fcc_helpers.h': helpersHeader() };
}
