import type { ClipTokens, KeptTokens } from './clip-tokens';

export type ReadSamples = (startSeconds: number, endSeconds: number) => Promise<Float32Array>;

/** How the sound is heard: all of it, or what a selection keeps, with silence for the rest or without the rest. */
export type Hearing = 'everything' | 'kept-in-place' | 'kept-joined';

export interface Stretch {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

const sampleRate = 16_000;
/** Short enough that the first sound is soon there over a slow connection. */
const pieceSeconds = 10;
/** Fades at the edges of kept stretches, so that they do not click. */
const fadeSamples = 48;

/** A piece of sound in the queue and the times of the clip it stands for. */
interface Piece {
  readonly samples: Float32Array<ArrayBuffer>;
  readonly stretches: readonly Stretch[];
}

/**
 * Plays decoded samples from the engine with Web Audio. Nothing encoded ever reaches the browser's own decoders: a
 * desktop webview lacks some of them, and the model should be heard with what it was given.
 */
export class Playback {
  private context: AudioContext | undefined;
  private gate: GainNode | undefined;
  private playing: { readonly generation: number; readonly sources: Set<AudioBufferSourceNode> } | undefined;
  private generation = 0;
  /** Started pieces: when each begins on the context's clock, at what speed, and what it holds. */
  private schedule: { readonly at: number; readonly until: number; readonly speed: number; readonly piece: Piece }[] =
    [];
  private frame = 0;

  speed = 1;
  hearing: Hearing = 'everything';
  kept: readonly Stretch[] = [];
  /** Repeats this stretch. */
  loop: Stretch | undefined;

  constructor(
    private readonly durationSeconds: () => number,
    private readonly read: ReadSamples,
    private readonly events: {
      readonly moved: (seconds: number | null) => void;
      readonly changed: (playing: boolean) => void;
      readonly failed: (error: unknown) => void;
    },
  ) {}

  get isPlaying(): boolean {
    return this.playing !== undefined;
  }

  /** Needs a gesture of the person the first time, as browsers ask. */
  play(fromSeconds: number): void {
    this.halt();
    this.context ??= new AudioContext({ latencyHint: 'interactive' });
    this.gate ??= new GainNode(this.context);
    this.gate.connect(this.context.destination);
    void this.context.resume();
    this.generation += 1;
    this.playing = { generation: this.generation, sources: new Set() };
    this.events.changed(true);
    this.follow();
    this.feed(fromSeconds, this.generation).catch((error: unknown) => {
      this.stop();
      this.events.failed(error);
    });
  }

  stop(): void {
    if (!this.playing) return;
    this.halt();
    this.events.changed(false);
  }

  dispose(): void {
    this.halt();
    void this.context?.close();
    this.context = undefined;
  }

  private halt(): void {
    this.generation += 1;
    for (const source of this.playing?.sources ?? []) source.stop();
    this.playing = undefined;
    this.schedule = [];
    cancelAnimationFrame(this.frame);
  }

  /** Queues piece after piece, never more than two ahead of what is heard. */
  private async feed(fromSeconds: number, generation: number): Promise<void> {
    let position = fromSeconds;
    let at = 0;
    let heard = true;
    for (;;) {
      const limit = this.loop ? Math.min(this.loop.endSeconds, this.durationSeconds()) : this.durationSeconds();
      if (position >= limit - 1e-3) {
        // A sound may become shorter than where its loop begins, and a whole round of it may hold nothing that is kept.
        if (!this.loop || this.loop.startSeconds >= limit - 1e-3 || !heard) break;
        position = this.loop.startSeconds;
        heard = false;
        continue;
      }
      const end = Math.min(position + pieceSeconds, limit);
      const samples = await this.read(position, end);
      const context = this.context;
      if (generation !== this.generation || !context) return;
      const piece = arrange(samples, { startSeconds: position, endSeconds: end }, this.hearing, this.kept);
      position = end;
      if (piece.samples.length === 0) continue;
      heard = true;
      at = Math.max(at, context.currentTime + 0.03);
      at = this.enqueue(context, piece, at, generation);
      while (generation === this.generation && at - context.currentTime > pieceSeconds / 2) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      if (generation !== this.generation) return;
    }
    while (generation === this.generation && this.context && this.context.currentTime < at) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (generation === this.generation) {
      this.stop();
      this.events.moved(null);
    }
  }

