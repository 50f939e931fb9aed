// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC081x: manifests. FCC082x: keys. FCC085x: pushing to a device. */
export const OTA_ERRORS = {
  FCC0811: {
    stage: 'image',
    exit: 3,
    title: 'manifest is not deterministic CBOR',
    explain:
      'A manifest is one item of CBOR in the deterministic encoding of RFC 8949, section 4.2.1: shortest forms, definite lengths, the keys of a map in order and none of them twice, nothing behind the item. So there is one form of each manifest, and a device can read it in one pass. The file is something else, was cut, or was written by a tool that encodes otherwise.',
    wrong: 'head -c 100 prog.suit >half.suit && fcc inspect half.suit',
    right: 'fcc inspect prog.suit',
  },
  FCC0812: {
    stage: 'image',
    exit: 3,
    title: 'not a manifest as fcc packs it',
    explain:
      'The file is CBOR, but no SUIT manifest of profile riot-v9 or ietf-37 with one component, one image and at most one Ed25519 signature. The message names the part that differs. Devices refuse what they do not know exactly, so fcc does too.',
    wrong: 'fcc inspect manifest_with_two_components.suit',
    right: 'fcc pack prog.fcc --hook fc/timer --seq 1 --class board --uri coap://[fd00::1]/prog.fcc -k site.pem',
  },
  FCC0813: {
    stage: 'usage',
    exit: 4,
    title: 'manifest over the limits of devices',
    explain:
      'Devices read manifests into memory of a fixed size: 640 bytes, 31 characters for the component’s name with a dot before each part, 127 for the URI. They are RIOT’s limits, and those of fcc_manifest.h unless the firmware was built with others; `fcc pack --limit` then gives the length of the whole.',
    wrong: 'fcc pack prog.fcc --hook fc/measure-air-quality --container building-7 --seq 1 …',
    right: 'fcc pack prog.fcc --hook fc/air --container building-7 --seq 1 …',
  },
  FCC0814: {
    stage: 'image',
    exit: 5,
    title: 'signature of the manifest is not by a given key',
    explain:
      'None of the keys given made the signature of the manifest: it was signed with another one, or the manifest was changed afterwards. Devices that have only those keys refuse it.',
    wrong: 'fcc inspect prog.suit -k other.pem',
    right: 'fcc sign prog.suit -k site.pem && fcc inspect prog.suit -k site.pem',
  },
  FCC0815: {
    stage: 'image',
    exit: 5,
    title: 'manifest is not the one that was signed',
    explain:
      'The signature covers a digest, and the digest is not that of the manifest: it was changed after it was signed. Devices refuse it. Sign it again if the change was yours.',
    wrong: 'sed s/prog.fcc/evil.fcc/ prog.suit >changed.suit && fcc inspect changed.suit',
    right: 'fcc sign changed.suit -k site.pem && fcc inspect changed.suit',
  },
  FCC0816: {
    stage: 'image',
    exit: 5,
    title: 'image is not the one of the manifest',
    explain:
      'Length or SHA-256 of the image differ from what the manifest says. A device refuses the image after it has fetched it. Pack a manifest for each image, with a higher sequence number.',
    wrong:
      'fcc pack prog.fcc … && fcc compile prog.o -t cortex-m0 -o prog.fcc && fcc inspect prog.suit --image prog.fcc',
    right:
      'fcc compile prog.o -t cortex-m0 -o prog.fcc && fcc pack prog.fcc … && fcc inspect prog.suit --image prog.fcc',
  },
  FCC0817: {
    stage: 'usage',
    exit: 2,
    title: 'bad value for a manifest',
    explain:
      'A value cannot be in a manifest. The component’s name is made of the parts of the hook’s name at `/` and the container’s name: they are printable ASCII without dots and not empty. The URI is a coap one, in printable ASCII, with a port that exists and without a fragment. Sequence numbers are from 0 to 4294967295. Vendor and class are names or UUIDs of 16 bytes; what looks like a UUID and has a digit too few is no name.',
    wrong: 'fcc pack prog.fcc --hook fc/timer.fast --seq 1 …',
    right: 'fcc pack prog.fcc --hook fc/timer-fast --seq 1 …',
  },
  FCC0821: {
    stage: 'image',
    exit: 3,
    title: 'not an Ed25519 key',
    explain:
      'Keys are Ed25519 (RFC 8032): private ones in PKCS #8 and public ones in SubjectPublicKeyInfo, both as PEM (RFC 8410), public ones also as 64 hexadecimal digits. The file is something else, or a key for another algorithm.',
    wrong: 'openssl genpkey -algorithm X25519 -out site.pem && fcc keys pub site.pem',
    right: 'fcc keys gen -o site.pem && fcc keys pub site.pem',
  },
  FCC0822: {
    stage: 'usage',
    exit: 2,
    title: 'key cannot be used here',
    explain:
      'Signing needs the private key, not the public one; a key that is encrypted needs its passphrase, which --passphrase-file gives. The message says which.',
    wrong: 'fcc sign prog.suit -k site.pub.pem',
    right: 'fcc sign prog.suit -k site.pem',
  },
  FCC0850: {
    stage: 'device',
    exit: 5,
    title: 'device does not answer',
    explain:
      'Nothing came back from the device, however often it was asked: its address or port is wrong, it is off or does not run an update client, or a firewall is in between. CoAP uses UDP, port 5683 unless the URL has another one. A link-local IPv6 address needs the name of the interface behind a percent sign.',
    wrong: 'fcc push coap://[fe80::1]/ prog.fcc -k site.pem --hook fc/timer',
    right: 'fcc push "coap://[fe80::1%tap0]/" prog.fcc -k site.pem --hook fc/timer',
  },
  FCC0851: {
    stage: 'device',
    exit: 5,
    title: 'device refused the update',
    explain:
      'The device fetched the manifest, and perhaps the image, and said no; what ran before goes on. The status says why: `fcc explain FCC_E_SEQUENCE` and so on explain each. It may also have refused the request itself, with a CoAP code that is shown.',
    wrong: 'fcc push coap://[fd00::1]/ prog.fcc -k guest.pem --hook fc/timer   (a key of another tenant)',
    right: 'fcc push coap://[fd00::1]/ prog.fcc -k site.pem --hook fc/timer',
  },
  FCC0852: {
    stage: 'device',
    exit: 4,
    title: 'image does not fit the device',
    explain:
      'By its own report the device cannot take this image: it is for another instruction set or needs a core feature that is absent, is longer than the slot, or there is no place of that name. Nothing was sent. `--no-check` leaves the judgement to the device.',
    wrong:
      'fcc compile prog.o -t rv32imc && fcc push coap://[fd00::1]/ prog.fcc -k site.pem --hook fc/timer   (a Cortex-M4)',
    right: 'fcc compile prog.o -t cortex-m4 && fcc push coap://[fd00::1]/ prog.fcc -k site.pem --hook fc/timer',
  },
  FCC0853: {
    stage: 'device',
    exit: 5,
    title: 'malformed answer of the device',
    explain:
      'The device answered something that is not what fcc understands: a report with a line, key or number that cannot be, blocks that do not fit together, or no number of an attempt. Its firmware may be of another version, or it is no such device.',
    wrong: 'fcc push coap://[fd00::1]/ prog.fcc -k site.pem --hook fc/timer   (a device that answers "place -1")',
    right: 'a device with fcc_update_report of the runtime in C',
  },
  FCC0854: {
    stage: 'device',
    exit: 5,
    title: 'no verdict on the update',
    explain:
      'The device was told of the update, but how it ended is not known: it did not fetch, or not all, or did not answer in time; it restarted again and again; another update came in between; or it has no report, as a RIOT without the fcc module, whose console tells more. The message says how far it came. An update that is broken off leaves running what ran before.',
    wrong: 'fcc push coap://[fd00::1]/ prog.fcc -k site.pem --hook fc/timer --timeout 1',
    right: 'fcc push coap://[fd00::1]/ prog.fcc -k site.pem --hook fc/timer --timeout 120',
  },
  FCC0855: {
    stage: 'device',
    exit: 5,
    title: 'new image was taken back',
    explain:
      'The image was installed, trapped in one of its first runs, or the device restarted too often with it, and the image before it runs again. The map that `fcc compile --map` wrote turns the site into file and line. Its sequence number is used up: the next push needs a higher one.',
    wrong:
      'fcc push coap://[fd00::1]/ prog.fcc -k site.pem --hook fc/timer --wait   (a program that reads out of bounds)',
    right:
      'fcc run prog.o --contract timer.json -t cortex-m4 --engine sim && fcc push coap://[fd00::1]/ prog.fcc -k site.pem --hook fc/timer --wait',
  },
  FCC0856: {
    stage: 'device',
    exit: 5,
    title: 'cannot serve the update',
    explain:
      'fcc serves manifest and image to the device on a UDP port of this machine, and could not use it: another program has it, or the address is none of this machine’s. For a manifest that was packed before, it is the port in its URI.',
    wrong: 'fcc push coap://[fd00::1]/ prog.fcc --port 5683   (while a CoAP server runs there)',
    right: 'fcc push coap://[fd00::1]/ prog.fcc --port 40000',
  },
} as const satisfies Record<string, ErrorRow>;
