/* SPDX-License-Identifier: MIT */
/* An engine of updates that says what it is asked, and answers as it is told: for tests of src/update-coap*.c without keys, flash and images. */
#pragma once
#include <fcc_update_coap.h>

/* What the engine answers. */
typedef struct {
    int begin, write, finish;
    uint32_t size;          /* of the image; an fcc_update_write beyond it is FCC_E_SIZE */
    int refuse;             /* 1: no attempt is taken */
    const char *report;
    uint32_t report_length;
} world_t;

extern world_t world;
extern fcc_update_t world_update;

/* Of the program: a line of what happens. */
void world_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
