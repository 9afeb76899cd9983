import { z } from "zod";
import type { Tensor } from "../torch/index.ts";
import { configClass, type JsonValue, type ToDict } from "../utils/config.ts";
import { ConfigError, ImageError } from "../utils/exceptions.ts";
import { DrawnTransform } from "./drawn-transform.ts";
import { type MaskingMethod, maskedValues, maskOf } from "./masking.ts";
import type { HasImages, ImageLike, Rng, Transform } from "./types.ts";

const keys = z.array(z.string().min(1)).min(1).nullable().default(null);

/**
 * The options that every transform has: `include` (only these images or fields), `exclude` (all but these; not both), `copy`
 * (leave the data point that was given as it is, and change a copy).
 */
const selection = {
  /** Only these images or fields; default null: all images. Not together with `exclude`. */
  include: keys,
  /** All images but these; default null: none is left out. */
  exclude: keys,
  /** Whether the data point that was given stays as it is, and a copy is changed; default false. */
  copy: z.boolean().default(false),
};
const selectionSchema = z.object(selection);
export type Selection = Readonly<z.output<typeof selectionSchema>>;

/** How likely a random transform is applied at all. TorchIO has it, ClinicaDL does not: it is written where it is not 1. */
const probability = {
  /** How likely the transform is applied at all, from 0 to 1; default 1. */
  p: z.number().min(0).max(1).default(1),
};

/** Checks options against each other. @throws ConfigError */
type Check<S extends z.ZodRawShape> = (options: z.output<z.ZodObject<S>>, what: string) => void;

/**
 * The base of the config of a transform: its own options, with `include`, `exclude` and `copy`. What remains to be written is `getObject`,
 * with one of the functions below.
 *
 * @example
 * ```ts
 * import { perImage, type Transform, transformConfig, type TransformConfig } from "clinicadl/transforms";
 * import { z } from "zod";
 *
 * class ShiftConfig extends transformConfig("Shift", { by: z.number() }) implements TransformConfig {
 *   getObject(): Transform {
 *     return perImage(this, "scalar", (image) => {
 *       image.tensor = image.tensor.add(this.by);
 *     });
 *   }
 * }
 * using sample = await sampleWith({ imageTransforms: [new ShiftConfig({ by: 1000 })] });
 * console.log(sample.image.tensor.min().item() >= 1000); // → true
 * ```
 */
export function transformConfig<S extends z.ZodRawShape>(name: string, options: S, check?: Check<S>) {
  const own = z.object(options);
  return configClass(name, z.strictObject({ ...selection, ...options }), {
    finish(parsed, what) {
      checkSelection(what, selectionSchema.parse(parsed));
      check?.(own.parse(parsed), what);
      return parsed;
    },
  });
}

/**
 * As {@link transformConfig}, of a transform that looks at a part of the voxels. ClinicaDL writes `masking_method` before what all transforms have, so that it
 * stands first here, too.
 */
export function maskedConfig<M extends { readonly maskingMethod: z.ZodType }, S extends z.ZodRawShape>(
  name: string,
  masking: M,
  options: S,
  check?: Check<S & M>,
) {
  const own = z.object({ ...options, ...masking });
  return configClass(name, z.strictObject({ ...masking, ...selection, ...options }), {
    finish(parsed, what) {
      checkSelection(what, selectionSchema.parse(parsed));
      check?.(own.parse(parsed), what);
      return parsed;
    },
  });
}

/** As {@link transformConfig}, of a random transform: it has `p` too, how likely it is applied (default 1). */
export function randomConfig<S extends z.ZodRawShape>(name: string, options: S, check?: Check<S>) {
  const own = z.object(options);
  return configClass(name, z.strictObject({ ...selection, ...options, ...probability }), {
    ours: { p: 1 },
    finish(parsed, what) {
      checkSelection(what, selectionSchema.parse(parsed));
      check?.(own.parse(parsed), what);
      return parsed;
    },
  });
}

function checkSelection(what: string, { include, exclude }: Selection): void {
  if (include !== null && exclude !== null) {
    throw new ConfigError(
      `${what}: 'include' got ${JSON.stringify(include)} and 'exclude' got ${JSON.stringify(exclude)}. Give one of them.`,
    );
  }
}

/** What the functions below need of a config. */
export interface TransformOptions extends ToDict, Selection {
  readonly name_: string;
  readonly p?: number;
}

/** The images that a transform acts on: intensities, labels, or both. */
export type ActsOn = "scalar" | "label" | "all";

/** The image that is being transformed, for what depends on more than its voxels, and for messages. */
export class ImagePlace {
  /** The transform. */
  readonly what: string;
  /** The name of the image. */
  readonly name: string;
  readonly dataPoint: HasImages;

  constructor(what: string, name: string, dataPoint: HasImages) {
    this.what = what;
    this.name = name;
    this.dataPoint = dataPoint;
  }

  /** The values of `tensor` (C, D, H, W) under a masking method, flat; all of them with null. */
  masked(tensor: Tensor, method: MaskingMethod): Tensor {
    return maskedValues(this.what, tensor, this.dataPoint, method);
  }
  /** Not 0 where a voxel counts under a masking method; of a mask, where it has one of `labels` (default: any but 0). */
  mask(tensor: Tensor, method: MaskingMethod, labels: readonly number[] | null = null): Tensor {
    return maskOf(this.what, tensor, this.dataPoint, method, labels);
  }
  /** An error that says which image of whom cannot be transformed, and why. */
  error(why: string): ImageError {
    const { participantId, sessionId } = this.dataPoint;
    return new ImageError(`${this.what}: '${this.name}' of ${participantId}, ${sessionId} ${why}`);
  }
}

