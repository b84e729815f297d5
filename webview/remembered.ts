import type { Run, RunSettings } from '../src/protocol/run';
import type { Range } from './timeline';

/** What a hidden tab or a reloaded window comes back to. Kept by VS Code as JSON. */
export interface Remembered {
  readonly clipId?: string;
  readonly range?: Range | undefined;
  readonly modelId?: string;
  readonly settings?: RunSettings;
  readonly runs?: readonly Run[];
  readonly hiddenStrips?: readonly string[];
}

/** VS Code keeps the state in its own storage: results beyond this are left out and made again on demand. */
const mostCharacters = 1_000_000;

export class Memory<T extends object> {
  constructor(private readonly api: VsCodeApi) {}

  read(): Partial<T> {
    const state = this.api.getState();
    return typeof state === 'object' && state !== null ? state : {};
  }

  /** Merges; `undefined` forgets a part. The host finds the sound of a panel by the resource that is kept with it. */
  write(part: Partial<T>): void {
    const { resource } = document.body.dataset;
    const state = { ...this.read(), ...part, ...(resource && { resource }) };
    const tooLarge = 'runs' in part && JSON.stringify(part).length > mostCharacters;
    this.api.setState(tooLarge ? { ...state, runs: undefined } : state);
  }
}
