/* SPDX-License-Identifier: MIT */
/*
 * The helpers that a firmware has besides those of src/helpers.c. They touch all that their signatures promise them, each byte of it, so
 * that AddressSanitizer sees whether it was the container's.
 */
#include <string.h>
#include <fcc_helpers.h>
#include <fcc_hooks.h>
#include "world.h"

volatile uint32_t fuzz_sum;

static void _read(const void *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        fuzz_sum += ((const uint8_t *)bytes)[i];
    }
}

void fcc_put(fcc_instance_t *instance, const char *bytes, uint32_t count)
{
    (void)instance;
    _read(bytes, count);
}

uint32_t fcc_helper_now_ms(fcc_instance_t *instance)
{
    (void)instance;
    return 1000;
}

uint32_t fcc_helper_ztimer_now(fcc_instance_t *instance)
{
    (void)instance;
    return 1000000;
}

void fcc_helper_ztimer_periodic_wakeup(fcc_instance_t *instance, void *last, uint32_t period)
{
    uint32_t then;
    if (fcc_is_stopping(fcc_slot_of(instance))) {
        fcc_abort(instance, FCC_TRAP_KILLED);
    }
    memcpy(&then, last, sizeof(then));
    then += period;
    memcpy(last, &then, sizeof(then));
    if (period == 512) {
        fcc_stop(fcc_slot_of(instance));
    }
}

uint32_t fcc_helper_saul_reg_find_nth(fcc_instance_t *instance, uint32_t n)
{
    (void)instance;
    return n + 1u;
}

uint32_t fcc_helper_saul_reg_find_type(fcc_instance_t *instance, uint32_t type)
{
    (void)instance;
    return type & 3u;
}

int32_t fcc_helper_saul_reg_read(fcc_instance_t *instance, uint32_t dev, void *data)
{
    (void)instance;
    _read(data, 8);
    memset(data, (int)dev, 8);
    return 1;
}

static fcc_instance_region_t *_context(fcc_instance_t *instance)
{
    return (fcc_instance_region_t *)(void *)(instance + 1) + FCC_REGION_CONTEXT;
}

/* The context is the container's own, of the length that its row says. */
static void _read_context(fcc_instance_t *instance, const void *context)
{
    if ((uintptr_t)context != _context(instance)->base) {
        fuzz_fail("a helper got another context");
    }
    _read(context, _context(instance)->length);
}

int32_t fcc_helper_gcoap_resp_init(fcc_instance_t *instance, void *ctx, uint32_t code)
{
    _read_context(instance, ctx);
    return code == 64 ? -1 : 4;
}

int32_t fcc_helper_coap_opt_finish(fcc_instance_t *instance, void *ctx, uint32_t flags)
{
    _read_context(instance, ctx);
    if (flags > 1) {
        fcc_abort(instance, FCC_TRAP_HELPER);
    }
    return 5;
}

int32_t fcc_helper_coap_add_format(fcc_instance_t *instance, void *ctx, uint32_t format)
{
    _read_context(instance, ctx);
    return format == 0 ? 1 : 2;
}

/* A region of the container's, if it has one. */
void *fcc_helper_coap_get_pdu(fcc_instance_t *instance, void *ctx)
{
    _read_context(instance, ctx);
    return instance->region_count > FCC_FIRST_GRANTED ? (void *)(uintptr_t)_context(instance)[1].base : NULL;
}

uint64_t fcc_helper_unwind(fcc_instance_t *instance, uint64_t value)
{
    (void)instance;
    return value;
}

/* Helpers of the firmware's own, with ranges and every kind of argument. */
#define OWN_NUMBERS 0x200u
#define OWN_BUFFERS 0x201u

const fcc_signature_t fcc_own_signatures[] = {
    OWN_NUMBERS, FCC_SIGNATURE_HEAD(FCC_RESULT_U64, 3u, 11u), FCC_ARGUMENT(FCC_ARG_U32 | FCC_ARG_RANGE, 0u), 1, 100,
    FCC_ARGUMENT(FCC_ARG_U64 | FCC_ARG_RANGE, 0u), 0, 1, 5, 2, FCC_ARGUMENT(FCC_ARG_U64, 0u),
    OWN_BUFFERS, FCC_SIGNATURE_HEAD(FCC_RESULT_U32, 4u, 8u), FCC_ARGUMENT(FCC_ARG_BUFFER | FCC_ARG_WRITE, 1u),
    FCC_ARGUMENT(FCC_ARG_U32 | FCC_ARG_RANGE, 0u), 2, 64, FCC_ARGUMENT(FCC_ARG_BUFFER | FCC_ARG_FIXED, 12u), FCC_ARGUMENT(FCC_ARG_CONTEXT, 0u),
    0,
};

static uint64_t _numbers(fcc_instance_t *instance, uint32_t a, uint64_t b, uint64_t c)
{
    (void)instance;
    if (a < 1 || a > 100 || b < (uint64_t)1 << 32 || b > ((uint64_t)2 << 32 | 5u)) {
        fuzz_fail("an argument is out of its range");
    }
    return a + b + c;
}

static uint32_t _buffers(fcc_instance_t *instance, void *to, uint32_t length, const void *from, const void *context)
{
    if (length < 2 || length > 64) {
        fuzz_fail("a length is out of its range");
    }
    _read(from, 12);
    _read(to, length);
    memset(to, 0x11, length);
    _read_context(instance, context);
    return length;
}

#define ROW(number, name) { number, FCC_CODE(fcc_helper_##name) },
const fcc_helper_t fuzz_helpers[] = {
    FCC_HELPERS(ROW) FCC_CONFORMANCE_HELPERS(ROW) { OWN_NUMBERS, FCC_CODE(_numbers) },
    { OWN_BUFFERS, FCC_CODE(_buffers) },
};
const uint32_t fuzz_helper_count = sizeof(fuzz_helpers) / sizeof(fuzz_helpers[0]);
