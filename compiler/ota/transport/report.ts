// SPDX-License-Identifier: MIT
import { CompileError } from '../../errors/index.js';

/** The device, as the first line of its report says. UUIDs are 32 hexadecimal digits. */
export interface DeviceLine {
  readonly vendor: string;
  readonly class: string;
  /** Number of the instruction set, as in images: 0 is a device without one, which takes eBPF text only. */
  readonly arch: number;
  readonly features: number;
  readonly interpreter: boolean;
  /** Number of places that the device has; as many place lines follow. */
  readonly places: number;
}

/** What an update does, or how the last one ended. */
export interface UpdateLine {
  /** Since the start of the device. */
  readonly attempts: number;
  readonly phase: 'idle' | 'fetching' | 'done';
  /** 0 or the runtime's number, which is negative. */
  readonly status: number;
  /** The helper's id after FCC_E_HELPER, else 0. */
  readonly helper: number;
  /** null: none was reached. */
  readonly component: string | null;
  readonly sequence: number;
  readonly received: number;
  readonly size: number;
}

/** A place for a container. Lengths in bytes. */
export interface PlaceLine {
  readonly component: string;
  readonly tenant: number;
  readonly hook: number;
  /** Hash of the hook's contract. */
  readonly contract: number;
  readonly image: 'none' | 'factory' | '0' | '1';
  readonly sequence: number;
  /** Highest sequence number that was ever installed. */
  readonly floor: number;
  /** Longest image. */
  readonly limit: number;
  readonly length: number;
  readonly trial: boolean;
  /** Runs without a trap that end a trial. */
  readonly of: number;
  readonly runs: number;
  readonly traps: number;
  /** Code and site of the last trap, 0 if there was none. */
  readonly trap: number;
  readonly site: number;
  /** r0 of the last run: 64 bits, signed. */
  readonly value: bigint;
  readonly state: string;
  /** Sequence number of the last image that was taken back, 0 if none was; why and where. */
  readonly rejected: number;
  readonly rejectedTrap: number;
  readonly rejectedSite: number;
}

/** What a device answers to GET /fcc/update. */
export interface Report {
  readonly device: DeviceLine;
  readonly update: UpdateLine;
  readonly places: readonly PlaceLine[];
}

/** Longest report that is read, in bytes: a line takes some 350, so that this is for 45 places. */
export const REPORT_MAX = 16384;

/** Longest word: a component's name has at most 31 bytes, the longest key and number are shorter. */
const WORD_MAX = 64;

/** Answers of a device are not believed: `what` is quoted only as far as it is printable. */
function malformed(what: string, got: string): CompileError {
  const shown = got.length > 60 ? `${got.slice(0, 60)}…` : got;
  return new CompileError('FCC0853', `malformed report of the device: ${what}`, {
    got: JSON.stringify(shown),
    help: 'its firmware may be made for another version of fcc',
  });
}

const U32 = 0xffff_ffff;

/** Pairs of key and value behind a line's first word. A key given twice is refused. */
class Pairs {
  private readonly values = new Map<string, string>();

  constructor(
    private readonly line: string,
    words: readonly string[],
  ) {
    if (words.length % 2 !== 0) throw malformed('a key without a value', line);
    for (let i = 0; i < words.length; i += 2) {
      const key = words[i]!;
      if (this.values.has(key)) throw malformed(`${key} is given twice`, line);
      this.values.set(key, words[i + 1]!);
    }
  }

  text(key: string): string {
    const value = this.values.get(key);
    if (value === undefined) throw malformed(`${key} is missing`, this.line);
    return value;
  }

  /** A decimal number; `min` is 0 or negative. */
  number(key: string, min = 0, max = U32): number {
    const value = this.text(key);
    const n = /^-?\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
    if (!(n >= min && n <= max)) throw malformed(`${key} is no number from ${min} to ${max}`, value);
    return n;
  }

  flag(key: string): boolean {
    return this.number(key, 0, 1) === 1;
  }

  word<T extends string>(key: string, words: readonly T[]): T {
    const value = this.text(key);
    const found = words.find((w) => w === value);
    if (found === undefined) throw malformed(`${key} is none of ${words.join(', ')}`, value);
    return found;
  }

