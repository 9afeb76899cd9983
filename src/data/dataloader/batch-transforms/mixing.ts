/** What MixUp and CutMix share: how the samples of a batch are paired, and how what they learn from is mixed. */
import { z } from "zod";
import { Tensor } from "../../../torch/index.ts";
import { type JsonObject, show } from "../../../utils/config.ts";
import { ConfigError, DataFrameError, ImageError } from "../../../utils/exceptions.ts";
import { beta, type Rng } from "../../../utils/random/index.ts";
import type { Batch } from "../batch.ts";
import { type BatchType, partsOf } from "../batch-type.ts";

/** The options of both. */
export const mixingFields = {
  /** The shape of Beta(α, α), from which the share of a sample is drawn that it keeps. Below 1, most keep nearly all of themselves, or of the other. */
  alpha: z.number().positive(),

  /** What is mixed besides the images: the fields that the model learns to predict. Default `["label"]`. */
  targets: z.array(z.string().min(1)).default(["label"]),

  /** How many classes there are, where they are numbers of classes: they become a probability for each class. Default null: they are quantities, or 0 and 1. */
  numClasses: z.int().min(2).nullable().default(null),

  /** How likely a sample is mixed at all. Default 1. */
  p: z.number().min(0).max(1).default(1),
};

export interface MixingOptions {
  readonly name_: string;
  readonly alpha: number;
  readonly targets: readonly string[];
  readonly numClasses: number | null;
  readonly p: number;
  toDict(): JsonObject;
}

/** With which other sample of its batch one is mixed, and how. */
export interface Mix {
  /** Its number in the batch. */
  readonly partner: number;
  /** Which share of the sample stays its own, from 0 to 1. */
  readonly own: number;
  /** A point of the image, as shares of its axes. */
  readonly centre: readonly [number, number, number];
}

/** Draws how the samples of a batch are mixed. */
export function drawMixes({ alpha, p }: MixingOptions, count: number, rng: Rng): readonly Mix[] {
  return rng.permutation(count).map((partner, i) => {
    const isMixed = rng.uniform() < p;
    const own = beta(rng, alpha, alpha);
    const centre: Mix["centre"] = [rng.uniform(), rng.uniform(), rng.uniform()];
    return isMixed && partner !== i ? { partner, own, centre } : { partner: i, own: 1, centre };
  });
}

/**
 * Mixes the batch, or all members of a tuple alike.
 * @param mixImages gives the mixed images of one batch, and says how much of each sample is its own then.
 * @throws ConfigError when no sample has a field that is to be mixed; DataFrameError for one that is no number.
 */
export function mixBatch(
  options: MixingOptions,
  batch: BatchType,
  rng: Rng,
  mixImages: (part: Batch, mixes: readonly Mix[]) => readonly Mix[],
): void {
  const parts = partsOf(batch);
  const mixes = drawMixes(options, parts[0]?.length ?? 0, rng);
  for (const field of options.targets) {
    if (parts.some((part) => part.get(0).images.has(field) || part.get(0).hasField(field))) continue;
    throw new ConfigError(
      `${options.name_}: the samples have no '${field}', which is to be mixed. Name what the model learns in 'targets' (targets: [] where that is the image).`,
    );
  }
  for (const part of parts) {
    const done = mixImages(part, mixes);
    for (const field of options.targets) {
      if (part.get(0).hasField(field) && !part.get(0).images.has(field)) mixField(options, part, field, done);
    }
    recordMixes(options, part, done);
  }
}

/** The images of a batch under a name, as one tensor (N, C, D, H, W). @throws ImageError when they are of different sizes. */
export function stackOf(what: string, part: Batch, name: string): Tensor {
  const stack = part.imageStacks().get(name);
  if (stack !== undefined) return stack;
  const shapes = part.samples.map((sample) => `${sample.who}: (${sample.getImage(name).tensor.shape.join(", ")})`);
  throw new ImageError(
    `${what}: '${name}' has different shapes in this batch, and cannot be mixed: ${shapes.join("; ")}. Bring them to one shape (CropOrPad, Resize, or patches).`,
  );
}

/** Puts mixed images in the place of those that the batch had. */
export function replaceStack(part: Batch, name: string, mixed: Tensor): void {
  const before = part.imageStacks().get(name);
  part.adoptStack(name, mixed);
  before?.dispose();
}

function mixField(options: MixingOptions, part: Batch, field: string, mixes: readonly Mix[]): void {
  const values = part.samples.map((sample) => sample.getField(field));
  if (values.every((value) => value instanceof Tensor)) {
    const tensors = values.map((value) => value.to({ dtype: "float32" }));
    tensors.forEach((tensor, i) => {
      const { own, partner } = mixes[i] ?? { own: 1, partner: i };
      part.get(i).setField(field, (tensors[partner] ?? tensor).lerp(tensor, own).keep());
    });
    for (const tensor of [...values, ...tensors]) tensor.dispose();
    return;
  }
  const numbers = part.samples.map((sample, i) => toNumbers(options, sample.who, field, values[i]));
  part.samples.forEach((sample, i) => {
    const { own, partner } = mixes[i] ?? { own: 1, partner: i };
    const other = numbers[partner] ?? [];
    const mixed = (numbers[i] ?? []).map((value, k) => own * value + (1 - own) * (other[k] ?? 0));
    if (options.numClasses === null) {
      sample.setField(field, mixed[0]);
      return;
    }
    sample.setField(field, mixed);
    // it is no column of integers any more
    sample.dtypes = new Map([...sample.dtypes].filter(([name]) => name !== field));
  });
}

/** The value as a number, or as a probability for each class. */
function toNumbers({ name_, numClasses }: MixingOptions, who: string, field: string, value: unknown): number[] {
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number !== "number" || Number.isNaN(number)) {
    throw new DataFrameError(
      `${who}: '${field}' is ${show(value)}, and ${name_} mixes numbers. Correct it in the data.`,
    );
  }
  if (numClasses === null) return [number];
  if (Number.isInteger(number) && number >= 0 && number < numClasses)
    return Array.from({ length: numClasses }, (_, k) => (k === number ? 1 : 0));
  throw new DataFrameError(
    `${who}: '${field}' is ${number}, and ${name_} was told that there are ${numClasses} classes, numbered from 0. Correct it in the data, or numClasses.`,
  );
}

/** The history says that a sample was mixed, with whom, and how much of it is its own. */
function recordMixes(options: MixingOptions, part: Batch, mixes: readonly Mix[]): void {
  const json = options.toDict();
  part.samples.forEach((sample, i) => {
    const { partner = i, own = 1 } = mixes[i] ?? {};
    if (partner === i) return;
    const { participantId, sessionId } = part.get(partner);
    const parameters = { own, participant_id: participantId, session_id: sessionId };
    sample.history = [...sample.history, { name_: options.name_, options: json, parameters }];
  });
}
