import { z } from "zod";
import { activationSchema } from "./activation.ts";
import { pretrainedSchema } from "./pretrained.ts";

/** The options that ClinicaDL has of networks whose layers their name says, for images of 2 dimensions. */
const common = {
  /** How many values come out per image; null: what comes before the last layer. */
  numOutputs: z.int().positive().nullable(),

  /** The activation after the last layer: a name, or [name, options]; default null: none. */
  outputAct: activationSchema.nullable().default(null),
};
/** Beside ClinicaDL's, and after them. */
const own = {
  /** The channels of the images; default 3, those of ClinicaDL. */
  inChannels: z.int().positive().default(3),
};
export const namedShape = { ...common, ...own };

/** Those of networks that torchvision has trained on ImageNet. */
export const pretrainedShape = {
  ...common,

  /**
   * The weights to begin with, but for those of the last layer: torchvision's, from the path of a file, from the web (`{ url, sha256 }`), from the
   * Hugging Face hub (`hf://owner/name/file`), or with true those that PyTorch publishes: from its cache (`TORCH_HOME`), downloaded to it if need be
   * (`CLINICADL_TORCHVISION_URL`: from a mirror). For other than 3 channels the first convolution is adapted. Default false: drawn.
   */
  pretrained: z.union([z.literal(true), pretrainedSchema]).default(false),
  ...own,
};
