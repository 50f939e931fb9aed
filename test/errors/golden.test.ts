// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../compiler/errors/index.js';
import { PROVOKE } from './provoke.js';

/**
 * Every error code once, as it is printed: golden/FCCnnnn.txt. Texts that are meant to change are written anew with
 * `FCC_BLESS=1 npx vitest run test/errors`, and to be read before they are committed.
 */
const GOLDEN = join(import.meta.dirname, 'golden');
const BLESS = process.env.FCC_BLESS === '1';
const CODES = Object.keys(ERRORS) as ErrorCode[];

/** A place in short: a source line, an instruction of a function, a byte of a file, or a file or function alone. */
const PLACE = / \((?:[\w./]+:\d+(?:, insn \d+)?|(?:[\w./]+, )?(?:insn|byte) \d+|[\w./]+)\)$/;

/**
 * Errors that concern an option, a whole file, a whole program or this machine have no place inside of one: the message itself
 * names what it is about.
 */
const SUBJECT: Partial<Record<ErrorCode, string>> = {
  FCC0001: 'cortex-m99',
  FCC0002: 'missing.o',
  FCC0003: 'no/prog.fcc',
  FCC0004: 'get',
  FCC0190: 'shared function',
  FCC0510: 'the program',
  FCC0610: 'entry points',
  FCC0701: 'the context',
  FCC0711: 'images',
  FCC0712: 'the image',
  FCC0713: 'this image',
  FCC0801: 'qemu-system-arm, arm-none-eabi-gcc',
  FCC0802: 'the test firmware',
  FCC0803: 'the emulator',
  FCC0804: 'case 0 (main)',
  FCC0805: 'case 0 (main)',
  FCC0806: 'cortex-m4',
  FCC0807: 'the image of put',
  FCC0813: '.fc.measure-air-quality.building-7',
  FCC0816: 'prog.fcc',
  FCC0817: 'fc/timer.fast',
  FCC0821: 'site.pem',
  FCC0822: 'site.pub',
  FCC0850: 'the device',
  FCC0851: 'prog.fcc',
  FCC0852: 'prog.fcc',
  FCC0853: 'the device',
  FCC0854: 'the image',
  FCC0855: 'prog.fcc',
  FCC0856: '192.0.2.1',
};

describe('golden errors', () => {
  it.each(CODES)('%s', async (code) => {
    const { text, exit } = await PROVOKE[code]();
    const file = join(GOLDEN, `${code}.txt`);
    if (BLESS) writeFileSync(file, `${text}\n`);
    expect(`${text}\n`).toBe(readFileSync(file, 'utf8'));
    expect(exit).toBe(ERRORS[code].exit);
    const [first = ''] = text.split('\n');
    const message = /^error\[(FCC\d{4})\]: (.+)$/.exec(first);
    expect(message?.[1]).toBe(code);
    const subject = SUBJECT[code];
    if (subject === undefined) expect(first).toMatch(PLACE);
    else expect(message?.[2]).toContain(subject);
  });

  it('are as many as the codes', () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(CODES.map((code) => `${code}.txt`).sort());
  });
});
