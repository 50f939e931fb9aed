/* SPDX-License-Identifier: MIT */
/* Generated from the tables of the compiler: change those, not this file. */
#pragma once
#include <fcc_image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(ID, name) for every helper a firmware may offer. */
#define FCC_HELPERS(X) \
    X(0x1u, printf) \
    X(0x2u, memcpy) \
    X(0x10u, store_local) \
    X(0x11u, store_global) \
    X(0x12u, fetch_local) \
    X(0x13u, fetch_global) \
    X(0x20u, now_ms) \
    X(0x30u, saul_reg_find_nth) \
    X(0x31u, saul_reg_find_type) \
    X(0x32u, saul_reg_read) \
    X(0x40u, gcoap_resp_init) \
    X(0x41u, coap_opt_finish) \
    X(0x42u, coap_add_format) \
    X(0x43u, coap_get_pdu) \
    X(0x50u, fmt_s16_dfp) \
    X(0x51u, fmt_u32_dec) \
    X(0x60u, ztimer_now) \
    X(0x61u, ztimer_periodic_wakeup) \
    X(0x100u, store_tenant) \
    X(0x101u, fetch_tenant) \
    X(0x102u, delete_local) \
    X(0x103u, delete_global) \
    X(0x104u, delete_tenant)

/* Test firmware only. */
#define FCC_CONFORMANCE_HELPERS(X) \
    X(0x5u, unwind)

/*
 * Signatures, for the interpreter: rows of words, one row behind the other, and a word 0 behind the last. A row: the id, FCC_SIGNATURE_HEAD,
 * and for each argument FCC_ARGUMENT with kind and detail, which is the size of a fixed buffer or the number of the argument with the length.
 * Behind an argument with a range its smallest and its largest value: a word each for u32, two for u64, low one first.
 */
#define FCC_SIGNATURE_HEAD(result, arguments, words) ((result) | (arguments) << 8 | (words) << 16)
#define FCC_ARGUMENT(kind, detail) ((kind) | (detail) << 6)
#define FCC_ARG_DETAIL 6u /* bit where the detail starts */
#define FCC_ARG_U32 0u
#define FCC_ARG_U64 1u
#define FCC_ARG_CONTEXT 2u
#define FCC_ARG_STRING 3u
#define FCC_ARG_BUFFER 4u
#define FCC_ARG_WRITE 8u
#define FCC_ARG_FIXED 16u
#define FCC_ARG_RANGE 32u
#define FCC_RESULT_VOID 0u
#define FCC_RESULT_U32 1u
#define FCC_RESULT_I32 2u
#define FCC_RESULT_U64 3u
#define FCC_RESULT_REGION 4u
typedef uint32_t fcc_signature_t;
#define FCC_HELPER_SIGNATURES \
    0x1u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 5u, 7u), FCC_ARGUMENT(3u, 0u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(0u, 0u), \
    0x2u, FCC_SIGNATURE_HEAD(FCC_RESULT_VOID, 3u, 5u), FCC_ARGUMENT(12u, 2u), FCC_ARGUMENT(4u, 2u), FCC_ARGUMENT(0u, 0u), \
    0x10u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(0u, 0u), \
    0x11u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(0u, 0u), \
    0x12u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(28u, 4u), \
    0x13u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(28u, 4u), \
    0x20u, FCC_SIGNATURE_HEAD(FCC_RESULT_U32, 0u, 2u), \
    0x30u, FCC_SIGNATURE_HEAD(FCC_RESULT_U32, 1u, 3u), FCC_ARGUMENT(0u, 0u), \
    0x31u, FCC_SIGNATURE_HEAD(FCC_RESULT_U32, 1u, 3u), FCC_ARGUMENT(0u, 0u), \
    0x32u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(28u, 8u), \
    0x40u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(2u, 0u), FCC_ARGUMENT(0u, 0u), \
    0x41u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(2u, 0u), FCC_ARGUMENT(0u, 0u), \
    0x42u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(2u, 0u), FCC_ARGUMENT(0u, 0u), \
    0x43u, FCC_SIGNATURE_HEAD(FCC_RESULT_REGION, 1u, 3u), FCC_ARGUMENT(2u, 0u), \
    0x50u, FCC_SIGNATURE_HEAD(FCC_RESULT_U32, 3u, 5u), FCC_ARGUMENT(28u, 8u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(0u, 0u), \
    0x51u, FCC_SIGNATURE_HEAD(FCC_RESULT_U32, 2u, 4u), FCC_ARGUMENT(28u, 10u), FCC_ARGUMENT(0u, 0u), \
    0x60u, FCC_SIGNATURE_HEAD(FCC_RESULT_U32, 0u, 2u), \
    0x61u, FCC_SIGNATURE_HEAD(FCC_RESULT_VOID, 2u, 4u), FCC_ARGUMENT(28u, 4u), FCC_ARGUMENT(0u, 0u), \
    0x100u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(0u, 0u), \
    0x101u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 2u, 4u), FCC_ARGUMENT(0u, 0u), FCC_ARGUMENT(28u, 4u), \
    0x102u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 1u, 3u), FCC_ARGUMENT(0u, 0u), \
    0x103u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 1u, 3u), FCC_ARGUMENT(0u, 0u), \
    0x104u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 1u, 3u), FCC_ARGUMENT(0u, 0u), \
    0x5u, FCC_SIGNATURE_HEAD(FCC_RESULT_U64, 1u, 3u), FCC_ARGUMENT(1u, 0u)
/* Those of the firmware's own helpers: ..._SIGNATURES of the headers of its contracts, and 0. Firmware without such helpers has none. */
extern const fcc_signature_t fcc_own_signatures[] __attribute__((weak));

