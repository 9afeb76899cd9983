import { z } from "zod";
import { nn, type Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { reduction } from "./fields.ts";
import { checkAxes, checkImages, similarity, similarityShape, windowSize } from "./structural-similarity.ts";
import { sameShape } from "./targets.ts";
import type { LossConfig, Reduction } from "./types.ts";

const schema = z.strictObject({
  ...similarityShape,

  /** The size of the window in voxels, of all axes or of each; default 11. */
  winSize: windowSize,

  /** How the losses of samples are made one: "mean" (default) or "sum". */
  reduction,
});

/**
 * 1 less the structural similarity (SSIM) of each sample, between images (N, C, H, W) or (N, C, D, H, W); 0 for equal images (Wang et al.
 * 2004, IEEE Trans. Image Process. 13(4):600). As MONAI's `SSIMLoss`, computed with float64. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * @throws ConfigError when an option with a value for each axis has not as many as there are axes, and in use when images have another
 * number of dimensions, are smaller than the window, or differ in shape.
 *
 * @example
 * ```ts
 * const network = new AutoEncoderConfig({ inShape: [1, 16, 16, 16], latentSize: 8, convArgs: { channels: [4] } });
 * const model = new ReconstructionModel({ network, loss: new SSIMLossConfig({ spatialDims: 3, dataRange: 1 }), optimizer });
 * ```
 */
export class SSIMLossConfig
  extends configClass("SSIMLoss", schema, {
    finish(options, what) {
      checkAxes(options, what, "kernelSigma");
      checkAxes(options, what, "winSize");
      return options;
    },
  })
  implements LossConfig
{
  getObject(): SSIMLoss {
    return new SSIMLoss(this);
  }
}

/**
 * What {@link SSIMLossConfig} builds. With `reduction` "none", it gives (N,).
 *
 * @example
 * ```ts
 * const loss = new SSIMLoss({ spatialDims: 2, dataRange: 1 });
 * const image = torch.arange(256).view([1, 1, 16, 16]).div(256);
 * console.log(loss.call(image, image).item().toFixed(4), loss.call(image.flip([2]), image).item() > 0.1); // → 0.0000 true
 * ```
 */
export class SSIMLoss extends nn.Module<[output: Tensor, target: Tensor], Tensor> {
  reduction: Reduction;
  readonly config: SSIMLossConfig;

  constructor(options: ConstructorParameters<typeof SSIMLossConfig>[0] | SSIMLossConfig) {
    super();
    this.config = SSIMLossConfig.of(options);
    this.reduction = this.config.reduction;
  }

  override forward(output: Tensor, target: Tensor): Tensor {
    const options = { ...this.config.fields(), window: this.config.winSize };
    checkImages("SSIMLoss", output, options);
    if (!sameShape(output, target)) {
      throw new ConfigError(
        `SSIMLoss: the output has the shape (${output.shape.join(", ")}) and the target (${target.shape.join(", ")}). They must be equal.`,
      );
    }
    const alike = similarity(output, target, options).similarity.flatten(1).mean([1]);
    const losses = alike.neg().add(1).to({ dtype: output.dtype });
    if (this.reduction === "none") return losses;
    return this.reduction === "sum" ? losses.sum() : losses.mean();
  }
}
