import { button, element, icon } from './element';
import { checkbox, dropdown } from './fields';
import type { Hearing, Playback } from './playback';
import type { Timeline } from './timeline';
import { clock } from './words-for-numbers';

const speeds = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** Play, speed, what is heard, loop and zoom: the bar above the timeline. */
export class Transport {
  readonly node = element('div', {
    class: 'transport',
    attributes: { 'role': 'toolbar', 'aria-label': 'Playback and zoom' },
  });
  private readonly toggle: HTMLElement & { disabled: boolean };
  private readonly time = element('span', { class: 'time', attributes: { 'aria-hidden': 'true' } });
  private readonly problem = element('span', { class: 'hint', attributes: { role: 'status' } });
  private unheard = '';
  private position = 0;
  private looping = false;

  constructor(
    private readonly playback: Playback,
    private readonly timeline: () => Timeline | undefined,
    private readonly durationSeconds: () => number,
    private readonly prepare: () => void,
  ) {
    this.toggle = button('Play', 'play', () => this.togglePlayback(), 'icon');
    const hear = dropdown(
      { label: 'What is heard', description: 'Everything, or only what the model still has after pruning.' },
      [
        { value: 'everything', label: 'Hear everything' },
        { value: 'kept-in-place', label: 'Hear kept tokens, silence between' },
        { value: 'kept-joined', label: 'Hear kept tokens, joined' },
      ],
      playback.hearing,
      (value) => {
        playback.hearing = value as Hearing;
        this.showProblem();
        this.restart();
      },
      true,
    );
    const speed = dropdown(
      { label: 'Playback speed', description: 'Faster also sounds higher.' },
      speeds.map((value) => ({ value: String(value), label: `${String(value)}×` })),
      String(playback.speed),
      (value) => {
        playback.speed = Number(value);
        this.restart();
      },
      true,
    );
    speed.node.classList.add('speed');
    const loop = checkbox({ label: 'Loop view', description: 'Repeats the stretch in view.' }, false, (checked) => {
      this.looping = checked;
      this.restart();
    });
    this.node.append(
      this.toggle,
      this.time,
      speed.node,
      hear.node,
      loop.node,
      this.problem,
      element('span', { class: 'spring' }),
      button('Zoom in', 'zoom-in', () => this.timeline()?.zoom(0.5), 'icon'),
      button('Zoom out', 'zoom-out', () => this.timeline()?.zoom(2), 'icon'),
      button('Show the whole sound', 'screen-full', () => this.timeline()?.showAll(), 'icon'),
    );
    this.showTime();
  }

  togglePlayback(): void {
    if (this.playback.isPlaying) this.playback.stop();
    else this.playFrom(this.position >= this.durationSeconds() - 0.05 ? 0 : this.position);
  }

  playFrom(seconds: number): void {
    const range = this.timeline()?.shownRange;
    this.playback.loop = this.looping && range ? { startSeconds: range[0], endSeconds: range[1] } : undefined;
    if (this.problem.textContent !== '') {
      this.playback.stop();
      return;
    }
    this.prepare();
    const { loop } = this.playback;
    const inside = !loop || (seconds >= loop.startSeconds && seconds < loop.endSeconds);
    this.position = inside ? seconds : loop.startSeconds;
    this.playback.play(this.position);
  }

  /** Null: the end was reached. */
  moved(seconds: number | null): void {
    this.position = seconds ?? 0;
    this.showTime();
  }

  playingChanged(playing: boolean): void {
    showPlaying(this.toggle, playing);
  }

  /** Why kept tokens can not be heard; empty where they can. Nothing else is played in their place. */
  setUnheard(why: string): void {
    this.unheard = why;
    this.showProblem();
  }

  private showProblem(): void {
    const words = this.playback.hearing === 'everything' ? '' : this.unheard;
    if (this.problem.textContent !== words) this.problem.textContent = words;
  }

  private restart(): void {
    if (this.playback.isPlaying) this.playFrom(this.position);
  }

  showTime(): void {
    this.time.textContent = `${clock(this.position)} / ${clock(this.durationSeconds())}`;
  }
}

/** Says on a button what a press of it, or of the space key, does. */
export function showPlaying(toggle: HTMLElement, playing: boolean): void {
  const label = playing ? 'Pause' : 'Play';
  toggle.setAttribute('aria-label', label);
  toggle.title = `${label} (Space)`;
  toggle.replaceChildren(icon(playing ? 'debug-pause' : 'play'));
}

/** Hands on the space key, unless what has the focus uses it itself; `take` says whether it was wanted. */
export function onSpace(take: () => boolean): void {
  window.addEventListener('keydown', (event) => {
    if (event.key !== ' ' || event.ctrlKey || event.metaKey || event.altKey || usesSpace(event.target)) return;
    if (take()) event.preventDefault();
  });
}

function usesSpace(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest(
      'input:not([type=range]), textarea, vscode-text-area, vscode-dropdown, vscode-checkbox, vscode-button, button, summary, a, [role=button], [role=option]',
    ) !== null
  );
}
