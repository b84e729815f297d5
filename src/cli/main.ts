import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { modelFolderProblem } from '../engine/model/model-folders';
import { EarmarkError } from '../protocol/errors';
import { registerCaption } from './caption';
import { registerCompare } from './compare';
import { registerDiff } from './diff';
import { registerEvaluate } from './evaluate';
import { exitCodeOf, exitCodesHelp } from './exit-codes';
import { registerExperiment } from './experiment';
import { registerModels } from './models';
import { registerReport } from './report';
import type { ModelFolderOptions } from './run-options';
import { registerScore } from './score';
import { registerSelect } from './select';
import { registerStrategies } from './strategies';
import { registerWorker } from './worker';

/** `earmark`: the engine as a program. Results go to standard output, progress and errors to standard error. */
const program = new Command('earmark')
  .description('Shows which audio tokens a language model listens to, prunes the rest, and captions what is kept.')
  .version(version)
  .addHelpText('afterAll', `\n${exitCodesHelp}`)
  .showHelpAfterError('(add --help for the options)')
  .exitOverride();

registerCaption(program);
registerCompare(program);
registerExperiment(program);
registerEvaluate(program);
registerWorker(program);
registerReport(program);
registerDiff(program);
registerStrategies(program);
registerModels(program);
registerScore(program);
registerSelect(program);

// A folder of models that is passed over would look like a model that is not there.
program.hook('preAction', async (_, command) => {
  const { models } = command.opts<ModelFolderOptions>();
  const problem = models === undefined || command.name() === 'pull' ? undefined : await modelFolderProblem(models);
  if (problem !== undefined) {
    process.stderr.write(`earmark: ${problem}\n`);
  }
});

async function main(): Promise<number> {
  try {
    await program.parseAsync();
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // Commander has said what is wrong; help and version are no errors.
      return thrown.exitCode === 0 ? 0 : exitCodeOf('settings-invalid');
    }
    const error = EarmarkError.from(thrown);
    process.stderr.write(`earmark: ${error.message}${error.action === undefined ? '' : ` ${error.action}`}\n`);
    if (error.code === 'internal' && error.cause instanceof Error) {
      process.stderr.write(`${error.cause.stack ?? ''}\n`);
    }
    return exitCodeOf(error.code);
  }
}

// A reader that goes away (`earmark … | head`) is no defect.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : exitCodeOf('write-failed'));
});

void main().then((code) => {
  // onnxruntime keeps threads that would hold the process; everything is written by now.
  process.stdout.write('', () => process.exit(code));
});
