/* SPDX-License-Identifier: MIT */
/* The device as a Linux program: options, and the loop that a firmware has as well. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <fcc_hooks.h>
#include "../device.h"
#include "linux.h"
#ifdef DEMO_KEYS
#include "guest_key.h"
#include "house_key.h"
#endif

/* UUIDs, version 5: of riot-os.org in the namespace of domains, and of fcc-example in that one (what `fcc pack` makes of both names). */
static uint8_t vendor[FCC_UUID_LENGTH] = { 0x54, 0x7d, 0x0d, 0x74, 0x6d, 0x3a, 0x5a, 0x92,
                                           0x96, 0x62, 0x48, 0x81, 0xaf, 0xd9, 0x40, 0x7b };
static uint8_t class_id[FCC_UUID_LENGTH] = { 0xf2, 0x76, 0xf9, 0xb0, 0xe9, 0xb0, 0x51, 0xb2,
                                             0x9b, 0xce, 0x7f, 0xe9, 0x90, 0xf8, 0xd3, 0x1e };

#ifdef DEMO_KEYS
static const fcc_key_t demo_keys[] = {
    { .public_key = house_key, .tenant = HOUSE },
    { .public_key = guest_key, .tenant = GUEST },
};
#endif

static struct {
    uint16_t port, block, ack_timeout;
    uint32_t period, trial, seed;
    int is_ipv4, is_seeded;
    const char *flash, *keys;
} options = { .block = 64, .period = 100, .trial = 5 };

void fail(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fputs("device: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(2);
}

static uint32_t _number(const char *name, const char *text, uint32_t most)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || n > most) {
        fail("%s takes a number up to %u, not %s", name, (unsigned)most, text);
    }
    return (uint32_t)n;
}

