/* SPDX-License-Identifier: MIT */
/* Files of the emulator's working folder, by semihosting or simulator calls. */
#pragma once
#include <stdint.h>

/* Exit codes of the firmware, see compiler/cli/qemu-run.ts. */
enum { DONE = 0, BAD_INPUT = 2, NO_OUTPUT = 3, OWN_FAULT = 4 };

/* A file of the emulator's working folder. Negative: it cannot be opened. */
int port_open(const char *name, int write);
void port_close(int file);
/* Both return the number of bytes NOT transferred. */
uint32_t port_read(int file, void *bytes, uint32_t length);
uint32_t port_write(int file, const void *bytes, uint32_t length);
void port_exit(uint32_t code) __attribute__((noreturn));
