/** Networks, and the configs that record them. */

/** From image to vector to image. */
export { AutoEncoder, AutoEncoderConfig, type AutoEncoderOptions } from "./autoencoder.ts";
/** Convolutions, then fully connected layers: a classifier or regressor. */
export { CNN, CNNConfig, type CNNOptions } from "./cnn.ts";
/** A stack of transposed convolutions and unpoolings. */
export { ConvDecoder, ConvDecoderConfig, type ConvDecoderInit } from "./conv-decoder.ts";
/** A stack of convolutions and poolings. */
export { ConvEncoder, ConvEncoderConfig, type ConvEncoderInit } from "./conv-encoder.ts";
/** Fully connected layers, then transposed convolutions: from vector to image. */
export { Generator, GeneratorConfig, type GeneratorOptions } from "./generator.ts";
/** How layers are named in options. */
export type { ActivationName, ActivationParameters } from "./layers/activation.ts";
export { ADN } from "./layers/adn.ts";
export { Convolution } from "./layers/convolution.ts";
export type { ConvNormName, NormName, NormParameters } from "./layers/normalization.ts";
export type { PoolingName, PoolingParameters } from "./layers/pooling.ts";
export type { UnpoolingName, UnpoolingParameters } from "./layers/unpooling.ts";
export type { UnpoolingMode } from "./mirror.ts";
/** A multi-layer perceptron. */
export { MLP, MLPConfig, type MLPOptions } from "./mlp.ts";
/** What every network config offers. */
export type { NetworkConfig } from "./network-config.ts";
/** The configs by `name_`, to read them from JSON. */
export { networkRegistry, registerNetwork } from "./registry.ts";
