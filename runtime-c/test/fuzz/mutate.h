/* SPDX-License-Identifier: MIT */
/* What the mutators of the fuzzers share. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Of libFuzzer. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Next number of a sequence. */
uint32_t mutate_random(unsigned int *seed);

/* Changes an eBPF instruction, or makes another one of the slot. */
void mutate_slot(uint8_t *slot, uint32_t random);
