/* SPDX-License-Identifier: MIT */
/*
 * Hostile: reads and writes wherever it is told to, by every kind of access there is. Addresses are numbers here:
 * nothing that the compiler could prove.
 */
#include "fc_sample.h"

enum {
    STORE_1 = 1,
    STORE_2,
    STORE_4,
    STORE_8,
    ADD_4,     /* atomic */
    INDEX_1,   /* store behind a pointer to own memory, with a wild index */
    COPY_TO,   /* by a helper that writes */
    FETCH_TO,  /* by a helper that writes a result */
    LOAD_4,
    COPY_FROM, /* by a helper that reads */
};

static uint8_t own[16];

FC_SAMPLE_SEC uint64_t scribble(fc_sample_ctx_t *ctx)
{
    uint64_t address = ctx->argument;
    uint8_t *at = (uint8_t *)address;
    switch (ctx->command) {
    case STORE_1:
        *(volatile uint8_t *)at = 0xee;
        return 1;
    case STORE_2:
        *(volatile uint16_t *)at = 0xeeee;
        return 1;
    case STORE_4:
        *(volatile uint32_t *)at = 0xeeeeeeee;
        return 1;
    case STORE_8:
        *(volatile uint64_t *)at = 0xeeeeeeeeeeeeeeee;
        return 1;
    case ADD_4:
        __sync_fetch_and_add((uint32_t *)at, 0x11111111);
        return 1;
    case INDEX_1:
        *(volatile uint8_t *)(own + address) = 0xee;
        return 1;
    case COPY_TO:
        fcc_memcpy(at, own, ctx->size);
        return 1;
    case FETCH_TO:
        fcc_fetch_global(1, at);
        return 1;
    case LOAD_4:
        return 1 + *(volatile uint32_t *)at;
    case COPY_FROM:
        fcc_memcpy(own, at, ctx->size & 15);
        return 1;
    default:
        return 0;
    }
}
