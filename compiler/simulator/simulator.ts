// SPDX-License-Identifier: MIT
import { type HelperRow, helpersOf } from '../contract/helpers.js';
import { contextWritable } from '../contract/kept.js';
import { type Contract, FIRST_GRANTED, REGION_CONTEXT, REGION_DATA, REGION_RODATA } from '../contract/types.js';
import { CompileError } from '../errors/index.js';
import { HelperTrap, type RunRequest, type RunResult, type RunTrap } from '../host/engine.js';
import { contextResult, type Guest, makeGuest, regionResults } from '../host/guest.js';
import { allowedHelpers, type HelperBody, HelperHost } from '../host/helpers.js';
import { LAYOUT } from '../host/layout.js';
import { INSTANCE, instanceImportOffset, instanceRegionOffset, RIGHT_READ, RIGHT_WRITE } from '../image/fields.js';
import type { Image } from '../image/image.js';
import { findEntry } from '../image/read.js';
import { type AnyTrapName, TRAPS } from '../image/traps.js';
import { callImport, checkImports } from './calls.js';
import { type Cpu, CpuFault, type CpuModel } from './cpu.js';
import { type Area, MAX_AREA_BYTES, SimMemory } from './memory.js';

export type { Abi, Bus, Cpu, CpuModel } from './cpu.js';
export { CpuFault } from './cpu.js';

export interface SimulateOptions {
  /** The instruction set: `backends/thumb/cpu.ts` and its like. */
  readonly cpu: CpuModel;
  /** Helper rows beyond HELPERS, always allowed. */
  readonly helpers?: readonly HelperRow[];
  /** By id, what helpers do that are not of HELPERS: rows of `helpers`, or of the contract's signatures. */
  readonly bodies?: ReadonlyMap<number, HelperBody>;
  /** Native instructions after which the host kills the container, whatever its fuel. Default 2^31. */
  readonly maxInstructions?: number;
  /** Seed of the garbage in registers and memory that nobody initialises. */
  readonly seed?: number;
}

/** Code addresses that stand for the host: return of the entry, trap handler, then one per import. Nothing is mapped there. */
const HOST_CODE = 0xf8000000;
const HOST_STEP = 16;
const RETURN_AT = HOST_CODE;
const TRAP_AT = HOST_CODE + HOST_STEP;
const IMPORTS_AT = HOST_CODE + 2 * HOST_STEP;

/** xorshift32: full 32-bit values, never a run of zeros. */
function garbage(seed: number): () => number {
  let x = (seed ^ 0x9e3779b9) | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x | 0;
  };
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
const yes = (): boolean => true;
const no = (): boolean => false;

/** Instance bytes as a loader fills them in. */
function makeInstance(
  image: Image,
  guest: Guest,
  contract: Contract,
  request: RunRequest,
  codeBit: number,
): Uint8Array {
  const bytes = new Uint8Array(image.instanceLength);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, value: number): void => view.setUint32(offset, value, true);
  put(INSTANCE.offset.fuel, Math.min(request.fuel, 0xffffffff));
  put(INSTANCE.offset.trap, TRAP_AT + codeBit);
  put(INSTANCE.offset.host_sp, 0);
  put(INSTANCE.offset.region_count, FIRST_GRANTED + guest.regions.length);
  const region = (i: number, base: number, length: number, writable: boolean): void => {
    put(instanceRegionOffset(i, 'base'), base);
    put(instanceRegionOffset(i, 'length'), length);
    put(instanceRegionOffset(i, 'rights'), RIGHT_READ | (writable ? RIGHT_WRITE : 0));
  };
  region(REGION_DATA, LAYOUT.data, image.blockLength, true);
  region(REGION_RODATA, LAYOUT.rodata, image.rodata.length, false);
  const context = guest.context;
  region(REGION_CONTEXT, context?.base ?? 0, context?.bytes.length ?? 0, image.contextRights === 'rw');
  contract.regions.forEach((decl, i) => {
    const lent = guest.regions[i]!;
    region(FIRST_GRANTED + i, lent.base, lent.bytes.length, decl.access === 'rw');
  });
  image.imports.forEach((_, i) => {
    put(instanceImportOffset(image.regions.length, i), IMPORTS_AT + i * HOST_STEP + codeBit);
  });
  return bytes;
}

