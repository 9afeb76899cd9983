/** Every network: a line here makes it public, and its config known by its `name_` in plain objects, JSON and a MAPS. */

export * from "./autoencoder.ts";
export * from "./cnn.ts";
export * from "./conv-decoder.ts";
export * from "./conv-encoder.ts";
export * from "./generator.ts";
export { MLP, MLPConfig, type MLPOptions } from "./mlp.ts";
