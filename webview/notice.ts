import type { ErrorCode } from '../src/protocol/errors';
import type { HostCommand, ViewState } from '../src/protocol/view';
import { EarmarkError } from '../src/protocol/errors';
import { button, element, icon } from './element';

const remedies: Partial<Record<ErrorCode, readonly [label: string, command: HostCommand]>> = {
  'engine-stopped': ['Restart Engine', 'restartEngine'],
  'internal': ['Show Log', 'showLog'],
  'runtime-missing': ['Show Log', 'showLog'],
  'model-damaged': ['Show Log', 'showLog'],
  'model-invalid': ['Show Log', 'showLog'],
  'model-not-found': ['Open Settings', 'openSettings'],
  'needs-ffmpeg': ['Open Settings', 'openSettings'],
};

/** What a notice is about: it goes when that is mended, or is tried again. */
export type Subject =
  'sound' | 'analysis' | 'results' | 'run' | 'trace' | 'experiment' | 'export' | 'engine' | `model ${string}`;

/** Errors and warnings, each once, in the user's words, with what can be done. */
export class Notices {
  readonly node = element('div', {
    class: 'notices',
    attributes: { 'tabindex': '-1', 'role': 'group', 'aria-label': 'Notices' },
  });

  constructor(private readonly runCommand: (command: HostCommand) => void) {}

  /** The same sentence is never on the page twice. Cancelling is not an error. */
  error(error: EarmarkError, retry?: () => void, subject: Subject = 'run'): void {
    if (error.code === 'cancelled') return;
    // That the engine stopped holds until it is ready; what can be tried again waits for that.
    const about = error.code === 'engine-stopped' && !retry ? 'engine' : subject;
    const text = textOf(error.message, error.action);
    if (retry) this.remove((notice) => notice.dataset['text'] === text);
    const notice = this.add(error.message, error.action, 'error', 'alert', about);
    if (!notice) return;
    const remedy = remedies[error.code];
    if (remedy) notice.append(button(remedy[0], 'output', () => this.runCommand(remedy[1])));
    if (retry) {
      notice.append(
        button('Try Again', 'refresh', () => {
          this.drop(notice);
          retry();
        }),
      );
    }
    notice.append(button('Dismiss', 'close', () => this.drop(notice), 'icon'));
  }

  warn(sentence: string, subject: Subject): void {
    const notice = this.add(sentence, undefined, 'warning', 'status', subject);
    notice?.append(button('Dismiss', 'close', () => this.drop(notice), 'icon'));
  }

  clear(subject: Subject): void {
    this.remove((notice) => notice.dataset['subject'] === subject);
  }

  /** Tells of an engine that failed, until it is ready, and no more of models that are there. */
  follow({ engine, models }: ViewState): void {
    if (engine.status === 'failed') {
      const error = EarmarkError.fromData(engine.error);
      // It may have failed before in another way, and not have been ready since.
      const text = textOf(error.message, error.action);
      this.remove(({ dataset }) => dataset['subject'] === 'engine' && dataset['text'] !== text);
      this.error(error, undefined, 'engine');
    }
    if (engine.status === 'ready' || engine.status === 'busy') this.clear('engine');
    for (const { modelId } of models) this.clear(`model ${modelId}`);
  }

  private remove(which: (notice: HTMLElement) => boolean): void {
    for (const notice of [...this.node.children] as HTMLElement[]) if (which(notice)) this.drop(notice);
  }

  /** Whoever stands on one of its buttons goes on with the notice beside it, or where notices are. */
  private drop(notice: HTMLElement): void {
    const stoodHere = notice.contains(document.activeElement);
    const beside = (notice.nextElementSibling ?? notice.previousElementSibling) as HTMLElement | null;
    notice.remove();
    if (!stoodHere) return;
    const heir = beside?.querySelector<HTMLElement>('vscode-button:last-of-type') ?? this.node;
    heir.focus({ preventScroll: true });
  }

  private add(
    message: string,
    action: string | undefined,
    kind: 'error' | 'warning',
    role: string,
    subject: Subject,
  ): HTMLElement | undefined {
    const text = textOf(message, action);
    if ([...this.node.children].some((child) => (child as HTMLElement).dataset['text'] === text)) return undefined;
    const words = element('p', {}, element('strong', { text: message }), action === undefined ? null : ` ${action}`);
    const notice = element('div', { class: `notice notice-${kind}`, attributes: { role } }, icon(kind), words);
    notice.dataset['text'] = text;
    notice.dataset['subject'] = subject;
    this.node.append(notice);
    return notice;
  }
}

function textOf(message: string, action: string | undefined): string {
  return action === undefined ? message : `${message} ${action}`;
}
