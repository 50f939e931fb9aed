/* SPDX-License-Identifier: MIT */
/*
 * The device's side of an update by CoAP: the client, with one request at a time, and time. A request is kept as it is sent but for its
 * block option, so that its repeats need neither the URL nor the manifest.
 */
#include "update-coap.h"

/* Milliseconds. */
#define LONGEST_PAUSE 1000u
#define SHORT_PAUSE   10u

/* Longest block option: its header, with 23 as difference to no option before it, and a number of 32 bits. */
#define BLOCK_OPTION 6u

FCC_STATIC_ASSERT(FCC_COAP_BLOCK >= 16u && FCC_COAP_BLOCK <= 1024u && (FCC_COAP_BLOCK & (FCC_COAP_BLOCK - 1u)) == 0, "FCC_COAP_BLOCK");
FCC_STATIC_ASSERT(FCC_URI_MAX <= 256u, "FCC_URI_MAX"); /* fcc_coap_option */

/* Numbers that nobody else can know. */
static void _draw(fcc_update_coap_t *coap, uint8_t numbers[FCC_DIGEST_LENGTH])
{
    uint32_t block[5];
    fcc_coap_copy(block, coap->secret, sizeof(coap->secret));
    block[4] = coap->count++;
    fcc_port_sha256(block, sizeof(block), numbers);
}

/*
 * Before anything else is done: draws the first message's id, so that a device that starts again does not repeat the last ones, and notices
 * that the firmware has ended the update, whether or not it began another one.
 */
static void _notice(fcc_update_coap_t *coap)
{
    const fcc_update_t *update = coap->info->update;
    if (coap->count == 0) {
        uint8_t numbers[FCC_DIGEST_LENGTH];
        _draw(coap, numbers);
        coap->id = (uint16_t)(numbers[0] << 8 | numbers[1]);
    }
    if (update->phase != FCC_UPDATE_FETCHING || update->attempts != coap->attempt) {
        coap->phase = PHASE_IDLE;
    }
}

uint32_t fcc_coap_exponent(const fcc_update_coap_t *coap)
{
    uint32_t exponent = 0, most = coap->info->block;
    if (most == 0 || most > FCC_COAP_BLOCK) {
        most = FCC_COAP_BLOCK;
    }
    while (32u << exponent <= most) {
        exponent++;
    }
    return exponent;
}

/* An empty message: acknowledges or refuses the one with this id. */
static void _reply(const fcc_update_coap_t *coap, const fcc_peer_t *to, uint32_t type, uint32_t id)
{
    const uint8_t bytes[COAP_HEADER] = { (uint8_t)(1u << 6 | type << 4), COAP_EMPTY, (uint8_t)(id >> 8), (uint8_t)id };
    coap->info->send(coap->info->context, to, bytes, sizeof(bytes));
}

/* Ends the update. */
static void _fail(fcc_update_coap_t *coap, int status)
{
    coap->phase = PHASE_IDLE;
    fcc_update_cancel(coap->info->update, status);
}

/* Makes the next block's request, which the next poll sends: the token is new, the rest of the request is there. */
static void _ask(fcc_update_coap_t *coap, uint32_t now)
{
    uint8_t numbers[FCC_DIGEST_LENGTH];
    uint32_t timeout = coap->info->ack_timeout;
    if (timeout == 0) {
        timeout = FCC_COAP_ACK_TIMEOUT;
    }
    _draw(coap, numbers);
    fcc_coap_copy(coap->request + COAP_HEADER, numbers, 4);
    coap->timeout = timeout + ((timeout * numbers[4]) >> 9);
    coap->deadline = now;
    coap->tries = 0;
    coap->acknowledged = 1; /* no message of it is under way yet */
}

