/* SPDX-License-Identifier: MIT */
/* The device's side of an update by CoAP: the server, with two resources, trigger and report. */
#include "update-coap.h"

/* Answers, whose header gets its code last: header, token, entity tag, format, two block options and the marker. */
#define ANSWER_HEAD (COAP_HEADER + COAP_TOKEN + 5u + 2u + 4u + 3u + 1u)

FCC_STATIC_ASSERT(FCC_COAP_TRIGGERS != 0 && (FCC_COAP_TRIGGERS & (FCC_COAP_TRIGGERS - 1u)) == 0, "FCC_COAP_TRIGGERS");

static const uint8_t TRIGGER[] = "\4suit\7trigger";
static const uint8_t REPORT[] = "\3fcc\6update";

/* Number of an attempt, as text. */
static void _put_number(coap_writer_t *to, uint32_t n)
{
    char text[10], *at = text + sizeof(text);
    do {
        *--at = (char)('0' + n % 10u);
        n /= 10u;
    } while (n != 0);
    fcc_coap_payload(to, at, (uint32_t)(text + sizeof(text) - at));
}

static uint32_t _trigger(fcc_update_coap_t *coap, const fcc_peer_t *from, const coap_message_t *m, uint32_t now, coap_writer_t *to)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < FCC_COAP_TRIGGERS; i++) {
        if (coap->triggers[i].id == m->id && fcc_coap_equal(&coap->triggers[i].peer, from, sizeof(*from))) {
            number = coap->triggers[i].attempt;
        }
    }
    if (number == 0) {
        /* One block is all there is. */
        if (m->payload_length >= FCC_URI_MAX || (m->block1 != COAP_NONE && m->block1 > 7u)) {
            return COAP_TOO_LARGE;
        }
        if (coap->phase != PHASE_IDLE) {
            return COAP_CONFLICT;
        }
        coap->interface = from->interface;
        if (!fcc_coap_request(coap, (const char *)m->payload, m->payload_length, now)) {
            return COAP_BAD_REQUEST;
        }
        number = fcc_update_attempt(coap->info->update);
        if (number == 0) {
            return COAP_CONFLICT;
        }
        coap->phase = PHASE_MANIFEST;
        coap->attempt = number;
        coap->limit = now + FCC_COAP_MANIFEST_TIME;
        fcc_coap_trigger_t *seen = &coap->triggers[number & (FCC_COAP_TRIGGERS - 1u)];
        fcc_coap_copy(&seen->peer, from, sizeof(*from));
        seen->time = now;
        seen->id = m->id;
        seen->attempt = number;
    }
    fcc_coap_option(to, COAP_FORMAT, NULL, 0);
    if (m->block1 != COAP_NONE) {
        fcc_coap_number(to, COAP_BLOCK1, m->block1);
    }
    _put_number(to, number);
    return COAP_CREATED;
}

/* The text is made for its first block; the others are of the same one, which the entity tag tells. */
static uint32_t _report(fcc_update_coap_t *coap, const coap_message_t *m, coap_writer_t *to)
{
    const fcc_update_coap_info_t *info = coap->info;
    uint32_t own = fcc_coap_exponent(coap), block = m->block2 == COAP_NONE ? own : m->block2;
    uint32_t offset = (block >> 4) << ((block & 7u) + 4u);
    if ((block & 7u) == 7u) {
        return COAP_BAD_REQUEST;
    }
    if (own > (block & 7u)) {
        own = block & 7u;
    }
    uint32_t size = 16u << own;
    if (offset == 0 || coap->report_length == 0) {
        uint32_t all = fcc_update_report(info->update, info->report, info->report_length);
        if (all > info->report_length) {
            all = info->report_length;
            while (all != 0 && info->report[all - 1u] != '\n') {
                all--;
            }
        }
        coap->report_length = all;
    }
    if (offset >= coap->report_length && offset != 0) {
        return COAP_BAD_REQUEST;
    }
    uint32_t crc = fcc_crc32(0, info->report, coap->report_length);
    uint32_t length = coap->report_length - offset, more = 0;
    if (length > size) {
        length = size;
        more = COAP_MORE;
    }
    fcc_coap_option(to, COAP_ETAG, &crc, sizeof(crc));
    fcc_coap_option(to, COAP_FORMAT, NULL, 0);
    fcc_coap_number(to, COAP_BLOCK2, offset >> own | more | own);
    fcc_coap_payload(to, info->report + offset, length);
    return COAP_CONTENT;
}

/*
 * Whether a path is that of a message: as its options have it, each segment behind its length. Options are in ascending order, so that those
 * of the path follow each other; a length below 13 has one form only, in the byte right before the segment, with a delta of 0 but for
 * the first.
 */
static int _is_path(const coap_message_t *m, const uint8_t *path, uint32_t length)
{
    return m->path_length == length - 1u && (m->path[-1] & 15u) == path[0] && fcc_coap_equal(m->path, path + 1, length - 1u);
}

static uint32_t _serve_path(fcc_update_coap_t *coap, const fcc_peer_t *from, const coap_message_t *m, uint32_t now,
                            coap_writer_t *to)
{
    int is_trigger = _is_path(m, TRIGGER, sizeof(TRIGGER) - 1u);
    if (!is_trigger && !_is_path(m, REPORT, sizeof(REPORT) - 1u)) {
        return COAP_NOT_FOUND;
    }
    if (is_trigger ? m->code != COAP_POST && m->code != COAP_PUT : m->code != COAP_GET) {
        return COAP_NOT_ALLOWED;
    }
    if (m->accept != 0 && m->accept != COAP_NONE) {
        return COAP_NOT_ACCEPTABLE; /* all is plain text, 0 */
    }
    return is_trigger ? _trigger(coap, from, m, now, to) : _report(coap, m, to);
}

void fcc_coap_serve(fcc_update_coap_t *coap, const fcc_peer_t *from, const coap_message_t *m, uint32_t now)
{
    uint8_t bytes[ANSWER_HEAD + FCC_COAP_BLOCK];
    coap_writer_t w;
    w.bytes = bytes;
    w.room = sizeof(bytes);
    uint32_t type = COAP_ACK, id = m->id, code = COAP_BAD_OPTION;
    if (m->type == COAP_NON) {
        if (m->unknown) {
            return; /* section 5.4.1 */
        }
        type = COAP_NON;
        id = ++coap->id;
    }
    fcc_coap_start(&w, type, 0, id, m->token, m->token_length);
    if (!m->unknown) {
        code = _serve_path(coap, from, m, now, &w);
    }
    bytes[1] = (uint8_t)code;
    coap->info->send(coap->info->context, from, bytes, w.length);
}
