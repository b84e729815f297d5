import { setImmediate } from 'node:timers/promises';
import type { AudioSource, ClipInfo, ClipProgress } from '../../protocol/clip';
import { EarmarkError } from '../../protocol/errors';
import { openAiff } from './aiff';
import { ByteReader } from './byte-reader';
import { containerBytes, containerOf, tagBytes } from './container';
import type { Decoder } from './decoder';
import { FfmpegDecoder } from './ffmpeg';
import { FlacDecoder } from './flac';
import { words } from './missing';
import { mixDown } from './mono';
import { Mp3Decoder } from './mp3';
import { OpusDecoder } from './opus';
import { Outline, outlineOf, peaksOf } from './peaks';
import { Resampler } from './resample';
import { SampleStore } from './sample-store';
import { VorbisDecoder } from './vorbis';
import { openWav } from './wav';
import { engineRate } from './windows';

const columns = 2000;
/** 691 MB of samples are three hours; what is longer belongs into several files. */
const longestSeconds = 4 * 3600;
const highestRate = 768_000;
const mostChannels = 255;
const progressMs = 100;
/** How long the process may be deaf to a cancellation. */
const stepMs = 15;

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

/**
 * Reads, hashes, decodes and resamples a sound, in memory for its 16 kHz samples only. Throws `EarmarkError` with one
 * of the `audio-*` codes, `needs-ffmpeg` or `cancelled`; what could be survived is a warning.
 */
export async function readClip(source: AudioSource, options: ReadClipOptions): Promise<Clip> {
  const begun = performance.now();
  const pause = breather(options.signal);
  await pause();
  const bytes = await ByteReader.open(source);
  let decoder: Decoder | undefined;
  try {
    decoder = await openDecoder(source, bytes, options.ffmpeg);
    check(decoder, bytes.name);
    const decoded = await decode(decoder, bytes, options, pause);
    const clipId = await bytes.finish(pause);
    const { samples } = decoded;
    return {
      clipId,
      name: bytes.name,
      durationSeconds: decoded.frames / decoder.sampleRate,
      sampleRate: decoder.sampleRate,
      channels: decoder.channels,
      codec: decoder.codec,
      peaks: peaksOf(samples, 0, samples.length / engineRate, columns),
      warnings: [...decoder.warnings(), ...decoded.warnings],
      decodeMs: performance.now() - begun,
      samples,
    };
  } catch (thrown) {
    throw thrown instanceof WebAssembly.RuntimeError
      ? new EarmarkError('audio-damaged', `“${bytes.name}” is damaged.`, undefined, { cause: thrown })
      : thrown;
  } finally {
    await decoder?.close?.();
    await bytes.close();
  }
}

async function openDecoder(source: AudioSource, bytes: ByteReader, ffmpeg: string): Promise<Decoder> {
  if (bytes.size === 0) {
    throw new EarmarkError('audio-empty', `“${bytes.name}” is an empty file.`);
  }
  await bytes.prefetch();
  // Tags of all formats but MP3 are ours to pass over; dr_flac and Mp3Decoder know them too.
  let tagged = false;
  for (let tag = tagBytes(bytes.peek(10)); tag > 0; tag = tagBytes(bytes.peek(10))) {
    tagged = true;
    if (!bytes.skip(tag)) {
      throw new EarmarkError('audio-empty', `“${bytes.name}” has a header, but no sound.`);
    }
    await bytes.prefetch();
  }
  const container = containerOf(bytes.peek(containerBytes), tagged);
  switch (container.kind) {
    case 'wav':
      return openWav(bytes) ?? FfmpegDecoder.open(source, bytes.name, 'compressed WAV', ffmpeg);
    case 'aiff':
      return openAiff(bytes) ?? FfmpegDecoder.open(source, bytes.name, 'compressed AIFF', ffmpeg);
    case 'mp3':
      return Mp3Decoder.open(bytes);
    case 'flac':
      return FlacDecoder.open(bytes);
    case 'vorbis':
      return VorbisDecoder.open(bytes);
    case 'opus':
      return OpusDecoder.open(bytes);
    case 'ffmpeg':
      return FfmpegDecoder.open(source, bytes.name, container.words, ffmpeg);
    case 'unknown': {
      const action = 'Choose a WAV, MP3, FLAC, Ogg, Opus or AIFF file, or anything with sound that ffmpeg reads.';
      throw new EarmarkError('audio-unsupported', `“${bytes.name}” is not a sound file that Earmark knows.`, action);
    }
  }
}

