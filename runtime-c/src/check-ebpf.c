/* SPDX-License-Identifier: MIT */
/*
 * What the interpreter relies on in text of eBPF, which anybody may have written: opcodes that exist, with registers that exist, jumps, calls and entries to
 * where an instruction starts, tables inside the text.
 */
#include "ebpf.h"

#if FCC_INTERPRETER

/* Whether an opcode exists, and what its fields may be. */
static int _known(const insn_t *at, uint32_t slots, uint32_t slot)
{
    const uint32_t opcode = at->opcode;
    const uint32_t operation = opcode & 0xf0u;
    const uint32_t dst = at->regs & 15u;
    const uint32_t src = at->regs >> 4;
    if (dst > FP || (src > FP)) {
        return 0;
    }
    switch (opcode & 7u) {
    case 0:
        return opcode == OP_LDDW && dst != FP && slot + 1u < slots && at[1].opcode == 0
               && (src == 0 || (src == SRC_BLOCK && (uint32_t)at->imm <= 1u));
    case 1:
        return dst != FP && (opcode >> 5 == 3 || (opcode >> 5 == 4 && (opcode & 0x18u) != 0x18u));
    case 2:
        return opcode >> 5 == 3;
    case 3: {
        if (opcode >> 5 == 3) {
            return 1;
        }
        uint32_t imm = (uint32_t)at->imm;
        int fetches = (imm & 1u) != 0;
        int known = (imm & ~0xf1u) == 0
                    && (imm >> 4 == 0x0 || imm >> 4 == 0x4 || imm >> 4 == 0x5 || imm >> 4 == 0xa || (imm >> 4 >= 0xe && fetches));
        return opcode >> 5 == 6 && ((opcode & 0x18u) == 0 || (opcode & 0x18u) == 0x18u) && known && !(fetches && imm != 0xf1u && src == FP);
    }
    case 4:
    case 7:
        if (dst == FP || operation > 0xd0u) {
            return 0;
        }
        if (operation == 0x80u) {
            return (opcode & 8u) == 0;
        }
        if (operation == 0xd0u) {
            return (at->imm == 16 || at->imm == 32 || at->imm == 64) && ((opcode & 7u) == 4 || (opcode & 8u) == 0);
        }
        if (operation == 0x30u || operation == 0x90u) {
            return at->off == 0 || at->off == 1;
        }
        if (operation == 0xb0u && (opcode & 8u) != 0) {
            return at->off == 0 || at->off == 8 || at->off == 16 || (at->off == 32 && (opcode & 7u) == 7);
        }
        return at->off == 0;
    case 5:
        return opcode == OP_CALL ? src <= SRC_LOCAL : opcode == OP_CALLX || opcode == OP_EXIT || opcode == OP_JA
               || (operation != 0 && operation <= 0xd0u && operation != 0x80u && operation != 0x90u);
    default:
        return opcode == OP_JA32 || (operation != 0 && operation <= 0xd0u && operation != 0x80u && operation != 0x90u);
    }
}

/* Whether control may go to this slot: it exists and is not the second one of a 64-bit immediate, whose opcode is 0. */
static int _is_place(const insn_t *text, uint32_t slots, uint32_t slot)
{
    return slot < slots && text[slot].opcode != 0;
}

int fcc_check_ebpf(const fcc_header_t *h, const void *text_bytes)
{
    const insn_t *text = text_bytes;
    const fcc_entry_t *entry = (const void *)(h + 1);
    const uint32_t slots = h->trap_table / 8u;
    if (slots == 0 || (h->trap_table & 7u) != 0 || (h->frame_length != 0 && h->frame_length < MAX_DEPTH * FRAME_BYTES)) {
        return 0;
    }
    /* fcc_check leaves the table of functions to whoever reads it. */
    if (h->trap_table > h->text_length || h->trap_count > (h->text_length - h->trap_table) / 4u) {
        return 0;
    }
    for (uint32_t slot = 0; slot < slots; slot++) {
        const insn_t *at = &text[slot];
        const uint32_t kind = at->opcode & 7u;
        if (!_known(at, slots, slot)) {
            return 0;
        }
        if (kind >= 5 && kind <= 6 && at->opcode != OP_EXIT && at->opcode != OP_CALLX) {
            int is_local = at->opcode == OP_CALL && (at->regs >> 4) == SRC_LOCAL;
            int64_t distance = is_local || at->opcode == OP_JA32 ? at->imm : at->off;
            int64_t target = (int64_t)slot + 1 + distance;
            if ((at->opcode != OP_CALL || is_local)
                && (target < 0 || target >= (int64_t)slots || !_is_place(text, slots, (uint32_t)target))) {
                return 0;
            }
        }
        if (at->opcode == OP_LDDW) {
            slot++;
        }
    }
    /* Control leaves the last slot by a jump or not at all. The slot before it may be of any kind: it is no jump's second half. */
    uint32_t last = text[slots - 1u].opcode;
    if (last != OP_EXIT && last != OP_JA && last != OP_JA32) {
        return 0;
    }
    for (uint32_t i = 0; i < h->entry_count; i++) {
        if ((entry[i].offset & 7u) != 0 || !_is_place(text, slots, entry[i].offset / 8u)) {
            return 0;
        }
    }
    const uint32_t *function = (const void *)((const uint8_t *)text_bytes + h->trap_table);
    for (uint32_t i = 0; i < h->trap_count; i++) {
        if (function[i] != FCC_UNKNOWN && ((function[i] & 7u) != 0 || !_is_place(text, slots, function[i] / 8u))) {
            return 0;
        }
    }
    /* What to keep of the context lies in it, so that no sum wraps. */
    uint32_t words = (h->text_length - h->trap_table) / 4u - h->trap_count;
    if (words == 0 || function[h->trap_count] > (words - 1u) / 2u) {
        return 0;
    }
    const kept_t *kept = (const void *)&function[h->trap_count + 1u];
    for (uint32_t i = 0; i < function[h->trap_count]; i++) {
        if (kept[i].offset > FCC_MAX_LENGTH || kept[i].length > FCC_MAX_LENGTH) {
            return 0;
        }
    }
    return 1;
}
#endif
