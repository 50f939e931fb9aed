/* SPDX-License-Identifier: MIT */
/* What Linux is for the device: a file as flash, a socket, and keys from a file. */
#pragma once
#include <fcc_update_coap.h>

/* Ends the program with a message. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Flash in a file, made where it is missing. What is written there is there whenever the process ends. */
const fcc_flash_t *flash_open(const char *path, uint32_t length, uint32_t page, uint32_t unit);

/* A socket of loopback, on a port (0: any). Returns the port. */
uint16_t net_open(uint16_t port, int is_ipv4);
void net_send(void *context, const fcc_peer_t *to, const void *bytes, uint32_t length);
/* Waits at most so many milliseconds for a datagram. Returns its length, or -1. */
int net_receive(fcc_peer_t *from, void *bytes, uint32_t room, uint32_t milliseconds);

/* Reads a file of public keys; README of the example. They stay. */
const fcc_key_t *keys_read(const char *path, uint32_t *count);

#if defined(__arm__)
/* Images for ARMv7-M switch interrupts off for 64-bit atomic operations, by instructions that are for privileged code only. */
void primask_allow(void);
#endif
