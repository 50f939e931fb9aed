#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds apps/update for native64 against your RIOT checkout, starts it on a TAP device, and updates it by `fcc push`. Not part of `npm test`:
# it needs RIOTBASE (whose packages make must be able to fetch), and root for the TAP device.
#   RIOTBASE=/path/to/RIOT ./test-suit.sh [BOARD...]      boards that it is built for, besides
# FCC=... is the compiler (default: that of this checkout); OUT=DIR keeps what was built and said; TAP=NAME is an existing device to use.
# With python3 and its modules cbor2 and cryptography the manifests are compared with those of RIOT's own tool.
# Exit: 0 all as expected, 1 something was not, 2 something is missing, and nothing was tested.
set -u
here=$(cd "$(dirname "$0")" && pwd)
missing() {
    echo "test-suit.sh: $1: nothing was tested" >&2
    exit 2
}
[ -n "${RIOTBASE:-}" ] && [ -f "$RIOTBASE/Makefile.include" ] || missing "RIOTBASE does not name a checkout of RIOT"
[ -n "${TAP:-}" ] || [ "$(id -u)" = 0 ] || missing "only root makes TAP devices"
command -v ip > /dev/null || missing "there is no ip (Debian: iproute2)"
export RIOTBASE
FCC=${FCC:-node $here/../../dist/compiler/cli/main.js}
export FCC
fcc() {
    $FCC "$@"
}
fcc --version > /dev/null || missing "FCC does not run"

out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
device=
tap=${TAP:-fcc$$}
failed=0
stop() {
    [ -z "$device" ] || { kill -9 "$device"; wait "$device"; } 2> /dev/null
    device=
}
end() {
    stop
    [ -n "${TAP:-}" ] || ip link del "$tap" 2> /dev/null
    [ -n "${OUT:-}" ] || rm -rf "$out"
}
trap end EXIT
trap 'exit 1' INT TERM

fail() {
    echo "-- NOT as expected: $1"
    failed=1
}

# Keys are made anew: those of a device are nobody else's.
for name in house guest stranger; do
    rm -f "$out/$name.pem" # keys gen overwrites none
    fcc keys gen -o "$out/$name.pem" > /dev/null && fcc keys pub "$out/$name.pem" -o "$out/$name.pub" > /dev/null || missing "no keys"
done

application=$here/apps/update
echo "== update for native64"
if ! make -C "$application" BOARD=native64 BINDIRBASE="$out/bin" FCC_PUBS="$out/house.pub $out/guest.pub" > "$out/log" 2>&1; then
    tail -n 30 "$out/log"
    echo "-- not built"
    exit 1
fi
for board in "$@"; do
    echo "== update for $board"
    if make -C "$application" BOARD="$board" BINDIRBASE="$out/bin" FCC_PUBS="$out/house.pub $out/guest.pub" > "$out/log" 2>&1; then
        grep 'fcc_update.elf$' "$out/log" | awk '{ printf "  firmware: text %d, data %d, bss %d\n", $1, $2, $3 }'
        echo "-- built, not run"
    else
        tail -n 30 "$out/log"
        fail "not built"
    fi
done
for name in second trapping; do
    fcc compile "$application/containers/$name.o" -t ebpf --contract "$application/contracts/timer.json" -o "$out/$name.fcc" > /dev/null || exit 1
done

# A manifest of RIOT's own tool, of the same input.
tools=$RIOTBASE/dist/tools/suit
if python3 -c 'import cbor2, cryptography' 2> /dev/null; then
    uri=coap://[fe80::1]:5683/second.fcc
    (cd "$out" &&
        python3 "$tools/gen_manifest.py" --urlroot "${uri%/*}" --seqnr 7 --uuid-class native64 -o riot.json second.fcc:0:6663:74696d6572 &&
        python3 "$tools/suit-manifest-generator/bin/suit-tool" create -f suit -i riot.json -o riot.unsigned &&
        python3 "$tools/suit-manifest-generator/bin/suit-tool" sign -k house.pem -m riot.unsigned -o riot.suit) &&
        fcc pack "$out/second.fcc" --hook fc/timer --seq 7 --class native64 --uri "$uri" -k "$out/house.pem" -o "$out/fcc.suit" > /dev/null &&
        cmp "$out/riot.suit" "$out/fcc.suit" && echo "manifest: the same $(wc -c < "$out/fcc.suit") bytes as RIOT's suit-tool makes" ||
        fail "the manifest differs from that of RIOT's suit-tool"
