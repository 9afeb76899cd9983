import { z } from "zod";
import { activationSchema } from "./activation.ts";

/** The options of networks whose layers their name says, for images of 2 dimensions and 3 channels. */
export const namedShape = {
  /** How many values come out per image; null: what comes before the last layer. */
  numOutputs: z.int().positive().nullable(),

  /** The activation after the last layer: a name, or [name, options]; default null: none. */
  outputAct: activationSchema.nullable().default(null),
};

/** Those of networks that torchvision has trained on ImageNet. */
export const pretrainedShape = {
  ...namedShape,

  /**
   * The weights to begin with, but for those of the last layer: the path of a file that torchvision has made, or true for the file
   * that PyTorch has downloaded into its cache (`TORCH_HOME`). Default false: drawn.
   */
  pretrained: z.union([z.boolean(), z.string().min(1)]).default(false),
};
