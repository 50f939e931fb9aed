// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtureFile } from '../../fixtures/all.js';

/**
 * Femto-Container images, committed: fixtures built at -mcpu=v2 as that system's tools take them. `FCC_BLESS=1` writes them anew.
 */
export const RBPF_SAMPLES = [
  { name: 'fletcher32', table: true },
  // Two helpers; the only image here without a function table.
  { name: 'thread_counter', table: false },
  { name: 'coap_response', table: true },
  // A table in rodata, through 0xd8; a 64-bit immediate whose low half is negative.
  { name: 'crc32', table: true },
  // State in data, through 0xb8.
  { name: 'moving_average', table: true },
  // Variables in data and rodata, and calls between functions, which Femto-Containers themselves do not run.
  { name: 'calls_globals', table: true },
] as const;

export const rbpfFile = (name: string): string => join(import.meta.dirname, `${name}.rbpf`);
export const rbpfSample = (name: string): Uint8Array => new Uint8Array(readFileSync(rbpfFile(name)));
export const contractFile = (name: string): string => fixtureFile(name, 'contract.json');
