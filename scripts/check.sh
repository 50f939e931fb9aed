#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what the tests need (Debian packages; by apt when root) and runs all of them. Needs `npm ci` before.
set -eu
cd "$(dirname "$0")/.."

packages="qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi clang-19 gcc libc6-dev make"
missing=""
for package in $packages; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing$missing"
        apt-get update -qq
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    else
        echo "check.sh: please install:$missing" >&2
        exit 4
    fi
fi

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
