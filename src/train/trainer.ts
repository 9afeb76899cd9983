import { existsSync } from "node:fs";
import {
  type Callback,
  CallbacksHandler,
  checkLosses,
  checkResumedSplit,
  checkSplit,
  describeSplit,
  TrainerState,
} from "../callbacks/index.ts";
import { readJson, writeJson } from "../io/files/index.ts";
import { Maps } from "../io/maps/index.ts";
import { LossMetricConfig, type MetricLike, MetricsHandler } from "../metrics/index.ts";
import { Model, modelFromDict } from "../models/index.ts";
import { OptimizationConfig } from "../optim/index.ts";
import type { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { evaluationRun, loadWeights, test, validate } from "./evaluation.ts";
import {
  asComputational,
  type Metrics,
  type PredictOptions,
  type RestoreOptions,
  type ResumeOptions,
  refuseUnknown,
  type TestOptions,
  type TrainerOptions,
  type TrainOptions,
  type ValidateOptions,
} from "./options.ts";
import { predictLoop } from "./predict/loop.ts";
import { Prediction } from "./predict/prediction.ts";
import { checkNotTrained, checkTrained, findResumePoint, recordedComputational } from "./recorded.ts";
import { readComponent, restoreSplit } from "./restore.ts";
import { guarded } from "./run.ts";
import { runTraining } from "./training.ts";

const RESTORED = Symbol("restored");

/**
 * Trains a model on splits, and evaluates it, into a MAPS.
 *
 * ```ts
 * const trainer = new Trainer({ maps: "maps", model });
 * await trainer.train(split);
 * await trainer.resume({ splitIdx: 0 }); // after an interruption; in another process: (await Trainer.fromMaps("maps")).resume(…)
 * ```
 */
export class Trainer implements Disposable {
  readonly maps: Maps;
  readonly model: Model;
  readonly metrics: MetricsHandler;
  readonly callbacks: CallbacksHandler;
  readonly optimization: OptimizationConfig;
  readonly state = new TrainerState();
  /** The weights before any training; kept where every training is to start from them. */
  readonly #initialWeights: Map<string, torch.Tensor> | null;

  constructor(options: TrainerOptions, restored: typeof RESTORED | null = null) {
    const { maps, model, metrics, optimization, callbacks, overwrite = false, ...rest } = options;
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
    this.metrics = asMetrics(metrics ?? { loss: new LossMetricConfig({ lossName: "loss", labelKey: model.labelKey }) });
    this.metrics.initMetrics(model);
    this.callbacks = callbacks instanceof CallbacksHandler ? callbacks : new CallbacksHandler(callbacks ?? []);
    this.callbacks.resolveModes(this.metrics);
    this.optimization =
      optimization instanceof OptimizationConfig ? optimization : new OptimizationConfig(optimization);
    if (restored === null) this.maps.create({ overwrite, fill: (staging) => this.#describe(staging) });
    this.#initialWeights = this.optimization.resetModel ? null : copyOf(model);
    this.callbacks.callEventNow("onTrainerInit", { ...this.#parts, maps: this.maps, model, state: this.state });
  }

  get #parts() {
    return { metrics: this.metrics, optimization: this.optimization, callbacks: this.callbacks };
  }

  /** Writes down what the Trainer is made of. */
  #describe(maps: Maps): void {
    writeJson(maps.modelJson, this.model.toDict());
    writeJson(maps.metricsJson, this.metrics.toDict());
    writeJson(maps.callbacksJson, this.callbacks.toDict());
    writeJson(maps.callbacksExtrasJson, this.callbacks.extrasToDict());
    writeJson(maps.training.optimizationJson, this.optimization.toDict());
    maps.saveFile(this.model.toString(), maps.architectureLog);
  }

  /**
   * The Trainer of a MAPS.
   * @param options parts that JSON cannot hold, such as a model or a callback of one's own.
   * @throws CannotReadJsonError naming the part that cannot be restored and must be passed.
   */
  static async fromMaps(path: string | Maps, options: RestoreOptions = {}): Promise<Trainer> {
    const { model, metrics, callbacks, ...rest } = options;
    refuseUnknown("fromMaps", rest);
    const maps = path instanceof Maps ? path : new Maps(path);
    maps.read();
    const extras = maps.callbacksExtrasJson;
    const remedy = (part: string) => `Pass it: Trainer.fromMaps(path, { ${part} }).`;
    const parts = {
      metrics:
        metrics ??
        readComponent("metrics", maps.metricsJson, remedy("metrics"), (dict) => MetricsHandler.fromDict(dict)),
      callbacks:
        callbacks ??
        readComponent("callbacks", maps.callbacksJson, remedy("callbacks"), (dict) =>
          CallbacksHandler.fromDict(dict, existsSync(extras) ? readJson(extras) : {}),
        ),
      optimization: OptimizationConfig.fromDict(readJson(maps.training.optimizationJson)),
    };
    if (model !== undefined) return new Trainer({ maps, model, ...parts }, RESTORED);
    // last, since its weights must be given back if something is wrong
    const read = readComponent("model", maps.modelJson, remedy("model"), modelFromDict);
    try {
      return new Trainer({ maps, model: read, ...parts }, RESTORED);
    } catch (error) {
      read.dispose();
      throw error;
    }
  }

  /** Adds metrics, for validations and tests to come. */
  addMetrics(metrics: Readonly<Record<string, MetricLike>>): void {
    this.metrics.addMetrics(metrics);
    this.maps.locked(() => writeJson(this.maps.metricsJson, this.metrics.toDict(), { overwrite: true }));
  }
  addCallbacks(callbacks: readonly Callback[]): void {
    this.callbacks.addCallbacks(callbacks);
    this.callbacks.resolveModes(this.metrics);
    this.maps.locked(() => {
      writeJson(this.maps.callbacksJson, this.callbacks.toDict(), { overwrite: true });
      writeJson(this.maps.callbacksExtrasJson, this.callbacks.extrasToDict(), { overwrite: true });
    });
  }

  /** Trains the model on a split, from new weights (or those it was given with, if `optimization.resetModel` is false). */
  async train(split: Split, options: TrainOptions = {}): Promise<void> {
    const { computational, metrics, signals = {}, ...rest } = options;
    refuseUnknown("train", rest);
    const config = asComputational(computational);
    this.maps.read();
    using _lock = this.maps.training.lockSplit(split.index);
    this.maps.removeLeftovers();
    checkNotTrained(this.maps, split.index);
    config.checkDevice();
    const handler = metrics === undefined ? this.metrics : this.metrics.subset(metrics);
    checkLosses(this.model);
    checkSplit(split);
    this.maps.createSplit(split.index, describeSplit(split, config));
    const { numEpochs } = this.optimization;
    const initial = this.#initialWeights;
    await runTraining(this, {
      split,
      computational: config,
      metrics: handler,
      numEpochs,
      signals,
      initial,
      from: null,
    });
  }

  /**
   * Goes on with an interrupted training, from its last checkpoint, as if it had not been interrupted; or, up to
   * `numEpochs`, with one that is complete.
   */
  async resume(options: ResumeOptions): Promise<void> {
    const { splitIdx, split: given, computational, numEpochs, signals = {}, ...rest } = options;
    refuseUnknown("resume", rest);
    this.maps.read();
    checkTrained(this.maps, splitIdx);
    if (given !== undefined && given.index !== splitIdx) {
      throw new ConfigError(`resume: 'splitIdx' is ${splitIdx}, but the split passed has the index ${given.index}.`);
    }
    using _lock = this.maps.training.lockSplit(splitIdx);
    this.maps.removeLeftovers();
    const from = findResumePoint(this.maps, splitIdx, numEpochs);
    const config = recordedComputational(this.maps, splitIdx, computational);
    const split = given ?? restoreSplit(this.maps, splitIdx);
    checkResumedSplit(this.maps, split);
    // metrics that were not computed so far are left out of this training, not out of the Trainer
    const handler = this.metrics.subset(this.metrics.metricNames);
    const [initial, { numEpochs: upTo }] = [this.#initialWeights, from];
    await runTraining(this, {
      split,
      computational: config,
      metrics: handler,
      numEpochs: upTo,
      signals,
      initial,
      from,
    });
  }

  /** Computes metrics of saved models on the validation data of their split, and adds them to those models' tables. */
  async validate(options: ValidateOptions): Promise<void> {
    await validate(this, options);
  }

  /** Evaluates a saved model on test data, none of whose participants it may have seen. */
  async test(options: TestOptions): Promise<void> {
    await test(this, options);
  }

  /**
   * Applies a saved model to data, and writes what it gives into the MAPS, in
   * `prediction/group-<name>/results/split-<i>/<checkpoint>`:
   *
   * - `output.tsv`: a row per sample, with participant and session (and the place of a patch or slice:
   *   `sample_position`, or one column per axis, and `slice_direction`), and the outputs: one value as `output`, several as
   *   `output_0`, `output_1` …; of outputs in files, the path;
   * - `images/`: outputs with the size of the input, or that the inferer added as images or masks, as `.nii.gz` in the
   *   place of the input as the network saw it, that is after transforms: float32, masks uint8, channels as the fourth
   *   dimension. `sub-001_ses-M000_T1w.nii.gz` gives `sub-001_ses-M000_desc-output_T1w.nii.gz`, or `…_desc-output_mask`;
   * - `tensors/`: outputs of any other shape, as `.pt`.
   *
   * Labels are not needed. The directory appears when it is whole: an interruption leaves none.
   *
   * ```ts
   * const dataloader = new DataLoader(new BidsDataset({ bids: "cohort", fileType }), { batchSize: 8, shuffle: false });
   * await trainer.predict({ modelCheckpoint: "split-0_best-loss", groupName: "cohort", dataloader });
   * // another checkpoint, for the data that the MAPS knows as "cohort"
   * await trainer.predict({ modelCheckpoint: "split-1_best-loss", groupName: "cohort" });
   * ```
   *
   * @throws ClinicaDLException when there are such predictions already (unless `overwrite`), the group is known with other
   * data, or an output is not of the same form for all samples; ConfigError for options that cannot be used; LockedError
   * while another process writes them.
   */
  async predict(options: PredictOptions): Promise<void> {
    const { computational, ...rest } = options;
    this.maps.read();
    using prediction = new Prediction(this.maps, rest, asComputational(computational));
    await guarded(this, prediction.computational, async () => {
      this.state.resetPrediction(prediction.loader.length);
      loadWeights(this.model, prediction, prediction.computational);
      await predictLoop(evaluationRun(this, prediction.computational, this.metrics), prediction);
    });
  }

  /** Gives back the memory of the model (which another Trainer may share) and of its initial weights. */
  dispose(): void {
    for (const tensor of this.#initialWeights?.values() ?? []) tensor.dispose();
    this.model.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function asMetrics(metrics: Metrics): MetricsHandler {
  return metrics instanceof MetricsHandler ? metrics : new MetricsHandler(metrics);
}

function copyOf(model: Model): Map<string, torch.Tensor> {
  using _scope = torch.scope();
  return new Map(
    [...model.stateDict()].map(([name, tensor]) => [name, tensor.to({ device: "cpu", copy: true }).keep()]),
  );
}
