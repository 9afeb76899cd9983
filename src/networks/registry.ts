import type { nn, Tensor } from "../torch/index.ts";
import { isBuilder, type Registrable, Registry } from "../utils/registry.ts";
import * as list from "./all.ts";
import type { NetworkConfig } from "./network-config.ts";

/** The config of a network that a MAPS can record: of one that gives a tensor, or several. */
export type AnyNetworkConfig = NetworkConfig<nn.Module<[Tensor], Tensor | readonly Tensor[]>>;

/** The networks by their `name_`. */
export const networkRegistry = new Registry<AnyNetworkConfig>("network", isBuilder, list);

/**
 * Makes the config of a network of one's own known by its `name_`, so that a MAPS with it can be read.
 * @throws ConfigError when another network has that name.
 * @example
 * ```ts
 * class WideUNetConfig extends UNetConfig {
 *   static override readonly name_: string = "WideUNet";
 * }
 * registerNetwork(WideUNetConfig);
 * const unet = { name_: "WideUNet", spatialDims: 3, inChannels: 1, outChannels: 1, channels: [8, 16] };
 * const wide = new ReconstructionModel({ network: unet, loss: new MSELossConfig(), optimizer });
 * console.log(wide.network instanceof UNet); // → true
 * ```
 */
export function registerNetwork(Class: Registrable<NetworkConfig>): void {
  networkRegistry.register(Class);
}
