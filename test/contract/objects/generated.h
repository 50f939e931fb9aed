/* Hook bench/slot, for containers and firmware. Written by `fcc gen header` from its contract. Two numbers and a text. */
#ifndef BENCH_SLOT_CONTRACT_H
#define BENCH_SLOT_CONTRACT_H

#include <stdint.h>

#define BENCH_SLOT_HOOK "bench/slot"
#define BENCH_SLOT_HOOK_ID 0x752f56b8u /* CRC-32 of the name */
#define BENCH_SLOT_HOOK_UUID { 0x55u, 0x80u, 0xf2u, 0x0eu, 0xfdu, 0xd3u, 0x59u, 0x2au, 0xa6u, 0x0cu, 0x53u, 0xc3u, 0x9bu, 0x64u, 0x3du, 0x82u } /* 5580f20e-fdd3-592a-a60c-53c39b643d82 */
#define BENCH_SLOT_COMPONENT ".fc.bench.slot" /* in manifests, for fcc_place_t */
#define BENCH_SLOT_CONTRACT_HASH 0x74b6703bu /* contract_hash of an image for this contract */
#define BENCH_SLOT_CONTEXT_SIZE 40u
#define BENCH_SLOT_CONTEXT_ALIGN 4u /* what the hook promises of the address */
#define BENCH_SLOT_FIELD_KIND_MIN 1u
#define BENCH_SLOT_FIELD_KIND_MAX 16u
#define BENCH_SLOT_FIELD_NAME_LENGTH_UNIT 3u /* bytes */
#define BENCH_SLOT_RESULT_MIN 0u
#define BENCH_SLOT_RESULT_MAX 4294967295u
#define BENCH_SLOT_LIMIT_STACK 600u /* bytes */
#define BENCH_SLOT_INTERRUPT 1u /* whether containers run in interrupts */
#define BENCH_SLOT_REGIONS 2u
#define BENCH_SLOT_REGION_TEXT 0u /* UTF-8, no NUL; row of the grants: read only, 3 to 96 bytes */
#define BENCH_SLOT_REGION_TEXT_MIN_SIZE 3u
#define BENCH_SLOT_REGION_TEXT_MAX_SIZE 96u
#define BENCH_SLOT_REGION_TEXT_ALIGN 1u
#define BENCH_SLOT_REGION_SPARE_1 1u /* row of the grants: read and write, 8 bytes */
#define BENCH_SLOT_REGION_SPARE_1_MIN_SIZE 8u
#define BENCH_SLOT_REGION_SPARE_1_MAX_SIZE 8u
#define BENCH_SLOT_REGION_SPARE_1_ALIGN 8u
#define BENCH_SLOT_HELPER_NOW_MS 0x20u
#define BENCH_SLOT_HELPER_SPARE 0x200u
#define BENCH_SLOT_HELPER_POKE 0x1000u
#define BENCH_SLOT_ALLOWED_COUNT 3u
#define BENCH_SLOT_ALLOWED { 0x20u, 0x200u, 0x1000u } /* ids, for fcc_host_t */

#ifdef __cplusplus
#define BENCH_SLOT_ASSERT static_assert
#else
#define BENCH_SLOT_ASSERT _Static_assert
#endif

#ifdef __bpf__
/* The container's side: pointers are pointers, and what it may not write is const. */
#define BENCH_SLOT_TAG(text) __attribute__((btf_decl_tag(text)))
#define BENCH_SLOT_READ_ONLY const
#define BENCH_SLOT_POINTER(type) type *
/* In front of a program, which is `uint64_t name(bench_slot_ctx_t *ctx)`. */
#define BENCH_SLOT_SEC __attribute__((section(BENCH_SLOT_HOOK), used))
#else
/* The firmware's side: a pointer is a slot of 64 bits; store (uintptr_t)address. */
#define BENCH_SLOT_TAG(text)
#define BENCH_SLOT_READ_ONLY
#define BENCH_SLOT_POINTER(type) uint64_t
#endif

