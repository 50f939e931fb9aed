// SPDX-License-Identifier: MIT

/**
 * The image format and the instance layout, one row per field. Writer, reader, validator documentation and the C header
 * (runtime-c/include/fcc_image.h) are generated from these tables. Everything is little endian.
 *
 * Image:  header | entry table | import table | region table | text | rodata | data
 * The whole image is 8-aligned in flash or RAM; text, rodata and data start at 8-aligned offsets.
 */
export interface FieldRow {
  readonly name: string;
  readonly type: 'u8' | 'u16' | 'u32';
  readonly doc: string;
}

export const IMAGE_MAGIC = 0x31434346; // "FCC1"
export const IMAGE_VERSION = 1;

/** Fixed header. Offsets follow from order and size; every field is naturally aligned; 76 bytes. */
export const HEADER_FIELDS = [
  { name: 'magic', type: 'u32', doc: 'IMAGE_MAGIC, "FCC1"' },
  { name: 'version', type: 'u16', doc: 'format version' },
  { name: 'header_length', type: 'u16', doc: 'bytes before the entry table' },
  { name: 'total_length', type: 'u32', doc: 'bytes of the whole image, a multiple of 8' },
  { name: 'checksum', type: 'u32', doc: 'CRC-32 (IEEE) of the image with this field zero' },
  { name: 'arch', type: 'u16', doc: 'instruction set: row of ARCHES' },
  { name: 'flags', type: 'u16', doc: 'bit 0: fuelled (no worst case known)' },
  { name: 'features', type: 'u32', doc: 'core features the text needs: bits of the target' },
  { name: 'contract_hash', type: 'u32', doc: 'CRC-32 of the canonical JSON of the contract compiled against' },
  { name: 'entry_count', type: 'u16', doc: 'rows of the entry table, at least 1' },
  { name: 'import_count', type: 'u16', doc: 'rows of the import table' },
  { name: 'region_count', type: 'u16', doc: 'rows of the region table: granted regions only' },
  { name: 'context_align', type: 'u8', doc: 'alignment the context must have' },
  { name: 'context_rights', type: 'u8', doc: 'rights a searched access has on the context: 1 read, 3 read and write' },
  { name: 'context_length', type: 'u32', doc: 'fixed length of the context, or 0xffffffff: known at run time' },
  { name: 'text_length', type: 'u32', doc: 'bytes of text, a multiple of 8' },
  { name: 'rodata_length', type: 'u32', doc: 'bytes of rodata, a multiple of 8' },
  { name: 'data_length', type: 'u32', doc: 'bytes of initialised data, a multiple of 8' },
  { name: 'bss_length', type: 'u32', doc: 'zeroed bytes behind data, a multiple of 8' },
  { name: 'frame_length', type: 'u32', doc: 'bytes of eBPF stack frames behind bss, a multiple of 8, not initialised' },
  { name: 'stack_length', type: 'u32', doc: 'bytes of native stack that the container needs at most, helpers apart' },
  {
    name: 'worst_case',
    type: 'u32',
    doc: 'native instructions of the longest run of any entry, or 0xffffffff: fuelled',
  },
  { name: 'trap_table', type: 'u32', doc: 'offset in text of the trap table, 4 bytes a site' },
  { name: 'trap_count', type: 'u32', doc: 'number of trap sites' },
] as const satisfies readonly FieldRow[];

export const ENTRY_FIELDS = [
  { name: 'offset', type: 'u32', doc: 'offset in text of the first instruction' },
  { name: 'name_hash', type: 'u32', doc: 'CRC-32 of the whole name, unique in the image; look-up goes by it' },
  { name: 'worst_case', type: 'u32', doc: 'as in the header, for this entry' },
  { name: 'stack_length', type: 'u32', doc: 'as in the header, for this entry' },
  // ENTRY_NAME_LENGTH bytes follow: the name, printable ASCII, cut to 23 bytes, NUL-padded.
] as const satisfies readonly FieldRow[];
export const ENTRY_NAME_LENGTH = 24;

/** Helper or intrinsic that the image calls; imports[i] of the instance is its address. */
export const IMPORT_FIELDS = [
  { name: 'id', type: 'u32', doc: 'helper id, or INTRINSIC_BASE + row of INTRINSICS' },
] as const satisfies readonly FieldRow[];

