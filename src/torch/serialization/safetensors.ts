import type { Tensor } from "../tensor.ts";
import { itemSize } from "../types.ts";
import { openSource } from "./byte-source.ts";
import { NotSerializableError } from "./errors.ts";
import { checkOptions } from "./options.ts";
import { readTensor } from "./read-tensor.ts";
import { nameOfDType, readHeader } from "./safetensors-header.ts";
import { writeWhole } from "./write-whole.ts";

/** Named tensors and a few words of text, as a safetensors file holds them. */
export interface SafeTensors {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Named tensors as the bytes of a safetensors file, in chunks (see https://github.com/huggingface/safetensors).
 * Tensors are written contiguous, the widest types first, so that each is aligned to its own size.
 * @example
 * ```ts
 * using weight = torch.ones([2]);
 * const chunks = [...torch.safetensorsChunks(new Map([["weight", weight]]))];
 * using scope = torch.scope();
 * console.log(torch.loadSafetensors(new Uint8Array(Buffer.concat(chunks))).tensors.size); // → 1
 * ```
 */
export function* safetensorsChunks(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array, void> {
  const entries = [...tensors].sort(
    ([a, s], [b, t]) => itemSize(t.dtype) - itemSize(s.dtype) || (a < b ? -1 : Number(a > b)),
  );
  // pairs, because an object would lose a tensor with the name __proto__
  const header: [string, unknown][] = [];
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string")
      throw new NotSerializableError(`safetensors: the metadata '${key}' is a ${typeof value}; it must be text.`);
  }
  if (Object.keys(metadata).length > 0) header.push(["__metadata__", metadata]);
  let offset = 0;
  for (const [name, tensor] of entries) {
    const dtype = nameOfDType.get(tensor.dtype);
    if (dtype === undefined)
      throw new NotSerializableError(`safetensors has no type for '${name}' of dtype ${tensor.dtype}.`);
    if (name === "__metadata__") throw new NotSerializableError("safetensors reserves the name '__metadata__'.");
    const end = offset + tensor.numel() * itemSize(tensor.dtype);
    header.push([name, { dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = header.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",");
  const text = new TextEncoder().encode(`{${json}}`);
  // spaces up to a multiple of 8, so that the data is aligned
  const length = Math.ceil(text.byteLength / 8) * 8;
  const head = new Uint8Array(8 + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(text, 8);
  yield head;
  for (const [, tensor] of entries) yield tensor.toBytes();
}

/**
 * Saves named tensors in the safetensors format; the file appears whole or not at all.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * torch.saveSafetensors(layer.stateDict(), "model.safetensors", { metadata: { format: "pt" } });
 * using scope = torch.scope();
 * console.log(torch.loadSafetensors("model.safetensors").metadata); // → { format: 'pt' }
 * ```
 */
export function saveSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  path: string,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): void {
  checkOptions("torch.saveSafetensors", options, ["metadata"]);
  writeWhole(path, safetensorsChunks(tensors, options.metadata));
}

/**
 * Reads a safetensors file, given as its path or its bytes. The tensors belong to the open scope, or to the caller. The
 * header is held to the format before anything else: tensors that overlap, bytes that belong to none, a key that stands
 * twice or metadata that is not text are errors ({@link DamagedTensorFileError}, {@link TensorFileFormatError}).
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * torch.saveSafetensors(layer.stateDict(), "model.safetensors");
 * using scope = torch.scope();
 * const { tensors } = torch.loadSafetensors("model.safetensors");
 * layer.loadStateDict(tensors);
 * console.log([...tensors.keys()]); // → [ 'bias', 'weight' ]
 * ```
 */
export function loadSafetensors(input: string | Uint8Array, options: { mapLocation?: string } = {}): SafeTensors {
  checkOptions("torch.loadSafetensors", options, ["mapLocation"]);
  using source = openSource(input);
  const { entries, metadata } = readHeader(source);
  const tensors = new Map<string, Tensor>();
  try {
    for (const { name, dtype, shape, start, size } of entries) {
      tensors.set(name, readTensor(source, { start, size }, dtype, shape, options.mapLocation ?? "cpu"));
    }
  } catch (error) {
    for (const tensor of tensors.values()) tensor.dispose();
    throw error;
  }
  return { tensors, metadata };
}
