import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { TrainingSummary } from "../io/maps/index.ts";
import { type Row, writeTsv } from "../io/tsv/index.ts";
import { type JsonObject, parseWith } from "../utils/config.ts";
import { Callback } from "./callback.ts";
import type { EventArgs } from "./events.ts";
import { readFields } from "./fields.ts";
import { average, meanAndDeviation, PhaseTimer } from "./phase-timer.ts";
import { asRecord } from "./quantity-monitoring.ts";

const schema = z.strictObject({
  numMeasurements: z.int().nonnegative().default(100),
  warmupIterations: z.int().nonnegative().default(10),
  enabled: z.boolean().default(true),
});

/** The phases in the order of the table; those that the GPU works in have two more columns. */
const PHASES = [
  { key: "training", name: "Training", gpu: false, once: true },
  { key: "epoch", name: "Epoch", gpu: false, once: true },
  { key: "trainingLoop", name: "Training loop", gpu: false, once: false },
  { key: "trainingLoading", name: "Training data loading", gpu: false, once: false },
  { key: "forward", name: "Forward", gpu: true, once: false },
  { key: "backward", name: "Backward", gpu: true, once: false },
  { key: "optimization", name: "Optimization", gpu: true, once: false },
  { key: "validation", name: "Validation", gpu: false, once: true },
  { key: "validationLoop", name: "Validation loop", gpu: false, once: false },
  { key: "validationLoading", name: "Validation data loading", gpu: false, once: false },
  { key: "evaluation", name: "Evaluation", gpu: true, once: false },
  { key: "metrics", name: "Metrics computation", gpu: true, once: false },
] as const;

type Phase = (typeof PHASES)[number]["key"];

/**
 * Measures where the time goes: `logs/computational.tsv`, and a table in the summary of the split.
 *
 * - `numMeasurements` (100): per phase; epochs and validations are all measured.
 * - `warmupIterations` (10): batches before the first measurement.
 * - `enabled` (true).
 */
export class MonitorCallback extends Callback {
  readonly numMeasurements: number;
  readonly warmupIterations: number;
  readonly enabled: boolean;
  #timers = new Map<Phase, PhaseTimer>();
  #iterations = 0;
  #batchSizes = { train: Number.NaN, validation: Number.NaN };

  constructor(options: z.input<typeof schema> = {}) {
    super();
    const { numMeasurements, warmupIterations, enabled } = parseWith(schema, options, new.target.name);
    this.numMeasurements = numMeasurements;
    this.warmupIterations = warmupIterations;
    this.enabled = enabled;
  }