/* What stands in the slot. Read only where nothing else is said. */
typedef struct
    BENCH_SLOT_TAG("fcc:hook=bench/slot")
    BENCH_SLOT_TAG("fcc:context=r,align=4,size=40,doc=What stands in the slot.")
    BENCH_SLOT_TAG("fcc:region=text,r,min=3,max=96,align=1,doc=UTF-8, no NUL")
    BENCH_SLOT_TAG("fcc:region=spare.1,rw,size=8,align=8")
    BENCH_SLOT_TAG("fcc:doc=Two numbers and a text.")
    BENCH_SLOT_TAG("fcc:helpers=now_ms,spare,poke")
    BENCH_SLOT_TAG("fcc:helper=0x200 spare() -> region spare.1 or null -- The spare bytes, if free.")
    BENCH_SLOT_TAG("fcc:helper=0x1000 poke(ctx ctx, rw data[n], certain w out[12], u32 n in 0..8, u64 key in 1..18446744073709551615) -> i32 in -1..8")
    BENCH_SLOT_TAG("fcc:helper=0x201 unlisted(cstring s) -> u64 in 0..5")
    BENCH_SLOT_TAG("fcc:helper=0x202 blocks nap(u32 ms) -> void")
    BENCH_SLOT_TAG("fcc:result=0..4294967295,doc=what to show, or 0")
    BENCH_SLOT_TAG("fcc:limits=stack=600")
    BENCH_SLOT_TAG("fcc:interrupt=yes")
bench_slot_ctx {
    BENCH_SLOT_READ_ONLY uint8_t reserved_0[1];
    /* 1 to 16; 1 to 16 */
    BENCH_SLOT_READ_ONLY uint8_t kind BENCH_SLOT_TAG("fcc:range=1..16") BENCH_SLOT_TAG("fcc:doc=1 to 16");
    BENCH_SLOT_READ_ONLY uint8_t reserved_2[2];
    uint64_t a_b BENCH_SLOT_TAG("fcc:name=a.b") BENCH_SLOT_TAG("fcc:access=rw");
    BENCH_SLOT_READ_ONLY uint8_t reserved_12[4];
    /* address of region "text" */
    BENCH_SLOT_POINTER(const void) BENCH_SLOT_READ_ONLY name BENCH_SLOT_TAG("fcc:region=text");
    BENCH_SLOT_READ_ONLY uint8_t reserved_24[2];
    /* length of region "text" in units of 3 bytes */
    BENCH_SLOT_READ_ONLY uint16_t name_length BENCH_SLOT_TAG("fcc:name=name-length") BENCH_SLOT_TAG("fcc:length=text,unit=3");
    BENCH_SLOT_READ_ONLY uint32_t int_ BENCH_SLOT_TAG("fcc:name=int");
    BENCH_SLOT_READ_ONLY uint8_t reserved_32[8];
} __attribute__((packed, aligned(8))) bench_slot_ctx_t;

BENCH_SLOT_ASSERT(sizeof(bench_slot_ctx_t) == 40, "size of bench_slot_ctx_t");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, reserved_0) == 0, "offset of reserved_0");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->reserved_0) == 1, "size of reserved_0");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, kind) == 1, "offset of kind");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->kind) == 1, "size of kind");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, reserved_2) == 2, "offset of reserved_2");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->reserved_2) == 2, "size of reserved_2");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, a_b) == 4, "offset of a_b");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->a_b) == 8, "size of a_b");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, reserved_12) == 12, "offset of reserved_12");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->reserved_12) == 4, "size of reserved_12");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, name) == 16, "offset of name");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->name) == 8, "size of name");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, reserved_24) == 24, "offset of reserved_24");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->reserved_24) == 2, "size of reserved_24");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, name_length) == 26, "offset of name_length");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->name_length) == 2, "size of name_length");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, int_) == 28, "offset of int_");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->int_) == 4, "size of int_");
BENCH_SLOT_ASSERT(__builtin_offsetof(bench_slot_ctx_t, reserved_32) == 32, "offset of reserved_32");
BENCH_SLOT_ASSERT(sizeof(((bench_slot_ctx_t *)0)->reserved_32) == 8, "size of reserved_32");

/* Result: what to show, or 0; 0 to 4294967295. */

