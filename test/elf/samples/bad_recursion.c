// SPDX-License-Identifier: MIT
int odd(unsigned n);
__attribute__((noinline)) int even(unsigned n) { return n == 0 ? 1 : odd(n - 1) + 2; }
__attribute__((noinline)) int odd(unsigned n) { return n == 0 ? 0 : even(n - 1) + 3; }
__attribute__((section("fc/x"))) int run(const unsigned *ctx) { return even(*ctx); }
