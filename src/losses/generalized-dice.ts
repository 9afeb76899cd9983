import { z } from "zod";
import { type Tensor, zerosLike } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { oneActivation, SegmentationLoss, segmentationShape } from "./segmentation.ts";
import type { LossConfig } from "./types.ts";

const schema = z.strictObject({
  ...segmentationShape,

  /** The weight of a class of v voxels: 1/v² ("square", default), 1/v ("simple") or 1 ("uniform"). */
  wType: z.enum(["square", "simple", "uniform"]).default("square"),
});

/**
 * The soft Dice loss of all classes of a sample together, each weighted by the inverse of its volume in the target, so that small
 * structures count as much as large ones. A class that the target lacks has the largest of the other weights. Sudre et al., 2017; as
 * MONAI's `GeneralizedDiceLoss`. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * @throws ConfigError for `sigmoid` with `softmax`, and in use where classes or shapes do not go together.
 * @example
 * ```ts
 * const loss = new GeneralizedDiceLossConfig({ softmax: true, toOnehotY: true });
 * const model = new SupervisedModel({ network, loss, optimizer });
 * ```
 */
export class GeneralizedDiceLossConfig
  extends configClass("GeneralizedDiceLoss", schema, { finish: oneActivation })
  implements LossConfig
{
  getObject(): GeneralizedDiceLoss {
    return new GeneralizedDiceLoss(this);
  }
}

/**
 * What {@link GeneralizedDiceLossConfig} builds. With `reduction` "none", it gives (N, 1); one number where sums run over the batch.
 *
 * @example
 * ```ts
 * const loss = new GeneralizedDiceLoss({ smoothNr: 0, smoothDr: 0 });
 * const mask = torch.tensor([[[1, 1], [0, 0]], [[0, 0], [1, 1]]]).unsqueeze(0); // (1, 2, 2, 2): a channel for each class
 * console.log(loss.call(mask, mask).item()); // → 0
 * ```
 */
export class GeneralizedDiceLoss extends SegmentationLoss<GeneralizedDiceLossConfig> {
  constructor(options: ConstructorParameters<typeof GeneralizedDiceLossConfig>[0] | GeneralizedDiceLossConfig = {}) {
    super(GeneralizedDiceLossConfig.of(options));
  }

  protected override losses(p: Tensor, t: Tensor): Tensor {
    const { smoothNr, smoothDr } = this.config;
    const volumes = this.sum(t);
    const weight = this.#classWeights(volumes);
    const sum = (x: Tensor) => x.mul(weight).sum([-1], true);
    const both = sum(this.sum(p.mul(t))).mul(2);
    const all = sum(this.sum(p).add(volumes));
    return both.add(smoothNr).div(all.add(smoothDr)).neg().add(1);
  }

  /** (…, C), of volumes of that shape. */
  #classWeights(volumes: Tensor): Tensor {
    const { wType } = this.config;
    if (wType === "uniform") return zerosLike(volumes).add(1);
    const inverse = (wType === "square" ? volumes.square() : volumes).reciprocal();
    const absent = inverse.isinf();
    const finite = inverse.maskedFill(absent, 0);
    return finite.add(absent.mul(finite.amax([-1], true)));
  }
}
