import type { ErrorCode } from '../src/protocol/errors';
import type { HostCommand } from '../src/protocol/view';
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

/** Errors and warnings, each once, in the user's words, with what can be done. */
export class Notices {
  readonly node = element('div', { class: 'notices' });

  constructor(private readonly runCommand: (command: HostCommand) => void) {}

  /** The same sentence is never on the page twice. Cancelling is not an error. */
  error(error: EarmarkError, retry?: () => void): void {
    if (error.code === 'cancelled') return;
    const notice = this.add(error.message, error.action, 'error', 'alert');
    if (!notice) return;
    const remedy = remedies[error.code];
    if (remedy) notice.append(button(remedy[0], 'output', () => this.runCommand(remedy[1])));
    if (retry) {
      notice.append(
        button('Try Again', 'refresh', () => {
          notice.remove();
          retry();
        }),
      );
    }
    notice.append(button('Dismiss', 'close', () => notice.remove(), 'icon'));
  }

  warn(sentence: string): void {
    const notice = this.add(sentence, undefined, 'warning', 'status');
    notice?.append(button('Dismiss', 'close', () => notice.remove(), 'icon'));
  }

  clear(): void {
    this.node.replaceChildren();
  }

  private add(
    message: string,
    action: string | undefined,
    kind: 'error' | 'warning',
    role: string,
  ): HTMLElement | undefined {
    const text = action === undefined ? message : `${message} ${action}`;
    if ([...this.node.children].some((child) => (child as HTMLElement).dataset['text'] === text)) return undefined;
    const words = element('p', {}, element('strong', { text: message }), action === undefined ? null : ` ${action}`);
    const notice = element('div', { class: `notice notice-${kind}`, attributes: { role } }, icon(kind), words);
    notice.dataset['text'] = text;
    this.node.append(notice);
    return notice;
  }
}
