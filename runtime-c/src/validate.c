/* SPDX-License-Identifier: MIT */
/* Image validation: the rules of compiler/image/read.ts, in the same order. */
#include <fcc.h>

uint32_t fcc_crc32(uint32_t before, const void *bytes, uint32_t length)
{
    /* Bit by bit instead of by table: 1 KiB of flash is worth more here than the time of one load. */
    const uint8_t *p = bytes;
    uint32_t crc = ~before;
    for (uint32_t i = 0; i < length; i++) {
        crc ^= p[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

/* Checksum of an image of at least a header: its own field counts as zero. */
static uint32_t _checksum(const fcc_header_t *h)
{
    const uint32_t zero = 0;
    const uint32_t at = offsetof(fcc_header_t, checksum);
    uint32_t crc = fcc_crc32(0, h, at);
    crc = fcc_crc32(crc, &zero, sizeof(zero));
    return fcc_crc32(crc, (const uint8_t *)h + at + sizeof(zero), h->total_length - at - (uint32_t)sizeof(zero));
}

/* Alignment of entry points, 0 for an unknown instruction set. */
static uint32_t _code_align(uint32_t arch)
{
    switch (arch) {
    case FCC_ARCH_THUMB:
        return FCC_CODE_ALIGN_THUMB;
    case FCC_ARCH_RISCV32:
        return FCC_CODE_ALIGN_RISCV32;
    case FCC_ARCH_XTENSA:
        return FCC_CODE_ALIGN_XTENSA;
    case FCC_ARCH_EBPF:
        return FCC_CODE_ALIGN_EBPF;
    default:
        return 0;
    }
}

static int _is_align(uint32_t n)
{
    return n == 1 || n == 2 || n == 4 || n == 8;
}

static int _is_rights(uint32_t n)
{
    return n == FCC_RIGHT_READ || n == (FCC_RIGHT_READ | FCC_RIGHT_WRITE);
}

static int _section_ok(uint32_t length)
{
    return length <= FCC_MAX_LENGTH && (length & 7u) == 0;
}

static int _header_ok(const fcc_header_t *h)
{
    return h->entry_count >= 1 && h->entry_count <= FCC_MAX_ENTRIES && h->import_count <= FCC_MAX_IMPORTS
           && h->region_count <= FCC_MAX_REGIONS && _section_ok(h->text_length) && _section_ok(h->rodata_length)
           && _section_ok(h->data_length) && _section_ok(h->bss_length) && _section_ok(h->frame_length)
           && h->stack_length <= FCC_MAX_LENGTH && (h->flags & ~FCC_FLAG_FUELLED) == 0
           && (h->flags == FCC_FLAG_FUELLED) == (h->worst_case == FCC_UNKNOWN)
           && (h->context_length == FCC_UNKNOWN || h->context_length <= FCC_MAX_LENGTH)
           && (h->trap_table & (_code_align(h->arch) - 1u)) == 0 && h->trap_table <= h->text_length
           && h->trap_count <= (h->text_length - h->trap_table) / 4u && _is_align(h->context_align)
           && _is_rights(h->context_rights);
}

static int _entry_ok(const fcc_header_t *h, const fcc_entry_t *all, uint32_t index)
{
    const fcc_entry_t *e = &all[index];
    uint32_t length = 0;
    while (length < FCC_ENTRY_NAME_LENGTH && e->name[length] != 0) {
        if (e->name[length] < 0x21 || e->name[length] > 0x7e) {
            return 0;
        }
        length++;
    }
    if (length == 0 || length == FCC_ENTRY_NAME_LENGTH) {
        return 0;
    }
    for (uint32_t i = length; i < FCC_ENTRY_NAME_LENGTH; i++) {
        if (e->name[i] != 0) {
            return 0;
        }
    }
    /* A name of full length may have been cut: its hash is then of the longer name. */
    if (length < FCC_ENTRY_NAME_LENGTH - 1 && e->name_hash != fcc_crc32(0, e->name, length)) {
        return 0;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (all[i].name_hash == e->name_hash) {
            return 0;
        }
    }
    return e->offset < h->text_length && (e->offset & (_code_align(h->arch) - 1u)) == 0 && e->stack_length <= h->stack_length
           && e->worst_case <= h->worst_case;
}

int fcc_validate(const void *image, size_t length)
{
    const fcc_header_t *h = image;
    if (((uintptr_t)image & 7u) != 0) {
        return FCC_E_UNALIGNED;
    }
    if (length < sizeof(*h) || h->magic != FCC_IMAGE_MAGIC) {
        return FCC_E_MAGIC;
    }
    if (h->version != FCC_IMAGE_VERSION || h->header_length != sizeof(*h)) {
        return FCC_E_VERSION;
    }
    if (h->total_length != length || !_section_ok(h->total_length)) {
        return FCC_E_LENGTH;
    }
    if (h->checksum != _checksum(h)) {
        return FCC_E_CHECKSUM;
    }
    if (_code_align(h->arch) == 0) {
        return FCC_E_ARCH;
    }
    if (!_header_ok(h)) {
        return FCC_E_HEADER;
    }
    /* Every term is at most FCC_MAX_LENGTH (2^24), so the sum cannot wrap. */
    uint32_t imports = sizeof(*h) + h->entry_count * (uint32_t)sizeof(fcc_entry_t);
    uint32_t regions = imports + h->import_count * (uint32_t)sizeof(fcc_import_t);
    uint32_t tables = regions + h->region_count * (uint32_t)sizeof(fcc_region_row_t);
    uint32_t text = (tables + 7u) & ~7u;
    if (text + h->text_length + h->rodata_length + h->data_length != h->total_length) {
        return FCC_E_LENGTH;
    }
    const uint8_t *bytes = image;
    for (uint32_t i = tables; i < text; i++) {
        if (bytes[i] != 0) {
            return FCC_E_HEADER;
        }
    }
    const fcc_entry_t *entry = (const void *)(bytes + sizeof(*h));
    for (uint32_t i = 0; i < h->entry_count; i++) {
        if (!_entry_ok(h, entry, i)) {
            return FCC_E_ENTRY;
        }
    }
    const fcc_import_t *import = (const void *)(bytes + imports);
    for (uint32_t i = 0; i < h->import_count; i++) {
        if (import[i].id == 0 || import[i].id >= FCC_INTRINSIC_BASE + FCC_INTRINSIC_COUNT) {
            return FCC_E_IMPORT;
        }
    }
    const fcc_region_row_t *row = (const void *)(bytes + regions);
    for (uint32_t i = 0; i < h->region_count; i++) {
        if (row[i].min_length > row[i].max_length || row[i].reserved != 0 || !_is_rights(row[i].rights)
            || !_is_align(row[i].align)) {
            return FCC_E_REGION;
        }
    }
    return 0;
}
