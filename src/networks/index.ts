/**
 * Networks, and the configs that record them. `nets/` has one file per network, with its config; `blocks/` has what
 * networks are built of: layers by name and by dimension, convolutions with what follows them, stacks of them. A new network
 * is a file in `nets/`, a line of `all.ts`, its cases in `test/golden/networks_golden.py` and a test that calls
 * `compareToOriginal`; one that ClinicaDL does not have has its cases in `beyond_networks_golden.py`.
 */

/** One file per network. */
export * from "./all.ts";
/** How layers are named in options. */
export type { ActivationName, ActivationParameters } from "./blocks/activation.ts";
export { ADN } from "./blocks/adn.ts";
export { Convolution } from "./blocks/convolution.ts";
export type { DeeplySupervised } from "./blocks/deep-supervision.ts";
export type { PoolingName } from "./blocks/layers.ts";
export type { UnpoolingMode } from "./blocks/mirror.ts";
export type { ConvNormName, NormName, NormParameters } from "./blocks/normalization.ts";
export type { PoolingParameters } from "./blocks/pooling.ts";
export type { UnpoolingName, UnpoolingParameters } from "./blocks/unpooling.ts";
/** Less memory for more time. */
export { checkpointBlocks } from "./checkpointing.ts";
/** What every network config offers. */
export type { NetworkConfig } from "./network-config.ts";
/** Which of them models for one output take. */
export { givesOneTensor } from "./outputs.ts";
/** The configs by `name_`, to read them from JSON. */
export { type AnyNetworkConfig, networkRegistry, registerNetwork } from "./registry.ts";
