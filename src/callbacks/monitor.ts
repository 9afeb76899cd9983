import { z } from "zod";
import { TrainingSummary } from "../io/maps/index.ts";
import { writeTsv } from "../io/tsv/index.ts";
import {
  asRecord,
  Callback,
  type ComputationalConfig,
  DeviceMeter,
  type EventArgs,
  MEASURED_PHASES,
  type Measured,
  type MeasuredPhase,
  measurementSummary,
  measurementTable,
  type Phase,
  PhaseTimer,
} from "../run/index.ts";
import { type JsonObject, parseWith } from "../utils/config.ts";
import { readFields } from "../utils/fields.ts";

const schema = z.strictObject({
  numMeasurements: z.int().nonnegative().default(100),
  warmupIterations: z.int().nonnegative().default(10),
  enabled: z.boolean().default(true),
});

/**
 * Measures where time and memory go: `logs/computational.tsv`, and a table in the summary of the split.
 *
 * - **Time (s)**: of the host. A GPU works on while the host goes on, so that its work may be waited for in a later phase.
 * - **GPU Time (s)**: from the beginning to the end of what the phase asked of the GPU.
 * - **GPU Max Memory (MB)**: the most that tensors held at once in the phase.
 * - **Throughput**: the batch size by the time of an iteration, or by the GPU's time for it.
 * - **Peak memory**: of the process, resident, since it began; of tensors, in this training.
 *
 * The GPU is waited for at the end of an epoch and for a checkpoint only. Options:
 *
 * - `numMeasurements` (100): per phase; epochs and validations are all measured.
 * - `warmupIterations` (10): batches before the first measurement.
 * - `enabled` (true).
 * @example
 * ```ts
 * const callbacks = [new MonitorCallback({ numMeasurements: 20, warmupIterations: 2 })];
 * const trainer = new Trainer({ maps: "monitor", model, callbacks });
 * ```
 */
export class MonitorCallback extends Callback {
  static readonly name_ = "MonitorCallback";
  static readonly schema = schema;
  readonly numMeasurements: number;
  readonly warmupIterations: number;
  readonly enabled: boolean;
  readonly #gpuOf: (computational: ComputationalConfig) => DeviceMeter | null;
  #timers = new Map<MeasuredPhase, PhaseTimer>();
  #iterations = 0;
  #batchSizes = { train: Number.NaN, validation: Number.NaN };
  #accumulationSteps = 1;
  #cpu: DeviceMeter | null = null;
  #gpu: DeviceMeter | null = null;
  /** Those that the training ran on, one after the other. */
  #gpuNames: string[] = [];

  constructor(options: z.input<typeof schema> = {}, gpuOf = gpuOfRun) {
    super();
    this.#gpuOf = gpuOf;
    const { numMeasurements, warmupIterations, enabled } = parseWith(schema, options, new.target.name);
    this.numMeasurements = numMeasurements;
    this.warmupIterations = warmupIterations;
    this.enabled = enabled;
  }

  override get phase(): Phase {
    return "observe";
  }

  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart({ split, optimization, computational }: EventArgs<"onTrainStart">): void {
    this.#forget();
    this.#cpu = this.enabled ? new DeviceMeter("cpu") : null;
    this.#gpu = this.enabled ? this.#gpuOf(computational) : null;
    this.#gpuNames = this.#gpu === null ? [] : [this.#gpu.name];
    const timer = ({ name, gpu, once }: (typeof MEASURED_PHASES)[number]) =>
      new PhaseTimer(name, { limit: once ? 0 : this.numMeasurements, gpu: gpu ? this.#gpu : null });
    this.#timers = new Map(MEASURED_PHASES.map((phase) => [phase.key, timer(phase)]));
    this.#iterations = 0;
    this.#batchSizes = { train: split.trainLoader.batchSize, validation: split.valLoader.batchSize };
    this.#accumulationSteps = optimization.accumulationSteps;
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
  /** When all callbacks have been told of the end: what they did, a checkpoint for example, is not loading of data. */
  afterBatchEnd(): void {
    for (const phase of ["trainingLoop", "trainingLoading", "validationLoop", "validationLoading"] as const) {
      this.#timers.get(phase)?.restart();
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
    for (const timer of this.#timers.values()) timer.finish();
  }

  override onException({ state, log }: EventArgs<"onException">): void {
    if (this.enabled && state.called === "train" && this.#timers.size > 0)
      log.debug(measurementSummary(this.#measured()));
    this.#forget();
  }
  /** Gives back what a training that did not come to its end has left. */
  #forget(): void {
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    this.#timers = new Map();
  }

  override onTrainEnd({ maps, state }: EventArgs<"onTrainEnd">): void {
    this.#stop("training");
    if (!this.enabled) return;
    for (const timer of this.#timers.values()) timer.finish();
    const split = maps.training.split(state.splitIdx ?? 0);
    const { columns, rows } = measurementTable(this.#measured());
    writeTsv(split.computationalTsv, rows, columns);
    new TrainingSummary(split.summaryLog).addInfo(measurementSummary(this.#measured()));
    this.#forget();
  }

  #start(phase: MeasuredPhase): void {
    const once = phase === "training" || phase === "epoch" || phase === "validation";
    if (this.enabled && (once || this.#iterations >= this.warmupIterations)) this.#timers.get(phase)?.start();
  }
  #stop(phase: MeasuredPhase): void {
    this.#timers.get(phase)?.stop();
  }
  #measured(): Measured {
    return {
      times: (phase) => this.#timers.get(phase)?.times ?? [],
      gpuTimes: (phase) => this.#timers.get(phase)?.gpuTimes ?? [],
      gpuMemory: (phase) => this.#timers.get(phase)?.gpuMaxMemory ?? [],
      batchSizes: this.#batchSizes,
      accumulationSteps: this.#accumulationSteps,
      cpu: this.#cpu,
      gpu: this.#gpu,
      gpuNames: this.#gpuNames,
    };
  }

  /** `{phase: {times, …}, gpu: [names], iterations}`; ClinicaDL has and expects all but the last, and does not mind it. */
  override stateDict(): unknown {
    const phases = [...this.#timers.values()].map((timer) => [timer.name, timer.stateDict()] as const);
    return { ...Object.fromEntries(phases), gpu: this.#gpuNames, iterations: this.#iterations };
  }
  override loadStateDict(state: unknown): void {
    const phases = asRecord(state, "the state of MonitorCallback");
    for (const timer of this.#timers.values()) {
      if (phases[timer.name] !== undefined) timer.loadStateDict(phases[timer.name]);
    }
    // ClinicaDL does not write how many there were; an epoch or more
    this.#iterations = Number(phases.iterations ?? this.warmupIterations);
    if (Array.isArray(phases.gpu)) this.#gpuNames = [...phases.gpu.map(String), ...this.#gpuNames];
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
    return MonitorCallback.fromOptions(fields);
  }
}

function gpuOfRun({ gpu, device }: ComputationalConfig): DeviceMeter | null {
  return gpu ? new DeviceMeter(device) : null;
}
