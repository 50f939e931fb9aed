/* SPDX-License-Identifier: MIT */
/* Runs single instructions: reads cases.bin, writes results.bin. Records: cosim-board.ts and the instruction sets' firmware files. */
#include <files.h>

/* STATE_WORDS, RESULT_WORDS: what an instruction set needs for its registers, before and after. */
enum { ENTRY, STATE, ARENA_WORDS = STATE + STATE_WORDS, CHUNKS, HEAD };

extern uint32_t result[RESULT_WORDS];
void run_case(const uint32_t *state, uint32_t entry);

/* BLOCK: bytes of cases, and at most of results, that are in memory at a time. ARENA: the memory that cases load from and store to. */
static uint32_t input[BLOCK / 4];
static uint32_t output[BLOCK / 4];

void firmware_fault(void)
{
    port_exit(OWN_FAULT);
}

/* Runs the case at `in`, writes its result to `*out`, returns what lies behind the case. */
static const uint32_t *_run(const uint32_t *in, uint32_t **out)
{
    volatile uint32_t *arena = (volatile uint32_t *)ARENA;
    const uint32_t *next = in + HEAD;
    uint32_t words = in[ARENA_WORDS];
    for (uint32_t i = 0; i < words; i++) {
        arena[i] = *next++;
    }
    for (uint32_t n = in[CHUNKS]; n > 0; n--) {
        volatile uint16_t *code = (volatile uint16_t *)next[0];
        uint32_t halves = next[1];
        const uint16_t *from = (const uint16_t *)(next + 2);
        for (uint32_t i = 0; i < halves; i++) {
            code[i] = from[i];
        }
        next += 2 + (halves + 1) / 2;
    }
    for (uint32_t i = 0; i < RESULT_WORDS; i++) {
        result[i] = 0;
    }
    run_case(in + STATE, in[ENTRY]);
    for (uint32_t i = 0; i < RESULT_WORDS; i++) {
        *(*out)++ = result[i];
    }
    for (uint32_t i = 0; i < words; i++) {
        *(*out)++ = arena[i];
    }
    return next;
}

int main(void)
{
    int cases = port_open("cases.bin", 0);
    int results = port_open("results.bin", 1);
    uint32_t length;
    if (cases < 0) {
        port_exit(BAD_INPUT);
    }
    if (results < 0) {
        port_exit(NO_OUTPUT);
    }
    while (port_read(cases, &length, 4) == 0) {
        if (length > sizeof input || port_read(cases, input, length) != 0) {
            port_exit(BAD_INPUT);
        }
        const uint32_t *in = input;
        uint32_t *out = output;
        while (in < input + length / 4) {
            in = _run(in, &out);
        }
        if (port_write(results, output, (uint32_t)((uint8_t *)out - (uint8_t *)output)) != 0) {
            port_exit(NO_OUTPUT);
        }
    }
    port_close(results);
    port_exit(DONE);
    return 0;
}
