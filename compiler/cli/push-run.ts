// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { CompileError } from '../errors/index.js';
import {
  authority,
  type CoapUrl,
  canonical,
  isOurs,
  localAddress,
  type Peer,
  parseCoapUrl,
  resolvePeer,
} from '../ota/transport/address.js';
import { Push, type PushJob, type PushTiming } from '../ota/transport/push.js';
import { BLOCK_SIZES } from '../ota/transport/server.js';
import { UdpPort } from '../ota/transport/socket.js';
import { type Trial, trialOf, type Verdict } from '../ota/transport/verdict.js';
import type { PushCommand } from './push.js';
import { checkFit, factsOf, makePlans, manifestOf, type Plan } from './push-plan.js';
import { helperText, PushLog, type Serving, statusName } from './push-text.js';
import { reportError, type Session, usage } from './session.js';
import { countOption } from './values.js';

/** Port in the addresses that --dry-run shows: the first of those that a system gives out (RFC 6335 section 6). */
const SAMPLE_PORT = 49152;

interface Settings {
  readonly url: CoapUrl;
  readonly announce: CoapUrl | null;
  readonly port: number | null;
  readonly block: number;
  readonly timing: PushTiming;
}

/** Numbers and URLs of the command line. Errors: FCC0001. */
function settings(text: string, o: PushCommand): Settings {
  const origin = (what: string, given: string): CoapUrl => {
    const url = parseCoapUrl(given);
    if (url && url.path.join('') === '' && url.query.length === 0) return url;
    throw usage(`${what} is no address of a CoAP endpoint`, {
      expected: 'coap://HOST or coap://HOST:PORT, without a path',
      got: given,
    });
  };
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(o.timeout) ? Number(o.timeout) : 0;
  if (seconds <= 0) throw usage(`--timeout does not take ${o.timeout}`, { expected: 'seconds, more than 0' });
  const block = Number(o.block);
  if (!BLOCK_SIZES.some((size) => String(size) === o.block))
    throw usage(`--block does not take ${o.block}`, { expected: BLOCK_SIZES.join(', ') });
  const port = o.port === undefined ? null : countOption('--port', o.port);
  if (port !== null && port > 65535) throw usage(`--port does not take ${o.port}`, { expected: '1 to 65535' });
  const retries = o.retries === '0' ? 0 : countOption('--retries', o.retries);
  if (retries > 10) throw usage(`--retries does not take ${o.retries}`, { expected: '0 to 10' });
  // With ten repeats a day and more, which timers can still count.
  const ackTimeoutMs = countOption('--ack-timeout', o.ackTimeout);
  if (ackTimeoutMs > 60_000) throw usage(`--ack-timeout does not take ${o.ackTimeout}`, { expected: '1 to 60000' });
  return {
    url: origin('the URL', text),
    announce: o.announce === undefined ? null : origin('--announce', o.announce),
    port,
    block,
    timing: {
      timeoutMs: seconds * 1000,
      pollMs: countOption('--poll', o.poll),
      ackTimeoutMs,
      retries,
    },
  };
}

/** Where we listen and what the device is told. */
interface Place {
  readonly address: string;
  /** 0: any. */
  readonly port: number;
  /** `[::1]:40000`, given the port that it came to be. */
  readonly authority: (port: number) => string;
  readonly manifestPath: string;
  readonly imagePath: string | null;
  /** null: `authority` and `imagePath` make it. */
  readonly imageUrl: string | null;
}

/** Path and query of a URL as our server sees them. */
const servedPath = ({ path, query }: CoapUrl): string =>
  `/${path.join('/')}${query.length === 0 ? '' : `?${query.join('&')}`}`;

