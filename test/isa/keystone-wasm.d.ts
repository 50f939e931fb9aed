// SPDX-License-Identifier: MIT

/** The package has types, but its `exports` hide them: what keystone.test.ts uses of it. */
declare module 'keystone-wasm' {
  export class Keystone {
    constructor(arch: number, mode: number);
    /** Throws if it refuses a line. Several instructions are separated by semicolons. */
    asm(text: string, options: { address: number }): Uint8Array;
  }
  export const Const: Readonly<Record<'KS_ARCH_ARM' | 'KS_MODE_THUMB' | 'KS_MODE_V8', number>>;
  export function loadKeystone(options?: { printErr?: (line: string) => void }): Promise<void>;
}
