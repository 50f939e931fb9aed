/* SPDX-License-Identifier: MIT */
/* Arm semihosting, version 2.0: operation numbers and argument blocks; RISC-V has the same behind another instruction. */
#include "../files.h"

int semihost(int operation, void *arguments); /* start.S */

int port_open(const char *name, int write)
{
    uint32_t length = 0;
    while (name[length] != 0) {
        length++;
    }
    uint32_t block[3] = { (uint32_t)name, write ? 5u : 1u, length }; /* "wb", "rb" */
    return semihost(0x01, block);
}

void port_close(int file)
{
    uint32_t block[1] = { (uint32_t)file };
    semihost(0x02, block);
}

uint32_t port_write(int file, const void *bytes, uint32_t length)
{
    uint32_t block[3] = { (uint32_t)file, (uint32_t)bytes, length };
    return (uint32_t)semihost(0x05, block);
}

uint32_t port_read(int file, void *bytes, uint32_t length)
{
    uint32_t block[3] = { (uint32_t)file, (uint32_t)bytes, length };
    return (uint32_t)semihost(0x06, block);
}

void port_exit(uint32_t code)
{
    uint32_t block[2] = { 0x20026, code }; /* ADP_Stopped_ApplicationExit */
    semihost(0x20, block);
    for (;;) {}
}