/** Granted region, in the contract's order. */
export const REGION_FIELDS = [
  { name: 'min_length', type: 'u32', doc: 'shortest region the text is right for' },
  { name: 'max_length', type: 'u32', doc: 'longest region the text is right for' },
  { name: 'rights', type: 'u8', doc: '1 read, 3 read and write' },
  { name: 'align', type: 'u8', doc: 'alignment the address must have' },
  { name: 'reserved', type: 'u16', doc: 'zero' },
] as const satisfies readonly FieldRow[];

/**
 * The instance: host-owned memory that text reaches through one reserved register and never through a program pointer.
 * All fields are u32 on the device. After the fixed fields: regions (data, rodata, context, granted...) of 12 bytes
 * {base, length, rights}, then imports of 4 bytes (code addresses, with the Thumb bit on Arm).
 */
export const INSTANCE_FIELDS = [
  { name: 'fuel', type: 'u32', doc: 'units left' },
  {
    name: 'trap',
    type: 'u32',
    doc: 'where a trap goes: first argument register = trap code, link register = up to 4 bytes behind the start of the site in the trap table; after a trap its code; for text of eBPF the address of the image',
  },
  { name: 'host_sp', type: 'u32', doc: 'stack pointer to return to after a trap' },
  { name: 'region_count', type: 'u32', doc: 'rows of the region table below' },
  { name: 'host', type: 'u32', doc: "the host's own word, for its helpers; text never reads it" },
] as const satisfies readonly FieldRow[];

export const INSTANCE_REGION_FIELDS = [
  { name: 'base', type: 'u32', doc: 'address' },
  { name: 'length', type: 'u32', doc: 'bytes; base + length never exceeds 2^32 - 1' },
  { name: 'rights', type: 'u32', doc: '1 read, 3 read and write' },
] as const satisfies readonly FieldRow[];

/** How an intrinsic is called, in C: `u64` first, so that no convention puts a gap before one. */
export interface IntrinsicRow {
  readonly name: string;
  readonly args: readonly ('u32' | 'u64')[];
  readonly result: 'u32' | 'u64';
  readonly doc: string;
}

/** Runtime routines that code may call like helpers, with the platform's C calling convention. */
export const INTRINSIC_BASE = 0x80000000;
const PAIR = ['u64', 'u64'] as const;
const WORDS = ['u32', 'u32'] as const;
const SHIFT = ['u64', 'u32'] as const;
export const INTRINSICS = [
  { name: 'udiv64', args: PAIR, result: 'u64', doc: 'f(a, b): a / b, 0 if b is 0' },
  { name: 'umod64', args: PAIR, result: 'u64', doc: 'f(a, b): a % b, a if b is 0' },
  { name: 'sdiv64', args: PAIR, result: 'u64', doc: 'f(a, b): a / b signed, 0 if b is 0, INT64_MIN / -1 = INT64_MIN' },
  { name: 'smod64', args: PAIR, result: 'u64', doc: 'f(a, b): a % b signed, a if b is 0, INT64_MIN % -1 = 0' },
  {
    name: 'search',
    args: ['u32', 'u32', 'u32', 'u32'],
    result: 'u32',
    doc: 'f(instance, address, size, rights): 1 if one region with these rights holds [address, address + size), else 0; size 0 is always held',
  },
  // For cores without division, without a long multiplication, or where a shift of two words is long.
  { name: 'udiv32', args: WORDS, result: 'u32', doc: 'f(a, b): a / b, 0 if b is 0' },
  { name: 'umod32', args: WORDS, result: 'u32', doc: 'f(a, b): a % b, a if b is 0' },
  { name: 'sdiv32', args: WORDS, result: 'u32', doc: 'f(a, b): a / b signed, 0 if b is 0, INT32_MIN / -1 = INT32_MIN' },
  { name: 'smod32', args: WORDS, result: 'u32', doc: 'f(a, b): a % b signed, a if b is 0, INT32_MIN % -1 = 0' },
  { name: 'mul64', args: PAIR, result: 'u64', doc: 'f(a, b): low 64 bits of a * b' },
  { name: 'umul64', args: WORDS, result: 'u64', doc: 'f(a, b): all of a * b' },
  { name: 'shl64', args: SHIFT, result: 'u64', doc: 'f(a, n): a << (n & 63)' },
  { name: 'lshr64', args: SHIFT, result: 'u64', doc: 'f(a, n): a >> (n & 63), zeros from above' },
  { name: 'ashr64', args: SHIFT, result: 'u64', doc: 'f(a, n): a >> (n & 63), sign from above' },
  // Atomics that the core has no instructions for, or whose address may be misaligned. `op`: row of ATOMIC_OPS.
  { name: 'atomic32', args: ['u32', 'u32', 'u32'], result: 'u32', doc: 'f(value, address, op): old value' },
  { name: 'atomic64', args: ['u64', 'u32', 'u32'], result: 'u64', doc: 'f(value, address, op): old value' },
  { name: 'cmpxchg32', args: ['u32', 'u32', 'u32'], result: 'u32', doc: 'f(expected, value, address): old value' },
  { name: 'cmpxchg64', args: ['u64', 'u64', 'u32'], result: 'u64', doc: 'f(expected, value, address): old value' },
  {
    name: 'locate',
    args: ['u32', 'u32', 'u32'],
    result: 'u64',
    doc: 'f(instance, address, rights): base and, in the upper word, length of a region with these rights that holds the byte at address; 0 if none does',
  },
] as const satisfies readonly IntrinsicRow[];
/** Read-modify-write operations of the atomic intrinsics, by number. */
export const ATOMIC_OPS = ['add', 'or', 'and', 'xor', 'xchg'] as const;
export type IntrinsicName = (typeof INTRINSICS)[number]['name'];

