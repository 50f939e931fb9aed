/* SPDX-License-Identifier: MIT */
/* Two programs that a firmware has to survive: one writes where its input says, one ends only when its input says. */
#include <stdint.h>

typedef struct {
    uint32_t index;
    uint32_t value;
} slot_ctx_t;

static uint32_t slots[4];

__attribute__((section("fc/slot"), used)) uint64_t put(slot_ctx_t *ctx)
{
    slots[ctx->index] = ctx->value; /* nobody checks the index: the compiler's guard does */
    return slots[0] + slots[1] + slots[2] + slots[3];
}

__attribute__((section("fc/slot"), used)) uint64_t wait(slot_ctx_t *ctx)
{
    while (*(volatile uint32_t *)&ctx->index != 0) {}
    return 0;
}
