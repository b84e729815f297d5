import { open } from 'node:fs/promises';
import { parseBuffer, parseFile, type IAudioMetadata } from 'music-metadata';
import type { AudioSource } from '../../protocol/clip';
import { EarmarkError } from '../../protocol/errors';
import { readError } from './source';

/** What decodes a sound: one of the libraries, or ffmpeg for all that they do not read. */
export type DecoderName = 'wav' | 'aiff' | 'mp3' | 'flac' | 'vorbis' | 'opus' | 'ffmpeg';

/** What a file says of itself, told by its content and not by its name. */
export interface SoundFormat {
  readonly decoder: DecoderName;
  /** For people: "WAV, 16-bit", "MP3" … */
  readonly codec: string;
  /** Absent where the file does not say, as the next two. */
  readonly durationSeconds?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
  /** Samples a channel, of AIFF only: its decoder takes what stands behind them for samples as well. */
  readonly frames?: number;
  /** The file ends before what its header promises, or before the page that should be its last. */
  readonly cutOff: boolean;
}

interface Entry {
  readonly container: RegExp;
  readonly codec: RegExp;
  readonly decoder: DecoderName;
}

/** The decoder of each container and codec, by the names that music-metadata gives them; else it is ffmpeg. */
const decoders: readonly Entry[] = [
  { container: /^WAVE$/, codec: /^(PCM|IEEE_FLOAT|ALAW|MULAW|ADPCM|DVI_ADPCM|non-PCM \(65534\))$/, decoder: 'wav' },
  { container: /^AIFF/, codec: /^(?!.*(IMA|GSM|MACE|QDesign))/i, decoder: 'aiff' },
  { container: /^MPEG$/, codec: /Layer/, decoder: 'mp3' },
  { container: /^FLAC$/, codec: /^/, decoder: 'flac' },
  { container: /^Ogg$/, codec: /^FLAC/i, decoder: 'flac' },
  { container: /^Ogg$/, codec: /^Vorbis/, decoder: 'vorbis' },
  { container: /^Ogg$/, codec: /^Opus/, decoder: 'opus' },
];

/**
 * What music-metadata does not know and ffmpeg reads, by the bytes that it begins with; `?` is any byte. Never what is not
 * known at all: a text may be a playlist, which names other files for ffmpeg to read.
 */
const onlyFfmpeg: readonly { readonly begins: string; readonly codec: string }[] = [
  { begins: 'RF64????WAVE', codec: 'WAV (RF64)' },
  { begins: 'RIFF????AVI ', codec: 'AVI' },
  { begins: 'riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00', codec: 'Wave64' },
  { begins: 'caff', codec: 'CAF' },
  { begins: '.snd', codec: 'AU' },
  { begins: 'Creative Voice File', codec: 'Creative Voice' },
  { begins: 'TTA1', codec: 'TTA' },
  { begins: 'FLV\x01', codec: 'FLV' },
  { begins: '\x00\x00\x01\xba', codec: 'MPEG' },
  { begins: '\x0b\x77', codec: 'AC-3' },
];

/** Enough for what stands before the samples of a WAV. */
const headBytes = 64 * 1024;
const cutOffWarnings = /^(data chunk length exceeding file length|End-of-stream reached before reaching last page)/;
/** Who writes a WAV into a pipe can not know its length, and leaves 0 or about the largest that there is. */
const longestKnown = 0x7fff0000;
const unknownCount = 0xffffffff;

