// SPDX-License-Identifier: MIT
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from '../codegen/target.js';
import { finish, type Level, prepare } from '../compile.js';
import { CompileError } from '../errors/index.js';
import { readImage } from '../image/read.js';
import { loadContract, loadObject } from './load.js';
import { Progress } from './progress.js';
import { type Session, usage, writeJson } from './session.js';
import { table } from './table.js';

/** One object on all targets. Bytes of text count everything that an image has of it: literal pools and trap table too. */
export interface SizeRow {
  readonly program: string;
  /** Every function of the object, 8 bytes a slot. */
  readonly ebpfBytes: number;
  /** By target name; null: the target refuses it. */
  readonly textBytes: Readonly<Record<string, number | null>>;
}

/** `fcc bench --size`: bytes of text of each object on each target. */
export async function benchSize(
  session: Session,
  files: readonly string[],
  { chosen, level, json }: { chosen: readonly Target[]; level: Level; json: boolean },
): Promise<number> {
  const paths = files.length > 0 ? files : fixtureObjects();
  const bar = new Progress(session, 'objects', paths.length);
  const rows: SizeRow[] = [];
  for (const [i, path] of paths.entries()) {
    bar.show(i);
    rows.push(await sizeRow(session, path, chosen, level));
  }
  bar.done();
  const names = chosen.map((t) => t.core.name);
  const ratio = Object.fromEntries(names.map((name) => [name, geomean(rows, name)]));
  if (json) writeJson(session, { level, rows, geomean: ratio });
  else {
    const cells = rows.map((r) => [
      r.program,
      String(r.ebpfBytes),
      ...names.map((n) => String(r.textBytes[n] ?? 'refused')),
    ]);
    const last = ['geomean to eBPF', '', ...names.map((n) => ratio[n]?.toFixed(2) ?? '-')];
    session.out(table(['program', 'eBPF', ...names], [...cells, last]));
  }
  return 0;
}

async function sizeRow(session: Session, path: string, chosen: readonly Target[], level: Level): Promise<SizeRow> {
  const program = loadObject(session, path, false);
  const contract = await loadContract(session, contractBeside(path));
  const prepared = prepare(program, { contract, level });
  if (prepared.kind === 'rejected') {
    const rejected = prepared.verdicts.find((v) => v.verdict === 'rejected');
    throw rejected?.errors[0] ?? new Error('rejected without an error');
  }
  const textBytes = chosen.map((target): [string, number | null] => {
    const { core } = target;
    try {
      return [core.name, readImage(finish(prepared, target).image).text.length];
    } catch (e) {
      // A limit of one target; what is wrong with the object ends the command.
      if (e instanceof CompileError && e.exitCode === 4) return [core.name, null];
      throw e;
    }
  });
  const slots = program.functions.reduce((n, f) => n + f.slots, 0);
  return { program: basename(path), ebpfBytes: 8 * slots, textBytes: Object.fromEntries(textBytes) };
}

/** Geometric mean of text bytes to eBPF bytes, over the objects that the target takes; null if there are none. */
function geomean(rows: readonly SizeRow[], target: string): number | null {
  const logs = rows.flatMap((r) => {
    const bytes = r.textBytes[target];
    return bytes === null || bytes === undefined ? [] : [Math.log(bytes / r.ebpfBytes)];
  });
  return logs.length === 0 ? null : Math.exp(logs.reduce((a, b) => a + b) / logs.length);
}

/** `NAME.contract.json` in the object's folder, NAME being its file name up to the first dot. */
export function contractBeside(path: string): string | undefined {
  const beside = join(dirname(path), `${basename(path).split('.')[0]}.contract.json`);
  return existsSync(beside) ? beside : undefined;
}

/** Objects of one kind of all fixtures of the checkout: of eBPF version 3, or compiled for size. Errors: FCC0001 where there are none. */
export function fixtureObjects(kind: 'v3' | 'Os' = 'v3'): string[] {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    const folder = join(at, 'fixtures');
    if (!existsSync(join(folder, 'include', 'fc.h'))) continue;
    return readdirSync(folder)
      .map((name) => join(folder, name, `${name}.${kind}.o`))
      .filter((path) => existsSync(path));
  }
  throw usage('no objects given', { help: 'name some; the fixtures are in the source checkout' });
}
