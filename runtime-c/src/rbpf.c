/* SPDX-License-Identifier: MIT */
/*
 * Femto-Container images: 28 bytes of header, data, rodata, text, function table, one directly behind the other, little endian and not
 * aligned. The rules are those of compiler/bpf/rbpf.ts. Of the text only what refers to other parts is looked at here: fcc_check_ebpf
 * judges all of it later.
 */
#include <fcc_rbpf.h>
#include "interp.h"

#define RBPF_MAGIC     0x46504272u
#define HEADER_BYTES   28u
#define FUNCTION_BYTES 6u /* half-words: offset of the name in rodata, flags, offset in text */
#define MAX_NAME       255u
#define FRAMES         4096u /* what the interpreter asks for: 8 frames of 512 bytes */

#define OP_LDDW        0x18u
#define OP_LDDWD       0xb8u /* address in data */
#define OP_LDDWR       0xd8u /* address in rodata */
#define OP_CALL        0x85u
#define OP_CALLX       0x8du
#define SRC_LOCAL      1u
#define SRC_BLOCK      6u
#define FP             10u

/* The parts of a Femto-Container image, lengths in bytes. */
typedef struct {
    const uint8_t *data;
    const uint8_t *rodata;
    const uint8_t *text;
    const uint8_t *functions;
    uint32_t data_length;
    uint32_t rodata_length;
    uint32_t text_length;
    uint32_t function_count;
} parts_t;

/* What the text asks for. */
typedef struct {
    uint32_t import_count;
    int uses_frames;
} needs_t;

static uint32_t _half(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t _word(const uint8_t *p)
{
    return _half(p) | _half(p + 2) << 16;
}

static void _put_word(uint8_t *p, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> 8 * i);
    }
}

static void _copy(uint8_t *to, const uint8_t *from, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        to[i] = from[i];
    }
}

static void _clear(uint8_t *to, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        to[i] = 0;
    }
}

static uint32_t _pad8(uint32_t length)
{
    return (length + 7u) & ~7u;
}

static int _cut(parts_t *parts, const uint8_t *bytes, uint32_t length)
{
    if (length < HEADER_BYTES || _word(bytes) != RBPF_MAGIC) {
        return FCC_E_MAGIC;
    }
    if (_word(bytes + 4) != 0 || _word(bytes + 8) != 0) {
        return FCC_E_VERSION;
    }
    parts->data_length = _word(bytes + 12);
    parts->rodata_length = _word(bytes + 16);
    parts->text_length = _word(bytes + 20);
    parts->function_count = _word(bytes + 24);
    /* Four numbers of 32 bits, one of them six times: no sum of 64 bits wraps. */
    uint64_t text = (uint64_t)HEADER_BYTES + parts->data_length + parts->rodata_length;
    uint64_t functions = text + parts->text_length;
    if (length > FCC_MAX_LENGTH || functions + (uint64_t)FUNCTION_BYTES * parts->function_count != length) {
        return FCC_E_LENGTH;
    }
    parts->data = bytes + HEADER_BYTES;
    parts->rodata = parts->data + parts->data_length;
    parts->text = bytes + text;
    parts->functions = bytes + functions;
    return 0;
}

static int _is_wide(uint32_t opcode)
{
    return opcode == OP_LDDW || opcode == OP_LDDWD || opcode == OP_LDDWR;
}

/* Whether an instruction starts at this offset in the text: not so in the middle of one of two slots. */
static int _starts(const parts_t *parts, uint32_t offset)
{
    uint32_t at = 0;
    while (at < offset) {
        at += _is_wide(parts->text[at]) ? 16u : 8u;
    }
    return at == offset;
}

/* Length of the name at this offset in rodata; 0: there is none. */
static uint32_t _name_length(const parts_t *parts, uint32_t offset)
{
    uint32_t length = 0;
    while (offset + length < parts->rodata_length && length <= MAX_NAME) {
        uint8_t c = parts->rodata[offset + length];
        if (c == 0) {
            return length;
        }
        if (c < 0x21 || c > 0x7e) {
            return 0;
        }
        length++;
    }
    return 0;
}

static void _name_entry(fcc_entry_t *entry, const uint8_t *name, uint32_t length)
{
    entry->name_hash = fcc_crc32(0, name, length);
    entry->worst_case = FCC_UNKNOWN;
    entry->stack_length = FCC_INTERPRETER_STACK;
    _copy((uint8_t *)entry->name, name, length < FCC_ENTRY_NAME_LENGTH ? length : FCC_ENTRY_NAME_LENGTH - 1u);
}