int fcc_coap_request(fcc_update_coap_t *coap, const char *url, uint32_t length, uint32_t now)
{
    coap_writer_t w;
    w.bytes = coap->request;
    w.room = sizeof(coap->request) - BLOCK_OPTION;
    fcc_coap_start(&w, COAP_CON, COAP_GET, 0, coap->request + COAP_HEADER, 4); /* id and token come later */
    if (!fcc_coap_url(&w, &coap->peer, url, length) || w.length > w.room) {
        return 0;
    }
    /* Other addresses than link-local ones, fe80::/10, are the same everywhere. */
    coap->peer.interface = coap->peer.address[0] == 0xfeu && coap->peer.address[1] >> 6 == 2u ? coap->interface : 0;
    coap->request_length = (uint16_t)w.length;
    coap->last_option = (uint8_t)w.option;
    coap->offset = 0;
    coap->exponent = (uint8_t)fcc_coap_exponent(coap);
    _ask(coap, now);
    return 1;
}

/* Sends the request, for the first time or again. A repeat is the same message, unless the last one was acknowledged. */
static void _send(fcc_update_coap_t *coap, uint32_t now)
{
    coap_writer_t w;
    w.bytes = coap->request;
    w.room = sizeof(coap->request);
    w.length = coap->request_length;
    w.option = coap->last_option;
    if (coap->acknowledged) {
        coap->acknowledged = 0;
        coap->id++;
        coap->request_id = coap->id;
        coap->request[2] = (uint8_t)(coap->id >> 8);
        coap->request[3] = (uint8_t)coap->id;
    }
    fcc_coap_number(&w, COAP_BLOCK2, coap->offset >> (coap->exponent + 4u) << 4 | coap->exponent);
    coap->tries++;
    coap->deadline = now + coap->timeout;
    coap->timeout *= 2u;
    coap->info->send(coap->info->context, &coap->peer, coap->request, w.length);
}

/* A manifest that is complete; the engine has all of it but the URL when this is over. */
static void _begin(fcc_update_coap_t *coap, uint32_t length, uint32_t now)
{
    fcc_manifest_t manifest;
    coap->phase = PHASE_IDLE;
    if (fcc_update_begin(coap->info->update, &manifest, coap->manifest, length) != 0) {
        return;
    }
    if (!fcc_coap_request(coap, manifest.uri, manifest.uri_length, now)) {
        _fail(coap, FCC_E_FETCH);
        return;
    }
    coap->phase = PHASE_IMAGE;
    coap->limit = now + FCC_COAP_IMAGE_TIME;
}

/* The answer to the request: 0, or FCC_E_.... for one that does not fit. */
static int _block(fcc_update_coap_t *coap, const coap_message_t *m, int *is_last)
{
    uint32_t block = m->block2, length = m->payload_length;
    *is_last = 1;
    if (m->code != COAP_CONTENT) {
        return FCC_E_FETCH;
    }
    if (block != COAP_NONE) {
        /* The server may make blocks smaller, never larger (RFC 7959, 2.4): 7, which is none, is larger. */
        uint32_t exponent = block & 7u, size = 16u << exponent;
        *is_last = (block & COAP_MORE) == 0;
        if (exponent > coap->exponent || (block >> 4) * size != coap->offset || (*is_last ? length > size : length != size)) {
            return FCC_E_FETCH;
        }
        coap->exponent = (uint8_t)exponent;
    }
    else if (coap->offset != 0) {
        return FCC_E_FETCH;
    }
    /* Of another state of the resource. */
    if (coap->offset == 0) {
        coap->etag_length = m->etag_length;
        fcc_coap_copy(coap->etag, m->etag, m->etag_length);
    }
    else if (m->etag_length != 0
             && (m->etag_length != coap->etag_length || !fcc_coap_equal(m->etag, coap->etag, m->etag_length))) {
        return FCC_E_FETCH;
    }
    return 0;
}

