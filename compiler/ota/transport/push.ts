// SPDX-License-Identifier: MIT
import { CompileError } from '../../errors/index.js';
import { authority, type Peer } from './address.js';
import { attemptNumber, refusedRequest } from './answers.js';
import { type Answer, CoapClient, NoAnswer, type Timing } from './client.js';
import { parseReport, REPORT_MAX, type Report } from './report.js';
import { type Resource, serve } from './server.js';
import type { UdpPort } from './socket.js';
import { statusOf, type Trial, trialOf, type Verdict } from './verdict.js';

/** Resources of a device. */
const REPORT_PATH = '/fcc/update';
const TRIGGER_PATH = '/suit/trigger';

/** A device that restarts in the middle, or is busy with the container, is told of the update again, so often. */
const MAX_AGAIN = 5;

export interface PushTiming extends Timing {
  /** For all of one push, from its start. */
  readonly timeoutMs: number;
  /** Between two questions for the report. */
  readonly pollMs: number;
}

/** One image on its way to one place. */
export interface PushJob {
  readonly manifest: Uint8Array;
  readonly image: Uint8Array;
  /** Where the device is told that the manifest is. */
  readonly manifestUrl: string;
  /** Under which path and query we serve both; `imagePath` null: somebody else serves the image. */
  readonly manifestPath: string;
  readonly imagePath: string | null;
  /** As the report names it: ".fc.timer". */
  readonly component: string;
  readonly sequence: number;
}

export type PushEvent =
  | { readonly event: 'triggered'; readonly attempt: number | null; readonly again: number }
  | {
      readonly event: 'progress';
      readonly what: 'manifest' | 'image';
      readonly received: number;
      readonly size: number;
    }
  | { readonly event: 'restart'; readonly count: number }
  | { readonly event: 'note'; readonly message: string };

/** A conversation with one device over one socket, with a limit on its time. */
export class Push {
  private readonly client: CoapClient;
  private readonly resources = new Map<string, Resource>();
  private readonly stopServing: () => void;
  private readonly deadline: number;
  private lastServed = 0;
  /** Bytes asked for since the device was told, from the start without a gap. */
  private served = { manifest: 0, image: 0 };
  private wake: (() => void) | null = null;
  private closed = false;
  /** Why the last question for the report had no answer. */
  private lastLoss: string | undefined;
  /** What it was answered with instead, until it was answered well. */
  private refusal: CompileError | undefined;

  constructor(
    private readonly port: UdpPort,
    private readonly peer: Peer,
    private readonly timing: PushTiming,
    largestBlock: number,
    private readonly say: (event: PushEvent) => void,
  ) {
    this.client = new CoapClient(port, peer, timing);
    this.stopServing = serve(port, this.resources, largestBlock);
    this.deadline = Date.now() + timing.timeoutMs;
  }

  /** Whether there is nothing to wait for any more. */
  private get over(): boolean {
    return this.closed || this.left <= 0;
  }

  private get left(): number {
    return this.deadline - Date.now();
  }

  /** Waits, at most until the deadline; ends early when it is closed. */
  private sleep(ms: number): Promise<void> {
    return new Promise((awake) => {
      const timer = setTimeout(awake, Math.max(0, Math.min(ms, this.left)));
      this.wake = () => {
        clearTimeout(timer);
        awake();
      };
    });
  }

  /**
   * The device's report; null: it has none. Asks until the time is over, or one request has been given up with nothing ever heard from the
   * device. Errors: FCC0850, FCC0853.
   */
  async report(): Promise<Report | null> {
    for (;;) {
      const report = await this.tryReport();
      if (report !== undefined) return report;
      if (this.over || this.port.received.datagrams === 0) throw this.silent();
      await this.sleep(this.timing.pollMs);
    }
  }

  /** One try at the report; undefined: no answer. A report that changed between its blocks is no use, and is asked for again. */
  private async tryReport(): Promise<Report | null | undefined> {
    for (let turn = 0; ; turn++) {
      let answer: Answer;
      try {
        answer = await this.client.get(REPORT_PATH, REPORT_MAX, Math.max(1, this.left));
      } catch (e) {
        if (!(e instanceof NoAnswer)) throw e;
        this.lastLoss = e.message;
        return undefined;
      }
      if (answer.code === '4.04') return null;
      const refusal = answer.code.startsWith('2.') ? undefined : refusedRequest(`GET ${REPORT_PATH}`, answer);
      if (refusal && !answer.code.startsWith('5.')) throw refusal;
      this.refusal = refusal;
      if (refusal) return undefined;
      try {
        return parseReport(answer.payload);
      } catch (e) {
        if (turn === 2) throw e;
      }
    }
  }

