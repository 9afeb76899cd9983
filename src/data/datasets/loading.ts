import type { BidsFileType } from "../../io/bids/index.ts";
import { type ParticipantRow, pairKey } from "../../io/tsv/index.ts";
import * as torch from "../../torch/index.ts";
import {
  type Cut,
  type ImageOutline,
  isRandomExtraction,
  type Region,
  type TransformsHandler,
} from "../../transforms/index.ts";
import { transformToJson } from "../../transforms/like.ts";
import { Rng } from "../../transforms/types.ts";
import type { JsonObject } from "../../utils/config.ts";
import { type AnyImage, DataPoint, type FieldType, Sample, Sample2D, type ScalarImage } from "../structures/index.ts";
import type { CachedImages, NamedImages } from "./cached-images.ts";
import { entryKey } from "./disk/key.ts";
import type { CachedRow, ImageCache } from "./image-cache.ts";
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
  /** What decides how files are read, beside the files. */
  readonly reading: JsonObject;
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
  /** Which of its copies in the epoch; 0 where there is one. */
  readonly copy: number;
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
    const rng = drawingOf(keys);
    const cut = transforms.cutOf(indexInImage, augment ? cuttingOf(keys) : null);
    const lend = isAllCached(context) && transforms.leavesImages(augment);
    const loaded = loadTransformed(context, row, files, rng, cut, lend);
    let { point } = loaded;
    const place = cut.extract(point, loaded.whole);
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
    return sample.keep();
  });
}

/** From what a sample draws: a first copy as if there were no others. */
export function drawingOf({ seed, epoch, index, copy }: LoadingKeys): Rng {
  return copy === 0 ? new Rng(seed, epoch, index) : new Rng(seed, epoch, index, copy);
}

/** From what an extraction draws where it cuts: a stream of its own, so that it can be known before anything is read. */
function cuttingOf({ seed, epoch, index, copy }: LoadingKeys): Rng {
  return new Rng(seed, epoch, index, copy, CUTTING);
}
const CUTTING = 1;

/**
 * The number of samples in the image of a row; it is read and transformed for that, unless its size is known on disk, or the number
 * does not depend on it.
 */
export function countSamples(
  context: LoadingContext,
  row: ParticipantRow,
  files: RowFiles,
  keys: LoadingKeys,
  training: boolean,
): number {
  const { cache, transforms } = context;
  if (training && isRandomExtraction(transforms.extraction)) return transforms.extraction.numSamples;
  return namingRow(row, () => {
    using _scope = torch.scope();
    const rng = drawingOf(keys);
    const known = isAllCached(context) ? cache.shapeOf(rowOf(context, row, files)) : null;
    const spatialShape = known ?? loadTransformed(context, row, files, rng, null, false).point.image.spatialShape;
    const { participant_id: participantId, session_id: sessionId } = row;
    return transforms.numSamplesPerImage({ participantId, sessionId, spatialShape }, training);
  });
}

interface Loaded extends Pick<CachedImages, "whole" | "borrowed"> {
  readonly point: DataPoint;
}

/**
 * A data point with the images after the image transforms, from the cache where they are there.
 * @param cut how a sample is to be cut out: of images on disk, only what it needs may be read; null: all.
 * @param lend whether nothing looks at the tensors before the sample is made: those of a cache are then copied when somebody does.
 */
function loadTransformed(
  context: LoadingContext,
  row: ParticipantRow,
  files: RowFiles,
  rng: Rng,
  cut: Cut | null,
  lend: boolean,
): Loaded {
  const { cache, transforms, columns, dtypes } = context;
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
  const { participant_id: participantId, session_id: sessionId } = row;
  const wanted = (spatialShape: ImageOutline["spatialShape"], images: NamedImages): Region | null => {
    if (cut === null || !isAllCached(context)) return null;
    const who = { participantId, sessionId };
    return cut.regionOf({ ...who, spatialShape }, { ...who, namedImages: () => images });
  };
  const cachedRow = rowOf(context, row, files);
  const cached = cache.get(cachedRow, wanted, lend);
  if (cached !== null) {
    const point = toPoint(Object.fromEntries(cached.images));
    for (const [name, value] of cached.fields) point.setField(name, value);
    point.history = cached.history;
    const { borrowed, whole } = cached;
    return { point: others(context, point, borrowed, rng), borrowed, whole };
  }
  const { images, fields } = context.read(files);
  const read = toPoint(images);
  for (const [name, value] of Object.entries(fields)) read.setField(name, value);
  const point = transforms.applyFirstImageTransforms(read, rng, cachedTransforms(context));
  const borrowed = cache.put(cachedRow, point, transforms, columns, context.rows);
  return { point: others(context, point, borrowed, rng), borrowed, whole: null };
}

/** How many of the image transforms are in what is cached. */
function cachedTransforms({ cache, transforms }: LoadingContext): number {
  return transforms.fixedImageTransforms({ ofPackage: cache.isOnDisk });
}

function isAllCached(context: LoadingContext): boolean {
  return cachedTransforms(context) === context.transforms.imageTransforms.length;
}

function rowOf(context: LoadingContext, row: ParticipantRow, files: RowFiles): CachedRow {
  const { transforms, columns, reading } = context;
  let diskKey: string | undefined;
  return {
    key: pairKey(row),
    source: files.image,
    // of the files as they were before they were read
    diskKey: () =>
      (diskKey ??= entryKey({
        files,
        reading,
        transforms: transforms.imageTransforms.slice(0, cachedTransforms(context)).map(transformToJson),
        columns: columns.map((column) => [column, row[column] ?? null]),
      })),
  };
}

/** The image transforms that the cache does not know. */
function others(context: LoadingContext, point: DataPoint, borrowed: ReadonlySet<bigint>, rng: Rng): DataPoint {
  if (isAllCached(context)) return point;
  ownAll(point, borrowed);
  return context.transforms.applyOtherImageTransforms(point, rng, cachedTransforms(context));
}

/** Copies what is the cache's memory: transforms of one's own, and who gets the sample, may write into it. */
function ownAll(point: DataPoint, borrowed: ReadonlySet<bigint>): void {
  if (borrowed.size === 0) return;
  for (const image of point.images.values()) {
    if (!image.isLent && borrowed.has(image.tensor.storageId())) image.tensor = image.tensor.clone();
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
