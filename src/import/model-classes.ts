import { EarmarkError } from '../protocol/errors';
import { graniteLogMel, whisperLogMel, type FeatureSettings, type LogMel } from './front-end';

/** What differs between the classes of models whose exports can be imported, by `model_type` in `config.json`. */
export type ModelClass = PrefixClass | WhisperClass;

interface AnyClass {
  readonly title: string;
  /** @throws EarmarkError `model-unsupported` where `preprocessor_config.json` asks for another than the class has */
  readonly logMel: (settings: FeatureSettings) => LogMel;
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
  /** Where `config.json` describes the encoder. */
  readonly encoderConfig: 'audio_config' | 'encoder_config';
  readonly encoderInput: 'audio_values' | 'input_features';
  readonly grouping: (config: WindowConfig) => Grouping;
  /** Why what positions receive is no score of tokens, where that is so. */
  readonly noScores?: string;
  readonly placeholder: string;
  /** Between the sound and the question, where the template takes them as one text. */
  readonly separator: '\n' | '';
  /** What the class's processor puts in front of the sound, whether or not the chat template does. */
  readonly opening?: string;
}

/** How an adapter makes rows of positions. */
export interface Grouping {
  /** Positions that a row has a share of. */
  readonly group: number;
  /** At most so many rows behind those of the sound: they are kept and never ranked. */
  readonly extraRows: number;
}

/** Of `config.json` of models whose adapter makes several rows of each window. */
export interface WindowConfig {
  readonly window_size?: number;
  readonly downsample_rate?: number;
}

const classes: Readonly<Record<string, ModelClass | undefined>> = {
  // https://huggingface.co/fixie-ai/ultravox-v0_5-llama-3_2-1b: StackAudioFrames pads by one group too many.
  ultravox: {
    family: 'prefix',
    title: 'Ultravox',
    logMel: whisperLogMel,
    padding: 'frame',
    encoderConfig: 'audio_config',
    encoderInput: 'audio_values',
    grouping: () => ({ group: 8, extraRows: 1 }),
    placeholder: '<|audio|>',
    separator: '\n',
    limits: 'One token stands for 160 ms. One token behind the sound holds none of it and is always kept.',
  },
  // transformers: models/voxtral/modeling_voxtral.py, get_audio_features.
  voxtral: {
    family: 'prefix',
    title: 'Voxtral',
    logMel: whisperLogMel,
    padding: 'window',
    encoderConfig: 'audio_config',
    encoderInput: 'audio_values',
    grouping: () => ({ group: 4, extraRows: 0 }),
    placeholder: '[AUDIO]',
    separator: '\n',
    opening: '[BEGIN_AUDIO]',
    limits:
      'One token stands for 80 ms. The model was trained on all 375 tokens of a window of 30 s; those behind the end of ' +
      'the sound are trimmed.',
  },
  // transformers: models/granite_speech/modeling_granite_speech.py, GraniteSpeechEncoderProjector.
  granite_speech: {
    family: 'prefix',
    title: 'Granite Speech',
    logMel: graniteLogMel,
    padding: 'frame',
    encoderConfig: 'encoder_config',
    encoderInput: 'input_features',
    grouping: graniteGrouping,
    noScores:
      'The positions of its encoder see one another within blocks of a few seconds only, and all tokens of a window look ' +
      'at the whole window, so nothing says which token is attended to: only strategies that need no scores can be used.',
    placeholder: '<|audio|>',
    separator: '',
    limits:
      'Its tokens are made by windows, and each hears its whole window (0.3 s as published, three tokens); its place in ' +
      'time is its share of the window. What of the last window stands behind the end of the sound is always kept.',
  },
  whisper: {
    family: 'cross-attention',
    title: 'Whisper',
    logMel: whisperLogMel,
    padding: 'window',
    limits:
      'Transcribes English; it does not describe sounds, takes no question, and invents words where nobody speaks. Longer ' +
      'sounds are cut into windows of 30 s, also in the middle of a word.',
  },
};

/** As many rows of each window as `window_size / downsample_rate`; the last window gives them all. */
function graniteGrouping({ window_size: window = 15, downsample_rate: group = 5 }: WindowConfig): Grouping {
  if (window % group !== 0) {
    throw new EarmarkError(
      'model-unsupported',
      `config.json makes tokens of windows of ${String(window)} positions, ${String(group)} each, which is no whole number.`,
      'Correct window_size and downsample_rate.',
    );
  }
  return { group, extraRows: window / group - 1 };
}

/** @throws EarmarkError `model-unsupported` naming the class and those that are known */
export function modelClass(name: string | undefined): ModelClass {
  const found = name === undefined ? undefined : classes[name];
  if (!found) {
    throw new EarmarkError(
      'model-unsupported',
      `config.json describes a model of the class ${name === undefined ? 'of no name' : `"${name}"`}, which can not be ` +
        'imported.',
      `Choose a model of one of the classes ${Object.keys(classes).join(', ')}.`,
    );
  }
  return found;
}
