/** Samples of a length that is not known before, in one array that grows to fit. */
export class SampleStore {
  private array: Float32Array;
  length = 0;

  /** @param expected how many samples will probably come */
  constructor(expected: number) {
    this.array = new Float32Array(Math.max(1024, Math.ceil(expected)));
  }

  /** The array as it is now; only the first `length` samples have been written. */
  get samples(): Float32Array {
    return this.array;
  }

  /** @param progress share of the input that these samples bring it to, 0 to 1: how far the array has to grow */
  append(more: Float32Array, progress: number): void {
    const needed = this.length + more.length;
    if (needed > this.array.length) {
      const expected = progress > 0 ? (needed / progress) * 1.02 : 0;
      const larger = new Float32Array(Math.ceil(Math.min(Math.max(needed * 1.25, expected), needed * 8)));
      larger.set(this.array.subarray(0, this.length));
      this.array = larger;
    }
    this.array.set(more, this.length);
    this.length = needed;
  }

  /** What was written. The memory behind it is given up where much of it stayed unused. */
  finish(): Float32Array {
    const wasteful = this.array.length > this.length * 1.1 + 16_000;
    return wasteful ? this.array.slice(0, this.length) : this.array.subarray(0, this.length);
  }
}
