// SPDX-License-Identifier: MIT
// Several programs per object and section, calls within and between sections, every kind of variable.
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define NOINLINE __attribute__((noinline))

u32 counter = 7;
static volatile u64 total;
u32 zeroed[5];
static const u32 table[4] = {3, 1, 4, 1};
const char greeting[] = "hi";

static NOINLINE u32 scale(u32 x) { return x * table[x & 3]; }
NOINLINE u32 shared(u32 x) { return scale(x) + counter; }
__attribute__((visibility("hidden"))) NOINLINE u32 hidden(u32 x) { return x ^ zeroed[x % 5]; }

SEC("fc/one") u64 first(const u32 *ctx) {
  total += shared(ctx[0]);
  return total;
}
SEC("fc/one") u64 second(const u32 *ctx) { return hidden(ctx[1]) + (u64)greeting[ctx[0] & 1]; }
SEC("fc/two") u64 third(const u32 *ctx) { return scale(ctx[0]) + 0x123456789abcdef0ull; }
