import { beforeAll, describe, expect, it } from 'vitest';
import type { Clip } from '../../src/engine/audio/clip';
import { readClip } from '../../src/engine/audio/clip';
import { decode } from '../../src/engine/model/decode';
import type { EncodedWindow } from '../../src/engine/model/encode';
import type { Prompt } from '../../src/engine/model/families/family';
import type { Model } from '../../src/engine/model/load';
import { analyseClip, runClip } from '../../src/engine/pipeline';
import type { EarmarkError } from '../../src/protocol/errors';
import type { RunEvent, RunSettings } from '../../src/protocol/run';
import { sourceTokens } from '../../src/pruning/selection';
import { allTokens as all, loadDefaultModel, sampleFiles } from './default-model';

const quarter: RunSettings = { ...all, strategy: 'segmentwise', keepRatio: 0.25, parameters: { segments: 10 } };

describe('the pipeline', () => {
  let model: Model;
  let prompt: Clip;

  beforeAll(async () => {
    model = await loadDefaultModel();
    prompt = await open(sampleFiles[0]!);
  });

  const open = (path: string) => readClip({ kind: 'path', path }, { ffmpeg: '' });

  /** The same clip with other samples. */
  const clipOf = (samples: Float32Array): Clip => ({
    ...prompt,
    clipId: `test-${String(samples.length)}-${String(samples[0])}`,
    samples,
    durationSeconds: samples.length / 16000,
  });

  async function run(
    clip: Clip,
    settings: readonly RunSettings[],
    watch: (event: RunEvent, stop: () => void) => void = () => undefined,
  ) {
    const events: RunEvent[] = [];
    const controller = new AbortController();
    const stop = (): void => {
      controller.abort();
    };
    const onEvent = (event: RunEvent): void => {
      events.push(event);
      watch(event, stop);
    };
    const options = { cache: new Map<string, EncodedWindow>(), signal: controller.signal, onEvent };
    return { runs: await runClip(model, clip, settings, options), events, options };
  }

  it('hears the spoken prompt with all tokens and with a quarter of them', async () => {
    const { runs } = await run(prompt, [all, quarter]);
    expect(runs.map((result) => result.tokens)).toEqual([
      { valid: 104, trimmed: 0, asked: 104, kept: 104 },
      { valid: 104, trimmed: 0, asked: 26, kept: 26 },
    ]);
    for (const { caption } of runs) {
      expect(caption).toMatch(/^A woman says, "Please enter your conference number/);
    }
  });

  it('streams the text that the run ends with, and reports in an order that can be drawn', async () => {
    const { runs, events } = await run(prompt, [all, quarter]);
    for (const { runId, caption } of runs) {
      const text = events.flatMap((event) => (event.kind === 'text' && event.runId === runId ? [event.text] : []));
      expect(text.length).toBeGreaterThan(5);
      expect(text.join('').trim()).toBe(caption);
      const kinds = events.flatMap((event) => ('runId' in event && event.runId === runId ? [event.kind] : []));
      expect(kinds.slice(0, 3)).toEqual(['started', 'selected', 'text']);
      // Each run is told as soon as it is done: before the next one starts.
      const last = events.findLastIndex((event) => event.kind === 'text' && event.runId === runId);
      expect(events[last + 1]).toMatchObject({ kind: 'finished', run: { runId } });
    }
    expect(events.flatMap((event) => (event.kind === 'stage' ? [event.stage] : []))).toEqual([
      'encode',
      'select',
      'prefill',
      'decode',
      'select',
      'prefill',
      'decode',
    ]);
    expect(events.findIndex(({ kind }) => kind === 'analysed')).toBeLessThan(
      events.findIndex(({ kind }) => kind === 'started'),
    );
  });

  it('accounts for every position of the prompt and every byte of the KV cache', async () => {
    const { runs } = await run(prompt, [quarter]);
    const result = runs[0]!;
    const { textBefore, audio, textAfter } = result.prompt;
    expect(audio).toBe(26);
    // One position per prompt embedding and per generated token that was fed back; 30 layers, 3 heads of 64, float32.
    const positions = textBefore + audio + textAfter + result.generatedTokens;
    expect(result.kvBytes).toBe(2 * 30 * 3 * 64 * 4 * positions);
    const { decodeMs, featuresMs, encodeMs, selectMs, adaptMs, prefillMs, decodeMsPerToken, totalMs } = result.times;
    expect(
      decodeMs + featuresMs + encodeMs + selectMs + adaptMs + prefillMs + decodeMsPerToken * result.generatedTokens,
    ).toBeCloseTo(totalMs, 3);
    expect(result.provider).toBe('cpu');
  });

  it('encodes a clip once: a second strategy takes the encoder’s results from the cache', async () => {
    const first = await run(prompt, [all]);
    expect(first.runs[0]!.encodeCached).toBe(false);
    first.events.length = 0;
    const second = await runClip(model, prompt, [quarter], first.options);
    expect(second[0]!.encodeCached).toBe(true);
    expect(second[0]!.times.encodeMs).toBe(first.runs[0]!.times.encodeMs);
    expect(first.events.some((event) => event.kind === 'stage' && event.stage === 'encode')).toBe(false);
  });

  it('stops between two tokens when it is cancelled, and keeps what was said', async () => {
    let words = 0;
    const { runs } = await run(prompt, [all, quarter], (event, stop) => {
      if (event.kind === 'text' && ++words === 3) {
        stop();
      }
    });
    expect(runs).toHaveLength(1);
    expect(runs[0]!.finish).toBe('cancelled');
    expect(runs[0]!.generatedTokens).toBeGreaterThan(2);
    expect(runs[0]!.generatedTokens).toBeLessThan(6);
    expect(runs[0]!.caption).not.toBe('');
  });

  it('cuts a clip of 65 s into windows, numbers tokens through it, and captions each', async () => {
    const half = await open(sampleFiles[1]!);
    const samples = new Float32Array(65 * 16000);
    samples.set(half.samples);
    samples.set(half.samples, 30 * 16000);
    const { runs } = await run(clipOf(samples), [{ ...quarter, maxNewTokens: 8 }]);
    const { windows, tokens } = runs[0]!;
    expect(windows.map(({ firstToken, endSeconds }) => [firstToken, endSeconds])).toEqual([
      [0, 30],
      [750, 60],
      [1500, 65],
    ]);
    expect(tokens).toEqual({ valid: 1625, trimmed: 0, asked: 187 + 187 + 31, kept: 187 + 187 + 31 });
    // The second window holds the same sound as the first.
    expect(windows[1]!.caption).toBe(windows[0]!.caption);
    expect(sourceTokens(windows[1]!.selection)).toEqual(sourceTokens(windows[0]!.selection));
  });

  it('shares one budget over the windows of a clip, more to those that receive more attention', async () => {
    const half = await open(sampleFiles[1]!);
    const samples = new Float32Array(40 * 16000);
    samples.set(half.samples.subarray(0, 20 * 16000), 20 * 16000);
    const scoped = { ...quarter, maxNewTokens: 1, budgetScope: 'clip' } as const;
    const { runs } = await run(clipOf(samples), [
      { ...scoped, budgetScope: 'window' },
      scoped,
      { ...scoped, strategy: 'none' },
    ]);
    const kept = runs.map(({ windows }) => windows.map(({ tokens }) => tokens.kept));
    expect(kept[0]).toEqual([187, 62]);
    expect(kept[1]![0]! + kept[1]![1]!).toBe(250);
    expect(kept[2]).toEqual([750, 250]);
  });

  it.each([
    ['one sample', 1],
    ['a little more than one token', 641],
  ])('captions a clip of %s', async (_, length) => {
    const { runs } = await run(clipOf(new Float32Array(length).fill(0.1)), [quarter]);
    expect(runs[0]!.tokens).toEqual({ valid: Math.ceil(length / 640), trimmed: 0, asked: 1, kept: 1 });
    expect(runs[0]!.finish).not.toBe('cancelled');
  });

  it('does not take for a caption what a decoder that overflows would say', async () => {
    const numbers = new Float32Array(49_152);
    const reading = { kvBytes: 0, read: () => Promise.resolve(numbers) };
    const overflowing: Prompt = {
      split: { textBefore: 1, audio: 0, textAfter: 0 },
      positions: 1,
      begin: () => reading,
    };
    const options = { maxNewTokens: 2, signal: new AbortController().signal, onText: () => undefined };
    await expect(decode(model, overflowing, options)).resolves.toMatchObject({ tokenIds: [0, 0] });
    for (const value of [NaN, Infinity, -Infinity]) {
      numbers.fill(value);
      await expect(decode(model, overflowing, options)).rejects.toMatchObject({ code: 'scores-invalid' });
    }
  });

  it('hears nothing in silence, with finite scores', async () => {
    const { runs, events } = await run(clipOf(new Float32Array(32000)), [all, quarter]);
    expect(runs.map(({ caption }) => caption)).toEqual(['Nothing is heard.', 'Nothing is heard.']);
    expect(runs[1]!.tokens.kept).toBe(12);
    const analysed = events.find((event) => event.kind === 'analysed')!;
    expect(analysed.analysis.receivedPerHead.every(Number.isFinite)).toBe(true);
  });

  it('asks the question it is given', async () => {
    const { runs } = await run(prompt, [{ ...all, question: 'Is anyone speaking?' }]);
    expect(runs[0]!.caption).toMatch(/^Yes/);
  });

  it('ends at the most tokens asked for', async () => {
    const { runs } = await run(prompt, [{ ...all, maxNewTokens: 4 }]);
    expect(runs[0]!).toMatchObject({ generatedTokens: 4, finish: 'length' });
  });

  it('says how many tokens must go where the context is too long, and the keep ratio that fits', async () => {
    const { maxContext } = model.pack.decoder;
    const tooLong = { ...all, maxNewTokens: maxContext - 50 };
    const error = await run(prompt, [tooLong]).then(
      () => undefined,
      (thrown: unknown) => thrown as EarmarkError,
    );
    expect(error?.message).toMatch(/exceed its context/);
    const [, mustGo, fits] = /At least (\d+) audio tokens must go: a keep ratio of (\d+) % fits/.exec(error!.action!)!;
    expect(Number(mustGo)).toBeGreaterThan(0);
    const fitting = { ...tooLong, strategy: 'segmentwise', parameters: { segments: 10 } };
    const { runs } = await run(prompt, [{ ...fitting, keepRatio: Number(fits) / 100 }]);
    expect(runs[0]!.finish).toBe('stop');
    await expect(run(prompt, [{ ...fitting, keepRatio: (Number(fits) + 2) / 100 }])).rejects.toThrow(
      /exceed its context/,
    );
  });

  it('runs one head alone, and says which heads there are', async () => {
    const { runs } = await run(prompt, [quarter, { ...quarter, headReduce: 3 }]);
    expect(sourceTokens(runs[1]!.windows[0]!.selection)).not.toEqual(sourceTokens(runs[0]!.windows[0]!.selection));
    await expect(run(prompt, [{ ...quarter, headReduce: 8 }])).rejects.toThrow(/Head 8 does not exist/);
  });

  it('analyses without a run', async () => {
    const options = {
      cache: new Map<string, EncodedWindow>(),
      signal: new AbortController().signal,
      onEvent: () => undefined,
    };
    const [window] = await analyseClip(model, prompt, options);
    expect(window!.receivedPerHead).toHaveLength(8 * 104);
    expect(window!.mel).toMatchObject({ bins: 80, frames: 416 });
  });
});
