import { z } from "zod";
import { nn, type Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { reduction } from "./fields.ts";
import { sameShape } from "./targets.ts";
import type { LossConfig, Reduction } from "./types.ts";

const schema = z.strictObject({
  /** How a reconstruction is compared with its image, summed over voxels: "mse" (default), "l1", or "bce_with_logits" for logits and images from 0 to 1. */
  reconstruction: z.enum(["mse", "l1", "bce_with_logits"]).default("mse"),

  /** How much the distance of the latent distribution from the standard normal one counts, ≥ 0; default 1. */
  beta: z.number().nonnegative().default(1),

  /** How the losses of samples are made one: "mean" (default) or "sum". */
  reduction,
});

/** What a variational autoencoder gives. */
type Variational = readonly [reconstruction: Tensor, mu: Tensor, logVar: Tensor];

/**
 * The loss of a variational autoencoder, the negative evidence lower bound of each sample: the error of the reconstruction, summed over voxels, plus
 * beta times the Kullback-Leibler divergence of N(mu, exp(logVar)) from N(0, 1), summed over latent values. Kingma and Welling, 2014; with
 * beta, Higgins et al. 2017. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * The output is what a {@link VAE} gives, [reconstruction (N, C, …), mu (N, latent size), logVar (N, latent size)], and the target is the images. Models with one
 * output cannot use it, nor `LossMetric`; in a model of one's own:
 *
 * @throws ConfigError in use when the output is something else, or shapes do not go together.
 * @example
 * ```ts
 * const loss = new ELBOLossConfig({ beta: 4 }).getObject();
 * const vae = new VAE({ inShape: [1, 16, 16, 16], latentSize: 8, convArgs: { channels: [4] } });
 * const images = torch.rand([2, 1, 16, 16, 16]);
 * console.log(loss.call(vae.call(images), images).shape); // → []
 * ```
 */
export class ELBOLossConfig extends configClass("ELBOLoss", schema) implements LossConfig {
  getObject(): ELBOLoss {
    return new ELBOLoss(this);
  }
}

/**
 * What {@link ELBOLossConfig} builds. With `reduction` "none", it gives (N,).
 *
 * @example
 * ```ts
 * const loss = new ELBOLoss({ beta: 1 });
 * const image = torch.ones([1, 1, 2, 2]);
 * const latent = torch.zeros([1, 3]); // mean 0 and variance 1: no divergence
 * console.log(loss.call([image.mul(0.5), latent, latent], image).item()); // → 1
 * ```
 */
export class ELBOLoss extends nn.Module<[output: Tensor | Variational, target: Tensor], Tensor> {
  reduction: Reduction;
  readonly config: ELBOLossConfig;

  constructor(options: ConstructorParameters<typeof ELBOLossConfig>[0] | ELBOLossConfig = {}) {
    super();
    this.config = ELBOLossConfig.of(options);
    this.reduction = this.config.reduction;
  }

  override forward(output: Tensor | Variational, target: Tensor): Tensor {
    if (!isVariational(output)) {
      throw new ConfigError(
        "ELBOLoss: the output is not the three tensors that a VAE gives, [reconstruction, mu, logVar]. Call it in the forwardStep of a model of one's own, with all that the network gives.",
      );
    }
    const [reconstruction, mu, logVar] = output;
    if (!sameShape(reconstruction, target) || !sameShape(mu, logVar)) {
      throw new ConfigError(
        `ELBOLoss: the reconstruction has the shape (${reconstruction.shape.join(", ")}), the target (${target.shape.join(", ")}), mu (${mu.shape.join(", ")}) and logVar (${logVar.shape.join(", ")}). The first two must be equal, and the last two.`,
      );
    }
    const error = this.#errors().call(reconstruction, target).flatten(1).sum([1]);
    const losses = error.add(normalDivergence(mu, logVar).mul(this.config.beta));
    if (this.reduction === "none") return losses;
    return this.reduction === "sum" ? losses.sum() : losses.mean();
  }

  /** Of each voxel. */
  #errors(): nn.MSELoss | nn.L1Loss | nn.BCEWithLogitsLoss {
    switch (this.config.reconstruction) {
      case "mse":
        return new nn.MSELoss({ reduction: "none" });
      case "l1":
        return new nn.L1Loss({ reduction: "none" });
      case "bce_with_logits":
        return new nn.BCEWithLogitsLoss({ reduction: "none" });
    }
  }
}

/**
 * The Kullback-Leibler divergence of normal distributions from the standard one, of each sample: the sum over its latent values of
 * (mu² + variance - log variance - 1) / 2.
 * @param mu (N, …), as `logVar`.
 * @returns (N,).
 * @example
 * ```ts
 * // of N(1, 1) from N(0, 1), for each sample
 * console.log(normalDivergence(torch.tensor([[1, 0]]), torch.zeros([1, 2])).toNumbers()); // → [ 0.5 ]
 * ```
 */
export function normalDivergence(mu: Tensor, logVar: Tensor): Tensor {
  return mu.square().add(logVar.exp()).sub(logVar).sub(1).flatten(1).sum([1]).div(2);
}

function isVariational(output: Tensor | Variational): output is Variational {
  return Array.isArray(output) && output.length === 3;
}
