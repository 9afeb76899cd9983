import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DataLoader } from "../../data/dataloader/index.ts";
import { type Inferer, infererRegistry } from "../../infer/index.ts";
import { writeJson } from "../../io/files/index.ts";
import {
  checkItemName,
  checkOurs,
  folderOf,
  type GroupDir,
  type Maps,
  publishDirectory,
  RESULTS,
  ResultsDir,
  recordGuests,
} from "../../io/maps/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { type Model, VanillaModel } from "../../models/index.ts";
import { type ComputationalConfig, checkPrediction, commonParticipants, recordGroup } from "../../run/index.ts";
import { show } from "../../utils/config.ts";
import { ClinicaDLException, ConfigError } from "../../utils/exceptions.ts";
import { refuseUnknown } from "../../utils/options.ts";
import { syncLater } from "../../utils/sync-later.ts";
import { refuseFittedOn } from "../calibration/apply.ts";
import { checkRaw } from "../calibration/class-outputs.ts";
import { type Calibration, requireCalibration, writeCalibration } from "../calibration/record.ts";
import type { PredictOptions } from "../options.ts";
import { restoreDataLoader } from "../restore.ts";
import type { TrainerParts } from "../trainer-parts.ts";

/**
 * What is predicted, and where it goes: into a directory beside the groups, which becomes the results of its group when
 * it is whole. Until then nothing of it is in the MAPS; disposed before, it is gone.
 */
export class Prediction implements Disposable {
  readonly modelCheckpoint: string;
  readonly groupName: string;
  readonly loader: DataLoader;
  readonly outputs: readonly string[] | null;
  readonly computational: ComputationalConfig;
  /** Columns of the data beside them. */
  readonly include: readonly string[];
  /** Instead of the model's; null: as the model says. */
  readonly inferer: Inferer | null;
  /** The splits whose models predict: one, or those of an ensemble. */
  readonly splits: readonly number[];
  /** The weights of each of these models. */
  readonly modelPts: readonly string[];
  /** What is made of the outputs; null: they are left as they are. */
  readonly calibration: Calibration | null;
  /** Where this process writes files. */
  readonly results: ResultsDir;
  /** Where the other processes do, by rank: in the results of the main one, until they are a part of them. */
  readonly parts: readonly ResultsDir[];
  readonly #maps: Maps;
  readonly #processes: number;
  readonly #group: GroupDir;
  /** Where they will be. */
  readonly target: ResultsDir;
  readonly #resources: DisposableStack;

  /** @throws ClinicaDLException and others when it cannot be done; nothing is written then. */
  constructor(
    maps: Maps,
    options: Omit<PredictOptions, "computational">,
    computational: ComputationalConfig,
    { bids, world }: Pick<TrainerParts, "bids" | "world">,
  ) {
    const { modelCheckpoint, groupName, dataloader, outputs = null, include = [], ensemble, ...others } = options;
    const { inferer, overwrite = false, calibrated = false, ...rest } = others;
    refuseUnknown("predict", rest);
    checkItemName("The group", groupName);
    const names = namesOf(modelCheckpoint, ensemble);
    if (calibrated && names.length > 1) {
      throw new ConfigError(
        "predict: 'calibrated' is true with 'ensemble', whose mean was calibrated on nothing: each of its models has other validation data. Leave out one of them.",
      );
    }
    const read = names.map((name) => maps.training.readCheckpointName(name));
    const checkpoint = read[0]?.checkpoint ?? "";
    this.splits = read.map(({ splitIdx }) => splitIdx);
    const models = this.splits.length === 1 ? (this.splits[0] ?? 0) : this.splits;
    using stack = new DisposableStack();
    for (const split of this.splits) stack.use(maps.training.lockSplit(split, { shared: true }));
    this.modelPts = names.map((name) => maps.training.getCheckpointDir(name).modelPt);
    const [name = ""] = names;
    this.calibration = calibrated ? requireCalibration("predict", maps.training.getCheckpointDir(name), name) : null;
    this.modelCheckpoint = `${folderOf(models)}_${checkpoint}`;
    this.include = include;
    this.inferer = infererOf(inferer);
    if (this.calibration !== null && this.inferer !== null) {
      checkRaw(`predict: 'calibrated' is true, and the 'inferer' ${this.inferer.name_}`, this.inferer);
    }
    this.groupName = groupName;
    this.outputs = outputs;
    this.computational = computational;
    this.#maps = maps;
    this.#processes = world.size;
    this.#group = maps.prediction.group(groupName);
    this.target = this.#group.results(models, checkpoint);
    this.#checkTarget(overwrite);
    computational.takeDevice();
    this.loader = dataloader ?? this.#restoreLoader(bids);
    checkPrediction(maps, { dataloader: this.loader, groupName }, world.size);
    if (this.calibration !== null) {
      const fittedOn = readTsv(maps.training.data.validation(this.splits[0] ?? 0).dataTsv);
      refuseFittedOn(commonParticipants(fittedOn, this.loader.dataset.df), "predict");
    }

    const unfinished = maps.prediction.unfinishedResults(groupName, models, checkpoint);
    const partOf = (rank: number) => new ResultsDir(join(unfinished.path, `part-${rank}`));
    this.parts = Array.from({ length: world.size - 1 }, (_, i) => partOf(i + 1));
    this.results = world.isMain ? unfinished : partOf(world.rank);
    if (world.isMain) {
      stack.use(maps.prediction.lockGroup(groupName, { shared: true }));
      stack.use(maps.prediction.lockResults(groupName, models, checkpoint));
      // the one who held the lock may have written them
      this.#checkTarget(overwrite);
      // what is there was left by a process that ended in the middle
      rmSync(unfinished.path, { recursive: true, force: true });
      stack.defer(() => rmSync(unfinished.path, { recursive: true, force: true }));
    }
    mkdirSync(this.results.path);
    stack.use(syncLater(this.results.path));
    if (world.isMain) this.#describe();
    this.#resources = stack.move();
  }

