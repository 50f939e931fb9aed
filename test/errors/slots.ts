// SPDX-License-Identifier: MIT

const LINE = /^([0-9a-f]{2} )([0-9a-f]{2})?( [0-9a-f]{4} [0-9a-f]{8})? *(;.*)?$/;

/** Code as bytes in hexadecimal, one slot a line, with comments; undefined for a text that is something else. */
export function slotBytes(text: string): Uint8Array | undefined {
  const lines = text.split('\n');
  if (!lines.every((line) => LINE.test(line))) return undefined;
  const digits = lines.map((line) => line.replace(/;.*/, '').replaceAll(' ', '')).join('');
  return new Uint8Array(Buffer.from(digits, 'hex'));
}