#ifdef __bpf__
#ifndef FCC_DECLARED_20_now_ms
#define FCC_DECLARED_20_now_ms
/* Milliseconds since start. Test engines answer 1000 and add 10 at each call. */
static uint32_t (*const fcc_now_ms)(void) __attribute__((unused)) = (uint32_t (*)(void))0x20u;
#endif
#ifndef FCC_DECLARED_200_spare
#define FCC_DECLARED_200_spare
/* The spare bytes, if free. Gives region "spare.1" or NULL. */
static void *(*const fcc_spare)(void) __attribute__((unused)) = (void *(*)(void))0x200u;
#endif
#ifndef FCC_DECLARED_1000_poke
#define FCC_DECLARED_1000_poke
/* data: n bytes. out: 12 bytes. n: 0 to 8. key: 1 to 18446744073709551615. Gives -1 to 8. */
static int32_t (*const fcc_poke)(const void *ctx, void *data, void *out, uint32_t n, uint64_t key) __attribute__((unused)) = (int32_t (*)(const void *ctx, void *data, void *out, uint32_t n, uint64_t key))0x1000u;
#endif
#endif

#ifndef __bpf__
/* Helpers of the firmware's own: what it has to define, and to list among its helpers. */
#include <fcc_image.h>
#ifdef __cplusplus
extern "C" {
#endif
/* The spare bytes, if free. Gives region "spare.1" or NULL. */
void *fcc_helper_spare(fcc_instance_t *instance);
/* data: n bytes. out: 12 bytes. n: 0 to 8. key: 1 to 18446744073709551615. Gives -1 to 8. */
int32_t fcc_helper_poke(fcc_instance_t *instance, void *ctx, void *data, void *out, uint32_t n, uint64_t key);
#ifdef __cplusplus
}
#endif
#endif

/* Rows of fcc_own_signatures (fcc_helpers.h), for firmware that interprets eBPF. */
#define BENCH_SLOT_SIGNATURES \
    0x200u, FCC_SIGNATURE_HEAD(FCC_RESULT_REGION, 0u, 2u), \
    0x1000u, FCC_SIGNATURE_HEAD(FCC_RESULT_I32, 5u, 13u), FCC_ARGUMENT(2u, 0u), FCC_ARGUMENT(12u, 3u), FCC_ARGUMENT(28u, 12u), FCC_ARGUMENT(32u, 0u), 0u, 8u, FCC_ARGUMENT(33u, 0u), 1u, 0u, 4294967295u, 4294967295u

/*
 * fcc_hook_info_t (fcc_hooks.h) as this contract has it, in C and at file scope. `more`: FCC_HOOK_... flags besides its own, or 0;
 * `rows`: the array of fcc_grant_t, by the numbers above. Then what
 * the firmware decides: .host.helpers, .host.helper_count, .host.features, .host.stack_length, .fuel, .policy, .trap_limit.
 */
#define BENCH_SLOT_HOOK_INFO(more, rows, ...) { \
    .id = BENCH_SLOT_HOOK_ID, .uuid = (const uint8_t[])BENCH_SLOT_HOOK_UUID, .contract_hash = BENCH_SLOT_CONTRACT_HASH, \
    .host.allowed = (const uint32_t[])BENCH_SLOT_ALLOWED, .host.allowed_count = 3u, \
    .host.context_kept = (const uint32_t[]){ 0x3u, 0x0u, 0x4u, 0xcu, 0x1cu, 0x28u, 0x1000000u }, \
    .grants = (rows), .grant_count = sizeof(char[sizeof(rows) / sizeof((rows)[0]) == BENCH_SLOT_REGIONS ? 1 : -1]) * BENCH_SLOT_REGIONS, \
    .context_length = 40u, .context_align = 4u, \
    .flags = (uint8_t)((more) | FCC_HOOK_INTERRUPT), __VA_ARGS__ }

#undef BENCH_SLOT_ASSERT
#undef BENCH_SLOT_READ_ONLY
#undef BENCH_SLOT_POINTER
#endif /* BENCH_SLOT_CONTRACT_H */
