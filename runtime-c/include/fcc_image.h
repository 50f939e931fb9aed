/* SPDX-License-Identifier: MIT */
/* Generated from the tables of the compiler: change those, not this file. */
#pragma once
#include <stdint.h>

#ifdef __cplusplus
#define FCC_STATIC_ASSERT static_assert
#else
#define FCC_STATIC_ASSERT _Static_assert
#endif

#define FCC_IMAGE_MAGIC 0x31434346u
#define FCC_IMAGE_VERSION 1
#define FCC_UNKNOWN 0xffffffffu /* no worst case; length known at run time */
#define FCC_FLAG_FUELLED 1
#define FCC_RIGHT_READ 1
#define FCC_RIGHT_WRITE 2
#define FCC_ENTRY_NAME_LENGTH 24
#define FCC_MAX_LENGTH 16777216u /* bytes of a whole image, of bss, frames, stack and a fixed context */
#define FCC_MAX_ENTRIES 64u /* rows of the entry table */
#define FCC_MAX_IMPORTS 256u /* rows of the import table */
#define FCC_MAX_REGIONS 32u /* rows of the region table */

/* Instruction sets, and what their entry points are aligned to. */
#define FCC_ARCH_THUMB 1
#define FCC_CODE_ALIGN_THUMB 2
#define FCC_ARCH_RISCV32 2
#define FCC_CODE_ALIGN_RISCV32 2
#define FCC_ARCH_XTENSA 3
#define FCC_CODE_ALIGN_XTENSA 4
#define FCC_ARCH_EBPF 4
#define FCC_CODE_ALIGN_EBPF 8

/* Numbers of the first regions of every instance; granted ones follow. */
#define FCC_REGION_DATA 0
#define FCC_REGION_RODATA 1
#define FCC_REGION_CONTEXT 2
#define FCC_FIRST_GRANTED 3

/* Image: header, entries, imports, regions, padding to 8, text, rodata, data. */
typedef struct {
    uint32_t magic; /* 0: IMAGE_MAGIC, "FCC1" */
    uint16_t version; /* 4: format version */
    uint16_t header_length; /* 6: bytes before the entry table */
    uint32_t total_length; /* 8: bytes of the whole image, a multiple of 8 */
    uint32_t checksum; /* 12: CRC-32 (IEEE) of the image with this field zero */
    uint16_t arch; /* 16: instruction set: row of ARCHES */
    uint16_t flags; /* 18: bit 0: fuelled (no worst case known) */
    uint32_t features; /* 20: core features the text needs: bits of the target */
    uint32_t contract_hash; /* 24: CRC-32 of the canonical JSON of the contract compiled against */
    uint16_t entry_count; /* 28: rows of the entry table, at least 1 */
    uint16_t import_count; /* 30: rows of the import table */
    uint16_t region_count; /* 32: rows of the region table: granted regions only */
    uint8_t context_align; /* 34: alignment the context must have */
    uint8_t context_rights; /* 35: rights a searched access has on the context: 1 read, 3 read and write */
    uint32_t context_length; /* 36: fixed length of the context, or 0xffffffff: known at run time */
    uint32_t text_length; /* 40: bytes of text, a multiple of 8 */
    uint32_t rodata_length; /* 44: bytes of rodata, a multiple of 8 */
    uint32_t data_length; /* 48: bytes of initialised data, a multiple of 8 */
    uint32_t bss_length; /* 52: zeroed bytes behind data, a multiple of 8 */
    uint32_t frame_length; /* 56: bytes of eBPF stack frames behind bss, a multiple of 8, not initialised */
    uint32_t stack_length; /* 60: bytes of native stack that the container needs at most, helpers apart */
    uint32_t worst_case; /* 64: native instructions of the longest run of any entry, or 0xffffffff: fuelled */
    uint32_t trap_table; /* 68: offset in text of the trap table, 4 bytes a site */
    uint32_t trap_count; /* 72: number of trap sites */
} fcc_header_t;
FCC_STATIC_ASSERT(sizeof(fcc_header_t) == 76, "fcc_header_t");

