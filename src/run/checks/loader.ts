import { boundsOf, type DataLoader } from "../../data/dataloader/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/**
 * What must hold of the loader of an evaluation or a prediction: that each sample comes once. Its dataset is in evaluation from then on.
 * @param call for messages: `predict`, `test`, `validate`, or `train` of its validation.
 * @param processes how many evaluate together, each its part of the samples, in batches of its own.
 */
export function checkEachSampleOnce(call: string, { dataset, batchSize, config }: DataLoader, processes: number): void {
  if (config.samplingWeights !== null) {
    throw new ConfigError(
      `${call}: the loader draws samples by '${config.samplingWeights}', some of them several times, others never. Pass a loader without samplingWeights.`,
    );
  }
  // an extraction that draws in training gives another number of samples then
  dataset.eval();
  const rests = Array.from({ length: processes }, (_, rank) => {
    const [from, to] = boundsOf(dataset.length, rank, processes);
    return (to - from) % batchSize;
  });
  const rest = rests.reduce((sum, each) => sum + each, 0);
  if (config.dropLast && rest > 0) {
    const whose = processes === 1 ? "" : ` of each of ${processes} processes`;
    throw new ConfigError(
      `${call}: the loader drops the last batch${whose}, and ${rest} of ${dataset.length} samples with it. Pass a loader with dropLast: false.`,
    );
  }
}

/**
 * What must hold of the loader of a training: that there is a batch to learn from, and that samples can be drawn.
 * @param processes how many train together, each with a part of each batch.
 */
export function checkHasStep(loader: DataLoader, processes: number): void {
  const { dataset, batchSize, config } = loader;
  if (config.dropLast && dataset.length < batchSize * processes) {
    const [where, fewer] = processes === 1 ? ["", ""] : [` in each of ${processes} processes`, ", fewer processes"];
    throw new ConfigError(
      `train: the loader drops incomplete batches, and there is no other: ${dataset.length} samples, batchSize ${batchSize}${where}. Use a smaller batchSize${fewer}, or dropLast: false.`,
    );
  }
  loader.checkWeights();
}
