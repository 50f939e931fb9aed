// SPDX-License-Identifier: MIT

/** The part of npm `elfy` that the adapter uses. */
declare module 'elfy' {
  interface ElfySection {
    name: string;
    off: number;
    size: number;
    data: Uint8Array;
  }
  const elfy: { parse(bytes: Uint8Array): { body: { sections: ElfySection[] } } };
  export default elfy;
}