  private silent(): CompileError {
    if (this.refusal) return this.refusal;
    return new CompileError(
      'FCC0850',
      `the device at ${authority(this.peer.address, this.peer.port)} does not answer`,
      {
        reason: this.port.failure ?? this.lastLoss,
        help: 'check address and port; --timeout gives it more time',
      },
    );
  }

  /**
   * Serves a job, tells the device, and waits until it says how the update ended. `before` is the report from before, null: it has none.
   * Errors: FCC0850, FCC0851 for a request that is refused, FCC0853, FCC0854. A verdict of the device is no error here.
   */
  async update(job: PushJob, before: Report | null): Promise<Verdict> {
    this.offer(job);
    // A place that had this number before says nothing about this update.
    const had = before?.places.find((p) => p.component === job.component);
    const fresh = had === undefined || had.floor < job.sequence;
    for (let again = 0; ; again++) {
      this.served = { manifest: 0, image: 0 };
      const attempt = await this.trigger(job, before);
      this.say({ event: 'triggered', attempt, again });
      if (attempt === null) return this.unseen(job);
      const verdict = await this.verdict(job, attempt, fresh);
      if (verdict && verdict.name !== 'busy') return verdict;
      if (verdict && (again === MAX_AGAIN || this.left <= 0)) return verdict;
      if (again === MAX_AGAIN)
        throw new CompileError('FCC0854', `the device restarted during the update, and ${MAX_AGAIN} more times`, {
          help: 'see what its console says',
        });
      if (!verdict) this.say({ event: 'restart', count: again + 1 });
      else this.say({ event: 'note', message: 'the container of this place runs just now: the device is told again' });
      before = await this.report();
    }
  }

  private offer(job: PushJob): void {
    this.resources.clear();
    const resource = (what: 'manifest' | 'image', bytes: Uint8Array): Resource => ({
      bytes,
      onBlock: (start, end) => {
        this.lastServed = Date.now();
        // What comes again, perhaps late, counts once.
        if (start > this.served[what] || end <= this.served[what]) return;
        this.served[what] = end;
        this.say({ event: 'progress', what, received: end, size: bytes.length });
        if (what === 'image' && end === bytes.length) this.wake?.();
      },
    });
    if (job.imagePath !== null) this.resources.set(job.imagePath, resource('image', job.image));
    this.resources.set(job.manifestPath, resource('manifest', job.manifest));
  }

  /** Tells the device; the number of the attempt, or null if it cannot be known. */
  private async trigger(job: PushJob, before: Report | null): Promise<number | null> {
    for (;;) {
      let answer: Answer | undefined;
      try {
        answer = await this.client.request('POST', TRIGGER_PATH, {
          payload: job.manifestUrl,
          waitMs: Math.max(1, this.left),
        });
      } catch (e) {
        if (!(e instanceof NoAnswer)) throw e;
      }
      if (answer?.code.startsWith('2.'))
        return attemptNumber(answer.payload) ?? (before ? before.update.attempts + 1 : null);
      if (answer && !['4.09', '5.03', '0.00'].includes(answer.code))
        throw refusedRequest(`POST ${TRIGGER_PATH}`, answer);
      // An answer was lost, perhaps not the request: ours is what it fetches then.
      const report = before && answer?.code !== '5.03' ? await this.tryReport() : null;
      if (report && report.update.attempts > before!.update.attempts && this.served.manifest > 0)
        return report.update.attempts;
      if (this.over) {
        if (!answer) throw this.silent();
        throw refusedRequest(`POST ${TRIGGER_PATH}`, answer);
      }
      if (answer) await this.sleep(this.timing.pollMs);
    }
  }

