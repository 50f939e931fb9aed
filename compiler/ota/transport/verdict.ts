// SPDX-License-Identifier: MIT
import { STATUSES } from '../../image/status.js';
import { TRAPS } from '../../image/traps.js';
import type { PlaceLine } from './report.js';

/** How an update ended. */
export interface Verdict {
  /** 0 or the runtime's number, which is negative. */
  readonly status: number;
  /** Name of the status: `ok` or a row of STATUSES. */
  readonly name: string;
  readonly doc: string;
  readonly helper: number;
  readonly received: number;
  readonly size: number;
  /** Of the place afterwards; undefined: the report has no such place. */
  readonly place: PlaceLine | undefined;
}

/** What a trial came to; `running` as long as it lasts. */
export interface Trial {
  readonly result: 'running' | 'good' | 'taken-back';
  readonly runs: number;
  readonly of: number;
  /** Name of the trap and its site; null: there was none, or the site is unknown. */
  readonly trap: string | null;
  readonly site: number | null;
}

/** Site of a trap that is not known. */
const UNKNOWN_SITE = 0xffff_ffff;

/** Name and meaning of a status; numbers of later runtimes have none. */
export function statusOf(status: number): { readonly name: string; readonly doc: string } {
  if (status === 0) return { name: 'ok', doc: 'the image was installed' };
  return STATUSES[-1 - status] ?? { name: String(status), doc: 'a status that this fcc does not know' };
}

/** FCC_TRAP_FORGOTTEN of the runtime: a later run has overwritten which it was. */
const FORGOTTEN = 255;

/** Name of a trap's code. */
export function trapName(code: number): string {
  if (code === FORGOTTEN) return 'of a kind that was not kept';
  return Object.entries(TRAPS).find(([, row]) => row.code === code)?.[0] ?? `trap ${code}`;
}

/** What a place says of the trial of one image; null: it says nothing of it, as another one came. */
export function trialOf(place: PlaceLine, sequence: number): Trial | null {
  const { runs, of } = place;
  const mine = place.sequence === sequence && (place.image === '0' || place.image === '1');
  if (place.rejected === sequence && !mine) {
    const { rejectedTrap: trap, rejectedSite: site } = place;
    return {
      result: 'taken-back',
      runs,
      of,
      trap: trap === 0 ? null : trapName(trap),
      site: trap === 0 || trap === FORGOTTEN || site === UNKNOWN_SITE ? null : site,
    };
  }
  return mine ? { result: place.trial ? 'running' : 'good', runs, of, trap: null, site: null } : null;
}
