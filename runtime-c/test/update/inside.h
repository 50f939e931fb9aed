/* SPDX-License-Identifier: MIT */
/* What holds of every manifest that was accepted, whatever its bytes were. */
#pragma once
#include <fcc_manifest.h>

static inline int _is_inside(const void *field, uint32_t size, const uint8_t *bytes, uint32_t length)
{
    uintptr_t at = (uintptr_t)field - (uintptr_t)bytes;
    return at < length && size <= length - at;
}

/* NULL, or what is wrong. */
static inline const char *_wrong_manifest(const fcc_manifest_t *m, const uint8_t *bytes, uint32_t length, const fcc_key_t *keys,
                                          uint32_t key_count)
{
    uint32_t used = 0;
    if (m->key < keys || m->key >= keys + key_count) {
        return "a key that is not ours";
    }
    if (!_is_inside(m->digest, FCC_DIGEST_LENGTH, bytes, length) || !_is_inside(m->vendor, FCC_UUID_LENGTH, bytes, length)
        || !_is_inside(m->class_id, FCC_UUID_LENGTH, bytes, length) || !_is_inside(m->uri, m->uri_length, bytes, length)) {
        return "a field outside the manifest";
    }
    if (m->uri_length == 0 || m->uri_length >= FCC_URI_MAX) {
        return "the URI's length";
    }
    for (uint32_t i = 0; i < m->uri_length; i++) {
        if (m->uri[i] <= ' ' || m->uri[i] > '~') {
            return "a character of the URI";
        }
    }
    for (; used < FCC_COMPONENT_MAX && m->component[used] != 0; used++) {
        if (m->component[used] <= ' ' || m->component[used] > '~') {
            return "a character of the component";
        }
        if (m->component[used] == '.' && (m->component[used + 1] == '.' || m->component[used + 1] == 0)) {
            return "an empty part of the component";
        }
    }
    if (used < 2 || used == FCC_COMPONENT_MAX || m->component[0] != '.') {
        return "the component's form";
    }
    return NULL;
}