  private enqueue(context: AudioContext, piece: Piece, at: number, generation: number): number {
    const buffer = new AudioBuffer({ length: piece.samples.length, sampleRate });
    buffer.copyToChannel(piece.samples, 0);
    const source = new AudioBufferSourceNode(context, { buffer, playbackRate: this.speed });
    source.connect(this.gate!);
    source.start(at);
    const until = at + buffer.duration / this.speed;
    this.schedule.push({ at, until, speed: this.speed, piece });
    const playing = this.playing;
    if (playing?.generation === generation) {
      playing.sources.add(source);
      source.onended = () => playing.sources.delete(source);
    }
    return until;
  }

  private follow(): void {
    const step = () => {
      const now = this.context?.currentTime ?? 0;
      this.schedule = this.schedule.filter(({ until }) => until > now);
      const current = this.schedule[0];
      if (current && current.at <= now) {
        this.events.moved(timeWithin(current.piece.stretches, (now - current.at) * current.speed));
      }
      if (this.playing) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }
}

/** The samples of a piece as they are to be heard. */
export function arrange(
  samples: Float32Array,
  piece: Stretch,
  hearing: Hearing,
  kept: readonly Stretch[],
): { readonly samples: Float32Array<ArrayBuffer>; readonly stretches: readonly Stretch[] } {
  if (hearing === 'everything') return { samples: new Float32Array(samples), stretches: [piece] };
  const stretches = kept
    .filter(({ startSeconds, endSeconds }) => endSeconds > piece.startSeconds && startSeconds < piece.endSeconds)
    .map(({ startSeconds, endSeconds }) => ({
      startSeconds: Math.max(startSeconds, piece.startSeconds),
      endSeconds: Math.min(endSeconds, piece.endSeconds),
    }));
  const parts = stretches.map(({ startSeconds, endSeconds }) => {
    const from = Math.round((startSeconds - piece.startSeconds) * sampleRate);
    const to = Math.round((endSeconds - piece.startSeconds) * sampleRate);
    return { from, part: faded(samples.slice(from, to)) };
  });
  if (hearing === 'kept-in-place') {
    const arranged = new Float32Array(samples.length);
    for (const { from, part } of parts) arranged.set(part, from);
    return { samples: arranged, stretches: [piece] };
  }
  const arranged = new Float32Array(parts.reduce((length, { part }) => length + part.length, 0));
  let at = 0;
  for (const { part } of parts) {
    arranged.set(part, at);
    at += part.length;
  }
  return { samples: arranged, stretches };
}

/** The time of the clip that is heard `elapsed` seconds into a piece. */
export function timeWithin(stretches: readonly Stretch[], elapsed: number): number {
  let left = elapsed;
  for (const { startSeconds, endSeconds } of stretches) {
    if (left <= endSeconds - startSeconds) return startSeconds + left;
    left -= endSeconds - startSeconds;
  }
  return stretches.at(-1)?.endSeconds ?? 0;
}

/** What is kept as stretches of time, neighbours joined; none where that is not known. */
export function stretchesOf(kept: KeptTokens | undefined, tokens: ClipTokens | undefined): Stretch[] {
  if (!kept || !tokens) return [];
  const stretches: { startSeconds: number; endSeconds: number }[] = [];
  for (const { start, end } of kept.spans) {
    const startSeconds = tokens.startOf(start);
    const endSeconds = tokens.endOf(end - 1);
    const last = stretches.at(-1);
    if (last && startSeconds <= last.endSeconds + 1e-6) last.endSeconds = Math.max(last.endSeconds, endSeconds);
    else stretches.push({ startSeconds, endSeconds });
  }
  return stretches;
}

function faded(samples: Float32Array): Float32Array {
  const fade = Math.min(fadeSamples, samples.length >> 1);
  for (let i = 0; i < fade; i++) {
    samples[i]! *= i / fade;
    samples[samples.length - 1 - i]! *= i / fade;
  }
  return samples;
}
