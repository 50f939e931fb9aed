// SPDX-License-Identifier: MIT
import { DEFAULT_CONTRACT } from '../contract/types.js';
import { contractHash } from '../image/contract-hash.js';
import { crc32Text } from '../image/crc32.js';
import type { AddCommand } from './command.js';
import { contractFor, loadContract, loadObject, selectEntries } from './load.js';
import { inputName, type Session, samePath, usage, writeJson, writeOutputs } from './session.js';
import { choice } from './values.js';

/** What `fcc gen` writes. */
export const GENERATED = ['header', 'contract', 'schema'] as const;

interface GenCommand {
  output?: string;
  tags?: boolean;
  function?: string;
  json?: boolean;
}

/** `fcc gen`: files made from contracts, and contracts from objects. */
export const addGen: AddCommand = (program, session, act) => {
  program
    .command('gen')
    .argument('WHAT', '"header": C header of a contract; "contract": what an object’s tags say; "schema": JSON schema')
    .argument('[INPUT]', 'the contract of a header, or the object of a contract; - for standard input')
    .description('write the C header of a hook contract, the contract in an object’s tags, or the schema of contracts')
    .option('-o, --output <file>', 'output file, - for standard output', '-')
    .option('--tags', 'header: objects made with it carry the contract')
    .option('--function <name>', 'contract: only this entry point')
    .action((name: string, input: string | undefined, o: GenCommand) =>
      act(async () => {
        const what = choice('gen', name, GENERATED);
        if (o.tags && what !== 'header') throw usage('--tags is for gen header');
        if (o.function !== undefined && what !== 'contract') throw usage('--function is for gen contract');
        const text = await { header, contract, schema }[what](session, input, o);
        const output = o.output ?? '-';
        if (output !== '-' && input !== undefined && input !== '-' && samePath(output, input))
          throw usage('the output would replace the input');
        if (output !== '-' || !o.json) writeOutputs(session, [[output, text]]);
        if (o.json) writeJson(session, { what, ...(output === '-' ? { text } : { output }) });
        return 0;
      }),
    );
};

type Write = (session: Session, input: string | undefined, o: GenCommand) => Promise<string>;

const header: Write = async (session, path, o) => {
  if (path === undefined) throw usage('gen header needs a contract', { expected: 'fcc gen header CONTRACT' });
  const read = await loadContract(session, path);
  const { contractHeader } = await import('../contract/header.js');
  return contractHeader(read, {
    hookId: crc32Text(read.hook),
    contractHash: contractHash(read),
    tags: o.tags === true,
  });
};

const contract: Write = async (session, path, o) => {
  if (path === undefined) throw usage('gen contract needs an object', { expected: 'fcc gen contract OBJ' });
  const object = loadObject(session, path, false);
  const read = await contractFor(session, object, undefined, selectEntries(object, o.function));
  if (read === DEFAULT_CONTRACT)
    throw usage(`${inputName(path)} has no contract in its declarations`, {
      help: 'tags are written by the macros of runtime-c/include/fcc_contract.h or `fcc gen header --tags`, and need clang -g',
    });
  const { contractFile } = await import('../contract/file.js');
  return document(contractFile(read));
};

const schema: Write = async (_session, path) => {
  if (path !== undefined) throw usage('gen schema takes no input', { expected: 'fcc gen schema' });
  const { contractJsonSchema } = await import('../contract/schema.js');
  return document(contractJsonSchema());
};

const document = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
