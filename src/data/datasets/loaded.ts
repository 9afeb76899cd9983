/** What `load` of a dataset of one's own gives, and the sample that becomes of it. */
import { Tensor } from "../../torch/index.ts";
import type { Rng } from "../../transforms/types.ts";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import {
  type AnyImage,
  aliasOf,
  DataPoint,
  type FieldType,
  LabelMap,
  Sample,
  ScalarImage,
} from "../structures/index.ts";

/** For what a sample is loaded. */
export interface LoadContext {
  /** Whether it may be changed at random: in training. */
  readonly augment: boolean;
  /** What is random is drawn from it: it follows from seed, epoch and the number of the sample. */
  readonly rng: Rng;
}

/** The parts of a sample, by name: its image, masks and other images, and everything else. */
export interface LoadedParts {
  /** A tensor (C, D, H, W), an image with its affine, or the path of a NIfTI file. */
  readonly image: Tensor | ScalarImage | string;
  readonly [name: string]: unknown;
}

/** What `load` gives: the parts of a sample, a data point, or only the image as a tensor (C, D, H, W). */
export type Loaded = LoadedParts | DataPoint | Tensor;

/** Whose sample it is, and what is known of it. */
export interface SampleOwner {
  readonly participantId: string;
  readonly sessionId: string;
  readonly columns: Readonly<Record<string, unknown>>;
  readonly dtypes: ReadonlyMap<string, FieldType>;
}

/**
 * A sample with objects of its own, which share the memory of what `load` gave: a dataset may keep that for the next epoch.
 * Call it in a scope.
 * @throws ConfigError, ImageError when it is no sample.
 */
export function toSample(loaded: Loaded, owner: SampleOwner): Sample {
  const { participantId, sessionId, columns, dtypes } = owner;
  if (loaded instanceof DataPoint) {
    if (loaded.participantId !== participantId || loaded.sessionId !== sessionId) {
      throw new ConfigError(`load gave the data of ${loaded.who}, and row says that they are another's.`);
    }
    const sample =
      loaded instanceof Sample ? loaded.copy() : fromParts(Object.fromEntries(loaded.images), loaded.fields, owner);
    for (const [name, image] of sample.images) sample.images.set(name, aliasOf(image));
    for (const [name, value] of sample.fields) sample.fields.set(name, aliased(value));
    for (const [name, value] of Object.entries(columns)) if (!has(sample, name)) sample.setField(name, value);
    sample.dtypes = new Map([...dtypes, ...sample.dtypes]);
    return sample;
  }
  const { image, ...others }: LoadedParts = loaded instanceof Tensor ? { image: loaded } : checkParts(loaded);
  const images: Record<string, AnyImage> = { image: toImage(image) };
  const fields = new Map(Object.entries(columns));
  for (const [name, value] of Object.entries(others)) {
    if (IDENTITY.includes(name)) throw new ConfigError(`load gave '${name}', which row says. Leave it out.`);
    fields.delete(name);
    if (value instanceof ScalarImage || value instanceof LabelMap) images[name] = aliasOf(value);
    else fields.set(name, aliased(value));
  }
  const sample = fromParts(images, fields, owner);
  // a column that load replaced is no column any more
  sample.dtypes = new Map([...dtypes].filter(([name]) => !Object.hasOwn(others, name)));
  return sample;
}

const IDENTITY: readonly string[] = ["participantId", "sessionId", "participant_id", "session_id"];

function fromParts(
  { image, ...images }: Readonly<Record<string, AnyImage>>,
  fields: ReadonlyMap<string, unknown>,
  { participantId, sessionId }: SampleOwner,
): Sample {
  if (!(image instanceof ScalarImage)) throw new ConfigError("load gave a label map as the image. Give a ScalarImage.");
  return new Sample({ image, images, fields: Object.fromEntries(fields), participantId, sessionId });
}

function aliased(value: unknown): unknown {
  return value instanceof Tensor ? value.alias() : value;
}

function has(sample: Sample, name: string): boolean {
  return sample.images.has(name) || sample.hasField(name);
}

function checkParts(loaded: unknown): LoadedParts {
  if (isParts(loaded)) return loaded;
  throw new ConfigError(
    `load gave ${show(loaded)}. Expected { image, … } with a tensor (C, D, H, W), an image or a path as the image; a data point; or a tensor.`,
  );
}

function isParts(value: unknown): value is LoadedParts {
  if (typeof value !== "object" || value === null || !("image" in value)) return false;
  const { image } = value;
  return typeof image === "string" || image instanceof Tensor || image instanceof ScalarImage;
}

function toImage(image: LoadedParts["image"]): ScalarImage {
  if (typeof image === "string") return ScalarImage.read(image);
  return image instanceof Tensor ? new ScalarImage(image.alias()) : new ScalarImage(image.tensor.alias(), image.affine);
}

/** The tensors of what `load` gave, which the sample shares the memory of. */
export function* tensorsOf(loaded: Loaded): Iterable<Tensor> {
  if (loaded instanceof Tensor) yield loaded;
  else if (loaded instanceof DataPoint) yield* loaded.tensors();
  else {
    for (const value of Object.values(loaded)) {
      if (value instanceof Tensor) yield value;
      else if (value instanceof ScalarImage || value instanceof LabelMap) yield value.tensor;
    }
  }
}
