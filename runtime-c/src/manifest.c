/* SPDX-License-Identifier: MIT */
/*
 * Reading of manifests. Their encoding is deterministic (RFC 8949, section 4.2.1) and what a device takes is always built the same way, so
 * that two of one profile differ in a few fields only: a manifest is compared with a pattern of it. Patterns are the bytes of CBOR, with
 * simple values that nobody has assigned (0xe0 and up) in the places of fields. So there is nothing to nest, to skip or to look up, and
 * what a pattern does not say is refused. All places are offsets from the first byte, at most FCC_MANIFEST_MAX.
 */
#include <stddef.h>
#include <fcc_image.h>
#include <fcc_manifest.h>

/* In patterns: */
#define OPEN      0xe0u /* head of a byte string that holds what follows, */
#define CLOSE     0xe1u /* and its end */
#define NUMBER    0xe2u /* integer below 2^32; into `numbers` */
#define BYTES     0xe3u /* so many bytes as the next byte says; into `fields` */
#define ALGORITHM 0xe4u /* SHA-256 as the profile names it */
#define COMPONENT 0xe5u /* list of the one component; its name */
#define URI       0xe6u /* text string */
#define TAG       0xe7u /* tag of the number that the next byte says, or nothing */
#define PROFILE   0xe8u /* length of the authentication, which tells the profile; goes on with its `authentication` */
#define MANIFEST  0xe9u /* looks whether it is signed; goes on with _common */
#define ORDERS    0xeau /* goes on with the profile's `orders` */
#define END       0xebu

/* Major types of CBOR, as the upper bits of a head. */
#define UNSIGNED 0x00u
#define STRING   0x40u
#define TEXT     0x60u
#define ARRAY    0x80u

#define DIGEST    0x58, 0x24, 0x82, ALGORITHM, 0x58, 0x20, BYTES, FCC_DIGEST_LENGTH /* bstr<<[algorithm, digest]>> */
#define COSE      0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0                          /* 18([h'a10127', {}, */
#define SIGNATURE 0x58, 0x40, BYTES, FCC_SIGNATURE_LENGTH                           /*   signature]) */
#define VALIDATE  0x43, 0x82, 0x03, 0x0f                                            /* bstr<<[3, 15]>> */

/* {2: authentication, which is always of one length in a profile, 3: manifest} */
static const uint8_t _envelope[] = { TAG, 107, 0xa2, 0x02, 0x58, PROFILE };
#define FIRST_LENGTH 0x72u

/* What differs between profiles: authentication, and the manifest behind its common part. In the order of the authentication's length. */
typedef struct {
    uint8_t algorithm;
    uint8_t authentication[25];
    uint8_t orders[19];
} profile_t;

static const profile_t _profiles[] = {
    { /* riot-v9: bstr<<[bstr<<18([h'a10127', {}, digest, signature])>>]>> */
        0x02,
        { 0x81, 0x58, 0x6f, COSE, DIGEST, SIGNATURE, 0x03, MANIFEST },
        { 0x09, OPEN, 0x86, 0x13, 0xa1, 0x15, URI, 0x15, 0x02, 0x03, 0x0f, CLOSE, /* 9: bstr<<[19, {21: uri}, 21, 2, 3, 15]>>, */
          0x0a, VALIDATE, CLOSE, END },                                           /* 10: */
    },
    { /* ietf-37: bstr<<[digest, bstr<<18([h'a10127', {}, nil, signature])>>]>> */
        0x2f, /* -16 */
        { 0x82, DIGEST, 0x58, 0x4a, COSE, 0xf6, SIGNATURE, 0x03, MANIFEST },
        { 0x07, VALIDATE,                                                         /* 7: */
          0x14, OPEN, 0x86, 0x14, 0xa1, 0x15, URI, 0x15, 0x0f, 0x03, 0x0f, CLOSE, /* 20: bstr<<[20, {21: uri}, 21, 15, 3, 15]>> */
          CLOSE, END },
    },
};

