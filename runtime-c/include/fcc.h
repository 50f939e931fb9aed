/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <fcc_image.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Images call C functions by FCC_CODE(function). That is the function's address, but on Xtensa firmware with the windowed ABI,
 * where FCC_THUNK(function), once per function and at file scope, makes a way from the call0 code of images into windowed code.
 */
#if defined(__XTENSA_WINDOWED_ABI__)
#define FCC_THUNK(function)                                                                                            \
    void function##_call0(void);                                                                                       \
    __asm__(".pushsection .text\n"                                                                                     \
            ".literal .Lfcc_" #function ", " #function "\n"                                                            \
            ".literal .Lfcc_bridge_" #function ", fcc_bridge\n"                                                        \
            ".p2align 2\n"                                                                                             \
            ".global " #function "_call0\n"                                                                            \
            #function "_call0:\n"                                                                                      \
            "l32r a8, .Lfcc_" #function "\n"                                                                           \
            "l32r a9, .Lfcc_bridge_" #function "\n"                                                                    \
            "jx a9\n"                                                                                                  \
            ".popsection\n")
#define FCC_CODE(function) function##_call0
#else
#define FCC_THUNK(function) struct fcc_no_thunk
#define FCC_CODE(function)  ((void (*)(void))(function))
#endif

/** Helper that a firmware offers: what containers know it by, and its code (prototypes: fcc_helpers.h). */
typedef struct {
    uint32_t id;
    void (*function)(void); /* FCC_CODE(...) */
} fcc_helper_t;

/** Memory that the host lends to a container: row i stands for row i of the image's region table. */
typedef struct {
    void *base;
    uint32_t length;
    uint32_t rights; /* FCC_RIGHT_...; the container gets what its image asks for, never more than this */
} fcc_grant_t;

/** What a hook gives to its containers. */
typedef struct {
    const fcc_helper_t *helpers;
    uint32_t helper_count;
    const uint32_t *allowed; /* ids that this hook's contract allows; NULL: all of `helpers` */
    uint32_t allowed_count;
    uint32_t features;     /* core features present, bits as in the image header */
    uint32_t stack_length; /* bytes of stack below the caller of fcc_run that a container may use */
} fcc_host_t;

/** A loaded container. `image` and `instance` stay the caller's memory. */
typedef struct {
    const fcc_header_t *image;
    fcc_instance_t *instance;
    uint32_t refused_id; /* the helper id behind FCC_E_HELPER */
} fcc_container_t;

/** How a run ended. */
typedef struct {
    uint64_t value; /* r0; 0 after a trap */
    uint32_t trap;  /* 0, or FCC_TRAP_... */
    uint32_t site;  /* number of the trap site, FCC_UNKNOWN if the trap came from elsewhere */
} fcc_result_t;

/**
 * Checks an image completely; nothing of it may be used before. `image` must be 8-aligned and exactly `length` bytes long.
 * Returns 0 or FCC_E_....
 */
int fcc_validate(const void *image, size_t length);

/** Bytes of 8-aligned memory that fcc_load needs for a validated image: instance and writable block. */
uint32_t fcc_size(const void *image);

/**
 * Validates an image, links its imports, places instance and writable block in `memory` (8-aligned) and checks the grants.
 * `host_word` is kept for helpers in instance->host. Returns 0 or FCC_E_....
 */
int fcc_load(fcc_container_t *container, const void *image, size_t length, void *memory, size_t memory_length,
             const fcc_host_t *host, const fcc_grant_t *grants, uint32_t grant_count, uint32_t host_word);

/** Sets the container's globals back to what the image says; fcc_load has done it once. */
void fcc_reset(fcc_container_t *container);

/** Number of the entry with this name hash (CRC-32 of the name), or FCC_E_NO_ENTRY. */
int fcc_find(const fcc_container_t *container, uint32_t name_hash);

/**
 * Runs an entry in the caller's thread and stack. `context` may be NULL with length 0. A trap is not an error of this function:
 * see `result`. Returns 0 or FCC_E_....
 */
int fcc_run(fcc_container_t *container, uint32_t entry, void *context, uint32_t context_length, uint32_t fuel,
            fcc_result_t *result);

/** CRC-32 (IEEE) of some bytes behind others whose CRC is `before` (0: nothing before). */
uint32_t fcc_crc32(uint32_t before, const void *bytes, uint32_t length);

/**
 * Port. Calls `code` with `arguments` in the first four registers and the instance in the reserved one. `out` gets the two
 * result registers, or in out[2] the address behind the trap site (0: none). Returns 0 or the trap code.
 */
uint32_t fcc_enter(fcc_instance_t *instance, uintptr_t code, const uint32_t arguments[4], uint32_t out[3]);

/** Port. Ends the container that runs on this instance with a trap; for helpers and fault handlers, in the same thread. */
void fcc_abort(fcc_instance_t *instance, uint32_t trap) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
