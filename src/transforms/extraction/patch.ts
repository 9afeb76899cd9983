import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { shiftOrigin } from "../affine.ts";
import type { Extraction, HasImages, ImageOutline, Region, SamplePlace } from "../types.ts";
import { commonShape } from "./outline.ts";

type Triple = [number, number, number];
const AXES = [0, 1, 2] as const;
const three = (n: number): Triple => [n, n, n];
const size = z.int().min(1);
const share = z.number().min(0).lt(1, "Give an overlap below 1");

const schema = z.strictObject({
  /** Voxels along each axis, or along x, y and z. */
  patchSize: z.union([size.transform(three), z.tuple([size, size, size])]),

  /** The share by which a patch overlaps the last, below 1: one number, or one for x, y and z; default 0. */
  overlap: z.union([share.transform(three), z.tuple([share, share, share])]).default(three(0)),

  /** How the image is padded at its end, so that patches cover it; null: it is not, and patches that would stick out are dropped. Default "constant". */
  padMode: z.enum(["constant", "reflect", "replicate", "circular"]).nullable().default("constant"),

  /** With what images are padded where `padMode` is "constant"; default 0. Masks get 0: what is not in the image has no label. */
  padValue: z.number().default(0),
});

/**
 * Patches of `patchSize` voxels (one size, or x, y, z), one after the other, each overlapping the last by a share `overlap` (0). The image
 * is padded at its end (`padMode` "constant" with `padValue`, masks with 0; "reflect", "replicate", "circular") so that the patches cover it; with `padMode`
 * null it is not, and patches that would stick out are dropped. Patches are numbered with z fastest, as in MONAI's `iter_patch_position`.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ extraction: new Patch({ patchSize: 8, overlap: 0.5 }) });
 * console.log(sample.shape); // → [ 1, 8, 8, 8 ]
 * ```
 */
export class Patch extends configClass("Patch", schema) implements Extraction {
  get sampleType(): "patch" {
    return "patch";
  }

  numSamplesPerImage({ spatialShape }: ImageOutline): number {
    return this.#counts(spatialShape).reduce((product, n) => product * n, 1);
  }

  /** The first voxel of patch number `index`. */
  positionOf(spatialShape: readonly number[], index: number): Triple {
    const counts = this.#counts(spatialShape);
    const total = counts[0] * counts[1] * counts[2];
    if (!Number.isInteger(index) || index < 0 || index >= total) {
      throw new RangeError(
        `Patch: there is no patch ${index}; an image of ${spatialShape.join("×")} voxels has ${total}.`,
      );
    }
    const at: Triple = [
      Math.floor(index / (counts[1] * counts[2])),
      Math.floor(index / counts[2]) % counts[1],
      index % counts[2],
    ];
    return at.map((n, axis) => n * this.#step(axis)) as Triple;
  }

  /** The voxels of the image that are in the patch; along an axis that is padded with them, all. */
  regionOf({ spatialShape }: ImageOutline, index: number): Region {
    return this.regionAt(spatialShape, this.positionOf(spatialShape, index));
  }

  extract(dataPoint: HasImages, index: number, whole: ImageOutline["spatialShape"] | null = null): SamplePlace {
    const position = this.positionOf(whole ?? commonShape("Patch", dataPoint), index);
    return this.extractAt(dataPoint, position, whole);
  }

  /** As {@link extract}, of the patch whose first voxel is `place`, which need not be one of those that have a number. */
  extractAt(
    dataPoint: HasImages,
    place: Region["start"],
    whole: ImageOutline["spatialShape"] | null = null,
  ): SamplePlace {
    const shape = whole ?? commonShape("Patch", dataPoint);
    const { start, size } = this.regionAt(shape, place);
    for (const [, image] of dataPoint.namedImages()) {
      const part = whole === null ? cut(image.tensor, start, size) : image.tensor;
      const missing = AXES.map((axis) => Math.max(0, place[axis] + (this.patchSize[axis] ?? 1) - shape[axis]));
      const at = AXES.map((axis): number => place[axis] - start[axis]);
      const value = image.kind === "label" ? 0 : this.padValue;
      image.tensor = cut(this.#pad(part, missing, value), at, this.patchSize).contiguous();
      image.affine = shiftOrigin(image.affine, place);
    }
    return { sampleType: "patch", samplePosition: place };
  }

  /** As {@link regionOf}, of the patch whose first voxel is `place`. */
  regionAt(shape: readonly number[], place: Region["start"]): Region {
    const start: Triple = [...place];
    const size: Triple = [1, 1, 1];
    for (const axis of AXES) {
      const all = shape[axis] ?? 0;
      const patch = this.patchSize[axis] ?? 1;
      if (place[axis] + patch <= all) size[axis] = patch;
      else if (this.padMode === "constant") size[axis] = all - place[axis];
      else [start[axis], size[axis]] = [0, all];
    }
    return { start, size };
  }

  /** At least one voxel, however great the overlap. */
  #step(axis: number): number {
    const patch = this.patchSize[axis] ?? 1;
    return Math.max(1, roundHalfToEven(patch - patch * (this.overlap[axis] ?? 0)));
  }

  #missing(spatialShape: readonly number[], axis: number): number {
    if (this.padMode === null) return 0;
    const step = this.#step(axis);
    const size = spatialShape[axis] ?? 0;
    const patch = this.patchSize[axis] ?? 1;
    // an image smaller than a patch is padded to one
    return size < patch ? patch - size : (step - ((size - patch) % step)) % step;
  }

  #counts(spatialShape: readonly number[]): Triple {
    return [0, 1, 2].map((axis) => {
      const size = (spatialShape[axis] ?? 0) + this.#missing(spatialShape, axis);
      const patch = this.patchSize[axis] ?? 1;
      return size < patch ? 0 : Math.floor((size - patch) / this.#step(axis)) + 1;
    }) as Triple;
  }

  #pad(tensor: Tensor, missing: readonly number[], value: number): Tensor {
    if (this.padMode === null || missing.every((n) => n === 0)) return tensor;
    const after = AXES.toReversed().flatMap((axis) => [0, missing[axis] ?? 0]);
    this.#checkPadding(tensor.shape, missing);
    return this.padMode === "constant"
      ? torch.constantPadNd(tensor, after, value)
      : torch.pad(tensor, after, this.padMode);
  }

  /** @throws ImageError where there are too few voxels for so many to be made of them. */
  #checkPadding(shape: readonly number[], missing: readonly number[]): void {
    if (this.padMode === null) return;
    for (const axis of AXES) {
      const [voxels = 0, wanted = 0] = [shape[axis + 1], missing[axis]];
      const most = MOST[this.padMode](voxels);
      if (wanted <= most) continue;
      throw new ImageError(
        `Patch: an image of ${voxels} voxels along axis ${axis} is padded with ${wanted} for patches of ${this.patchSize[axis]}, and padMode "${this.padMode}" gives at most ${most}. Take "replicate" or "constant", or smaller patches.`,
      );
    }
  }
}

/** How many voxels a mode can add to an axis of so many. */
const MOST = {
  constant: () => Number.POSITIVE_INFINITY,
  replicate: () => Number.POSITIVE_INFINITY,
  reflect: (voxels: number) => voxels - 1,
  circular: (voxels: number) => voxels,
};

function cut(tensor: Tensor, start: readonly number[], size: readonly number[]): Tensor {
  return AXES.reduce((part, axis) => part.narrow(axis + 1, start[axis] ?? 0, size[axis] ?? 1), tensor);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
