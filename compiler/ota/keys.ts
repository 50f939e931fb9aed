// SPDX-License-Identifier: MIT

/**
 * Forms of SUIT manifests. They differ in numbers and in what is signed, and neither reads the other:
 * draft-ietf-suit-manifest-09, which RIOT implements, and draft 37.
 */
export const PROFILES = ['riot-v9', 'ietf-37'] as const;
export type Profile = (typeof PROFILES)[number];

/** Vendor that RIOT's devices believe in unless they were built otherwise. */
export const DEFAULT_VENDOR = 'riot-os.org';

/** What a value is; printers and readers go on from there. */
export type Kind =
  | 'plain'
  | 'authentication'
  | 'manifest'
  | 'common'
  | 'components'
  | 'digest'
  | 'sequence'
  | 'parameters'
  | 'sequences'
  | 'uuid';

export interface KeyRow {
  readonly name: string;
  /** Number in riot-v9 and in ietf-37; null: it does not exist there. */
  readonly numbers: readonly [number | null, number | null];
  readonly value: Kind;
  /** The value is a byte string that holds the encoding of what `value` says. */
  readonly wrapped?: true;
  readonly doc: string;
}

/**
 * Maps and command sequences of manifests. Not all is read: what is not is named all the same when a manifest is shown.
 */
export const KEYS = {
  envelope: [
    {
      name: 'authentication-wrapper',
      numbers: [2, 2],
      value: 'authentication',
      wrapped: true,
      doc: 'digest and signatures',
    },
    { name: 'manifest', numbers: [3, 3], value: 'manifest', wrapped: true, doc: 'what is signed' },
  ],
  manifest: [
    { name: 'manifest-version', numbers: [1, 1], value: 'plain', doc: 'always 1' },
    { name: 'manifest-sequence-number', numbers: [2, 2], value: 'plain', doc: 'devices take only higher ones' },
    { name: 'common', numbers: [3, 3], value: 'common', wrapped: true, doc: 'for all sequences' },
    { name: 'reference-uri', numbers: [4, 4], value: 'plain', doc: 'where the manifest is in full' },
    { name: 'dependency-resolution', numbers: [7, null], value: 'sequence', wrapped: true, doc: 'other manifests' },
    { name: 'payload-fetch', numbers: [8, 16], value: 'sequence', wrapped: true, doc: 'fetching ahead' },
    { name: 'install', numbers: [9, 20], value: 'sequence', wrapped: true, doc: 'fetching and storing the image' },
    { name: 'validate', numbers: [10, 7], value: 'sequence', wrapped: true, doc: 'checks before the image is used' },
    { name: 'load', numbers: [11, 8], value: 'sequence', wrapped: true, doc: 'copying the image to where it runs' },
    { name: 'run', numbers: [12, null], value: 'sequence', wrapped: true, doc: 'starting the image' },
    { name: 'invoke', numbers: [null, 9], value: 'sequence', wrapped: true, doc: 'starting the image' },
    { name: 'text', numbers: [13, 23], value: 'plain', doc: 'for people' },
  ],
  common: [
    { name: 'dependencies', numbers: [1, 1], value: 'plain', doc: 'other manifests' },
    { name: 'components', numbers: [2, 2], value: 'components', doc: 'names of what is installed' },
    {
      name: 'common-sequence',
      numbers: [4, null],
      value: 'sequence',
      wrapped: true,
      doc: 'comes before every other one',
    },
    {
      name: 'shared-sequence',
      numbers: [null, 4],
      value: 'sequence',
      wrapped: true,
      doc: 'comes before every other one',
    },
  ],
  /** Commands with their arguments. Those of conditions and of fetch say what is reported (bits, below). */
  commands: [
    { name: 'condition-vendor-identifier', numbers: [1, 1], value: 'plain', doc: 'the device is of this vendor' },
    { name: 'condition-class-identifier', numbers: [2, 2], value: 'plain', doc: 'the device is of this class' },
    { name: 'condition-image-match', numbers: [3, 3], value: 'plain', doc: 'the component has this digest' },
    { name: 'condition-component-offset', numbers: [5, null], value: 'plain', doc: 'the component is at this offset' },
    { name: 'condition-component-slot', numbers: [null, 5], value: 'plain', doc: 'the component is in this slot' },
    { name: 'condition-check-content', numbers: [null, 6], value: 'plain', doc: 'the component has this content' },
    { name: 'directive-set-component-index', numbers: [12, 12], value: 'plain', doc: 'what follows is about this one' },
    { name: 'directive-try-each', numbers: [15, 15], value: 'sequences', doc: 'the first that succeeds' },
    { name: 'directive-write', numbers: [null, 18], value: 'plain', doc: 'stores the content' },
    { name: 'directive-set-parameters', numbers: [19, null], value: 'parameters', doc: 'unless they are set already' },
    { name: 'directive-override-parameters', numbers: [20, 20], value: 'parameters', doc: 'even if they are set' },
    { name: 'directive-fetch', numbers: [21, 21], value: 'plain', doc: 'fetches the image from the URI' },
    { name: 'directive-copy', numbers: [22, 22], value: 'plain', doc: 'from another component' },
    { name: 'directive-run', numbers: [23, null], value: 'plain', doc: 'starts the component' },
    { name: 'directive-invoke', numbers: [null, 23], value: 'plain', doc: 'starts the component' },
    { name: 'condition-device-identifier', numbers: [24, 24], value: 'plain', doc: 'it is this very device' },
    { name: 'directive-swap', numbers: [31, 31], value: 'plain', doc: 'exchanges two components' },
    {
      name: 'directive-run-sequence',
      numbers: [32, 32],
      value: 'sequence',
      wrapped: true,
      doc: 'a sequence in a sequence',
    },
  ],
  parameters: [
    { name: 'vendor-identifier', numbers: [1, 1], value: 'uuid', doc: 'UUID' },
    { name: 'class-identifier', numbers: [2, 2], value: 'uuid', doc: 'UUID' },
    { name: 'image-digest', numbers: [3, 3], value: 'digest', wrapped: true, doc: 'of the image' },
    { name: 'component-offset', numbers: [5, null], value: 'plain', doc: 'where the component is' },
    { name: 'component-slot', numbers: [null, 5], value: 'plain', doc: 'where the component is' },
    { name: 'strict-order', numbers: [12, 12], value: 'plain', doc: 'commands in order' },
    { name: 'soft-failure', numbers: [13, 13], value: 'plain', doc: 'a failure ends only the sequence' },
    { name: 'image-size', numbers: [14, 14], value: 'plain', doc: 'bytes of the image' },
    { name: 'content', numbers: [null, 18], value: 'plain', doc: 'what is written' },
    { name: 'uri', numbers: [21, 21], value: 'plain', doc: 'where the image is' },
    { name: 'source-component', numbers: [22, 22], value: 'plain', doc: 'copied or swapped from' },
    { name: 'device-identifier', numbers: [24, 24], value: 'uuid', doc: 'UUID' },
  ],
} as const satisfies Record<string, readonly KeyRow[]>;