/* Formats with %d %u %x (lower case) %c (low byte) %% only, without widths, and appends to the log; any other % stands for itself and takes no value; a fifth value is 0; returns the characters written. */
int32_t fcc_helper_printf(fcc_instance_t *instance, const char *fmt, uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* Copies n bytes; overlapping buffers behave like memmove. */
void fcc_helper_memcpy(fcc_instance_t *instance, void *dst, const void *src, uint32_t n);

/* Sets a value in the container's own store; 0, or -1 when the key is new and the store is full. Test engines hold 16 keys in it. */
int32_t fcc_helper_store_local(fcc_instance_t *instance, uint32_t key, uint32_t value);

/* Sets a value in the global store; 0, or -1 when the key is new and the store is full. Test engines hold 16 keys in it. */
int32_t fcc_helper_store_global(fcc_instance_t *instance, uint32_t key, uint32_t value);

/* Reads a value from the container's own store into *value, 0 for a missing key (which is not created); returns 0. */
int32_t fcc_helper_fetch_local(fcc_instance_t *instance, uint32_t key, void *value);

/* Reads a value from the global store into *value, 0 for a missing key (which is not created); returns 0. */
int32_t fcc_helper_fetch_global(fcc_instance_t *instance, uint32_t key, void *value);

/* Milliseconds since start. Test engines answer 1000 and add 10 at each call. */
uint32_t fcc_helper_now_ms(fcc_instance_t *instance);

/* Handle of the n-th device, 0 if there is none. Test engines have devices 0 and 1, handle n + 1. */
uint32_t fcc_helper_saul_reg_find_nth(fcc_instance_t *instance, uint32_t n);

/* Handle of the first device of a SAUL type. Test engines: type 0x82 (temperature) is handle 1, 0x83 handle 2, else 0. */
uint32_t fcc_helper_saul_reg_find_type(fcc_instance_t *instance, uint32_t type);

/* Reads phydat_t {i16 val[3]; u8 unit; i8 scale}. Test engines: val = {2000 + 7 * k, 0, 0}, unit 2, scale -2, k = earlier reads that succeeded, of any handle, val[0] cut to 16 bits; returns 1, or -1 for an unknown handle (nothing written). */
int32_t fcc_helper_saul_reg_read(fcc_instance_t *instance, uint32_t dev, void *data);

/* Starts a CoAP response. Test engines write bytes 60, low byte of code, 12, 34 to region "pdu" and return 4; a pdu that is too short is a memory trap, here and below, and nothing is written. */
int32_t fcc_helper_gcoap_resp_init(fcc_instance_t *instance, void *ctx, uint32_t code);

/* Ends the options; flags 1 adds the payload marker. Test engines append ff for flags 1, nothing for others, and return the header length then; without a started response: helper trap. */
int32_t fcc_helper_coap_opt_finish(fcc_instance_t *instance, void *ctx, uint32_t flags);

/* Adds a Content-Format option. Test engines append c0 for format 0, else c1 and the low byte; return the bytes added (1 or 2); without a started response: helper trap. */
int32_t fcc_helper_coap_add_format(fcc_instance_t *instance, void *ctx, uint32_t format);

/* Address of the response buffer, granted as region "pdu". */
void *fcc_helper_coap_get_pdu(fcc_instance_t *instance, void *ctx);

/* Writes value * 10^digits: value is the low 16 bits, signed; digits the low 32 bits, signed, 0 to -4 (otherwise nothing is written and 0 returned): sign, whole part without leading zeros, then unless digits is 0 a point and exactly -digits digits (-5, -2: -0.05); returns the characters written, no NUL. As RIOT fmt_s16_dfp. */
uint32_t fcc_helper_fmt_s16_dfp(fcc_instance_t *instance, void *out, uint32_t value, uint32_t digits);

/* Writes a decimal number; returns the characters written, no NUL. */
uint32_t fcc_helper_fmt_u32_dec(fcc_instance_t *instance, void *out, uint32_t value);

/* Microseconds since start. Test engines answer 1000000 and add 10000 at each call. */
uint32_t fcc_helper_ztimer_now(fcc_instance_t *instance);

/* Sleeps until *last + period and stores that time in *last. Test engines only advance *last, modulo 2^32. */
void fcc_helper_ztimer_periodic_wakeup(fcc_instance_t *instance, void *last, uint32_t period);

/* Sets a value in the store of the container's tenant, which all of the tenant's containers see and no other's; 0, or -1 when the key is new and the store is full. Test engines hold 16 keys in it. */
int32_t fcc_helper_store_tenant(fcc_instance_t *instance, uint32_t key, uint32_t value);

/* Reads a value from the store of the container's tenant into *value, 0 for a missing key (which is not created); returns 0. */
int32_t fcc_helper_fetch_tenant(fcc_instance_t *instance, uint32_t key, void *value);

/* Deletes a key of the container's own store: 1, or 0 if it was missing. */
int32_t fcc_helper_delete_local(fcc_instance_t *instance, uint32_t key);

/* Deletes a key of the global store that the tenant of the container made: 1, or 0 if it was missing or is another tenant's, which stays. Test engines have one tenant. */
int32_t fcc_helper_delete_global(fcc_instance_t *instance, uint32_t key);

/* Deletes a key of the store of the container's tenant: 1, or 0 if it was missing. */
int32_t fcc_helper_delete_tenant(fcc_instance_t *instance, uint32_t key);

/* Returns its argument. */
uint64_t fcc_helper_unwind(fcc_instance_t *instance, uint64_t value);

#ifdef __cplusplus
}
#endif
