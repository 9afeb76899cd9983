import { z } from "zod";
import type { Tensor } from "../../../torch/index.ts";
import * as torch from "../../../torch/index.ts";
import { configClass } from "../../../utils/config.ts";
import type { Rng } from "../../../utils/random/index.ts";
import type { Batch } from "../batch.ts";
import type { BatchType } from "../batch-type.ts";
import { type Mix, mixBatch, mixingFields, replaceStack, stackOf } from "./mixing.ts";
import type { BatchTransform } from "./types.ts";

/**
 * Puts a box of another sample of the batch into each sample, in the same place of all its images and masks (Yun et al. 2019, CutMix). In training only.
 *
 * The box has the image's proportions and a share 1 − λ of its volume, λ from Beta(α, α); its centre is anywhere in the image, and what would stick out is cut off. `targets` that
 * are numbers are mixed by the share of voxels that are left, as by {@link MixUp}; masks keep their labels.
 *
 * What is drawn follows from the seed, the epoch and the number of the batch. ClinicaDL has no such transform.
 *
 * @throws ConfigError, DataFrameError, ImageError for what cannot be mixed, naming participants.
 * @example
 * ```ts
 * const batchTransform = new CutMix({ p: 0.5, numClasses: 2 });
 * const training = dataset.subset("bids/metadata.tsv");
 * training.train();
 * for await (using batch of new DataLoader(training, { batchSize: 16, batchTransform })) {
 *   using label = batch.getField("label");
 *   console.log(label.shape); // → [ 16, 2 ]
 * }
 * ```
 */
export class CutMix
  extends configClass(
    "CutMix",
    z.strictObject({
      ...mixingFields,
      /** As of `MixUp`. Default 1: all shares are alike. */
      alpha: mixingFields.alpha.default(1),
    }),
  )
  implements BatchTransform
{
  get cutsMasks(): boolean {
    return true;
  }

  apply(batch: BatchType, rng: Rng): void {
    mixBatch(this, batch, rng, (part, mixes) => this.#mixImages(part, mixes));
  }

  #mixImages(part: Batch, mixes: readonly Mix[]): readonly Mix[] {
    using _scope = torch.scope();
    let shares: readonly number[] = [];
    for (const name of part.get(0).images.keys()) {
      const stack = stackOf(this.name_, part, name);
      const mixed = stack.clone();
      const [, , ...size] = stack.shape;
      shares = mixes.map(({ partner, own, centre }, i) => {
        if (partner === i) return 1;
        const box = boxOf(size, own, centre);
        cut(mixed.select(0, i), box).copy_(cut(stack.select(0, partner), box));
        return 1 - box.reduce((share, { length }, axis) => (share * length) / (size[axis] ?? 1), 1);
      });
      replaceStack(part, name, mixed.keep());
    }
    return mixes.map((mix, i) => ({ ...mix, own: shares[i] ?? 1 }));
  }
}

/** The part of a box along one axis. */
interface Side {
  readonly start: number;
  readonly length: number;
}

/** A box of a share 1 - `own` of an image, as far as it lies within it; along an axis of one voxel, all of it. */
function boxOf(size: readonly number[], own: number, centre: Mix["centre"]): readonly Side[] {
  const axes = size.filter((n) => n > 1).length;
  const ratio = (1 - own) ** (1 / Math.max(1, axes));
  return size.map((n, axis) => {
    if (n === 1) return { start: 0, length: 1 };
    const length = Math.floor(n * ratio);
    const from = Math.floor((centre[axis] ?? 0) * n) - Math.floor(length / 2);
    const start = Math.max(0, from);
    return { start, length: Math.max(0, Math.min(n, from + length) - start) };
  });
}

/** @param image (C, D, H, W). */
function cut(image: Tensor, box: readonly Side[]): Tensor {
  return box.reduce((part, { start, length }, axis) => part.narrow(axis + 1, start, length), image);
}
