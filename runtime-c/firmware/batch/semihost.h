/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* Arm semihosting, version 2.0: operation numbers and argument blocks. */
int semihost(int operation, void *arguments);

static inline int file_open(const char *name, uint32_t length, uint32_t mode)
{
    uint32_t block[3] = { (uint32_t)name, mode, length };
    return semihost(0x01, block);
}

static inline void file_close(int file)
{
    uint32_t block[1] = { (uint32_t)file };
    semihost(0x02, block);
}

/* Both return the number of bytes NOT transferred. */
static inline uint32_t file_write(int file, const void *bytes, uint32_t length)
{
    uint32_t block[3] = { (uint32_t)file, (uint32_t)bytes, length };
    return (uint32_t)semihost(0x05, block);
}

static inline uint32_t file_read(int file, void *bytes, uint32_t length)
{
    uint32_t block[3] = { (uint32_t)file, (uint32_t)bytes, length };
    return (uint32_t)semihost(0x06, block);
}

static inline void leave(uint32_t code)
{
    uint32_t block[2] = { 0x20026, code }; /* ADP_Stopped_ApplicationExit */
    semihost(0x20, block);
    for (;;) {}
}
