// SPDX-License-Identifier: MIT
// No SEC(): the global functions of .text are the programs.
int run(const int *ctx) {
  int sum = 0;
  for (int i = 0; i < 16; i++) sum += ctx[i];
  return sum;
}
