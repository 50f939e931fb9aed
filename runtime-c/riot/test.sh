#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the applications against your RIOT checkout and runs them where there is an emulator. Not part of `npm test`: it needs RIOTBASE.
#   RIOTBASE=/path/to/RIOT ./test.sh [BOARD...]       default: microbit hifive1b native64 nrf52840dk
# OUT=DIR keeps what was built; LIMIT=SECONDS is how long an application may take to say "done" (default 60).
# Exit: 0 all as expected, 1 something was not, 2 RIOTBASE or a tool is missing.
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${RIOTBASE:-}" ] || [ ! -f "$RIOTBASE/Makefile.include" ]; then
    echo "test.sh: RIOTBASE does not name a checkout of RIOT: nothing was tested" >&2
    exit 2
fi
export RIOTBASE
out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
limit=${LIMIT:-60}
[ -n "${OUT:-}" ] || trap 'rm -rf "$out"' EXIT
[ $# -gt 0 ] || set -- microbit hifive1b native64 nrf52840dk
failed=0

# What starts an application on a board; nothing where there is only the hardware.
emulator() {
    case $1 in
        microbit) echo "qemu-system-arm -M microbit -nographic -monitor none -serial stdio -kernel" ;;
        hifive1b) echo "qemu-system-riscv32 -M sifive_e,revb=on -nographic -monitor none -serial stdio -kernel" ;;
        native*) echo "env" ;;
    esac
}

# Whether the lines of file $1 come in file $2, in this order, each as part of a line. Says which does not.
in_order() {
    awk -v console="$2" '
        BEGIN { while ((getline line < console) > 0) lines[++count] = line; at = 0 }
        {
            do { at++ } while (at <= count && index(lines[at], $0) == 0)
            if (at > count) { print "  missing: " $0; exit 1 }
        }' "$1"
}

run() {
    elf=$1 command=$2 expected=$3
    console=$out/console
    : > "$console"
    # shellcheck disable=SC2086 # several words
    $command "$elf" > "$console" 2>&1 < /dev/null &
    pid=$!
    waited=0
    until grep -aq '^done' "$console" || [ $waited -ge "$limit" ] || ! kill -0 $pid 2>/dev/null; do
        sleep 1
        waited=$((waited + 1))
    done
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    tr -d '\r' < "$console" | grep -av '^report: mean' | sed 's/^/  | /'
    tr -d '\r' < "$console" > "$console.lines"
    in_order "$expected" "$console.lines"
}

for board in "$@"; do
    for application in thread_counter tenants coap_sensor; do
        directory=$here/apps/$application
        elf=$out/$application/$board/fcc_$application.elf
        echo "== $application for $board"
        if ! make -C "$directory" BOARD="$board" BINDIRBASE="$out/$application" > "$out/log" 2>&1; then
            tail -n 30 "$out/log"
            echo "-- not built"
            failed=1
            continue
        fi
        # e_machine of the ELF header
        case $(od -An -tx1 -j18 -N1 "$elf") in
            *28) size=arm-none-eabi-size ;;
            *f3) size=riscv64-unknown-elf-size ;;
            *) size=size ;;
        esac
        "$size" "$elf" | awk 'NR == 2 { printf "  firmware: text %d, data %d, bss %d\n", $1, $2, $3 }'
        for module in fcc fcc_coap; do
            if [ -d "$out/$application/$board/$module" ]; then
                "$size" "$out/$application/$board/$module"/*.o | awk -v m=$module \
                    'NR > 1 { t += $1; d += $2; b += $3 } END { printf "  module %s, before the linker leaves out what is not used: text %d, data %d, bss %d\n", m, t, d, b }'
            fi
        done
        command=$(emulator "$board")
        if [ -z "$command" ]; then
            echo "-- built, not run: there is no emulator for $board"
        elif run "$elf" "$command" "$directory/console.txt"; then
            echo "-- as expected"
        else
            echo "-- NOT as expected"
            failed=1
        fi
    done
done
[ $failed = 0 ] && echo "all as expected" || echo "FAILED"
exit $failed
