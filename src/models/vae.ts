import { callLoss, normalDivergence, prepareTarget } from "../losses/index.ts";
import { type nn, Tensor } from "../torch/index.ts";
import { type JsonObject, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { FirstOutput, type NetworkOption, ofAnyOutput } from "./first-output.ts";
import { ReconstructionModel } from "./reconstruction.ts";
import type { FieldReader, LossContext, VanillaModelOptions } from "./vanilla.ts";

export interface VAEModelOptions extends Omit<VanillaModelOptions, "network"> {
  readonly network: NetworkOption;
  /** What the divergence from the standard normal distribution counts, ≥ 0. Default 1. */
  readonly beta?: number;
}

/**
 * A variational autoencoder (Kingma and Welling, 2014; β: Higgins et al., 2017). Its network gives [reconstruction, mu (N, latent),
 * logVar (N, latent)], as a `VAE` does, and it learns with
 *
 *     loss(reconstruction, image) + beta · mean over samples of -½ · Σ (1 + logVar - mu² - exp(logVar))
 *
 * where Σ is over the latent values. A `loss` that is a mean over voxels is smaller than the sum of the evidence lower bound by their number:
 * `beta` then is small, such as 1 / (number of voxels).
 *
 * Evaluation and prediction add the reconstruction (`output`) from the mean of the distribution, without drawing; `LossMetric`
 * is `loss` of it, without the divergence.
 *
 * Not in ClinicaDL 2.0.0, which cannot read it.
 * @example
 * ```ts
 * const variational = new VAEModel({
 *   network: new VAEConfig({ inShape: [1, 17, 20, 16], latentSize: 8, convArgs: { channels: [4, 8] } }),
 *   loss: new MSELossConfig(),
 *   optimizer: new AdamConfig({ lr: 1e-3 }),
 *   beta: 1 / (17 * 20 * 16),
 * });
 * await new Trainer({ maps: "vae", model: variational, optimization: { numEpochs: 1 } }).train(split);
 * ```
 */
export class VAEModel extends ReconstructionModel {
  static override readonly name_: string = "VAEModel";
  readonly beta: number;

  constructor({ beta = 1, network, ...options }: VAEModelOptions) {
    if (!(typeof beta === "number" && beta >= 0 && Number.isFinite(beta))) {
      throw new ConfigError(`${new.target.name}: 'beta' got ${show(beta)}. Expected a number of at least 0.`, {
        fieldNames: ["beta"],
      });
    }
    super({ ...options, network: ofAnyOutput(network) });
    this.beta = beta;
  }

  protected override lossOf(images: Tensor, target: Tensor, { source, shares }: LossContext = {}): Tensor {
    const outputs: unknown = this.network.call(images);
    const [reconstruction, mu, logVar] = Array.isArray(outputs) ? outputs : [];
    if (!(reconstruction instanceof Tensor && mu instanceof Tensor && logVar instanceof Tensor)) {
      throw new ConfigError(
        `${this.constructor.name} needs a network that gives [reconstruction, mu, logVar], as a VAE does; ${this.network.constructor.name} gives ${Array.isArray(outputs) ? `${outputs.length} values` : "something else"}.`,
      );
    }
    const loss = callLoss(this.loss, reconstruction, prepareTarget(this.loss, reconstruction, target, source));
    // sums of batches are added as they are, and the divergence is a mean all the same
    const share = this.loss.reduction === "sum" ? (shares?.loss ?? 1) : 1;
    return loss.add(
      normalDivergence(mu, logVar)
        .mean()
        .mul(this.beta * share),
    );
  }

  protected override get inferred(): nn.Module {
    return new FirstOutput(this.network);
  }

  override toDict(): JsonObject {
    return { ...super.toDict(), beta: this.beta };
  }
  protected static override readonly readers: Readonly<Record<string, FieldReader>> = {
    ...ReconstructionModel.readers,
    beta: (value) => value,
  };
}
