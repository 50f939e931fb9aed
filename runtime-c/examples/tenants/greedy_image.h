/* SPDX-License-Identifier: MIT */
/* The image that was compiled against another contract of the sample hook. */
#pragma once
#include <stdint.h>

extern const uint8_t *const greedy_image;
extern const uint32_t greedy_length;