typedef struct {
    uint32_t offset; /* 0: offset in text of the first instruction */
    uint32_t name_hash; /* 4: CRC-32 of the whole name, unique in the image; look-up goes by it */
    uint32_t worst_case; /* 8: as in the header, for this entry */
    uint32_t stack_length; /* 12: as in the header, for this entry */
    char name[FCC_ENTRY_NAME_LENGTH];
} fcc_entry_t;
FCC_STATIC_ASSERT(sizeof(fcc_entry_t) == 40, "fcc_entry_t");

typedef struct {
    uint32_t id; /* 0: helper id, or INTRINSIC_BASE + row of INTRINSICS */
} fcc_import_t;
FCC_STATIC_ASSERT(sizeof(fcc_import_t) == 4, "fcc_import_t");

typedef struct {
    uint32_t min_length; /* 0: shortest region the text is right for */
    uint32_t max_length; /* 4: longest region the text is right for */
    uint8_t rights; /* 8: 1 read, 3 read and write */
    uint8_t align; /* 9: alignment the address must have */
    uint16_t reserved; /* 10: zero */
} fcc_region_row_t;
FCC_STATIC_ASSERT(sizeof(fcc_region_row_t) == 12, "fcc_region_row_t");

/* Instance: this, then regions, then import addresses. All words are 32 bits wide, as on the device. */
typedef struct {
    uint32_t base; /* 0: address */
    uint32_t length; /* 4: bytes; base + length never exceeds 2^32 - 1 */
    uint32_t rights; /* 8: 1 read, 3 read and write */
} fcc_instance_region_t;
FCC_STATIC_ASSERT(sizeof(fcc_instance_region_t) == 12, "fcc_instance_region_t");

typedef struct {
    uint32_t fuel; /* 0: units left */
    uint32_t trap; /* 4: where a trap goes: first argument register = trap code, link register = up to 4 bytes behind the start of the site in the trap table; after a trap its code; for text of eBPF the address of the image */
    uint32_t host_sp; /* 8: stack pointer to return to after a trap */
    uint32_t region_count; /* 12: rows of the region table below */
    uint32_t host; /* 16: the host's own word, for its helpers; text never reads it */
} fcc_instance_t;
FCC_STATIC_ASSERT(sizeof(fcc_instance_t) == 20, "fcc_instance_t");

