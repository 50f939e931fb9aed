/* SPDX-License-Identifier: MIT */
/*
 * A device whose time, network and engine are lines of standard input (test/runtime/update-coap.test.ts). After each line it says what it did,
 * a line each, and "." at the end:
 *     at MS                  the time
 *     in PEER HEX            a datagram; then a poll
 *     poll
 *     url TEXT               what becomes of a URL
 *     set NAME NUMBER        of world_t; "phase", "attempts": of the engine; "block", "timeout": of fcc_update_coap_info_t; "report": its length
 *     text BYTES             the report: so many bytes, a line feed after every 16th
 * PEER is 32 digits of the address, port and interface with slashes between.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/coap.h"
#include "world.h"

#define MOST 4096

static fcc_update_coap_info_t info;
static fcc_update_coap_t coap = { .info = &info };
static uint32_t now;

void world_say(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    putchar('\n');
    va_end(values);
}

static void _send(void *context, const fcc_peer_t *to, const void *bytes, uint32_t length)
{
    const uint8_t *b = bytes;
    (void)context;
    printf("out ");
    for (uint32_t i = 0; i < sizeof(to->address); i++) {
        printf("%02x", to->address[i]);
    }
    printf("/%u/%u ", to->port, (unsigned)to->interface);
    for (uint32_t i = 0; i < length; i++) {
        printf("%02x", b[i]);
    }
    putchar('\n');
}

static uint32_t _hex(const char *text, uint8_t *bytes, uint32_t most)
{
    uint32_t count = 0;
    for (; count < most && text[0] != '\0' && text[1] != '\0' && text[0] != '/'; text += 2) {
        const char digits[] = { text[0], text[1], 0 };
        bytes[count++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return count;
}

static void _in(char *line)
{
    fcc_peer_t from;
    char *hex = strchr(line, ' ') + 1, *rest;
    memset(&from, 0, sizeof(from));
    _hex(line, from.address, sizeof(from.address));
    from.port = (uint16_t)strtoul(line + 33, &rest, 10);
    from.interface = (uint32_t)strtoul(rest + 1, NULL, 10);
    /* Just as long as it is, so that AddressSanitizer sees one byte too far. */
    uint8_t *bytes = malloc(strlen(hex) / 2u + 1u);
    uint32_t length = _hex(hex, bytes, (uint32_t)strlen(hex) / 2u);
    uint8_t *exact = malloc(length);
    memcpy(exact, bytes, length);
    free(bytes);
    fcc_update_coap_receive(&coap, &from, exact, length, now);
    free(exact);
}

static void _set(const char *name, int value)
{
    if (strcmp(name, "begin") == 0) {
        world.begin = value;
    }
    else if (strcmp(name, "write") == 0) {
        world.write = value;
    }
    else if (strcmp(name, "finish") == 0) {
        world.finish = value;
    }
    else if (strcmp(name, "size") == 0) {
        world.size = (uint32_t)value;
    }
    else if (strcmp(name, "refuse") == 0) {
        world.refuse = value;
    }
    else if (strcmp(name, "phase") == 0) {
        world_update.phase = (uint32_t)value;
    }
    else if (strcmp(name, "attempts") == 0) {
        world_update.attempts = (uint32_t)value;
    }
    else if (strcmp(name, "block") == 0) {
        info.block = (uint16_t)value;
    }
    else if (strcmp(name, "timeout") == 0) {
        info.ack_timeout = (uint16_t)value;
    }
    else if (strcmp(name, "report") == 0) {
        info.report_length = (uint32_t)value;
    }
    else {
        abort();
    }
}

static void _url(const char *text)
{
    uint8_t bytes[FCC_URI_MAX + 28u];
    coap_writer_t w = { .bytes = bytes, .room = sizeof(bytes) };
    fcc_peer_t peer = { .port = 0 };
    fcc_coap_start(&w, COAP_CON, COAP_GET, 0, NULL, 0);
    if (!fcc_coap_url(&w, &peer, text, (uint32_t)strlen(text)) || w.length > w.room) {
        world_say("refused");
        return;
    }
    _send(NULL, &peer, bytes, w.length);
}

int main(void)
{
    static char line[MOST], report[2048], text[2048];
    info = (fcc_update_coap_info_t){ .update = &world_update, .send = _send, .report = report, .report_length = sizeof(report) };
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *value = strchr(line, ' ');
        value = value == NULL ? line : value + 1;
        if (strncmp(line, "at ", 3) == 0) {
            now = (uint32_t)strtoul(value, NULL, 10);
        }
        else if (strncmp(line, "in ", 3) == 0) {
            _in(value);
            world_say("wait %u", (unsigned)fcc_update_coap_poll(&coap, now));
        }
        else if (strcmp(line, "poll") == 0) {
            world_say("wait %u", (unsigned)fcc_update_coap_poll(&coap, now));
        }
        else if (strncmp(line, "url ", 4) == 0) {
            _url(value);
        }
        else if (strncmp(line, "set ", 4) == 0) {
            char *number = strchr(value, ' ');
            *number = '\0';
            _set(value, atoi(number + 1));
        }
        else if (strncmp(line, "text ", 5) == 0) {
            world.report = text;
            world.report_length = (uint32_t)atoi(value);
            for (uint32_t i = 0; i < world.report_length; i++) {
                text[i] = i % 16u == 15u ? '\n' : (char)('a' + i / 16u % 26u);
            }
        }
        else {
            abort();
        }
        puts(".");
        fflush(stdout);
    }
    return 0;
}
