/** Whether images and masks of a sample, and samples of a dataset, have the same voxels. */
import { show } from "../../utils/config.ts";
import { ConfigError, ImageError } from "../../utils/exceptions.ts";
import type { DataPoint, Sample } from "../structures/index.ts";
import type { DatasetLike } from "./dataset-like.ts";

const CHECKS = ["spacing", "affine", "shape", "global_spacing", "global_shape"] as const;

/** Of all images of a sample: "spacing", "affine", "shape"; of all samples: "global_spacing", "global_shape". */
export type SpatialCheck = (typeof CHECKS)[number];
export type SpatialCheckOption = readonly SpatialCheck[] | null;

/** What is looked at unless asked otherwise. */
export const SPATIAL_CHECKS: readonly SpatialCheck[] = ["affine", "shape", "global_spacing"];

/** Voxel sizes that differ by less than this share are the same. */
const RELATIVE_TOLERANCE = 1e-3;

/** @throws ConfigError for what is no check. */
export function spatialChecks(what: string, checks: unknown): readonly SpatialCheck[] {
  if (checks === null) return [];
  const list: readonly unknown[] = Array.isArray(checks) ? checks : [checks];
  return list.map((check) => {
    const known = CHECKS.find((name) => name === check);
    if (known !== undefined) return known;
    throw new ConfigError(
      `${what}: 'spatialChecks' got ${show(check)}. Expected some of ${CHECKS.join(", ")}, or null.`,
    );
  });
}

/** Loads every sample once, and looks at it. @throws ImageError, and ConfigError for what is no check. */
export async function checkSamples(
  dataset: Pick<DatasetLike<Sample>, "length" | "get">,
  checks: SpatialCheckOption,
): Promise<void> {
  const checker = new SpatialChecker(spatialChecks("sanityCheck", checks));
  for (let i = 0; i < dataset.length; i++) {
    using sample = await dataset.get(i);
    checker.check(sample);
  }
}

/** What the images of a sample have in common. */
export interface Geometry {
  readonly who: string;
  readonly spacing: readonly [number, number, number];
  readonly spatialShape: readonly [number, number, number];
}

/** Looks at one sample after the other, and compares each with the first. */
export class SpatialChecker {
  readonly #checks: ReadonlySet<SpatialCheck>;
  /** The sample with which others are compared. */
  reference: Geometry | null = null;

  constructor(checks: readonly SpatialCheck[]) {
    this.#checks = new Set(checks);
  }

  /** @throws ImageError naming participant and session, and what differs. */
  check(point: DataPoint): void {
    const has = (check: SpatialCheck): boolean => this.#checks.has(check);
    if (has("spacing") || has("global_spacing")) this.#inside("spacing", () => point.spacing);
    if (has("affine")) this.#inside("affine", () => point.affine);
    if (has("shape") || has("global_shape")) this.#inside("shape", () => point.spatialShape);
    const { spacing, spatialShape } = point.image;
    this.reference ??= { who: point.who, spacing, spatialShape };
    const { reference } = this;
    const near = spacing.every((size, axis) => {
      const other = reference.spacing[axis] ?? Number.NaN;
      return Math.abs(size - other) <= 1e-8 + RELATIVE_TOLERANCE * Math.abs(other);
    });
    if (has("global_spacing") && !near)
      this.#differ("global_spacing", "voxels of", point.who, spacing, reference.spacing);
    if (has("global_shape") && spatialShape.join() !== reference.spatialShape.join())
      this.#differ("global_shape", "the shape", point.who, spatialShape, reference.spatialShape);
  }

  #inside(check: SpatialCheck, look: () => unknown): void {
    try {
      look();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      throw new ImageError(`${error.message} Leave '${check}' out of the spatial checks if that does not matter.`, {
        cause: error,
      });
    }
  }

  #differ(check: SpatialCheck, what: string, who: string, own: readonly number[], other: readonly number[]): never {
    throw new ImageError(
      `${who} has ${what} ${own.join("×")}, and ${this.reference?.who} has ${what} ${other.join("×")}. Leave '${check}' out of the spatial checks if that does not matter.`,
    );
  }
}