  override onTrainStart({ split }: EventArgs<"onTrainStart">): void {
    this.#timers = new Map(
      PHASES.map(({ key, name, once }) => [key, new PhaseTimer(name, once ? 0 : this.numMeasurements)]),
    );
    this.#iterations = 0;
    this.#batchSizes = { train: split.trainLoader.batchSize, validation: split.valLoader.batchSize };
    this.#start("training");
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }

  override onEpochStart(): void {
    this.#start("epoch");
    this.#start("trainingLoop");
    this.#start("trainingLoading");
  }
  override onForwardStepStart(): void {
    this.#stop("trainingLoading");
    this.#start("forward");
  }
  override onBackwardStepStart(): void {
    this.#stop("forward");
    this.#start("backward");
  }
  override onBackwardStepEnd(): void {
    this.#stop("backward");
  }
  override onOptimizationStepStart(): void {
    this.#start("optimization");
  }
  override onOptimizationStepEnd(): void {
    this.#stop("optimization");
  }
  override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
    if (state.called !== "train") return;
    this.#iterations++;
    if (state.stage === "training") {
      this.#stop("trainingLoop");
      if (state.currentTrainBatch < state.numTrainBatches) {
        this.#start("trainingLoop");
        this.#start("trainingLoading");
      }
    } else {
      this.#stop("validationLoop");
      if (state.currentValBatch < state.numValBatches) {
        this.#start("validationLoop");
        this.#start("validationLoading");
      }
    }
  }
  override onValidationStart(): void {
    this.#start("validation");
    this.#start("validationLoop");
    this.#start("validationLoading");
  }
  override onEvaluationStepStart({ state }: EventArgs<"onEvaluationStepStart">): void {
    if (state.called !== "train") return;
    this.#stop("validationLoading");
    this.#start("evaluation");
  }
  override onMetricsComputationStart({ state }: EventArgs<"onMetricsComputationStart">): void {
    if (state.called !== "train") return;
    this.#stop("evaluation");
    this.#start("metrics");
  }
  override onMetricsComputationEnd({ state }: EventArgs<"onMetricsComputationEnd">): void {
    if (state.called === "train") this.#stop("metrics");
  }
  override onValidationEnd(): void {
    this.#stop("validation");
  }
  override onEpochEnd(): void {
    this.#stop("epoch");
  }

  override onTrainEnd({ maps, state }: EventArgs<"onTrainEnd">): void {
    this.#stop("training");
    if (!this.enabled) return;
    const split = maps.training.split(state.splitIdx ?? 0);
    mkdirSync(dirname(split.computationalTsv), { recursive: true });
    const { columns, rows } = this.#table();
    writeTsv(split.computationalTsv, rows, columns);
    new TrainingSummary(split.summaryLog).addInfo(this.#summary());
  }

  #start(phase: Phase): void {
    const once = phase === "training" || phase === "epoch" || phase === "validation";
    if (this.enabled && (once || this.#iterations >= this.warmupIterations)) this.#timers.get(phase)?.start();
  }
  #stop(phase: Phase): void {
    this.#timers.get(phase)?.stop();
  }
  #times(phase: Phase): readonly number[] {
    return this.#timers.get(phase)?.times ?? [];
  }

  /** One column per phase, as long as it was measured; those of a GPU stay empty. */
  #table(): { columns: string[]; rows: Row[] } {
    const columns = PHASES.flatMap(({ name, gpu }) =>
      gpu ? [`${name} (s)`, `${name} GPU (s)`, `${name} GPU max memory (MB)`] : [`${name} (s)`],
    );
    const longest = Math.max(...PHASES.map(({ key }) => this.#times(key).length));
    const rows = Array.from({ length: longest }, (_, i): Row => {
      const empty = columns.map((column) => [column, null] as const);
      const measured = PHASES.map(({ key, name }) => [`${name} (s)`, this.#times(key)[i] ?? null] as const);
      return Object.fromEntries([...empty, ...measured]);
    });
    return { columns, rows };
  }

  #summary(): string {
    const rule = "-".repeat(106);
    const row = (indent: number, title: string, phase: Phase) =>
      `${`${" ".repeat(indent)}${title}`.padEnd(22)} | ${meanAndDeviation(this.#times(phase)).padEnd(25)} | ${"".padEnd(25)} | ${"".padEnd(25)}`;
    const throughput = (batchSize: number, phase: Phase) =>
      `\nThroughput: ${this.#times(phase).length === 0 ? "nan" : (batchSize / average(this.#times(phase))).toFixed(2)} images/s`;
    return [
      "\n*************************** Computational Summary (mean ± std [n measurements]) **************************\n",
      `${centred("Phase", 22)} | ${centred("Time (s)", 25)} | ${centred("GPU Time (s)", 25)} | ${centred("GPU Max Memory (MB)", 25)}`,
      rule,
      row(0, "Training", "training"),
      row(1, "Epoch", "epoch"),
      row(2, "Iteration", "trainingLoop"),
      row(3, "Data loading", "trainingLoading"),
      row(3, "Forward", "forward"),
      row(3, "Backward", "backward"),
      row(3, "Optimization", "optimization"),
      throughput(this.#batchSizes.train, "trainingLoop"),
      rule,
      row(0, "Validation", "validation"),
      row(1, "Iteration", "validationLoop"),
      row(2, "Data loading", "validationLoading"),
      row(2, "Evaluation", "evaluation"),
      row(2, "Metrics computation", "metrics"),
      throughput(this.#batchSizes.validation, "validationLoop"),
      `${"*".repeat(106)}\n`,
    ].join("\n");
  }

  /** `{phase: {times, …}, gpu: [names]}`. */
  override stateDict(): unknown {
    const phases = [...this.#timers.values()].map((timer) => [timer.name, timer.stateDict()] as const);
    return { ...Object.fromEntries(phases), gpu: [] };
  }
  override loadStateDict(state: unknown): void {
    const phases = asRecord(state, "the state of MonitorCallback");
    for (const timer of this.#timers.values()) {
      if (phases[timer.name] !== undefined) timer.loadStateDict(phases[timer.name]);
    }
    // batches before the checkpoint have warmed up the machine no less
    this.#iterations = Math.max(this.#iterations, ...[...this.#timers.values()].map((timer) => timer.times.length));
  }

  toDict(): JsonObject {
    return {
      name_: "MonitorCallback",
      num_measurements: this.numMeasurements,
      warmup_iterations: this.warmupIterations,
      enabled: this.enabled,
    };
  }
  static fromDict(dict: JsonObject): MonitorCallback {
    const fields = readFields("MonitorCallback", dict, ["num_measurements", "warmup_iterations", "enabled"]);
    return new MonitorCallback(fields as z.input<typeof schema>);
  }
}

function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return text.padStart(text.length + left).padEnd(width);
}