/* One entry for each row of the function table. Names by hash and places differ from row to row. */
static int _entries(const parts_t *parts, fcc_entry_t *entry)
{
    for (uint32_t i = 0; i < parts->function_count; i++) {
        const uint8_t *row = parts->functions + FUNCTION_BYTES * i;
        uint32_t name = _half(row);
        uint32_t place = _half(row + 4);
        uint32_t length = _name_length(parts, name);
        if (_half(row + 2) != 0) {
            return FCC_E_VERSION;
        }
        if (length == 0 || (place & 7u) != 0 || place >= parts->text_length || !_starts(parts, place)) {
            return FCC_E_ENTRY;
        }
        entry[i].offset = place;
        _name_entry(&entry[i], parts->rodata + name, length);
        for (uint32_t k = 0; k < i; k++) {
            if (entry[k].offset == place || entry[k].name_hash == entry[i].name_hash) {
                return FCC_E_ENTRY;
            }
        }
    }
    return 0;
}

/* Whether what follows an address in a section is its upper half, and the address in the section or just behind it. */
static int _is_address(const parts_t *parts, uint32_t at)
{
    const uint8_t *slot = parts->text + at;
    uint32_t length = slot[0] == OP_LDDWD ? parts->data_length : parts->rodata_length;
    return _word(slot + 4) <= length && _word(slot + 12) == 0;
}

/* Looks at what refers to other parts: 64-bit immediates and calls. Helpers are collected in `import`, `room` of them at most. */
static int _scan(const parts_t *parts, fcc_import_t *import, uint32_t room, needs_t *needs)
{
    for (uint32_t at = 0; at < parts->text_length; at += 8) {
        const uint8_t *slot = parts->text + at;
        uint32_t opcode = slot[0];
        uint32_t source = slot[1] >> 4;
        uint32_t imm = _word(slot + 4);
        needs->uses_frames |= source == FP || (slot[1] & 15u) == FP;
        if (_is_wide(opcode)) {
            /* Sources but 0 are for linkers, and 6 is what is made of addresses below. */
            if (at + 16u > parts->text_length || source != 0 || (opcode != OP_LDDW && !_is_address(parts, at))) {
                return FCC_E_TEXT;
            }
            at += 8;
        }
        else if (opcode == OP_CALLX || (opcode == OP_CALL && source == SRC_LOCAL && imm == UINT32_MAX)) {
            /* A call of itself is one that was not linked. One by a register would name helpers that are not collected here. */
            return FCC_E_TEXT;
        }
        else if (opcode == OP_CALL && source == 0) {
            uint32_t i = 0;
            while (i < needs->import_count && import[i].id != imm) {
                i++;
            }
            if (i == needs->import_count) {
                if (i == FCC_MAX_IMPORTS) {
                    return FCC_E_IMPORT;
                }
                if (i == room) {
                    return FCC_E_MEMORY;
                }
                import[i].id = imm;
                needs->import_count++;
            }
        }
    }
    return 0;
}

/* Copies the text, with lddw of a block and an offset in the place of addresses. */
static void _rewrite(uint8_t *text, const parts_t *parts)
{
    _copy(text, parts->text, parts->text_length);
    for (uint32_t at = 0; at < parts->text_length; at += 8) {
        uint8_t *slot = text + at;
        uint32_t opcode = slot[0];
        if (opcode == OP_LDDWD || opcode == OP_LDDWR) {
            slot[0] = OP_LDDW;
            slot[1] |= SRC_BLOCK << 4;
            _copy(slot + 12, slot + 4, 4);
            _put_word(slot + 4, opcode == OP_LDDWD ? FCC_REGION_DATA : FCC_REGION_RODATA);
        }
        if (_is_wide(opcode)) {
            at += 8;
        }
    }
}

static void _put_rows(fcc_region_row_t *row, const fcc_rbpf_contract_t *what)
{
    for (uint32_t i = 0; i < what->grant_count; i++) {
        row[i].min_length = 0;
        row[i].max_length = UINT32_MAX;
        row[i].rights = (uint8_t)what->grants[i].rights;
        row[i].align = 1;
        row[i].reserved = 0;
    }
}

