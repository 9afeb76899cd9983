import type { PretrainedWeights } from "./pretrained.ts";

/** The weights of torchvision's ResNets, and of MedicalNet's in 3 dimensions, which have the same names. */
export const RESNET_WEIGHTS: Omit<PretrainedWeights, "file"> = {
  rename: (key) =>
    /^(fc|conv_seg)\./.test(key)
      ? null
      : key
          .replace(/^conv1\./, "conv0.")
          .replace(/^bn1\./, "norm0.")
          .replace(/\.bn(\d)\./, ".norm$1."),
  first: "conv0.weight",
  head: "fc.",
};
