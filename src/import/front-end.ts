import { create, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  type AttributeProto,
  type TensorProto,
} from 'onnx-buf';
import {
  floatConstant,
  floatValue,
  int64Constant,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../engine/model/graph-parts';
import { melCorners, type MelScale } from '../engine/features/mel-scale';
import { EarmarkError } from '../protocol/errors';

const sampleRate = 16_000;
const window = 400;
const hop = 160;

/** What `preprocessor_config.json` says of the log-mel. */
export interface FeatureSettings {
  readonly feature_size?: number;
  readonly sampling_rate?: number;
  readonly hop_length?: number;
  readonly n_fft?: number;
  readonly melspec_kwargs?: {
    readonly n_mels?: number;
    readonly sample_rate?: number;
    readonly hop_length?: number;
    readonly win_length?: number;
    readonly n_fft?: number;
  };
}

/** A log-mel with windows of 400 samples every 160. */
export interface LogMel {
  readonly bins: number;
  /** Samples of the Fourier transform, of which the window is the middle. */
  readonly fourier: number;
  /** Slaney's filters are divided by their width, HTK's are not. */
  readonly scale: MelScale;
  /** The encoder takes two frames as one row, and of an odd number of frames not the last. Else it takes the log-mel. */
  readonly pairs: boolean;
}

/** @throws EarmarkError `model-unsupported` where it is no log-mel as Whisper has it */
export function whisperLogMel(settings: FeatureSettings): LogMel {
  const { feature_size: bins = 80, sampling_rate: rate = sampleRate, hop_length = hop, n_fft = window } = settings;
  requireKnown(bins, [rate, hop_length, n_fft], [sampleRate, hop, window]);
  return { bins, fourier: window, scale: 'slaney', pairs: false };
}

/**
 * @throws EarmarkError `model-unsupported` where it is no log-mel as Granite Speech has it: torchaudio's, with what
 * torchaudio does unless it is told otherwise
 */
export function graniteLogMel({ melspec_kwargs: settings = {} }: FeatureSettings): LogMel {
  const { n_mels: bins = 80, sample_rate = sampleRate, hop_length = hop, win_length = window, n_fft = 512 } = settings;
  requireKnown(bins, [sample_rate, hop_length, win_length, n_fft], [sampleRate, hop, window, 512]);
  return { bins, fourier: n_fft, scale: 'htk', pairs: true };
}

function requireKnown(bins: number, found: readonly number[], known: readonly number[]): void {
  if (found.some((value, i) => value !== known[i]) || !Number.isInteger(bins) || bins < 1) {
    const [rate, step, ...windows] = found;
    throw new EarmarkError(
      'model-unsupported',
      `preprocessor_config.json asks for ${String(bins)} mel bins at ${String(rate)} Hz with windows of ` +
        `${windows.join(' in transforms of ')} every ${String(step)} samples.`,
      `Only ${String(known[0])} Hz with windows of ${known.slice(2).join(' in transforms of ')} every ${String(known[1])} samples is known.`,
    );
  }
}

/**
 * A log-mel front end as an ONNX file: samples float32 [1, n] -> mel float32 [1, bins, frames], for n a multiple of 160,
 * at least 320. Hann window of 400 (periodic), hop 160, centred with reflection; power; mel filters, 0 to 8000 Hz; log10
 * of at least 1e-10; nothing more than 8 below the maximum; (x + 4) / 4. Of the n / 160 + 1 frames Whisper drops the
 * last. For an encoder that takes pairs, `features` float32 [1, frames / 2, 2 * bins] is given as well.
 *
 * For Whisper the same graph, node by node, as `recipes/whisper-base/whisper_base/features.py`, which says why it is built
 * like this. A window in the middle of a longer Fourier transform has the power of one at its beginning.
 */
export function featuresGraph({ bins, fourier, scale, pairs }: LogMel): Uint8Array {
  const lines = fourier / 2 + 1;
  const initializer: TensorProto[] = [];
  const integers = (name: string, ...values: number[]): string => {
    initializer.push(int64Constant(name, ...values.map(BigInt)));
    return name;
  };
  const number = (name: string, value: number): string => {
    initializer.push(floatConstant(name, value));
    return name;
  };
  const matrix = (name: string, rows: number, columns: number, values: Float64Array<ArrayBuffer>): string => {
    const dims = [BigInt(rows), BigInt(columns)];
    const rawData = new Uint8Array(values.buffer);
    initializer.push(create(TensorProtoSchema, { name, dims, dataType: TensorProto_DataType.DOUBLE, rawData }));
    return name;
  };
  const node = (opType: string, input: string[], output: string, ...attribute: AttributeProto[]) =>
    create(NodeProtoSchema, { opType, input, output: [output], attribute });
  const to = (type: TensorProto_DataType) => intAttribute('to', BigInt(type));
  const [first, one, two] = [integers('first', 0), integers('one', 1), integers('two', 2)];
  const end = 2 ** 31;
  const graph = create(GraphProtoSchema, {
    name: 'features',
    node: [
      node('Cast', ['samples'], 'samples64', to(TensorProto_DataType.DOUBLE)),
      node(
        'Pad',
        ['samples64', integers('pads', 0, window / 2, 0, (pairs ? 3 : 2) * hop - window / 2)],
        'padded',
        stringAttribute('mode', 'reflect'),
      ),
      node('Reshape', ['padded', integers('rows_shape', -1, hop)], 'rows'),
      node('Slice', ['rows', first, integers('minus2', -2), first], 'frame_a'),
      node('Slice', ['rows', one, integers('minus1', -1), first], 'frame_b'),
      node('Slice', ['rows', two, integers('end', end), first], 'frame_c_long'),
      node('Slice', ['frame_c_long', first, integers('c_end', window - 2 * hop), one], 'frame_c'),
      node('Concat', ['frame_a', 'frame_b', 'frame_c'], 'frames', intAttribute('axis', 1n)),
      node('MatMul', ['frames', matrix('basis', window, 2 * lines, fourierBasis(fourier))], 'spectrum'),
      node('Mul', ['spectrum', 'spectrum'], 'squares'),
      node('MatMul', ['squares', matrix('filters', 2 * lines, bins, doubledFilters(bins, lines, scale))], 'mel64'),
      node('Cast', ['mel64'], 'mel32', to(TensorProto_DataType.FLOAT)),
      node('Max', ['mel32', number('floor', 1e-10)], 'floored'),
      node('Log', ['floored'], 'natural'),
      node('Mul', ['natural', number('per_decade', 1 / Math.LN10)], 'decades'),
      node('ReduceMax', ['decades'], 'loudest', intAttribute('keepdims', 0n)),
      node('Sub', ['loudest', number('range', 8)], 'threshold'),
      node('Max', ['decades', 'threshold'], 'limited'),
      node('Add', ['limited', number('four', 4)], 'shifted'),
      node('Mul', ['shifted', number('quarter', 0.25)], 'scaled'),
      ...(pairs
        ? [
            node('Shape', ['scaled'], 'shape'),
            node('Slice', ['shape', first, one], 'count'),
            node('Div', ['count', two], 'half'),
            node('Mul', ['half', two], 'even'),
            node('Slice', ['scaled', first, 'even', first], 'kept'),
            node('Reshape', ['kept', integers('pairs', 1, -1, 2 * bins)], 'features'),
          ]
        : []),
      node('Transpose', [pairs ? 'kept' : 'scaled'], 'by_bin', intsAttribute('perm', [1n, 0n])),
      node('Unsqueeze', ['by_bin', first], 'mel'),
    ],
    initializer,
    input: [floatValue('samples', [1, 'samples'])],
    output: [
      floatValue('mel', [1, bins, 'frames']),
      ...(pairs ? [floatValue('features', [1, 'positions', 2 * bins])] : []),
    ],
  });
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: '', version: 18n })];
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 9n, producerName: 'earmark', opsetImport, graph }),
  );
}

