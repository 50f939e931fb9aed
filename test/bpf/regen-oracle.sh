#!/bin/sh
# SPDX-License-Identifier: MIT
# Regenerates oracle.txt: every eBPF instruction at the edges of its fields, assembled by LLVM (llvm-mc 19, -mcpu=v4).
# A line is the bytes, a tab, and the instruction. The instructions are spelt out here, not taken from our tables.
# (llvm-mc 19 takes only 16-bit numbers after gotol, though the field has 32 bits.)
set -eu
cd "$(dirname "$0")"
MC=${LLVM_MC:-llvm-mc-19}

lines() {
  for op in '+=' '-=' '*=' '/=' 's/=' '|=' '&=' '<<=' '>>=' '%=' 's%=' '^=' '=' 's>>='; do
    echo "r0 $op r10"; echo "r9 $op r1"; echo "w0 $op w9"; echo "w9 $op w1"
    echo "r9 $op 2147483647"; echo "r0 $op -2147483648"; echo "w9 $op 2147483647"; echo "w0 $op -2147483648"
    echo "r3 $op 0"; echo "w3 $op -1"
  done
  echo 'r0 = -r0'; echo 'r9 = -r9'; echo 'w0 = -w0'; echo 'w9 = -w9'
  for n in 8 16; do echo "w9 = (s$n)w1"; echo "w0 = (s$n)w9"; done
  for n in 8 16 32; do echo "r9 = (s$n)r10"; echo "r0 = (s$n)r1"; done
  for op in le be bswap; do for n in 16 32 64; do echo "r0 = $op$n r0"; echo "r9 = $op$n r9"; done; done
  echo 'r0 = 0 ll'; echo 'r9 = 0xffffffffffffffff ll'; echo 'r1 = 0x80000000 ll'; echo 'r2 = 0x123456789abcdef0 ll'
  for s in u8 u16 u32 u64 s8 s16 s32; do
    echo "r0 = *($s *)(r10 - 32768)"; echo "r9 = *($s *)(r1 + 32767)"; echo "r3 = *($s *)(r4 + 0)"
  done
  for s in u8 u16 u32 u64; do
    echo "*($s *)(r10 - 32768) = r0"; echo "*($s *)(r1 + 32767) = r9"
    echo "*($s *)(r10 - 32768) = 2147483647"; echo "*($s *)(r1 + 32767) = -2147483648"
  done
  for op in '+=' '|=' '&=' '^='; do
    echo "lock *(u32 *)(r10 - 32768) $op w9"; echo "lock *(u64 *)(r1 + 32767) $op r10"
  done
  for op in add or and xor; do
    echo "w9 = atomic_fetch_$op((u32 *)(r10 - 32768), w9)"; echo "r0 = atomic_fetch_$op((u64 *)(r1 + 32767), r0)"
  done
  echo 'w9 = xchg32_32(r10 - 32768, w9)'; echo 'r0 = xchg_64(r1 + 32767, r0)'
  echo 'w0 = cmpxchg32_32(r10 - 32768, w0, w9)'; echo 'r0 = cmpxchg_64(r1 + 32767, r0, r10)'
  for op in '==' '!=' '>' '>=' '<' '<=' 's>' 's>=' 's<' 's<=' '&'; do
    echo "if r0 $op r10 goto +32767"; echo "if r10 $op 2147483647 goto -32768"; echo "if r3 $op -2147483648 goto +0"
    echo "if w0 $op w9 goto +32767"; echo "if w9 $op 2147483647 goto -32768"; echo "if w3 $op -2147483648 goto -1"
  done
  echo 'goto +32767'; echo 'goto -32768'; echo 'goto +0'
  echo 'gotol +32767'; echo 'gotol -32768'; echo 'gotol +0'
  echo 'call 1'; echo 'call 2147483647'; echo 'callx r0'; echo 'callx r9'; echo 'exit'
}

lines > oracle.tmp
"$MC" -triple=bpfel -mcpu=v4 --show-encoding < oracle.tmp |
  sed -n 's/.*encoding: \[\(.*\)\].*/\1/p' | sed 's/0x//g; s/,//g' > oracle.bytes
[ "$(wc -l < oracle.tmp)" = "$(wc -l < oracle.bytes)" ] || { echo 'llvm-mc refused a line' >&2; exit 1; }
paste oracle.bytes oracle.tmp > oracle.txt
rm oracle.tmp oracle.bytes
