// SPDX-License-Identifier: MIT
import { CompileError } from '../../errors/index.js';
import type { Answer } from './client.js';

/** Number of the attempt in the answer to the trigger; null: there is none, as from a stock RIOT. Errors: FCC0853. */
export function attemptNumber(payload: Uint8Array): number | null {
  if (payload.length === 0) return null;
  const text = Buffer.from(payload.subarray(0, 16)).toString('latin1');
  if (/^[1-9]\d{0,9}$/.test(text) && payload.length <= 10) return Number(text);
  throw new CompileError('FCC0853', 'malformed answer of the device to POST /suit/trigger', {
    expected: 'the number of the attempt, as decimal text',
    got: JSON.stringify(text.replace(/[^ -~]/g, '.')),
  });
}

/** Names of RFC 7252 section 12.1.2 for the codes that a device is likely to send. */
const CODES: Readonly<Record<string, string>> = {
  '0.00': 'Reset',
  '4.00': 'Bad Request',
  '4.01': 'Unauthorized',
  '4.03': 'Forbidden',
  '4.04': 'Not Found',
  '4.05': 'Method Not Allowed',
  '4.09': 'Conflict',
  '4.13': 'Request Entity Too Large',
  '5.00': 'Internal Server Error',
  '5.03': 'Service Unavailable',
};

/** A request that was answered with an error; its diagnostic text is shown as far as it is printable. */
export function refusedRequest(what: string, { code, payload }: Answer): CompileError {
  const text = Buffer.from(payload.subarray(0, 80))
    .toString('latin1')
    .replace(/[^ -~]/g, '.');
  const help: Readonly<Record<string, string>> = {
    '4.04': 'the device runs no update client, or this is another port',
    '4.09': 'it is fetching another update: try again later',
    '4.13': 'the URL is too long for it: use a shorter --announce or --address',
  };
  return new CompileError('FCC0851', `the device answered ${code}${CODES[code] ? ` ${CODES[code]}` : ''} to ${what}`, {
    reason: text === '' ? undefined : `it says: ${text}`,
    help: help[code],
  });
}