static void _take(fcc_update_coap_t *coap, const coap_message_t *m, uint32_t now)
{
    int is_last;
    int status = _block(coap, m, &is_last);
    uint32_t length = m->payload_length;
    if (status == 0) {
        if (coap->phase == PHASE_MANIFEST) {
            status = length > sizeof(coap->manifest) - coap->offset ? FCC_E_LIMIT : 0;
        }
        else if (is_last && coap->offset + length < coap->info->update->size) {
            status = FCC_E_TRUNCATED;
        }
    }
    if (status != 0) {
        _fail(coap, status);
        return;
    }
    if (coap->phase == PHASE_MANIFEST) {
        fcc_coap_copy(coap->manifest + coap->offset, m->payload, length);
    }
    else if (fcc_update_write(coap->info->update, coap->offset, m->payload, length) != 0) {
        coap->phase = PHASE_IDLE;
        return;
    }
    coap->offset += length;
    if (!is_last) {
        _ask(coap, now);
    }
    else if (coap->phase == PHASE_MANIFEST) {
        _begin(coap, coap->offset, now);
    }
    else {
        coap->phase = PHASE_FINISH;
        coap->deadline = now + FCC_COAP_BUSY;
    }
}

/*
 * An answer, or an empty or malformed message. It must come from who was asked. What comes with an acknowledgement has the request's id and
 * token, what comes by itself has the token (RFC 7252, 5.3.2). What is not for us is refused if it wants to be acknowledged, else passed by.
 * So is a refusal, which is as good as silence: it has nothing but an id, which is easily guessed.
 */
static APART void _hear(fcc_update_coap_t *coap, const fcc_peer_t *from, const coap_message_t *m, uint32_t now)
{
    int is_asked = (coap->phase == PHASE_MANIFEST || coap->phase == PHASE_IMAGE)
                   && fcc_coap_equal(from, &coap->peer, sizeof(*from));
    int has_id = is_asked && m->id == coap->request_id && !coap->acknowledged;
    int is_answer = is_asked && COAP_CLASS(m->code) - 2u <= 3u && m->token_length == 4u
                    && fcc_coap_equal(m->token, coap->request + COAP_HEADER, 4) && !m->unknown;
    if (m->type == COAP_CON) {
        _reply(coap, from, is_answer ? COAP_ACK : COAP_RST, m->id);
    }
    else if (m->type != COAP_NON && !has_id) {
        return;
    }
    if (is_answer && m->type != COAP_RST) {
        _take(coap, m, now);
    }
    else if (m->code == COAP_EMPTY && m->type == COAP_ACK) {
        /* The answer will come by itself. If it does not, the block is asked for again. */
        coap->acknowledged = 1;
        coap->deadline = now + coap->timeout;
    }
}

void fcc_update_coap_receive(fcc_update_coap_t *coap, const fcc_peer_t *from, const void *bytes, uint32_t length, uint32_t now)
{
    coap_message_t m;
    if (!fcc_coap_read(&m, bytes, length)) {
        return;
    }
    _notice(coap);
    if (m.code != COAP_EMPTY && COAP_CLASS(m.code) == 0 && m.type <= COAP_NON) {
        fcc_coap_serve(coap, from, &m, now);
    }
    else {
        _hear(coap, from, &m, now);
    }
}

uint32_t fcc_update_coap_poll(fcc_update_coap_t *coap, uint32_t now)
{
    fcc_update_t *update = coap->info->update;
    _notice(coap);
    fcc_update_poll(update);
    for (uint32_t i = 0; i < FCC_COAP_TRIGGERS; i++) {
        if (now - coap->triggers[i].time >= FCC_COAP_LIFETIME) {
            coap->triggers[i].attempt = 0;
        }
    }
    if (coap->phase == PHASE_FINISH) {
        if (fcc_update_finish(update) != FCC_E_BUSY) {
            coap->phase = PHASE_IDLE;
        }
        else if ((int32_t)(now - coap->deadline) >= 0) {
            _fail(coap, FCC_E_BUSY);
        }
        else {
            return SHORT_PAUSE;
        }
    }
    if (coap->phase == PHASE_IDLE) {
        return LONGEST_PAUSE;
    }
    int is_late = (int32_t)(now - coap->deadline) >= 0;
    if ((int32_t)(now - coap->limit) >= 0 || (is_late && coap->tries > FCC_COAP_RETRANSMIT)) {
        _fail(coap, FCC_E_FETCH);
        return LONGEST_PAUSE;
    }
    if (is_late) {
        _send(coap, now);
    }
    uint32_t left = coap->deadline - now;
    return left < LONGEST_PAUSE ? left : LONGEST_PAUSE;
}
