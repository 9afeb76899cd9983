import { z } from "zod";
import type { Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { fields, getNotNans, reduction } from "./config.ts";
import { type Compared, type ComparedFields, listed } from "./field-metric.ts";
import type { Undefined } from "./metric.ts";
import { type ClassMasks, numClasses, SegmentationMetric, type SegmentationOptions } from "./segmentation.ts";
import { type DistanceMetric, SurfacePair } from "./surfaces.ts";
import { voxelSizes } from "./voxel-sizes.ts";

/** What metrics of distances have first. */
export const objectShape = {
  /** Always false: the count of values that are not NaN is not available. */
  getNotNans,
  ...fields,

  /** Whether class 0 counts, too; default false. */
  includeBackground: z.boolean().default(false),
};
export const distanceShape = {
  /** "euclidean" (default); along the grid "taxicab", the sum over axes, or "chessboard", the greatest. */
  distanceMetric: z.enum(["euclidean", "chessboard", "taxicab"]).default("euclidean"),
};
export const mergedShape = {
  /** How the values of classes, and then of samples, are merged: "mean" (default) or "sum". */
  reduction,
};
/** The options of metrics of surfaces that the original does not have. */
export const surfaceShape = {
  /** The unit of distances: "voxel" (default), or "mm", by the size of the voxels of each label image, which must be an image of the dataset. */
  spacing: z.enum(["voxel", "mm"]).default("voxel"),

  /** How many classes there are; default null: as many as the output has channels. Needed where both are indices of classes. */
  numClasses,
};
/** Their defaults. */
export const oursOfSurfacesDefaults = { spacing: "voxel", numClasses: null } as const;

export interface SurfaceMetricOptions extends SegmentationOptions {
  readonly distanceMetric: DistanceMetric;
  readonly spacing: "voxel" | "mm";
  readonly subvoxels: boolean;
  /** What it is where a class is in the output or the label only. */
  readonly ifOneIsEmpty: number;
  /** How many classes it is for; null: any number. */
  readonly classes: number | null;
  /** Its value, of surfaces that there are. @param place the number of the class among those that count. */
  readonly measure: (surfaces: SurfacePair, place: number) => number;
}

/** A metric of how far the surfaces of objects are apart. It is NaN for a class that is neither in the output nor in the label. */
export class SurfaceMetric extends SegmentationMetric {
  readonly #options: SurfaceMetricOptions;
  /** Where a class is in one of both only, and makes the metric infinite. */
  readonly #infinite = new Set<string>();

  constructor(fields: ComparedFields, options: SurfaceMetricOptions) {
    super(fields, options);
    this.#options = options;
  }

  protected override checkClasses(count: number): void {
    const { name, classes, includeBackground } = this.#options;
    if (classes === null || classes === count) return;
    throw new ConfigError(
      `${name}: 'classThresholds' got ${classes} numbers, for ${count} class(es)${includeBackground ? "" : " without the background"}. Give one for each.`,
    );
  }

  protected override valuesOf(classes: Iterable<ClassMasks>, compared: Compared): readonly (readonly number[])[] {
    const { name, spacing } = this.#options;
    const samples: number[][] = compared.isNan.map(() => []);
    const sizes = spacing === "mm" ? voxelSizes(name, compared.batch, compared.label.field) : null;
    let place = 0;
    for (const { index, pred, label } of classes) {
      samples.forEach((values, i) => {
        const sampling = sizes?.[i] ?? Array<number>(pred.ndim - 1).fill(1);
        const { participantId = "", sessionId = "" } = compared.label.participants[i] ?? {};
        const who = `${participantId} ${sessionId} (class ${index})`;
        values.push(this.#one(pred.select(0, i), label.select(0, i), { sampling, place, who }));
      });
      place += 1;
    }
    return samples;
  }

  #one(
    pred: Tensor,
    label: Tensor,
    { sampling, place, who }: { readonly sampling: readonly number[]; readonly place: number; readonly who: string },
  ): number {
    const { name, distanceMetric, subvoxels, ifOneIsEmpty, measure } = this.#options;
    const axes = axesOf(name, pred.shape, subvoxels);
    const flat = (mask: Tensor): Tensor => mask.cpu().reshape(axes.map((axis) => mask.shape[axis] ?? 1));
    const surfaces = SurfacePair.of(flat(pred), flat(label), {
      distanceMetric,
      sampling: axes.map((axis) => sampling[axis] ?? 1),
      subvoxels,
    });
    if (surfaces === "both") return Number.NaN;
    if (surfaces instanceof SurfacePair) return measure(surfaces, place);
    if (ifOneIsEmpty === Number.POSITIVE_INFINITY) {
      this.#infinite.add(`${who} is in the ${surfaces === "pred" ? "label" : "output"} only`);
    }
    return ifOneIsEmpty;
  }

  override whyUndefined(): Undefined[] {
    const why = super.whyUndefined();
    if (this.#infinite.size > 0) {
      why.push({
        cause: "one is empty",
        message: `it is infinite: ${listed([...this.#infinite])}`,
      });
    }
    if (why.length === 0 && Number.isNaN(this.aggregate())) {
      why.push({ cause: "both are empty", message: "no class is in the output or the label of any sample" });
    }
    return why;
  }
  override reset(): void {
    super.reset();
    this.#infinite.clear();
  }
}

/** The axes of an image that has more than one voxel along them: a slice is a plane, and has an outline. */
function axesOf(name: string, shape: readonly number[], subvoxels: boolean): number[] {
  const axes = shape.map((_, axis) => axis);
  const least = subvoxels ? 2 : 1;
  if (shape.length < least || shape.length > 3) {
    throw new ConfigError(
      `${name}: expected images of ${least} to 3 spatial dimensions, (N, C, …); each class of a sample has the shape [${shape.join(", ")}].`,
    );
  }
  const long = axes.filter((axis) => shape[axis] !== 1);
  return long.length >= least ? long : axes.slice(-least);
}
