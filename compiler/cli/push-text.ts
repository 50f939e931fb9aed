// SPDX-License-Identifier: MIT
import type { CompileError } from '../errors/index.js';
import { updateTraffic } from '../ota/traffic.js';
import type { PushEvent } from '../ota/transport/push.js';
import type { Report } from '../ota/transport/report.js';
import { statusOf, type Trial, type Verdict } from '../ota/transport/verdict.js';
import { importName } from './inspect.js';
import { Progress } from './progress.js';
import { errorDocument, SCHEMA_VERSION, type Session } from './session.js';
import { table } from './table.js';

/** What is served where. */
export interface Serving {
  readonly name: string;
  readonly component: string;
  readonly sequence: number;
  readonly manifest: { readonly url: string; readonly bytes: number };
  readonly image: { readonly url: string; readonly bytes: number };
}

/** Name of a status as the runtime has it. */
export const statusName = (status: number): string => {
  const { name } = statusOf(status);
  return status === 0 ? name : /^-/.test(name) ? `status ${name}` : `FCC_E_${name.toUpperCase()}`;
};

/** The helper that an image may not call, after FCC_E_HELPER. */
export const helperText = (helper: number): string => (helper === 0 ? '' : `${importName(helper)} (id ${helper})`);

/** Says what happens: lines and a bar for people, or one JSON object a line. */
export class PushLog {
  private bar: Progress | null = null;
  private fetched = { manifest: 0, image: 0 };

  constructor(
    private readonly session: Session,
    private readonly json: boolean,
  ) {}

  private event(document: Record<string, unknown>): void {
    const text = JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...document }, (_key, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    this.session.out(`${text}\n`);
  }

  private line(text: string): void {
    this.bar?.done();
    this.session.out(`${text}\n`);
  }

  device(report: Report | null): void {
    if (this.json)
      this.event({ event: 'device', report: report !== null, ...report?.device, places: report?.places ?? [] });
    else if (!report) this.note('the device has no report: it will not tell how the update ends');
  }

  serving(s: Serving): void {
    const { name, manifest, image, component, sequence } = s;
    this.fetched = { manifest: 0, image: 0 };
    this.bar = this.json ? null : new Progress(this.session, 'bytes', manifest.bytes + image.bytes);
    if (this.json) this.event({ event: 'serving', ...s });
    else
      this.line(
        `${name}: ${image.bytes} bytes, manifest ${manifest.bytes} bytes, for ${component}, sequence number ${sequence}`,
      );
  }

  push(e: PushEvent): void {
    if (this.json) this.event({ ...e });
    if (e.event === 'progress') {
      this.fetched[e.what] = e.received;
      this.bar?.show(this.fetched.manifest + this.fetched.image);
    } else if (this.json) return;
    else if (e.event === 'restart') this.note('the device restarted in the middle: it is told again');
    else if (e.event === 'note') this.note(e.message);
  }

  note(message: string): void {
    this.bar?.done();
    if (this.json) this.event({ event: 'note', message });
    else this.session.err(`note: ${message}\n`);
  }

  verdict(s: Serving, v: Verdict): void {
    const { status, name, doc, helper, received, size, place } = v;
    const { component, sequence } = s;
    if (this.json) this.event({ event: 'verdict', status, name, doc, helper, component, sequence, received, size });
    else if (status === 0) {
      const trial = place?.trial ? `, on trial for ${place.of} runs` : '';
      this.line(`${s.name}: installed to ${component}, sequence number ${sequence}${trial}`);
    } else this.bar?.done();
  }

  trial(s: Serving, t: Trial): void {
    const { component, sequence } = s;
    if (this.json) this.event({ event: 'trial', component, sequence, ...t });
    else if (t.result === 'good') this.line(`${s.name}: good after its trial`);
  }

  /** An object that was not compiled: for people it is said elsewhere. */
  rejected(programs: readonly unknown[]): void {
    if (this.json) this.event({ event: 'rejected', programs });
  }

  /** An error that ends the push: for people it is printed elsewhere. */
  error(e: CompileError): void {
    this.bar?.done();
    if (this.json) this.event({ event: 'error', ...errorDocument(e) });
  }

  done(): void {
    this.bar?.done();
  }

  /** What would be sent, for --dry-run. */
  dry(s: Serving, paths: { readonly manifest: string; readonly image: string }, largest: number): void {
    const { manifest, image } = s;
    const parts = {
      manifest: manifest.bytes,
      image: image.bytes,
      manifestPath: paths.manifest,
      imagePath: paths.image,
      manifestUrl: manifest.url,
    };
    const sizes = [...new Set([64, 256, 1024].map((block) => Math.min(block, largest)))];
    const rows = sizes.map((block) => ({ block, ...updateTraffic(parts, { block }) }));
    if (this.json) {
      this.event({ event: 'dry-run', ...s, traffic: rows });
      return;
    }
    this.line(
      `${s.name}: ${image.bytes} bytes, manifest ${manifest.bytes} bytes, for ${s.component}, sequence number ${s.sequence}`,
    );
    this.line(`manifest: ${manifest.url}\nimage:    ${image.url}`);
    const cells = rows.map((r) =>
      [
        r.block,
        Math.ceil(manifest.bytes / r.block),
        Math.ceil(image.bytes / r.block),
        r.total.datagrams,
        r.total.payload,
        r.total.coap,
        r.total.udpIp,
        r.total.bytes,
      ].map(String),
    );
    const head = [
      'block',
      'of manifest',
      'of image',
      'datagrams',
      'content',
      'CoAP',
      'UDP and IPv6',
      'bytes on the air',
    ];
    this.session.out(table(head, cells));
  }
}
