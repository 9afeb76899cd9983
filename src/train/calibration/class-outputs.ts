import { type Inferer, TestTimeAugmentation } from "../../infer/index.ts";
import { acceptedTargets, FocalLoss, type LossFunction, nameOf } from "../../losses/index.ts";
import { type Model, MultiTaskModel, SegmentationModel, SupervisedModel } from "../../models/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/** A field that evaluation adds to a batch, with the logits of classes. */
export interface ClassOutput {
  readonly field: string;
  /** The field with the classes. */
  readonly labelKey: string;
  readonly activation: "sigmoid" | "softmax";
  /** A label that does not count; null: all count. */
  readonly ignored: number | null;
}

/**
 * The outputs of a model that are logits of the classes of a sample.
 * @throws ConfigError where it has none, or they are not known.
 */
export function classOutputsOf(model: Model): ClassOutput[] {
  if (model instanceof MultiTaskModel) {
    checkRaw(`calibrate: the ${model.inferer.name_} of the model`, model.inferer);
    const all = outputNameOf(model.inferer);
    const outputs = model.tasks.flatMap(({ name, loss, labelKey }) => {
      const activation = activationOf(loss);
      const ignored = acceptedTargets(loss, null)?.ignored ?? null;
      return activation === null ? [] : [{ field: `${all}_${name}`, labelKey, activation, ignored }];
    });
    if (outputs.length > 0) return outputs;
    const losses = model.tasks.map(({ name, loss }) => `'${name}' ${nameOf(loss)}`).join(", ");
    throw new ConfigError(`calibrate: no task of the model learns classes with logits: ${losses}. ${TAKEN}`);
  }
  if (!(model instanceof SupervisedModel) || model instanceof SegmentationModel) {
    throw new ConfigError(
      `calibrate: a ${model.constructor.name} does not say which of its outputs are logits of the classes of a sample, as SupervisedModel and MultiTaskModel do. Take fitTemperature and youdenThreshold of clinicadl/metrics, with the outputs on the validation data.`,
    );
  }
  checkRaw(`calibrate: the ${model.inferer.name_} of the model`, model.inferer);
  const activation = activationOf(model.loss);
  if (activation === null) throw new ConfigError(`calibrate: the loss of the model is ${nameOf(model.loss)}. ${TAKEN}`);
  const ignored = acceptedTargets(model.loss, null)?.ignored ?? null;
  return [{ field: outputNameOf(model.inferer), labelKey: model.labelKey, activation, ignored }];
}

const TAKEN =
  "Taken are outputs that are logits: of BCEWithLogitsLoss, CrossEntropyLoss, NLLLoss and FocalLoss. For others, take fitTemperature and youdenThreshold of clinicadl/metrics.";

/** By loss: what makes probabilities of what a network gives that learns with it. Logarithms of probabilities are logits, too. */
function activationOf(loss: LossFunction): ClassOutput["activation"] | null {
  if (loss instanceof FocalLoss) return loss.config.useSoftmax ? "softmax" : "sigmoid";
  switch (nameOf(loss)) {
    case "BCEWithLogitsLoss":
      return "sigmoid";
    case "CrossEntropyLoss":
    case "NLLLoss":
      return "softmax";
    default:
      return null;
  }
}

function outputNameOf(inferer: Inferer): string {
  return "outputName" in inferer && typeof inferer.outputName === "string" ? inferer.outputName : "output";
}

/**
 * @param what begins messages.
 * @throws ConfigError where an inferer changes what the network gives, of which temperatures and thresholds know nothing.
 */
export function checkRaw(what: string, inferer: Inferer): void {
  if (inferer instanceof TestTimeAugmentation) checkRaw(what, inferer.inferer);
  if (!("postprocessing" in inferer) || typeof inferer.postprocessing !== "object" || inferer.postprocessing === null)
    return;
  const { postprocessing } = inferer;
  if (!("transforms" in postprocessing) || !Array.isArray(postprocessing.transforms)) return;
  if (postprocessing.transforms.length === 0) return;
  throw new ConfigError(
    `${what} has 'postprocessing', after which outputs are no logits. Leave it out of the inferer, and give it to the metrics that need it.`,
  );
}
