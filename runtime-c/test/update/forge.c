/* SPDX-License-Identifier: MIT */
#include "forge.h"
#include <string.h>
#include <sodium/crypto_sign_ed25519.h>

/* What is written into, from its end to its beginning: so that lengths are known when their heads are written. */
typedef struct {
    uint8_t bytes[FORGED_MAX];
    uint32_t at;
} back_t;

static void _put(back_t *to, const void *bytes, uint32_t length)
{
    to->at -= length;
    memcpy(&to->bytes[to->at], bytes, length);
}

static void _byte(back_t *to, uint32_t byte)
{
    uint8_t b = (uint8_t)byte;
    _put(to, &b, 1);
}

static void _head(back_t *to, uint32_t major, uint32_t argument)
{
    uint32_t size = argument < 24u ? 0 : argument < 0x100u ? 1 : argument < 0x10000u ? 2 : 4;
    for (uint32_t i = 0; i < size; i++) {
        _byte(to, argument >> (8u * i));
    }
    _byte(to, major << 5 | (size == 0 ? argument : size == 1 ? 24u : size == 2 ? 25u : 26u));
}

/* Head of a byte string that holds all from where it began to where the writer is. */
static void _wrap(back_t *to, uint32_t end)
{
    _head(to, 2, end - to->at);
}

#define PUT(to, ...) _put(to, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* bstr<<[algorithm, digest]>> */
static void _digest(back_t *to, int is_new, const uint8_t *digest)
{
    _put(to, digest, FCC_DIGEST_LENGTH);
    PUT(to, 0x58, 0x24, 0x82, is_new ? 0x2f : 0x02, 0x58, 0x20);
}

static void _component(back_t *to, const char *name)
{
    uint32_t parts = 0;
    for (uint32_t end = (uint32_t)strlen(name), i = end; i-- != 0;) {
        if (name[i] == '.') {
            _put(to, &name[i + 1u], end - i - 1u);
            _head(to, 2, end - i - 1u);
            end = i;
            parts++;
        }
    }
    _head(to, 4, parts);
    _byte(to, 0x81);
}

static void _install(back_t *to, const forged_t *values)
{
    uint32_t end = to->at;
    PUT(to, 0x15, values->is_new ? 0x0f : 0x02, 0x03, 0x0f);
    _put(to, values->uri, (uint32_t)strlen(values->uri));
    _head(to, 3, (uint32_t)strlen(values->uri));
    PUT(to, 0x86, values->is_new ? 0x14 : 0x13, 0xa1, 0x15);
    _wrap(to, end);
    _byte(to, values->is_new ? 0x14 : 0x09);
}

static void _common(back_t *to, const forged_t *values)
{
    uint32_t end = to->at;
    PUT(to, 0x01, 0x0f, 0x02, 0x0f);
    _head(to, 0, values->size);
    _byte(to, 0x0e);
    _digest(to, values->is_new, values->digest);
    _byte(to, 0x03);
    _put(to, values->class_id, FCC_UUID_LENGTH);
    PUT(to, 0x02, 0x50);
    _put(to, values->vendor, FCC_UUID_LENGTH);
    PUT(to, 0x86, 0x14, 0xa4, 0x01, 0x50);
    _wrap(to, end);
    _byte(to, 0x04);
    _component(to, values->component);
    PUT(to, 0xa2, 0x02);
    _wrap(to, end);
    _byte(to, 0x03);
}

void forge_key(forger_t *forger, uint32_t number)
{
    uint8_t seed[32] = { (uint8_t)number, 0x5e, 0xed };
    (void)crypto_sign_ed25519_seed_keypair(forger->public_key, forger->secret_key, seed);
}

uint32_t forge_manifest(uint8_t *bytes, const forged_t *values, const forger_t *forger)
{
    static const uint8_t before[17] = { 0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1', 0x43, 0xa1, 0x01, 0x27, 0x40 };
    uint8_t message[17u + 38u];
    uint8_t digest[FCC_DIGEST_LENGTH];
    uint8_t signature[FCC_SIGNATURE_LENGTH];
    back_t to = { .at = FORGED_MAX };
    if (values->is_new) {
        _install(&to, values);
        PUT(&to, 0x07, 0x43, 0x82, 0x03, 0x0f);
    }
    else {
        PUT(&to, 0x0a, 0x43, 0x82, 0x03, 0x0f);
        _install(&to, values);
    }
    _common(&to, values);
    _head(&to, 0, values->sequence);
    PUT(&to, 0xa5, 0x01, 0x01, 0x02);
    _wrap(&to, FORGED_MAX);
    fcc_port_sha256(&to.bytes[to.at], FORGED_MAX - to.at, digest);
    _byte(&to, 0x03);

    uint32_t end = to.at;
    _digest(&to, values->is_new, digest);
    memcpy(message, before, sizeof(before));
    memcpy(message + sizeof(before), &to.bytes[to.at], 38);
    to.at = end;
    (void)crypto_sign_ed25519_detached(signature, NULL, message, sizeof(message), forger->secret_key);
    _put(&to, signature, sizeof(signature));
    PUT(&to, 0x58, 0x40);
    if (values->is_new) {
        PUT(&to, 0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0, 0xf6);
        _wrap(&to, end);
        _digest(&to, 1, digest);
        _byte(&to, 0x82);
    }
    else {
        _digest(&to, 0, digest);
        PUT(&to, 0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0);
        _wrap(&to, end);
        _byte(&to, 0x81);
    }
    _wrap(&to, end);
    PUT(&to, 0xa2, 0x02);
    memcpy(bytes, &to.bytes[to.at], FORGED_MAX - to.at);
    return FORGED_MAX - to.at;
}
