#!/bin/sh
# SPDX-License-Identifier: MIT
# Rebuilds the sample objects. Needs clang 14, 19 and 22, and rustc 1.95 (rusty.rs follows its language items).
set -eu
cd "$(dirname "$0")"
for v in 14 19 22; do
  for cpu in v1 v2 v3 v4; do
    [ "$v$cpu" = 14v4 ] && continue # clang 14 does not know v4
    "clang-$v" -O2 -g -target bpf -mcpu=$cpu -ffreestanding -fdebug-prefix-map="$PWD"=. -c several.c -o "several.clang$v.$cpu.o"
  done
done
clang-19 -O2 -target bpf -mcpu=v3 -ffreestanding -c plain.c -o plain.o
for f in bad_undefined bad_map bad_address bad_recursion bad_static; do
  clang-19 -O2 -g -target bpf -mcpu=v3 -ffreestanding -fdebug-prefix-map="$PWD"=. -fno-optimize-sibling-calls -c $f.c -o $f.o
done
clang-19 -O2 -target bpfeb -ffreestanding -c plain.c -o bad_bigendian.o
RUSTC_BOOTSTRAP=1 rustc --edition 2021 --crate-type=lib --emit=obj --target bpfel-unknown-none -C opt-level=2 \
  -C panic=abort -C debuginfo=2 --remap-path-prefix "$PWD"=. rusty.rs -o rusty.bc
clang-22 -O2 -g -target bpf -mcpu=v3 -x ir -c rusty.bc -o rusty.o # rustc writes bitcode for BPF targets
rm rusty.bc
