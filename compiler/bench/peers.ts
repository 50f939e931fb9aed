// SPDX-License-Identifier: MIT

/** Figures that were not taken in this run, each table with where they are from and how they came about. */
export interface PeerTable {
  readonly title: string;
  readonly source: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns from here on are numbers. */
  readonly numbers: number;
}

export const PEERS: readonly PeerTable[] = [
  {
    title: 'Other engines on a Cortex-M4: executed instructions',
    source:
      'Measured while this project was prepared, under QEMU (mps2-an386) with an instruction-counting plug-in; the same C sources ' +
      'for all, Wasm and eBPF by clang 14 -O2. Other kernels than those above. Geometric mean over the eight compute kernels ' +
      'against gcc -O2.',
    head: [
      ...[
        'engine',
        'empty call',
        'filter',
        'fletcher32',
        'crc32',
        'bsort100',
        'copy 256 B',
        'copy 64 words',
        'bsearch',
      ],
      ...['sha256', 'fir', 'geomean'],
    ],
    rows: [
      row('native gcc -Os', 7, 35, 929, 18043, 45759, 1293, 335, 2575, 3462, 6033, '1.09'),
      row('native gcc -O2', 7, 33, 930, 19096, 40315, 1036, 270, 2415, 3122, 5905, '1.00'),
      row('native clang -O2', 7, 33, 676, 13166, 36977, 792, 219, 2366, 2703, 6760, '0.85'),
      row('wasm2c, checks removed', 17, 51, 724, 12985, 39378, 352, 210, 2426, 3202, 6831, '0.80'),
      row('wasm2c, AND mask', 18, 67, 1041, 13706, 54269, 545, 400, 2907, 3841, 10734, '1.11'),
      row('wasm2c, one 32-bit compare', 21, 85, 1276, 14072, 59536, 807, 440, 3142, 4423, 13876, '1.30'),
      row('wasm2c as shipped', 24, 115, 1779, 14794, 103364, 1330, 758, 4141, 6064, 22136, '1.90'),
      row('WAMR AOT (default checks)', 249, 308, 1500, 14297, 70456, 1033, 683, 3308, 8039, 20254, '1.68'),
      row('wasm3', 215, 865, 16198, 267127, 767692, 9738, 4062, 54048, 64020, 167739, '17.4'),
      row('WAMR fast interpreter', 439, 1619, 28357, 402682, 1475973, 17990, 7208, 88496, 95578, 292923, '29.7'),
      row('Femto-Containers', 194, 1263, 48997, 377203, 2103379, 56723, 13356, 136453, 181912, 538898, '50.8'),
    ],
    numbers: 1,
  },
  {
    title: 'As published: fletcher32 on a Cortex-M4 at 64 MHz (nRF52840)',
    source:
      'Zandberg, Baccelli, Yuan, Besson, Talpin: Femto-Containers, Middleware 2022 (arXiv 2210.03432). Its own measurements on hardware, of whole ' +
      'runtimes; the last column is ours: time to the time of native C.',
    head: ['runtime', 'ROM', 'RAM', 'application', 'cold start µs', 'run µs', 'to native'],
    rows: [
      row('native C', '-', '-', '74 B', '-', 27, '1.0'),
      row('WASM3', '64 KiB', '85 KiB', '322 B', 17096, 980, '36.3'),
      row('rBPF', '4.4 KiB', '620 B', '456 B', 1, 2133, '79.0'),
      row('Femto-Containers', '2.9 KiB', '624 B', '456 B', 1, 2231, '82.6'),
      row('JerryScript (RIOTjs)', '121 KiB', '18 KiB', '593 B', 5589, 14726, '545'),
      row('MicroPython', '101 KiB', '8.2 KiB', '497 B', 21907, 16325, '605'),
    ],
    numbers: 1,
  },
  {
    title: 'eBPF and Wasm to native code on microcontrollers, as published or rebuilt',
    source: 'Speed against native code as each says of itself, unless it says "rebuilt"; not the kernels above.',
    head: ['system', 'speed to native', 'what it lacks'],
    rows: [
      row(
        'µBPF (micro-bpf, JIT on RIOT)',
        'fletcher16 1.30 at 2560 B, 2.5 at 80 B',
        'memory checks; 64-bit arithmetic',
      ),
      row(
        'CertrBPF-JIT / HAVM (CAV 2024)',
        '25 to 93, geomean 52.6 (rebuilt and run)',
        'all but runs of 19 opcodes are interpreted',
      ),
      row('RapidPatch (USENIX Security 2022)', 'not stated', 'bounds checks, 32-bit jumps, atomics, 64-bit division'),
      row('bpf2c with gcc, llvmbpf AOT', 'near native', 'any sandbox'),
      row(
        'aWsm / eWASM (Wasm AOT)',
        '1.16 with masks, 1.31 with checks, four programs',
        'traps, where it masks; its compiler is trusted',
      ),
    ],
    numbers: 9,
  },
];

function row(...cells: readonly (string | number)[]): string[] {
  return cells.map(String);
}
