import type { InferenceSession } from 'onnxruntime-node';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { WindowExplanation } from '../../protocol/explanation';
import type { WindowRun } from '../../protocol/run';
import type { Matrix } from '../../pruning/strategy';
import { adaptTokens } from './adapt';
import { emptyCache } from './decode';
import { decoderAttention, firstQuery, tapDecoder } from './decoder-tap';
import { floats, output } from './encode';
import type { Model } from './load';
import { buildPrompt, embed } from './prompt';

/**
 * A second decoder whose attention can be read. It lives as long as one explanation, since its weights stand in memory
 * beside the first one's.
 */
export async function loadExplainer(model: Model): Promise<InferenceSession> {
  const { folder, pack, runtime } = model;
  const { file } = pack.decoder;
  const external = pack.files.filter((entry) => entry.path !== file && entry.path.startsWith(`${file}.`));
  const externalData = await Promise.all(
    external.map(async (entry) => ({ path: entry.path, data: await readFile(path.join(folder, entry.path)) })),
  );
  return runtime.createSession(tapDecoder(await readFile(path.join(folder, file))), externalData);
}

/**
 * What each generated token looked at: prompt and caption go through the decoder once more, in one pass, and the
 * attention of the positions that said something is kept. Position p says token p + 1, so the first of them is the
 * prompt's last.
 *
 * @param tokens encoder tokens of the window: [N, width]
 */
export async function explainWindow(
  model: Model,
  explainer: InferenceSession,
  { index, firstToken, selection, tokenIds }: Pick<WindowRun, 'index' | 'firstToken' | 'selection' | 'tokenIds'>,
  tokens: Matrix,
  question: string,
): Promise<WindowExplanation> {
  const { pack, runtime, tokenizer } = model;
  const { width, attentionMask, inputsEmbeds, layers } = pack.decoder;
  const generated = tokenIds.length;
  const kept = selection.groups.length;
  const attention = new Float32Array(generated * kept);
  if (generated > 0) {
    const prompt = await buildPrompt(model, question, await adaptTokens(model, tokens, selection));
    // The last token said nothing.
    const said = await embed(model, tokenIds.slice(0, -1));
    const embeddings = new Float32Array(prompt.embeddings.length + said.length);
    embeddings.set(prompt.embeddings);
    embeddings.set(said, prompt.embeddings.length);
    const positions = embeddings.length / width;
    const first = BigInt(positions - generated);
    const results = await explainer.run(
      {
        ...emptyCache(model),
        [inputsEmbeds]: new runtime.Tensor('float32', embeddings, [1, positions, width]),
        [attentionMask]: new runtime.Tensor('int64', new BigInt64Array(positions).fill(1n), [1, positions]),
        [firstQuery]: new runtime.Tensor('int64', BigInt64Array.of(first), [1]),
      },
      [decoderAttention],
    );
    const rows = floats(output(results, decoderAttention));
    for (let layer = 0; layer < layers; layer++) {
      for (let token = 0; token < generated; token++) {
        const start = (layer * generated + token) * positions + prompt.split.textBefore;
        for (let slot = 0; slot < kept; slot++) {
          attention[token * kept + slot]! += rows[start + slot]! / layers;
        }
      }
    }
  }
  const texts = tokenIds.map((_, i) => tokenizer.decode(tokenIds.slice(0, i + 1), { skip_special_tokens: true }));
  return {
    index,
    firstToken,
    pieces: texts.map((text, i) => text.slice(texts[i - 1]?.length ?? 0)),
    groups: selection.groups,
    attention,
  };
}
