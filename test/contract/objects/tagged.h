/* SPDX-License-Identifier: MIT */
/* One header for both sides: what tagged.c includes, and what a firmware would. */
#pragma once
#include <fcc_contract.h>

/** Inside another structure, to be looked into. */
struct stamp {
    uint32_t seconds FCC_RANGE("0..0xffff") FCC_DOC("since midnight");
    uint16_t flags FCC_ACCESS("rw");
    uint8_t rest[2];
};

typedef struct
    FCC_HOOK("fc/radio")
    FCC_CONTEXT("r,align=8,doc=a frame that came in")
    FCC_GRANT("log,rw,size=64,align=4")
    FCC_ALLOW("now_ms,send")
    FCC_ALLOW("find")
    FCC_HELPER("0x200 send(r data[n], u32 n in 1..64) -> i32 in -5..64 -- queues a frame")
    FCC_HELPER("0x201 find(cstring name, certain w found[4]) -> region log or null")
    FCC_RESULT("0..2,doc=drop, accept or too short")
    FCC_LIMITS("stack=512,instructions=20000")
    frame_ctx {
    FCC_POINTER(const uint16_t) samples FCC_REGION("samples,r,min=4,max=1500,align=2");
    uint32_t count FCC_LENGTH("samples,unit=2");
    int8_t level;
    uint8_t channel FCC_RANGE("11..26") FCC_DOC("IEEE 802.15.4");
    uint8_t reserved[2];
    struct stamp at;
    union {
        uint32_t word;
        uint8_t bytes[4];
    } mixed;
    unsigned low : 4, high : 12;
} frame_ctx_t;
