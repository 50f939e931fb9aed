/* SPDX-License-Identifier: MIT */
/* Cryptography of fcc_manifest.h by libsodium (-lsodium), for firmware that is a process of Linux. */
#include <fcc_manifest.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_sign_ed25519.h>

void fcc_port_sha256(const void *bytes, uint32_t length, uint8_t digest[FCC_DIGEST_LENGTH])
{
    (void)crypto_hash_sha256(digest, bytes, length); /* cannot fail */
}

int fcc_port_ed25519_verify(const uint8_t public_key[32], const void *bytes, uint32_t length,
                            const uint8_t signature[FCC_SIGNATURE_LENGTH])
{
    return crypto_sign_ed25519_verify_detached(signature, bytes, length, public_key) == 0;
}
