#!/bin/sh
# SPDX-License-Identifier: MIT
# Rebuilds test/isa/thumb.json: the bytes that llvm-mc gives for every row of the Thumb table at its operand edges.
set -e
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
npx rolldown test/isa/regen-thumb.ts --platform node --file "$out/regen.mjs" >/dev/null
node "$out/regen.mjs" test/isa/thumb.json
