import { z } from "zod";
import * as torch from "../../../torch/index.ts";
import { configClass } from "../../../utils/config.ts";
import type { Rng } from "../../../utils/random/index.ts";
import type { Batch } from "../batch.ts";
import type { BatchType } from "../batch-type.ts";
import { type Mix, mixBatch, mixingFields, replaceStack, stackOf } from "./mixing.ts";
import type { BatchTransform } from "./types.ts";

/**
 * Mixes each sample of a batch with another of it: `λ · one + (1 − λ) · other`, with λ from Beta(α, α), drawn for each sample; images and
 * `targets` alike (Zhang et al. 2018, mixup: Beyond Empirical Risk Minimization). In training only.
 *
 * - Images are mixed always, and masks where `targets` has their name: as numbers, so that masks of several labels are to be one-hot (`OneHotConfig`). Other masks stay
 *   those of the first sample.
 * - Columns that are quantities, or 0 and 1 for `BCEWithLogitsLoss`, are mixed as they are; numbers of classes become probabilities by `numClasses`, which
 *   `CrossEntropyLoss` takes.
 *
 * What is drawn follows from the seed, the epoch and the number of the batch. ClinicaDL has no such transform.
 *
 * @throws ConfigError, DataFrameError, ImageError for what cannot be mixed, naming participants.
 * @example
 * ```ts
 * const batchTransform = new MixUp({ alpha: 0.4, numClasses: 2 });
 * const training = dataset.subset("bids/metadata.tsv");
 * training.train();
 * for await (using batch of new DataLoader(training, { batchSize: 16, batchTransform })) {
 *   using label = batch.getField("label");
 *   console.log(label.shape, label.sum().item()); // → [ 16, 2 ] 16
 * }
 * ```
 */
export class MixUp extends configClass("MixUp", z.strictObject(mixingFields)) implements BatchTransform {
  get cutsMasks(): boolean {
    return false;
  }

  apply(batch: BatchType, rng: Rng): void {
    mixBatch(this, batch, rng, (part, mixes) => this.#mixImages(part, mixes));
  }

  #mixImages(part: Batch, mixes: readonly Mix[]): readonly Mix[] {
    using _scope = torch.scope();
    const partners = torch.tensor(
      mixes.map(({ partner }) => partner),
      { dtype: "int64" },
    );
    const own = torch.tensor(
      mixes.map((mix) => mix.own),
      { dtype: "float32" },
    );
    for (const [name, { kind }] of part.get(0).images) {
      if (kind === "label" && !this.targets.includes(name)) continue;
      const stack = stackOf(this.name_, part, name);
      const share = own.view([-1, ...stack.shape.slice(1).map(() => 1)]);
      // torch.lerp goes from the other to its own by the share
      const mixed = stack
        .indexSelect(0, partners)
        .to({ dtype: "float32" })
        .lerp(stack.to({ dtype: "float32" }), share);
      replaceStack(part, name, mixed.keep());
    }
    return mixes;
  }
}