/** Decides where to listen. Errors: FCC0850 if nothing reaches the device. */
async function placeFor({ o, s, log }: Work, plan: Plan, peer: Peer): Promise<Place> {
  const local = o.address ?? (await localAddress(peer));
  const announced = s.announce && authority(s.announce.host, s.announce.port);
  // Short, as each request carries it, and different each time, so that nobody asks for it by mistake.
  const id = randomBytes(2).toString('hex');
  const place = {
    address: local,
    port: s.port ?? 0,
    authority: (port: number) => announced ?? authority(local, port),
    manifestPath: `/m/${id}`,
  };
  if (plan.how.kind === 'pack') return { ...place, imagePath: `/i/${id}`, imageUrl: null };
  const { uri } = plan.how.manifest;
  const url = parseCoapUrl(uri);
  if (!url) {
    log.note(`the URI of the manifest is none that fcc can serve, somebody else has to: ${uri}`);
    return { ...place, imagePath: null, imageUrl: uri };
  }
  const asked = await lookup(url.host.replace(/%.*$/, '')).then(
    (found) => found.address,
    () => null,
  );
  const ours = asked !== null && isOurs(asked) && asked.includes(':') === local.includes(':');
  if (!ours && !announced)
    log.note(`the host in the URI of the manifest is none of this machine's addresses of that kind: ${uri}`);
  const made = { ...place, port: s.port ?? url.port, imagePath: servedPath(url), imageUrl: uri };
  if (!ours || o.address !== undefined || canonical(asked) === canonical(local)) return made;
  // The device asks at another of our addresses than the one that reaches it: all of them.
  const address = local.includes(':') ? '::' : '0.0.0.0';
  return { ...made, address, authority: (port) => announced ?? authority(asked, port) };
}

/** Why the device took no image, as an error. */
function refused({ name, component, sequence }: Serving, v: Verdict): CompileError {
  const helper = v.name === 'helper' ? helperText(v.helper) : '';
  return new CompileError('FCC0851', `the device refused ${name}: ${statusName(v.status)}`, {
    at: { file: name },
    reason: `${v.doc}${helper === '' ? '' : `: ${helper}`}`,
    got: `${component}, sequence number ${sequence}, ${v.received} of ${v.size} bytes`,
    help:
      v.status > -100 && !/^-/.test(v.name)
        ? `what ran before goes on; see \`fcc explain ${statusName(v.status)}\``
        : undefined,
  });
}

/** A trial that went wrong, as an error. */
function takenBack({ name, component, sequence }: Serving, { map }: Plan, t: Trial): CompileError {
  const place = t.site === null ? undefined : map?.sites[t.site];
  return new CompileError('FCC0855', `${name} was taken back from ${component}`, {
    at: place?.file === undefined ? { file: name } : { file: place.file, line: place.line },
    got: `sequence number ${sequence}`,
    reason:
      t.trap === null
        ? 'no trap: the device restarted too often while it was on trial, or was told to'
        : `trap ${t.trap}${t.site === null ? '' : ` at site ${t.site}`} in its first runs`,
    help: 'the image before it runs again',
  });
}

