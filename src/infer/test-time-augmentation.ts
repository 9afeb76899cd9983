import { z } from "zod";
import { Batch } from "../data/dataloader/index.ts";
import { type DataPoint, Sample2D, ScalarImage } from "../data/structures/index.ts";
import type { nn, Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import type { Transform } from "../transforms/index.ts";
import {
  type HeldTransform,
  readTransforms,
  transformOf,
  transformsField,
  transformToJson,
} from "../transforms/like.ts";
import { Rng } from "../transforms/types.ts";
import { configClass, type JsonObject, type JsonValue } from "../utils/config.ts";
import { ConfigError, ImageError } from "../utils/exceptions.ts";
import { givesIndices } from "./gives-indices.ts";
import type { Inferer } from "./inferer.ts";
import { addOutput, type InferOptions, inferInto, outputOptions } from "./output.ts";
import { infererRegistry } from "./registry.ts";
import { RunningMean } from "./running-mean.ts";

/** An inferer that says where its output is. */
interface NamedInferer extends Inferer {
  readonly outputName: string;
}

const axis = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const schema = z.strictObject({
  ...outputOptions,
  /** How each variant of the image goes through the network. Its own post-processing is done to each, before the mean. */
  inferer: z.custom<Inferer>().transform((value, ctx): NamedInferer => {
    const inferer = infererRegistry.from("'inferer'", value);
    if (inferer !== null && isNamed(inferer)) return inferer;
    ctx.addIssue({ code: "custom", message: "Expected an inferer that has an outputName, such as SimpleInferer" });
    return z.NEVER;
  }),
  /** Voxel axes along which the image is mirrored, in all combinations: 2, 4 or 8 variants. Default: none. */
  mirrorAxes: z.array(axis).default([]),
  /** Augmentations, drawn together for each of `n` variants: of intensities, `RandomFlip`, `RandomAffine`. Default: none. */
  transforms: transformsField("'transforms'").default([]),
  /** How many variants are drawn with `transforms`. Default 0. */
  n: z.int().min(0).default(0),
  /** The same seed draws the same variants, for every image. Default 0. */
  seed: z.int().default(0),
  /** The field for the standard deviation over the variants. Default null: there is none. */
  spreadName: z.string().min(1).nullable().default(null),
});

function isNamed(inferer: Inferer): inferer is NamedInferer {
  return "outputName" in inferer && typeof inferer.outputName === "string";
}

/** A variant of the images, and how an output is brought back to where they are. */
interface Variant {
  readonly mirrored: readonly number[];
  /** Of those that are drawn, the number; null: nothing is drawn. */
  readonly drawn: number | null;
}

/**
 * Test-time augmentation: passes variants of each image through the network with another inferer, moves the outputs back, and
 * gives their mean (Wang et al. 2019, Neurocomputing 338). The variants are the image as it is, mirrored along all combinations of
 * `mirrorAxes` (as nnU-Net does), and `n` times changed by `transforms`.
 *
 * Outputs that are images are mirrored back exactly, and moved back from a `RandomAffine` by linear interpolation, where a voxel counts
 * by how much of it a variant saw. Outputs that are values, such as scores of classes, are averaged as they are.
 *
 * Channels stay as they are: where classes are of one side of the body, such as the left hippocampus, do not mirror the axis across it (0 in RAS+).
 *
 * ClinicaDL does not have it: it cannot read the model of a MAPS with this inferer.
 *
 * @throws ConfigError for a transform that cannot be undone, and for an inferer that decides for classes itself.
 * @example
 * ```ts
 * const mirrored = new TestTimeAugmentation({ inferer: new SimpleInferer(), mirrorAxes: [0] });
 * const moved = new TestTimeAugmentation({
 *   inferer: new SimpleInferer(),
 *   transforms: [new RandomAffineConfig()],
 *   n: 3,
 *   spreadName: "spread",
 * });
 * using batch = new Batch([await dataset.get(0)]);
 * using scope = torch.scope();
 * mirrored.call(batch, model.network);
 * moved.call(batch, model.network);
 * console.log(batch.getField("output").shape, batch.getField("spread").shape); // → [ 1, 1 ] [ 1, 1 ]
 * ```
 */
export class TestTimeAugmentation
  extends configClass("TestTimeAugmentation", schema, {
    readers: {
      inferer: (json) => infererRegistry.read("TestTimeAugmentation", "inferer", json),
      transforms: (json) => readTransforms("TestTimeAugmentation", "transforms", json),
    },
    finish(parsed, what) {
      if (parsed.n > 0 !== parsed.transforms.length > 0) {
        throw new ConfigError(
          `${what}: 'n' is ${parsed.n} with ${parsed.transforms.length} transforms. Give both 'transforms' and 'n', how many variants they draw, or none of them.`,
        );
      }
      for (const held of parsed.transforms) checkTransform(what, held);
      if (givesIndices(parsed.inferer)) {
        throw new ConfigError(
          `${what}: the 'inferer' ${parsed.inferer.name_} decides for a class in its 'postprocessing', and of the numbers of classes there is no mean. Give AsDiscrete to the 'postprocessing' of ${what} instead.`,
          { fieldNames: ["inferer"] },
        );
      }
      if (new Set(parsed.mirrorAxes).size < parsed.mirrorAxes.length) {
        throw new ConfigError(`${what}: 'mirrorAxes' got ${parsed.mirrorAxes.join(", ")}. Name each axis once.`);
      }
      if (parsed.spreadName !== null && parsed.spreadName === parsed.outputName) {
        throw new ConfigError(`${what}: 'spreadName' and 'outputName' are both '${parsed.spreadName}'.`);
      }
      return parsed;
    },
  })
  implements Inferer
{
  /** Adds the mean to a batch or a data point, and the spread, if it has a name. */
  call<T extends Batch | DataPoint>(x: T, network: nn.Module, options: InferOptions = {}): T {
    return inferInto(x, this, () => {
      using summary = this.#pass(x, network, options);
      const { mean, spread } = summary;
      if (spread !== null && this.spreadName !== null) addOutput(x, spread, { ...this, outputName: this.spreadName });
      return mean;
    });
  }

  #pass(x: Batch | DataPoint, network: nn.Module, options: InferOptions): RunningMean {
    let all: RunningMean | null = null;
    for (const variant of this.#variants()) {
      const [values, seen] = torch.tidy(() => this.#outputOf(variant, x, network, options));
      if (all === null) all = new RunningMean(values, { withSpread: this.spreadName !== null });
      else if (all.shape.join() === values.shape.join()) all.add(values, seen ?? null);
      else {
        throw new ImageError(
          `${this.name_}: the output has shape (${values.shape.join(", ")}) for a variant of images for which it had (${all.shape.join(", ")}).`,
        );
      }
      values.dispose();
      seen?.dispose();
    }
    if (all === null) throw new ConfigError(`${this.name_}: there are no variants.`);
    return all;
  }

  /** The images as they are come first. */
  #variants(): Variant[] {
    let mirrored: number[][] = [[]];
    for (const voxelAxis of this.mirrorAxes) mirrored = mirrored.concat(mirrored.map((set) => [...set, voxelAxis]));
    return [
      ...mirrored.map((axes) => ({ mirrored: axes, drawn: null })),
      ...Array.from({ length: this.n }, (_, drawn) => ({ mirrored: [], drawn })),
    ];
  }

  /** The output for a variant, moved back; and how much of each voxel it saw, if not all of all of them. */
  #outputOf(
    variant: Variant,
    x: Batch | DataPoint,
    network: nn.Module,
    options: InferOptions,
  ): [values: Tensor, seen?: Tensor] {
    const changed = (x instanceof Batch ? x.samples : [x]).map((sample) => this.#change(sample.alias(), variant));
    using batch = new Batch(changed.map(({ sample }) => sample));
    if (x instanceof Batch && x.device !== null) batch.to({ device: x.device });
    const input = changed[0]?.sample.getImageTensor("image").ndim ?? 0;
    this.inferer.call(batch, network, options);
    const output = batch.getField(this.inferer.outputName);
    const floats = output.isFloatingPoint() ? output : output.to({ dtype: "float32" });
    if (floats.ndim <= 2) return [floats];
    if (floats.ndim !== input + 1) {
      throw new ImageError(
        `${this.name_}: the output has shape (${floats.shape.join(", ")}), which is neither an image for each image nor values: it cannot be moved back.`,
      );
    }
    const rows = changed.map((one, i) => this.#moveBack(floats.select(0, i), one));
    const seen = rows.flatMap((row) => (row.seen === null ? [] : [row.seen]));
    const values = torch.stack(rows.map((row) => row.values));
    return seen.length === 0 ? [values] : [values, torch.stack(seen)];
  }

  #change(sample: DataPoint, { mirrored, drawn }: Variant): Changed {
    const undo: Undo[] = [];
    for (const image of sample.images.values()) {
      if (mirrored.length > 0) image.tensor = image.tensor.flip(mirrored.map((a) => a + 1));
    }
    if (drawn === null) return { sample, mirrored, undo };
    const rng = new Rng(this.seed, drawn);
    let current = sample;
    for (const held of this.transforms) {
      const transform = transformOf(held);
      const before = current.history.length;
      current = transform.apply(current, rng);
      for (const { parameters } of current.history.slice(before)) undo.push({ transform, parameters });
    }
    return { sample: current, mirrored, undo };
  }

  #moveBack(
    row: Tensor,
    { sample, mirrored, undo }: Changed,
  ): { readonly values: Tensor; readonly seen: Tensor | null } {
    const flat = sample instanceof Sample2D && sample.squeeze;
    const across = flat ? sample.sliceDirection + 1 : 0;
    const volume = flat ? row.unsqueeze(across) : row;
    const image = new ScalarImage(
      mirrored.length > 0 ? volume.flip(mirrored.map((a) => a + 1)) : volume,
      sample.image.affine,
    );
    const back = (tensor: Tensor): Tensor => (flat ? tensor.squeeze(across) : tensor);
    if (undo.length === 0) return { values: back(image.tensor), seen: null };
    if (image.spatialShape.join() !== sample.image.spatialShape.join()) {
      throw new ImageError(
        `${this.name_}: the output of ${sample.who} has ${image.spatialShape.join("×")} voxels and its image ${sample.image.spatialShape.join("×")}: it cannot be moved back. Leave out 'transforms', or take a network that keeps the size.`,
      );
    }
    const ones = new ScalarImage(torch.onesLike(image.tensor.narrow(0, 0, 1)), sample.image.affine);
    for (const { transform, parameters } of [...undo].reverse()) {
      transform.undo?.(image, parameters, sample);
      transform.undo?.(ones, parameters, sample);
    }
    // what came in from outside is 0 in both: the rest of a voxel's value is that of the part that was seen
    const seen = ones.tensor;
    const values = torch.where(seen.gt(0), image.tensor.div(seen), torch.zerosLike(image.tensor));
    return { values: back(values), seen: back(seen) };
  }

  override toDict(): JsonObject {
    return Object.assign(super.toDict(), { transforms: this.transforms.map(transformToJson) });
  }
}

interface Undo {
  readonly transform: Transform;
  readonly parameters: JsonValue;
}

interface Changed {
  readonly sample: DataPoint;
  readonly mirrored: readonly number[];
  readonly undo: readonly Undo[];
}

function checkTransform(what: string, held: HeldTransform): void {
  const { name, undo } = transformOf(held);
  const chosen = ["include", "exclude"].filter((key) => (Reflect.get(held, key) ?? null) !== null);
  if (undo !== undefined && chosen.length === 0) return;
  const why =
    undo === undefined
      ? `${name}, which cannot be undone. Take transforms of intensities, RandomFlip or RandomAffine`
      : `${name} with '${chosen.join("', '")}'. Leave it out: what is done to the image is undone for the output`;
  throw new ConfigError(`${what}: 'transforms' has ${why}.`, { fieldNames: ["transforms"] });
}
