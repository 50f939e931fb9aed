/* SPDX-License-Identifier: MIT */
/* Messages of CoAP (RFC 7252, section 3) and coap:// URLs (section 6): every length is compared before anything is read. */
#include "coap.h"

int fcc_coap_equal(const void *a, const void *b, uint32_t length)
{
    const uint8_t *x = a, *y = b;
    while (length != 0 && *x == *y) {
        x++;
        y++;
        length--;
    }
    return length == 0;
}

void fcc_coap_copy(void *to, const void *from, uint32_t length)
{
    uint8_t *x = to;
    const uint8_t *y = from;
    while (length-- != 0) {
        *x++ = *y++;
    }
}

/* A nibble's extension (section 3.1). Returns what is behind it, or NULL. */
static const uint8_t *_extend(uint32_t *n, const uint8_t *at, const uint8_t *end)
{
    uint32_t extra = *n < 13u ? 0 : *n - 12u; /* bytes */
    if (extra == 3u || (uint32_t)(end - at) < extra) {
        return NULL;
    }
    if (extra == 1u) {
        *n = 13u + at[0];
    }
    else if (extra == 2u) {
        *n = 269u + ((uint32_t)at[0] << 8 | at[1]);
    }
    return at + extra;
}

/* Critical options that are known, as bits. There is one host here, and nothing to be asked of it. */
#define KNOWN                                                                                                          \
    (1u << COAP_URI_HOST | 1u << COAP_URI_PORT | 1u << COAP_URI_PATH | 1u << COAP_URI_QUERY | 1u << COAP_ACCEPT         \
     | 1u << COAP_BLOCK2 | 1u << COAP_BLOCK1)

/* Keeps an option. What does not fit is as good as unknown (section 5.4.3), and so is a second one of what may be there once (5.4.5). */
static void _take(coap_message_t *m, uint32_t number, const uint8_t *value, uint32_t length)
{
    uint32_t *place = number == COAP_BLOCK2 ? &m->block2 : number == COAP_BLOCK1 ? &m->block1 : &m->accept;
    if ((number & 1u) == 0) {
        if (number == COAP_ETAG && length - 1u < sizeof(((fcc_update_coap_t *)0)->etag)) {
            m->etag = value;
            m->etag_length = (uint8_t)length;
        }
    }
    else if (number > 31u || (KNOWN >> number & 1u) == 0) {
        m->unknown = 1;
    }
    else if (number == COAP_URI_PATH) {
        if (m->path == NULL) {
            m->path = value;
        }
        m->path_length = (uint32_t)(value + length - m->path);
    }
    else if (number >= COAP_ACCEPT) {
        if (*place != COAP_NONE || length > 3u) {
            m->unknown = 1;
            return;
        }
        for (*place = 0; length != 0; length--) {
            *place = *place << 8 | *value++;
        }
    }
}

/* Token, options and payload. 1, or 0: malformed. */
static int _read_rest(coap_message_t *m, const uint8_t *at, const uint8_t *end)
{
    uint32_t number = 0;
    if (m->code == COAP_EMPTY) {
        return at == end && m->token_length == 0;
    }
    if (m->token_length > COAP_TOKEN || m->token_length > (uint32_t)(end - at)) {
        return 0;
    }
    at += m->token_length;
    while (at != end) {
        uint32_t delta = *at >> 4, size = *at & 15u;
        if (*at++ == 0xffu) {
            m->payload = at;
            m->payload_length = (uint32_t)(end - at);
            return at != end;
        }
        at = _extend(&delta, at, end);
        if (at != NULL) {
            at = _extend(&size, at, end);
        }
        number += delta;
        if (at == NULL || size > (uint32_t)(end - at) || number > UINT16_MAX) {
            return 0;
        }
        _take(m, number, at, size);
        at += size;
    }
    return 1;
}

int fcc_coap_read(coap_message_t *m, const uint8_t *bytes, uint32_t length)
{
    if (length < COAP_HEADER || bytes[0] >> 6 != 1u) {
        return 0;
    }
    const uint8_t *at = bytes + COAP_HEADER, *end = bytes + length;
    m->token = m->etag = at;
    m->payload = end;
    m->path = NULL;
    m->payload_length = m->path_length = 0;
    m->block1 = m->block2 = m->accept = COAP_NONE;
    m->id = (uint16_t)(bytes[2] << 8 | bytes[3]);
    m->type = bytes[0] >> 4 & 3u;
    m->code = bytes[1];
    m->token_length = bytes[0] & 15u;
    m->etag_length = m->unknown = 0;
    if (!_read_rest(m, at, end)) {
        m->code = COAP_MALFORMED;
    }
    return 1;
}

static void _put(coap_writer_t *to, uint32_t byte)
{
    if (to->length < to->room) {
        to->bytes[to->length] = (uint8_t)byte;
    }
    to->length++;
}

static void _put_all(coap_writer_t *to, const void *bytes, uint32_t length)
{
    const uint8_t *at = bytes;
    while (length-- != 0) {
        _put(to, *at++);
    }
}

void fcc_coap_start(coap_writer_t *to, uint32_t type, uint32_t code, uint32_t id, const uint8_t *token, uint32_t token_length)
{
    to->length = 0;
    to->option = 0;
    _put(to, 1u << 6 | type << 4 | token_length);
    _put(to, code);
    _put(to, id >> 8);
    _put(to, id);
    _put_all(to, token, token_length);
}

/* Deltas here are below 28, and values below 13 + 256 bytes. */
void fcc_coap_option(coap_writer_t *to, uint32_t number, const void *value, uint32_t length)
{
    uint32_t delta = number - to->option;
    to->option = number;
    _put(to, (delta < 13u ? delta : 13u) << 4 | (length < 13u ? length : 13u));
    if (delta >= 13u) {
        _put(to, delta - 13u);
    }
    if (length >= 13u) {
        _put(to, length - 13u);
    }
    _put_all(to, value, length);
}

void fcc_coap_number(coap_writer_t *to, uint32_t number, uint32_t value)
{
    uint8_t bytes[4];
    uint32_t length = 0;
    for (uint32_t shift = 32; shift != 0;) {
        shift -= 8u;
        if (length != 0 || value >> shift != 0) {
            bytes[length++] = (uint8_t)(value >> shift);
        }
    }
    fcc_coap_option(to, number, bytes, length);
}

void fcc_coap_payload(coap_writer_t *to, const void *bytes, uint32_t length)
{
    if (length != 0) {
        _put(to, 0xffu);
        _put_all(to, bytes, length);
    }
}
