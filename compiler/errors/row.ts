// SPDX-License-Identifier: MIT

export type Stage = 'usage' | 'elf' | 'bpf' | 'contract' | 'verifier' | 'codegen' | 'image' | 'run' | 'device';

/** One error code, one row. `fcc explain` prints it; the exit code and stage are taken from it. */
export interface ErrorRow {
  readonly stage: Stage;
  /** 1 rejected · 2 usage · 3 malformed input · 4 not supported by the target · 5 device, network or signature. */
  readonly exit: 1 | 2 | 3 | 4 | 5;
  /** A noun phrase, no full stop: "jump into the second slot of lddw". */
  readonly title: string;
  /** A paragraph for people: what it means and why it is refused. */
  readonly explain: string;
  /** A smallest wrong input (C, eBPF assembly, JSON, bytes in hexadecimal or a command line), and the same made right. */
  readonly wrong: string;
  readonly right: string;
  /** The hook contract that both examples are read under, JSON text; without one it is that of a bare program. */
  readonly contract?: string;
  /** The program that both examples, two contracts, are tried on: eBPF assembly. */
  readonly program?: string;
  /** The examples are verified with --strict. */
  readonly strict?: true;
}
