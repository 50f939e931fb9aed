// SPDX-License-Identifier: MIT
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { targets } from '../../backends/index.js';
import {
  type Air,
  type UpdateBlock,
  type UpdateDocument,
  type UpdateForm,
  type UpdateRow,
  type UpdateSize,
  updateDocument,
} from '../bench/update.js';
import { updateText } from '../bench/update-text.js';
import { isRbpf } from '../bpf/rbpf.js';
import type { Target } from '../codegen/target.js';
import { finish, type Prepared, prepare } from '../compile.js';
import { componentParts } from '../contract/component.js';
import { ebpfImage } from '../ebpf-image.js';
import { readElf } from '../elf/elf.js';
import { CompileError } from '../errors/index.js';
import { buildManifest, type Signer } from '../ota/manifest.js';
import { UDP_IP_HEADER, updateTraffic } from '../ota/traffic.js';
import { classId, DEFAULT_VENDOR, vendorId } from '../ota/uuid.js';
import { arraySizes, runtimeSizes, runtimeStand } from './bench-runtime-build.js';
import { contractBeside, fixtureObjects } from './bench-size.js';
import { rbpfLength, strippedLength } from './bench-update-forms.js';
import { circumstancesOf, versionOf } from './bench-versions.js';
import { contractFor, loadObject } from './load.js';
import { nodeCrypto, signerOf } from './ota-crypto.js';
import { Progress } from './progress.js';
import { has, runtimeFolder } from './qemu-build.js';
import { inputName, readInput, SCHEMA_VERSION, type Session, writeJson } from './session.js';

/** What manifests are made with; their lengths hardly depend on it. */
const PROFILE = 'riot-v9';
const SEQUENCE = 1_800_000_000;
const CLASS = 'nrf52840dk';
const ORIGIN = 'coap://[2001:db8::1]:40000';
const MANIFEST_PATH = '/m/7f3a';
const IMAGE_PATH = '/i/7f3a';

/** What holds for all figures. */
const METHOD = `manifests of profile ${PROFILE}; ${UDP_IP_HEADER} bytes of IPv6 and UDP a datagram; trigger, manifest and image, without reports and losses`;

/** The core that ROM and RAM are of. */
const CORE = 'cortex-m4';

/** Sources of the update path, in runtime-c/src. */
export const UPDATE_SOURCES = [
  { source: 'manifest.c', title: 'manifest: CBOR, COSE, limits' },
  { source: 'update.c', title: 'engine: rights, slots, exchange' },
  { source: 'update-place.c', title: 'starts, trial, rollback' },
  { source: 'update-record.c', title: 'record in flash' },
  { source: 'update-report.c', title: 'report' },
  { source: 'coap.c', title: 'CoAP messages' },
  { source: 'coap-url.c', title: 'URLs' },
  { source: 'update-coap.c', title: 'CoAP: fetching' },
  { source: 'update-coap-server.c', title: 'CoAP: trigger, report' },
] as const;

const UPDATE_RAM = [
  { symbol: 'ram_update', title: 'engine' },
  { symbol: 'ram_update_place', title: 'each place' },
  { symbol: 'ram_update_coap', title: 'CoAP, with the manifest' },
] as const;

/**
 * `fcc bench --update`: bytes on the air of whole updates, of native images and of what could be sent instead, and what the update
 * path takes on a device. Errors: those of reading and compiling, FCC0802 where the runtime does not compile.
 */
export async function benchUpdate(
  session: Session,
  files: readonly string[],
  { chosen, json }: { readonly chosen: readonly Target[]; readonly json: boolean },
): Promise<number> {
  // Those compiled for size: with less to send, what is sent besides weighs more.
  const paths = files.length > 0 ? files : fixtureObjects('Os');
  const bar = new Progress(session, 'objects', paths.length);
  const signer = signerOf(generateKeyPairSync('ed25519').privateKey);
  const rows: UpdateRow[] = [];
  for (const [i, path] of paths.entries()) {
    bar.show(i);
    rows.push(await updateRow(session, path, chosen, signer));
  }
  bar.done();
  const { sizes, notes, versions } = await updateSizes();
  const measured = { profile: PROFILE, targets: chosen.map((t) => t.core.name), rows, core: CORE, sizes };
  const doc: UpdateDocument = updateDocument(
    SCHEMA_VERSION,
    { ...measured, notes: [METHOD, ...rowNotes(rows), ...notes] },
    circumstancesOf(versions),
  );
  if (json) writeJson(session, { ...doc });
  else session.out(updateText(doc));
  return 0;
}

