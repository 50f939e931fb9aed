// SPDX-License-Identifier: MIT
import { CompileError, type ErrorCode } from '../errors/index.js';

const TEXT = new TextDecoder();

/**
 * Little-endian view of a part of the input. Every read is bounds-checked; a read outside throws a CompileError with the
 * view's error code, naming `what` the view holds.
 */
export class Bytes {
  private readonly view: DataView;

  constructor(
    readonly data: Uint8Array,
    private readonly code: ErrorCode,
    private readonly what: string,
    private readonly file: string,
  ) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get length(): number {
    return this.data.length;
  }

  /** Throws this view's error. */
  fail(message: string, offset?: number): never {
    throw new CompileError(this.code, `${this.what}: ${message}`, { at: { file: this.file, offset } });
  }

  /** Throws unless [offset, offset + length) lies inside. */
  check(offset: number, length: number): void {
    if (!(offset >= 0 && length >= 0 && offset <= this.length && length <= this.length - offset)) {
      this.fail(`${length} bytes at offset ${offset} lie outside of its ${this.length} bytes`, offset);
    }
  }

  u8(offset: number): number {
    this.check(offset, 1);
    return this.view.getUint8(offset);
  }

  u16(offset: number): number {
    this.check(offset, 2);
    return this.view.getUint16(offset, true);
  }

  u32(offset: number): number {
    this.check(offset, 4);
    return this.view.getUint32(offset, true);
  }

  /** A 64-bit field as a number; values above 2^53 are refused, nothing in an object can be that large. */
  u64(offset: number): number {
    this.check(offset, 8);
    const high = this.view.getUint32(offset + 4, true);
    if (high >= 0x20_0000) this.fail(`number at offset ${offset} is too large`, offset);
    return high * 0x1_0000_0000 + this.view.getUint32(offset, true);
  }

  /** The bytes [offset, offset + length) as a view of their own. */
  part(offset: number, length: number, what = this.what): Bytes {
    this.check(offset, length);
    return new Bytes(this.data.subarray(offset, offset + length), this.code, what, this.file);
  }

  /** NUL-terminated UTF-8 text at `offset`, at most `max` bytes; a longer one is refused. */
  text(offset: number, max: number): string {
    this.check(offset, 1);
    const end = this.data.subarray(offset, offset + max + 1).indexOf(0);
    if (end < 0) this.fail(`text at offset ${offset} has no end within ${max} bytes`, offset);
    return TEXT.decode(this.data.subarray(offset, offset + end));
  }

  /** Like `text`, but a longer one is cut. */
  textCut(offset: number, max: number): string {
    this.check(offset, 1);
    const part = this.data.subarray(offset, offset + max);
    const end = part.indexOf(0);
    return TEXT.decode(end < 0 ? part : part.subarray(0, end));
  }
}
