// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import { HELPERS, type HelperRow, OWN_IDS } from '../contract/helpers.js';
import { INTRINSIC_BASE, INTRINSICS } from '../image/fields.js';
import type { Image } from '../image/image.js';
import { startsManifest } from '../ota/limits.js';
import type { AddCommand } from './command.js';
import type { ManifestOptions } from './inspect-manifest.js';
import { inputOf } from './load.js';
import { inputName, readInput, usage, writeJson } from './session.js';
import { table } from './table.js';

/** Name of an import: a helper's or an intrinsic's. Those of the firmware's own only its contract knows. */
export function importName(id: number): string {
  if (id >= INTRINSIC_BASE) return INTRINSICS[id - INTRINSIC_BASE]?.name ?? 'unknown intrinsic';
  const rows: readonly HelperRow[] = HELPERS;
  return rows.find((h) => h.id === id)?.name ?? (id < OWN_IDS[0] ? 'unknown helper' : "helper of the firmware's own");
}

function imageDocument(image: Image): Record<string, unknown> {
  return {
    kind: 'image',
    arch: image.arch,
    version: image.version,
    imageBytes: image.bytes.length,
    checksum: hex(image.checksum),
    features: hex(image.features),
    contractHash: hex(image.contractHash),
    context: { length: image.contextLength, align: image.contextAlign, rights: image.contextRights },
    textBytes: image.text.length,
    rodataBytes: image.rodata.length,
    dataBytes: image.data.length,
    bssBytes: image.bssLength,
    frameBytes: image.frameLength,
    stackBytes: image.stackLength,
    instanceBytes: image.instanceLength,
    worstCase: image.worstCase,
    ...(image.arch === 'ebpf' ? { functions: image.trapCount } : { trapSites: image.trapCount }),
    entries: image.entries.map(({ name, offset, worstCase, stackLength }) => ({
      name,
      offset,
      worstCase,
      stackLength,
    })),
    imports: image.imports.map((id) => ({ id, name: importName(id) })),
    regions: image.regions,
  };
}

/** What a program was read from, where it is no object. */
const KINDS: Partial<Record<Program['origin'], string>> = { rbpf: 'Femto-Container image' };

function objectDocument(program: Program): Record<string, unknown> {
  return {
    kind: KINDS[program.origin] ?? 'object',
    functions: program.functions.map((f) => ({
      name: f.name,
      section: f.section,
      entry: program.entries.includes(f.index),
      instructions: f.insns.length,
      bytes: f.bytes.length,
      helpers: [...new Set(f.insns.flatMap((i) => (i.kind === 'helper' ? [i.id] : [])))],
      lineInfo: f.lines.size > 0,
    })),
    dataBytes: program.globals.data.length,
    bssBytes: program.globals.bssLength,
    rodataBytes: program.globals.rodata.length,
    sections: program.globals.sections,
    symbols: program.globals.symbols,
  };
}

const hex = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;

/** Rows of plain values as `key value`, lists as tables. */
function text(document: Record<string, unknown>): string {
  const plain: string[][] = [];
  let lists = '';
  for (const [key, value] of Object.entries(document)) {
    if (Array.isArray(value)) {
      const head = Object.keys((value[0] as object | undefined) ?? {});
      const cells = value.map((row) => Object.values(row as object).map((v) => String(v)));
      if (value.length > 0) lists += `\n${key}\n${table(head, cells).replace(/^/gm, '  ').trimEnd()}\n`;
    } else if (value !== null && typeof value === 'object') {
      plain.push([
        key,
        Object.entries(value)
          .map(([k, v]) => `${k} ${v}`)
          .join(', '),
      ]);
    } else plain.push([key, value === null ? '-' : String(value)]);
  }
  return table(plain[0] ?? [], plain.slice(1)) + lists;
}

/** `fcc inspect`: what is in an object, image or manifest. */
export const addInspect: AddCommand = (program, session, act) => {
  program
    .command('inspect')
    .argument('FILE', 'eBPF object, image, Femto-Container image or manifest, - for standard input')
    .description('show header, sections, entry points and imports, or a manifest with its signature checked')
    .option(
      '-k, --key <file>',
      'manifest: key that has to be the signature’s, public or private; of several one',
      (file: string, before: string[] = []) => [...before, file],
    )
    .option('--passphrase-file <file>', 'manifest: file with the passphrase of keys')
    .option('--image <file>', 'manifest: image whose digest and length are compared')
    .option('--vendor <domain>', 'manifest: vendor whose UUID is compared')
    .option('--class <name>', 'manifest: class whose UUID is compared')
    .action((file: string, o: ManifestOptions) =>
      act(async () => {
        const bytes = readInput(session, file);
        if (startsManifest(bytes)) {
          const { inspectManifest } = await import('./inspect-manifest.js');
          return inspectManifest(session, file, bytes, o);
        }
        for (const name of ['key', 'passphraseFile', 'image', 'vendor', 'class'] as const)
          if (o[name] !== undefined)
            throw usage(`${inputName(file)} is no manifest`, { got: 'an option for manifests' });
        const input = inputOf(bytes, inputName(file), false);
        const document = input.kind === 'image' ? imageDocument(input.image) : objectDocument(input.program);
        if (o.json) writeJson(session, document);
        else session.out(text(document));
        return 0;
      }),
    );
};
