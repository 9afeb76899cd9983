import { z } from "zod";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { reduction, weights } from "./fields.ts";
import { classWeights, SegmentationLoss, segmentationShape } from "./segmentation.ts";
import type { LossConfig } from "./types.ts";

const schema = z.strictObject({
  /** Whether class 0 counts; default true. */
  includeBackground: segmentationShape.includeBackground,

  /** Whether targets are class indices, (N, 1, …); default false. */
  toOnehotY: segmentationShape.toOnehotY,

  /** How much less what is already right counts, ≥ 0: its losses are times (1 - probability)^gamma. Default 2. */
  gamma: z.number().nonnegative().default(2),

  /** The weight of targets 1, from 0 to 1 (those 0 have 1 - alpha); with `useSoftmax`, of all classes but the first. Default null: all alike. */
  alpha: z.number().min(0).max(1).nullable().default(null),

  /** One weight per class that counts, ≥ 0, or one for all; default null: all alike. */
  weight: classWeights,

  /** How the losses are made one: "mean" (default), or "sum" over samples and classes of the means over places. */
  reduction,

  /** Whether classes exclude each other: the softmax over those that count makes probabilities of the output; default false: the sigmoid. */
  useSoftmax: z.boolean().default(false),
});

/**
 * The cross-entropy of each class and place, made smaller where the network is right already, between logits (N, C, …) and targets
 * of their shape, or (N, 1, …) with class indices. Lin et al., 2017; as MONAI's `FocalLoss`. Not in ClinicaDL 2.0.0, which cannot
 * read it.
 *
 * @throws ConfigError for `alpha` without background and with `useSoftmax`, and in use where classes, weights or shapes do not go together.
 * @example
 * ```ts
 * const model = new SupervisedModel({ network, loss: new FocalLossConfig({ useSoftmax: true, toOnehotY: true }), optimizer });
 * ```
 */
export class FocalLossConfig
  extends configClass("FocalLoss", schema, {
    finish: (options, what) => {
      if (options.alpha === null || options.includeBackground || !options.useSoftmax) return options;
      throw new ConfigError(
        `${what}: 'alpha' weighs the classes against the first one, which 'includeBackground: false' leaves out. Leave out one of them, or give 'weight'.`,
        { fieldNames: ["alpha", "includeBackground"] },
      );
    },
  })
  implements LossConfig
{
  getObject(): FocalLoss {
    return new FocalLoss(this);
  }
}

/**
 * What {@link FocalLossConfig} builds. With `reduction` "none", it gives (N, C), means over places.
 *
 * @example
 * ```ts
 * const [easy, hard] = [3, -3].map((logit) => new FocalLoss({ gamma: 2 }).call(torch.tensor([[logit]]), torch.ones([1, 1])).item());
 * console.log(easy?.toFixed(4), hard?.toFixed(4)); // → 0.0001 2.7663
 * ```
 */
export class FocalLoss extends SegmentationLoss<FocalLossConfig> {
  declare weight: Tensor | null;

  constructor(options: ConstructorParameters<typeof FocalLossConfig>[0] | FocalLossConfig = {}) {
    super(FocalLossConfig.of(options));
    this.registerBuffer("weight", weights(this.config.weight));
  }

  protected override losses(logits: Tensor, t: Tensor): Tensor {
    if (this.config.useSoftmax && (logits.shape[1] ?? 1) === 1) {
      throw new ConfigError(
        `FocalLoss: one class counts in an output of (${logits.shape.join(", ")}), and the softmax over one class is always 1. Leave 'useSoftmax' out, or give the network one output per class.`,
      );
    }
    const losses = this.config.useSoftmax ? this.#softmax(logits, t) : this.#sigmoid(logits, t);
    const places = Array.from({ length: losses.ndim - 2 }, (_, i) => i + 2);
    return this.weighted(places.length === 0 ? losses : losses.mean(places), this.weight);
  }

  #sigmoid(logits: Tensor, t: Tensor): Tensor {
    const { gamma, alpha } = this.config;
    const entropy = logits.sub(logits.mul(t)).sub(logits.logSigmoid());
    // the logarithm of 1 - p, or of p where the target is 0, does not overflow
    const wrong = logits.mul(t.mul(2).sub(1)).neg().logSigmoid();
    const losses = wrong.mul(gamma).exp().mul(entropy);
    return alpha === null
      ? losses
      : t
          .mul(2 * alpha - 1)
          .add(1 - alpha)
          .mul(losses);
  }

  #softmax(logits: Tensor, t: Tensor): Tensor {
    const { gamma, alpha } = this.config;
    const logarithms = logits.logSoftmax(1);
    const losses = logarithms.exp().neg().add(1).pow(gamma).neg().mul(logarithms).mul(t);
    if (alpha === null) return losses;
    const shape = [1, t.shape[1] ?? 1, ...Array.from({ length: t.ndim - 2 }, () => 1)];
    const factors = Array.from({ length: t.shape[1] ?? 1 }, (_, i) => (i === 0 ? 1 - alpha : alpha));
    return losses.mul(torch.tensor(factors, { dtype: losses.dtype, device: losses.device }).reshape(shape));
  }
}