/** The writable block: initialised data, zeroed bss, frames that nobody initialises. */
function makeData(image: Image, random: () => number): Uint8Array {
  const bytes = new Uint8Array(image.blockLength);
  bytes.set(image.data);
  for (let i = image.data.length + image.bssLength; i < bytes.length; i++) bytes[i] = random() >>> 24;
  return bytes;
}

function areasOf(
  image: Image,
  guest: Guest,
  contract: Contract,
  instance: Uint8Array,
  stack: Area,
  data: Uint8Array,
): Area[] {
  const areas: Area[] = [
    { name: 'data', base: LAYOUT.data, bytes: data, readable: true, writable: yes, region: true },
    { name: 'rodata', base: LAYOUT.rodata, bytes: image.rodata, readable: true, writable: no, region: true },
    {
      name: 'instance',
      base: LAYOUT.instance,
      bytes: instance,
      readable: true,
      // The container's own code takes fuel; nothing else here is its to change.
      writable: (offset, length) => offset === INSTANCE.offset.fuel && length === 4,
      region: false,
    },
    stack,
  ];
  if (guest.context)
    areas.push({
      name: 'context',
      base: guest.context.base,
      bytes: guest.context.bytes,
      readable: true,
      writable: (offset, length) => contextWritable(contract, offset, length),
      region: true,
    });
  for (const r of guest.regions)
    areas.push({
      name: `region ${r.name}`,
      base: r.base,
      bytes: r.bytes,
      readable: true,
      writable: r.writable ? yes : no,
      region: true,
    });
  return areas;
}

const TRAP_NAMES = new Map<number, AnyTrapName>(
  (Object.keys(TRAPS) as AnyTrapName[]).map((name) => [TRAPS[name].code, name]),
);

/** The trap that an image raised: code in the first argument register, place from the link register. */
function raised(image: Image, cpu: Cpu, model: CpuModel): RunTrap {
  const code = cpu.registers[model.abi.argumentRegisters[0]!]! >>> 0;
  const name = TRAP_NAMES.get(code);
  const link = (cpu.registers[model.abi.linkRegister]! & ~model.abi.codeBit) >>> 0;
  const site = (link - model.abi.trapLink - LAYOUT.text - image.trapTable) / 4;
  if (!name || name === 'fault' || name === 'killed') throw new CpuFault(`trap with code ${code}`);
  if (!Number.isInteger(site) || site < 0 || site >= image.trapCount)
    throw new CpuFault(`trap from ${hex(link)}, which is no site of the trap table`);
  return { code, name, site };
}

/** Where an entry starts and the native stack that the header asks for it. */
function entryOf(image: Image, entry: string | number): { offset: number; stackLength: number } {
  const found = typeof entry === 'string' ? findEntry(image, entry) : image.entries[entry];
  if (!found)
    throw new CompileError('FCC0701', `the image has no entry ${typeof entry === 'string' ? `"${entry}"` : entry}`, {
      expected: image.entries.map((e) => e.name).join(', '),
      got: String(entry),
    });
  return found;
}

function checkFit(image: Image, contract: Contract, guest: Guest): void {
  const refuse = (what: string, expected: string, got: string): never => {
    throw new CompileError('FCC0701', what, { expected, got });
  };
  // A valid image may ask for more than the simulated address space has room for.
  if (image.blockLength > MAX_AREA_BYTES)
    refuse(
      'data, bss and frames of the image are too long',
      `at most ${MAX_AREA_BYTES} bytes`,
      `${image.blockLength} bytes`,
    );
  if (image.regions.length !== contract.regions.length)
    refuse('image and contract grant different regions', String(image.regions.length), String(contract.regions.length));
  image.regions.forEach((row, i) => {
    const lent = guest.regions[i]!;
    if (lent.bytes.length < row.minLength || lent.bytes.length > row.maxLength)
      refuse(
        `region "${lent.name}" has a length that the image is not made for`,
        `${row.minLength} to ${row.maxLength} bytes`,
        `${lent.bytes.length} bytes`,
      );
    if (lent.base % row.align !== 0) refuse(`region "${lent.name}" is misaligned`, String(row.align), hex(lent.base));
  });
  const length = guest.context?.bytes.length ?? 0;
  if (guest.context && image.contextLength !== null && length !== image.contextLength)
    refuse('the context has the wrong length', `${image.contextLength} bytes`, `${length} bytes`);
}

