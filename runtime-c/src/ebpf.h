/* SPDX-License-Identifier: MIT */
/*
 * Text of eBPF in an image, as its check (check-ebpf.c) and the interpreter (interp.c) read it. Encoding: RFC 9669.
 *
 * Text: slots of 8 bytes, functions one behind the other. A 64-bit immediate with source 6 is the address of a byte of block 0 (data) or 1
 * (rodata). The image's trap table is its table of functions: offset in text by number, FCC_UNKNOWN where nothing takes the address. Behind it: how many
 * stretches of the context are not to be written, and offset and length of each.
 */
#pragma once
#include "fcc_core.h"

#define OP_LDDW      0x18u
#define OP_CALL      0x85u
#define OP_CALLX     0x8du
#define OP_EXIT      0x95u
#define OP_JA        0x05u
#define OP_JA32      0x06u
#define SRC_LOCAL    1u
#define SRC_BLOCK    6u
#define FP           10u
#define FRAME_BYTES  512u
#define MAX_DEPTH    8u /* calls that wait, and the one that runs */

typedef struct {
    uint8_t opcode;
    uint8_t regs; /* destination in the low, source in the high half */
    int16_t off;
    int32_t imm;
} insn_t;

/* Bytes of the context that are not to be written, although others are. */
typedef struct {
    uint32_t offset;
    uint32_t length;
} kept_t;
