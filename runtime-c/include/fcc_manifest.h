/* SPDX-License-Identifier: MIT */
/**
 * Signed manifests of the IETF's SUIT working group, as `fcc pack` writes them: profile riot-v9 (draft-ietf-suit-manifest-09, what RIOT
 * reads) and ietf-37 (draft 37). One image, one place on the device, Ed25519 over SHA-256 (COSE_Sign1, RFC 9052).
 */
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits of a manifest, RIOT's own: bytes of the envelope; of a component's name with separators and a zero; of the URI with a zero. */
#ifndef FCC_MANIFEST_MAX
#define FCC_MANIFEST_MAX 640u
#endif
#define FCC_COMPONENT_MAX 32u
#ifndef FCC_URI_MAX
#define FCC_URI_MAX 128u
#endif

#define FCC_DIGEST_LENGTH 32u    /* SHA-256 */
#define FCC_SIGNATURE_LENGTH 64u /* Ed25519 */
#define FCC_UUID_LENGTH 16u

/**
 * A key that this device believes, and what for: one row for each public key, of several the first counts. Constant. Tenant and hooks bind any
 * image; helpers, as all guards, bind native text only as far as fcc compiled it: whoever has a key could sign machine code of any kind.
 * Images of eBPF text are bound by all of it.
 */
typedef struct {
    const uint8_t *public_key;     /* 32 bytes, Ed25519 (RFC 8032); `fcc keys pub --format c` */
    uint32_t tenant;               /* id of the tenant that it signs for: it installs to no other's places */
    const uint32_t *hooks;         /* ids of the hooks that it may install to; NULL: wherever its tenant has a place */
    uint32_t hook_count;
    const uint32_t *helpers;       /* ids that images signed by it may call; NULL: all that hook and tenant allow */
    uint32_t helper_count;
} fcc_key_t;

/** What a manifest says. Pointers lead into the bytes that were read. */
typedef struct {
    const fcc_key_t *key;          /* who signed it */
    uint32_t sequence;
    uint32_t size;                 /* bytes of the image */
    const uint8_t *digest;         /* SHA-256 of the image */
    const uint8_t *vendor;         /* UUID, 16 bytes */
    const uint8_t *class_id;       /* UUID, 16 bytes */
    const char *uri;               /* where the image is to be fetched; not terminated */
    uint32_t uri_length;
    char component[FCC_COMPONENT_MAX]; /* ".fc.timer": a dot before each part of the name; terminated */
} fcc_manifest_t;

/**
 * Reads a manifest of either profile, its signature and digest first: nothing behind them is looked at before both are right. Anything
 * that it does not know exactly is refused. Returns 0, or FCC_E_LIMIT, FCC_E_MANIFEST, FCC_E_SIGNATURE, FCC_E_MANIFEST_DIGEST: then
 * what is in `manifest` means nothing.
 */
int fcc_manifest_read(fcc_manifest_t *manifest, const void *bytes, uint32_t length, const fcc_key_t *keys, uint32_t key_count);

/** Port: SHA-256 (FIPS 180-4) of some bytes. */
void fcc_port_sha256(const void *bytes, uint32_t length, uint8_t digest[FCC_DIGEST_LENGTH]);

/** Port: whether `signature` is that of `bytes` by `public_key`, Ed25519 (RFC 8032, without prehash): 1 or 0. */
int fcc_port_ed25519_verify(const uint8_t public_key[32], const void *bytes, uint32_t length,
                            const uint8_t signature[FCC_SIGNATURE_LENGTH]);

#ifdef __cplusplus
}
#endif
