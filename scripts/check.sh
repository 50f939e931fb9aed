#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what the tests need (Debian packages; by apt when root) and runs all of them. Needs `npm ci` before.
set -eu
cd "$(dirname "$0")/.."

packages="qemu-system-arm qemu-system-misc gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf gcc-xtensa-lx106
clang-19 libclang-rt-19-dev gcc libc6-dev make"
# For the windowed Xtensa boards only, and not in every mirror of Debian: without them those tests are left out.
optional="clang-22 llvm-22"

absent() {
    for package in $1; do
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' || printf ' %s' "$package"
    done
}

missing=$(absent "$packages")
wanted="$missing$(absent "$optional")"
if [ -n "$wanted" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing$wanted"
    apt-get update -qq
    for some in "$missing" "$(absent "$optional")"; do
        # shellcheck disable=SC2086
        [ -z "$some" ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $some >/dev/null || true
    done
fi
missing=$(absent "$packages")
if [ -n "$missing" ]; then
    echo "check.sh: please install:$missing" >&2
    exit 4
fi
left=$(absent "$optional")
[ -z "$left" ] || echo "check.sh: without$left the windowed Xtensa boards are not tested" >&2

npm run --silent typecheck
npm run --silent lint
npm run --silent build
./fixtures/rebuild.sh

mkdir -p build
status=0
# More random programs than in the quick tests.
FCC_RUNS=${FCC_RUNS:-3000} npx vitest run --reporter=default --reporter=json --outputFile.json=build/tests.json || status=$?
node -e '
  const r = JSON.parse(require("node:fs").readFileSync("build/tests.json", "utf8"));
  const skipped = r.numPendingTests + r.numTodoTests;
  console.log(`${r.numPassedTests} passed, ${r.numFailedTests} failed${skipped ? `, ${skipped} skipped` : ""}`);
'
exit $status
