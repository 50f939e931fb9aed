// SPDX-License-Identifier: MIT
import type { Session } from './session.js';

/** Work shorter than this shows no bar, in milliseconds. */
const PATIENCE = 1000;
const WIDTH = 30;

/** A progress bar on stderr, on a terminal only, once the work has taken a second. */
export class Progress {
  private readonly start = Date.now();
  private last = 0;
  private shown = false;

  constructor(
    private readonly session: Session,
    private readonly what: string,
    private readonly total: number,
  ) {}

  /** Redraws at most ten times a second. */
  show(done: number): void {
    const now = Date.now();
    if (!this.session.terminal || now - this.start < PATIENCE || now - this.last < 100) return;
    this.last = now;
    this.shown = true;
    const full = this.total === 0 ? WIDTH : Math.round((done / this.total) * WIDTH);
    this.session.err(`\r[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${done}/${this.total} ${this.what}`);
  }

  /** Removes the bar. */
  done(): void {
    if (this.shown) this.session.err('\r\x1b[K');
  }
}