  #describe(): void {
    writeJson(this.results.computationalJson, this.computational.toDict());
    if (this.inferer !== null) writeJson(this.results.infererJson, this.inferer.toDict());
    if (this.calibration !== null) writeCalibration(this.results.calibrationJson, this.calibration);
  }

  #checkTarget(overwrite: boolean): void {
    if (overwrite) checkOurs(this.target.path, RESULTS);
    if (overwrite || !existsSync(this.target.path)) return;
    throw new ClinicaDLException(
      `There are predictions of '${this.modelCheckpoint}' for the group '${this.groupName}' already: ${this.target.path}. Replace them with { overwrite: true }, or choose another group name.`,
    );
  }

  #restoreLoader(bids: string | null): DataLoader {
    if (existsSync(this.#group.path)) return restoreDataLoader(this.#maps, this.#group, bids);
    const known = this.#maps.prediction.groupsList.join(", ") || "none";
    throw new ConfigError(
      `There is no prediction group '${this.groupName}' yet (there are: ${known}). Pass its data: { dataloader }, or --data on the command line.`,
    );
  }

  /** Lets the model pass images as is asked for, until what is returned is disposed. @throws ConfigError for a model that has no inferer. */
  useInferer(model: Model): Disposable | null {
    if (this.inferer === null) return null;
    if (model instanceof VanillaModel) return model.useInferer(this.inferer);
    throw new ConfigError(
      `predict: 'inferer' is for models that have one, such as SupervisedModel; ${model.constructor.name} passes images in its predictionStep.`,
    );
  }

  /** Puts the results into the MAPS, with a description of the group if it is new. */
  publish(): void {
    for (const part of this.parts) rmSync(part.path, { recursive: true });
    this.#maps.locked(() => {
      // again: another process may have described the group meanwhile
      checkPrediction(this.#maps, { dataloader: this.loader, groupName: this.groupName }, this.#processes);
      recordGroup(this.#group, this.loader);
    });
    recordGuests(this.results.path, RESULTS);
    publishDirectory(this.results.path, this.target.path);
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

function infererOf(given: PredictOptions["inferer"]): Inferer | null {
  if (given === undefined) return null;
  const inferer = infererRegistry.from("'inferer'", given);
  if (inferer !== null) return inferer;
  throw new ConfigError(`predict: 'inferer' got ${show(given)}. Expected an Inferer, such as SaliencyInferer.`, {
    fieldNames: ["inferer"],
  });
}

/** The names of the checkpoints, in the order of their splits. */
function namesOf(modelCheckpoint: string, ensemble: readonly number[] | undefined): string[] {
  if (ensemble === undefined) return [modelCheckpoint];
  const splits: unknown = ensemble;
  const several =
    Array.isArray(splits) &&
    splits.length > 1 &&
    new Set(splits).size === splits.length &&
    splits.every(Number.isSafeInteger);
  if (!several) {
    throw new ConfigError(
      `predict: 'ensemble' got ${show(splits)}. Expected two splits or more, each once: [0, 1, 2].`,
    );
  }
  if (/^split-/.test(modelCheckpoint)) {
    throw new ConfigError(
      `predict: 'modelCheckpoint' is '${modelCheckpoint}' with 'ensemble', which says the splits. Give the checkpoint that each of them has, such as 'best-loss'.`,
    );
  }
  return [...ensemble].sort((a, b) => a - b).map((split) => `split-${split}_${modelCheckpoint}`);
}
