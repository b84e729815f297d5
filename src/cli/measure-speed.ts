import { Engine } from '../engine/engine';
import type { Speed } from '../protocol/model';

/** What the processor can do with every core. Takes no model. */
export function measureSpeed(): Promise<Speed | null> {
  return new Engine({ modelFolders: [], threads: 0, ffmpeg: '' }).measureSpeed(new AbortController().signal);
}
