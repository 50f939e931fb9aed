// SPDX-License-Identifier: MIT

/** The package has types, but its `exports` hide them: what capstone.ts uses of it. */
declare module 'capstone-wasm' {
  export interface Insn {
    readonly address: number | bigint;
    readonly size: number;
    readonly mnemonic: string;
    readonly opStr: string;
  }
  export class Capstone {
    constructor(arch: number, mode: number);
    /** Throws if it knows not even the first instruction. */
    disasm(data: Uint8Array, options: { address: number }): Insn[];
    errNo(): number;
  }
  export const Const: Readonly<Record<'CS_ARCH_ARM' | 'CS_MODE_THUMB' | 'CS_MODE_MCLASS' | 'CS_ERR_OK', number>>;
  export function loadCapstone(): Promise<void>;
}
