// SPDX-License-Identifier: MIT
import { compile } from '../compile.js';
import { componentName, componentParts } from '../contract/component.js';
import { compileEbpf } from '../ebpf.js';
import { CompileError } from '../errors/index.js';
import { ARCHES } from '../image/fields.js';
import type { Image } from '../image/image.js';
import { formatMap, type ImageMap } from '../image/map.js';
import { readImage } from '../image/read.js';
import { PROFILES, type Profile } from '../ota/keys.js';
import { buildManifest, type Signer } from '../ota/manifest.js';
import { isImageOf, type Manifest, manifestComponent, readManifest } from '../ota/read.js';
import type { Report } from '../ota/transport/report.js';
import { classId, DEFAULT_VENDOR, vendorId } from '../ota/uuid.js';
import { reportVerdicts, verdictDocument } from './diagnostics.js';
import { contractFor, loadMap, loadObject, selectEntries } from './load.js';
import { loadSigner, nodeCrypto } from './ota-crypto.js';
import { manifestName, sequenceOption } from './pack.js';
import type { PushCommand } from './push.js';
import { inputName, keepInputs, readInput, type Session, samePath, usage, writeOutputs } from './session.js';
import { choice, compileTargetOption, levelOption } from './values.js';

/** One image to push, as far as the command line says it. */
export interface Plan {
  /** Of the image, in messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the bytes are; null: not looked at, by --no-check. */
  readonly image: Image | null;
  readonly map: ImageMap | undefined;
  readonly component: string;
  /** A manifest that was made before, or what one is made of when the device is known. */
  readonly how:
    | { readonly kind: 'made'; readonly bytes: Uint8Array; readonly manifest: Manifest }
    | {
        readonly kind: 'pack';
        readonly profile: Profile;
        readonly parts: readonly string[];
        readonly signer: Signer;
        /** null: what the device tells. */
        readonly sequence: number | null;
      };
}

/** Options that only make sense if the manifest is made here, and those for objects. */
const PACKING = ['hook', 'container', 'seq', 'vendor', 'class', 'passphraseFile'] as const;
const COMPILING = ['target', 'contract', 'function', 'optimise'] as const;

const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** What the options and arguments ask for, taken together. Errors: FCC0001. */
function checkForms(images: readonly string[], o: PushCommand): void {
  if (o.object !== undefined && images.length > 0)
    throw usage('--object takes the place of images', { got: images.join(' ') });
  if (o.object === undefined && images.length === 0)
    throw usage('no image given', { help: 'name one, or an object with --object' });
  if (o.object !== undefined && o.key === undefined)
    throw usage('--object needs a key to sign with', { help: 'give it with -k; `fcc keys gen` makes one' });
  if (o.key === undefined) {
    const alone = PACKING.find((name) => o[name] !== undefined);
    if (alone) throw usage(`${flag(alone)} is for a manifest that is made here`, { help: 'give the key with -k' });
  } else {
    if (o.manifest !== undefined) throw usage('-k makes a manifest, --manifest gives one');
    if (images.length > 1)
      throw usage('with -k one image at a time', {
        help: 'pack the manifests before with `fcc pack`, or push one by one',
      });
    if (o.hook === undefined && o.object === undefined)
      throw usage('no hook given', { help: 'name the place on the device with --hook' });
  }
  if (o.manifest !== undefined && images.length > 1)
    throw usage('--manifest is for one image', { got: images.join(' ') });
  if (o.object === undefined) {
    const alone = COMPILING.find((name) => o[name] !== undefined);
    if (alone) throw usage(`${flag(alone)} is for --object`);
  }
  if (o.map !== undefined && images.length > 1) throw usage('--map is for one image', { got: images.join(' ') });
  if (o.map !== undefined && o.object !== undefined) {
    if (o.map === '-') throw usage('--map needs a file', { help: 'standard output is for what the push says' });
    keepInputs(o.map, [o.object, o.contract, o.key, o.passphraseFile]);
  }
}

/**
 * Reads and makes everything that needs no device. `code` instead: the object's programs were rejected, and said so; `programs` is that for
 * documents. Errors: of the files, the compiler, keys and manifests; FCC0816 for an image that is not the manifest's.
 */
