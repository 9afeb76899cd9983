import type { Batch } from "../data/dataloader/index.ts";
import type { Tensor } from "../torch/index.ts";
import type { Shares } from "./model.ts";
import { VanillaModel } from "./vanilla.ts";

/**
 * A network that learns to give back the image it got.
 * @example
 * ```ts
 * const autoencoder = new ReconstructionModel({
 *   network: new AutoEncoderConfig({ inShape: [1, 17, 20, 16], latentSize: 8, convArgs: { channels: [4, 8] } }),
 *   loss: new MSELossConfig(),
 *   optimizer: new AdamConfig({ lr: 1e-3 }),
 * });
 * using batch = new Batch([await dataset.get(0)]);
 * using images = autoencoder.evaluationStep(batch).getField("output");
 * console.log(images.shape); // → [ 1, 1, 17, 20, 16 ]
 * ```
 */
export class ReconstructionModel extends VanillaModel {
  static readonly name_: string = "ReconstructionModel";
  override readonly labelKey = "image";

  override forwardStep(batch: Batch, shares?: Shares): Tensor {
    const images = batch.getField("image", { dtype: "float32" });
    const values = batch.getField("image", { device: null });
    const source = { field: "image", participants: batch.participants, values };
    return this.lossOf(images, images, { source, shares });
  }
}
