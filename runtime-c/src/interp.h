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

/** Whether the text of a validated eBPF image is well formed: known instructions, jumps and entries to instructions. */
int fcc_check_ebpf(const fcc_header_t *image, const void *text);

/** Runs a checked image from `offset` in its text; called by fcc_enter. Returns r0, or ends by fcc_abort with the slot in instance->trap. */
uint64_t fcc_interpret(fcc_container_t *container, uint32_t offset, uint32_t context, uint32_t context_length);
