import { mkdirSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { checkItemName, ModelDir, stageDirectory } from "../io/maps/index.ts";
import { writeTsv } from "../io/tsv/index.ts";
import type { MetricsHandler, Optimum } from "../metrics/index.ts";
import type { Model } from "../models/index.ts";
import { BestMonitor, Callback, type CallbackSequence, type EventArgs, type RunLog } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { type Input, type JsonObject, parseWith } from "../utils/config.ts";
import { readExtras, readFields } from "../utils/fields.ts";

const schema = z.strictObject({
  metric: z.string().nullable().default(null),
  epochs: z
    .array(z.int().positive())
    .nullable()
    .default(null)
    .transform((epochs) => epochs ?? []),
  everyNEpochs: z.int().positive().nullable().default(null),
  saveLast: z.boolean().default(true),
});

/**
 * Keeps weights of the network, with the validation metrics of that moment.
 *
 * - `metric` (none): the best model by this metric, in `best_models/best-<metric>`. Where the metric is not defined at any
 *   validation (AUC with one class), that directory holds the model with the lowest validation loss, or training loss
 *   where there is no other, and a warning says so when training ends.
 * - `epochs` (none): after each of these epochs (the first is 1), in `checkpoints/epoch-<n>`.
 * - `everyNEpochs` (none): after every n-th epoch, there too.
 * - `saveLast` (true): after the last epoch, in `final`.
 * @example
 * ```ts
 * import { readdirSync } from "node:fs";
 *
 * const callbacks = [new ModelCheckpointCallback({ metric: "loss", epochs: [1] })];
 * const trainer = new Trainer({ maps: "kept", model, callbacks, optimization: { numEpochs: 2 } });
 * await trainer.train(split);
 * console.log(readdirSync("kept/training/split-0/models").sort()); // → [ 'best_models', 'checkpoints', 'final' ]
 * ```
 */
export class ModelCheckpointCallback extends Callback {
  static readonly name_ = "ModelCheckpointCallback";
  static readonly schema = schema;
  readonly metric: string | null;
  readonly epochs: readonly number[];
  readonly everyNEpochs: number | null;
  readonly saveLast: boolean;
  #mode: Optimum | null = null;
  #monitoring: BestMonitor | null = null;
  #metrics: MetricsHandler | null = null;
  #callbacks: CallbackSequence | null = null;

  constructor(options: Input<typeof schema> = {}) {
    super();
    const { metric, epochs, everyNEpochs, saveLast } = parseWith(schema, options, new.target.name);
    if (metric !== null) checkItemName("The metric of ModelCheckpointCallback", metric);
    this.metric = metric;
    this.epochs = epochs;
    this.everyNEpochs = everyNEpochs;
    this.saveLast = saveLast;
  }

  /** Looks up whether low or high values of the metric are good. */
  resolveModes(metrics: MetricsHandler): void {
    if (this.metric !== null) this.#mode = metrics.metrics?.[this.metric]?.optimum ?? this.#mode;
  }

  /** @throws ConfigError unless the metric that it follows is there. */
  checkMetrics(metrics: MetricsHandler): void {
    if (this.metric !== null) metrics.checkMetricName(this.metric);
  }

  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart({ model, metrics, callbacks }: EventArgs<"onTrainStart">): void {
    this.#callbacks = callbacks;
    this.#metrics = metrics;
    this.#monitoring = null;
    this.checkMetrics(metrics);
    if (this.metric === null) return;
    this.resolveModes(metrics);
    const losses = Object.keys(model.getLossFunctions());
    this.#monitoring = new BestMonitor(this.metric, this.#mode ?? "min", metrics, losses);
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }

  override onEpochStart(): void {
    this.#monitoring?.startEpoch();
  }
  override onBatchEnd({ losses }: EventArgs<"onBatchEnd">): void {
    if (losses !== null) this.#monitoring?.addBatch(losses);
  }
  override onValidationEnd({ model, maps, state, metrics, log }: EventArgs<"onValidationEnd">): void {
    if (this.metric === null || this.#monitoring === null) return;
    if (!this.#monitoring.step(metrics, state.currentEpoch)) return;
    this.#save(model, state.currentEpoch, maps.training.split(state.splitIdx ?? 0).models.best(this.metric), log);
  }
  override onEpochEnd({ model, maps, state, log }: EventArgs<"onEpochEnd">): void {
    const { currentEpoch, splitIdx } = state;
    const isNth = this.everyNEpochs !== null && currentEpoch % this.everyNEpochs === 0;
    if (!isNth && !this.epochs.includes(currentEpoch)) return;
    this.#save(model, currentEpoch, maps.training.split(splitIdx ?? 0).models.epoch(currentEpoch), log);
  }
  override onTrainEnd({ model, maps, state, log }: EventArgs<"onTrainEnd">): void {
    this.#tellOfStandIn(log, state.splitIdx ?? 0);
    if (this.saveLast)
      this.#save(model, state.currentEpoch, maps.training.split(state.splitIdx ?? 0).models.final, log);
  }

  #tellOfStandIn(log: RunLog, splitIdx: number): void {
    const standIn = this.#monitoring?.standIn ?? null;
    if (standIn === null) return;
    const best = `split-${splitIdx}_best-${this.metric}`;
    const instead =
      standIn === "nothing"
        ? "There is no best model by it"
        : `The best model by it, ${best}, is therefore the one with the lowest ${standIn.name} (${Number(standIn.best.toPrecision(6))})`;
    log.warning(`The metric '${this.metric}' was not defined at any validation. ${instead}.`);
  }

  /**
   * The directory is replaced as a whole. An epoch without evaluation gives tables without rows, and so do weights that were not
   * evaluated.
   */
  #save(model: Model, epoch: number, dir: ModelDir, log: RunLog): void {
    const metrics = this.#metrics;
    if (metrics === null) return;
    using weights = this.#callbacks?.weightsToSave() ?? null;
    using _scope = torch.scope();
    const floats = metrics.metricNames;
    const isEvaluated = weights?.evaluated ?? true;
    stageDirectory(dir.path, (path) => {
      const { modelPt, validationMetrics } = new ModelDir(path);
      mkdirSync(validationMetrics.path);
      torch.save(model.stateDict(), modelPt);
      writeTsv(
        validationMetrics.aggregatedTsv,
        isEvaluated ? metrics.getMetricValues(epoch) : [],
        ["epoch", ...floats],
        { floats },
      );
      const keys = ["epoch", "participant_id", "session_id", ...floats];
      writeTsv(validationMetrics.detailsTsv, isEvaluated ? metrics.getDetailedMetricValues(epoch) : [], keys, {
        floats,
      });
    });
    log.journal.record({ kind: "model", epoch, name: basename(dir.path) });
  }

  override stateDict(): unknown {
    return this.#monitoring?.stateDict() ?? {};
  }
  override loadStateDict(state: unknown): void {
    const empty = state === null || (typeof state === "object" && Object.keys(state).length === 0);
    if (!empty) this.#monitoring?.loadStateDict(state);
  }

  toDict(): JsonObject {
    return {
      name_: "ModelCheckpointCallback",
      metric: this.metric,
      epochs: [...this.epochs],
      save_last: this.saveLast,
      mode: this.#mode,
    };
  }
  extrasToDict(): JsonObject {
    return this.everyNEpochs === null ? {} : { every_n_epochs: this.everyNEpochs };
  }
  static fromDict(dict: JsonObject, extras: JsonObject = {}): ModelCheckpointCallback {
    // the mode is the metric's, and is looked up again
    const { mode, ...fields } = readFields("ModelCheckpointCallback", dict, ["metric", "epochs", "save_last", "mode"]);
    return ModelCheckpointCallback.fromOptions({ ...fields, ...readExtras(extras) });
  }
}