/**
 * A transform that changes each image by itself, and draws nothing.
 *
 * @example
 * ```ts
 * import { perImage, type Transform, transformConfig, type TransformConfig } from "clinicadl/transforms";
 *
 * class SquareConfig extends transformConfig("Square", {}) implements TransformConfig {
 *   getObject(): Transform {
 *     return perImage(this, "scalar", (image) => {
 *       image.tensor = image.tensor.square();
 *     });
 *   }
 * }
 * console.log(new SquareConfig().getObject().name); // → Square
 * ```
 */
export function perImage(
  config: TransformOptions,
  actsOn: ActsOn,
  change: (image: ImageLike, place: ImagePlace) => void,
): Transform {
  return new DrawnTransform(config, {
    random: false,
    drawn: z.null(),
    draw: () => null,
    change: (dataPoint) => {
      for (const [image, place] of selectImages(config, dataPoint, actsOn)) change(image, place);
    },
    undo: actsOn === "scalar" ? stays : null,
  });
}

/** What only changes intensities moves nothing: masks, which it leaves as they are, still lie on the image. */
const stays = (): void => undefined;

/** What a random transform draws, and what it does with it. */
export interface Drawing<D extends JsonValue> {
  /** What is drawn: plain JSON, since it is recorded with the sample. */
  readonly drawn: z.ZodType<D>;
  readonly draw: (rng: Rng, image: ImageLike, place: ImagePlace) => D;
  /** Changes the image; the same parameters give the same image. */
  readonly change: (image: ImageLike, drawn: D, place: ImagePlace) => void;
  /** Moves an image back to where it was before `change`. Not needed where only intensities change: nothing is moved then. */
  readonly undo?: (image: ImageLike, drawn: D, place: ImagePlace) => void;
}

/** A random transform that draws for each image. */
export function randomPerImage<D extends JsonValue>(
  config: TransformOptions,
  actsOn: ActsOn,
  { drawn, draw, change }: Omit<Drawing<D>, "undo">,
): Transform {
  return new DrawnTransform(config, {
    random: true,
    undo: actsOn === "scalar" ? stays : null,
    drawn: z.record(z.string(), drawn),
    draw: (dataPoint, rng) =>
      Object.fromEntries(
        selectImages(config, dataPoint, actsOn).map(([image, place]): [string, D] => [
          place.name,
          draw(rng, image, place),
        ]),
      ),
    change: (dataPoint, parameters) => {
      const images = selectImages(config, dataPoint, actsOn);
      for (const name of Object.keys(parameters)) {
        if (images.some(([, place]) => place.name === name)) continue;
        throw new ImagePlace(config.name_, name, dataPoint).error(
          "is not there, but a record that is replayed has it.",
        );
      }
      for (const [image, place] of images) {
        const own = Object.hasOwn(parameters, place.name) ? parameters[place.name] : undefined;
        if (own === undefined) throw place.error("was not there when the record that is replayed was made.");
        change(image, own, place);
      }
    },
  });
}

/** A random transform that draws once for all images, which stay aligned. */
export function randomTogether<D extends JsonValue>(
  config: TransformOptions,
  actsOn: ActsOn,
  { drawn, draw, change, undo }: Omit<Drawing<D>, "draw"> & { readonly draw: (rng: Rng) => D },
): Transform {
  return new DrawnTransform(config, {
    random: true,
    drawn,
    draw: (_, rng) => draw(rng),
    change: (dataPoint, parameters) => {
      for (const [image, place] of selectImages(config, dataPoint, actsOn)) change(image, parameters, place);
    },
    undo:
      undo === undefined
        ? null
        : (image, parameters, dataPoint) => undo(image, parameters, new ImagePlace(config.name_, "image", dataPoint)),
  });
}

/** A transform of the data point as a whole, which draws nothing. */
export function wholeTransform(config: TransformOptions, change: (dataPoint: HasImages) => void): Transform {
  return new DrawnTransform(config, { random: false, drawn: z.null(), draw: () => null, change, undo: null });
}

/** The images that a transform acts on, by its `include` and `exclude`. */
export function selectImages(
  { name_, include, exclude }: TransformOptions,
  dataPoint: HasImages,
  actsOn: ActsOn,
): (readonly [image: ImageLike, place: ImagePlace])[] {
  const all = [...dataPoint.namedImages()];
  const unknown = (include ?? []).filter((name) => !all.some(([known]) => known === name));
  if (unknown.length > 0) {
    const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");
    throw new ConfigError(
      `${name_}: 'include' names ${list(unknown)}, but the images of ${dataPoint.participantId}, ${dataPoint.sessionId} are ${list(all.map(([name]) => name))}.`,
    );
  }
  return all
    .filter(
      ([name, image]) =>
        (actsOn === "all" || image.kind === actsOn) &&
        (include === null || include.includes(name)) &&
        (exclude === null || !exclude.includes(name)),
    )
    .map(([name, image]) => [image, new ImagePlace(name_, name, dataPoint)]);
}