  uuid(key: string): string {
    const value = this.text(key).toLowerCase();
    if (!/^[0-9a-f]{32}$/.test(value)) throw malformed(`${key} is no UUID of 32 hexadecimal digits`, value);
    return value;
  }

  signed64(key: string): bigint {
    const value = this.text(key);
    const n = /^-?\d{1,20}$/.test(value) ? BigInt(value) : null;
    if (n === null || n < -(1n << 63n) || n >= 1n << 64n) throw malformed(`${key} is no number of 64 bits`, value);
    return BigInt.asIntN(64, n);
  }
}

function deviceLine(p: Pairs): DeviceLine {
  return {
    vendor: p.uuid('vendor'),
    class: p.uuid('class'),
    arch: p.number('arch'),
    features: p.number('features'),
    interpreter: p.flag('interpreter'),
    places: p.number('places'),
  };
}

function updateLine(p: Pairs): UpdateLine {
  const component = p.text('component');
  return {
    attempts: p.number('attempts'),
    phase: p.word('phase', ['idle', 'fetching', 'done']),
    // Written with or without its sign: 0 and the numbers of the runtime are the same either way.
    status: -Math.abs(p.number('status', -255, 255)) + 0,
    helper: p.number('helper'),
    component: component === '-' ? null : component,
    sequence: p.number('sequence'),
    received: p.number('received'),
    size: p.number('size'),
  };
}

function placeLine(p: Pairs): PlaceLine {
  return {
    component: p.text('component'),
    tenant: p.number('tenant'),
    hook: p.number('hook'),
    contract: p.number('contract'),
    image: p.word('image', ['none', 'factory', '0', '1']),
    sequence: p.number('sequence'),
    floor: p.number('floor'),
    limit: p.number('limit'),
    length: p.number('length'),
    trial: p.flag('trial'),
    of: p.number('of'),
    runs: p.number('runs'),
    traps: p.number('traps'),
    trap: p.number('trap'),
    site: p.number('site'),
    value: p.signed64('value'),
    state: p.word('state', ['none', 'idle', 'running', 'stopped']),
    rejected: p.number('rejected'),
    rejectedTrap: p.number('rejected-trap'),
    rejectedSite: p.number('rejected-site'),
  };
}

/**
 * Reads a report: lines whose first word says what they are, then pairs of key and value, all separated by single spaces. Keys and lines
 * that are unknown are passed over. The bytes may be anything. Errors: FCC0853.
 */
export function parseReport(bytes: Uint8Array): Report {
  if (bytes.length > REPORT_MAX) throw malformed(`longer than ${REPORT_MAX} bytes`, `${bytes.length} bytes`);
  const bad = bytes.findIndex((b) => b !== 0x0a && (b < 0x20 || b > 0x7e));
  if (bad >= 0) throw malformed('a byte that is not text', `0x${bytes[bad]!.toString(16)} at byte ${bad}`);
  let device: DeviceLine | undefined;
  let update: UpdateLine | undefined;
  const places: PlaceLine[] = [];
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    if (line === '') continue;
    const [first, ...words] = line.split(' ');
    if (first !== 'device' && first !== 'update' && first !== 'place') continue;
    if (words.some((w) => w === '' || w.length > WORD_MAX)) throw malformed('a word that is empty or too long', line);
    // The value of these two lines' first word is right behind it.
    const lead = first === 'place' ? ['component'] : first === 'update' ? ['attempts'] : [];
    const pairs = new Pairs(line, [...lead, ...words]);
    if (first === 'place') places.push(placeLine(pairs));
    else if (first === 'device') {
      if (device) throw malformed('two device lines', line);
      device = deviceLine(pairs);
    } else {
      if (update) throw malformed('two update lines', line);
      update = updateLine(pairs);
    }
  }
  if (!device || !update) throw malformed(`no ${device ? 'update' : 'device'} line`, '');
  if (places.length !== device.places)
    throw malformed('another number of places than the device line says', `${places.length}, not ${device.places}`);
  const names = new Set(places.map((p) => p.component));
  if (names.size < places.length) throw malformed('two places of one name', [...names].join(' '));
  return { device, update, places };
}
