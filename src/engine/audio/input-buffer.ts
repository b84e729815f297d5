import type { ByteReader } from './byte-reader';
import type { Codecs } from './codecs';

/** A stretch of a file inside the WebAssembly module's memory, for the decoders that are handed their bytes. */
export class InputBuffer {
  private pointer: number;
  private start = 0;
  private end = 0;

  constructor(
    private readonly codecs: Codecs,
    private readonly source: ByteReader,
    private capacity: number,
    /** Where in the file to stop. */
    private readonly limit = Infinity,
  ) {
    this.pointer = codecs.wasm.allocate(capacity);
  }

  get address(): number {
    return this.pointer + this.start;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** The bytes that are held; valid until the module is called. */
  view(): Uint8Array {
    return this.codecs.bytes(this.address, this.length);
  }

  use(count: number): void {
    this.start = Math.min(this.end, this.start + count);
  }

  /** Takes in what the file has next, growing where there is no room left; false at the end of the file. */
  fill(): boolean {
    if (this.start > 0) {
      this.codecs.bytes(this.pointer, this.end).copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    if (this.end === this.capacity) {
      this.grow();
    }
    const room = Math.max(0, Math.min(this.capacity - this.end, this.limit - this.source.position));
    const got = this.source.read(this.codecs.bytes(this.pointer + this.end, room));
    this.end += got;
    return got > 0;
  }

  private grow(): void {
    const held = this.codecs.bytes(this.pointer, this.end).slice();
    this.codecs.wasm.release(this.pointer);
    this.capacity *= 2;
    this.pointer = this.codecs.wasm.allocate(this.capacity);
    this.codecs.bytes(this.pointer, held.length).set(held);
  }
}
