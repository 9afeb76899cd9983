import { z } from "zod";
import { dropout, spatialDims } from "../network-config.ts";
import { activationSchema } from "./activation.ts";

/** The options of UNet and AttentionUNet. */
export const unetOptions = z.strictObject({
  dropout: dropout.default(null),
  spatialDims,
  inChannels: z.int().positive(),
  outChannels: z.int().positive(),
  channels: z
    .array(z.int().positive())
    .min(2, "A UNet has at least 2 numbers of channels: one before and one after its first halving")
    .default([64, 128, 256, 512, 1024]),
  act: activationSchema.default("relu"),
  outputAct: activationSchema.nullable().default(null),
});
