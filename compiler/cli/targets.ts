// SPDX-License-Identifier: MIT
import { targets } from '../../backends/index.js';
import type { Emulator } from '../codegen/target.js';
import type { AddCommand } from './command.js';
import { writeJson } from './session.js';
import { table } from './table.js';

const boardText = ({ board, lacks }: Emulator): string =>
  lacks.length === 0 ? board : `${board} (no ${lacks.join(', ')})`;

/** `fcc targets`: what can be compiled for, with which emulator it is tested. */
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
        if (options.json) writeJson(session, { targets: rows });
        else {
          const cells = rows.map((r) => [
            r.name,
            r.arch,
            r.features.join(' '),
            r.emulators.map(boardText).join(', ') || '-',
            r.doc,
          ]);
          session.out(table(['target', 'arch', 'features', 'QEMU board', ''], cells));
        }
        return 0;
      }),
    );
};
