import { basename } from "node:path";
import { fromBytes } from "../creation.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, itemSize } from "../types.ts";
import { type ByteSource, openSource } from "./byte-source.ts";
import { DamagedTensorFileError, NotSerializableError, TensorFileFormatError } from "./errors.ts";
import { writeWhole } from "./save.ts";

/** safetensors' names of the types. */
const NAMES: readonly (readonly [DType, string])[] = [
  ["float64", "F64"],
  ["float32", "F32"],
  ["float16", "F16"],
  ["bfloat16", "BF16"],
  ["int64", "I64"],
  ["int32", "I32"],
  ["int16", "I16"],
  ["int8", "I8"],
  ["uint8", "U8"],
  ["bool", "BOOL"],
  ["complex64", "C64"],
];
const nameOf = new Map<string, string>(NAMES);
const dtypeOf = new Map<string, DType>(NAMES.map(([dtype, name]) => [name, dtype]));

/** Named tensors and a few words of text, as a safetensors file holds them. */
export interface SafeTensors {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Named tensors as the bytes of a safetensors file, in chunks (see https://github.com/huggingface/safetensors).
 * Tensors are written contiguous, the widest types first, so that each is aligned to its own size.
 */
export function* safetensorsChunks(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array, void> {
  const entries = [...tensors].sort(
    ([a, s], [b, t]) => itemSize(t.dtype) - itemSize(s.dtype) || (a < b ? -1 : Number(a > b)),
  );
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  for (const [name, tensor] of entries) {
    const dtype = nameOf.get(tensor.dtype);
    if (dtype === undefined)
      throw new NotSerializableError(`safetensors has no type for '${name}' of dtype ${tensor.dtype}.`);
    if (name === "__metadata__") throw new NotSerializableError("safetensors reserves the name '__metadata__'.");
    const end = offset + tensor.numel() * itemSize(tensor.dtype);
    header[name] = { dtype, shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // spaces up to a multiple of 8, so that the data is aligned
  const length = Math.ceil(text.byteLength / 8) * 8;
  const head = new Uint8Array(8 + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(text, 8);
  yield head;
  for (const [, tensor] of entries) yield tensor.toBytes();
}

/** Saves named tensors in the safetensors format; the file appears whole or not at all. */
export function saveSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  path: string,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): void {
  writeWhole(path, safetensorsChunks(tensors, options.metadata));
}

/** Reads a safetensors file, given as its path or its bytes. The tensors belong to the open scope, or to the caller. */
export function loadSafetensors(input: string | Uint8Array, options: { mapLocation?: string } = {}): SafeTensors {
  using source = openSource(input);
  const { header, start } = readHeader(source);
  const tensors = new Map<string, Tensor>();
  let metadata: Readonly<Record<string, string>> = {};
  try {
    for (const [name, entry] of Object.entries(header)) {
      if (name === "__metadata__") metadata = entry as Record<string, string>;
      else tensors.set(name, readTensor(source, start, name, entry, options.mapLocation ?? "cpu"));
    }
  } catch (error) {
    for (const tensor of tensors.values()) tensor.dispose();
    throw error;
  }
  return { tensors, metadata };
}

function readHeader(source: ByteSource): { header: Record<string, unknown>; start: number } {
  if (source.size < 8)
    throw new DamagedTensorFileError(source.name, `the file is cut short: it has ${source.size} bytes.`);
  const head = source.read(0, 8);
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  // the format's own limit, which also tells other files apart
  if (length > 100_000_000n) {
    throw new TensorFileFormatError(source.name, `'${basename(source.name)}' is not a safetensors file.`);
  }
  const text = new TextDecoder().decode(source.read(8, Number(length)));
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new TensorFileFormatError(source.name, "this is not a safetensors file: its header is not JSON.", { cause });
  }
  if (typeof header !== "object" || header === null) {
    throw new TensorFileFormatError(source.name, "this is not a safetensors file: its header is not an object.");
  }
  return { header: header as Record<string, unknown>, start: 8 + Number(length) };
}

function readTensor(source: ByteSource, start: number, name: string, entry: unknown, device: string): Tensor {
  const { dtype: typeName, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  const damaged = (what: string) => new DamagedTensorFileError(source.name, `the file is damaged: '${name}' ${what}.`);
  if (!isSizes(shape) || !isSizes(offsets)) throw damaged("has no shape or no place");
  const dtype = dtypeOf.get(String(typeName));
  if (dtype === undefined)
    throw new TensorFileFormatError(source.name, `'${name}' has the type '${String(typeName)}', which is not read.`);
  const [from = 0, to = 0] = offsets;
  const wanted = shape.reduce((a, b) => a * b, itemSize(dtype));
  if (to - from !== wanted) throw damaged(`has ${to - from} bytes instead of ${wanted}`);
  const onCpu = fromBytes(source.read(start + from, wanted), dtype, shape);
  if (device === "cpu") return onCpu;
  using moved = onCpu;
  return moved.to({ device });
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
}
