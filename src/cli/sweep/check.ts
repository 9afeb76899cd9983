import { dirname, resolve } from "node:path";
import process from "node:process";
import { CallbacksHandler } from "../../callbacks/index.ts";
import { DataLoader } from "../../data/dataloader/index.ts";
import { MetricsHandler } from "../../metrics/index.ts";
import { suggest } from "../../sweep/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { ExperimentDocument } from "../experiment/document.ts";
import { inPart, loadModules, makeModel, makeParts, readExperiment } from "../experiment/parts.ts";
import type { SweepFile } from "./run.ts";
import { trialChanges } from "./trials.ts";

/**
 * Makes what the first trial is made of, and writes nothing.
 * @throws ConfigError for a parameter or a metric that the experiment does not have, and what is wrong with the experiment.
 */
export async function checkSweep({ sweep, experiment, study }: SweepFile): Promise<void> {
  const first = { values: suggest(sweep, []) };
  const document = new ExperimentDocument(experiment, trialChanges(sweep, first, study));
  const given = readExperiment(document);
  const names = Object.keys(given.metrics ?? { loss: null });
  if (!names.includes(sweep.metric)) {
    throw new ConfigError(
      `The sweep's 'metric' is '${sweep.metric}', and the metrics of ${experiment} are: ${names.join(", ") || "none"}.`,
    );
  }
  const before = process.cwd();
  process.chdir(resolve(dirname(experiment), given.baseDir ?? "."));
  try {
    await loadModules(document, given);
    const { dataset } = makeParts(document, given);
    for (const section of ["trainLoader", "valLoader"] as const) {
      inPart(document, [section], () => new DataLoader(dataset, given[section]));
    }
    inPart(document, ["metrics"], () => new MetricsHandler(given.metrics));
    inPart(document, ["callbacks"], () => new CallbacksHandler(given.callbacks));
    makeModel(document, given).dispose();
  } finally {
    process.chdir(before);
  }
}
