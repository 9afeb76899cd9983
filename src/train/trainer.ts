import { CallbacksHandler } from "../callbacks/index.ts";
import { writeJson } from "../io/files/index.ts";
import { Maps, MapsExistsError } from "../io/maps/index.ts";
import { LossMetricConfig, type MetricLike, MetricsHandler } from "../metrics/index.ts";
import { Model } from "../models/index.ts";
import { OptimizationConfig } from "../optim/index.ts";
import {
  beginRun,
  type Callback,
  checkIdle,
  RunLog,
  SingleProcess,
  TrainerState,
  type World,
  worldFromEnvironment,
} from "../run/index.ts";
import type { Split } from "../split/index.ts";
import { show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { refuseUnknown } from "../utils/options.ts";
import { resume, train } from "./begin.ts";
import { calibrate } from "./calibration/fit.ts";
import type { Calibration } from "./calibration/record.ts";
import { checkSame } from "./differences.ts";
import { test, validate } from "./evaluation.ts";
import type {
  CalibrateOptions,
  Metrics,
  OpenOptions,
  PredictOptions,
  RestoreOptions,
  ResumeOptions,
  TestOptions,
  TrainerOptions,
  TrainOptions,
  ValidateOptions,
} from "./options.ts";
import { InitialWeights } from "./placement.ts";
import { predict } from "./predict/predict.ts";
import { readParts } from "./read-parts.ts";
import { type SummarizeOptions, type Summary, summarize } from "./summarize.ts";
import type { TrainerParts } from "./trainer-parts.ts";
import { describeParts, writeParts } from "./write-parts.ts";

/** How a Trainer is made of a MAPS that is there. */
interface Restored {
  readonly bids: string | null;
  /** Whether what is passed must be what the MAPS records. */
  readonly compare: boolean;
}

/**
 * Trains a model on splits, and evaluates it, into a MAPS.
 * @example
 * ```ts
 * const trainer = new Trainer({ maps: "trained", model, optimization: { numEpochs: 1 } });
 * await trainer.train(split);
 * console.log(trainer.maps.training.split(0).models.list); // → [ 'final' ]
 * // later, in another process; after an interruption: await again.resume({ splitIdx: 0 })
 * const again = await Trainer.fromMaps("trained");
 * await again.validate({ splitIdx: 0, modelCheckpoint: "final", metrics: ["loss"] });
 * ```
 */
export class Trainer implements Disposable {
  readonly maps: Maps;
  readonly model: Model;
  readonly metrics: MetricsHandler;
  readonly callbacks: CallbacksHandler;
  readonly optimization: OptimizationConfig;
  readonly state = new TrainerState();
  /** The processes that train together: those that a launcher started, or this one alone. */
  readonly world: World;
  /** Where the BIDS data set is now, if it is not where the MAPS says. */
  readonly bids: string | null;
  /** The weights before any training; kept where every training is to start from them. */
  readonly #initialWeights: InitialWeights | null;

  /**
   * Makes a new MAPS.
   * @throws MapsExistsError where there is one already, unless `overwrite` is true; {@link open} opens it.
   */
  constructor(options: TrainerOptions, restored: Restored | null = null) {
    const { maps, model, metrics, optimization, callbacks, overwrite = false, distributed = true, ...rest } = options;
    // first, so that the others hear of an error in what follows
    this.world = distributed ? worldFromEnvironment() : new SingleProcess();
    refuseUnknown("Trainer", rest);
    if (!(model instanceof Model)) throw new ConfigError(`Trainer: 'model' got ${show(model)}. Expected a Model.`);
    this.maps = maps instanceof Maps ? maps : new Maps(maps);
    this.model = model;
    if (metrics === undefined && !("loss" in model.getLossFunctions())) {
      const names = Object.keys(model.getLossFunctions()).join(", ");
      throw new ConfigError(
        `Trainer: the default metric is the loss 'loss', but the model's losses are ${names}. Pass metrics: {}, or your own.`,
      );
    }
    this.metrics = asMetrics(metrics ?? { loss: new LossMetricConfig() });
    this.metrics.initMetrics(model);
    this.callbacks = callbacks instanceof CallbacksHandler ? callbacks : new CallbacksHandler(callbacks ?? []);
    this.callbacks.resolveModes(this.metrics);
    this.optimization =
      optimization instanceof OptimizationConfig ? optimization : new OptimizationConfig(optimization);
    this.bids = restored?.bids ?? null;
    this.callbacks.checkSynchronous("onTrainerInit");
    this.#initialWeights = this.optimization.resetModel ? null : new InitialWeights(model);
    // the main process makes the MAPS for all; the others look at it when they train
    if (!this.world.isMain) return;
    if (restored === null) this.maps.create({ overwrite, fill: (staging) => writeParts(staging, this) });
    else if (restored.compare) checkSame(this.maps.path, describeParts(this.maps, this));
    using _use = this.maps.use();
    using log = new RunLog();
    const { bids: _, ...parts } = this.#partsOf({ log });
    this.callbacks.callEventNow("onTrainerInit", parts);
  }

  /** What a run of this Trainer works with. */
  #partsOf({ log }: { readonly log: RunLog }): TrainerParts {
    const { maps, model, metrics, callbacks, optimization, state, bids, world } = this;
    return { maps, model, metrics, callbacks, optimization, state, bids, log, world };
  }

  /**
   * The Trainer of a MAPS, which is made if there is none. Several processes that call this at the same moment (an array of
   * jobs, one split each) get the same one: one of them makes it, the others open it.
   *
   * @throws ConfigError listing where model, metrics, callbacks or optimization differ from what the MAPS records.
   * @example
   * ```ts
   * const trainer = await Trainer.open({ maps: "opened", model, optimization: { numEpochs: 1 } });
   * const splits = [...new KFold("splits/3_fold").getSplits(dataset)];
   * const one = splits[Number(process.env.SLURM_ARRAY_TASK_ID ?? 0)];
   * if (one === undefined) throw new Error("There is no such split.");
   * one.buildTrainLoader({ batchSize: 4 });
   * one.buildValLoader({ batchSize: 4 });
   * await trainer.train(one);
   * ```
   */
  static async open(options: OpenOptions): Promise<Trainer> {
    const world = (options.distributed ?? true) ? worldFromEnvironment() : new SingleProcess();
    const maps = options.maps instanceof Maps ? options.maps : new Maps(options.maps);
    if ("overwrite" in options) refuseUnknown("Trainer.open", { overwrite: options.overwrite });
    // the main process makes or opens it for those that train together
    if (!world.isMain) return new Trainer({ ...options, maps });
    try {
      if (maps.isEmpty()) return new Trainer({ ...options, maps });
    } catch (error) {
      // another process was faster
      if (!(error instanceof MapsExistsError)) throw error;
    }
    using _open = maps.open();
    return new Trainer({ ...options, maps }, { bids: null, compare: true });
  }

  /**
   * The Trainer of a MAPS.
   * @param options parts that JSON cannot hold, such as a model or a callback of one's own; and where the data are now.
   * @throws CannotReadJsonError naming the part that cannot be restored and must be passed.
   */
  static async fromMaps(path: string | Maps, options: RestoreOptions = {}): Promise<Trainer> {
    const maps = path instanceof Maps ? path : new Maps(path);
    const { bids = null, ...given } = options;
    // before what may fail in one of several processes, so that the others hear of it
    if (given.distributed ?? true) worldFromEnvironment();
    const { model, ...parts } = readParts(maps, given);
    try {
      return new Trainer({ maps, model, ...parts }, { bids, compare: false });
    } catch (error) {
      // its weights must be given back if something is wrong
      if (given.model === undefined) model.dispose();
      throw error;
    }
  }

  /** Adds metrics, for validations and tests to come. */
  addMetrics(metrics: Readonly<Record<string, MetricLike>>): void {
    using _use = this.maps.use();
    this.metrics.addMetrics(metrics);
    this.maps.locked(() => writeJson(this.maps.metricsJson, this.metrics.toDict(), { overwrite: true }));
  }
  addCallbacks(callbacks: readonly Callback[]): void {
    using _use = this.maps.use();
    this.callbacks.addCallbacks(callbacks);
    this.callbacks.resolveModes(this.metrics);
    this.maps.locked(() => {
      writeJson(this.maps.callbacksJson, this.callbacks.toDict(), { overwrite: true });
      writeJson(this.maps.callbacksExtrasJson, this.callbacks.extrasToDict(), { overwrite: true });
    });
  }

  /** Trains the model on a split, from new weights (or those it was given with, if `optimization.resetModel` is false). */
  async train(split: Split, options: TrainOptions = {}): Promise<void> {
    using run = beginRun(this, `train (split ${split.index})`);
    await train(this.#partsOf(run), { initial: this.#initialWeights, split, options });
  }

  /**
   * Goes on with an interrupted training, from its last checkpoint, as if it had not been interrupted; or, up to
   * `numEpochs`, with one that is complete.
   */
  async resume(options: ResumeOptions): Promise<void> {
    using run = beginRun(this, `resume (split ${options.splitIdx})`);
    await resume(this.#partsOf(run), { initial: this.#initialWeights, options });
  }

  /** Computes metrics of saved models on the validation data of their split, and adds them to those models' tables. */
  async validate(options: ValidateOptions): Promise<void> {
    using run = beginRun(this, `validate (split ${options.splitIdx})`);
    await validate(this.#partsOf(run), options);
  }

  /** Evaluates a saved model on test data, none of whose participants it may have seen. */
  async test(options: TestOptions): Promise<void> {
    using run = beginRun(this, `test (${options.modelCheckpoint})`);
    await test(this.#partsOf(run), options);
  }

  /**
   * Fits, on the validation data of a split, what makes honest probabilities and decisions of the outputs of its saved models: a
   * temperature by which logits are divided ({@link fitTemperature}), and for outputs of one column the threshold with the greatest
   * sensitivity + specificity ({@link youdenThreshold}). It is kept beside the weights, in `calibration.json`, in place of one that is there,
   * and applied where `test` and `predict` are asked to, on other participants: `calibrated: true`.
   *
   * @returns what was fitted for each checkpoint, by its name, and each of its outputs, by its field.
   * @throws ConfigError for models whose outputs are not known to be logits of classes, and where no temperature, or no threshold, is
   * best; DataFrameError naming participants without a class.
   * @example
   * ```ts
   * const trainer = await Trainer.fromMaps("maps");
   * const { final } = await trainer.calibrate({ splitIdx: 0, modelCheckpoint: "final" });
   * const { temperature, threshold } = final?.output ?? {};
   * console.log(typeof temperature, typeof threshold); // → number number
   * ```
   */
  async calibrate(options: CalibrateOptions): Promise<Readonly<Record<string, Calibration>>> {
    using run = beginRun(this, `calibrate (split ${options.splitIdx})`);
    return await calibrate(this.#partsOf(run), options);
  }

  /**
   * Mean and standard deviation over splits of the metrics that the MAPS has of a saved model of each.
   *
   * @throws ClinicaDLException where no split has such values.
   * @example
   * ```ts
   * const trainer = await Trainer.fromMaps("maps");
   * for (const { metric, n } of trainer.summarize({ checkpoint: "final" }).metrics) console.log(metric, n); // → loss 1
   * ```
   */
  summarize(options: SummarizeOptions): Summary {
    using _use = this.maps.use();
    return summarize(this.maps, options);
  }

  /**
   * Applies a saved model to data, and writes what it gives into the MAPS, in
   * `prediction/group-<name>/results/split-<i>/<checkpoint>`:
   *
   * - `output.tsv`: a row per sample, with participant and session (and the place of a patch or slice:
   *   `sample_position`, or one column per axis, and `slice_direction`), and the outputs: one value as `output`, several as
   *   `output_0`, `output_1` …; of outputs in files, the path;
   * - `images/`: outputs with the size of the input, or that the inferer added as images or masks, as `.nii.gz` in the
   *   place of the input as the network saw it, that is after transforms: in their own type, masks of whole numbers in the
   *   smallest integer type that holds them, channels as the fourth dimension. `sub-001_ses-M000_T1w.nii.gz` gives `sub-001_ses-M000_desc-output_T1w.nii.gz`, or `…_desc-output_mask`;
   * - `tensors/`: outputs of any other shape, as `.pt`.
   *
   * With `inferer`, images go through the network as it says instead of the model's, and `inferer.json` says so: a `SaliencyInferer` adds maps of
   * what the outputs depend on.
   *
   * Labels are not needed. The directory appears when it is whole: an interruption leaves none.
   *
   * @throws ClinicaDLException when there are such predictions already (unless `overwrite`), the group is known with other
   * data, or an output is not of the same form for all samples; ConfigError for options that cannot be used; LockedError
   * while another process writes them.
   * @example
   * ```ts
   * import { readFileSync } from "node:fs";
   *
   * const trainer = await Trainer.fromMaps("maps");
   * const cohort = new BidsDataset({ bids: "bids", fileType: { dataType: "anat", suffix: "T1w" }, data: "bids/metadata.tsv", columns: ["age"] });
   * const dataloader = new DataLoader(cohort, { batchSize: 8, shuffle: false });
   * // with a column of the data; of several splits, ensemble: [0, 1, 2] gives the mean of their models
   * await trainer.predict({ modelCheckpoint: "split-0_final", groupName: "cohort", dataloader, include: ["age"] });
   * const { outputTsv } = trainer.maps.prediction.group("cohort").results(0, "final");
   * console.log(readFileSync(outputTsv, "utf8").split("\n")[0]?.split("\t")); // → [ 'participant_id', 'session_id', 'age', 'output' ]
   * ```
   */
  async predict(options: PredictOptions): Promise<void> {
    using run = beginRun(this, `predict (${options.modelCheckpoint})`);
    await predict(this.#partsOf(run), options);
  }

  /**
   * Gives back the memory of the model (which another Trainer may share) and of its initial weights.
   * @throws RunInProgressError while the Trainer trains or evaluates.
   */
  dispose(): void {
    checkIdle(this, "dispose");
    this.#initialWeights?.[Symbol.dispose]();
    this.model.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function asMetrics(metrics: Metrics): MetricsHandler {
  return metrics instanceof MetricsHandler ? metrics : new MetricsHandler(metrics);
}
