/** Every network: a line here makes it public, and its config known by its `name_` in plain objects, JSON and a MAPS. */

export * from "./nets/attention-unet.ts";
export * from "./nets/autoencoder.ts";
export * from "./nets/cnn.ts";
export * from "./nets/conv-decoder.ts";
export * from "./nets/conv-encoder.ts";
export * from "./nets/convnext.ts";
export * from "./nets/densenet.ts";
export * from "./nets/densenets.ts";
export * from "./nets/generator.ts";
export * from "./nets/mednext.ts";
export * from "./nets/mednexts.ts";
export * from "./nets/mlp.ts";
export * from "./nets/res-enc-unet.ts";
export * from "./nets/resnet.ts";
export * from "./nets/resnets.ts";
export * from "./nets/se-resnet.ts";
export * from "./nets/se-resnets.ts";
export * from "./nets/segresnet.ts";
export * from "./nets/swin-unetr.ts";
export * from "./nets/unet.ts";
export * from "./nets/vae.ts";
export * from "./nets/vit.ts";
export * from "./nets/vits.ts";