function check(decoder: Decoder, name: string): void {
  const { sampleRate, channels, totalFrames } = decoder;
  if (!(sampleRate >= 1 && sampleRate <= highestRate)) {
    throw new EarmarkError(
      'audio-damaged',
      `“${name}” says that it has ${sampleRate} samples a second, which can not be.`,
    );
  }
  if (!(channels >= 1 && channels <= mostChannels)) {
    throw new EarmarkError('audio-damaged', `“${name}” says that it has ${channels} channels, which can not be.`);
  }
  if (totalFrames !== undefined && totalFrames / sampleRate > longestSeconds) {
    throw tooLong(name, totalFrames / sampleRate);
  }
}

interface Decoded {
  readonly samples: Float32Array;
  /** At the file's rate. */
  readonly frames: number;
  readonly warnings: string[];
}

async function decode(
  decoder: Decoder,
  bytes: ByteReader,
  { onProgress }: ReadClipOptions,
  pause: () => Promise<void>,
): Promise<Decoded> {
  const { sampleRate, channels, totalFrames } = decoder;
  const resampler = await Resampler.create(sampleRate);
  const total = totalFrames === undefined ? undefined : totalFrames / sampleRate;
  const store = new SampleStore(Math.ceil((total ?? 1) * engineRate) + 1);
  const outline = new Outline();
  let frames = 0;
  let bad = 0;
  let reported = performance.now();
  const take = (resampled: Float32Array) => {
    store.append(resampled, bytes.position / bytes.size);
    outline.extend(store.samples, store.length);
  };
  for (;;) {
    await bytes.prefetch();
    const interleaved = await decoder.read();
    if (!interleaved) {
      break;
    }
    const mixed = mixDown(interleaved, channels);
    frames += mixed.mono.length;
    bad += mixed.bad;
    if (frames / sampleRate > longestSeconds) {
      throw tooLong(bytes.name);
    }
    resampler.push(mixed.mono, take);
    const now = performance.now();
    if (onProgress && store.length > 0 && now - reported >= progressMs) {
      reported = now;
      const decodedSeconds = store.length / engineRate;
      const share = total === undefined ? 1 : Math.min(1, decodedSeconds / total);
      const peaks = outlineOf(store.samples, store.length, outline, 0, decodedSeconds, Math.ceil(columns * share));
      onProgress({ decodedSeconds, peaks, ...(total !== undefined && { durationSeconds: total }) });
    }
    await pause();
  }
  resampler.finish(take);
  if (frames === 0) {
    throw new EarmarkError('audio-empty', `“${bytes.name}” has no sound in it.`);
  }
  const samples = store.finish();
  outline.attach(samples);
  return { samples, frames, warnings: sampleWarnings(samples, outline, bad) };
}

function sampleWarnings(samples: Float32Array, outline: Outline, bad: number): string[] {
  const [lowest, highest] = outline.extremes(samples, 0, samples.length);
  const warnings: string[] = [];
  if (bad > 0) {
    warnings.push(`${bad} ${bad === 1 ? 'sample was' : 'samples were'} not a number and became silence.`);
  }
  if (lowest === 0 && highest === 0) {
    warnings.push('The sound is silent.');
  }
  const loudest = Math.max(-lowest, highest);
  if (loudest > 4) {
    warnings.push(`The sound is far louder than full scale (${loudest.toPrecision(2)} times).`);
  }
  return warnings;
}

function tooLong(name: string, seconds?: number): EarmarkError {
  const length = seconds === undefined ? 'longer than 4 h' : `${words(seconds)} long`;
  const action = 'Cut it into shorter files: Earmark takes up to 4 h at once.';
  return new EarmarkError('audio-too-long', `“${name}” is ${length}.`, action);
}

/** A function to await in long work: lets the process answer now and then, and throws `cancelled` where it should. */
function breather(signal: AbortSignal | undefined): () => Promise<void> {
  let rested = performance.now();
  return async () => {
    if (performance.now() - rested >= stepMs) {
      await setImmediate();
      rested = performance.now();
    }
    if (signal?.aborted === true) {
      throw new EarmarkError('cancelled', 'Cancelled.');
    }
  };
}
