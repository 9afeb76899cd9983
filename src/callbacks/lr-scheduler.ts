import { z } from "zod";
import { type Row, writeTsv } from "../io/tsv/index.ts";
import {
  LR_SCHEDULER_CONFIGS,
  type LRScheduler,
  type LRSchedulerConfig,
  type LRSchedulerType,
} from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { type JsonObject, parseWith, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { configFrom, readConfig } from "../utils/registry.ts";
import { Callback } from "./callback.ts";
import type { EventArgs } from "./events.ts";
import { readFields } from "./fields.ts";
import { log } from "./log.ts";
import { asRecord } from "./quantity-monitoring.ts";
import type { TrainerState } from "./trainer-state.ts";

const schema = z.strictObject({
  scheduler: z.unknown().optional(),
  optimizerName: z.string().default("optimizer"),
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

/** One row of the table of learning rates: those that the optimizer used until this batch. */
interface UsedRates {
  readonly epoch: number;
  readonly batch: number;
  readonly rates: readonly number[];
}

/**
 * Moves the learning rate of an optimizer: after each optimization step, each epoch or each validation, as the scheduler
 * demands. The rates that were used go to `logs/learning_rates/<optimizer>.tsv`.
 */
export class LRSchedulerCallback extends Callback {
  readonly scheduler: LRSchedulerConfig;
  readonly optimizerName: string;
  readonly metricName: string | null;
  readonly schedulerType: LRSchedulerType;
  #scheduler: LRScheduler | null = null;
  #groups: readonly string[] = [];
  #used: UsedRates[] = [];
  #current: readonly number[] = [];

  constructor(options: LRSchedulerCallbackOptions) {
    super();
    const parsed = parseWith(schema, options, new.target.name);
    this.scheduler = asConfig(parsed.scheduler);
    this.optimizerName = parsed.optimizerName;
    this.metricName = parsed.metricName;
    this.schedulerType = this.scheduler.schedulerType();
    if (this.schedulerType === "metric-based" && this.metricName === null) {
      throw new ConfigError(`LRSchedulerCallback: ${this.scheduler.name_} follows a metric: name it in 'metricName'.`);
    }
  }

  override onTrainStart({ optimizers, metrics }: EventArgs<"onTrainStart">): void {
    const optimizer = optimizers[this.optimizerName];
    if (optimizer === undefined) {
      throw new ConfigError(
        `LRSchedulerCallback: 'optimizerName' is '${this.optimizerName}', but the model's optimizers are ${Object.keys(optimizers).join(", ")}.`,
      );
    }
    this.#scheduler = this.scheduler.getObject(optimizer);
    const names = optimizer.paramGroups.map((group) => (typeof group.name === "string" ? group.name : null));
    this.#groups = names.length > 1 && names.every((name) => name !== null) ? names : [];
    this.#used = [];
    this.#current = [...this.#scheduler.getLastLr()];
    if (this.metricName === null) return;
    metrics.checkMetricName(this.metricName);
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
    this.#used.push({ epoch: state.currentEpoch, batch: state.currentTrainBatch, rates: this.#current });
    if (metric === undefined) (this.#scheduler as { step(): void }).step();
    else (this.#scheduler as { step(metric: number): void }).step(metric);
    this.#current = [...this.#scheduler.getLastLr()];
  }

  /** One row per batch: the rates that were used at the next step of the scheduler hold for all batches until it. */
  override onTrainEnd({ maps, state }: EventArgs<"onTrainEnd">): void {
    const columns = this.#groups.length > 0 ? this.#groups : ["lr"];
    const last = { epoch: state.currentEpoch, batch: state.numTrainBatches };
    const used = [...this.#used];
    const end = used.at(-1);
    // batches after the scheduler's last step used what it set then
    if (end === undefined || end.epoch !== last.epoch || end.batch !== last.batch) {
      used.push({ ...last, rates: this.#current });
    }
    const rows: Row[] = [];
    let next = 0;
    for (let epoch = 1; epoch <= state.currentEpoch; epoch++) {
      for (let batch = 1; batch <= state.numTrainBatches; batch++) {
        const isPast = ({ epoch: e, batch: b }: UsedRates) => e < epoch || (e === epoch && b < batch);
        while (next < used.length - 1 && isPast(used[next] as UsedRates)) next++;
        const rates = used[next]?.rates ?? [];
        rows.push({ epoch, batch, ...Object.fromEntries(columns.map((column, i) => [column, rates[i] ?? null])) });
      }
    }
    const path = maps.training.split(state.splitIdx ?? 0).learningRatesTsv(this.optimizerName);
    writeTsv(path, rows, ["epoch", "batch", ...columns]);
  }

  /** `{schedulers: …, lrs: {(epoch, batch): [rate, …]}}`. */
  override stateDict(): unknown {
    const lrs = this.#used.map(
      ({ epoch, batch, rates }) => [torch.tuple([epoch, batch]), rates.map((rate) => torch.float(rate))] as const,
    );
    return { schedulers: this.#scheduler?.stateDict() ?? {}, lrs: new Map(lrs) };
  }
  override loadStateDict(state: unknown): void {
    const { schedulers, lrs } = asRecord(state, "the state of LRSchedulerCallback");
    if (this.#scheduler === null) return;
    this.#scheduler.loadStateDict(schedulers as Parameters<LRScheduler["loadStateDict"]>[0]);
    this.#used = [...((lrs instanceof Map ? lrs : new Map()) as Map<readonly number[], readonly unknown[]>)].map(
      ([[epoch = 0, batch = 0], rates]) => ({ epoch, batch, rates: rates.map(Number) }),
    );
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
      scheduler: readConfig("LRSchedulerCallback", "scheduler", scheduler, LR_SCHEDULER_CONFIGS),
      optimizerName: String(optimizerName),
      metricName: metricName === null ? null : String(metricName),
    });
  }
}

function asConfig(value: unknown): LRSchedulerConfig {
  const config = configFrom("LRSchedulerCallback: 'scheduler'", value, LR_SCHEDULER_CONFIGS);
  if (config !== null) return config;
  throw new ConfigError(
    `LRSchedulerCallback: 'scheduler' got ${show(value)}. Expected the config of one of ${Object.keys(LR_SCHEDULER_CONFIGS).join(", ")}.`,
  );
}