export async function makePlans(
  session: Session,
  images: readonly string[],
  o: PushCommand,
): Promise<{ readonly plans: readonly Plan[] } | Rejection> {
  checkForms(images, o);
  const profile = choice('--profile', o.profile, PROFILES);
  if (o.key === undefined) return { plans: images.map((path) => madePlan(session, path, o)) };
  // The key first: to compile for nothing is a pity.
  const signer = loadSigner(session, o.key, o.passphraseFile);
  // What is wrong with these needs no device to be seen.
  const sequence = o.seq === undefined ? null : sequenceOption(session, o.seq);
  if (o.vendor !== undefined) vendorId(o.vendor);
  if (o.class !== undefined) classId(vendorId(DEFAULT_VENDOR), o.class);
  const pack = (hook: string, rest: Omit<Plan, 'component' | 'how'>): Plan => {
    const parts = componentParts(hook, o.container);
    return { ...rest, component: componentName(parts), how: { kind: 'pack', profile, parts, signer, sequence } };
  };
  if (o.object === undefined) {
    const [path = ''] = images;
    return { plans: [pack(o.hook!, readPlan(session, path, o))] };
  }
  const made = await compiled(session, o.object, o);
  if ('code' in made) return made;
  const { hook, ...rest } = made;
  return { plans: [pack(o.hook ?? hook, rest)] };
}

function readPlan(session: Session, path: string, o: PushCommand): Omit<Plan, 'component' | 'how'> {
  const bytes = readInput(session, path);
  const image = o.check ? inFile(path, () => readImage(bytes)) : null;
  return { name: inputName(path), bytes, image, map: image ? loadMap(session, o.map, image) : undefined };
}

function madePlan(session: Session, path: string, o: PushCommand): Plan {
  const file = o.manifest ?? manifestName(path);
  if (o.manifest === undefined && (path === '-' || samePath(file, path)))
    throw usage(`no manifest for ${inputName(path)}`, { help: 'name it with --manifest, or sign one here with -k' });
  const rest = readPlan(session, path, o);
  const bytes = readInput(session, file);
  const manifest = readManifest(bytes, inputName(file));
  if (o.check && !isImageOf(manifest, rest.bytes, nodeCrypto))
    throw new CompileError('FCC0816', `${inputName(file)} is not the manifest of ${rest.name}`, {
      at: { file: inputName(file) },
      expected: `an image of ${manifest.size} bytes with the digest that it has`,
      got: rest.bytes.length === manifest.size ? 'another image' : `${rest.bytes.length} bytes`,
      help: 'pack it again, or sign one here with -k',
    });
  return { ...rest, component: manifestComponent(manifest), how: { kind: 'made', bytes, manifest } };
}

/** An object whose programs were rejected: exit code, and verdicts as `fcc verify` has them in documents. */
export interface Rejection {
  readonly code: number;
  readonly programs: readonly unknown[];
}

/** Compiles an object. */
async function compiled(
  session: Session,
  path: string,
  o: PushCommand,
): Promise<(Omit<Plan, 'component' | 'how'> & { hook: string }) | Rejection> {
  const target = compileTargetOption(o.target);
  const level = levelOption(o.optimise ?? '2');
  const program = loadObject(session, path, false);
  const entries = selectEntries(program, o.function);
  const contract = await contractFor(session, program, o.contract, entries);
  const made = target
    ? compile(program, { contract, level, entries, target })
    : compileEbpf(program, { contract, entries });
  if (made.kind === 'rejected') {
    const programs = made.verdicts.map((v) => verdictDocument(program, v, {}));
    return { code: reportVerdicts(session, program, made.verdicts), programs };
  }
  if (o.map !== undefined && !o.dryRun) writeOutputs(session, [[o.map, formatMap(made.map)]]);
  return { name: inputName(path), bytes: made.image, image: readImage(made.image), map: made.map, hook: contract.hook };
}

/** Errors about bytes say in which file they are. */
function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (e) {
    if (!(e instanceof CompileError)) throw e;
    throw new CompileError(e.code, e.message, { ...e.details, at: { file: inputName(path), ...e.details.at } });
  }
}

