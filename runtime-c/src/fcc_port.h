/* SPDX-License-Identifier: MIT */
/* What the sources of the runtime need to know of the processor. Not for firmware: fcc.h is. */
#pragma once
#include <fcc.h>

/*
 * FCC_SMALL_CORE: images may ask for 32-bit division and long multiplication. FCC_WIDE_SHIFTS: for shifts of 64 bits.
 * FCC_OWN_DIVISION: 64-bit division is not left to the C compiler's library.
 * FCC_SMALL_IMAGES, from the command line: images made for smaller cores are to run here, so that all of these are linked.
 */
#ifndef FCC_SMALL_IMAGES
#define FCC_SMALL_IMAGES 0
#endif

/* From the command line: the runtime is a process whose threads take a lock, as interrupts are not its own to switch off (Linux on Arm). */
#ifndef FCC_PORT_THREADS
#define FCC_PORT_THREADS 0
#endif

#if defined(__thumb__)

#define FCC_THIS_ARCH    FCC_ARCH_THUMB
#define FCC_CODE_BIT     1u /* a branch to Thumb code needs bit 0 set */
#if __ARM_ARCH_ISA_THUMB == 1 || defined(__ARM_ARCH_8M_BASE__) || FCC_SMALL_IMAGES
#define FCC_SMALL_CORE   1
#else
#define FCC_SMALL_CORE   0
#endif
#define FCC_WIDE_SHIFTS  FCC_SMALL_CORE
#define FCC_OWN_DIVISION 0

#if !FCC_PORT_THREADS
static inline uint32_t fcc_port_lock(void)
{
    uint32_t state;
    __asm__ volatile("mrs %0, primask\n cpsid i" : "=r"(state)::"memory");
    return state;
}

static inline void fcc_port_unlock(uint32_t state)
{
    __asm__ volatile("msr primask, %0" ::"r"(state) : "memory");
}
#endif

#elif defined(__riscv)

#define FCC_THIS_ARCH    FCC_ARCH_RISCV32
#define FCC_CODE_BIT     0u
#if !defined(__riscv_mul) || !defined(__riscv_div) || FCC_SMALL_IMAGES
#define FCC_SMALL_CORE   1
#else
#define FCC_SMALL_CORE   0
#endif
#define FCC_WIDE_SHIFTS  1
#define FCC_OWN_DIVISION 0

static inline uint32_t fcc_port_lock(void)
{
    uint32_t state;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(state)::"memory");
    return state & 8u;
}

static inline void fcc_port_unlock(uint32_t state)
{
    __asm__ volatile("csrs mstatus, %0" ::"r"(state) : "memory");
}

#elif defined(__XTENSA__)

#define FCC_THIS_ARCH    FCC_ARCH_XTENSA
#define FCC_CODE_BIT     0u
#define FCC_SMALL_CORE   1
#define FCC_WIDE_SHIFTS  1
#define FCC_OWN_DIVISION 1

static inline uint32_t fcc_port_lock(void)
{
    uint32_t state;
    __asm__ volatile("rsil %0, 15" : "=r"(state)::"memory");
    return state;
}

static inline void fcc_port_unlock(uint32_t state)
{
    __asm__ volatile("wsr %0, ps\n rsync" ::"r"(state) : "memory");
}

#else

#define FCC_THIS_ARCH    0 /* runs no images */
#define FCC_CODE_BIT     0u
#define FCC_SMALL_CORE   1
#define FCC_WIDE_SHIFTS  1
#define FCC_OWN_DIVISION 1

#undef FCC_PORT_THREADS
#define FCC_PORT_THREADS 1

#endif

#if FCC_PORT_THREADS
/* port/host/lock.c */
uint32_t fcc_port_lock(void);
void fcc_port_unlock(uint32_t state);
#endif

/* Whether 32-bit words can name all of this memory: an instance holds addresses as on a device. */
static inline int fcc_port_reaches(const void *base, size_t length)
{
#if UINTPTR_MAX > UINT32_MAX
    return (uintptr_t)base <= UINT32_MAX && length <= UINT32_MAX - (uintptr_t)base;
#else
    (void)base;
    (void)length;
    return 1;
#endif
}

/* X(ID, name) for every intrinsic that this core's images may ask for. */
#define FCC_COMMON_INTRINSICS(X)             \
    X(FCC_INTRINSIC_UDIV64, udiv64)          \
    X(FCC_INTRINSIC_UMOD64, umod64)          \
    X(FCC_INTRINSIC_SDIV64, sdiv64)          \
    X(FCC_INTRINSIC_SMOD64, smod64)          \
    X(FCC_INTRINSIC_SEARCH, search)          \
    X(FCC_INTRINSIC_ATOMIC32, atomic32)      \
    X(FCC_INTRINSIC_ATOMIC64, atomic64)      \
    X(FCC_INTRINSIC_CMPXCHG32, cmpxchg32)    \
    X(FCC_INTRINSIC_CMPXCHG64, cmpxchg64)    \
    X(FCC_INTRINSIC_LOCATE, locate)
#if FCC_SMALL_CORE
#define FCC_SMALL_INTRINSICS(X)              \
    X(FCC_INTRINSIC_UDIV32, udiv32)          \
    X(FCC_INTRINSIC_UMOD32, umod32)          \
    X(FCC_INTRINSIC_SDIV32, sdiv32)          \
    X(FCC_INTRINSIC_SMOD32, smod32)          \
    X(FCC_INTRINSIC_MUL64, mul64)            \
    X(FCC_INTRINSIC_UMUL64, umul64)
#else
#define FCC_SMALL_INTRINSICS(X)
#endif
#if FCC_WIDE_SHIFTS
#define FCC_SHIFT_INTRINSICS(X)              \
    X(FCC_INTRINSIC_SHL64, shl64)            \
    X(FCC_INTRINSIC_LSHR64, lshr64)          \
    X(FCC_INTRINSIC_ASHR64, ashr64)
#else
#define FCC_SHIFT_INTRINSICS(X)
#endif
#define FCC_LINKED_INTRINSICS(X) FCC_COMMON_INTRINSICS(X) FCC_SMALL_INTRINSICS(X) FCC_SHIFT_INTRINSICS(X)
