import { z } from "zod";
import { checkFileName } from "../io/maps/index.ts";
import { type Row, writeTsvParts } from "../io/tsv/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import { type LRScheduler, type LRSchedulerConfig, type LRSchedulerType, lrSchedulerRegistry } from "../optim/index.ts";
import { asRecord, BatchRecords, Callback, type EventArgs, type TrainerState } from "../run/index.ts";
import { type JsonObject, parseWith, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { readFields } from "../utils/fields.ts";
import { own } from "../utils/registry.ts";

const schema = z.strictObject({
  /** The config of a scheduler; or a plain object with its `name_` and options. */
  scheduler: z.unknown().optional(),

  /** Which of the model's optimizers; default "optimizer". */
  optimizerName: z.string().default("optimizer"),

  /** The metric that a metric-based scheduler (ReduceLROnPlateau) follows; default null. */
  metricName: z.string().nullable().default(null),
});

export interface LRSchedulerCallbackOptions {
  /** The config of a scheduler; or a plain object with its `name_` and options. */
  readonly scheduler: LRSchedulerConfig | { readonly name_: string; readonly [option: string]: unknown };
  /** Which of the model's optimizers. Default "optimizer". */
  readonly optimizerName?: string;
  /** The metric that a metric-based scheduler (ReduceLROnPlateau) follows. */
  readonly metricName?: string | null;
}

/**
 * Moves the learning rate of an optimizer: after each optimization step, each epoch or each validation, as the scheduler
 * demands. Lengths that a scheduler leaves to the training are those of its split; a training that is continued for more epochs keeps the
 * schedule with which it began. The rates that were used go to `logs/learning_rates/<optimizer>.tsv`.
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 *
 * const callbacks = [new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 1, gamma: 0.5 }) })];
 * const trainer = new Trainer({ maps: "scheduler", model, callbacks, optimization: { numEpochs: 2 } });
 * await trainer.train(split);
 * console.log(existsSync("scheduler/training/split-0/logs/learning_rates/optimizer.tsv")); // → true
 * ```
 */
export class LRSchedulerCallback extends Callback {
  static readonly name_ = "LRSchedulerCallback";
  static readonly schema = schema;
  readonly scheduler: LRSchedulerConfig;
  readonly optimizerName: string;
  readonly metricName: string | null;
  readonly schedulerType: LRSchedulerType;
  #scheduler: LRScheduler | null = null;
  #groups: readonly string[] = [];
  /** The rates that the optimizer used until a batch, which is the one of a step of the scheduler. */
  #used = new BatchRecords(0);
  #current: readonly number[] = [];

  constructor(options: LRSchedulerCallbackOptions) {
    super();
    const parsed = parseWith(schema, options, new.target.name);
    this.scheduler = asConfig(parsed.scheduler);
    checkFileName("The optimizer of LRSchedulerCallback", parsed.optimizerName);
    this.optimizerName = parsed.optimizerName;
    this.metricName = parsed.metricName;
    this.schedulerType = this.scheduler.schedulerType();
    if (this.schedulerType === "metric-based" && this.metricName === null) {
      throw new ConfigError(`LRSchedulerCallback: ${this.scheduler.name_} follows a metric: name it in 'metricName'.`);
    }
  }

  /** @throws ConfigError unless the metric that it follows is there. */
  checkMetrics(metrics: MetricsHandler): void {
    if (this.metricName !== null) metrics.checkMetricName(this.metricName);
  }

  override onTrainStart({ optimizers, metrics, log, split, optimization, state }: EventArgs<"onTrainStart">): void {
    const optimizer = own(optimizers, this.optimizerName);
    if (optimizer === undefined) {
      throw new ConfigError(
        `LRSchedulerCallback: 'optimizerName' is '${this.optimizerName}', but the model's optimizers are ${Object.keys(optimizers).join(", ")}.`,
      );
    }
    const stepsPerEpoch = Math.ceil(split.trainLoader.length / optimization.accumulationSteps);
    const length = { epochs: state.numEpochs, steps: state.numEpochs * stepsPerEpoch };
    this.#scheduler = this.scheduler.getObject(optimizer, length);
    const names = optimizer.paramGroups.map((group) => (typeof group.name === "string" ? group.name : null));
    this.#groups = names.length > 1 && names.every((name) => name !== null) ? names : [];
    this.#current = [...this.#scheduler.getLastLr()];
    this.#used = new BatchRecords(this.#current.length);
    this.checkMetrics(metrics);
    if (this.metricName === null) return;
    const optimum = metrics.metrics?.[this.metricName]?.optimum;
    const mode = "mode" in this.#scheduler ? this.#scheduler.mode : optimum;
    if (mode !== optimum) {
      log.warning(
        `The scheduler's mode is '${mode}', but the optimum of the metric '${this.metricName}' is '${optimum}'. Is this meant?`,
      );
    }
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }

  override onOptimizationStepEnd({ state }: EventArgs<"onOptimizationStepEnd">): void {
    if (this.schedulerType === "step-based") this.#step(state);
  }
  override onValidationEnd({ state, metrics }: EventArgs<"onValidationEnd">): void {
    if (this.schedulerType !== "metric-based" || this.metricName === null) return;
    this.#step(state, metrics.getMetricValue(this.metricName, state.currentEpoch));
  }
  override onEpochEnd({ state }: EventArgs<"onEpochEnd">): void {
    if (this.schedulerType === "epoch-based") this.#step(state);
  }

  #step(state: TrainerState, metric?: number): void {
    if (this.#scheduler === null) return;
    this.#used.add(state.currentEpoch, state.currentTrainBatch, this.#current);
    if (metric === undefined) (this.#scheduler as { step(): void }).step();
    else (this.#scheduler as { step(metric: number): void }).step(metric);
    this.#current = [...this.#scheduler.getLastLr()];
  }

  override onTrainEnd({ maps, state, world }: EventArgs<"onTrainEnd">): void {
    // of several processes each moves its rates, and one writes
    if (!world.isMain) return;
    const columns = this.#groups.length > 0 ? this.#groups : ["lr"];
    const used = this.#used;
    const last = used.length - 1;
    const isWhole = used.epoch(last) === state.currentEpoch && used.batch(last) === state.numTrainBatches;
    const isFloat = (k: number) => {
      if (!isWhole && !Number.isInteger(this.#current[k] ?? null)) return true;
      for (let i = 0; i < used.length; i++) if (!Number.isInteger(used.value(i, k))) return true;
      return false;
    };
    const path = maps.training.split(state.splitIdx ?? 0).learningRatesTsv(this.optimizerName);
    const floats = columns.filter((_, k) => isFloat(k));
    writeTsvParts(path, this.#rows(columns, state), ["epoch", "batch", ...columns], { floats });
  }
  /**
   * One row per batch, those of an epoch at a time: the rates that were used at the next step of the scheduler hold for
   * all batches until it, and batches after its last step used what it set then.
   */
  *#rows(columns: readonly string[], { currentEpoch, numTrainBatches }: TrainerState): Generator<Row[]> {
    const used = this.#used;
    let next = 0;
    for (let epoch = 1; epoch <= currentEpoch; epoch++) {
      const rows: Row[] = [];
      for (let batch = 1; batch <= numTrainBatches; batch++) {
        const isPast = () => used.epoch(next) < epoch || (used.epoch(next) === epoch && used.batch(next) < batch);
        while (next < used.length && isPast()) next++;
        const rates = next < used.length ? used.values(next) : this.#current;
        rows.push({ epoch, batch, ...Object.fromEntries(columns.map((column, k) => [column, rates[k] ?? null])) });
      }
      yield rows;
    }
  }

  /** `{schedulers: …, lrs: {(epoch, batch): [rate, …]}}`. */
  override stateDict(): unknown {
    return { schedulers: this.#scheduler?.stateDict() ?? {}, lrs: this.#used.toDict("all") };
  }
  override loadStateDict(state: unknown): void {
    const { schedulers, lrs } = asRecord(state, "the state of LRSchedulerCallback");
    if (this.#scheduler === null) return;
    this.#scheduler.loadStateDict(schedulers as Parameters<LRScheduler["loadStateDict"]>[0]);
    this.#used = new BatchRecords(this.#scheduler.getLastLr().length);
    for (const [[epoch = 0, batch = 0], rates] of (lrs instanceof Map ? lrs : []) as Map<number[], unknown[]>) {
      this.#used.add(epoch, batch, rates.map(Number));
    }
    this.#current = [...this.#scheduler.getLastLr()];
  }

  toDict(): JsonObject {
    return {
      name_: "LRSchedulerCallback",
      scheduler: this.scheduler.toDict(),
      optimizer_name: this.optimizerName,
      scheduler_type: this.schedulerType,
      metric_name: this.metricName,
    };
  }
  static fromDict(dict: JsonObject): LRSchedulerCallback {
    const keys = ["scheduler", "optimizer_name", "scheduler_type", "metric_name"];
    const { scheduler, optimizerName, metricName } = readFields("LRSchedulerCallback", dict, keys);
    return new LRSchedulerCallback({
      scheduler: lrSchedulerRegistry.read("LRSchedulerCallback", "scheduler", scheduler),
      optimizerName: String(optimizerName),
      metricName: metricName === null ? null : String(metricName),
    });
  }
}

function asConfig(value: unknown): LRSchedulerConfig {
  const config = lrSchedulerRegistry.from("LRSchedulerCallback: 'scheduler'", value);
  if (config !== null) return config;
  throw new ConfigError(
    `LRSchedulerCallback: 'scheduler' got ${show(value)}. Expected the config of one of ${lrSchedulerRegistry.names.join(", ")}.`,
  );
}
