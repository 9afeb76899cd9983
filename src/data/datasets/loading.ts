import type { BidsFileType } from "../../io/bids/index.ts";
import { type ParticipantRow, pairKey } from "../../io/tsv/index.ts";
import * as torch from "../../torch/index.ts";
import type { TransformsHandler } from "../../transforms/index.ts";
import { Rng } from "../../transforms/types.ts";
import { type AnyImage, DataPoint, type FieldType, Sample, Sample2D, type ScalarImage } from "../structures/index.ts";
import type { ImageCache } from "./image-cache.ts";
import { named } from "./named-error.ts";
import type { RowFiles } from "./sources.ts";

/** What it takes to make samples out of one row. */
export interface LoadingContext {
  readonly fileType: BidsFileType;
  readonly transforms: TransformsHandler;
  readonly columns: readonly string[];
  readonly dtypes: ReadonlyMap<string, FieldType>;
  readonly cache: ImageCache;
  /** How many rows the dataset has. */
  readonly rows: number;
  /** Reads the files of a row. */
  readonly read: (files: RowFiles) => {
    readonly images: Readonly<Record<string, AnyImage>>;
    readonly fields: Readonly<Record<string, unknown>>;
  };
}

export interface LoadingKeys {
  readonly seed: number;
  readonly epoch: number;
  /** The number of the sample in its dataset. */
  readonly index: number;
}

/**
 * Makes one sample: read, image transforms, extraction, sample transforms, augmentations (if `augment`).
 * Everything random follows from the keys. The sample's tensors belong to the caller.
 */
export function loadSample(
  context: LoadingContext,
  row: ParticipantRow,
  files: RowFiles,
  indexInImage: number,
  keys: LoadingKeys,
  augment: boolean,
): Sample {
  return namingRow(row, () => {
    using _scope = torch.scope();
    const { transforms } = context;
    const rng = new Rng(keys.seed, keys.epoch, keys.index);
    const loaded = loadTransformed(context, row, files, rng);
    let { point } = loaded;
    const place = transforms.extract(point, indexInImage);
    // of a patch, only the patch is copied
    ownAll(point, loaded.borrowed);
    point = transforms.applySampleTransforms(point, rng);
    if (augment) point = transforms.applyAugmentations(point, rng);

    const { images, fields, dtypes, participantId, sessionId } = point;
    const { image, ...others } = Object.fromEntries(images);
    const options = {
      image: image as ScalarImage,
      images: others,
      fields: Object.fromEntries(fields),
      participantId,
      sessionId,
      fileType: context.fileType,
      imagePath: files.image,
    };
    const sample =
      place.sampleType === "slice" ? new Sample2D({ ...options, place }) : new Sample({ ...options, place });
    sample.dtypes = dtypes;
    sample.history = point.history;
    for (const tensor of sample.tensors()) tensor.keep();
    return sample;
  });
}

/** The number of samples in the image of a row; it is read and transformed for that. */
export function countSamples(context: LoadingContext, row: ParticipantRow, files: RowFiles, keys: LoadingKeys): number {
  return namingRow(row, () => {
    using _scope = torch.scope();
    const { point } = loadTransformed(context, row, files, new Rng(keys.seed, keys.epoch, keys.index));
    return context.transforms.extraction.numSamplesPerImage({
      participantId: point.participantId,
      sessionId: point.sessionId,
      spatialShape: point.image.spatialShape,
    });
  });
}

interface Loaded {
  readonly point: DataPoint;
  /** The memory that belongs to the cache: `storageId` of tensors. */
  readonly borrowed: ReadonlySet<bigint>;
}

/** A data point with the images after the image transforms, from the cache where they are there. */
function loadTransformed(context: LoadingContext, row: ParticipantRow, files: RowFiles, rng: Rng): Loaded {
  const { cache, transforms, columns, dtypes } = context;
  const key = pairKey(row);
  const toPoint = ({ image, ...images }: Record<string, AnyImage>): DataPoint => {
    const fields = Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
    const point = new DataPoint({
      image: image as ScalarImage,
      images,
      fields,
      participantId: row.participant_id,
      sessionId: row.session_id,
    });
    point.dtypes = dtypes;
    return point;
  };
  const cached = cache.get(key);
  if (cached !== null) {
    const point = toPoint(Object.fromEntries(cached.images));
    for (const [name, value] of cached.fields) point.setField(name, value);
    point.history = cached.history;
    return { point: others(transforms, point, cached.borrowed, rng), borrowed: cached.borrowed };
  }
  const { images, fields } = context.read(files);
  const read = toPoint(images);
  for (const [name, value] of Object.entries(fields)) read.setField(name, value);
  const point = transforms.applyFixedImageTransforms(read, rng);
  const borrowed = cache.put(key, point, transforms, columns, context.rows);
  return { point: others(transforms, point, borrowed, rng), borrowed };
}

/** The image transforms that the cache does not know. */
function others(transforms: TransformsHandler, point: DataPoint, borrowed: ReadonlySet<bigint>, rng: Rng): DataPoint {
  if (!transforms.hasRandomImageTransforms) return point;
  ownAll(point, borrowed);
  return transforms.applyOtherImageTransforms(point, rng);
}

/** Copies what is the cache's memory: transforms of one's own, and who gets the sample, may write into it. */
function ownAll(point: DataPoint, borrowed: ReadonlySet<bigint>): void {
  if (borrowed.size === 0) return;
  for (const image of point.images.values()) {
    if (borrowed.has(image.tensor.storageId())) image.tensor = image.tensor.clone();
  }
  for (const [name, value] of point.fields) {
    if (value instanceof torch.Tensor && borrowed.has(value.storageId())) point.setField(name, value.clone());
  }
}

/** Says whose data it was when something goes wrong. */
function namingRow<T>(row: ParticipantRow, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw named(row, error);
  }
}
