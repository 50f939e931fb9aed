// SPDX-License-Identifier: MIT
extern int missing(int);
__attribute__((section("fc/x"))) int run(const int *ctx) { return missing(*ctx); }
