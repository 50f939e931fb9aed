/* SPDX-License-Identifier: MIT */
/* By itself, since its header declares its hook in its own way. */
#include "greedy_image.h"
#include <fcc_hooks.h>

#include "greedy.h"

const uint8_t *const greedy_image = greedy;
const uint32_t greedy_length = GREEDY_LENGTH;
