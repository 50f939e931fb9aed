// SPDX-License-Identifier: MIT
import { join } from 'node:path';
import { fixtureFile } from '../fixtures/all.js';

/** Two programs in one object, with line info: `put` stores at an index from its context, `wait` loops while that is set. */
export const MISBEHAVE = join(import.meta.dirname, '../../runtime-c/examples/bare-metal/misbehave.o');
export const MISBEHAVE_CONTRACT = join(MISBEHAVE, '../misbehave.contract.json');
/** The same kind of object without line info: three functions with globals, read without a contract. */
export const PLAIN = join(import.meta.dirname, '../elf/samples/plain.o');

export const FLETCHER = fixtureFile('fletcher32', 'v3.o');
export const FLETCHER_CONTRACT = fixtureFile('fletcher32', 'contract.json');

/** Bare instructions, little endian, eight bytes each. */
export const raw = (...insns: string[]): Uint8Array => new Uint8Array(Buffer.from(insns.join(''), 'hex'));
export const MOV_R0_42 = 'b70000002a000000';
export const EXIT = '9500000000000000';
/** r0 = *(u8 *)(r10 + 0): one past the end of the stack, whatever the contract. */
export const LOAD_PAST_STACK = '71a0000000000000';
