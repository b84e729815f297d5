// An engine whose one kind of request takes as long as it is told and does not hear that it is cancelled.
const { setTimeout: wait } = require('node:timers/promises');
const { createMessageConnection, IPCMessageReader, IPCMessageWriter } = require('vscode-jsonrpc/node');

const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
connection.onRequest('initialize', () => ({ version: '0' }));
connection.onRequest('slow', ({ ms }) => wait(ms, 'answered'));
connection.listen();
