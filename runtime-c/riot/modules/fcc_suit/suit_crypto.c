/* SPDX-License-Identifier: MIT */
/* What manifests are checked with: RIOT's SHA-256, and the Ed25519 that its suit uses, whichever package that is. */
#include <fcc_manifest.h>
#include "cose/crypto.h"
#include "hashes/sha256.h"

void fcc_port_sha256(const void *bytes, uint32_t length, uint8_t digest[FCC_DIGEST_LENGTH])
{
    sha256(bytes, length, digest);
}

int fcc_port_ed25519_verify(const uint8_t public_key[32], const void *bytes, uint32_t length, const uint8_t signature[FCC_SIGNATURE_LENGTH])
{
    cose_key_t key;
    cose_key_init(&key);
    /* libcose takes pointers to what it does not write. */
    cose_key_set_keys(&key, COSE_EC_CURVE_ED25519, COSE_ALGO_EDDSA, (uint8_t *)(uintptr_t)public_key, NULL, NULL);
    return cose_crypto_verify_ed25519(&key, signature, FCC_SIGNATURE_LENGTH, (uint8_t *)(uintptr_t)bytes, length) == COSE_OK;
}