/** One object in all forms. */
async function updateRow(
  session: Session,
  path: string,
  chosen: readonly Target[],
  signer: Signer,
): Promise<UpdateRow> {
  const program = loadObject(session, path, false);
  const contract = await contractFor(session, program, contractBeside(path), program.entries);
  const prepared = prepare(program, { contract });
  if (prepared.kind === 'rejected') {
    const rejected = prepared.verdicts.find((v) => v.verdict === 'rejected');
    throw rejected?.errors[0] ?? new Error('rejected without an error');
  }
  const bytes = readInput(session, path);
  const component = componentParts(contract.hook);
  const form = (image: Uint8Array | null): UpdateForm | null => (image ? formOf(image, component, signer) : null);
  const object = isRbpf(bytes) ? null : bytes;
  const femto = object ? rbpfLength(program) : bytes.length;
  const stripped = object ? strippedLength(readElf(object, inputName(path))) : null;
  return {
    program: basename(path),
    forms: {
      ...Object.fromEntries(chosen.map((target) => [target.core.name, form(imageFor(prepared, target))])),
      ebpf: form(ebpfImage(program, { contract })),
      elf: form(object),
      // Only lengths count.
      stripped: form(stripped === null ? null : new Uint8Array(stripped)),
      rbpf: form(femto === null ? null : new Uint8Array(femto)),
    },
  };
}

/** The image for a target; null: a limit of the target forbids it. */
function imageFor(prepared: Prepared, target: Target): Uint8Array | null {
  try {
    return finish(prepared, target).image;
  } catch (e) {
    // What is wrong with the object ends the command.
    if (e instanceof CompileError && e.exitCode === 4) return null;
    throw e;
  }
}

/** What an update with an image, or what stands for one, sends. */
function formOf(image: Uint8Array, component: readonly string[], signer: Signer): UpdateForm {
  const vendor = vendorId(DEFAULT_VENDOR);
  const manifest = buildManifest(
    {
      profile: PROFILE,
      sequence: SEQUENCE,
      component,
      vendor,
      classId: classId(vendor, CLASS),
      image,
      uri: `${ORIGIN}${IMAGE_PATH}`,
    },
    nodeCrypto,
    signer,
  );
  const air = (block: UpdateBlock): Air => {
    const parts = {
      manifest: manifest.length,
      image: image.length,
      manifestPath: MANIFEST_PATH,
      imagePath: IMAGE_PATH,
    };
    const all = updateTraffic({ ...parts, manifestUrl: `${ORIGIN}${MANIFEST_PATH}` }, { block });
    const { datagrams, coap, udpIp } = all.total;
    return {
      datagrams,
      image: all.image.payload,
      manifest: all.manifest.payload,
      coap: coap + all.trigger.payload,
      udp: udpIp,
    };
  };
  return { bytes: image.length, manifest: manifest.length, air: { 64: air(64), 256: air(256), 1024: air(1024) } };
}

/** Why some forms are missing. */
function rowNotes(rows: readonly UpdateRow[]): string[] {
  const without = (key: string): string[] => rows.filter((r) => r.forms[key] === null).map((r) => r.program);
  const femto = without('rbpf');
  return femto.length === 0
    ? []
    : [`no Femto-Container image of ${femto.join(', ')}: the format has no addresses of functions`];
}

/** ROM and RAM of the update path on CORE. Errors: FCC0802. */
async function updateSizes(): Promise<{ sizes: UpdateSize[]; notes: string[]; versions: Record<string, string> }> {
  const root = runtimeFolder();
  const stand = runtimeStand(targets.find((t) => t.core.name === CORE)!);
  const why =
    root === null || stand === null
      ? 'the folder runtime-c with the sources of the runtime is missing'
      : has(stand.tools.gcc)
        ? null
        : `not installed: ${stand.tools.gcc}`;
  const all = (rom: ReadonlyMap<string, number>, ram: ReadonlyMap<string, number>): UpdateSize[] => [
    ...UPDATE_SOURCES.map(({ source, title }) => ({
      kind: 'rom' as const,
      name: title,
      bytes: rom.get(source) ?? null,
    })),
    ...UPDATE_RAM.map(({ symbol, title }) => ({ kind: 'ram' as const, name: title, bytes: ram.get(symbol) ?? null })),
  ];
  if (why !== null || root === null || stand === null)
    return { sizes: all(new Map(), new Map()), notes: [`${why}: ROM and RAM are not measured`], versions: {} };
  const sources = UPDATE_SOURCES.map(({ source }) => `src/${source}`).filter((path) => existsSync(join(root, path)));
  const sizes = all(await runtimeSizes(stand, sources), await arraySizes(stand, 'bench/update.c'));
  return { sizes, notes: [], versions: { [stand.tools.gcc]: versionOf(stand.tools.gcc) } };
}
