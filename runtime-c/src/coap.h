/* SPDX-License-Identifier: MIT */
/* Messages of CoAP (RFC 7252) as far as an update needs them: reading, writing, URLs. Shared by coap.c, coap-url.c and update-coap*.c. */
#pragma once
#include <fcc_update_coap.h>

/* Types, and codes as class << 5 | detail (RFC 7252, 3 and 12.1). */
#define COAP_CON 0u
#define COAP_NON 1u
#define COAP_ACK 2u
#define COAP_RST 3u

#define COAP_EMPTY 0u
#define COAP_GET   1u
#define COAP_POST  2u
#define COAP_PUT   3u
#define COAP_MALFORMED 0xffu /* of a class that is reserved */
#define COAP_CLASS(code) ((code) >> 5)
#define COAP_CODE(class, detail) ((class) << 5 | (detail))
#define COAP_CREATED     COAP_CODE(2u, 1u)
#define COAP_CONTENT     COAP_CODE(2u, 5u)
#define COAP_BAD_REQUEST COAP_CODE(4u, 0u)
#define COAP_BAD_OPTION  COAP_CODE(4u, 2u)
#define COAP_NOT_FOUND   COAP_CODE(4u, 4u)
#define COAP_NOT_ALLOWED COAP_CODE(4u, 5u)
#define COAP_NOT_ACCEPTABLE COAP_CODE(4u, 6u)
#define COAP_CONFLICT    COAP_CODE(4u, 9u)
#define COAP_TOO_LARGE   COAP_CODE(4u, 13u)

/* Options (RFC 7252, 5.10; RFC 7959, 2.1). Odd numbers are critical. */
#define COAP_ETAG      4u
#define COAP_URI_HOST  3u
#define COAP_URI_PORT  7u
#define COAP_URI_PATH  11u
#define COAP_FORMAT    12u
#define COAP_URI_QUERY 15u
#define COAP_ACCEPT    17u
#define COAP_BLOCK2    23u
#define COAP_BLOCK1    27u

#define COAP_HEADER 4u
#define COAP_TOKEN  8u /* longest token */

/* A block option's value: number << 4 | more << 3 | exponent of the size, less 4 (RFC 7959, 2.2). */
#define COAP_MORE 8u
#define COAP_NONE UINT32_MAX /* no such option */

/* A message; pointers lead into its datagram. */
typedef struct {
    const uint8_t *token;
    const uint8_t *etag; /* of etag_length bytes, 0: none */
    const uint8_t *payload;
    const uint8_t *path; /* options of the path from the first one's value on, path_length bytes; 0: none */
    uint32_t payload_length;
    uint32_t path_length;
    uint32_t block1, block2; /* values, or COAP_NONE */
    uint32_t accept;         /* COAP_NONE: anything */
    uint16_t id;
    uint8_t type, code, token_length, etag_length;
    uint8_t unknown; /* 1: has a critical option that this code does not know */
} coap_message_t;

/* Reads a datagram. Returns 1, and if it is malformed, type and id are there and the code is COAP_MALFORMED; 0: no message of this version. */
int fcc_coap_read(coap_message_t *message, const uint8_t *bytes, uint32_t length);

/* A message that is written. Where it does not fit, `length` ends above `room`, and nothing was written behind. */
typedef struct {
    uint8_t *bytes;
    uint32_t room;
    uint32_t length;
    uint32_t option; /* number of the last one */
} coap_writer_t;

void fcc_coap_start(coap_writer_t *to, uint32_t type, uint32_t code, uint32_t id, const uint8_t *token, uint32_t token_length);

/* Options in ascending order. */
void fcc_coap_option(coap_writer_t *to, uint32_t number, const void *value, uint32_t length);

/* The same for a number, in as few bytes as it needs (RFC 7252, 3.2). */
void fcc_coap_number(coap_writer_t *to, uint32_t number, uint32_t value);

/* Marker and payload; nothing if it is empty. */
void fcc_coap_payload(coap_writer_t *to, const void *bytes, uint32_t length);

/* Takes a coap:// URL apart: address into `peer` (its interface is left), path and query into options. 1, or 0: of no use. */
int fcc_coap_url(coap_writer_t *to, fcc_peer_t *peer, const char *url, uint32_t length);

/* Whether bytes are equal. */
int fcc_coap_equal(const void *a, const void *b, uint32_t length);
void fcc_coap_copy(void *to, const void *from, uint32_t length);
