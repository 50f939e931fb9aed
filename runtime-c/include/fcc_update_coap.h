/* SPDX-License-Identifier: MIT */
/**
 * Updates by CoAP (RFC 7252, block-wise by RFC 7959), over whatever carries datagrams: told by a URL, the device fetches manifest and image and gives
 * them to the engine of fcc_update.h.
 *
 *     POST /suit/trigger   payload: URL of a manifest. 2.01: payload is the attempt's number; 4.00: a URL of no use; 4.09: another update is
 *                          fetched; 4.13: longer than FCC_URI_MAX - 1
 *     GET /fcc/update      the report (fcc_update_report), by blocks
 *
 * URLs are coap://[IPv6]:port/path?query or coap://IPv4:port/path?query; there is no name service.
 *
 * Whoever can send datagrams to the device can make it ask somebody for a manifest; what is installed is decided by its signature. A firmware that
 * wants less hands on only datagrams of senders that it knows.
 */
#pragma once
#include <fcc_update.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of the largest block, asked for or sent: 16, 32, ... 1024. An answer is written on the stack: 32 bytes and this. */
#ifndef FCC_COAP_BLOCK
#define FCC_COAP_BLOCK 64u
#endif

/** Milliseconds until a request is sent again, up to half as much more by chance, doubled every time; and how often (RFC 7252, 4.8). */
#ifndef FCC_COAP_ACK_TIMEOUT
#define FCC_COAP_ACK_TIMEOUT 2000u
#endif
#ifndef FCC_COAP_RETRANSMIT
#define FCC_COAP_RETRANSMIT 4u
#endif

/** So many triggers are remembered, a power of 2, so that one that arrives twice is one; for so many milliseconds (EXCHANGE_LIFETIME). */
#ifndef FCC_COAP_TRIGGERS
#define FCC_COAP_TRIGGERS 2u
#endif
#define FCC_COAP_LIFETIME 247000u

/**
 * Milliseconds that fetching may take at most: a manifest, which may be anybody's, and an image. A server that answers late each time would keep the
 * device from all other updates. Slow networks and large images want more.
 */
#ifndef FCC_COAP_MANIFEST_TIME
#define FCC_COAP_MANIFEST_TIME 100000u
#endif
#ifndef FCC_COAP_IMAGE_TIME
#define FCC_COAP_IMAGE_TIME 600000u
#endif

/** Milliseconds that an image waits for the end of the run of the one that it replaces. */
#ifndef FCC_COAP_BUSY
#define FCC_COAP_BUSY 10000u
#endif

/** Who a datagram is from, or for. All of it is compared. */
typedef struct {
    uint8_t address[16]; /* IPv6; IPv4 is ::ffff:a.b.c.d */
    uint32_t interface;  /* of link-local addresses, in the firmware's own numbers; else 0. URLs mean that of who sent the trigger */
    uint16_t port;
    uint16_t zero;
} fcc_peer_t;

/** What the firmware brings. Constant. */
typedef struct {
    fcc_update_t *update;
    void (*send)(void *context, const fcc_peer_t *to, const void *bytes, uint32_t length); /* may fail: that is a loss */
    void *context;
    char *report; /* room for the report; a longer one is cut behind a line */
    uint32_t report_length;
    uint16_t ack_timeout; /* 0: FCC_COAP_ACK_TIMEOUT */
    uint16_t block;       /* 16, 32, ... FCC_COAP_BLOCK; 0: FCC_COAP_BLOCK */
} fcc_update_coap_info_t;

/** A trigger that was taken. */
typedef struct {
    fcc_peer_t peer;
    uint32_t time;
    uint32_t id;      /* of its message */
    uint32_t attempt; /* 0: none */
} fcc_coap_trigger_t;

/**
 * Starts as { .info = ..., .secret = ... }. `secret` must be bytes that nobody can know and that are others at every start: tokens,
 * which tell answers from what others send, and the pauses between repeats come from it by SHA-256.
 */
typedef struct {
    const fcc_update_coap_info_t *info;
    uint32_t secret[4];
    uint32_t count;         /* numbers made of it */
    fcc_peer_t peer;        /* who is asked */
    uint32_t interface;     /* that the trigger came by */
    uint32_t deadline;      /* when it is asked again */
    uint32_t timeout;
    uint32_t limit;         /* when no more is asked */
    uint32_t attempt;       /* the update's number */
    uint32_t offset;        /* of the block that is asked for */
    uint32_t report_length; /* of the text that is there; 0: none */
    uint16_t id;            /* of the last message */
    uint16_t request_id;
    uint16_t request_length; /* without the block option */
    uint8_t last_option;     /* of them */
    uint8_t phase;
    uint8_t tries;          /* of this block */
    uint8_t acknowledged;   /* the answer comes by itself */
    uint8_t exponent;       /* of the block size, less 4 */
    uint8_t etag_length;
    uint8_t etag[8];
    fcc_coap_trigger_t triggers[FCC_COAP_TRIGGERS];
    uint8_t request[FCC_URI_MAX + 28u]; /* path and query take at most 9 bytes more than in the URL */
    uint8_t manifest[FCC_MANIFEST_MAX];
} fcc_update_coap_t;

/** Takes a datagram, complete and unchanged, at the time `now` in milliseconds, which may wrap around. Call fcc_update_coap_poll after it. */
void fcc_update_coap_receive(fcc_update_coap_t *coap, const fcc_peer_t *from, const void *bytes, uint32_t length, uint32_t now);

/**
 * Sends what is to be sent, ends what has failed, and calls fcc_update_poll. Returns the milliseconds, at most 1000, after which it
 * is to be called again even if no datagram came.
 */
uint32_t fcc_update_coap_poll(fcc_update_coap_t *coap, uint32_t now);

#ifdef __cplusplus
}
#endif
