// SPDX-License-Identifier: MIT
/** Whatever C for eBPF and C for a 32-bit processor lay out differently; test/emulated/bench.test.ts measures it. */
#include <stdint.h>

struct ring {
    unsigned long head, tail;
    int64_t big;
    uint8_t *buf;
    uint32_t len;
    uint8_t flag;
    long total;
};

static uint32_t (*const now)(void) = (uint32_t (*)(void))(0x20);
static uint32_t rounds = 7;

__attribute__((section("fc/ring"), used))
int ring(struct ring *r)
{
    int sum = 0;
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t at = (r->head + i) & 31;
        if (at >= r->len) {
            return -1;
        }
        r->buf[at] ^= (uint8_t)i;
        sum += (int8_t)r->buf[at];
    }
    r->flag ^= 1;
    r->big -= rounds++;
    return sum - (int)now();
}
