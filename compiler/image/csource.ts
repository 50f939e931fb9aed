// SPDX-License-Identifier: MIT
import { contractHeader, hookPrefix } from '../contract/header.js';
import { hookUuid } from '../contract/hook-id.js';
import { isReserved } from '../contract/names.js';
import { type Contract, DEFAULT_CONTRACT } from '../contract/types.js';
import { contractHash } from './contract-hash.js';
import { crc32Text } from './crc32.js';
import type { Image } from './image.js';

const hex = (n: number, digits = 8): string => `0x${n.toString(16).padStart(digits, '0')}u`;
/** Text that ends no comment and no string. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]|[*"\\?]/g, '?');

/**
 * An image as C source for `--format c`: an 8-aligned constant array, what firmware needs to know of it, and the header of its contract
 * (`fcc gen header`), which several containers of a hook and the firmware may all include. `name` becomes a C identifier.
 */
export function imageToC(image: Image, name: string, contract: Contract): string {
  const id = /^[A-Za-z_]\w*$/.test(name) ? name : `_${name.replace(/\W/g, '_')}`;
  const upper = id.toUpperCase();
  const names = new Set<string>();
  const macros: string[] = [];
  const define = (word: string, value: string | number, comment = ''): void => {
    let name = `${upper}_${word}`;
    for (let i = 2; names.has(name); i++) name = `${upper}_${word}_${i}`;
    names.add(name);
    macros.push(`#define ${name} ${value}${comment === '' ? '' : ` /* ${comment} */`}`);
  };
  const { text, bytes } = hookUuid(contract.hook);
  define('HOOK_ID', hex(crc32Text(contract.hook)), "CRC-32 of the hook's name");
  define('HOOK_UUID', `{ ${[...bytes].map((b) => hex(b, 2)).join(', ')} }`, text);
  define('CONTRACT_HASH', hex(image.contractHash));
  define('LENGTH', `${image.bytes.length}u`);
  define('BLOCK_LENGTH', `${image.blockLength}u`, 'writable data, zeroed data and eBPF stack frames');
  define('INSTANCE_LENGTH', `${image.instanceLength}u`);
  define('SLOT_LENGTH', `(sizeof(fcc_slot_t) + ${image.instanceLength}u + ${image.blockLength}u)`, 'for fcc_install');
  define('STACK_LENGTH', `${image.stackLength}u`, 'native stack, helpers apart');
  for (const [i, { name: entry, nameHash }] of image.entries.entries()) {
    const word = entry.replace(/\W/g, '_').toUpperCase();
    define(`ENTRY_${word}`, i, 'number for fcc_run');
    define(`HASH_${word}`, hex(nameHash), 'CRC-32 of the name, for fcc_install and fcc_find');
  }
  const lines: string[] = [];
  for (let at = 0; at < image.bytes.length; at += 16) {
    const row = Array.from(image.bytes.subarray(at, at + 16), (b) => `0x${b.toString(16).padStart(2, '0')}`);
    lines.push(`    ${row.join(', ')},`);
  }
  return `/* Written by fcc from an eBPF object for hook ${plain(contract.hook)}. */
#pragma once
#include <stdint.h>
${typedContext(contract)}
${macros.join('\n')}

static const uint8_t ${isReserved(id) ? `${id}_` : id}[${upper}_LENGTH] __attribute__((aligned(8))) = {
${lines.join('\n')}
};
`;
}

/** The contract's header, where there is a contract; whatever of the same hook was included before must be of the same one. */
function typedContext(contract: Contract): string {
  if (contract === DEFAULT_CONTRACT) return '';
  const hash = contractHash(contract);
  const prefix = hookPrefix(contract.hook);
  return `
${contractHeader(contract, { hookId: crc32Text(contract.hook), contractHash: hash })}
#if ${prefix}_CONTRACT_HASH != ${hex(hash)}
#error "the header of another contract of hook ${plain(contract.hook)} was included before"
#endif
`;
}
