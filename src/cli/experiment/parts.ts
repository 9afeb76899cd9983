/** The objects that an experiment file describes. */
import { CallbacksHandler } from "../../callbacks/index.ts";
import { type DatasetLike, datasetRegistry } from "../../data/datasets/index.ts";
import { LossMetricConfig, MetricsHandler } from "../../metrics/index.ts";
import { type Model, modelRegistry } from "../../models/index.ts";
import { OptimizationConfig } from "../../optim/index.ts";
import { ComputationalConfig } from "../../train/index.ts";
import { parseWith } from "../../utils/config.ts";
import { ClinicaDLException, ConfigError } from "../../utils/exceptions.ts";
import { snakeToCamel } from "../../utils/names.ts";
import type { ExperimentDocument } from "./document.ts";
import { loadModule } from "./modules.ts";
import { type Experiment, experimentSchema } from "./schema.ts";

/** What is wrong with one part of an experiment file. */
export class ExperimentError extends ConfigError {}

/** What the file says, its top level checked; relative paths start from `baseDir`. */
export function readExperiment(document: ExperimentDocument): Experiment {
  const { values } = document;
  return inPart(document, [], () => parseWith(experimentSchema, values, "experiment"));
}

/** Runs `make`; what it says about the values of this part gets the file and the line. */
export function inPart<T>(document: ExperimentDocument, section: readonly string[], make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ClinicaDLException) || error instanceof ExperimentError) throw error;
    const named = "fieldNames" in error && Array.isArray(error.fieldNames) ? error.fieldNames : [];
    const fields = named.length > 0 ? named : namedIn(error.message);
    throw new ExperimentError(`${document.where(section, fields)}: ${error.message}`, { cause: error });
  }
}

/** The names that a message has in quotes: where an error does not list its fields, there is nothing else. */
function namedIn(message: string): string[] {
  return [...message.matchAll(/'([A-Za-z_][\w.]*)'/g)]
    .flatMap(([, name = ""]) => name.split(".").reverse())
    .map(snakeToCamel);
}

/** Loads modules of one's own, which register what they have. */
export async function loadModules(document: ExperimentDocument, { modules }: Experiment): Promise<void> {
  for (const [i, path] of modules.entries()) {
    await loadModule(path).catch((error: unknown) =>
      inPart(document, ["modules", String(i)], () => {
        throw error;
      }),
    );
  }
}

/** What is checked before a MAPS is made. */
export interface ExperimentParts {
  readonly dataset: DatasetLike;
  readonly evalDataset: DatasetLike | undefined;
  readonly optimization: OptimizationConfig;
  readonly computational: ComputationalConfig;
}

/** @param section where its options stand. */
export function makeDataset(
  document: ExperimentDocument,
  section: "dataset" | "evalDataset",
  options: Record<string, unknown>,
): DatasetLike {
  return inPart(document, [section], () => {
    const found = datasetRegistry.from(`'${section}'`, { name_: "BidsDataset", ...options });
    if (found !== null) return found;
    throw new ConfigError(`'${section}' is no dataset.`);
  });
}

/**
 * Makes each callback by itself, so that an error names its lines: options that make no sense, or a metric that is not there.
 */
export function checkCallbacks(document: ExperimentDocument, { metrics, callbacks }: Experiment): void {
  const made = inPart(document, ["metrics"], () => new MetricsHandler(metrics ?? { loss: new LossMetricConfig() }));
  for (const [i, callback] of callbacks.entries()) {
    inPart(document, ["callbacks", String(i)], () => new CallbacksHandler([callback]).checkMetrics(made));
  }
}

export function makeParts(document: ExperimentDocument, experiment: Experiment): ExperimentParts {
  const { dataset, evalDataset, optimization, computational } = experiment;
  return {
    dataset: makeDataset(document, "dataset", dataset),
    evalDataset: evalDataset === undefined ? undefined : makeDataset(document, "evalDataset", evalDataset),
    optimization: inPart(document, ["optimization"], () => OptimizationConfig.fromOptions(optimization)),
    computational: inPart(document, ["computational"], () => new ComputationalConfig(computational)),
  };
}

export function makeModel(document: ExperimentDocument, { model }: Experiment): Model {
  return inPart(document, ["model"], () => {
    const found = modelRegistry.from("'model'", { name_: "SupervisedModel", ...model });
    if (found !== null) return found;
    throw new ConfigError("'model' is no model.");
  });
}
