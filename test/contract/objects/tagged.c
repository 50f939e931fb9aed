/* SPDX-License-Identifier: MIT */
#include "tagged.h"

__attribute__((section("fc/radio"), used)) uint64_t sum(const frame_ctx_t *ctx)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < ctx->count; i++) {
        total += ctx->samples[i];
    }
    return total;
}

/* The same structure, another hook and fewer helpers. */
FCC_HOOK("fc/radio/late") FCC_LIMITS("instructions=100")
__attribute__((section("fc/radio"), used)) uint64_t late(frame_ctx_t *ctx)
{
    ctx->at.flags = 1;
    return ctx->at.seconds;
}

/* A context that is no structure. */
FCC_HOOK("fc/tick") FCC_CONTEXT("rw,size=4,align=4") FCC_ALLOW("*") FCC_PASS_LENGTH("yes")
    FCC_INTERRUPT("yes") FCC_HELPER("0x200 blocks nap(u32 ms) -- waits")
__attribute__((section("fc/tick"), used)) uint64_t tick(uint32_t *ctx)
{
    return ++*ctx;
}

/* No tags anywhere. */
__attribute__((section("fc/plain"), used)) uint64_t plain(uint32_t *ctx)
{
    return *ctx;
}
