import type { nn, Tensor } from "../torch/index.ts";
import { DeeplySupervised } from "./blocks/deep-supervision.ts";
import { VAE } from "./nets/vae.ts";

/**
 * Whether a network gives one tensor, in training as well.
 * @example
 * ```ts
 * using unet = new UNet({ spatialDims: 3, inChannels: 1, outChannels: 2, channels: [4, 8] });
 * using vae = new VAE({ inShape: [1, 16, 16, 16], latentSize: 8, convArgs: { channels: [4] } });
 * console.log(givesOneTensor(unet), givesOneTensor(vae)); // → true false
 * ```
 */
export function givesOneTensor(network: nn.Module<[Tensor], Tensor | readonly Tensor[]>): network is nn.Module {
  if (network instanceof DeeplySupervised) return !network.config.deepSupervision;
  return !(network instanceof VAE);
}
