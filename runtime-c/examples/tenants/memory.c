/* SPDX-License-Identifier: MIT */
/* What gcc calls for structures: there is no C library here. */
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int value, size_t length);
void *memcpy(void *restrict to, const void *restrict from, size_t length);

void *memset(void *to, int value, size_t length)
{
    for (uint8_t *p = to; length > 0; length--) {
        *p++ = (uint8_t)value;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    uint8_t *p = to;
    for (const uint8_t *q = from; length > 0; length--) {
        *p++ = *q++;
    }
    return to;
}
