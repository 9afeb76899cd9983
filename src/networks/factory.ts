import type { JsonObject } from "../utils/config.ts";
import { CNNConfig } from "./cnn.ts";
import { ConvEncoderConfig } from "./conv-encoder.ts";
import { MLPConfig } from "./mlp.ts";
import type { NetworkConfig } from "./network-config.ts";

/** The network configs, by their `name_`. */
export const NETWORK_CONFIGS: Readonly<Record<string, { fromDict(dict: JsonObject): NetworkConfig }>> = {
  MLP: MLPConfig,
  ConvEncoder: ConvEncoderConfig,
  CNN: CNNConfig,
};
