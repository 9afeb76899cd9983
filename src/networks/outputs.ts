import type { nn, Tensor } from "../torch/index.ts";
import { ResEncUNet } from "./nets/res-enc-unet.ts";
import { VAE } from "./nets/vae.ts";

/** Whether a network gives one tensor, in training as well. */
export function givesOneTensor(network: nn.Module<[Tensor], Tensor | readonly Tensor[]>): network is nn.Module {
  if (network instanceof ResEncUNet) return !network.config.deepSupervision;
  return !(network instanceof VAE);
}