/* Intrinsics: import ids of runtime routines. */
#define FCC_INTRINSIC_UDIV64 0x80000000u /* f(a, b): a / b, 0 if b is 0 */
#define FCC_INTRINSIC_UMOD64 0x80000001u /* f(a, b): a % b, a if b is 0 */
#define FCC_INTRINSIC_SDIV64 0x80000002u /* f(a, b): a / b signed, 0 if b is 0, INT64_MIN / -1 = INT64_MIN */
#define FCC_INTRINSIC_SMOD64 0x80000003u /* f(a, b): a % b signed, a if b is 0, INT64_MIN % -1 = 0 */
#define FCC_INTRINSIC_SEARCH 0x80000004u /* f(instance, address, size, rights): 1 if one region with these rights holds [address, address + size), else 0; size 0 is always held */
#define FCC_INTRINSIC_UDIV32 0x80000005u /* f(a, b): a / b, 0 if b is 0 */
#define FCC_INTRINSIC_UMOD32 0x80000006u /* f(a, b): a % b, a if b is 0 */
#define FCC_INTRINSIC_SDIV32 0x80000007u /* f(a, b): a / b signed, 0 if b is 0, INT32_MIN / -1 = INT32_MIN */
#define FCC_INTRINSIC_SMOD32 0x80000008u /* f(a, b): a % b signed, a if b is 0, INT32_MIN % -1 = 0 */
#define FCC_INTRINSIC_MUL64 0x80000009u /* f(a, b): low 64 bits of a * b */
#define FCC_INTRINSIC_UMUL64 0x8000000au /* f(a, b): all of a * b */
#define FCC_INTRINSIC_SHL64 0x8000000bu /* f(a, n): a << (n & 63) */
#define FCC_INTRINSIC_LSHR64 0x8000000cu /* f(a, n): a >> (n & 63), zeros from above */
#define FCC_INTRINSIC_ASHR64 0x8000000du /* f(a, n): a >> (n & 63), sign from above */
#define FCC_INTRINSIC_ATOMIC32 0x8000000eu /* f(value, address, op): old value */
#define FCC_INTRINSIC_ATOMIC64 0x8000000fu /* f(value, address, op): old value */
#define FCC_INTRINSIC_CMPXCHG32 0x80000010u /* f(expected, value, address): old value */
#define FCC_INTRINSIC_CMPXCHG64 0x80000011u /* f(expected, value, address): old value */
#define FCC_INTRINSIC_LOCATE 0x80000012u /* f(instance, address, rights): base and, in the upper word, length of a region with these rights that holds the byte at address; 0 if none does */
#define FCC_INTRINSIC_BASE 0x80000000u
#define FCC_INTRINSIC_COUNT 19
uint64_t fcc_udiv64(uint64_t, uint64_t);
uint64_t fcc_umod64(uint64_t, uint64_t);
uint64_t fcc_sdiv64(uint64_t, uint64_t);
uint64_t fcc_smod64(uint64_t, uint64_t);
uint32_t fcc_udiv32(uint32_t, uint32_t);
uint32_t fcc_umod32(uint32_t, uint32_t);
uint32_t fcc_sdiv32(uint32_t, uint32_t);
uint32_t fcc_smod32(uint32_t, uint32_t);
uint64_t fcc_mul64(uint64_t, uint64_t);
uint64_t fcc_umul64(uint32_t, uint32_t);
uint64_t fcc_shl64(uint64_t, uint32_t);
uint64_t fcc_lshr64(uint64_t, uint32_t);
uint64_t fcc_ashr64(uint64_t, uint32_t);
uint32_t fcc_atomic32(uint32_t, uint32_t, uint32_t);
uint64_t fcc_atomic64(uint64_t, uint32_t, uint32_t);
uint32_t fcc_cmpxchg32(uint32_t, uint32_t, uint32_t);
uint64_t fcc_cmpxchg64(uint64_t, uint64_t, uint32_t);
uint32_t fcc_search(const fcc_instance_t *instance, uint32_t address, uint32_t size, uint32_t rights);
uint64_t fcc_locate(const fcc_instance_t *instance, uint32_t address, uint32_t rights);
/* X(ID, name) for every intrinsic. */
#define FCC_INTRINSICS(X) \
    X(FCC_INTRINSIC_UDIV64, udiv64) \
    X(FCC_INTRINSIC_UMOD64, umod64) \
    X(FCC_INTRINSIC_SDIV64, sdiv64) \
    X(FCC_INTRINSIC_SMOD64, smod64) \
    X(FCC_INTRINSIC_SEARCH, search) \
    X(FCC_INTRINSIC_UDIV32, udiv32) \
    X(FCC_INTRINSIC_UMOD32, umod32) \
    X(FCC_INTRINSIC_SDIV32, sdiv32) \
    X(FCC_INTRINSIC_SMOD32, smod32) \
    X(FCC_INTRINSIC_MUL64, mul64) \
    X(FCC_INTRINSIC_UMUL64, umul64) \
    X(FCC_INTRINSIC_SHL64, shl64) \
    X(FCC_INTRINSIC_LSHR64, lshr64) \
    X(FCC_INTRINSIC_ASHR64, ashr64) \
    X(FCC_INTRINSIC_ATOMIC32, atomic32) \
    X(FCC_INTRINSIC_ATOMIC64, atomic64) \
    X(FCC_INTRINSIC_CMPXCHG32, cmpxchg32) \
    X(FCC_INTRINSIC_CMPXCHG64, cmpxchg64) \
    X(FCC_INTRINSIC_LOCATE, locate)

/* What the atomic intrinsics do. */
#define FCC_ATOMIC_ADD 0
#define FCC_ATOMIC_OR 1
#define FCC_ATOMIC_AND 2
#define FCC_ATOMIC_XOR 3
#define FCC_ATOMIC_XCHG 4