export type Table = keyof typeof KEYS;
export type KeyName<T extends Table> = (typeof KEYS)[T][number]['name'];

/** Number of a key that exists in a profile. */
export function keyNumber<T extends Table>(table: T, name: KeyName<T>, profile: Profile): number {
  const rows: readonly KeyRow[] = KEYS[table];
  const number = rows.find((row) => row.name === name)?.numbers[PROFILES.indexOf(profile)];
  if (number === null || number === undefined) throw new Error(`${profile} has no ${name}`);
  return number;
}

/** Row of a number in a profile; undefined: unknown there. */
export function keyRow(table: Table, number: unknown, profile: Profile): KeyRow | undefined {
  const rows: readonly KeyRow[] = KEYS[table];
  return rows.find((row) => row.numbers[PROFILES.indexOf(profile)] === number);
}

/** What is different apart from the numbers of keys. */
export const PROFILE_FACTS = {
  'riot-v9': {
    doc: 'draft-ietf-suit-manifest-09, as RIOT reads it',
    /** SHA-256 as algorithm of a digest: the draft's own registry, later that of COSE (RFC 9054). */
    sha256: 2,
    /** Argument of directive-fetch: what is reported. */
    fetchReport: 2,
    /** The digest stands in the signature as its payload, or apart from it and in front. */
    digestApart: false,
    uri: 'directive-set-parameters',
    shared: 'common-sequence',
  },
  'ietf-37': {
    doc: 'draft-ietf-suit-manifest-37',
    sha256: -16,
    fetchReport: 15,
    digestApart: true,
    uri: 'directive-override-parameters',
    shared: 'shared-sequence',
  },
} as const satisfies Record<Profile, unknown>;

/** Argument of conditions: a record and the system information are sent, whether it holds or not. */
export const REPORT_ALL = 15;

/** Tags: a SUIT envelope, which may have one in ietf-37; COSE_Sign1 (RFC 9052, section 2). */
export const TAG_ENVELOPE = 107;
export const TAG_SIGN1 = 18;

/** Protected header of the signature: algorithm (1) EdDSA (-8). */
export const PROTECTED = new Uint8Array([0xa1, 0x01, 0x27]);
