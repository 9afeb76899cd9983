/** Networks, and the configs that record them. */

/** How layers are named in options. */
export type { ActivationName, ActivationParameters } from "./blocks/activation.ts";
export { ADN } from "./blocks/adn.ts";
export { Convolution } from "./blocks/convolution.ts";
export type { UnpoolingMode } from "./blocks/mirror.ts";
export type { ConvNormName, NormName, NormParameters } from "./blocks/normalization.ts";
export type { PoolingName, PoolingParameters } from "./blocks/pooling.ts";
export type { UnpoolingName, UnpoolingParameters } from "./blocks/unpooling.ts";
/** From image to vector to image. */
export { AutoEncoder, AutoEncoderConfig, type AutoEncoderOptions } from "./nets/autoencoder.ts";
/** Convolutions, then fully connected layers: a classifier or regressor. */
export { CNN, CNNConfig, type CNNOptions } from "./nets/cnn.ts";
/** A stack of transposed convolutions and unpoolings. */
export { ConvDecoder, ConvDecoderConfig, type ConvDecoderInit } from "./nets/conv-decoder.ts";
/** A stack of convolutions and poolings. */
export { ConvEncoder, ConvEncoderConfig, type ConvEncoderInit } from "./nets/conv-encoder.ts";
/** Fully connected layers, then transposed convolutions: from vector to image. */
export { Generator, GeneratorConfig, type GeneratorOptions } from "./nets/generator.ts";
/** A multi-layer perceptron. */
export { MLP, MLPConfig, type MLPOptions } from "./nets/mlp.ts";
/** What every network config offers. */
export type { NetworkConfig } from "./network-config.ts";
/** The configs by `name_`, to read them from JSON. */
export { networkRegistry, registerNetwork } from "./registry.ts";
