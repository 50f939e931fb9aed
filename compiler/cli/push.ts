// SPDX-License-Identifier: MIT
import type { AddCommand } from './command.js';

/** The options, as commander gives them. */
export interface PushCommand {
  manifest?: string;
  key?: string;
  passphraseFile?: string;
  hook?: string;
  container?: string;
  seq?: string;
  vendor?: string;
  class?: string;
  profile: string;
  object?: string;
  target?: string;
  contract?: string;
  function?: string;
  optimise?: string;
  map?: string;
  address?: string;
  port?: string;
  announce?: string;
  block: string;
  timeout: string;
  retries: string;
  ackTimeout: string;
  poll: string;
  wait?: boolean;
  check: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** `fcc push`: an image over the air to a device. */
export const addPush: AddCommand = (program, session, act) => {
  program
    .command('push')
    .argument('URL', 'the device: coap://HOST or coap://HOST:PORT')
    .argument('[IMAGE...]', 'images, each with its manifest beside it unless -k or --manifest is given')
    .description('install an image on a device over the air, and wait for its verdict; --json prints one object a line')
    .option('--manifest <file>', 'manifest of the image (default: its name with .suit)')
    .option('-k, --key <file>', 'private key: make and sign the manifest here')
    .option('--passphrase-file <file>', 'passphrase of the key')
    .option('--hook <name>', 'hook to install to (default with --object: the contract’s)')
    .option('--container <name>', 'place at the hook, where it has several')
    .option('--seq <number>', 'sequence number (default: one more than the device has had)')
    .option('--vendor <name>', 'domain or UUID (default: the device’s own)')
    .option('--class <name>', 'name or UUID of the class of devices (default: the device’s own)')
    .option('--profile <name>', 'form of the manifest: riot-v9 or ietf-37', 'riot-v9')
    .option('--object <file>', 'eBPF object to compile first')
    .option('-t, --target <name>', 'target core of the object, or ebpf')
    .option('--contract <file>', 'hook contract of the object')
    .option('--function <name>', 'only this entry point of the object')
    .option('-O, --optimise <level>', 'optimisation level 0, 1 or 2 of the object (default: 2)')
    .option('--map <file>', 'map of the image, to tell a trap’s source line; with --object it is written')
    .option('--address <address>', 'address of this machine to serve at (default: the one that reaches the device)')
    .option('--port <number>', 'UDP port to serve at (default: any, or the one in the manifest)')
    .option('--announce <url>', 'coap://HOST:PORT that the device is told instead of our own, behind a proxy')
    .option('--block <bytes>', 'largest block that is served, 16 to 1024; the device may ask for smaller ones', '1024')
    .option('--timeout <seconds>', 'for each image, from the first question to the end', '60')
    .option('--retries <number>', 'how often a message without an answer is sent again, 0 to 10', '4')
    .option('--ack-timeout <ms>', 'how long the first wait for an answer is', '2000')
    .option('--poll <ms>', 'time between two questions for the verdict', '500')
    .option('--wait', 'until the trial of the image is over')
    .option('--no-check', 'send what does not fit the device by its own report, or is no image')
    .option('--dry-run', 'show what would be sent, without a device')
    .action((url: string, images: string[], o: PushCommand) =>
      // All that it needs is loaded when it is asked for: the other commands start without the network's and CBOR's libraries.
      act(async () => (await import('./push-run.js')).push(session, url, images, o)),
    );
};