/** Whether the device can take an image, by its own report. Errors: FCC0852. */
export function checkFit({ name, image, component, bytes }: Plan, report: Report): void {
  const misfit = (message: string, details: ConstructorParameters<typeof CompileError>[2]): CompileError =>
    new CompileError('FCC0852', `${name} does not fit the device: ${message}`, { at: { file: name }, ...details });
  const { device, places } = report;
  const place = places.find((p) => p.component === component);
  if (!place)
    throw misfit(`it has no place ${component}`, {
      expected: places.map((p) => p.component).join(', ') || 'a device with places',
      help: 'choose one with --hook and --container',
    });
  if (bytes.length > place.limit)
    throw misfit('the image is longer than its slot', {
      expected: `at most ${place.limit} bytes for ${component}`,
      got: `${bytes.length} bytes`,
    });
  if (!image) return;
  const archName = (n: number): string => Object.entries(ARCHES).find(([, row]) => row === n)?.[0] ?? `number ${n}`;
  if (image.arch === 'ebpf') {
    if (device.interpreter) return;
    throw misfit('it has no interpreter for eBPF text', { help: `compile for its own core, ${archName(device.arch)}` });
  }
  if (ARCHES[image.arch] !== device.arch)
    throw misfit('the image is for another instruction set', {
      expected: device.arch === 0 ? 'eBPF text (-t ebpf)' : archName(device.arch),
      got: image.arch,
    });
  const missing = (image.features & ~device.features) >>> 0;
  if (missing !== 0)
    throw misfit('the image needs core features that are absent', {
      expected: `features 0x${device.features.toString(16)} or fewer`,
      got: `0x${image.features.toString(16)}`,
      help: 'compile for the core that the device has: `fcc targets`',
    });
}

/** What a device tells that goes into a manifest; what the options say comes first. */
export interface DeviceFacts {
  /** The place's next sequence number; null: not known. */
  readonly sequence: number | null;
  readonly vendor: Uint8Array | null;
  readonly classId: Uint8Array | null;
}

/**
 * Highest number that the next one is taken from: nobody vouches for a report, and a manifest that is signed with a number near the end of
 * all would shut out every later one, on whatever device it is played to. Seconds of the epoch are below until 2038.
 */
const TRUSTED_FLOOR = 0x7fff_ffff;

/** The facts of a report; null: the device has none. Errors: FCC0001 for a sequence number that has to be said by the user. */
export function factsOf(report: Report | null, component: string, o: PushCommand): DeviceFacts {
  const place = report?.places.find((p) => p.component === component);
  const id = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
  if (place && o.key !== undefined && o.seq === undefined && place.floor >= TRUSTED_FLOOR)
    throw usage(`the device claims to have had sequence number ${place.floor} in ${component}`, {
      help: 'if it is so, give a higher one with --seq; after the highest, 4294967295, no image is taken any more',
    });
  return {
    sequence: place ? place.floor + 1 : null,
    vendor: report && id(report.device.vendor),
    classId: report && id(report.device.class),
  };
}

/** Manifest of a plan, and its sequence number. Errors: FCC0001 for what nobody tells, FCC0813, FCC0817. */
export function manifestOf(
  plan: Plan,
  o: PushCommand,
  facts: DeviceFacts,
  uri: string,
): { readonly bytes: Uint8Array; readonly sequence: number } {
  if (plan.how.kind === 'made') return { bytes: plan.how.bytes, sequence: plan.how.manifest.sequence };
  const { profile, parts, signer, sequence: given } = plan.how;
  const unknown = (what: string, option: string): never => {
    throw usage(`the device does not tell ${what}`, { help: `give it with ${option}` });
  };
  const sequence = given ?? facts.sequence ?? unknown(`the next sequence number of ${plan.component}`, '--seq');
  const vendor = o.vendor === undefined && facts.vendor ? facts.vendor : vendorId(o.vendor ?? DEFAULT_VENDOR);
  const device = o.class !== undefined ? classId(vendor, o.class) : (facts.classId ?? unknown('its class', '--class'));
  const input = { profile, sequence, component: parts, vendor, classId: device, image: plan.bytes, uri };
  return { bytes: buildManifest(input, nodeCrypto, signer), sequence };
}
