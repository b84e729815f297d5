import { patience, silenceMs } from '../hub/persist';
import { pullModel, type Pulled } from '../hub/pull-model';
import { pullProgressWords, type PullProgress } from '../hub/pull-progress';
import type { Precision } from '../hub/repository-layout';
import { parseEndpoint, parseRepository } from '../hub/repository';
import { userModelFolder } from '../hub/user-model-folder';
import { signalOfInterrupt } from './interrupt';
import type { ModelFolderOptions } from './run-options';

export interface PullArguments extends ModelFolderOptions {
  readonly precision?: Precision;
  readonly endpoint: string;
  readonly update: boolean;
}

/** `earmark models pull`: progress on standard error, what came of it on standard output. */
export async function pull(name: string, options: PullArguments): Promise<void> {
  const endpoint = parseEndpoint(options.endpoint);
  const line = new PullLine();
  const token = process.env['HF_TOKEN']?.trim();
  try {
    const pulled = await pullModel(parseRepository(name, endpoint), {
      modelFolder: options.models ?? userModelFolder(),
      hub: {
        endpoint,
        ...(token && { token }),
        signal: signalOfInterrupt(),
        patience,
        silenceMs,
        onWait: (seconds, { message }) => {
          line.say(`${message} Trying again in ${String(seconds)} s.`);
        },
      },
      ...(options.precision && { precision: options.precision }),
      update: options.update,
      onProgress: (progress) => {
        line.show(progress);
      },
    });
    pulled.notes.forEach((note) => {
      line.say(note);
    });
    line.end();
    process.stdout.write(`${pulledWords(pulled)}\n`);
  } finally {
    line.end();
  }
}

function pulledWords({ fresh, folder, modelId, source }: Pulled): string {
  const what = `${source.repository}@${source.commit.slice(0, 7)}`;
  const came = fresh ? `${what} is in ${folder}.` : `${what} is there already, in ${folder}.`;
  return modelId === undefined
    ? `${came} It could not be imported, so it can not be used.`
    : `${came} Use it with --model ${modelId}.`;
}

/** Without a terminal a line stays, so there are few of them. */
const quietMs = 10_000;

/** How far it is, on one line of a terminal that is overwritten. */
class PullLine {
  private shown = performance.now();
  private open = false;

  show(progress: PullProgress): void {
    if (process.stderr.isTTY) {
      this.open = true;
      process.stderr.write(`\r\u001b[K${pullProgressWords(progress)}`);
    } else if (performance.now() - this.shown > quietMs) {
      this.shown = performance.now();
      process.stderr.write(`${pullProgressWords(progress)}\n`);
    }
  }

  say(text: string): void {
    this.end();
    process.stderr.write(`earmark: ${text}\n`);
  }

  end(): void {
    if (this.open) {
      this.open = false;
      process.stderr.write('\r\u001b[K');
    }
  }
}
