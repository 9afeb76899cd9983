import type { JsonObject } from "../utils/config.ts";
import { AutoEncoderConfig } from "./autoencoder.ts";
import { CNNConfig } from "./cnn.ts";
import { ConvDecoderConfig } from "./conv-decoder.ts";
import { ConvEncoderConfig } from "./conv-encoder.ts";
import { GeneratorConfig } from "./generator.ts";
import { MLPConfig } from "./mlp.ts";
import type { NetworkConfig } from "./network-config.ts";

/** The network configs, by their `name_`. */
export const NETWORK_CONFIGS: Readonly<Record<string, { fromDict(dict: JsonObject): NetworkConfig }>> = {
  MLP: MLPConfig,
  ConvEncoder: ConvEncoderConfig,
  ConvDecoder: ConvDecoderConfig,
  CNN: CNNConfig,
  Generator: GeneratorConfig,
  AutoEncoder: AutoEncoderConfig,
};
