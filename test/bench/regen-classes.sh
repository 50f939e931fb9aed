#!/bin/sh
# SPDX-License-Identifier: MIT
# Rebuilds test/bench/classes.json: the bytes that llvm-mc (LLVM_MC, default llvm-mc-22) gives for the texts of class-cases.ts.
set -e
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
npx rolldown test/bench/regen-classes.ts --platform node --file "$out/regen.mjs" >/dev/null
node "$out/regen.mjs" test/bench/classes.json
