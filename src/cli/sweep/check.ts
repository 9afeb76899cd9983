import { dirname, resolve } from "node:path";
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { CallbacksHandler } from "../../callbacks/index.ts";
import { DataLoader } from "../../data/dataloader/index.ts";
import type { DatasetLike } from "../../data/datasets/index.ts";
import { experimentValues, extremesOf, type Sweep, suggest } from "../../sweep/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { ExperimentDocument } from "../experiment/document.ts";
import { checkCallbacks, inPart, loadModules, makeModel, makeParts, readExperiment } from "../experiment/parts.ts";
import type { Experiment } from "../experiment/schema.ts";
import { checkComparison } from "./comparison.ts";
import { runsOf, type SweepFile } from "./file.ts";

/** What was made for a trial, of which the next makes only what it has other values for. */
interface Checked {
  readonly given: Experiment;
  readonly dataset: DatasetLike;
}

/**
 * Makes what the first trial is made of, then with each choice and each end of a range in its place, and writes nothing.
 * @throws ConfigError for a parameter, a value or a metric that the experiment does not take, and what is wrong with the experiment.
 */
export async function checkSweep(file: SweepFile): Promise<void> {
  const { sweep } = file;
  const before = process.cwd();
  let first: Checked | null = null;
  try {
    for (const values of extremesOf(sweep, suggest(sweep, []))) {
      process.chdir(before);
      const checked = await checkTrial(file, values, first);
      first ??= checked;
    }
  } finally {
    process.chdir(before);
  }
}

async function checkTrial(
  file: SweepFile,
  values: Readonly<Record<string, number>>,
  first: Checked | null,
): Promise<Checked> {
  const { sweep, experiment, study } = file;
  const [run] = runsOf(file, { values }, study);
  const document = new ExperimentDocument(experiment, run?.changes ?? []);
  try {
    const given = readExperiment(document);
    process.chdir(resolve(dirname(experiment), given.baseDir ?? "."));
    const dataset = await makeWhatDiffers(document, given, first);
    checkComparison(file, given);
    return { given, dataset };
  } catch (error) {
    if (first === null || !(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${error.message} This is with ${describe(sweep, values)}.`, { cause: error });
  }
}

/** Makes each part of an experiment that was not made for the first trial. @returns its dataset. */
async function makeWhatDiffers(
  document: ExperimentDocument,
  given: Experiment,
  first: Checked | null,
): Promise<DatasetLike> {
  const differs = (...sections: (keyof Experiment)[]): boolean =>
    sections.some((section) => first === null || !isDeepStrictEqual(given[section], first.given[section]));
  if (differs("modules")) await loadModules(document, given);
  const isSame = !differs("dataset", "evalDataset", "optimization", "computational");
  const dataset = first !== null && isSame ? first.dataset : makeParts(document, given).dataset;
  for (const section of ["trainLoader", "valLoader"] as const) {
    if (differs(section)) inPart(document, [section], () => new DataLoader(dataset, given[section]));
  }
  if (differs("metrics", "callbacks")) checkCallbacks(document, given);
  if (differs("callbacks")) inPart(document, ["callbacks"], () => new CallbacksHandler(given.callbacks));
  if (differs("model")) makeModel(document, given).dispose();
  return dataset;
}

function describe(sweep: Sweep, values: Readonly<Record<string, number>>): string {
  return Object.entries(experimentValues(sweep, { values }))
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join(", ");
}
