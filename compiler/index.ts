// SPDX-License-Identifier: MIT

/** The library: everything that needs neither files nor a terminal. */
export { cpuModel, findTarget, targets, withoutFeatures } from '../backends/index.js';
export { assemble } from './bpf/asm.js';
export { loadProgram, rawProgram } from './bpf/load.js';
export type { BpfFunction, Insn, LineInfo, Program } from './bpf/program.js';
export { rbpfProgram } from './bpf/rbpf.js';
export {
  type Compiled,
  type CompileOptions,
  compile,
  finish,
  type Prepared,
  type PrepareOptions,
  type ProgramSummary,
  prepare,
  type Rejected,
} from './compile.js';
export { contractFromBtf } from './contract/btf.js';
export { contractHeader } from './contract/header.js';
export { HELPERS, helpersOf } from './contract/helpers.js';
export { contractJsonSchema, parseContract } from './contract/schema.js';
export { type Contract, DEFAULT_CONTRACT } from './contract/types.js';
export { type CompiledEbpf, compileEbpf, type EbpfOptions, ebpfProgram } from './ebpf.js';
export { CompileError, ERRORS, type ErrorCode } from './errors/index.js';
export { formatError } from './errors/print.js';
export type { RunRequest, RunResult, RunTrap } from './host/engine.js';
export type { Image } from './image/image.js';
export type { ImageMap } from './image/map.js';
export { readImage } from './image/read.js';
export { interpret } from './interpreter/interpreter.js';
export { buildManifest, type Crypto, type ManifestInput, type Signer } from './ota/manifest.js';
export { manifestNotation } from './ota/notation.js';
export { type Checked, checkManifest, type Manifest, readManifest, signManifest } from './ota/read.js';
export { simulate } from './simulator/simulator.js';
export type { Facts, Verdict } from './verifier/facts.js';
export { verify } from './verifier/verify.js';