else
    echo "manifest: not compared with RIOT's suit-tool, which needs python3 with cbor2 and cryptography"
fi

if [ -z "${TAP:-}" ]; then
    ip tuntap add dev "$tap" mode tap && ip link set "$tap" up || missing "no TAP device"
    [ ! -w "/proc/sys/net/ipv6/conf/$tap/disable_ipv6" ] || echo 0 > "/proc/sys/net/ipv6/conf/$tap/disable_ipv6"
fi

# Starts the device, whose flash is a file, and waits for its address and for the host's own, which is checked for a while. What the device says goes on behind what it said.
: > "$out/console"
start() {
    : > "$out/boot"
    FCC_FLASH=$out/flash "$out/bin/native64/fcc_update.elf" "$tap" > "$out/boot" 2>&1 < /dev/null &
    device=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        sleep 1
        ! grep -aq '^\.fc\.timer\.guest:' "$out/boot" || [ -z "$(ip -6 addr show dev "$tap" scope link -tentative)" ] || break
    done
    address=$(sed -n 's/^addresses: *\(fe80:[0-9a-f:]*\).*/\1/p' "$out/boot")
    [ -n "$address" ] || { cat "$out/boot"; fail "the device does not start"; exit 1; }
}
finish() {
    sleep 1 # it says what has changed every 100 ms
    stop
    cat "$out/boot" >> "$out/console"
}

# push EXIT TEXT ARGUMENTS: what the push has to answer, and to say.
push() {
    expected=$1 text=$2
    shift 2
    echo "\$ fcc push coap://[$address%$tap] $(echo "$*" | sed "s|$out/||g")"
    fcc push "coap://[$address%$tap]" "$@" > "$out/said" 2>&1
    status=$?
    sed "s|$out/||g; s/^/  | /" "$out/said"
    [ "$status" = "$expected" ] || fail "exit $status, not $expected"
    grep -q -e "$text" "$out/said" || fail "it does not say: $text"
}

rm -f "$out/flash"
start
echo "device at $address"
house="-k $out/house.pem --hook fc/timer"
guest="-k $out/guest.pem --hook fc/timer --container guest"
# shellcheck disable=SC2086 # several words
{
    push 0 "good after its trial" $house --wait --seq 10 "$out/second.fcc"
    push 0 "sequence number 11" $house --wait "$out/second.fcc"
    push 0 "installed to .fc.timer.guest" $guest --wait "$out/second.fcc"
    push 5 FCC_E_SEQUENCE $house --seq 11 --no-check "$out/second.fcc"
    push 5 FCC_E_SIGNATURE -k "$out/stranger.pem" --hook fc/timer "$out/second.fcc"
    push 5 FCC_E_TENANT -k "$out/guest.pem" --hook fc/timer "$out/second.fcc"
    push 5 FCC_E_CLASS $house --class native32 --no-check "$out/second.fcc"
    # The manifest of one image, and another one of the same length.
    host=$(ip -6 addr show dev "$tap" scope link | sed -n 's|.*inet6 \([0-9a-f:]*\)/.*|\1|p')
    fcc pack "$out/second.fcc" -k "$out/house.pem" --hook fc/timer --seq 12 --class native64 --uri "coap://[$host]:56830/image" -o "$out/other.suit" > /dev/null ||
        fail "fcc pack"
    push 5 FCC_E_DIGEST --manifest "$out/other.suit" --no-check "$out/trapping.fcc"
    push 5 "taken back" $house --wait "$out/trapping.fcc"
    push 0 "sequence number 13" $house --wait "$out/second.fcc"
    finish
    start
    echo "device started again"
    push 0 "sequence number 14" $house --wait "$out/second.fcc"
    finish
}
grep -a '^\.fc\.\|^boot' "$out/console" | sed 's/^/  | /'
# The lines of console.txt come in this order, each as part of a line.
awk -v console="$out/console" '
    BEGIN { while ((getline line < console) > 0) lines[++count] = line; at = 0 }
    {
        do { at++ } while (at <= count && index(lines[at], $0) == 0)
        if (at > count) { print "  missing: " $0; exit 1 }
    }' "$application/console.txt" || fail "the console"

[ $failed = 0 ] && echo "all as expected" || echo "FAILED"
exit $failed
