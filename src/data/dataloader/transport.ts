/** Batches between threads: tensors change hands, the rest is copied by `postMessage`. */
import { BidsFileType } from "../../io/bids/index.ts";
import { Tensor, transfer } from "../../torch/index.ts";
import type { ImageKind, SamplePlace, TransformRecord } from "../../transforms/types.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { type AnyImage, type FieldType, LabelMap, Sample, Sample2D, ScalarImage } from "../structures/index.ts";
import { Batch } from "./batch.ts";
import type { BatchType, LoadedBatch } from "./batch-type.ts";

/** A released tensor, or null for the row of a stack. */
type TensorId = number;

interface PackedImage {
  readonly name: string;
  readonly kind: ImageKind;
  readonly affine: Float64Array;
  /** Null where the image is its row of the stack. */
  readonly tensor: TensorId | null;
}

type PackedField = { readonly name: string } & ({ readonly tensor: TensorId } | { readonly value: unknown });

interface PackedSample {
  readonly participantId: string;
  readonly sessionId: string;
  readonly place: SamplePlace;
  readonly fileTypes: readonly JsonObject[];
  readonly imagePath: readonly string[];
  readonly images: readonly PackedImage[];
  readonly fields: readonly PackedField[];
  readonly dtypes: ReadonlyMap<string, FieldType>;
  readonly history: readonly TransformRecord[];
}

interface PackedPart {
  readonly samples: readonly PackedSample[];
  readonly stacks: ReadonlyMap<string, TensorId>;
}

/** A batch, or those of a tuple or of names. */
export type PackedBatch =
  | { readonly form: "one"; readonly part: PackedPart }
  | { readonly form: "tuple"; readonly parts: readonly PackedPart[] }
  | { readonly form: "named"; readonly parts: Readonly<Record<string, PackedPart>> };

/** Takes a batch apart; its tensors leave this thread. The batch is of no use afterwards. */
export function packBatch(batch: LoadedBatch): PackedBatch {
  if (batch instanceof Batch) return { form: "one", part: packPart(batch) };
  const parts = Object.entries(batch).map(([name, part]: [string, Batch<Sample>]) => [name, packPart(part)] as const);
  if (Array.isArray(batch)) return { form: "tuple", parts: parts.map(([, part]) => part) };
  return { form: "named", parts: Object.fromEntries(parts) };
}

/** Puts a batch together on this thread, which then owns its tensors. It has the form in which it was packed. */
export function unpackBatch<B extends BatchType>(packed: PackedBatch): B;
export function unpackBatch(packed: PackedBatch): LoadedBatch {
  switch (packed.form) {
    case "one":
      return unpackPart(packed.part);
    case "tuple":
      return packed.parts.map(unpackPart);
    case "named":
      return Object.fromEntries(Object.entries(packed.parts).map(([name, part]) => [name, unpackPart(part)]));
  }
}

function packPart(batch: Batch<Sample>): PackedPart {
  const stacks = batch.imageStacks();
  const samples = batch.samples.map(
    (sample): PackedSample => ({
      participantId: sample.participantId,
      sessionId: sample.sessionId,
      place: sample.place,
      fileTypes: sample.fileType.map((type) => type.toDict()),
      imagePath: sample.imagePath,
      images: [...sample.images].map(([name, { kind, affine, tensor }]) => {
        if (!stacks.has(name)) return { name, kind, affine, tensor: transfer.release(tensor) };
        tensor.dispose();
        return { name, kind, affine, tensor: null };
      }),
      fields: [...sample.fields].map(
        ([name, value]): PackedField =>
          value instanceof Tensor ? { name, tensor: transfer.release(value) } : { name, value },
      ),
      dtypes: sample.dtypes,
      history: sample.history,
    }),
  );
  return { samples, stacks: new Map([...stacks].map(([name, tensor]) => [name, transfer.release(tensor)])) };
}

function unpackPart({ samples, stacks }: PackedPart): Batch<Sample> {
  const adopted = new Map([...stacks].map(([name, id]) => [name, transfer.adopt(id).keep()]));
  const batch = new Batch(samples.map((packed, i) => unpackSample(packed, i, adopted)));
  for (const [name, stack] of adopted) batch.adoptStack(name, stack);
  return batch;
}

/** Frees the tensors of a batch that nobody wants any more. */
export function dropBatch(packed: PackedBatch): void {
  for (const id of tensorIds(packed)) transfer.adopt(id).dispose();
}

function* tensorIds(packed: PackedBatch): Iterable<TensorId> {
  if (packed.form === "one") yield* tensorIdsIn(packed.part);
  else for (const part of Object.values(packed.parts)) yield* tensorIdsIn(part);
}

function* tensorIdsIn({ samples, stacks }: PackedPart): Iterable<TensorId> {
  yield* stacks.values();
  for (const { images, fields } of samples) {
    for (const image of images) if (image.tensor !== null) yield image.tensor;
    for (const field of fields) if ("tensor" in field) yield field.tensor;
  }
}

function unpackSample(packed: PackedSample, row: number, stacks: ReadonlyMap<string, Tensor>): Sample {
  const images = new Map(packed.images.map((image) => [image.name, unpackImage(image, row, stacks)]));
  const image = images.get("image");
  if (image === undefined || image.kind !== "scalar")
    throw new ConfigError(`(${packed.participantId}, ${packed.sessionId}): a sample came without its image.`);
  images.delete("image");
  const { participantId, sessionId, imagePath, place } = packed;
  const options = {
    image,
    images: Object.fromEntries(images),
    fields: Object.fromEntries(
      packed.fields.map((field) => [field.name, "tensor" in field ? transfer.adopt(field.tensor).keep() : field.value]),
    ),
    participantId,
    sessionId,
    imagePath,
    fileType: packed.fileTypes.map(fileTypeOf),
  };
  const sample = place.sampleType === "slice" ? new Sample2D({ ...options, place }) : new Sample({ ...options, place });
  sample.dtypes = packed.dtypes;
  sample.history = packed.history;
  return sample;
}

function unpackImage(
  { name, kind, affine, tensor }: PackedImage,
  row: number,
  stacks: ReadonlyMap<string, Tensor>,
): AnyImage {
  const own = tensor === null ? stacks.get(name)?.select(0, row).keep() : transfer.adopt(tensor).keep();
  if (own === undefined) throw new ConfigError(`The image '${name}' came without its tensor.`);
  return kind === "scalar" ? new ScalarImage(own, affine) : new LabelMap(own, affine);
}

const fileTypes = new Map<string, BidsFileType>();

/** The same object for the same type: thousands of samples share a handful. */
function fileTypeOf(dict: JsonObject): BidsFileType {
  const key = JSON.stringify(dict);
  let type = fileTypes.get(key);
  if (type === undefined) {
    type = BidsFileType.fromDict(dict);
    fileTypes.set(key, type);
  }
  return type;
}
