import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { HasImages, ImageOutline, RandomExtraction, Region, Rng, SamplePlace, ShownImages } from "../types.ts";
import { Patch } from "./patch.ts";
import { complementOf, drawVoxel, type VoxelSet, voxelSet } from "./voxels.ts";

type Triple = readonly [number, number, number];
const AXES = [0, 1, 2] as const;
const { patchSize, overlap, padValue } = Patch.schema.shape;
const mask = z.string().min(1);

const schema = z.strictObject({
  /** Voxels along each axis, or along x, y and z. */
  patchSize,

  /** How many patches each image gives in an epoch of training. Default 1. */
  numSamples: z.int().min(1).default(1),

  /** Where patches are centred. Default null: any patch that lies within the image is as likely as any other. */
  weights: z
    .union([
      z.strictObject({
        /** The mask that says where. */
        mask,
        /** How likely a patch is centred on a voxel of the mask, rather than on one outside of it; from 0 to 1. */
        foreground: z.number().min(0).max(1),
      }),
      z.strictObject({
        /** The mask whose labels say where. */
        mask,
        /** By label of the mask, how likely patches are centred on it. */
        classes: z
          .record(z.string().regex(/^\d+$/, "Expected labels of the mask as keys"), z.number().min(0))
          .refine((classes) => Object.values(classes).some((weight) => weight > 0), "Give a weight above 0"),
      }),
    ])
    .nullable()
    .default(null),

  /** How images are padded, at the end of axes along which they are smaller than a patch; in evaluation as of `Patch`. Default "constant". */
  padMode: z.enum(["constant", "reflect", "replicate", "circular"]).default("constant"),

  /** With what images are padded where `padMode` is "constant"; masks get 0. Default 0. */
  padValue,

  /** The share by which patches overlap in evaluation. Default 0. */
  overlap,
});

/**
 * Patches of `patchSize` voxels at places that are drawn anew in each epoch: `numSamples` of each image. Only in training; in evaluation the image is cut into the
 * patches of {@link Patch} with the same `patchSize`, `padMode`, `padValue` and `overlap`, so that all of it is evaluated, and each time the same.
 *
 * - `weights: null`: each patch that lies within the image is equally likely.
 * - `weights: { mask: "lesion", foreground: 0.33 }`: with this probability the patch is centred on a voxel of the mask, else on one outside of it. Where
 *   an image has only one of both, on one of these. As MONAI's `RandCropByPosNegLabel`.
 * - `weights: { mask: "tissue", classes: { 1: 1, 2: 3 } }`: the label on which the patch is centred is drawn by these weights, then one of its voxels. Labels that an
 *   image lacks are left out, so that the others share their weight; an image that has none of them is cut as with null. As MONAI's `RandCropByLabelClasses`.
 *
 * A patch whose centre is near the border is moved into the image. Of a mask with several channels, a voxel counts in any of them.
 * Each place follows from the seed, the epoch and the number of the sample, whatever the number of workers. ClinicaDL has no such extraction.
 *
 * @throws ConfigError naming the participant, when it has no mask of this name; ImageError when its images are of different sizes.
 * @example
 * ```ts
 * const weights = { mask: "brain", foreground: 0.8 }; // of five patches, four around a voxel of the brain
 * using sample = await sampleWith({ extraction: new RandomPatch({ patchSize: 8, numSamples: 5, weights }) });
 * console.log(sample.shape); // → [ 1, 8, 8, 8 ]
 * ```
 */
export class RandomPatch
  extends configClass("RandomPatch", schema, { verbatim: ["weights"] })
  implements RandomExtraction
{
  readonly inEvaluation: Patch;

  constructor(fields: Input<typeof schema>) {
    super(fields);
    const { patchSize: size, padMode, padValue: value, overlap: share } = this;
    this.inEvaluation = new Patch({ patchSize: size, padMode, padValue: value, overlap: share });
  }

  get sampleType(): "patch" {
    return "patch";
  }
  get looksAtVoxels(): boolean {
    return this.weights !== null;
  }

  draw(spatialShape: ImageOutline["spatialShape"], rng: Rng, dataPoint: ShownImages | null): Triple {
    const free = AXES.map((axis) => Math.max(0, spatialShape[axis] - this.patchSize[axis]));
    const centre = dataPoint === null ? null : this.#drawCentre(dataPoint, rng);
    const at = AXES.map((axis) => {
      const room = free[axis] ?? 0;
      if (centre === null) return rng.integer(room + 1);
      return Math.min(room, Math.max(0, centre[axis] - Math.floor(this.patchSize[axis] / 2)));
    });
    return [at[0] ?? 0, at[1] ?? 0, at[2] ?? 0];
  }

  regionAt(spatialShape: ImageOutline["spatialShape"], position: Triple): Region {
    return this.inEvaluation.regionAt(spatialShape, position);
  }

  extractAt(dataPoint: HasImages, position: Triple, whole: ImageOutline["spatialShape"] | null = null): SamplePlace {
    return this.inEvaluation.extractAt(dataPoint, position, whole);
  }

  /** The voxel on which a patch is centred; null: none is preferred. */
  #drawCentre(dataPoint: ShownImages, rng: Rng): Triple | null {
    const { weights } = this;
    if (weights === null) return null;
    const voxels = this.#maskOf(dataPoint, weights.mask);
    const there = groupsOf(voxels, weights).filter(({ voxels: { count } }) => count > 0);
    // an image without foreground is all background, whatever the weight of that
    const only = "foreground" in weights && there.length === 1 ? there[0] : undefined;
    const group = only ?? drawGroup(there, rng);
    return group === null ? null : drawVoxel(group.voxels, rng);
  }

  #maskOf(dataPoint: ShownImages, name: string): Tensor {
    const masks = [...dataPoint.namedImages()].filter(([, { kind }]) => kind === "label");
    const found = masks.find(([known]) => known === name);
    if (found !== undefined) return found[1].tensor;
    const names = masks.map(([known]) => `'${known}'`).join(", ");
    throw new ConfigError(
      `${this.name_}: 'weights' names the mask '${name}', and the masks of ${dataPoint.participantId}, ${dataPoint.sessionId} are: ${names || "none"}.`,
    );
  }
}

interface Group {
  readonly voxels: VoxelSet;
  /** How likely one of these is drawn, in proportion to the others. */
  readonly weight: number;
}

/** @param mask (C, D, H, W). */
function groupsOf(mask: Tensor, weights: NonNullable<RandomPatch["weights"]>): readonly Group[] {
  if ("foreground" in weights) {
    const inside = voxelSet(mask, null);
    return [
      { voxels: inside, weight: weights.foreground },
      { voxels: complementOf(inside), weight: 1 - weights.foreground },
    ];
  }
  return Object.entries(weights.classes).map(([label, weight]) => ({ voxels: voxelSet(mask, Number(label)), weight }));
}

function drawGroup<G extends Group>(groups: readonly G[], rng: Rng): G | null {
  const possible = groups.filter(({ weight }) => weight > 0);
  let drawn = rng.uniform(
    0,
    possible.reduce((sum, { weight }) => sum + weight, 0),
  );
  for (const group of possible) {
    if (drawn < group.weight) return group;
    drawn -= group.weight;
  }
  // the last one, where rounding left a rest
  return possible.at(-1) ?? null;
}
