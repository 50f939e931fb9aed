// SPDX-License-Identifier: MIT
import { targets } from '../../backends/index.js';
import type { Emulator } from '../codegen/target.js';
import { EBPF_TARGET } from '../ebpf.js';
import type { AddCommand } from './command.js';
import { writeJson } from './session.js';
import { table } from './table.js';

const boardText = ({ board, lacks }: Emulator): string =>
  lacks.length === 0 ? board : `${board} (no ${lacks.join(', ')})`;

/** `fcc targets`: what can be compiled for, with which emulator it is tested; the one that is no core comes apart. */
export const addTargets: AddCommand = (program, session, act) => {
  program
    .command('targets')
    .description('list the targets')
    .action((options: { json?: boolean }) =>
      act(() => {
        const rows = targets.map(({ arch, core }) => ({
          name: core.name,
          arch,
          featureBits: core.featureBits,
          features: Object.keys(core.features).filter((f) => core.features[f]),
          emulators: core.emulators,
          doc: core.doc,
        }));
        if (options.json) writeJson(session, { targets: rows, interpreted: [EBPF_TARGET] });
        else {
          const cells = rows.map((r) => [
            r.name,
            r.arch,
            r.features.join(' '),
            r.emulators.map(boardText).join(', ') || '-',
            r.doc,
          ]);
          session.out(table(['target', 'arch', 'features', 'QEMU board', ''], cells));
          session.out(`\n${EBPF_TARGET.name}  ${EBPF_TARGET.doc}\n`);
        }
        return 0;
      }),
    );
};
