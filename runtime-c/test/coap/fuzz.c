/* SPDX-License-Identifier: MIT */
/*
 * Datagrams from a fuzzer. An input is a row of events: a byte says which, arguments follow. Datagrams may be made to fit what is under way (peer,
 * id, token), else none would get further than that. After each event: what was sent is well-formed and not too much, and blocks arrive
 * in order; at the end the device still answers, and takes a trigger once what is under way has timed out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/coap.h"
#include "world.h"

#define EXPECT(claim)                                                                                                  \
    do {                                                                                                               \
        if (!(claim)) {                                                                                                \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static fcc_update_coap_info_t info;
static fcc_update_coap_t coap;
static char report[128];
static uint32_t sent, requests, now, finished;
static uint8_t last[2048];
static uint32_t last_length;
static fcc_peer_t last_to;

/* The bytes of the input. */
static const uint8_t *at, *end;

static uint32_t _byte(void)
{
    return at != end ? *at++ : 0;
}

void world_say(const char *format, ...)
{
    finished += format[0] == 'f'; /* "finish" */
}

static void _send(void *context, const fcc_peer_t *to, const void *bytes, uint32_t length)
{
    coap_message_t m;
    (void)context;
    EXPECT(length <= 36u + FCC_COAP_BLOCK || length <= sizeof(coap.request));
    EXPECT(fcc_coap_read(&m, bytes, length) && m.code != COAP_MALFORMED);
    EXPECT(!m.unknown);
    sent++;
    if (m.code == COAP_GET) {
        requests++;
        EXPECT(m.type == COAP_CON && m.token_length == 4u);
        EXPECT(m.block2 != COAP_NONE && (m.block2 & 15u) <= 6u);
        EXPECT(world_update.phase == FCC_UPDATE_FETCHING);
    }
    memcpy(last, bytes, length);
    last_length = length;
    last_to = *to;
}

/* Makes a datagram an answer to the request that is under way. `how`: bits 0 and 1 its type; 2: block that fits; 3: code that fits. */
static uint32_t _fit(uint8_t *bytes, uint32_t how, uint32_t length)
{
    uint8_t content[1200];
    coap_writer_t w = { .bytes = bytes, .room = 2000 };
    uint32_t type = how & 3u, size = 16u << coap.exponent, is_last = how >> 4 & 1u;
    if (length > sizeof(content)) {
        length = sizeof(content);
    }
    if (!is_last && (how & 4u) != 0) {
        length = size;
    }
    for (uint32_t i = 0; i < length; i++) {
        content[i] = (uint8_t)_byte();
    }
    /* A manifest is a URL here: now and then one that is of use. */
    if (coap.phase == 1u && is_last && (how & 0x20u) != 0) {
        static const char url[] = "coap://[::2]:7/i?a";
        length = sizeof(url) - 1u < size ? sizeof(url) - 1u : size;
        memcpy(content, url, length);
    }
    if (coap.phase == 2u && is_last && (how & 0x20u) != 0) {
        length = world_update.size - coap.offset < size ? world_update.size - coap.offset : size;
        memset(content, 0, length);
    }
    fcc_coap_start(&w, type, (how & 8u) != 0 ? COAP_CONTENT : _byte(), coap.request_id, coap.request + COAP_HEADER, 4);
    if ((how & 0x40u) != 0) {
        fcc_coap_option(&w, COAP_ETAG, "tag", 1u + (how >> 7));
    }
    if ((how & 4u) != 0) {
        fcc_coap_number(&w, COAP_BLOCK2, coap.offset / size << 4 | (is_last ? 0 : COAP_MORE) | coap.exponent);
    }
    fcc_coap_payload(&w, content, length);
    return w.length <= w.room ? w.length : 0;
}

/* A request: a trigger that is of use, or one of a path that exists with whatever options the input has. */
static uint32_t _request(uint8_t *bytes, uint32_t what)
{
    static const char *const urls[] = {
        "coap://[::2]:7/m", "coap://[", "coap://1.2.", "coap://[::1]/", "coap://[::1]:", "", "coap://[f::", "coap://[::1]?",
    };
    coap_writer_t w = { .bytes = bytes, .room = 2000 };
    uint32_t how = _byte(), is_report = how & 1u, count = 0;
    uint8_t content[256];
    const char *url = urls[how >> 1 & 7u];
    while (url[count] != '\0') {
        content[count] = (uint8_t)url[count];
        count++;
    }
    for (uint32_t more = (what & 8u) != 0 ? _byte() & 127u : 0; more != 0; more--) {
        content[count++] = (uint8_t)_byte();
    }
    fcc_coap_start(&w, what >> 5 & 1u, (how & 0x80u) != 0 ? _byte() & 7u : is_report ? COAP_GET : COAP_POST, _byte(),
                   (const uint8_t *)"token678", what >> 4 & 3u);
    fcc_coap_option(&w, COAP_URI_PATH, is_report ? "fcc" : "suit", is_report ? 3 : 4);
    fcc_coap_option(&w, COAP_URI_PATH, is_report ? "update" : "trigger", is_report ? 6 : 7);
    if ((how & 0x10u) != 0) {
        fcc_coap_number(&w, COAP_ACCEPT, _byte());
    }
    if ((how & 0x20u) != 0) {
        uint32_t block = _byte();
        fcc_coap_number(&w, COAP_BLOCK2, block << (_byte() & 15u) | block);
    }
    if ((how & 0x40u) != 0) {
        fcc_coap_number(&w, COAP_BLOCK1, _byte());
    }
    fcc_coap_payload(&w, content, is_report ? 0 : count);
    return w.length;
}

