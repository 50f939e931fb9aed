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
    /*
     * For images of eBPF text, which are not believed as native text is: what they may not write of the context, by a count, then offset
     * and length of each stretch. NULL: all of it. `fcc gen header` writes it; FCC_KEEP_NOTHING where a container may write anywhere.
     */
    const uint32_t *context_kept;
} fcc_host_t;

/** For `context_kept`, at file scope. */
#define FCC_KEEP_NOTHING ((const uint32_t[]){ 0 })

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
 * Checks an image completely, its checksum too; nothing of it may be used before. For bytes that came over a network or out of
 * storage: once, where they are stored. `image` must be 8-aligned and exactly `length` bytes long. Returns 0 or FCC_E_....
 */
int fcc_validate(const void *image, size_t length);

/** The same but for the checksum: all that a device relies on. fcc_load does it. */
int fcc_check(const void *image, size_t length);

/** Bytes of 8-aligned memory that fcc_load needs for a checked image: instance and writable block. */
uint32_t fcc_size(const void *image);

/**
 * Checks an image (fcc_check; whoever got it from elsewhere has called fcc_validate), links its imports, places instance and writable
 * block in `memory` (8-aligned) and checks the grants. `host_word` is kept for helpers in instance->host. Returns 0 or FCC_E_...; then
 * what is in `container` and `memory` is of no use, but container->refused_id after FCC_E_HELPER.
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

/** Trap codes are below it. */
#define FCC_TRAP_LIMIT 16u

/**
 * Port. Calls `code` as f(context, context_length), 64-bit arguments with upper halves 0, with the instance in the reserved register.
 * Returns r0; or, if the run ended by a trap, the address behind the trap site (0: none), and then instance->trap is the trap code.
 * Until then instance->trap is left as it is: the address of fcc_trapped, which the caller puts back after a trap.
 */
uint64_t fcc_enter(uint32_t context, uintptr_t code, uint32_t context_length, fcc_instance_t *instance);

/** Port. Where traps of images go, by instance->trap; no C function. */
void fcc_trapped(void);

/**
 * Port. Ends the container that runs on this instance with a trap, FCC_TRAP_... or another number from 1 to FCC_TRAP_LIMIT - 1; for
 * helpers and fault handlers, in the same thread. Where helpers run other containers: only the innermost that has not ended.
 */
void fcc_abort(fcc_instance_t *instance, uint32_t trap) __attribute__((noreturn));

/** Port. The same with the place of the trap: fcc_enter returns it. */
void fcc_abort_at(fcc_instance_t *instance, uint32_t trap, uint32_t place) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
