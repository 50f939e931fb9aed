// SPDX-License-Identifier: MIT
import { v5 } from 'uuid';
import { CompileError } from '../errors/index.js';

export { DEFAULT_VENDOR } from './keys.js';

/** 16 bytes that are written out, with the hyphens of a UUID or as 32 hexadecimal digits; else undefined. */
function literal(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i.test(text)) return undefined;
  return Uint8Array.from(text.replaceAll('-', '').match(/../g)!, (digits) => Number.parseInt(digits, 16));
}

/** What looks like a UUID with a digit too few or too many: nobody's name, so that it is a mistake. */
const MISSPELT = /^[{]?[0-9a-f-]{28,40}[}]?$/i;

/** UUID of version 5 (RFC 9562, section 5.5). */
function named(what: string, name: string, space: string | Uint8Array): Uint8Array {
  if (name === '' || MISSPELT.test(name))
    throw new CompileError('FCC0817', `${what} cannot be in a manifest`, {
      expected: 'a name, or a UUID: 32 hexadecimal digits, with hyphens in their places or without',
      got: JSON.stringify(name),
    });
  return new Uint8Array(v5(name, space, new Uint8Array(16)));
}

/**
 * UUID of a vendor, 16 bytes in network order: that of its domain in the namespace of domains, or what is written out.
 * @throws CompileError FCC0817 for an empty name, and what looks like a UUID but is none
 */
export function vendorId(vendor: string): Uint8Array {
  return literal(vendor) ?? named('the vendor', vendor, v5.DNS);
}

/**
 * UUID of a class of devices, for RIOT the board: that of its name in the vendor's namespace, or what is written out.
 * @throws CompileError FCC0817 as vendorId
 */
export function classId(vendor: Uint8Array, name: string): Uint8Array {
  // The namespace is passed as bytes: as text it would have to be a UUID of RFC 9562, which a device's bytes need not be.
  return literal(name) ?? named('the class', name, vendor);
}

/** 16 bytes as text, with hyphens. */
export function uuidText(bytes: Uint8Array): string {
  return [...bytes].map((b, i) => `${[4, 6, 8, 10].includes(i) ? '-' : ''}${b.toString(16).padStart(2, '0')}`).join('');
}
