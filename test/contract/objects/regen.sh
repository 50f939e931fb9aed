#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the objects of this folder with clang 19. Needs a built fcc (npm run build) for the header of generated.c.
set -eu
cd "$(dirname "$0")"
node "${FCC:-../../../dist/compiler/cli/main.js}" gen header --tags generated.contract.json -o generated.h
for name in tagged generated; do
    "${CLANG:-clang-19}" -O2 -g -target bpf -mcpu=v3 -ffreestanding -fdebug-compilation-dir=. -Wall -Wextra -Werror \
        -I../../../runtime-c/include -c "$name.c" -o "$name.o"
done
