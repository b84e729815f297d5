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
import { EarmarkError } from '../protocol/errors';

const sampleRate = 16_000;
const window = 400;
const hop = 160;
const bins = window / 2 + 1;

/** What `preprocessor_config.json` says of the log-mel. */
export interface FeatureSettings {
  readonly feature_size?: number;
  readonly sampling_rate?: number;
  readonly hop_length?: number;
  readonly n_fft?: number;
}

/** @throws EarmarkError `model-unsupported` where it is no log-mel as Whisper has it */
export function melBinsOf(settings: FeatureSettings): number {
  const { feature_size: melBins = 80, sampling_rate: rate = sampleRate, hop_length = hop, n_fft = window } = settings;
  if (rate !== sampleRate || hop_length !== hop || n_fft !== window || !Number.isInteger(melBins) || melBins < 1) {
    throw new EarmarkError(
      'model-unsupported',
      `preprocessor_config.json asks for ${String(melBins)} mel bins at ${String(rate)} Hz with windows of ` +
        `${String(n_fft)} every ${String(hop_length)} samples.`,
      'Only the log-mel of Whisper is known: 16000 Hz, windows of 400, every 160 samples.',
    );
  }
  return melBins;
}

/**
 * The log-mel front end of Whisper as an ONNX file: samples float32 [1, n] -> mel float32 [1, bins, n / 160], for n a
 * multiple of 160, at least 320. Hann window of 400 (periodic), hop 160, centred with reflection, the last frame
 * dropped; power; mel filters (slaney scale and norm, 0 to 8000 Hz); log10 of at least 1e-10; nothing more than 8 below
 * the maximum; (x + 4) / 4.
 *
 * The same graph, node by node, as `recipes/whisper-base/whisper_base/features.py`, which says why it is built like this.
 */
export function featuresGraph(melBins: number): Uint8Array {
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
        ['samples64', integers('pads', 0, window / 2, 0, 2 * hop - window / 2)],
        'padded',
        stringAttribute('mode', 'reflect'),
      ),
      node('Reshape', ['padded', integers('rows_shape', -1, hop)], 'rows'),
      node('Slice', ['rows', first, integers('minus2', -2), first], 'frame_a'),
      node('Slice', ['rows', one, integers('minus1', -1), first], 'frame_b'),
      node('Slice', ['rows', two, integers('end', end), first], 'frame_c_long'),
      node('Slice', ['frame_c_long', first, integers('c_end', window - 2 * hop), one], 'frame_c'),
      node('Concat', ['frame_a', 'frame_b', 'frame_c'], 'frames', intAttribute('axis', 1n)),
      node('MatMul', ['frames', matrix('basis', window, 2 * bins, fourierBasis())], 'spectrum'),
      node('Mul', ['spectrum', 'spectrum'], 'squares'),
      node('MatMul', ['squares', matrix('filters', 2 * bins, melBins, doubledFilters(melBins))], 'mel64'),
      node('Cast', ['mel64'], 'mel32', to(TensorProto_DataType.FLOAT)),
      node('Max', ['mel32', number('floor', 1e-10)], 'floored'),
      node('Log', ['floored'], 'natural'),
      node('Mul', ['natural', number('per_decade', 1 / Math.LN10)], 'decades'),
      node('ReduceMax', ['decades'], 'loudest', intAttribute('keepdims', 0n)),
      node('Sub', ['loudest', number('range', 8)], 'threshold'),
      node('Max', ['decades', 'threshold'], 'limited'),
      node('Add', ['limited', number('four', 4)], 'shifted'),
      node('Mul', ['shifted', number('quarter', 0.25)], 'scaled'),
      node('Transpose', ['scaled'], 'by_bin', intsAttribute('perm', [1n, 0n])),
      node('Unsqueeze', ['by_bin', first], 'mel'),
    ],
    initializer,
    input: [floatValue('samples', [1, 'samples'])],
    output: [floatValue('mel', [1, melBins, 'frames'])],
  });
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: '', version: 18n })];
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 9n, producerName: 'earmark', opsetImport, graph }),
  );
}

/** [400, 402]: the windowed cosines of all 201 bins, then the sines. */
function fourierBasis(): Float64Array<ArrayBuffer> {
  const basis = new Float64Array(window * 2 * bins);
  for (let time = 0; time < window; time++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * time) / window);
    for (let bin = 0; bin < bins; bin++) {
      // Reduced modulo the window first, so that no angle loses digits by being large.
      const angle = (2 * Math.PI * ((time * bin) % window)) / window;
      basis[time * 2 * bins + bin] = hann * Math.cos(angle);
      basis[time * 2 * bins + bins + bin] = hann * Math.sin(angle);
    }
  }
  return basis;
}

/** [402, mel bins]: slaney's triangles twice, so that their product also adds the squared cosines and sines. */
function doubledFilters(melBins: number): Float64Array<ArrayBuffer> {
  const nyquist = sampleRate / 2;
  const corners = Array.from({ length: melBins + 2 }, (_, i) => hertzOf((melOf(nyquist) * i) / (melBins + 1)));
  const filters = new Float64Array(2 * bins * melBins);
  for (let bin = 0; bin < bins; bin++) {
    const hertz = (nyquist * bin) / (bins - 1);
    for (let mel = 0; mel < melBins; mel++) {
      const [low, middle, high] = [corners[mel]!, corners[mel + 1]!, corners[mel + 2]!];
      const triangle = Math.max(0, Math.min((hertz - low) / (middle - low), (high - hertz) / (high - middle)));
      const value = (triangle * 2) / (high - low);
      filters[bin * melBins + mel] = value;
      filters[(bins + bin) * melBins + mel] = value;
    }
  }
  return filters;
}

/** Slaney's mel scale: linear up to 1000 Hz (15 mel), 27 mel for each factor of 6.4 above. */
function melOf(hertz: number): number {
  return hertz >= 1000 ? 15 + (27 / Math.log(6.4)) * Math.log(hertz / 1000) : (3 * hertz) / 200;
}

function hertzOf(mel: number): number {
  return mel >= 15 ? 1000 * Math.exp((Math.log(6.4) / 27) * (mel - 15)) : (200 * mel) / 3;
}
