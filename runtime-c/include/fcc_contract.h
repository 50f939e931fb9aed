/* SPDX-License-Identifier: MIT */
/**
 * Macros that make a hook contract of C declarations, so that one header serves container, firmware and fcc:
 *
 *     typedef struct FCC_HOOK("fc/packet") FCC_CONTEXT("r,align=8") FCC_ALLOW("now_ms,send")
 *         FCC_HELPER("0x200 send(r data[n], u32 n in 1..64) -> i32") FCC_RESULT("0..2,doc=drop, accept or too short") packet_ctx {
 *         FCC_POINTER(const uint8_t) packet FCC_REGION("packet,r,max=1500,align=4");
 *         uint32_t length FCC_LENGTH("packet");
 *         uint32_t port FCC_RANGE("0..15");
 *     } packet_ctx_t;
 *
 * In the container's source the macros are declaration tags, which clang (14 or later, -g) writes into the object; there
 * `fcc verify`, `compile` and `run` find the contract when none is given with --contract. In the firmware they are nothing.
 * Each takes one string: words between commas, numbers decimal or 0x. What is left out is as in a contract file.
 *
 * FCC_HOOK, FCC_CONTEXT, FCC_GRANT, FCC_ALLOW, FCC_HELPER, FCC_RESULT, FCC_LIMITS, FCC_PASS_LENGTH and FCC_INTERRUPT stand behind `struct` or before
 * the program's function, whose word counts more; the others behind a member of the structure. A member without tags is a plain number
 * with the rights of FCC_CONTEXT; arrays and unions are plain bytes; structures inside are looked into.
 */
#pragma once
#include <stdint.h>

#ifdef __bpf__
#define FCC_TAG(text) __attribute__((btf_decl_tag("fcc:" text)))
/** A pointer to a region; a slot of 64 bits on both sides. In the firmware store (uintptr_t)address. */
#define FCC_POINTER(type) type *
#else
#define FCC_TAG(text)
#define FCC_POINTER(type) uint64_t
#endif

/** Name of the hook; if left out, the program's section. */
#define FCC_HOOK(name) FCC_TAG("hook=" name)
/** Rights on the context, r or rw; align=1, 2, 4 or 8: what the hook promises of its address; size=any: the structure is only its start. */
#define FCC_CONTEXT(words) FCC_TAG("context=" words)
/** A region that no member points to, as for FCC_REGION; regions come in the order of structure, then members. */
#define FCC_GRANT(words) FCC_TAG("region=" words)
/** Helpers that may be called, between commas; "*" for all, in interrupts for all that do not block. */
#define FCC_ALLOW(names) FCC_TAG("helpers=" names)
/**
 * A helper of the firmware's own: ID NAME(ARGUMENTS) -> RESULT -- TEXT, or ID blocks NAME... if it may wait for something; ids from 0x200 on. Arguments: u32 n, u64 n, with "in 1..64" behind it for a range;
 * ctx c; cstring s; r p[4], w p[n], rw p[n] for bytes that it reads or writes, as many as a number or another argument says; certain w p[4]
 * if all are written on every call. Result: void, u32, i32, u64, with "in 0..9"; region NAME; region NAME or null.
 */
#define FCC_HELPER(signature) FCC_TAG("helper=" signature)
/** Smallest and largest result that the hook takes, and doc=TEXT for what it means. */
#define FCC_RESULT(words) FCC_TAG("result=" words)
/** stack=BYTES, instructions=NUMBER: what a container may need at most. */
#define FCC_LIMITS(words) FCC_TAG("limits=" words)
/** Whether the program's second argument is the context's length: yes or no. */
#define FCC_PASS_LENGTH(word) FCC_TAG("pass-length=" word)
/** Whether the hook runs containers in interrupts, where no helper that blocks may be called: yes or no. */
#define FCC_INTERRUPT(word) FCC_TAG("interrupt=" word)

/** The region that a pointer points to: NAME, or NAME with r or rw, size= or min= and max=, align=, which declares it. */
#define FCC_REGION(words) FCC_TAG("region=" words)
/** The length of a region, never writable; unit=BYTES counts elements. */
#define FCC_LENGTH(words) FCC_TAG("length=" words)
/** Smallest and largest value of a read-only number: 0..15. */
#define FCC_RANGE(bounds) FCC_TAG("range=" bounds)
/** Rights on a number: r or rw. */
#define FCC_ACCESS(rights) FCC_TAG("access=" rights)
/** What it is, for readers. */
#define FCC_DOC(text) FCC_TAG("doc=" text)
