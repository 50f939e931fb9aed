/* SPDX-License-Identifier: MIT */
#include "../../files.h"

/* Calls of QEMU's simulator interface, with the host's numbers of flags. */
int simulator(int number, int a, int b, int c); /* start.S */
enum { SIM_EXIT = 1, SIM_READ = 3, SIM_WRITE = 4, SIM_OPEN = 5, SIM_CLOSE = 6 };
#define WRITE_CREATE_TRUNCATE 0x241
#define MODE 0644

int port_open(const char *name, int write)
{
    return simulator(SIM_OPEN, (int)name, write ? WRITE_CREATE_TRUNCATE : 0, MODE);
}

void port_close(int file)
{
    simulator(SIM_CLOSE, file, 0, 0);
}

uint32_t port_write(int file, const void *bytes, uint32_t length)
{
    int done = simulator(SIM_WRITE, file, (int)bytes, (int)length);
    return done < 0 ? length : length - (uint32_t)done;
}

uint32_t port_read(int file, void *bytes, uint32_t length)
{
    int done = simulator(SIM_READ, file, (int)bytes, (int)length);
    return done < 0 ? length : length - (uint32_t)done;
}

void port_exit(uint32_t code)
{
    simulator(SIM_EXIT, (int)code, 0, 0);
    for (;;) {}
}
