/* SPDX-License-Identifier: MIT */
/* Files and memory of the batch firmware as a process of the host; its containers end by fuel, and a fault ends the process. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include "../../firmware/batch/port.h"

/* What main.c cuts into its areas: 6, 7 and 3 MiB. */
uint8_t pool_start[16u << 20] __attribute__((aligned(16)));

static FILE *files[2];

int port_open(const char *name, int write)
{
    files[write] = fopen(name, write ? "wb" : "rb");
    return files[write] == NULL ? -1 : write;
}

void port_close(int file)
{
    fclose(files[file]);
}

uint32_t port_read(int file, void *bytes, uint32_t length)
{
    return length - (uint32_t)fread(bytes, 1, length, files[file]);
}

uint32_t port_write(int file, const void *bytes, uint32_t length)
{
    return length - (uint32_t)fwrite(bytes, 1, length, files[file]);
}

void port_exit(uint32_t code)
{
    exit((int)code);
}

void port_start(void)
{
}

void port_sync(void)
{
}
