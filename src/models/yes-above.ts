import { type Inferer, TestTimeAugmentation } from "../infer/index.ts";
import { ActivationsConfig, AsDiscreteConfig, PostprocessingHandler } from "../transforms/index.ts";

/**
 * Above which value an output of an inferer says yes, of a network that gives logits: 0; or 0.5, where the inferer makes probabilities of them,
 * or decides.
 */
export function yesAbove(inferer: Inferer): 0 | 0.5 {
  if (inferer instanceof TestTimeAugmentation && yesAbove(inferer.inferer) > 0) return 0.5;
  const postprocessing = "postprocessing" in inferer ? inferer.postprocessing : null;
  if (!(postprocessing instanceof PostprocessingHandler)) return 0;
  return postprocessing.transforms.some((one) => one instanceof ActivationsConfig || one instanceof AsDiscreteConfig)
    ? 0.5
    : 0;
}
