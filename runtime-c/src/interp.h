/* SPDX-License-Identifier: MIT */
#pragma once
#include "fcc_port.h"

/*
 * FCC_INTERPRETER, from the command line: 1 links the interpreter, so that fcc_load takes images of eBPF text. Not for firmware with
 * Xtensa's windowed ABI, whose helpers are linked for callers of the other ABI.
 */
#ifndef FCC_INTERPRETER
#define FCC_INTERPRETER 0
#elif FCC_INTERPRETER && defined(__XTENSA_WINDOWED_ABI__)
#error "the interpreter does not run with the windowed ABI"
#endif

/* Whether the ABI puts a 64-bit argument into an even pair of words: Arm (AAPCS32 6.5, C.3) and Xtensa do, RV32 ilp32 does not. */
#if defined(__riscv)
#define FCC_PAIRS_EVEN 0
#else
#define FCC_PAIRS_EVEN 1
#endif

/** Stack that fcc_interpret takes at most, helpers apart: bytes; compiler/ebpf-image.ts says the same in images. */
#define FCC_INTERPRETER_STACK 1024u

/** Whether the text of a validated eBPF image is well formed: known instructions, jumps and entries to instructions. */
int fcc_check_ebpf(const fcc_header_t *image, const void *text);

/**
 * Runs a checked image from the slot at address `code`, whose lowest three bits do not count. What fcc_enter calls in the place of native
 * text; both arguments are addresses. instance->trap has the image's address, the region table the context. Returns r0, or ends by
 * fcc_abort_at with the slot's number and 1.
 */
uint64_t fcc_interpret(uint64_t instance, uint64_t code);