static void _hear(fcc_peer_t *from, const uint8_t *bytes, uint32_t length)
{
    uint8_t *exact = malloc(length + 1u);
    uint32_t before = sent;
    memcpy(exact + 1, bytes, length); /* at an odd address, and nothing behind it */
    fcc_update_coap_receive(&coap, from, exact + 1, length, now);
    free(exact);
    EXPECT(sent - before <= 1u);
    if (sent != before) {
        EXPECT(memcmp(&last_to, from, sizeof(*from)) == 0);
    }
}

static void _poll(void)
{
    uint32_t before = sent;
    uint32_t wait = fcc_update_coap_poll(&coap, now);
    EXPECT(wait <= 1000u && sent - before <= 1u);
}

static void _event(void)
{
    uint8_t bytes[2048];
    fcc_peer_t from = { .address = { 0 }, .port = 5 };
    uint32_t what = _byte(), length = 0;
    from.address[15] = (uint8_t)(what >> 6);
    switch (what & 7u) {
    case 0: /* any datagram */
    case 1: /* any, from whom is asked */
        length = _byte();
        for (uint32_t i = 0; i < length; i++) {
            bytes[i] = (uint8_t)_byte();
        }
        if ((what & 7u) == 1u) {
            from = coap.peer;
        }
        _hear(&from, bytes, length);
        break;
    case 2: /* an answer */
    case 3:
        from = coap.peer;
        length = _byte();
        if (length == 0) {
            /* An acknowledgement without an answer, a ping, a refusal. */
            coap_writer_t w = { .bytes = bytes, .room = sizeof(bytes) };
            fcc_coap_start(&w, what >> 3 & 3u, COAP_EMPTY, coap.request_id, NULL, 0);
            length = w.length;
        }
        else {
            length = _fit(bytes, length, _byte());
        }
        _hear(&from, bytes, length);
        break;
    case 4:
        _hear(&from, bytes, _request(bytes, what));
        break;
    case 5: /* time */
        now += _byte() << (what >> 3 & 15u);
        break;
    case 6: /* the engine */
        world.begin = (what & 8u) != 0 ? FCC_E_SIGNATURE : 0;
        world.write = (what & 16u) != 0 ? FCC_E_STORAGE : 0;
        world.finish = (what & 32u) != 0 ? FCC_E_BUSY : 0;
        world.size = _byte() << 3;
        info.block = (uint16_t)(16u << (what >> 6));
        break;
    default: /* the firmware */
        if ((what & 8u) != 0) {
            fcc_update_cancel(&world_update, FCC_E_STOPPED);
        }
        world.report_length = _byte();
        break;
    }
    _poll();
}

/* At the end, for the test. */
static void _tell(void)
{
    fprintf(stderr, "fuzz: %u images were complete\n", (unsigned)finished);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    return atexit(_tell);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[256] = "device\nupdate\n";
    coap_message_t m;
    fcc_peer_t from = { .address = { 9 }, .port = 9 };
    at = data;
    end = data + size;
    memset(&coap, 0, sizeof(coap));
    memset(&world_update, 0, sizeof(world_update));
    info = (fcc_update_coap_info_t){ .update = &world_update, .send = _send, .report = report, .report_length = sizeof(report) };
    world = (world_t){ .report = text, .report_length = 20, .size = 100 };
    coap.info = &info;
    now = _byte();
    world.finish = (now & 1u) != 0 ? FCC_E_BUSY : 0;
    world.refuse = now >> 1 & 1u;
    now <<= 24;
    while (at != end) {
        _event();
    }
    /* Longer than all repeats of a request, in steps that see each of them. */
    world.refuse = 0;
    for (uint32_t i = 0; i < 200u; i++) {
        now += 1000u;
        _poll();
    }
    EXPECT(world_update.phase != FCC_UPDATE_FETCHING);
    _hear(&from, (const uint8_t *)"\x40\x01\x12\x34\xb3" "fcc\x06" "update", 15);
    EXPECT(memcmp(&last_to, &from, sizeof(from)) == 0 && fcc_coap_read(&m, last, last_length));
    EXPECT(m.code == COAP_CONTENT && m.id == 0x1234);
    _hear(&from, (const uint8_t *)"\x40\x02\x12\x35\xb4" "suit\x07" "trigger\xff" "coap://[::]", 29);
    EXPECT(memcmp(&last_to, &from, sizeof(from)) == 0 && fcc_coap_read(&m, last, last_length));
    EXPECT(m.code == COAP_CREATED && m.id == 0x1235);
    return 0;
}
