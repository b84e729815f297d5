import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ClipInfo, Peaks } from '../../src/protocol/clip';
import type { Analysis, MelPicture, WindowAnalysis } from '../../src/protocol/run';

/**
 * TEST DATA. The samples and the spectrogram are computed from a real sound of media/samples; the attention is *not* a
 * model's: it is made from changes of loudness, differently for each head, so that it looks alive and is the same each
 * time.
 */
export interface ConstructedSound {
  readonly clip: ClipInfo;
  readonly analysis: Analysis;
  readonly samples: Float32Array;
}

const rate = 16_000;
const secondsPerToken = 0.04;
const windowSeconds = 30;

export function constructSound(file: string, heads = 6, repeats = 1): ConstructedSound {
  const once = readSamples(path.join(import.meta.dirname, '../../media/samples', file));
  const samples = new Float32Array(once.length * repeats);
  for (let i = 0; i < repeats; i++) samples.set(once, i * once.length);
  const durationSeconds = samples.length / rate;
  const clip: ClipInfo = {
    clipId: `test-${file}-${String(repeats)}`,
    name: file,
    durationSeconds,
    sampleRate: rate,
    channels: 1,
    codec: 'WAV, 16-bit',
    peaks: peaksOf(samples, 0, durationSeconds, 2000),
    warnings: [],
    decodeMs: 12,
  };
  const windows: WindowAnalysis[] = [];
  for (let start = 0, firstToken = 0; start < samples.length; start += windowSeconds * rate) {
    const window = analyseWindow(
      samples.subarray(start, start + windowSeconds * rate),
      windows.length,
      start / rate,
      firstToken,
      heads,
    );
    firstToken += window.tokens.valid;
    windows.push(window);
  }
  return { clip, analysis: { clipId: clip.clipId, modelId: 'test-model', secondsPerToken, windows }, samples };
}

export function peaksOf(samples: Float32Array, startSeconds: number, endSeconds: number, columns: number): Peaks {
  const min = new Float32Array(columns);
  const max = new Float32Array(columns);
  const from = startSeconds * rate;
  const width = ((endSeconds - startSeconds) * rate) / columns;
  for (let column = 0; column < columns; column++) {
    for (let i = Math.floor(from + column * width); i < from + (column + 1) * width && i < samples.length; i++) {
      min[column] = Math.min(min[column]!, samples[i]!);
      max[column] = Math.max(max[column]!, samples[i]!);
    }
  }
  return { startSeconds, endSeconds, min, max };
}

function analyseWindow(
  samples: Float32Array,
  index: number,
  startSeconds: number,
  firstToken: number,
  heads: number,
): WindowAnalysis {
  const mel = melPicture(samples);
  const valid = Math.ceil(samples.length / rate / secondsPerToken);
  const framesPerToken = secondsPerToken / mel.secondsPerFrame;
  const receivedPerHead = new Float32Array(heads * valid);
  for (let head = 0; head < heads; head++) {
    const low = Math.floor((head * mel.bins) / heads);
    const high = Math.floor(((head + 1) * mel.bins) / heads);
    let sum = 0;
    for (let token = 0; token < valid; token++) {
      const frame = Math.min(mel.frames - 1, Math.floor(token * framesPerToken));
      const before = Math.max(0, frame - 3);
      let change = 0;
      let loud = 0;
      for (let bin = low; bin < high; bin++) {
        loud += mel.values[bin * mel.frames + frame]!;
        change += Math.abs(mel.values[bin * mel.frames + frame]! - mel.values[bin * mel.frames + before]!);
      }
      const value = 0.15 + (change * 4 + loud) / (high - low) / 160;
      receivedPerHead[head * valid + token] = value ** 1.6;
      sum += value ** 1.6;
    }
    for (let token = 0; token < valid; token++) receivedPerHead[head * valid + token]! *= valid / sum;
  }
  return {
    index,
    startSeconds,
    endSeconds: startSeconds + samples.length / rate,
    firstToken,
    tokens: { valid, trimmed: Math.round(windowSeconds / secondsPerToken) - valid },
    receivedPerHead,
    heads,
    mel,
    times: { featuresMs: 21, encodeMs: 140 },
  };
}

/** 80 mel bands of a 512-point spectrum each 10 ms. */
function melPicture(samples: Float32Array): MelPicture {
  const bins = 80;
  const size = 512;
  const hop = 160;
  const frames = Math.max(1, Math.floor(samples.length / hop));
  const toMel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
  const toHertz = (mel: number) => 700 * (10 ** (mel / 2595) - 1);
  const edges = Array.from({ length: bins + 2 }, (_, i) => toHertz((toMel(rate / 2) * i) / (bins + 1)));
  const logs = new Float32Array(bins * frames);
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  for (let frame = 0; frame < frames; frame++) {
    for (let i = 0; i < size; i++) {
      real[i] = (samples[frame * hop + i - size / 2] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
      imaginary[i] = 0;
    }
    transform(real, imaginary);
    for (let bin = 0; bin < bins; bin++) {
      let energy = 1e-7;
      for (
        let k = Math.max(1, Math.floor((edges[bin]! * size) / rate));
        k <= (edges[bin + 2]! * size) / rate + 1 && k < size / 2;
        k++
      ) {
        const hertz = (k * rate) / size;
        const rise = (hertz - edges[bin]!) / (edges[bin + 1]! - edges[bin]!);
        const fall = (edges[bin + 2]! - hertz) / (edges[bin + 2]! - edges[bin + 1]!);
        energy += Math.max(0, Math.min(rise, fall)) * (real[k]! ** 2 + imaginary[k]! ** 2);
      }
      logs[bin * frames + frame] = Math.log10(energy);
    }
  }
  const high = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  const low = high - 6;
  return {
    bins,
    frames,
    secondsPerFrame: hop / rate,
    values: Uint8Array.from(logs, (value) =>
      Math.max(0, Math.min(255, Math.round(((value - low) / (high - low)) * 255))),
    ),
    low,
    high,
    frequencies: Float32Array.from(edges.slice(1, -1)),
  };
}

/** Radix-2 Fourier transform in place. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j]!, real[i]!];
      [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
    }
  }
  for (let span = 2; span <= size; span <<= 1) {
    for (let start = 0; start < size; start += span) {
      for (let k = 0; k < span / 2; k++) {
        const angle = (-2 * Math.PI * k) / span;
        const a = start + k;
        const b = a + span / 2;
        const re = real[b]! * Math.cos(angle) - imaginary[b]! * Math.sin(angle);
        const im = real[b]! * Math.sin(angle) + imaginary[b]! * Math.cos(angle);
        real[b] = real[a]! - re;
        imaginary[b] = imaginary[a]! - im;
        real[a]! += re;
        imaginary[a]! += im;
      }
    }
  }
}

/** 16-bit mono WAV as the samples are: a 44-byte header. */
function readSamples(file: string): Float32Array {
  const bytes = readFileSync(file);
  const data = bytes.indexOf('data') + 8;
  return Float32Array.from({ length: (bytes.length - data) >> 1 }, (_, i) => bytes.readInt16LE(data + i * 2) / 32768);
}
