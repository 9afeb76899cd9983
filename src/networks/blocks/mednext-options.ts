import { z } from "zod";

/** The kernel of the convolutions of single channels. */
export const mednextKernel = z
  .int()
  .positive()
  .refine((length) => length % 2 === 1, "Expected an odd number, which keeps the size");

/** The options of MedNeXt and of the networks whose layers their name says. */
export const mednextShape = {
  /** How many dimensions images have: 2 or 3 (default). */
  spatialDims: z.union([z.literal(2), z.literal(3)], "spatialDims is 2 or 3").default(3),

  /** The channels of the images; default 1. */
  inChannels: z.int().positive().default(1),

  /** The channels of what comes out; default 2. */
  outChannels: z.int().positive().default(2),

  /** Whether in training a segmentation of each size comes out, the largest first; default false. */
  deepSupervision: z.boolean().default(false),
};
