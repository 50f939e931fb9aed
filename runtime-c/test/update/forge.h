/* SPDX-License-Identifier: MIT */
/* Signed manifests, right or wrong as asked, and the cryptography that signs them (libsodium). For tests. */
#pragma once
#include <fcc_manifest.h>

#define FORGED_MAX 1024u

typedef struct {
    int is_new;        /* ietf-37, else riot-v9 */
    uint32_t sequence;
    uint32_t size;
    const uint8_t *digest, *vendor, *class_id;
    const char *component; /* ".fc.test": parts are what is between dots */
    const char *uri;
} forged_t;

typedef struct {
    uint8_t public_key[32];
    uint8_t secret_key[64];
} forger_t;

/** A key pair of its own for each number. */
void forge_key(forger_t *forger, uint32_t number);

/** Writes the manifest, at most FORGED_MAX bytes. Returns its length. */
uint32_t forge_manifest(uint8_t *bytes, const forged_t *values, const forger_t *forger);
