// SPDX-License-Identifier: MIT
__attribute__((section("fc/x"), used)) static int run(const int *ctx) { return *ctx; }