/** `ebpf`: text of eBPF, for the runtime's interpreter. */
export const ARCHES = { thumb: 1, riscv32: 2, xtensa: 3, ebpf: 4 } as const;
export type Arch = keyof typeof ARCHES;
/** Instruction sets of processors. */
export type NativeArch = Exclude<Arch, 'ebpf'>;

/** Entry points and the trap table start at multiples of this many bytes. */
export const CODE_ALIGN = { thumb: 2, riscv32: 2, xtensa: 4, ebpf: 8 } as const satisfies Record<Arch, number>;

/** Stands for "no worst case" and "length known at run time" in u32 fields. */
export const UNKNOWN = 0xffffffff;
export const FLAG_FUELLED = 1;
/** Rights bits of regions. */
export const RIGHT_READ = 1;
export const RIGHT_WRITE = 2;

/**
 * Bounds that a reader holds an image to. With MAX_LENGTH on every length of an image, sums of lengths stay far below
 * 2^32, so a 32-bit loader needs no overflow checks.
 */
export const IMAGE_LIMITS = {
  MAX_LENGTH: { value: 0x01000000, doc: 'bytes of a whole image, of bss, frames, stack and a fixed context' },
  MAX_ENTRIES: { value: 64, doc: 'rows of the entry table' },
  MAX_IMPORTS: { value: 256, doc: 'rows of the import table' },
  MAX_REGIONS: { value: 32, doc: 'rows of the region table' },
} as const;

const SIZE = { u8: 1, u16: 2, u32: 4 } as const;

/** Byte offsets of a field table's rows, and its total size. Throws if a field would not be naturally aligned. */
export function layoutOf<T extends readonly FieldRow[]>(
  rows: T,
): { size: number; offset: Readonly<Record<T[number]['name'], number>> } {
  const offset: Record<string, number> = {};
  let at = 0;
  for (const row of rows) {
    const size = SIZE[row.type];
    if (at % size !== 0) throw new Error(`field ${row.name} is not aligned`);
    offset[row.name] = at;
    at += size;
  }
  return { size: at, offset: offset as Record<T[number]['name'], number> };
}

export const HEADER = layoutOf(HEADER_FIELDS);
export const ENTRY = layoutOf(ENTRY_FIELDS);
/** Bytes of one entry with its name. */
export const ENTRY_SIZE = ENTRY.size + ENTRY_NAME_LENGTH;
export const IMPORT = layoutOf(IMPORT_FIELDS);
export const REGION = layoutOf(REGION_FIELDS);
export const INSTANCE = layoutOf(INSTANCE_FIELDS);
export const INSTANCE_REGION = layoutOf(INSTANCE_REGION_FIELDS);

/** Offset in the instance of a field of region number `region` (REGION_DATA...). */
export function instanceRegionOffset(region: number, field: 'base' | 'length' | 'rights'): number {
  return INSTANCE.size + region * INSTANCE_REGION.size + INSTANCE_REGION.offset[field];
}

/** Offset in the instance of import slot `index`, for an image with `grantedRegions` granted regions. */
export function instanceImportOffset(grantedRegions: number, index: number): number {
  return INSTANCE.size + (3 + grantedRegions) * INSTANCE_REGION.size + 4 * index;
}
