import type { nn, Tensor } from "../torch/index.ts";
import { DeeplySupervised } from "./blocks/deep-supervision.ts";
import { VAE } from "./nets/vae.ts";

/** Whether a network gives one tensor, in training as well. */
export function givesOneTensor(network: nn.Module<[Tensor], Tensor | readonly Tensor[]>): network is nn.Module {
  if (network instanceof DeeplySupervised) return !network.config.deepSupervision;
  return !(network instanceof VAE);
}
