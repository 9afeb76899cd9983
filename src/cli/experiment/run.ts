import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { Maps } from "../../io/maps/index.ts";
import { mainFirst, type World, worldFromEnvironment } from "../../run/index.ts";
import type { Split } from "../../split/index.ts";
import { Trainer } from "../../train/index.ts";
import { ExperimentDocument } from "./document.ts";
import { type ExperimentParts, inPart, loadModules, makeModel, makeParts, readExperiment } from "./parts.ts";
import { recordExperiment } from "./record.ts";
import type { Experiment } from "./schema.ts";
import { findSplits } from "./splits.ts";

export interface RunOptions {
  /** Values in place of those of the file, such as "optimization.num_epochs=50". */
  readonly set?: readonly string[];
  /** Which splits. Default: all. */
  readonly folds?: readonly number[];
  /** Whether a MAPS that is there is deleted first. */
  readonly overwrite?: boolean;
  /** Whether the job is queued again by Slurm when it is asked to end. */
  readonly requeue?: boolean;
}

/** What was done with a split. */
export interface FoldOutcome {
  readonly split: number;
  readonly did: "trained" | "resumed" | "was complete";
}
export interface RunResult {
  /** Which of the processes that train together this one is, from 0. */
  readonly rank: number;
  readonly maps: string;
  readonly folds: readonly FoldOutcome[];
}

/**
 * Trains what an experiment file describes. Started again, it goes on: splits that are complete are left alone, those that were
 * interrupted are resumed. Several processes may do this at once, each for other splits; those that a launcher such as `torchrun`
 * started train each split together.
 *
 * The working directory of the process becomes the folder from which the paths of the file start.
 *
 * @throws ConfigError naming file, line and field.
 */
export async function runExperiment(path: string, options: RunOptions = {}): Promise<RunResult> {
  // first, so that other processes of a launcher hear of an error in what follows
  const world = worldFromEnvironment();
  const document = new ExperimentDocument(path, options.set);
  const given = readExperiment(document);
  process.chdir(resolve(dirname(path), given.baseDir ?? "."));
  await loadModules(document, given);
  const parts = makeParts(document, given);
  using opened = new DisposableStack();
  const { trainer, experiment, splits } = await mainFirst(world, async () => {
    const trainer = opened.use(await openTrainer(document, given, parts, world, options.overwrite ?? false));
    const experiment = recordExperiment(trainer.maps, given);
    const splits = inPart(document, ["split"], () => findSplits(experiment, trainer.maps, parts, options.folds));
    return { trainer, experiment, splits };
  });
  const computational = parts.computational.with({ seed: Number(experiment.computational.seed) });
  const signals = { requeue: options.requeue ?? false };
  const folds: FoldOutcome[] = [];
  for (const split of splits) {
    inPart(document, ["trainLoader"], () => split.buildTrainLoader(experiment.trainLoader));
    const { batchSize, numWorkers } = experiment.trainLoader;
    const same = Object.fromEntries(
      Object.entries({ batchSize, numWorkers }).filter(([, value]) => value !== undefined),
    );
    inPart(document, ["valLoader"], () => split.buildValLoader(experiment.valLoader ?? same));
    folds.push({ split: split.index, did: await trainOn(trainer, split, computational, signals) });
  }
  return { rank: world.rank, maps: trainer.maps.path, folds };
}

async function trainOn(
  trainer: Trainer,
  split: Split,
  computational: ExperimentParts["computational"],
  signals: { readonly requeue: boolean },
): Promise<FoldOutcome["did"]> {
  const { training } = trainer.maps;
  if (training.splitsList.includes(split.index)) {
    const { completeJson, tmp } = training.split(split.index);
    if (existsSync(completeJson)) return "was complete";
    if (tmp.list.length > 0) {
      await trainer.resume({ splitIdx: split.index, split, signals });
      return "resumed";
    }
  }
  await trainer.train(split, { computational, signals });
  return "trained";
}

async function openTrainer(
  document: ExperimentDocument,
  experiment: Experiment,
  { optimization }: ExperimentParts,
  world: World,
  overwrite: boolean,
): Promise<Trainer> {
  const maps = new Maps(experiment.maps);
  const model = makeModel(document, experiment);
  const { metrics, callbacks } = experiment;
  try {
    if (overwrite && world.isMain) maps.remove({ nonEmptyOk: true });
    return await Trainer.open({ maps, model, optimization, callbacks, ...(metrics === undefined ? {} : { metrics }) });
  } catch (error) {
    model.dispose();
    return inPart(document, [], () => {
      throw error;
    });
  }
}
