import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { Maps } from "../../io/maps/index.ts";
import { mainFirst, type World, worldFromEnvironment } from "../../run/index.ts";
import type { Split } from "../../split/index.ts";
import * as torch from "../../torch/index.ts";
import { Trainer } from "../../train/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { ExperimentDocument } from "./document.ts";
import {
  checkCallbacks,
  type ExperimentParts,
  inPart,
  loadModules,
  makeModel,
  makeParts,
  readExperiment,
} from "./parts.ts";
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
  using opened = await openExperiment(path, options);
  const { document, parts, world, trainer, experiment, splits } = opened;
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

/**
 * Makes the MAPS and the splits of an experiment where they are not there, and trains none.
 * @returns what {@link runExperiment} would do with each split.
 * @throws ConfigError naming file, line and field; for a process that a launcher started, which trains with others.
 */
export async function planExperiment(path: string, options: RunOptions = {}): Promise<Omit<RunResult, "rank">> {
  // each of them says it for itself, and waits for no other
  const launched = torch.distributed.rendezvousFromEnvironment(process.env);
  if (launched !== null) {
    throw new ConfigError(
      `--parallel starts processes of its own, and this is one of ${launched.worldSize} that a launcher started, which train each split together. Leave out one of both.`,
    );
  }
  using opened = await openExperiment(path, options);
  const { trainer, splits } = opened;
  const { maps } = trainer;
  return { maps: maps.path, folds: [...splits].map(({ index }) => ({ split: index, did: left(maps, index) })) };
}

/** An experiment file, read, with its MAPS. */
interface OpenExperiment extends Disposable {
  readonly document: ExperimentDocument;
  readonly parts: ExperimentParts;
  readonly world: World;
  readonly trainer: Trainer;
  readonly experiment: Experiment;
  readonly splits: Iterable<Split>;
}

async function openExperiment(path: string, options: RunOptions): Promise<OpenExperiment> {
  // first, so that other processes of a launcher hear of an error in what follows
  const world = worldFromEnvironment();
  const document = new ExperimentDocument(path, options.set);
  const given = readExperiment(document);
  process.chdir(resolve(dirname(path), given.baseDir ?? "."));
  await loadModules(document, given);
  const parts = makeParts(document, given);
  using opened = new DisposableStack();
  const made = await mainFirst(world, async () => {
    const trainer = opened.use(await openTrainer(document, given, parts, world, options.overwrite ?? false));
    const experiment = recordExperiment(trainer.maps, given);
    const splits = inPart(document, ["split"], () => findSplits(experiment, trainer.maps, parts, options.folds));
    return { trainer, experiment, splits };
  });
  const kept = opened.move();
  return { document, parts, world, ...made, [Symbol.dispose]: () => kept.dispose() };
}

/** What is left to do with a split. */
function left({ training }: Maps, split: number): FoldOutcome["did"] {
  if (!training.splitsList.includes(split)) return "trained";
  const { completeJson, tmp } = training.split(split);
  if (existsSync(completeJson)) return "was complete";
  return tmp.list.length > 0 ? "resumed" : "trained";
}

async function trainOn(
  trainer: Trainer,
  split: Split,
  computational: ExperimentParts["computational"],
  signals: { readonly requeue: boolean },
): Promise<FoldOutcome["did"]> {
  const did = left(trainer.maps, split.index);
  if (did === "resumed") await trainer.resume({ splitIdx: split.index, split, signals });
  if (did === "trained") await trainer.train(split, { computational, signals });
  return did;
}

async function openTrainer(
  document: ExperimentDocument,
  experiment: Experiment,
  { optimization }: ExperimentParts,
  world: World,
  overwrite: boolean,
): Promise<Trainer> {
  const maps = new Maps(experiment.maps);
  checkCallbacks(document, experiment);
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
