// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

const malformed = { stage: 'contract', exit: 3 } as const;

/** FCC04xx: hook contracts. */
export const CONTRACT_ERRORS = {
  FCC0401: {
    ...malformed,
    title: 'malformed contract',
    explain:
      'The hook contract does not follow the schema: a property is missing, misspelled or of the wrong type. The message names it by its path.',
    wrong: '{ "hook": "fc/timer", "helpers": "printf" }',
    right: '{ "hook": "fc/timer", "helpers": ["printf"] }',
  },
  FCC0402: {
    ...malformed,
    title: 'contract is not JSON',
    explain: 'The contract file is not valid JSON. Line and column say where reading it stopped.',
    wrong: '{ "hook": "fc/timer", }',
    right: '{ "hook": "fc/timer" }',
  },
  FCC0403: {
    ...malformed,
    title: 'context fields overlap',
    explain: 'Two fields of the context cover the same byte. Rights and meaning of every byte have to be clear.',
    wrong:
      '{ "name": "a", "offset": 0, "type": "scalar", "size": 8 }, { "name": "b", "offset": 4, "type": "scalar", "size": 4 }',
    right:
      '{ "name": "a", "offset": 0, "type": "scalar", "size": 4 }, { "name": "b", "offset": 4, "type": "scalar", "size": 4 }',
  },
  FCC0404: {
    ...malformed,
    title: 'field outside the context',
    explain: 'A field ends behind the last byte of the context, whose size the contract gives.',
    wrong: '"context": { "size": 4, "fields": [{ "name": "x", "offset": 2, "type": "scalar", "size": 4 }] }',
    right: '"context": { "size": 6, "fields": [{ "name": "x", "offset": 2, "type": "scalar", "size": 4 }] }',
  },
  FCC0405: {
    ...malformed,
    title: 'field names an unknown region',
    explain: 'A pointer or length field belongs to a region that "regions" does not declare.',
    wrong: '"regions": [], with a field { "name": "buf", "offset": 0, "type": "pointer", "region": "buf" }',
    right: '"regions": [{ "name": "buf", "access": "r", "size": 64 }], with the same field',
  },
  FCC0406: {
    ...malformed,
    title: 'contract names an unknown helper',
    explain: '"helpers" lists a helper that does not exist. `fcc helpers` prints those that do.',
    wrong: '"helpers": ["print"]',
    right: '"helpers": ["printf"]',
  },
  FCC0407: {
    ...malformed,
    title: 'misplaced pointer field',
    explain:
      'A pointer field is a 64-bit slot: 8 bytes at an offset that 8 divides, so that 32-bit and 64-bit compilers lay the structure out alike. It is never writable.',
    wrong: '{ "name": "buf", "offset": 4, "type": "pointer", "region": "buf" }',
    right: '{ "name": "buf", "offset": 8, "type": "pointer", "region": "buf" }',
  },
  FCC0408: {
    ...malformed,
    title: 'name used twice',
    explain: 'Two fields, two regions or two entries of "helpers" have the same name.',
    wrong: '"helpers": ["printf", "printf"]',
    right: '"helpers": ["printf"]',
  },
  FCC0409: {
    ...malformed,
    title: 'sizes of a region contradict each other',
    explain:
      'A region either has a fixed "size", or "size": null with "minSize" at most "maxSize". A length field must be wide enough for the longest region.',
    wrong: '{ "name": "buf", "size": null, "minSize": 64, "maxSize": 32 }',
    right: '{ "name": "buf", "size": null, "minSize": 32, "maxSize": 64 }',
  },
  FCC0410: {
    ...malformed,
    title: 'impossible range of a field',
    explain:
      '"range" gives the smallest and the largest value of a scalar field, both unsigned and within its size. It is a promise of the hook, and so only holds for fields that the container cannot write.',
    wrong: '"size": 1, "range": [0, 300]',
    right: '"size": 1, "range": [0, 255]',
  },
} as const satisfies Record<string, ErrorRow>;
