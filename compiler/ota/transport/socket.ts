// SPDX-License-Identifier: MIT
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CompileError } from '../../errors/index.js';
import { authority } from './address.js';

/** Datagrams and bytes of UDP payload. */
export interface Counts {
  datagrams: number;
  bytes: number;
}

/**
 * One UDP socket for a server and an agent of the coap library. It stands between them and the network, because they take a socket's failures
 * for the end of the process: an error while sending is kept for the message about a timeout, and what is sent after the end is dropped.
 * It is no dgram.Socket on purpose: to one, the library's server would send its answers to malformed datagrams, at the host `localhost`.
 */
export class UdpPort extends EventEmitter {
  readonly sent: Counts = { datagrams: 0, bytes: 0 };
  readonly received: Counts = { datagrams: 0, bytes: 0 };
  /** Of the last datagram that could not be sent. */
  failure: string | null = null;
  private open = true;

  private constructor(
    private readonly socket: Socket,
    readonly type: 'udp4' | 'udp6',
  ) {
    super();
    socket.on('message', (message: Buffer, from: RemoteInfo) => {
      this.received.datagrams++;
      this.received.bytes += message.length;
      this.emit('message', message, from);
    });
    socket.on('error', (e) => {
      this.failure = e.message;
    });
  }

  /** Binds a socket; port 0 is any. Errors: FCC0856. */
  static async listen(type: 'udp4' | 'udp6', address: string, port: number): Promise<UdpPort> {
    const socket = createSocket({ type, ipv6Only: type === 'udp6' });
    try {
      await new Promise<void>((bound, failed) => {
        socket.once('error', failed);
        socket.bind({ address, port, exclusive: true }, () => {
          socket.off('error', failed);
          bound();
        });
      });
    } catch (e) {
      socket.close();
      throw new CompileError('FCC0856', `cannot listen on ${port === 0 ? address : authority(address, port)}`, {
        reason: (e as Error).message,
        help: 'choose another address or port of this machine with --address and --port',
      });
    }
    return new UdpPort(socket, type);
  }

  address(): AddressInfo {
    return this.socket.address();
  }

  /** As dgram.Socket's, in the form that the library uses. */
  send(
    message: Buffer,
    offset: number,
    length: number,
    port: number,
    address: string,
    done?: (error: Error | null, bytes: number) => void,
  ): void {
    // Port 0, from which a forged datagram can come, is one that dgram throws about.
    if (!this.open || port < 1) return;
    this.sent.datagrams++;
    this.sent.bytes += length;
    this.socket.send(message, offset, length, port, address, (error, bytes) => {
      if (error) this.failure = error.message;
      done?.(null, error ? 0 : bytes);
    });
  }

  /** Ends it; may be called again. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.removeAllListeners();
    this.socket.close();
  }
}