static void _put_header(fcc_header_t *h, const fcc_rbpf_contract_t *what, const needs_t *needs)
{
    h->magic = FCC_IMAGE_MAGIC;
    h->version = FCC_IMAGE_VERSION;
    h->header_length = sizeof(*h);
    h->arch = FCC_ARCH_EBPF;
    h->flags = FCC_FLAG_FUELLED;
    h->contract_hash = what->contract_hash;
    h->import_count = (uint16_t)needs->import_count;
    h->region_count = (uint16_t)what->grant_count;
    h->context_align = what->context_align;
    h->context_rights = what->context_kept == NULL ? FCC_RIGHT_READ : FCC_RIGHT_READ | FCC_RIGHT_WRITE;
    h->context_length = what->context_length;
    h->frame_length = needs->uses_frames ? FRAMES : 0;
    h->stack_length = FCC_INTERPRETER_STACK;
    h->worst_case = FCC_UNKNOWN;
}

int fcc_rbpf_convert(const void *rbpf, uint32_t length, const fcc_rbpf_contract_t *what, void *image, uint32_t room, uint32_t *made)
{
    parts_t parts;
    needs_t needs = { 0, 0 };
    fcc_header_t *h = image;
    if (((uintptr_t)image & 7u) != 0) {
        return FCC_E_UNALIGNED;
    }
    int status = _cut(&parts, rbpf, length);
    if (status != 0) {
        return status;
    }
    uint32_t entry_count = parts.function_count == 0 ? 1 : parts.function_count;
    if (parts.text_length == 0 || (parts.text_length & 7u) != 0) {
        return FCC_E_TEXT;
    }
    if (entry_count > FCC_MAX_ENTRIES) {
        return FCC_E_ENTRY;
    }
    const uint32_t kept_count = what->context_kept == NULL ? 0 : what->context_kept[0];
    if (what->grant_count > FCC_MAX_REGIONS || kept_count > FCC_MAX_LENGTH / 8u) {
        return FCC_E_REGION;
    }
    const uint32_t at_imports = sizeof(*h) + entry_count * (uint32_t)sizeof(fcc_entry_t);
    if (room < at_imports) {
        return FCC_E_MEMORY;
    }
    _clear(image, at_imports);
    fcc_entry_t *entry = (void *)(h + 1);
    fcc_import_t *import = (void *)(entry + entry_count);
    status = _entries(&parts, entry);
    if (status == 0) {
        status = _scan(&parts, import, (room - at_imports) / (uint32_t)sizeof(*import), &needs);
    }
    if (status != 0) {
        return status;
    }
    if (parts.function_count == 0) {
        const char *name = what->name == NULL ? "main" : what->name;
        uint32_t name_length = 0;
        while (name_length < MAX_NAME && name[name_length] != 0) {
            name_length++;
        }
        _name_entry(entry, (const uint8_t *)name, name_length);
    }
    /* Every term is at most FCC_MAX_LENGTH (2^24) and some tables: no sum wraps. */
    const uint32_t at_rows = at_imports + needs.import_count * (uint32_t)sizeof(fcc_import_t);
    const uint32_t at_padding = at_rows + what->grant_count * (uint32_t)sizeof(fcc_region_row_t);
    const uint32_t at_text = _pad8(at_padding);
    /* Behind the code: how many stretches of the context are read-only, and which. No function's address is taken. */
    const uint32_t at_kept = at_text + parts.text_length;
    const uint32_t at_rodata = _pad8(at_kept + 4u + kept_count * 8u);
    const uint32_t at_data = at_rodata + _pad8(parts.rodata_length);
    const uint32_t total = at_data + _pad8(parts.data_length);
    if (room < total) {
        return FCC_E_MEMORY;
    }
    uint8_t *bytes = image;
    _put_rows((void *)(bytes + at_rows), what);
    _clear(bytes + at_padding, at_text - at_padding);
    _rewrite(bytes + at_text, &parts);
    _clear(bytes + at_kept, total - at_kept);
    for (uint32_t i = 0; what->context_kept != NULL && i < 1u + 2u * kept_count; i++) {
        _put_word(bytes + at_kept + 4u * i, what->context_kept[i]);
    }
    _copy(bytes + at_rodata, parts.rodata, parts.rodata_length);
    _copy(bytes + at_data, parts.data, parts.data_length);
    _put_header(h, what, &needs);
    h->total_length = total;
    h->entry_count = (uint16_t)entry_count;
    h->text_length = at_rodata - at_text;
    h->rodata_length = at_data - at_rodata;
    h->data_length = total - at_data;
    h->trap_table = parts.text_length;
    /* Over the field itself as zero, as it is. */
    h->checksum = fcc_crc32(0, image, total);
    *made = total;
    return 0;
}
