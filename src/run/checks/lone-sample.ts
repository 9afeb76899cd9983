import type { DataLoader } from "../../data/dataloader/index.ts";
import { type Model, MultiTaskModel, ReconstructionModel, SupervisedModel } from "../../models/index.ts";
import { MLP } from "../../networks/index.ts";
import { nn } from "../../torch/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/** The processes that train together, each with a part of each batch. */
interface Processes {
  readonly processes: number;
  /** Whether they normalise over the whole batch, not each over its part. */
  readonly together: boolean;
}

/**
 * Checks that no training batch is a single sample where layers normalise over the batch: that fails in the last batch of the
 * first epoch, when all others are done.
 * @throws ConfigError with the numbers and the remedies.
 */
export function checkLoneSample(
  model: Model,
  { dataset, batchSize, config }: DataLoader,
  { processes, together }: Processes,
): void {
  if (processes > 1 && together) return; // each has a sample at least
  const rest = dataset.length % (batchSize * processes);
  // the least of the parts of the last batch
  const lone = batchSize === 1 || (Math.floor(rest / processes) === 1 && !config.dropLast);
  if (!lone || !normalisesOverBatch(model)) return;
  const [where, remedy] = processes === 1 ? ["", ""] : [` in each of ${processes} processes`, "syncBatchnorm: true, "];
  throw new ConfigError(
    `train: ${dataset.length} samples in batches of ${batchSize}${where} leave a batch of one, and the network has batch normalisation between its linear layers, which cannot learn from one sample. Use another batchSize, dropLast: true, ${remedy}or norm: null in the options of the MLP.`,
  );
}

/** Whether batches pass as they are through an MLP that does. */
function normalisesOverBatch(model: Model): boolean {
  const plain =
    (model instanceof MultiTaskModel && model.forwardStep === MultiTaskModel.prototype.forwardStep) ||
    (model instanceof SupervisedModel && model.forwardStep === SupervisedModel.prototype.forwardStep) ||
    (model instanceof ReconstructionModel && model.forwardStep === ReconstructionModel.prototype.forwardStep);
  if (!plain) return false;
  const mlps = [...model.modules()].filter((module) => module instanceof MLP);
  return mlps.some((mlp) => [...mlp.modules()].some((module) => module instanceof nn.BatchNorm1d));
}