static void _uuid(const char *name, const char *text, uint8_t *uuid)
{
    if (strlen(text) != 2u * FCC_UUID_LENGTH || strspn(text, "0123456789abcdefABCDEF") != 2u * FCC_UUID_LENGTH) {
        fail("%s takes 32 hexadecimal digits, not %s", name, text);
    }
    for (uint32_t i = 0; i < FCC_UUID_LENGTH; i++) {
        const char digits[] = { text[2u * i], text[2u * i + 1u], 0 };
        uuid[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static void _options(char **arguments)
{
    for (char *name; (name = *arguments++) != NULL;) {
        if (strcmp(name, "--ipv4") == 0) {
            options.is_ipv4 = 1;
            continue;
        }
        const char *value = *arguments++;
        if (value == NULL) {
            fail("%s is no option, or has no value", name);
        }
        if (strcmp(name, "--port") == 0) {
            options.port = (uint16_t)_number(name, value, UINT16_MAX);
        }
        else if (strcmp(name, "--block") == 0) {
            options.block = (uint16_t)_number(name, value, FCC_COAP_BLOCK);
        }
        else if (strcmp(name, "--ack-timeout") == 0) {
            options.ack_timeout = (uint16_t)_number(name, value, UINT16_MAX);
        }
        else if (strcmp(name, "--period") == 0) {
            options.period = _number(name, value, 1000000);
        }
        else if (strcmp(name, "--trial") == 0) {
            options.trial = _number(name, value, UINT8_MAX);
        }
        else if (strcmp(name, "--seed") == 0) {
            options.seed = _number(name, value, UINT32_MAX);
            options.is_seeded = 1;
        }
        else if (strcmp(name, "--flash") == 0) {
            options.flash = value;
        }
        else if (strcmp(name, "--keys") == 0) {
            options.keys = value;
        }
        else if (strcmp(name, "--vendor") == 0) {
            _uuid(name, value, vendor);
        }
        else if (strcmp(name, "--class") == 0) {
            _uuid(name, value, class_id);
        }
        else {
            fail("%s is no option", name);
        }
    }
}

static uint32_t _now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000u + (uint32_t)(now.tv_nsec / 1000000);
}

/* Where the printf of containers goes. */
void fcc_put(fcc_instance_t *instance, const char *bytes, uint32_t count)
{
    (void)instance;
    fwrite(bytes, 1, count, stdout);
}

/* A line for each thing that is not as it was. */
static void _tell(void)
{
    static const char *const images[] = { "0", "1", "none", "factory" };
    static const char *const phases[] = { "idle", "fetching", "done" };
    static uint32_t attempts, phase;
    static int status;
    static fcc_place_record_t before[PLACES];
    static fcc_status_t last[PLACES];
    if (update.attempts != attempts || update.phase != phase || update.status != status) {
        attempts = update.attempts;
        phase = update.phase;
        status = update.status;
        printf("update %u: %s, status %d\n", (unsigned)attempts, phases[phase], status);
    }
    for (uint32_t i = 0; i < PLACES; i++) {
        const fcc_place_record_t *r = &update.states[i].record;
        const char *name = update.info->places[i].component;
        if (memcmp(r, &before[i], sizeof(*r)) != 0) {
            before[i] = *r;
            printf("%s: image %s, sequence %u, floor %u, trial %u, rejected %u\n", name, images[r->active],
                   (unsigned)(r->active < 2u ? r->sequence[r->active] : 0), (unsigned)r->floor, r->trial, (unsigned)r->rejected);
        }
        fcc_status_t s = { 0 };
        if (update.states[i].container != NULL) {
            fcc_status(update.states[i].container, &s);
        }
        if (s.trap != 0 && s.traps != last[i].traps) {
            printf("%s: trap %u at site %u\n", name, (unsigned)s.trap, (unsigned)s.site);
        }
        else if (s.trap == 0 && s.runs != 0 && (last[i].runs == 0 || s.runs < last[i].runs)) {
            printf("%s: first result %lld\n", name, (long long)s.value);
        }
        last[i] = s;
    }
}

static void _run(fcc_update_coap_t *coap)
{
    uint32_t ticks = 0, next = _now();
    for (;;) {
        static uint8_t bytes[2048];
        fcc_peer_t from;
        uint32_t now = _now();
        if ((int32_t)(now - next) >= 0) {
            device_tick(++ticks, options.period);
            next = now + options.period;
        }
        uint32_t wait = fcc_update_coap_poll(coap, now);
        _tell();
        int count = net_receive(&from, bytes, sizeof(bytes), wait < next - now ? wait : next - now);
        if (count >= 0) {
            fcc_update_coap_receive(coap, &from, bytes, (uint32_t)count, _now());
        }
    }
}

int main(int count, char **arguments)
{
    static char report[REPORT_LENGTH];
    static fcc_update_coap_t coap;
    device_parts_t parts = { .vendor = vendor, .class_id = class_id };
    (void)count;
    _options(arguments + 1);
    if (options.flash == NULL) {
        fail("--flash FILE is missing");
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
#ifdef DEMO_KEYS
    parts.keys = demo_keys;
    parts.key_count = sizeof(demo_keys) / sizeof(demo_keys[0]);
#endif
    if (options.keys != NULL) {
        parts.keys = keys_read(options.keys, &parts.key_count);
    }
    parts.trial_runs = (uint8_t)options.trial;
    parts.flash = flash_open(options.flash, FLASH_LENGTH, FLASH_PAGE, FLASH_UNIT);
#if defined(__arm__)
    primask_allow();
#endif
    printf("boot: status %d\n", device_start(&parts));
    const fcc_update_coap_info_t info = {
        .update = &update,
        .send = net_send,
        .report = report,
        .report_length = sizeof(report),
        .ack_timeout = options.ack_timeout,
        .block = options.block,
    };
    coap.info = &info;
    coap.secret[0] = options.seed;
    if (!options.is_seeded && getrandom(coap.secret, sizeof(coap.secret), 0) != (ssize_t)sizeof(coap.secret)) {
        fail("there are no random numbers");
    }
    printf("device: port %u\n", net_open(options.port, options.is_ipv4));
    _run(&coap);
}
