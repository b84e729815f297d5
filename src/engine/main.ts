import type { CancellationToken, ProgressType, RequestParam } from 'vscode-jsonrpc';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { importFolder } from '../import/import-folder';
import * as protocol from '../protocol/engine';
import { EarmarkError } from '../protocol/errors';
import { answer as answerWith, signalOf } from '../protocol/rpc';
import { Engine, type CallOptions } from './engine';
import { ResultStore } from './result-store';

/** The engine process: the requests of the protocol on one side, the engine on the other. */
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
const results = new ResultStore();
let engine: Engine | undefined;

function running(): Engine {
  if (!engine) {
    throw new EarmarkError('internal', 'The engine was asked for something before it was initialised.');
  }
  return engine;
}

/** Standard error is the log of the host: there goes what a person is not told, but whoever looks for a fault needs. */
const answer = <Result>(task: () => Result | Promise<Result>) =>
  answerWith(task, (error) => {
    if (error.cause instanceof Error) {
      console.error(`${error.code}: ${error.message}\n${error.cause.stack ?? ''}`);
    }
  });

/** Cancellation and progress of a request, as the engine takes them. */
function call<Event>(type: ProgressType<Event>, progress: string | undefined, token: CancellationToken) {
  return {
    signal: signalOf(token),
    onProgress: (event) => {
      if (progress !== undefined) {
        void connection.sendProgress(type, progress, event as RequestParam<Event>);
      }
    },
  } satisfies CallOptions<Event>;
}

connection.onRequest(protocol.initialize, (params) =>
  answer(() => {
    engine = new Engine(params);
    return engine.describe();
  }),
);
connection.onRequest(protocol.listModels, () => answer(() => running().listModels()));
connection.onRequest(protocol.measureSpeed, (_, token) => answer(() => running().measureSpeed(signalOf(token))));
connection.onRequest(protocol.importModel, ({ folder, precision, progress }, token) =>
  answer(() => importFolder(folder, { precision, ...call(protocol.importProgress, progress, token) })),
);
connection.onNotification(protocol.changeModelFolders, ({ modelFolders }) => {
  engine?.changeModelFolders(modelFolders);
});
connection.onRequest(protocol.openClip, ({ source, progress }, token) =>
  answer(() => running().openClip(source, call(protocol.clipProgress, progress, token))),
);
connection.onRequest(protocol.readPeaks, ({ clipId, startSeconds, endSeconds, columns }) =>
  answer(() => running().readPeaks(clipId, startSeconds, endSeconds, columns)),
);
connection.onRequest(protocol.readSamples, ({ clipId, startSeconds, endSeconds }) =>
  answer(() => running().readSamples(clipId, startSeconds, endSeconds)),
);
connection.onRequest(protocol.analyse, ({ clipId, modelId, progress }, token) =>
  answer(() => running().analyse(clipId, modelId, call(protocol.runProgress, progress, token))),
);
connection.onRequest(protocol.run, ({ clipId, modelId, settings, progress }, token) =>
  answer(() => running().run(clipId, modelId, settings, call(protocol.runProgress, progress, token))),
);
connection.onRequest(protocol.explain, ({ run }, token) =>
  answer(() => running().explain(run, call(protocol.runProgress, undefined, token))),
);
connection.onRequest(protocol.experiment, ({ clipId, modelId, name, settings, progress }, token) =>
  answer(() => running().experiment(clipId, modelId, name, settings, call(protocol.runProgress, progress, token))),
);
connection.onNotification(protocol.closeClip, ({ clipId }) => {
  engine?.closeClip(clipId);
});
connection.onRequest(protocol.summariseResults, ({ path, progress }, token) =>
  answer(() => results.open(path, call(protocol.resultsProgress, progress, token))),
);
connection.onRequest(protocol.readResultRows, ({ resultsId, start, count }) =>
  answer(() => results.read(resultsId, start, count)),
);
connection.onNotification(protocol.closeResults, ({ resultsId }) => {
  results.close(resultsId);
});
// Without a host there is nothing left to do.
process.on('disconnect', () => process.exit(0));
connection.listen();
