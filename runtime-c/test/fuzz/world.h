/* SPDX-License-Identifier: MIT */
/* One try of an image: everything that a device does with it, in memory with red zones. */
#pragma once
#include <stddef.h>
#include <fcc.h>

/* What the fuzzer chooses besides the image: in front of it in an input. */
typedef struct {
    uint8_t flags; /* FUZZ_... */
    uint8_t entry; /* modulo the number of entries */
    uint16_t fuel; /* modulo 256 */
    uint8_t context_length; /* bytes, where the image does not say how many */
    uint8_t context_align;  /* address modulo 8 */
    uint8_t region_length;  /* bytes beyond what a region's row asks for at least */
    uint8_t runs;           /* modulo 4, and one; bits above: by the hook, alone too, something of the context kept */
} fuzz_choice_t;

#define FUZZ_REPAIR     1u /* magic, version, lengths, checksums and hashes are made right first */
#define FUZZ_NO_CONTEXT 2u
#define FUZZ_RESET      4u /* globals after a trap */
#define FUZZ_REPLACE    8u /* by itself in the end, and run again */

/* Longest image that is tried. */
#define FUZZ_MAX_IMAGE 8192u

/* helpers.c */
extern const fcc_helper_t fuzz_helpers[];
extern const uint32_t fuzz_helper_count;

/* Tells what went wrong and ends the process. */
void fuzz_fail(const char *what) __attribute__((noreturn));

/* Installs and runs an image. Returns 0 if it ran, else the status it was refused with. */
int fuzz_image(const fuzz_choice_t *choice, const uint8_t *image, size_t length);

/* Converts a Femto-Container image and tries what comes out. Returns 0 if that ran, else the status it was refused with. */
int fuzz_rbpf(const fuzz_choice_t *choice, const uint8_t *rbpf, size_t length);

/* Makes right, in place, what FUZZ_REPAIR says of an image. */
void fuzz_repair(uint8_t *image, size_t length);