/** [400, 2 * lines]: the windowed cosines of all lines of the spectrum, then the sines. */
function fourierBasis(fourier: number): Float64Array<ArrayBuffer> {
  const lines = fourier / 2 + 1;
  const basis = new Float64Array(window * 2 * lines);
  for (let time = 0; time < window; time++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * time) / window);
    for (let line = 0; line < lines; line++) {
      // Reduced modulo the transform first, so that no angle loses digits by being large.
      const angle = (2 * Math.PI * ((time * line) % fourier)) / fourier;
      basis[time * 2 * lines + line] = hann * Math.cos(angle);
      basis[time * 2 * lines + lines + line] = hann * Math.sin(angle);
    }
  }
  return basis;
}

/** [2 * lines, mel bins]: triangles twice, so that their product also adds the squared cosines and sines. */
function doubledFilters(bins: number, lines: number, scale: MelScale): Float64Array<ArrayBuffer> {
  const nyquist = sampleRate / 2;
  const corners = melCorners(bins, 0, nyquist, scale);
  const filters = new Float64Array(2 * lines * bins);
  for (let line = 0; line < lines; line++) {
    const hertz = (nyquist * line) / (lines - 1);
    for (let mel = 0; mel < bins; mel++) {
      const [low, middle, high] = [corners[mel]!, corners[mel + 1]!, corners[mel + 2]!];
      const triangle = Math.max(0, Math.min((hertz - low) / (middle - low), (high - hertz) / (high - middle)));
      const value = scale === 'slaney' ? (triangle * 2) / (high - low) : triangle;
      filters[line * bins + mel] = value;
      filters[(lines + line) * bins + mel] = value;
    }
  }
  return filters;
}
