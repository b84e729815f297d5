import { EarmarkError } from '../protocol/errors';

/** What differs between the classes of models whose exports can be imported, by `model_type` in `config.json`. */
export type ModelClass = PrefixClass | WhisperClass;

interface AnyClass {
  readonly title: string;
  /** Whether the encoder wants whole windows of 30 s. */
  readonly padding: 'frame' | 'window';
  /** What a person should know of the class. */
  readonly limits: string;
}

export interface WhisperClass extends AnyClass {
  readonly family: 'cross-attention';
}

export interface PrefixClass extends AnyClass {
  readonly family: 'prefix';
  /** Positions of the encoder that its adapter makes one row of. */
  readonly group: number;
  /** Rows behind those of the sound, which hold none of it: they are kept and never ranked. */
  readonly extraRows: number;
  readonly placeholder: string;
  /** What the class's processor puts in front of the sound, whether or not the chat template does. */
  readonly opening?: string;
}

const classes: Readonly<Record<string, ModelClass | undefined>> = {
  // https://huggingface.co/fixie-ai/ultravox-v0_5-llama-3_2-1b: StackAudioFrames pads by one group too many.
  ultravox: {
    family: 'prefix',
    title: 'Ultravox',
    group: 8,
    extraRows: 1,
    padding: 'frame',
    placeholder: '<|audio|>',
    limits: 'One token stands for 160 ms. One token behind the sound holds none of it and is always kept.',
  },
  // transformers: models/voxtral/modeling_voxtral.py, get_audio_features.
  voxtral: {
    family: 'prefix',
    title: 'Voxtral',
    group: 4,
    extraRows: 0,
    padding: 'window',
    placeholder: '[AUDIO]',
    opening: '[BEGIN_AUDIO]',
    limits:
      'One token stands for 80 ms. The model was trained on all 375 tokens of a window of 30 s; those behind the end of ' +
      'the sound are trimmed.',
  },
  whisper: {
    family: 'cross-attention',
    title: 'Whisper',
    padding: 'window',
    limits:
      'Transcribes English; it does not describe sounds, takes no question, and invents words where nobody speaks. Longer ' +
      'sounds are cut into windows of 30 s, also in the middle of a word.',
  },
};

/** Those known, whose exports can not be imported, and why. */
const refused: Readonly<Record<string, string | undefined>> = {
  granite_speech:
    'its log-mel is torchaudio’s, not Whisper’s, and its Q-Former makes tokens that stand for no one place of the sound',
};

/** @throws EarmarkError `model-unsupported` naming the class and those that are known */
export function modelClass(name: string | undefined): ModelClass {
  const found = name === undefined ? undefined : classes[name];
  if (!found) {
    const reason = name === undefined ? undefined : refused[name];
    throw new EarmarkError(
      'model-unsupported',
      `config.json describes a model of the class ${name === undefined ? 'of no name' : `"${name}"`}, which can not be ` +
        `imported${reason === undefined ? '' : `: ${reason}`}.`,
      `Choose a model of one of the classes ${Object.keys(classes).join(', ')}.`,
    );
  }
  return found;
}
