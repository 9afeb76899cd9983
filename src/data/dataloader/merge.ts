/** The samples of a tuple as one sample: what `MergeBatchesCollate` describes. */
import { isDeepStrictEqual } from "node:util";
import * as torch from "../../torch/index.ts";
import { Tensor } from "../../torch/index.ts";
import type { SamplePlace } from "../../transforms/types.ts";
import { show } from "../../utils/config.ts";
import { ConfigError, ImageError } from "../../utils/exceptions.ts";
import { type AnyImage, type FieldType, LabelMap, Sample, Sample2D, ScalarImage } from "../structures/index.ts";

/** Voxel sizes that differ by less than this share are the same. */
const RELATIVE_TOLERANCE = 1e-3;

/**
 * One sample with new tensors, which belong to the caller; those of the samples stay as they are.
 * @throws ConfigError, ImageError naming participant, session and field when they cannot be merged.
 */
export function mergeSamples(samples: readonly Sample[], ignore: readonly string[] = []): Sample {
  const [first] = samples;
  if (first === undefined) throw new ConfigError("MergeBatchesCollate: an item has no samples.");
  checkSame(first, samples);
  using _scope = torch.scope();
  const images: Record<string, AnyImage> = {};
  const fields: Record<string, unknown> = {};
  for (const name of namesOf(samples)) {
    if (ignore.includes(name)) continue;
    const having = samples.filter((sample) => sample.images.has(name) || sample.fields.has(name));
    const named = having.flatMap((sample) => sample.images.get(name) ?? []);
    if (named.length === 0) {
      fields[name] = mergeValues(
        first.who,
        name,
        having.map((sample) => sample.fields.get(name)),
      );
    } else if (named.length === having.length) images[name] = joinImages(first.who, name, named);
    else {
      throw new ConfigError(
        `${first.who}: '${name}' is an image in one sample of the tuple, and none in another. Rename it, or leave it out: new MergeBatchesCollate({ ignore: ["${name}"] }).`,
      );
    }
  }
  const merged = build(first, samples, images, fields);
  merged.dtypes = mergeTypes(samples);
  // what was done to one and not to the other was not done to the merged one
  merged.history = samples.every((sample) => isDeepStrictEqual(sample.history, first.history)) ? first.history : [];
  return merged.keep();
}

function build(
  first: Sample,
  samples: readonly Sample[],
  { image, ...others }: Readonly<Record<string, AnyImage>>,
  fields: Readonly<Record<string, unknown>>,
): Sample {
  if (!(image instanceof ScalarImage)) throw new ConfigError(`${first.who}: the images of a tuple are label maps.`);
  const { participantId, sessionId, place } = first;
  const fileType = samples.flatMap((sample) => sample.fileType);
  const imagePath = samples.flatMap((sample) => sample.imagePath);
  const options = { image, images: others, fields, participantId, sessionId, fileType, imagePath };
  return isSlice(place) ? new Sample2D({ ...options, place }) : new Sample({ ...options, place });
}

function isSlice(place: SamplePlace): place is SamplePlace & { readonly sampleType: "slice" } {
  return place.sampleType === "slice";
}

function namesOf(samples: readonly Sample[]): ReadonlySet<string> {
  return new Set(samples.flatMap((sample) => [...sample.images.keys(), ...sample.fields.keys()]));
}

/** @throws ConfigError for samples of different participants, sessions, kinds or places. */
function checkSame(first: Sample, samples: readonly Sample[]): void {
  const refuse = (what: string, a: unknown, b: unknown): never => {
    throw new ConfigError(
      `${first.who}: the samples of a tuple can only be merged where they have the same ${what}: one has ${show(a)}, another ${show(b)}. Leave collateFn out to get a tuple of batches.`,
    );
  };
  for (const sample of samples) {
    if (sample.participantId !== first.participantId)
      refuse("participant_id", first.participantId, sample.participantId);
    if (sample.sessionId !== first.sessionId) refuse("session_id", first.sessionId, sample.sessionId);
    if (sample.sampleType !== first.sampleType) refuse("sample_type", first.sampleType, sample.sampleType);
    if (!isDeepStrictEqual(sample.samplePosition, first.samplePosition))
      refuse("sample_position", first.samplePosition, sample.samplePosition);
    if (!(sample instanceof Sample2D && first instanceof Sample2D)) continue;
    if (sample.sliceDirection !== first.sliceDirection)
      refuse("slice_direction", first.sliceDirection, sample.sliceDirection);
    if (sample.squeeze !== first.squeeze) refuse("squeeze", first.squeeze, sample.squeeze);
  }
}

/** Channel by channel, where the first one is. Label maps only where all are. @throws ImageError */
function joinImages(who: string, name: string, images: readonly AnyImage[]): AnyImage {
  const [first, ...others] = images;
  if (first === undefined) throw new ConfigError(`${who}: '${name}' is in no sample.`);
  for (const image of others) {
    const sameSpacing = first.spacing.every(
      (size, axis) =>
        Math.abs(size - (image.spacing[axis] ?? Number.NaN)) <= 1e-8 + RELATIVE_TOLERANCE * (image.spacing[axis] ?? 0),
    );
    const differ = (what: string, a: readonly number[], b: readonly number[]): never => {
      throw new ImageError(
        `${who}: '${name}' cannot be joined along the channels: one has ${what} ${a.join("×")}, another ${b.join("×")}. Bring them onto one grid (Resample, CropOrPad).`,
      );
    };
    if (!sameSpacing) differ("voxels of", first.spacing, image.spacing);
    if (image.spatialShape.join() !== first.spatialShape.join())
      differ("the shape", first.spatialShape, image.spatialShape);
  }
  const tensor =
    others.length === 0
      ? first.tensor.alias()
      : torch.cat(
          images.map((image) => image.tensor),
          0,
        );
  return images.every((image) => image.kind === "label")
    ? new LabelMap(tensor, first.affine)
    : new ScalarImage(tensor, first.affine);
}

function mergeValues(who: string, name: string, values: readonly unknown[]): unknown {
  const tensors = values.filter((value) => value instanceof Tensor);
  if (tensors.length === values.length) {
    const shape = tensors[0]?.shape.join();
    if (tensors.every((tensor) => tensor.shape.join() === shape)) return torch.stack(tensors, 0);
    const shapes = tensors.map((tensor) => `(${tensor.shape.join(", ")})`).join(" and ");
    throw new ConfigError(
      `${who}: the tensors '${name}' of a tuple have the shapes ${shapes}, and cannot be stacked. Leave the field out: new MergeBatchesCollate({ ignore: ["${name}"] }).`,
    );
  }
  if (tensors.length > 0)
    throw new ConfigError(`${who}: '${name}' is a tensor in one sample of the tuple, and none in another.`);
  const [first] = values;
  return values.every((value) => isDeepStrictEqual(value, first)) ? first : values;
}

/** Of a column that one dataset holds as int64 and another as float64, float64; what makes one of them text, does so. */
function mergeTypes(samples: readonly Sample[]): ReadonlyMap<string, FieldType> {
  const types = new Map<string, FieldType>();
  for (const { dtypes } of samples) {
    for (const [name, type] of dtypes) {
      const known = types.get(name);
      if (known === undefined || known === type) types.set(name, type);
      else if (typeof known === "object" || typeof type === "object")
        types.set(name, typeof known === "object" ? known : type);
      else types.set(name, "float64");
    }
  }
  return types;
}