  /** Asks until attempt `attempt` has ended; null: the device restarted before it had. */
  private async verdict(job: PushJob, attempt: number, fresh: boolean): Promise<Verdict | null> {
    for (;;) {
      await this.quiet(job);
      const report = await this.tryReport();
      if (report) {
        const { update, places } = report;
        const place = places.find((p) => p.component === job.component);
        const over = (status: number): Verdict => {
          const { helper, received, size } = update;
          return { status, ...statusOf(status), helper, received, size, place };
        };
        // What the place has counts more than what is said of the last attempt: it outlasts a restart and other attempts.
        const here = fresh && place ? trialOf(place, job.sequence) : null;
        const mine = update.attempts === attempt;
        if (here && (!mine || update.phase === 'done')) return over(0);
        if (mine && update.phase === 'done' && (update.status !== 0 || !place || !fresh)) return over(update.status);
        if (update.attempts < attempt) return null;
        if (!mine || update.phase === 'done')
          throw new CompileError('FCC0854', 'another update came in between', {
            got: mine ? `sequence number ${place?.sequence}` : `attempt ${update.attempts}, ours is ${attempt}`,
            help: 'push again',
          });
      }
      if (this.over) throw this.timeout(job);
    }
  }

  /** Waits a little; longer while blocks are asked for, as nothing will have ended then. */
  private async quiet(job: PushJob): Promise<void> {
    const { pollMs } = this.timing;
    for (let turn = 0; turn < 10; turn++) {
      await this.sleep(pollMs);
      const busy = job.imagePath !== null && this.served.image < job.image.length;
      if (!busy || Date.now() - this.lastServed >= pollMs || this.over) return;
    }
  }

  /** A device without a report: that all was fetched is all that can be seen. */
  private async unseen(job: PushJob): Promise<never> {
    while (!this.over && (job.imagePath === null || this.served.image < job.image.length))
      await this.sleep(this.timing.pollMs);
    if (job.imagePath === null || this.served.image < job.image.length) throw this.timeout(job);
    // The last block may have been lost on its way: it is asked for again then.
    await this.sleep(this.client.patience);
    throw new CompileError('FCC0854', 'the image was fetched, but this device does not tell how the update ended', {
      reason: `it has no ${REPORT_PATH}, as a RIOT without the fcc module`,
      help: 'see what its console says',
    });
  }

  private timeout(job: PushJob): CompileError {
    const { manifest, image } = this.served;
    const seconds = `${this.timing.timeoutMs / 1000} s`;
    const came =
      manifest === 0
        ? 'the device took the message but did not fetch the manifest'
        : manifest < job.manifest.length
          ? `the device fetched ${manifest} of ${job.manifest.length} bytes of the manifest`
          : job.imagePath !== null && image < job.image.length
            ? `the device fetched ${image} of ${job.image.length} bytes of the image`
            : 'the device fetched all but did not tell how the update ended';
    return new CompileError('FCC0854', `${came} in ${seconds}`, {
      reason: this.port.failure ?? undefined,
      help:
        manifest === 0
          ? `can it reach ${job.manifestUrl}? --address and --announce choose another`
          : 'what ran before goes on; --timeout gives it more time',
    });
  }

  /**
   * Waits until the trial of an installed image is over; `progress` hears of each run. Errors: FCC0853; FCC0854 if the time is over before it
   * is, or another image came.
   */
  async trial(job: PushJob, progress: (trial: Trial) => void): Promise<Trial> {
    let last = -1;
    for (;;) {
      const report = await this.tryReport();
      const place = report?.places.find((p) => p.component === job.component);
      if (report && !place)
        throw new CompileError('FCC0854', `the report of the device has no place ${job.component}`, {});
      if (place) {
        const trial = trialOf(place, job.sequence);
        if (!trial)
          throw new CompileError('FCC0854', 'another update came in between', {
            got: `sequence number ${place.sequence} in ${job.component}`,
          });
        if (trial.result !== 'running') return trial;
        if (trial.runs !== last) progress(trial);
        last = trial.runs;
      }
      if (this.over)
        throw new CompileError('FCC0854', `the trial is not over in ${this.timing.timeoutMs / 1000} s`, {
          help: 'the image is installed and runs; its hook may run seldom: --timeout gives it more time',
        });
      await this.sleep(this.timing.pollMs);
    }
  }

  /** Ends everything but the socket; what waits, fails. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopServing();
    this.client.close();
    this.wake?.();
  }
}
