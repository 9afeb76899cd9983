import type { DataLoader } from "../../data/dataloader/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/**
 * What must hold of the loader of an evaluation or a prediction: that each sample comes once. Its dataset is in evaluation from then on.
 * @param call for messages: `predict`, `test`, `validate`, or `train` of its validation.
 */
export function checkEachSampleOnce(call: string, { dataset, batchSize, config }: DataLoader): void {
  if (config.samplingWeights !== null) {
    throw new ConfigError(
      `${call}: the loader draws samples by '${config.samplingWeights}', some of them several times, others never. Pass a loader without samplingWeights.`,
    );
  }
  // an extraction that draws in training gives another number of samples then
  dataset.eval();
  const rest = dataset.length % batchSize;
  if (config.dropLast && rest > 0) {
    throw new ConfigError(
      `${call}: the loader drops the last batch, and ${rest} of ${dataset.length} samples with it. Pass a loader with dropLast: false.`,
    );
  }
}

/** What must hold of the loader of a training: that there is a batch to learn from, and that samples can be drawn. */
export function checkHasStep(loader: DataLoader): void {
  if (loader.length === 0) {
    throw new ConfigError(
      `train: the loader drops incomplete batches, and there is no other: ${loader.dataset.length} samples, batchSize ${loader.batchSize}. Use a smaller batchSize, or dropLast: false.`,
    );
  }
  loader.checkWeights();
}