/** @throws EarmarkError `audio-unsupported`, or that the file can not be read */
export async function readFormat(source: AudioSource, name: string): Promise<SoundFormat> {
  let head: Buffer;
  let metadata: IAudioMetadata;
  try {
    head = await readHead(source);
    const other = onlyFfmpeg.find(({ begins }) => beginsWith(head, begins));
    if (other) {
      return { decoder: 'ffmpeg', codec: other.codec, cutOff: false };
    }
    metadata = await readMetadata(source, head);
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? readError(name, error) : unsupported(name, error);
  }
  const { container = '', codec = '', hasAudio, duration, numberOfSamples, bitsPerSample } = metadata.format;
  const { sampleRate, numberOfChannels } = metadata.format;
  if (!hasAudio) {
    throw unsupported(name);
  }
  const entry = decoders.find((known) => known.container.test(container) && known.codec.test(codec));
  // @audio/decode-aiff takes whole numbers of 8 bits for unsigned, which in AIFF they are not.
  const misread = entry?.decoder === 'aiff' && (bitsPerSample ?? 0) <= 8 && !/law/i.test(codec);
  const known = !isEndless(head);
  // Of an MP3 without a header that counts its frames, music-metadata makes a duration of the file's size and the first
  // frames, which is far off where the bit rate changes: those samples by their rate, and no other duration is.
  const guessed = entry?.decoder === 'mp3' && duration === (numberOfSamples ?? 0) / (sampleRate ?? 1);
  return {
    decoder: misread ? 'ffmpeg' : (entry?.decoder ?? 'ffmpeg'),
    codec: describe(container, codec, bitsPerSample, head),
    ...(known && !guessed && numberOfSamples !== unknownCount && isPositive(duration) && { durationSeconds: duration }),
    ...(isPositive(sampleRate) && { sampleRate }),
    ...(isPositive(numberOfChannels) && { channels: numberOfChannels }),
    ...(entry?.decoder === 'aiff' && isPositive(numberOfSamples) && { frames: numberOfSamples }),
    cutOff: known && metadata.quality.warnings.some(({ message }) => cutOffWarnings.test(message)),
  };
}

function readMetadata(source: AudioSource, head: Buffer): Promise<IAudioMetadata> {
  const options = { duration: false, skipCovers: true };
  // Of a WAV without a length, music-metadata would look for chunks among all the samples.
  if (isEndless(head)) {
    return parseBuffer(head, {}, options);
  }
  return source.kind === 'path' ? parseFile(source.path, options) : parseBuffer(source.bytes, {}, options);
}

async function readHead(source: AudioSource): Promise<Buffer> {
  if (source.kind === 'bytes') {
    const { buffer, byteOffset, byteLength } = source.bytes;
    return Buffer.from(buffer, byteOffset, Math.min(byteLength, headBytes));
  }
  const file = await open(source.path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function beginsWith(head: Buffer, bytes: string): boolean {
  return (
    head.length >= bytes.length && Array.from(bytes).every((byte, i) => byte === '?' || byte.charCodeAt(0) === head[i])
  );
}

function isEndless(head: Buffer): boolean {
  if (head.length < 8 || head.toString('latin1', 0, 4) !== 'RIFF') {
    return false;
  }
  const length = head.readUInt32LE(4);
  return length === 0 || length >= longestKnown;
}

function isPositive(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}

function describe(container: string, codec: string, bits: number | undefined, head: Buffer): string {
  switch (container) {
    case 'MPEG':
      return codec.replace(/^MPEG .* Layer (\d)$/, 'MP$1');
    case 'Ogg':
      return `Ogg ${/^[A-Za-z]+/.exec(codec)?.[0] ?? ''}`.trim();
    case 'WAVE':
      return `WAV${wavCoding(wavTag(head), bits)}`;
    case 'FLAC':
      return `FLAC${bitsOf(bits)}`;
    case 'AIFF':
    case 'AIFF-C':
      return /law/i.test(codec)
        ? `AIFF, ${/a-?law/i.test(codec) ? 'A-law' : 'µ-law'}`
        : `AIFF${bitsOf(bits)}${/float/i.test(codec) ? ' float' : ''}`;
    default:
      return codec === '' ? container : codec;
  }
}

function bitsOf(bits = 0): string {
  return bits > 0 ? `, ${String(bits)}-bit` : '';
}

function wavCoding(tag: number, bits: number | undefined): string {
  const names: Record<number, string> = { 2: 'ADPCM', 6: 'A-law', 7: 'µ-law', 0x11: 'ADPCM', 0x55: 'MP3' };
  const name = names[tag];
  return name === undefined ? `${bitsOf(bits)}${tag === 3 ? ' float' : ''}` : `, ${name}`;
}

/** How the samples of a WAV are coded: of the extensible format, music-metadata does not say. */
function wavTag(head: Buffer): number {
  const at = head.indexOf('fmt ') + 8;
  if (at < 8 || at + 26 > head.length) {
    return 0;
  }
  const tag = head.readUInt16LE(at);
  return tag === 0xfffe ? head.readUInt16LE(at + 24) : tag;
}

function unsupported(name: string, cause?: unknown): EarmarkError {
  return new EarmarkError(
    'audio-unsupported',
    `“${name}” is not a sound that Earmark knows, or its header is cut off.`,
    'Choose a WAV, MP3, FLAC, Ogg, Opus or AIFF file, or an M4A file where ffmpeg is installed.',
    { cause },
  );
}
