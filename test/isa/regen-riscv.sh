#!/bin/sh
# SPDX-License-Identifier: MIT
# Rebuilds test/isa/riscv.json: what llvm-mc (LLVM_MC, default llvm-mc-22) gives for every row of the RISC-V table at its
# operand edges; and test/isa/riscv-legal.json: which codes it calls legal on RV32IMAC, and how it writes the 16-bit ones.
set -e
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
npx rolldown test/isa/regen-riscv.ts --platform node --file "$out/regen.mjs" >/dev/null
node "$out/regen.mjs" test/isa/riscv.json test/isa/riscv-legal.json
