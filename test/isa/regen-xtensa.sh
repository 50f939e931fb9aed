#!/bin/sh
# SPDX-License-Identifier: MIT
# Rebuilds test/isa/xtensa.json: the bytes that llvm-mc (LLVM_MC, default llvm-mc-22) and xtensa-lx106-elf-as give for every row of
# the Xtensa table at its operand edges; and test/isa/xtensa-legal.json: which codes llvm-mc decodes, and how it writes them.
set -e
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
npx rolldown test/isa/regen-xtensa.ts --platform node --file "$out/regen.mjs" >/dev/null
node "$out/regen.mjs" "$out" test/isa/xtensa.json test/isa/xtensa-legal.json
