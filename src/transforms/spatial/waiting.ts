import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { type Grid, gridOf } from "../resampling/grid.ts";
import type { Interpolations } from "../resampling/interpolation.ts";
import { interpolationOf } from "../resampling/kinds.ts";
import { resample, type Sampling } from "../resampling/resample.ts";
import type { ImageLike } from "../types.ts";
import { fillValue } from "./extent.ts";
import { firstPlaces, type Places, perVoxel, placesAfter } from "./places.ts";
import { type AlignedStep, aligned, gridAfter, pads, type Step } from "./step.ts";

interface Unsampled {
  readonly places: Places;
  readonly interpolations: Interpolations;
  /** The values outside, of each step. */
  readonly outside: readonly Sampling["outside"][];
}

/**
 * Images that steps are taken of. What only rearranges voxels is done at once, as long as no sampling waits; from the first sampling on, steps are put
 * together, and `sample` does them in one.
 */
export class Waiting {
  readonly #images = new Map<ImageLike, Unsampled>();
  /** What the last step led to: images on one grid go the same way. */
  #last: { readonly from: Places | undefined; readonly step: Step; readonly to: Places } | null = null;

  /** Where the voxels of an image are, after the steps. */
  gridOf(image: ImageLike): Grid {
    return this.#images.get(image)?.places.grid ?? gridOf(image);
  }

  add(image: ImageLike, step: Step): void {
    const before = this.#images.get(image);
    if (step.kind === "sampling") {
      const { interpolations, outside } = step;
      const value = outside?.(image) ?? null;
      const places = this.#shared(before?.places, step, (from) => (from ? placesAfter(from, step) : firstPlaces(step)));
      this.#images.set(image, { places, interpolations, outside: [...(before?.outside ?? []), value] });
      return;
    }
    if (before === undefined) {
      rearrange(image, step);
      return;
    }
    const padding = step.kind === "extent" ? fillValue(image.tensor, step.mode) : 0;
    if (padding === null && pads(before.places.grid, step)) {
      // what goes on beyond the ends of an image needs its voxels
      this.#sampleOne(image, before, perVoxel);
      rearrange(image, step);
      return;
    }
    const places = this.#shared(before.places, step, () => placesAfter(before.places, step));
    this.#images.set(image, { ...before, places, outside: [...before.outside, padding] });
  }

  #shared<F extends Places | undefined>(from: F, step: Step, make: (from: F) => Places): Places {
    if (this.#last === null || this.#last.from !== from || this.#last.step !== step) {
      this.#last = { from, step, to: make(from) };
    }
    return this.#last.to;
  }

  /** Samples the images that wait. */
  sample(): void {
    const fields = new Map<Tensor, Tensor>();
    const fieldOf = (displacement: Tensor): Tensor => {
      const field = fields.get(displacement) ?? perVoxel(displacement);
      fields.set(displacement, field);
      return field;
    };
    for (const [image, unsampled] of this.#images) this.#sampleOne(image, unsampled, fieldOf);
  }

  #sampleOne(image: ImageLike, { places, interpolations, outside }: Unsampled, fieldOf: (d: Tensor) => Tensor): void {
    const { grid, map, displacement, beyond } = places;
    const [first = null, ...others] = outside;
    let voxels = resample(image.tensor, {
      shape: grid.shape,
      map,
      displacement: displacement && fieldOf(displacement),
      interpolation: interpolationOf(image, interpolations),
      outside: first,
    });
    for (const [i, value] of others.entries()) {
      if (beyond === null || value === null) continue;
      const values = torch.tensor(typeof value === "number" ? [value] : [...value], { dtype: "float64" });
      const { dtype } = voxels;
      voxels = torch.where(beyond.eq(i + 1), values.to({ dtype }).reshape([-1, 1, 1, 1]), voxels);
    }
    image.tensor = voxels;
    image.affine = Float64Array.from(grid.affine);
    this.#images.delete(image);
  }
}

function rearrange(image: ImageLike, step: AlignedStep): void {
  const { affine } = gridAfter(gridOf(image), step);
  image.tensor = aligned(image.tensor, step);
  image.affine = affine;
}
