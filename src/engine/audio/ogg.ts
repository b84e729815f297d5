import type { ByteReader } from './byte-reader';

const capture = Buffer.from('OggS');
const headerBytes = 27;

/** What the end of an Ogg file tells. */
export interface OggEnd {
  /** Samples up to the end, as the codec counts them; undefined where no page could be found. */
  readonly granule: number | undefined;
  /** Whether the last page says that it is the last one: otherwise the file is cut off. */
  readonly complete: boolean;
}

/** Looks for the last page of the stream `serial` in the end of the file. */
export async function oggEnd(source: ByteReader, serial: number): Promise<OggEnd> {
  // A page has at most 65307 bytes.
  const tail = Buffer.from(await source.tail(2 * 65_536));
  for (let at = tail.lastIndexOf(capture); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(capture, at - 1)) {
    const page = readPage(tail, at);
    if (page?.serial === serial && page.granule >= 0) {
      return { granule: page.granule, complete: (page.flags & 4) !== 0 };
    }
  }
  return { granule: undefined, complete: false };
}

/** The serial number of the stream that begins at the beginning of `bytes`. */
export function oggSerial(bytes: Uint8Array): number {
  return bytes.length < 18 ? 0 : Buffer.from(bytes).readUInt32LE(14);
}

interface Page {
  readonly flags: number;
  /** -1: no packet ends here */
  readonly granule: number;
  readonly serial: number;
  readonly segments: Uint8Array;
  readonly body: Uint8Array;
  /** Bytes, with the header. */
  readonly length: number;
}

/** Reads the page at `at`; undefined where it is not whole or its checksum is wrong. RFC 3533, section 6. */
function readPage(bytes: Buffer, at: number): Page | undefined {
  if (bytes.length < at + headerBytes) {
    return undefined;
  }
  const segments = bytes.subarray(at + headerBytes, at + headerBytes + bytes[at + 26]!);
  const start = at + headerBytes + segments.length;
  const body = bytes.subarray(start, start + segments.reduce((sum, length) => sum + length, 0));
  const end = start + body.length;
  const whole = segments.length === bytes[at + 26] && body.length === segments.reduce((sum, length) => sum + length, 0);
  if (!whole || checksum(bytes, at, end) !== bytes.readUInt32LE(at + 22)) {
    return undefined;
  }
  return {
    flags: bytes[at + 5]!,
    granule: Number(bytes.readBigInt64LE(at + 6)),
    serial: bytes.readUInt32LE(at + 14),
    segments,
    body,
    length: end - at,
  };
}

/** Takes the packets of one stream out of an Ogg file, from its beginning on. */
export class OggPackets {
  /** Damaged stretches that were passed over. */
  damaged = 0;
  private held = Buffer.alloc(0);
  private begun: Uint8Array[] = [];
  private serial: number | undefined;
  private ended = false;

  constructor(private readonly source: ByteReader) {}

  /** The packets that end in the next page, perhaps none; undefined at the end of the file or of the stream. */
  next(): Uint8Array[] | undefined {
    const page = this.ended ? undefined : this.page();
    if (!page) {
      return undefined;
    }
    this.serial ??= page.serial;
    if (page.serial !== this.serial) {
      return [];
    }
    this.ended = (page.flags & 4) !== 0;
    if ((page.flags & 1) === 0) {
      this.begun = [];
    }
    // A packet goes on into a page whose beginning was lost: its first piece can not be used.
    let usable = (page.flags & 1) === 0 || this.begun.length > 0;
    const packets: Uint8Array[] = [];
    let at = 0;
    for (const length of page.segments) {
      this.begun.push(page.body.subarray(at, at + length));
      at += length;
      if (length < 255) {
        if (usable) {
          packets.push(Buffer.concat(this.begun));
        }
        usable = true;
        this.begun = [];
      }
    }
    return packets;
  }

  private page(): Page | undefined {
    let lost = false;
    for (;;) {
      const at = this.held.indexOf(capture);
      const page = at >= 0 ? readPage(this.held, at) : undefined;
      if (page) {
        this.damaged += lost || at > 0 ? 1 : 0;
        this.held = this.held.subarray(at + page.length);
        return page;
      }
      if (at >= 0 && this.held.length - at > headerBytes + 255 + 255 * 255) {
        lost = true;
        this.begun = [];
        this.held = this.held.subarray(at + 4);
        continue;
      }
      const more = Buffer.alloc(65_536);
      const got = this.source.read(more);
      if (got === 0) {
        return undefined;
      }
      this.held = Buffer.concat([this.held, more.subarray(0, got)]);
    }
  }
}

let table: Uint32Array | undefined;

/** CRC-32 with the polynomial 0x04C11DB7, neither reflected nor inverted, the checksum's own bytes taken as 0. */
function checksum(bytes: Buffer, start: number, end: number): number {
  table ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index << 24;
    for (let bit = 0; bit < 8; bit++) {
      value = (value << 1) ^ (value < 0 ? 0x04c11db7 : 0);
    }
    return value;
  });
  let sum = 0;
  for (let at = start; at < end; at++) {
    const byte = at >= start + 22 && at < start + 26 ? 0 : bytes[at]!;
    sum = (sum << 8) ^ table[((sum >>> 24) ^ byte) & 0xff]!;
  }
  return sum >>> 0;
}
