#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what the tests need (Debian packages; by apt when root) and runs all of them. Needs `npm ci` before.
set -eu
cd "$(dirname "$0")/.."

packages="qemu-system-arm qemu-system-misc qemu-user gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf gcc-xtensa-lx106
clang-19 libclang-rt-19-dev gcc libc6-dev make libsodium-dev"
# For the windowed Xtensa boards only, and not in every mirror of Debian: without them those tests are left out.
xtensa="clang-22 llvm-22"
# For the device of the update tests that runs native text, as a Linux program under qemu-arm: the same. The library is that of another
# architecture, which dpkg has to know first and a mirror may lack.
armhf="gcc-arm-linux-gnueabihf libc6-dev-armhf-cross libsodium-dev:armhf"

# Those of the packages that are not installed, for this machine where no architecture is named.
absent() {
    for package in $1; do
        case $package in
            *:*) arch=${package#*:} ;;
            *) arch=$(dpkg --print-architecture) ;;
        esac
        dpkg-query -W -f '${db:Status-Status} ${Architecture}\n' "$package" 2>/dev/null | grep -Eqx "installed ($arch|all)" ||
            printf ' %s' "$package"
    done
}

# libcoap's programs: the package is named after the library's interface, so any that has them will do.
coap() {
    command -v coap-client-notls >/dev/null && command -v coap-server-notls >/dev/null && return
    for package in libcoap3-bin libcoap2-bin; do
        apt-cache show "$package" 2>/dev/null | grep -q '^Package:' || continue
        printf ' %s' "$package"
        return
    done
    printf ' libcoap3-bin'
}

# Whether apt has a package to install.
offered() {
    apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# Also where a part of the lists cannot be fetched: what is missing then is told below.
update() {
    apt-get update -qq || echo "check.sh: apt-get update failed, at least in part" >&2
}

install() {
    # shellcheck disable=SC2086
    [ -z "$1" ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $1 >/dev/null || true
}

# What needs the other architecture: that is added for it, and taken out again if the mirror has nothing for it.
install_armhf() {
    missing=$(absent "$armhf")
    [ -n "$missing" ] || return 0
    added=
    case " $(dpkg --print-architecture) $(dpkg --print-foreign-architectures | tr '\n' ' ') " in
        *" armhf "*) ;;
        *)
            dpkg --add-architecture armhf || return 0
            added=yes
            update
            ;;
    esac
    if offered libsodium-dev:armhf; then
        install "$missing"
    elif [ -n "$added" ]; then
        dpkg --remove-architecture armhf || true
        update
    fi
}

wanted="$(absent "$packages")$(coap)"
if [ -n "$wanted$(absent "$xtensa $armhf")" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing$wanted$(absent "$xtensa $armhf")"
    update
    install "$(absent "$packages")$(coap)"
    install "$(absent "$xtensa")"
    install_armhf
fi
missing="$(absent "$packages")$(coap)"
if [ -n "$missing" ]; then
    echo "check.sh: please install:$missing" >&2
    exit 4
fi
left=$(absent "$xtensa")
[ -z "$left" ] || echo "check.sh: without$left the windowed Xtensa boards are not tested" >&2
left=$(absent "$armhf")
[ -z "$left" ] || echo "check.sh: without$left updates are tested with the interpreter only, not with native text under qemu-arm" >&2

npm run --silent typecheck
npm run --silent lint
npm run --silent build
./fixtures/rebuild.sh

mkdir -p build
status=0
# More random programs than in the quick tests.
FCC_RUNS=${FCC_RUNS:-2000} npx vitest run --reporter=default --reporter=json --outputFile.json=build/tests.json || status=$?
node -e '
  const r = JSON.parse(require("node:fs").readFileSync("build/tests.json", "utf8"));
  const skipped = r.numPendingTests + r.numTodoTests;
  console.log(`${r.numPassedTests} passed, ${r.numFailedTests} failed${skipped ? `, ${skipped} skipped` : ""}`);
'
exit $status