/* Why a container stopped. */
#define FCC_TRAP_MEMORY 1 /* an access outside every region the container may reach, or without the right */
#define FCC_TRAP_FUEL 2 /* the instruction budget ran out */
#define FCC_TRAP_STACK 3 /* the stack granted by the host is too small */
#define FCC_TRAP_HELPER 4 /* a helper refused its arguments or is not allowed */
#define FCC_TRAP_UNREACHABLE 5 /* control reached a place the verifier had shown unreachable */
#define FCC_TRAP_FAULT 6 /* the processor reported a fault while the container ran */
#define FCC_TRAP_KILLED 7 /* the host stopped the container */

/* Answers of the loader: 0, or one of these. */
#define FCC_E_MAGIC (-1) /* does not start with the magic number, or is shorter than a header */
#define FCC_E_VERSION (-2) /* another format version or header length */
#define FCC_E_LENGTH (-3) /* the lengths in the header do not add up to the length of the image */
#define FCC_E_CHECKSUM (-4) /* the checksum is wrong */
#define FCC_E_ARCH (-5) /* unknown instruction set */
#define FCC_E_HEADER (-6) /* a header field has a value it cannot have */
#define FCC_E_ENTRY (-7) /* an entry point has a value it cannot have */
#define FCC_E_IMPORT (-8) /* an import is neither a helper id nor an intrinsic */
#define FCC_E_REGION (-9) /* a region row has a value it cannot have */
#define FCC_E_TARGET (-10) /* the image is for another instruction set or needs a core feature that is absent */
#define FCC_E_UNALIGNED (-11) /* image or memory is not 8-aligned */
#define FCC_E_MEMORY (-12) /* the memory given is too small */
#define FCC_E_STACK (-13) /* the stack given is too small */
#define FCC_E_HELPER (-14) /* an imported helper is unknown or not allowed; the id is reported */
#define FCC_E_GRANT (-15) /* a region does not fit its row: count, length, alignment or rights */
#define FCC_E_CONTEXT (-16) /* the context does not fit: length or alignment */
#define FCC_E_NO_ENTRY (-17) /* no entry of that name or number */
#define FCC_E_TEXT (-18) /* text of eBPF has an instruction it cannot have */
#define FCC_E_CONTRACT (-19) /* the image was compiled against another contract than the hook has */
#define FCC_E_RIGHTS (-20) /* the tenant may not install to this hook, or not with one of its regions */
#define FCC_E_QUOTA (-21) /* the tenant has used up its containers, memory or time */
#define FCC_E_BUSY (-22) /* the container is running, or the hook takes no second one */
#define FCC_E_STOPPED (-23) /* the container is stopped */
#define FCC_E_PORT (-24) /* the operating system could not start a thread */
#define FCC_E_MANIFEST (-25) /* the manifest is malformed, or asks for what this device does not implement */
#define FCC_E_LIMIT (-26) /* the manifest is longer, or names more or longer things, than this device takes */
#define FCC_E_SIGNATURE (-27) /* no key of this device made the signature of the manifest */
#define FCC_E_MANIFEST_DIGEST (-28) /* the manifest is not the one that was signed */
#define FCC_E_VENDOR (-29) /* the manifest is for devices of another vendor */
#define FCC_E_CLASS (-30) /* the manifest is for another class of devices */
#define FCC_E_COMPONENT (-31) /* this device has no place of the name that the manifest gives */
#define FCC_E_TENANT (-32) /* the key that signed belongs to another tenant than the place */
#define FCC_E_KEY (-33) /* the key that signed may not install to this hook */
#define FCC_E_SEQUENCE (-34) /* the sequence number is not above the highest that this place has taken */
#define FCC_E_SIZE (-35) /* the image is empty, or longer than its slot or than the manifest says */
#define FCC_E_FETCH (-36) /* manifest or image could not be fetched: no answer, or not the one expected */
#define FCC_E_TRUNCATED (-37) /* the image ended before the length that the manifest gives */
#define FCC_E_DIGEST (-38) /* the image is not the one that the manifest describes */
#define FCC_E_STORAGE (-39) /* the storage failed, or did not keep what was written */
#define FCC_E_TRIAL (-40) /* the image trapped in its first runs, and the one before it runs again */