/** Pushes one image. Errors: all of the transport, FCC0851, FCC0852, FCC0855, and those of making a manifest. */
async function pushOne(work: Work, plan: Plan): Promise<void> {
  const { o, s, log, signal } = work;
  const peer = await resolvePeer(s.url);
  const where = await placeFor(work, plan, peer);
  const port = await UdpPort.listen(peer.family, where.address, where.port);
  let push: Push | undefined;
  // In this order: what still waits is ended first.
  const close = (): void => {
    push?.close();
    port.close();
  };
  signal.addEventListener('abort', close);
  try {
    signal.throwIfAborted();
    push = new Push(port, peer, s.timing, s.block, (e) => log.push(e));
    const report = await push.report();
    log.device(report);
    if (report && o.check) checkFit(plan, report);
    const own = where.authority(port.address().port);
    const imageUrl = where.imageUrl ?? `coap://${own}${where.imagePath}`;
    const made = manifestOf(plan, o, factsOf(report, plan.component, o), imageUrl);
    const job: PushJob = {
      manifest: made.bytes,
      image: plan.bytes,
      manifestUrl: `coap://${own}${where.manifestPath}`,
      manifestPath: where.manifestPath,
      imagePath: where.imagePath,
      component: plan.component,
      sequence: made.sequence,
    };
    const serving = servingOf(plan, job, imageUrl);
    log.serving(serving);
    const verdict = await push.update(job, report);
    log.verdict(serving, verdict);
    if (verdict.status !== 0) throw refused(serving, verdict);
    // A trial can be over before the verdict is asked for.
    const early = verdict.place && trialOf(verdict.place, job.sequence);
    if (!o.wait && early?.result !== 'taken-back') return;
    const trial = o.wait ? await push.trial(job, (now) => log.trial(serving, now)) : early!;
    log.trial(serving, trial);
    if (trial.result === 'taken-back') throw takenBack(serving, plan, trial);
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

/** What would be sent. What only a device can tell is made up. Errors: those of making a manifest. */
async function dryRun({ o, s, log }: Work, plan: Plan): Promise<void> {
  const local =
    o.address ??
    (await resolvePeer(s.url)
      .then(localAddress)
      .catch(() => '::1'));
  const own = s.announce ? authority(s.announce.host, s.announce.port) : authority(local, s.port ?? SAMPLE_PORT);
  const made = plan.how.kind === 'made' ? parseCoapUrl(plan.how.manifest.uri) : null;
  const imagePath = made ? servedPath(made) : '/i/0000';
  const imageUrl = plan.how.kind === 'made' ? plan.how.manifest.uri : `coap://${own}${imagePath}`;
  const facts = { sequence: 1, vendor: null, classId: new Uint8Array(16) };
  const { bytes: manifest, sequence } = manifestOf(plan, o, facts, imageUrl);
  const serving = servingOf(plan, { manifest, sequence, manifestUrl: `coap://${own}/m/0000` }, imageUrl);
  log.dry(serving, { manifest: '/m/0000', image: imagePath }, s.block);
}

function servingOf(
  { name, component, bytes }: Plan,
  { manifest, sequence, manifestUrl }: Pick<PushJob, 'manifest' | 'sequence' | 'manifestUrl'>,
  imageUrl: string,
): Serving {
  return {
    name,
    component,
    sequence,
    manifest: { url: manifestUrl, bytes: manifest.length },
    image: { url: imageUrl, bytes: bytes.length },
  };
}

/** What a push works with. `signal` ends it. */
interface Work {
  readonly session: Session;
  readonly o: PushCommand;
  readonly s: Settings;
  readonly log: PushLog;
  readonly signal: AbortSignal;
}

/** `fcc push`: its exit code. Ends with 130 or 143, and everything closed, when the process is interrupted. */
export async function push(session: Session, url: string, images: readonly string[], o: PushCommand): Promise<number> {
  const log = new PushLog(session, o.json === true);
  const abort = new AbortController();
  const { signal } = abort;
  let interrupted = 0;
  const stop = (code: number) => () => {
    interrupted = code;
    abort.abort();
  };
  // 128 and the signal's number, as shells count.
  const [interrupt, terminate] = [stop(130), stop(143)];
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', terminate);
  try {
    const work = { session, o, s: settings(url, o), log, signal };
    const made = await makePlans(session, images, o);
    if ('code' in made) {
      log.rejected(made.programs);
      return made.code;
    }
    for (const plan of made.plans) {
      signal.throwIfAborted();
      await (o.dryRun ? dryRun(work, plan) : pushOne(work, plan));
    }
    return 0;
  } catch (e) {
    log.done();
    if (interrupted) {
      log.note('interrupted; a device that has fetched everything goes on with the update');
      return interrupted;
    }
    if (!(e instanceof CompileError)) throw e;
    // With --json the last line, one object as all others.
    log.error(e);
    reportError(session, e, false);
    return e.exitCode;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', terminate);
  }
}
