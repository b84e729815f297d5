import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { decode } from '../../src/engine/model/decode';
import { encodeWindow } from '../../src/engine/model/encode';
import type { Prompt } from '../../src/engine/model/families/family';
import { loadModel, type Model } from '../../src/engine/model/load';
import { loadRuntime } from '../../src/engine/model/runtime';
import { validQueries } from '../../src/engine/model/tap';
import { speedUpBound } from '../../src/pruning/budget';
import { select } from '../../src/pruning/registry';
import { reduceHeads } from '../../src/pruning/score';
import { inTurns, markdownTable, median } from './measure';

const ratios = [1, 0.5, 0.25, 0.1];

/** The encoder with and without the tap, and prefill and decoding at several keep ratios, on a clip of 30 s. */
export async function benchModel(packFolder: string, samples: Float32Array): Promise<string> {
  const runtime = await loadRuntime(0);
  const model = await loadModel(packFolder, runtime);
  return [await benchTap(packFolder, model, samples), await benchPrefill(model, samples)].join('\n\n');
}

async function benchTap(packFolder: string, model: Model, samples: Float32Array): Promise<string> {
  const { pack, runtime } = model;
  const plain = await runtime.createSession(await readFile(path.join(packFolder, pack.encoder.file)));
  const features = await model.frontEnd.run({
    [pack.frontEnd.input]: new runtime.Tensor('float32', samples, [1, samples.length]),
  });
  const mel = features[pack.frontEnd.output]!;
  const positions = samples.length / 320;
  const queries = new runtime.Tensor('float32', new Float32Array(positions).fill(1), [1, 1, 1, positions]);
  const [without, tapped] = await inTurns(21, [
    () => plain.run({ [pack.encoder.input]: mel }),
    () => model.encoder.run({ [pack.encoder.input]: mel, [validQueries]: queries }),
  ]);
  await plain.release();
  // Each round is one pair; the median of the ratios is steadier than the ratio of the medians.
  const ratio = median(tapped!.map((time, round) => time / without![round]!));
  return markdownTable(
    ['encoder, 30 s', 'ms'],
    [
      ['without the attention tap', median(without!).toFixed(0)],
      ['with the attention tap', median(tapped!).toFixed(0)],
      ['tap / none, median of pairs', ratio.toFixed(3)],
    ],
  );
}

async function benchPrefill(model: Model, samples: Float32Array): Promise<string> {
  const encoded = await encodeWindow(model, samples);
  const { receivedPerHead, tokens } = encoded;
  const scores = reduceHeads(receivedPerHead, model.pack.encoder.heads, 'mean');
  const prompts: Prompt[] = [];
  for (const keepRatio of ratios) {
    const choice = { strategy: 'segmentwise', keepRatio, budgetMode: 'exact', parameters: {} } as const;
    const audio = await model.family.adapt(encoded, select(choice, { scores }).selection);
    prompts.push(await model.family.prompt(audio, 'Describe the audio.'));
  }
  const prefills = ratios.map(() => [] as number[]);
  const steps = ratios.map(() => [] as number[]);
  await inTurns(
    9,
    prompts.map((prompt, i) => async () => {
      const options = { maxNewTokens: 9, signal: new AbortController().signal, onText: () => undefined };
      const decoded = await decode(model, prompt, options);
      prefills[i]!.push(decoded.prefillMs);
      steps[i]!.push(decoded.stepsMs / decoded.steps);
    }),
  );
  // The first round warmed up.
  const [prefillMs, stepMs] = [prefills, steps].map((lists) => lists.map((times) => median(times.slice(1))));
  return markdownTable(
    ['kept of 750 tokens', 'prefill ms', 'speed-up', 'bound', 'ms a decoded token'],
    ratios.map((_, i) => {
      const { textBefore, audio, textAfter } = prompts[i]!.split;
      return [
        String(audio),
        prefillMs![i]!.toFixed(0),
        `${(prefillMs![0]! / prefillMs![i]!).toFixed(2)}x`,
        `${speedUpBound(textBefore + textAfter, tokens.rows, audio).toFixed(2)}x`,
        stepMs![i]!.toFixed(1),
      ];
    }),
  );
}
