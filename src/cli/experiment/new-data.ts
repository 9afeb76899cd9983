import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { DataLoader, DataLoaderConfig } from "../../data/dataloader/index.ts";
import type { Maps } from "../../io/maps/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { ExperimentDocument } from "./document.ts";
import { inPart, loadModules, makeDataset, readExperiment } from "./parts.ts";
import { EXPERIMENT_FILE } from "./record.ts";

export interface NewData {
  /** Absolute path of a table with the participants, and what is learnt of them. */
  readonly data: string;
  /** Absolute path of the BIDS dataset of their images. Default: that of the experiment. */
  readonly bids?: string;
}

/**
 * A loader of participants whom a MAPS does not know: read as its experiment reads those that it validates on, with the same images,
 * columns and transforms.
 *
 * The working directory of the process becomes the folder from which the paths of the experiment start.
 *
 * @throws ClinicaDLException where no experiment file was trained into the MAPS; ConfigError naming file, line and field.
 */
export async function loaderOfNewData(maps: Maps, { data, bids }: NewData): Promise<DataLoader> {
  const path = join(maps.path, EXPERIMENT_FILE);
  if (!existsSync(path)) {
    throw new ClinicaDLException(
      `${path} is not there: the MAPS was not trained by 'clinicadl train', so that it is not known how its data are read. Give new data in a script: trainer.test({ …, dataloader }).`,
    );
  }
  const document = new ExperimentDocument(path);
  const experiment = readExperiment(document);
  process.chdir(experiment.baseDir ?? maps.path);
  await loadModules(document, experiment);
  const { evalDataset, dataset, valLoader, trainLoader } = experiment;
  const section = evalDataset === undefined ? "dataset" : "evalDataset";
  const options = { ...(evalDataset ?? dataset), data, ...(bids === undefined ? {} : { bids }) };
  const made = makeDataset(document, section, options);
  return inPart(document, ["valLoader"], () => {
    const { batchSize, numWorkers } = DataLoaderConfig.fromOptions(valLoader ?? trainLoader);
    return new DataLoader(made, { batchSize, numWorkers, shuffle: false });
  });
}