static const uint8_t _common[] = {
    OPEN, 0xa5, 0x01, 0x01, 0x02, NUMBER,                             /* bstr<<{1: 1, 2: sequence, */
    0x03, OPEN, 0xa2, 0x02, COMPONENT, 0x04, OPEN, 0x86,              /* 3: bstr<<{2: component, 4: bstr<<[ */
    0x14, 0xa4, 0x01, 0x50, BYTES, 16, 0x02, 0x50, BYTES, 16,         /* 20, {1: vendor, 2: class, */
    0x03, DIGEST, 0x0e, NUMBER, 0x01, 0x0f, 0x02, 0x0f, CLOSE, CLOSE, /* 3: digest, 14: size}, 1, 15, 2, 15]>>}>>, */
    ORDERS,
};

/* What is signed (RFC 9052, section 4.4): ["Signature1", h'a10127', h'', and then as it is in the envelope bstr<<[algorithm, digest]>>]. */
static const uint8_t _signed[] = { 0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1', 0x43, 0xa1, 0x01, 0x27, 0x40 };
#define DIGEST_HEAD 6u

typedef struct {
    const uint8_t *bytes;
    uint32_t at;  /* at most `end` */
    uint32_t end; /* of the innermost open string; not behind the ends of those around it */
    uint32_t why; /* 0, or -FCC_E_...: what is read means nothing then */
    fcc_manifest_t *manifest;
} reader_t;

/* Passes by so many bytes. If there are not so many: a byte that means nothing. */
static const uint8_t *_take(reader_t *r, uint32_t length)
{
    uint32_t from = r->at;
    if (length > r->end - from) {
        r->why = -FCC_E_MANIFEST;
        return (const uint8_t *)r;
    }
    r->at = from + length;
    return r->bytes + from;
}

/* Argument of a head of this major type, which must be as short as it can be (RFC 8949, sections 3 and 4.2.1). */
static uint32_t _head(reader_t *r, uint32_t major)
{
    uint32_t value = *_take(r, 1) ^ major;
    if (value >= 24u) {
        /* 1, 2 or 4 bytes follow. 8 bytes, an indefinite length or another major type are more here. */
        uint32_t size = value - 24u;
        uint32_t least = 24u;
        value = 0;
        if (size <= 2u) {
            for (uint32_t i = 1u << size; i != 0; i--) {
                value = value << 8 | *_take(r, 1);
            }
            if (size != 0) {
                least = 1u << (4u << size);
            }
        }
        if (value < least) {
            r->why = -FCC_E_MANIFEST;
        }
    }
    return value;
}

/* A string of visible ASCII, at least one character long. If it is not: of any length, and not to be looked at. */
static const uint8_t *_text(reader_t *r, uint32_t major, uint32_t *length)
{
    uint32_t count = _head(r, major);
    const uint8_t *text = _take(r, count);
    *length = count;
    if (count == 0) {
        r->why = -FCC_E_MANIFEST;
    }
    for (uint32_t i = 0; r->why == 0 && i < count; i++) {
        if (text[i] - 0x21u > 0x7eu - 0x21u) {
            r->why = -FCC_E_MANIFEST;
        }
    }
    return text;
}

/* [[part, ...]] */
static void _component(reader_t *r)
{
    char *to = r->manifest->component;
    const char *end = to + FCC_COMPONENT_MAX;
    uint32_t components = _head(r, ARRAY);
    uint32_t parts = _head(r, ARRAY);
    if (components == 0 || parts == 0) {
        r->why = -FCC_E_MANIFEST;
    }
    if (r->why == 0 && components != 1u) {
        r->why = -FCC_E_LIMIT;
    }
    /* A count of parts may be anything, but each of them takes bytes. */
    for (; r->why == 0 && parts != 0; parts--) {
        uint32_t length;
        const uint8_t *part = _text(r, STRING, &length);
        if (r->why == 0) {
            /* A dot before and a zero behind it, or the next part's dot. */
            if (length + 2u > (uint32_t)(end - to)) {
                r->why = -FCC_E_LIMIT;
                return;
            }
            *to++ = '.';
            for (; length != 0; length--) {
                if (*part == '.') {
                    r->why = -FCC_E_MANIFEST;
                }
                *to++ = (char)*part++;
            }
            *to = 0;
        }
    }
}

static void _uri(reader_t *r)
{
    uint32_t length;
    r->manifest->uri = (const char *)_text(r, TEXT, &length);
    r->manifest->uri_length = length;
    if (r->why == 0 && length >= FCC_URI_MAX) {
        r->why = -FCC_E_LIMIT;
    }
}

/* Copies, and returns where the copy ends. */
static uint8_t *_copy(uint8_t *to, const uint8_t *from, uint32_t length)
{
    for (; length != 0; length--) {
        *to++ = *from++;
    }
    return to;
}

/* Whether the manifest that comes next is the last of the envelope, signed by a key, and of that digest. */
static void _authenticate(reader_t *r, const uint8_t *digest, const uint8_t *signature, const fcc_key_t *key, uint32_t key_count)
{
    uint8_t bytes[sizeof(_signed) + DIGEST_HEAD + FCC_DIGEST_LENGTH];
    uint32_t from = r->at;
    (void)_take(r, _head(r, STRING));
    if (r->at != r->end) {
        r->why = -FCC_E_MANIFEST;
    }
    if (r->why != 0) {
        return;
    }
    r->at = from;
    r->why = -FCC_E_SIGNATURE;
    (void)_copy(_copy(bytes, _signed, sizeof(_signed)), digest - DIGEST_HEAD, DIGEST_HEAD + FCC_DIGEST_LENGTH);
    for (; key_count != 0; key_count--, key++) {
        if (fcc_port_ed25519_verify(key->public_key, bytes, sizeof(bytes), signature)) {
            r->manifest->key = key;
            r->why = 0;
            break;
        }
    }
    if (r->why == 0) {
        fcc_port_sha256(r->bytes + from, r->end - from, bytes);
        for (uint32_t i = 0; i < FCC_DIGEST_LENGTH; i++) {
            if (bytes[i] != digest[i]) {
                r->why = -FCC_E_MANIFEST_DIGEST;
            }
        }
    }
}

int fcc_manifest_read(fcc_manifest_t *manifest, const void *bytes, uint32_t length, const fcc_key_t *keys, uint32_t key_count)
{
    reader_t r;
    uint32_t outer[3];        /* ends of the strings around the innermost: no pattern opens more at once */
    const uint8_t *fields[5]; /* digest and signature of the manifest; vendor, class, digest of the image */
    uint32_t numbers[2];      /* sequence, size */
    uint32_t *level = outer;
    const uint8_t **field = fields;
    uint32_t *number = numbers;
    const profile_t *profile = _profiles;
    const uint8_t *pattern = _envelope;
    if (length > FCC_MANIFEST_MAX) {
        return FCC_E_LIMIT;
    }
    r.manifest = manifest;
    r.bytes = bytes;
    r.at = 0;
    r.end = length;
    r.why = 0;
    while (r.why == 0) {
        uint32_t want = *pattern++;
        uint32_t found;
        switch (want) {
        case OPEN:
            found = _head(&r, STRING);
            *level++ = r.end;
            if (found > r.end - r.at) {
                r.why = -FCC_E_MANIFEST;
            }
            r.end = r.at + found;
            break;
        case CLOSE:
            if (r.at != r.end) {
                r.why = -FCC_E_MANIFEST;
            }
            r.end = *--level;
            break;
        case NUMBER:
            *number++ = _head(&r, UNSIGNED);
            break;
        case BYTES:
            *field++ = _take(&r, *pattern++);
            break;
        case COMPONENT:
            _component(&r);
            break;
        case URI:
            _uri(&r);
            break;
        case TAG:
            if (*_take(&r, 1) != 0xd8u) {
                r.at = 0;
                pattern++;
            }
            break;
        case PROFILE:
            found = *_take(&r, 1) - FIRST_LENGTH;
            /* riot-v9 has no tag. */
            if (found > 1u || (found == 0 && r.bytes[0] != 0xa2u)) {
                r.why = -FCC_E_MANIFEST;
            }
            else {
                profile += found;
                pattern = profile->authentication;
            }
            break;
        case MANIFEST:
            _authenticate(&r, fields[0], fields[1], keys, key_count);
            pattern = _common;
            break;
        case ORDERS:
            pattern = profile->orders;
            break;
        case END:
            /* It ends with the manifest, and that where the envelope does. */
            manifest->vendor = fields[2];
            manifest->class_id = fields[3];
            manifest->digest = fields[4];
            manifest->sequence = numbers[0];
            manifest->size = numbers[1];
            return 0;
        case ALGORITHM:
            want = profile->algorithm;
            /* fall through */
        default:
            if (*_take(&r, 1) != want) {
                r.why = -FCC_E_MANIFEST;
            }
        }
    }
    return -(int)r.why;
}
