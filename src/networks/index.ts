/** Networks, and the configs that record them. */

/** Convolutions, then fully connected layers: a classifier or regressor. */
export { CNN, CNNConfig, type CNNOptions } from "./cnn.ts";
/** A stack of convolutions and poolings. */
export { ConvEncoder, ConvEncoderConfig, type ConvEncoderInit } from "./conv-encoder.ts";
/** The configs by `name_`, to read them from JSON. */
export { NETWORK_CONFIGS } from "./factory.ts";
/** How layers are named in options. */
export type { ActivationName, ActivationParameters } from "./layers/activation.ts";
export { ADN } from "./layers/adn.ts";
export { Convolution } from "./layers/convolution.ts";
export type { ConvNormName, NormName, NormParameters } from "./layers/normalization.ts";
export type { PoolingName, PoolingParameters } from "./layers/pooling.ts";
/** A multi-layer perceptron. */
export { MLP, MLPConfig, type MLPOptions } from "./mlp.ts";
/** What every network config offers. */
export type { NetworkConfig } from "./network-config.ts";