/**
 * Runs one entry of a native image in-process. `entry`: its name or index. Executed native instructions are counted, skipped ones of IT
 * blocks too, helper bodies not. Any access outside what the container may touch ends the run with trap 'fault' and a
 * `detail` that says what and where: code that is guarded correctly never gets there. Throws CompileError FCC0701 if the request,
 * the contract and the image do not fit each other.
 */
export function simulate(
  image: Image,
  entry: string | number,
  contract: Contract,
  request: RunRequest,
  options: SimulateOptions,
): RunResult {
  const model = options.cpu;
  if (image.arch !== model.arch) throw new Error(`image for ${image.arch}, processor ${model.arch}`);
  const { abi } = model;
  const random = garbage(options.seed ?? 1);
  const start = entryOf(image, entry);
  const guest = makeGuest(contract, request);
  checkFit(image, contract, guest);

  const instance = makeInstance(image, guest, contract, request, abi.codeBit);
  const top = LAYOUT.stack + Math.ceil(start.stackLength / 16) * 16;
  const stack: Area = {
    name: 'stack',
    base: top - start.stackLength,
    bytes: Uint8Array.from({ length: start.stackLength }, () => random() >>> 24),
    readable: true,
    writable: yes,
    region: false,
  };
  const text: Area = {
    name: 'text',
    base: LAYOUT.text,
    bytes: image.text,
    readable: false,
    writable: no,
    region: false,
  };
  const memory = new SimMemory(
    areasOf(image, guest, contract, instance, stack, makeData(image, random)),
    text,
    new Map(guest.regions.map((r) => [r.name, r.base])),
  );
  const host = new HelperHost(
    memory.guest,
    allowedHelpers(contract, helpersOf(contract), options.helpers),
    options.bodies,
  );
  const cpu = model.create(image.text, LAYOUT.text, memory);

  const finish = (r0: bigint, trap?: RunTrap): RunResult => ({
    status: trap ? 'trap' : 'ok',
    r0,
    instructions: cpu.instructions,
    ...(trap ? { trap } : {}),
    context: contextResult(contract, request, guest),
    regions: regionResults(guest),
    log: host.log,
  });
  const trapped = (name: AnyTrapName, detail: string): RunResult =>
    finish(0n, { code: TRAPS[name].code, name, site: null, detail });

  for (let r = 0; r < cpu.registers.length; r++) cpu.registers[r] = random();
  cpu.scramble(random);
  const lanes = [guest.context?.base ?? 0, 0];
  if (contract.passLength) lanes.push(guest.context?.bytes.length ?? 0, 0);
  lanes.forEach((lane, i) => {
    cpu.registers[abi.argumentRegisters[i]!] = lane | 0;
  });
  cpu.registers[abi.stackPointer] = top | 0;
  cpu.registers[abi.instanceRegister] = LAYOUT.instance | 0;
  cpu.registers[abi.linkRegister] = (RETURN_AT + abi.codeBit) | 0;
  cpu.pc = LAYOUT.text + start.offset;

  try {
    checkImports(image.imports, host);
    const limit = options.maxInstructions ?? 2 ** 31;
    for (;;) {
      if (!cpu.run(limit)) return trapped('killed', `${limit} instructions executed`);
      if (cpu.pc === RETURN_AT) {
        if (cpu.registers[abi.stackPointer]! >>> 0 !== top)
          return trapped('fault', 'returned with another stack pointer');
        if (cpu.registers[abi.instanceRegister]! >>> 0 !== LAYOUT.instance)
          return trapped('fault', 'returned with the instance register changed');
        const [lo, hi] = abi.resultRegisters.map((r) => BigInt(cpu.registers[r]! >>> 0));
        return finish(lo! | (hi! << 32n));
      }
      if (cpu.pc === TRAP_AT) return finish(0n, raised(image, cpu, model));
      const slot = (cpu.pc - IMPORTS_AT) / HOST_STEP;
      const id = Number.isInteger(slot) && slot >= 0 ? image.imports[slot] : undefined;
      if (id === undefined) throw new CpuFault(`instruction fetch at ${hex(cpu.pc)}: no code there`);
      callImport({ abi, cpu, memory, host, instance: LAYOUT.instance, random }, id);
    }
  } catch (e) {
    if (e instanceof CpuFault) return trapped('fault', `${cpu.describe(cpu.pc)}: ${e.message}`);
    if (e instanceof HelperTrap) return trapped(e.trap, e.message);
    throw e;
  }
}
