/* SPDX-License-Identifier: MIT */
/*
 * Image validation: the rules of compiler/image/read.ts that a device relies on, in the same order. What an import or a region row may be
 * is judged by fcc_load, which finds no helper and no grant for others. Refusals leave by one way, as positive numbers: less code than
 * a return of each.
 */
#include <fcc.h>

uint32_t fcc_crc32(uint32_t before, const void *bytes, uint32_t length)
{
    /* Bit by bit: a table of 16 words would save three quarters of the time, and cost 72 bytes. */
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

/* Checksum of a checked image: its own field counts as zero. */
static uint32_t _checksum(const fcc_header_t *h)
{
    const uint32_t zero = 0;
    const uint32_t at = offsetof(fcc_header_t, checksum);
    uint32_t crc = fcc_crc32(0, h, at);
    crc = fcc_crc32(crc, &zero, sizeof(zero));
    return fcc_crc32(crc, (const uint8_t *)h + at + sizeof(zero), h->total_length - at - (uint32_t)sizeof(zero));
}

int fcc_check(const void *image, size_t length)
{
    const fcc_header_t *h = image;
    uint32_t why = -FCC_E_UNALIGNED;
    if (((uintptr_t)h & 7u) != 0) {
        goto refuse;
    }
    why = -FCC_E_MAGIC;
    if (length < sizeof(*h) || h->magic != FCC_IMAGE_MAGIC) {
        goto refuse;
    }
    why = -FCC_E_VERSION;
    if (h->version != FCC_IMAGE_VERSION || h->header_length != sizeof(*h)) {
        goto refuse;
    }
    why = -FCC_E_LENGTH;
    if (h->total_length != length) {
        goto refuse;
    }
    why = -FCC_E_HEADER;
    const uint32_t *sections = (const void *)((const uint8_t *)image + offsetof(fcc_header_t, text_length));
    for (uint32_t i = 0; i < 5; i++) { /* text, rodata, data, bss, frames */
        /* A multiple of 8 up to FCC_MAX_LENGTH: others have one of the upper bits set when turned. */
        if ((sections[i] >> 3 | sections[i] << 29) > FCC_MAX_LENGTH / 8u) {
            goto refuse;
        }
    }
    if (h->entry_count == 0 || h->region_count > FCC_MAX_REGIONS) {
        goto refuse;
    }
    why = -FCC_E_LENGTH;
    /* Three times FCC_MAX_LENGTH (2^24) and 65535 rows of 40 and of 4 bytes: the sum cannot wrap. */
    uint32_t tables = (uint32_t)(sizeof(*h) + h->entry_count * sizeof(fcc_entry_t) + h->import_count * sizeof(fcc_import_t)
                                 + h->region_count * sizeof(fcc_region_row_t));
    if (((tables + 7u) & ~7u) + h->text_length + h->rodata_length + h->data_length != length) {
        goto refuse;
    }
    why = -FCC_E_ENTRY;
    const fcc_entry_t *entry = (const void *)(h + 1);
    for (uint32_t i = h->entry_count; i != 0; i--, entry++) {
        if (entry->offset >= h->text_length || entry->name[FCC_ENTRY_NAME_LENGTH - 1] != 0) {
            goto refuse;
        }
    }
    why = 0;
refuse:
    return -(int)why;
}

int fcc_validate(const void *image, size_t length)
{
    const fcc_header_t *h = image;
    int status = fcc_check(image, length);
    if (status == 0 && h->checksum != _checksum(h)) {
        status = FCC_E_CHECKSUM;
    }
    return status;
}
