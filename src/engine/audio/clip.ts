import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AudioSource, ClipInfo, ClipProgress } from '../../protocol/clip';
import { EarmarkError } from '../../protocol/errors';
import { requireGoingOn } from '../../protocol/until-aborted';
import { openDecoder, type DecodedPiece, type LibraryName, type StreamDecoder } from './decoders';
import { decodeWithFfmpeg } from './ffmpeg';
import { readFormat, type SoundFormat } from './format';
import { peaksOf } from './peaks';
import { Recording } from './recording';
import { SourceReader } from './source';
import { engineRate } from './windows';

/** A decoded sound as the engine holds it. */
export interface Clip extends ClipInfo {
  /** Mono, 16 kHz, the whole clip. */
  readonly samples: Float32Array;
}

export interface ReadClipOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ClipProgress) => void;
  /** Path of ffmpeg, or empty to look on PATH. */
  readonly ffmpeg: string;
}

/** Bytes decoded at once: of sound at a low bit rate already some seconds, and the process must answer in between. */
const bytesAtOnce = 16 * 1024;
/**
 * Decoders keep what they do not understand yet, as a cover of some megabytes, and look at it again with every piece:
 * then pieces are larger, and this is enough.
 */
const manyBytes = 1024 * 1024;
const mostBytesWithoutSound = 32 * manyBytes;
const peakColumns = 2000;
const progressMs = 100;
/** Less than this at the end is a matter of codec delay, not of a file that was cut off. */
const missingSeconds = 0.25;

/**
 * Reads, hashes, decodes, mixes down and resamples a sound, piece by piece: only the mono samples at 16 kHz are ever
 * held whole. Between pieces the process can answer, and a request to cancel takes effect.
 *
 * @throws EarmarkError with one of the `audio-*` codes, `needs-ffmpeg` or `cancelled`
 */
export async function readClip(source: AudioSource, options: ReadClipOptions): Promise<Clip> {
  const started = performance.now();
  const reader = await SourceReader.open(source);
  const format = await readFormat(source, reader.name);
  requireGoingOn(options.signal);
  const recording = new Recording(reader.name, format.durationSeconds);
  let nextReport = started;
  for await (const piece of decodedPieces(reader, format, options)) {
    await recording.add(piece);
    const now = performance.now();
    if (options.onProgress && now >= nextReport && recording.length > 0) {
      options.onProgress(progressOf(recording, format));
      // The longer the clip, the longer a report takes; it may cost a tenth of the time.
      nextReport = now + Math.max(progressMs, 10 * (performance.now() - now));
    }
    await nextTurn();
    requireGoingOn(options.signal);
  }
  requireGoingOn(options.signal);
  const { samples, sampleRate, channels, warnings } = recording.finish();
  if (samples.length === 0) {
    throw emptyError(reader.name, format.durationSeconds !== undefined || warnings.length > 0);
  }
  const durationSeconds = samples.length / engineRate;
  return {
    clipId: reader.digest(),
    name: reader.name,
    durationSeconds,
    // ffmpeg has resampled and mixed already, and of MP3 the decoder makes two channels always.
    sampleRate: (format.decoder === 'ffmpeg' ? format.sampleRate : undefined) ?? sampleRate,
    channels: format.channels ?? channels,
    codec: format.codec,
    peaks: peaksOf(samples, 0, durationSeconds, peakColumns),
    warnings: [...missingWarning(format, durationSeconds), ...warnings],
    decodeMs: performance.now() - started,
    samples,
  };
}

async function* decodedPieces(
  reader: SourceReader,
  format: SoundFormat,
  options: ReadClipOptions,
): AsyncGenerator<DecodedPiece> {
  if (format.decoder !== 'ffmpeg') {
    try {
      yield* libraryPieces(reader, format.decoder, format);
      return;
    } catch (error) {
      if (!(error instanceof UnsupportedCoding)) {
        throw error;
      }
    }
  }
  // ffmpeg reads the file by itself; here it is read for its hash.
  await reader.hashWhole(options.signal);
  yield* decodeWithFfmpeg(reader.source, reader.name, options.ffmpeg, options.signal);
}

/** A container that a library reads holds something that it does not. */
class UnsupportedCoding extends Error {}

/** @throws EarmarkError, or UnsupportedCoding before the first piece that holds sound */
async function* libraryPieces(
  reader: SourceReader,
  name: LibraryName,
  { cutOff, frames = Infinity }: SoundFormat,
): AsyncGenerator<DecodedPiece> {
  const decoder = await openDecoder(name);
  let given = 0;
  let decoded = 0;
  let heard = false;
  try {
    for await (const bytes of reader.pieces()) {
      const step = heard || given < manyBytes ? bytesAtOnce : bytes.length;
      for (let start = 0; start < bytes.length; start += step) {
        const piece = shortened(await decoder.decode(bytes.subarray(start, start + step)), frames - decoded);
        decoded += piece.channelData[0]?.length ?? 0;
        heard ||= decoded > 0;
        given += step;
        if (!heard && given > mostBytesWithoutSound) {
          throw new Error('No sound.');
        }
        yield piece;
      }
    }
    // Of an Ogg page that is not whole, the Opus decoder makes up the frames that are missing.
    if (!(cutOff && name === 'opus')) {
      yield shortened(await decoder.flush(), frames - decoded);
    }
  } catch (error) {
    if (error instanceof EarmarkError) {
      throw error;
    }
    if (!heard && error instanceof Error && error.message.startsWith('Unsupported')) {
      throw new UnsupportedCoding(error.message, { cause: error });
    }
    throw damagedError(reader.name, error);
  } finally {
    free(decoder);
  }
}

function shortened(piece: DecodedPiece, most: number): DecodedPiece {
  return (piece.channelData[0]?.length ?? 0) <= most
    ? piece
    : { ...piece, channelData: piece.channelData.map((samples) => samples.subarray(0, most)) };
}

function free(decoder: StreamDecoder): void {
  try {
    decoder.free();
  } catch {
    // Damaged bytes can damage the decoder's own memory, which is its WebAssembly instance's and goes with it.
  }
}

function emptyError(name: string, promisesSound: boolean): EarmarkError {
  return promisesSound
    ? damagedError(name)
    : new EarmarkError('audio-empty', `“${name}” holds no sound.`, 'Choose a file that holds sound.');
}

function damagedError(name: string, cause?: unknown): EarmarkError {
  const action = 'Check that it plays elsewhere, or convert it to WAV.';
  return new EarmarkError('audio-damaged', `“${name}” is damaged: no sound can be decoded from it.`, action, { cause });
}

function progressOf(recording: Recording, { durationSeconds }: SoundFormat): ClipProgress {
  const decodedSeconds = recording.length / engineRate;
  return {
    decodedSeconds,
    ...(durationSeconds !== undefined && { durationSeconds }),
    peaks: peaksOf(recording.soFar(), 0, decodedSeconds, peakColumns),
  };
}

function missingWarning({ durationSeconds, cutOff }: SoundFormat, decoded: number): string[] {
  if (cutOff) {
    return ['The file is cut off: it ends before the sound that its header promises.'];
  }
  if (durationSeconds === undefined || durationSeconds - decoded < missingSeconds) {
    return [];
  }
  const missing = (durationSeconds - decoded).toFixed(1);
  return [`The file is cut off or damaged: ${missing} s of ${durationSeconds.toFixed(1)} s are missing.`];
}
