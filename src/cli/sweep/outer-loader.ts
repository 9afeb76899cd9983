import { DataLoader, DataLoaderConfig } from "../../data/dataloader/index.ts";
import { KFold } from "../../split/index.ts";
import type { ExperimentParts } from "../experiment/parts.ts";
import type { Experiment } from "../experiment/schema.ts";

/**
 * The participants of an outer test fold, read as those that the experiment validates on.
 * @param directory of the outer folds.
 */
export function outerLoader(
  { trainLoader, valLoader }: Experiment,
  { dataset, evalDataset }: Pick<ExperimentParts, "dataset" | "evalDataset">,
  directory: string,
  fold: number,
): DataLoader {
  const options = evalDataset === undefined ? {} : { evalDataset };
  const [split] = new KFold(directory).getSplits(dataset, { ...options, splits: [fold] });
  if (split === undefined) throw new RangeError(`${directory} has no split ${fold}.`);
  const { batchSize, numWorkers } = DataLoaderConfig.fromOptions(valLoader ?? trainLoader);
  return new DataLoader(split.valDataset, { batchSize, numWorkers, shuffle: false });
}
