import { z } from "zod";
import { dropout, spatialDims } from "../network-config.ts";
import { activationSchema } from "./activation.ts";

/** The options of UNet and AttentionUNet. */
export const unetOptions = z.strictObject({
  /** The probability with which a value is dropped, from 0 to 1; default null: no dropout. */
  dropout: dropout.default(null),

  /** How many dimensions images have: 1, 2 or 3. */
  spatialDims,

  /** The channels of the images. */
  inChannels: z.int().positive(),

  /** The channels of what comes out. */
  outChannels: z.int().positive(),

  /** How many channels there are at each size, the largest image first; default [64, 128, 256, 512, 1024]. */
  channels: z
    .array(z.int().positive())
    .min(2, "A UNet has at least 2 numbers of channels: one before and one after its first halving")
    .default([64, 128, 256, 512, 1024]),

  /** The activation after each convolution: a name, or [name, options]; default "relu". */
  act: activationSchema.default("relu"),

  /** The activation after the last layer: a name, or [name, options]; default null: none. */
  outputAct: activationSchema.nullable().default(null),
});
