import type { ProductBits } from '../../protocol/model';
import type { Pack } from './pack';

/** How large a part of a pack is. */
export interface PartWeights {
  readonly parameters: number;
  /** Bytes of the weights as they run. */
  readonly memoryBytes: number;
  /** Bytes of those that stand in the graph's own file, as they run: they are in memory twice while it is loaded. */
  readonly inGraphBytes: number;
  readonly bits: ProductBits;
}

export type Part = 'features' | 'encoder' | 'adapter' | 'embeddings' | 'cross' | 'decoder';

/** What a precision is called, in packs of the recipes and in exports, and what a weight takes in its file and beyond. */
interface Format {
  readonly names: RegExp;
  /** With the scales of blocks. */
  readonly storedBits: number;
  readonly bits: ProductBits;
}

const float32: Format = { names: /float32|fp32/, storedBits: 32, bits: 32 };
/** The first that is named counts. */
const formats: readonly Format[] = [
  { names: /4-bit|int4|bnb4|q4/, storedBits: 4.5, bits: 4 },
  { names: /8-bit|int8|quantized/, storedBits: 8.5, bits: 8 },
  // A processor runs float16 weights as float32.
  { names: /float16|fp16/, storedBits: 16, bits: 32 },
];

/** The parts of a pack: as it says of them, else reckoned from the size of their files and their precision. */
export function weightsOf(pack: Pack): ReadonlyMap<Part, PartWeights> {
  return new Map(graphsOf(pack).map(([part, graph]) => [part, partWeights(pack, part, graph)]));
}

/** The file of each part's graph. */
function graphsOf(pack: Pack): [Part, string][] {
  const parts: Partial<Record<Part, { readonly file: string }>> = {
    features: pack.frontEnd,
    encoder: pack.encoder,
    ...(pack.family === 'prefix'
      ? { ...(pack.adapter && { adapter: pack.adapter }), embeddings: pack.embeddings }
      : 'file' in pack.cross && { cross: pack.cross }),
    decoder: pack.decoder,
  };
  return Object.entries(parts).map(([part, { file }]) => [part as Part, file]);
}

function partWeights(pack: Pack, part: Part, graph: string): PartWeights {
  const { storedBits, bits } = formatOf(pack.precision[part] ?? pack.precision['decoder'] ?? '');
  // What stands in a graph as blocks stays so, the rest is float32.
  const widening = bits === 32 ? 32 / storedBits : 1;
  // Weights beside a graph are in files whose names begin with its own.
  const files = pack.files.filter(({ path }) => path.startsWith(graph));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const inGraphBytes = files.filter(({ path }) => path === graph).reduce((sum, file) => sum + file.bytes, 0) * widening;
  const said = pack.parts?.[part] ?? { parameters: (bytes * 8) / storedBits, memoryBytes: bytes * widening };
  return { ...said, inGraphBytes, bits };
}

function formatOf(precision: string): Format {
  const format = formats.find(({ names }) => names.test(precision)) ?? float32;
  // Stored in blocks, and unfolded when it is loaded.
  return precision.includes('runs in float32') ? { ...format, bits: 32 } : format;
}
