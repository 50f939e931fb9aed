/* SPDX-License-Identifier: MIT */
/* What stands for src/manifest.c: manifests that are structures, with nothing to verify. */
#include "world.h"

int fcc_manifest_read(fcc_manifest_t *manifest, const void *bytes, uint32_t length, const fcc_key_t *known, uint32_t key_count)
{
    const test_manifest_t *test = bytes;
    EQUAL(length, sizeof(*test));
    if (test->status == 0) {
        HOLDS(test->key < key_count);
        *manifest = (fcc_manifest_t){
            .key = &known[test->key], .sequence = test->sequence, .size = test->size, .digest = test->digest,
            .vendor = test->vendor, .class_id = test->class_id, .uri = "coap://[::1]/", .uri_length = 13,
        };
        memcpy(manifest->component, test->component, sizeof(manifest->component));
    }
    return test->status;
}
