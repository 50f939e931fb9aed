/* SPDX-License-Identifier: MIT */
/*
 * Reads manifests from standard input and prints what fcc_manifest_read makes of each, a line of JSON. Input: number of keys (u32), the
 * keys (32 bytes each), then manifests, each behind its length (u32). For tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcc_manifest.h>
#include "inside.h"

#define MAX_KEYS 8u

static void _hex(const char *name, const uint8_t *bytes, uint32_t length)
{
    printf(", \"%s\": \"", name);
    for (uint32_t i = 0; i < length; i++) {
        printf("%02x", bytes[i]);
    }
    printf("\"");
}

int main(void)
{
    static uint8_t public_keys[MAX_KEYS][32];
    fcc_key_t keys[MAX_KEYS];
    uint32_t count;
    uint32_t length;
    if (fread(&count, sizeof(count), 1, stdin) != 1 || count > MAX_KEYS || fread(public_keys, 32, count, stdin) != count) {
        return 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        keys[i] = (fcc_key_t){ .public_key = public_keys[i] };
    }
    while (fread(&length, sizeof(length), 1, stdin) == 1) {
        /* Exactly as long as the manifest, so that the sanitizer sees any read beyond it; NULL if it is empty. */
        uint8_t *bytes = length == 0 ? NULL : malloc(length);
        fcc_manifest_t manifest;
        if (length != 0 && (bytes == NULL || fread(bytes, 1, length, stdin) != length)) {
            return 1;
        }
        int status = fcc_manifest_read(&manifest, bytes, length, keys, count);
        printf("{\"status\": %d", status);
        if (status == 0) {
            const char *wrong = _wrong_manifest(&manifest, bytes, length, keys, count);
            if (wrong != NULL) {
                fprintf(stderr, "accepted with %s\n", wrong);
                return 1;
            }
            printf(", \"key\": %u, \"sequence\": %u, \"size\": %u", (unsigned)(manifest.key - keys), (unsigned)manifest.sequence,
                   (unsigned)manifest.size);
            _hex("digest", manifest.digest, FCC_DIGEST_LENGTH);
            _hex("vendor", manifest.vendor, FCC_UUID_LENGTH);
            _hex("class", manifest.class_id, FCC_UUID_LENGTH);
            _hex("uri", (const uint8_t *)manifest.uri, manifest.uri_length);
            _hex("component", (const uint8_t *)manifest.component, (uint32_t)strlen(manifest.component));
        }
        printf("}\n");
        free(bytes);
    }
    return 0;
}
