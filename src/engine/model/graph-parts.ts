import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';

/** An input or output of float32; a name stands for a size that varies. */
export function floatValue(name: string, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof size === 'number' ? { case: 'dimValue', value: BigInt(size) } : { case: 'dimParam', value: size },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: TensorProto_DataType.FLOAT,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

/** A constant vector of int64, as the axes of a reduction and the ends of a slice want it. */
export function int64Constant(name: string, ...values: readonly bigint[]): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: [BigInt(values.length)],
    dataType: TensorProto_DataType.INT64,
    int64Data: [...values],
  });
}

/** A constant float32 [1]. */
export function floatConstant(name: string, value: number): TensorProto {
  return create(TensorProtoSchema, { name, dims: [1n], dataType: TensorProto_DataType.FLOAT, floatData: [value] });
}

export function intAttribute(name: string, value: bigint): AttributeProto {
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: value });
}

export function intsAttribute(name: string, values: readonly bigint[]): AttributeProto {
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: [...values] });
}

export function stringAttribute(name: string, value: string): AttributeProto {
  const s = new TextEncoder().encode(value);
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
}

/**
 * The bytes of a model that is one graph of ONNX's own operators.
 *
 * @param domains whose operators, in their first version, are used beside them
 */
export function modelBytes(graph: GraphProto, ...domains: readonly string[]): Uint8Array {
  const opsetImport = [
    create(OperatorSetIdProtoSchema, { domain: '', version: 18n }),
    ...domains.map((domain) => create(OperatorSetIdProtoSchema, { domain, version: 1n })),
  ];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph }));
}
