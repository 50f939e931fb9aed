/* SPDX-License-Identifier: MIT */
/* Keys of the stores of tenant 1, and of the global one. */
#pragma once
#define KEY_MEAN   1 /* tenant */
#define KEY_COUNT  2 /* global */
