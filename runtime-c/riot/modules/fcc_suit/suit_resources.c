/* SPDX-License-Identifier: MIT */
/* What `fcc push` talks to. nanocoap calls it from one thread, one request after the other. */
#include <string.h>
#include "suit_internal.h"
#include "fmt.h"
#include "net/nanocoap.h"
#include "net/nanocoap_sock.h"
#include "ztimer.h"

/* The report as it was when its first block was asked for: numbers in it change, and so would its length. Its blocks have one entity tag. */
static char _report[CONFIG_FCC_SUIT_REPORT];
static uint32_t _length;
static uint32_t _tag;

static void _make_report(void)
{
    fcc_suit_lock();
    fcc_update_poll(fcc_suit_update); /* the thread that does it may be fetching */
    _length = fcc_update_report(fcc_suit_update, _report, sizeof(_report));
    fcc_suit_unlock();
    if (_length > sizeof(_report)) {
        /* Cut behind a line: what is left of a number would be another one. */
        _length = sizeof(_report);
        while (_length != 0 && _report[_length - 1u] != '\n') {
            _length--;
        }
    }
    _tag = fcc_crc32(0, _report, _length);
}

static ssize_t _update(coap_pkt_t *request, uint8_t *buf, size_t length, coap_request_ctx_t *context)
{
    (void)context;
    coap_builder_t builder;
    coap_block_slicer_t slicer;
    if (fcc_suit_update == NULL) {
        return coap_reply_simple(request, COAP_CODE_SERVICE_UNAVAILABLE, buf, length, COAP_FORMAT_NONE, NULL, 0);
    }
    int status = coap_block2_init(request, &slicer);
    if (status == 0) {
        status = coap_builder_init_reply(&builder, buf, length, request, COAP_CODE_CONTENT);
    }
    if (status != 0) {
        return status;
    }
    if (slicer.start == 0) {
        _make_report();
    }
    coap_opt_put(&builder, COAP_OPT_ETAG, &_tag, sizeof(_tag));
    coap_opt_put_ct(&builder, COAP_FORMAT_TEXT);
    coap_opt_put_block2(&builder, &slicer);
    coap_builder_add_payload_marker(&builder);
    status = coap_blockwise_put_bytes(&builder, &slicer, _report, _length);
    if (status != 0) {
        return status; /* CONFIG_NANOCOAP_BLOCK_SIZE_MAX is too much for the server's buffer */
    }
    coap_block2_finish(&slicer);
    return coap_builder_msg_size(&builder);
}

/*
 * A request that comes twice, as its answer was lost, gets the answer of the first (RFC 7252, section 4.5): nanocoap's server does not
 * know that it had it. One is remembered, which is enough: while its update runs, others are refused. Later the same number is another
 * request (EXCHANGE_LIFETIME, section 4.8.2).
 */
#define LIFETIME_MS 247000u
static struct {
    sock_udp_ep_t remote;
    uint16_t id;
    uint32_t number;
    uint32_t time;
} _last;

static int _is_last(const sock_udp_ep_t *remote, uint16_t id)
{
    return _last.number != 0 && ztimer_now(ZTIMER_MSEC) - _last.time < LIFETIME_MS && _last.id == id && _last.remote.port == remote->port
           && memcmp(&_last.remote.addr, &remote->addr, sizeof(remote->addr)) == 0;
}

static unsigned _accept(coap_pkt_t *request, const sock_udp_ep_t *remote)
{
    if (fcc_suit_update == NULL || remote == NULL) {
        return COAP_CODE_SERVICE_UNAVAILABLE;
    }
    static const char scheme[] = "coap://";
    const char *url = (const char *)request->payload;
    size_t length = request->payload_len;
    if (_is_last(remote, coap_get_id(request))) {
        return COAP_CODE_CREATED;
    }
    if (length >= FCC_URI_MAX) {
        return COAP_CODE_REQUEST_ENTITY_TOO_LARGE;
    }
    if (length < sizeof(scheme) || memcmp(url, scheme, sizeof(scheme) - 1u) != 0 || memchr(url, '\0', length) != NULL) {
        return COAP_CODE_BAD_REQUEST;
    }
    uint32_t number = fcc_suit_trigger(url, (uint32_t)length);
    if (number == 0) {
        return COAP_CODE_CONFLICT;
    }
    _last.number = number;
    _last.time = ztimer_now(ZTIMER_MSEC);
    _last.id = coap_get_id(request);
    _last.remote = *remote;
    return COAP_CODE_CREATED;
}

static ssize_t _trigger(coap_pkt_t *request, uint8_t *buf, size_t length, coap_request_ctx_t *context)
{
    char digits[10];
    unsigned code = _accept(request, coap_request_ctx_get_remote_udp(context));
    size_t count = code == COAP_CODE_CREATED ? fmt_u32_dec(digits, _last.number) : 0;
    return coap_reply_simple(request, code, buf, length, count != 0 ? COAP_FORMAT_TEXT : COAP_FORMAT_NONE, digits, count);
}

NANOCOAP_RESOURCE(fcc_update) { .path = "/fcc/update", .methods = COAP_GET, .handler = _update };
NANOCOAP_RESOURCE(fcc_suit_trigger) { .path = "/suit/trigger", .methods = COAP_POST | COAP_PUT, .handler = _trigger };
