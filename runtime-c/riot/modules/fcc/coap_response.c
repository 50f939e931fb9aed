/* SPDX-License-Identifier: MIT */
/* Helpers by which containers answer CoAP requests, on nanocoap. The state of a response is the firmware's, out of the container's reach. */
#include <errno.h>
#include <string.h>
#include "fcc_riot.h"
#include "mutex.h"

#define CONTENT_FORMAT 12u /* option number, RFC 7252 5.10 */
#define PAYLOAD_MARKER 0xffu

/* The request that is being answered. Only one: the response buffer is granted to the containers when they are installed. */
static struct {
    const void *context; /* NULL: none */
    coap_pkt_t *request;
    uint8_t *pdu;
    uint32_t length;
    uint32_t header; /* bytes of it so far; 0: not started */
    uint32_t base;   /* bytes of header and token */
    uint8_t code;
    uint8_t unwanted; /* the client wants no response of this class (RFC 7967) */
} _call;
static mutex_t _busy = MUTEX_INIT;

/* Ends containers that were not started by fcc_riot_coap_run, or with another context. */
static void _check(fcc_instance_t *instance, const void *context, uint32_t started)
{
    if (_call.context == NULL || context != _call.context || _call.header < started) {
        fcc_abort(instance, FCC_TRAP_HELPER);
    }
}

/* Room for `size` more bytes of header. */
static uint8_t *_more(fcc_instance_t *instance, uint32_t size)
{
    if (size > _call.length - _call.header) {
        fcc_abort(instance, FCC_TRAP_MEMORY);
    }
    uint8_t *at = _call.pdu + _call.header;
    _call.header += size;
    return at;
}

int32_t fcc_helper_gcoap_resp_init(fcc_instance_t *instance, void *ctx, uint32_t code)
{
    _check(instance, ctx, 0);
    /* nanocoap takes the code's class for granted: responses are of classes 2, 4 and 5. */
    if (code < coap_code(2, 0) || code > coap_code(5, 31)) {
        fcc_abort(instance, FCC_TRAP_HELPER);
    }
    ssize_t header = coap_build_reply(_call.request, code, _call.pdu, _call.length, 0);
    if (header == -ENOSPC) {
        fcc_abort(instance, FCC_TRAP_MEMORY);
    }
    if (header < 0) {
        _call.unwanted = 1;
        return (int32_t)header;
    }
    _call.code = (uint8_t)code;
    _call.base = (uint32_t)header;
    _call.header = (uint32_t)header;
    return (int32_t)header;
}

int32_t fcc_helper_coap_opt_finish(fcc_instance_t *instance, void *ctx, uint32_t flags)
{
    _check(instance, ctx, 1);
    if (flags == COAP_OPT_FINISH_PAYLOAD) {
        *_more(instance, 1) = PAYLOAD_MARKER;
    }
    return (int32_t)_call.header;
}

int32_t fcc_helper_coap_add_format(fcc_instance_t *instance, void *ctx, uint32_t format)
{
    _check(instance, ctx, 1);
    uint32_t size = format == 0 ? 0 : format < 0x100u ? 1 : 2;
    uint8_t *at = _more(instance, 1 + size);
    at[0] = (uint8_t)(CONTENT_FORMAT << 4 | size); /* the first option: its number is the difference to 0 */
    for (uint32_t i = 0; i < size; i++) {
        at[1 + i] = (uint8_t)(format >> (8 * (size - 1 - i)));
    }
    return (int32_t)(1 + size);
}

void *fcc_helper_coap_get_pdu(fcc_instance_t *instance, void *ctx)
{
    _check(instance, ctx, 0);
    /* Exactly the granted region: the compiler relies on it. */
    return _call.pdu;
}

ssize_t fcc_riot_coap_run(fcc_hook_t *hook, uint32_t pdu, void *context, uint32_t context_length, coap_pkt_t *request, uint8_t *buf,
                          size_t length)
{
    const fcc_grant_t *grant = &hook->info->grants[pdu];
    int64_t result = -1;
    mutex_lock(&_busy);
    _call.request = request;
    _call.pdu = grant->base;
    _call.length = grant->length;
    _call.header = 0;
    _call.unwanted = 0;
    _call.context = context;
    uint32_t ended = fcc_hook_run(hook, context, context_length, &result);
    _call.context = NULL;
    ssize_t made = _call.unwanted ? -ECANCELED : 0;
    if (ended != 0 && _call.header != 0 && result >= (int64_t)_call.base && result <= (int64_t)_call.length && (uint64_t)result <= length) {
        /* The container may have written over the header in its buffer: this one is its request's. */
        made = coap_build_reply(request, _call.code, buf, length, 0);
        if (made == (ssize_t)_call.base) {
            memcpy(buf + made, _call.pdu + made, (size_t)result - (size_t)made);
            made = (ssize_t)result;
        }
    }
    mutex_unlock(&_busy);
    return made != 0 ? made : coap_reply_simple(request, COAP_CODE_INTERNAL_SERVER_ERROR, buf, length, COAP_FORMAT_NONE, NULL, 0);
}
