import { type Inferer, TestTimeAugmentation } from "../infer/index.ts";
import { postprocessingOf } from "../infer/postprocessing-of.ts";
import { ActivationsConfig, AsDiscreteConfig } from "../transforms/index.ts";

/**
 * Above which value an output of an inferer says yes, of a network that gives logits: 0; or 0.5, where the inferer makes probabilities of them,
 * or decides.
 */
export function yesAbove(inferer: Inferer): 0 | 0.5 {
  if (inferer instanceof TestTimeAugmentation && yesAbove(inferer.inferer) > 0) return 0.5;
  const transforms = postprocessingOf(inferer)?.transforms ?? [];
  return transforms.some((one) => one instanceof ActivationsConfig || one instanceof AsDiscreteConfig) ? 0.5 : 0;
}
