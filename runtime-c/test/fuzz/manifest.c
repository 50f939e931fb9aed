/* SPDX-License-Identifier: MIT */
/* Manifests, with cryptography that finds everything right (test/update/believe.c): what lies behind the signature is to be reached. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "../update/inside.h"

static unsigned long executed;
static unsigned long taken;

static void _tell(void)
{
    fprintf(stderr, "fuzz: %lu of %lu manifests taken\n", taken, executed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t public_key[32];
    static const fcc_key_t keys[1] = { { .public_key = public_key } };
    fcc_manifest_t manifest;
    if (executed++ == 0) {
        atexit(_tell);
    }
    if (fcc_manifest_read(&manifest, data, (uint32_t)size, keys, 1) == 0) {
        const char *wrong = _wrong_manifest(&manifest, data, (uint32_t)size, keys, 1);
        taken++;
        if (wrong != NULL) {
            fprintf(stderr, "fuzz: taken with %s\n", wrong);
            abort();
        }
    }
    return 0;
}
