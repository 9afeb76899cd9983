import { AsDiscreteConfig } from "../transforms/index.ts";
import type { Inferer } from "./inferer.ts";
import { postprocessingOf } from "./postprocessing-of.ts";

/** Whether the outputs of an inferer are indices of classes, because its post-processing takes the likeliest: of such there is no mean. */
export function givesIndices(inferer: Inferer): boolean {
  const steps = postprocessingOf(inferer)?.transforms.filter((one) => one instanceof AsDiscreteConfig);
  const last = steps?.findLast(({ argmax, toOnehot }) => argmax || toOnehot !== null);
  return last?.argmax === true;
}
