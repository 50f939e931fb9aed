/* SPDX-License-Identifier: MIT */
#include "forge.h"
#include "firmware.h"

#define MAX_TEXT 5u

/*
 * Behind the code of eBPF: one function, whose address nobody takes (low word), and no stretch of the context that is
 * kept (high word).
 */
#define FUNCTIONS ((uint64_t)FCC_UNKNOWN)

/* An image of eBPF with one entry and one import: its text starts at a multiple of 8. */
typedef struct {
    fcc_header_t header;
    fcc_entry_t entry;
    fcc_import_t import;
    uint64_t text[MAX_TEXT + 1u];
} ebpf_t;
FCC_STATIC_ASSERT(offsetof(ebpf_t, text) % 8u == 0, "text of a forged image");

static union {
    uint64_t align;
    ebpf_t ebpf;
    fcc_header_t header;
    uint8_t bytes[1024];
} forged;

/* One instruction: RFC 9669, section 3. */
#define INSN(opcode, dst, src, off, imm)                                                                               \
    ((uint64_t)(opcode) | (uint64_t)((dst) | (src) << 4) << 8 | (uint64_t)(uint16_t)(off) << 16                       \
     | (uint64_t)(uint32_t)(imm) << 32)

static void _copy(const uint8_t *image, uint32_t length)
{
    for (uint32_t i = 0; i < sizeof(forged.bytes); i++) {
        forged.bytes[i] = i < length ? image[i] : 0;
    }
}

/* The checksum is that of the image with zero in its place. */
static const void *_sign(uint32_t length)
{
    forged.header.checksum = 0;
    forged.header.checksum = fcc_crc32(0, &forged, length);
    return &forged;
}

const void *forge_contract(const uint8_t *image, uint32_t length, uint32_t contract_hash)
{
    _copy(image, length);
    forged.header.contract_hash = contract_hash;
    return _sign(length);
}

const void *forge_damage(const uint8_t *image, uint32_t length, uint32_t bit)
{
    _copy(image, length);
    forged.bytes[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
    return &forged;
}

static const void *_ebpf(const char *name, const uint64_t *code, uint32_t count, uint32_t *length)
{
    ebpf_t *image = &forged.ebpf;
    uint32_t name_length = 0;
    _copy(NULL, 0);
    while (name[name_length] != '\0') {
        image->entry.name[name_length] = name[name_length];
        name_length++;
    }
    for (uint32_t i = 0; i < count; i++) {
        image->text[i] = code[i];
    }
    image->text[count] = FUNCTIONS;
    *length = offsetof(ebpf_t, text) + 8u * count + sizeof(FUNCTIONS);
    image->header = (fcc_header_t){
        .magic = FCC_IMAGE_MAGIC,
        .version = FCC_IMAGE_VERSION,
        .header_length = sizeof(fcc_header_t),
        .total_length = *length,
        .arch = FCC_ARCH_EBPF,
        .flags = FCC_FLAG_FUELLED,
        .contract_hash = FC_SAMPLE_CONTRACT_HASH,
        .entry_count = 1,
        .import_count = 1,
        .context_align = FC_SAMPLE_CONTEXT_ALIGN,
        .context_rights = FCC_RIGHT_READ,
        .context_length = FC_SAMPLE_CONTEXT_SIZE,
        .text_length = 8u * count + sizeof(FUNCTIONS),
        .stack_length = 1024,
        .worst_case = FCC_UNKNOWN,
        .trap_table = 8u * count,
        .trap_count = 1,
    };
    image->entry.name_hash = fcc_crc32(0, name, name_length);
    image->entry.worst_case = FCC_UNKNOWN;
    image->entry.stack_length = 1024;
    image->import.id = FC_SAMPLE_HELPER_STORE_LOCAL;
    return _sign(*length);
}

const void *forge_recursion(uint32_t *length)
{
    static const uint64_t code[] = {
        INSN(0x85, 0, 1, 0, -1), /* call this instruction */
        INSN(0x95, 0, 0, 0, 0),  /* exit */
    };
    return _ebpf("recurse", code, sizeof(code) / 8u, length);
}

const void *forge_computed_call(uint32_t *length)
{
    static const uint64_t code[] = {
        INSN(0x79, 3, 1, offsetof(fc_sample_ctx_t, argument), 0), /* r3 = ctx->argument */
        INSN(0xb7, 1, 0, 0, 77),                                  /* r1 = 77 */
        INSN(0xb7, 2, 0, 0, 100),                                 /* r2 = 100 */
        INSN(0x8d, 3, 0, 0, 0),                                   /* call the helper with the number in r3 */
        INSN(0x95, 0, 0, 0, 0),
    };
    FCC_STATIC_ASSERT(sizeof(code) / 8u <= MAX_TEXT, "room for the text");
    return _ebpf("computed", code, sizeof(code) / 8u, length);
}

const void *forge_meddler(uint32_t rights, uint32_t *length)
{
    static const uint64_t code[] = {
        INSN(0x62, 1, 0, offsetof(fc_sample_ctx_t, round), 77777), /* ctx->round = 77777 */
        INSN(0xb7, 0, 0, 0, 0),                                    /* r0 = 0 */
        INSN(0x95, 0, 0, 0, 0),
    };
    _ebpf("meddle", code, sizeof(code) / 8u, length);
    forged.header.context_rights = (uint8_t)rights;
    return _sign(*length);
}
