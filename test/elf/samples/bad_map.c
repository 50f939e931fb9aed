// SPDX-License-Identifier: MIT
struct map { unsigned type, key, value, max; };
__attribute__((section("maps"), used)) struct map store = {1, 4, 4, 8};
static void *(*lookup)(void *, const void *) = (void *)1;
__attribute__((section("fc/x"))) int run(const int *ctx) { return lookup(&store, ctx) != 0; }
