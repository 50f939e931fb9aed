// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import type { AddCommand } from './command.js';
import { fingerprint, loadSigner, nodeCrypto } from './ota-crypto.js';
import { inputName, keepInputs, readInput, usage, writeJson, writeOutputs } from './session.js';

interface SignCommand {
  key?: string;
  passphraseFile?: string;
  output?: string;
  json?: boolean;
}

/** `fcc sign`: signs a manifest, or replaces its signature; what the manifest says stays as it is. */
export const addSign: AddCommand = (program, session, act) => {
  program
    .command('sign')
    .argument('MANIFEST', 'manifest, signed or not, - for standard input')
    .description('sign a manifest, or replace its signature')
    .option('-k, --key <file>', 'private key that signs')
    .option('--passphrase-file <file>', 'file with the key’s passphrase')
    .option('-o, --output <file>', 'output file, - for standard output (default: the manifest itself)')
    .action((file: string, o: SignCommand) =>
      act(async () => {
        if (o.key === undefined) throw usage('no key given', { expected: '-k KEY', help: '`fcc keys gen` makes one' });
        const output = o.output ?? file;
        keepInputs(output, [o.key, o.passphraseFile]);
        if (o.json && output === '-') throw usage('--json and an output both want standard output');
        const signer = loadSigner(session, o.key, o.passphraseFile);
        const before = readInput(session, file);
        const { readEnvelope, readManifest, signManifest } = await import('../ota/read.js');
        const { profile } = readEnvelope(before, inputName(file));
        const bytes = signManifest(before, nodeCrypto, signer, inputName(file));
        writeOutputs(session, [[output, bytes]]);
        try {
          readManifest(bytes);
        } catch (e) {
          if (!(e instanceof CompileError)) throw e;
          session.err(`note: devices with fcc’s own reader refuse what was signed: ${e.message}\n`);
        }
        const key = fingerprint(signer.publicKey);
        if (o.json) writeJson(session, { output, profile, manifestBytes: bytes.length, key });
        else
          (output === '-' ? session.err : session.out)(
            `${output === '-' ? 'manifest' : output}: ${bytes.length} bytes, ${profile}, key ${key}\n`,
          );
        return 0;
      }),
    );
};
