/* SPDX-License-Identifier: MIT */
/* Cryptography that finds everything right, so that mutated manifests are read to their end. For tests, and never for anything else. */
#include <string.h>
#include <fcc_manifest.h>

static uint8_t promised[FCC_DIGEST_LENGTH];

/* The digest that is promised ends the message, and is the one that comes out in fcc_port_sha256. */
int fcc_port_ed25519_verify(const uint8_t public_key[32], const void *bytes, uint32_t length,
                            const uint8_t signature[FCC_SIGNATURE_LENGTH])
{
    volatile uint8_t seen = public_key[31];
    seen = signature[FCC_SIGNATURE_LENGTH - 1u];
    (void)seen;
    memcpy(promised, (const uint8_t *)bytes + length - FCC_DIGEST_LENGTH, FCC_DIGEST_LENGTH);
    return 1;
}

void fcc_port_sha256(const void *bytes, uint32_t length, uint8_t digest[FCC_DIGEST_LENGTH])
{
    volatile uint8_t seen = 0;
    for (uint32_t i = 0; i < length; i++) {
        seen = ((const uint8_t *)bytes)[i];
    }
    (void)seen;
    memcpy(digest, promised, FCC_DIGEST_LENGTH);
}
