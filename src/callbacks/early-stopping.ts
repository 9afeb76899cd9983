import { z } from "zod";
import type { MetricsHandler, Optimum } from "../metrics/index.ts";
import { asRecord, Callback, type EventArgs, QuantityMonitoring, type RunLog } from "../run/index.ts";
import { type Input, type JsonObject, type JsonValue, parseWith } from "../utils/config.ts";
import { ConfigError, MissingFieldsError } from "../utils/exceptions.ts";
import { readExtras, readFields } from "../utils/fields.ts";

const perMetric = <T extends z.ZodType>(one: T) => z.union([one, z.array(one)]);
const bound = z.number().nullable();

const schema = z.strictObject({
  metric: perMetric(z.string()),
  patience: perMetric(z.int().nonnegative()).default(3),
  minDelta: perMetric(z.number().nonnegative()).default(0),
  checkFinite: perMetric(z.boolean()).default(true),
  upperBound: perMetric(bound).default(null),
  lowerBound: perMetric(bound).default(null),

  /** Whether `minDelta` is a share of the best value; default false. */
  relative: perMetric(z.boolean()).default(false),
  baseline: perMetric(bound).default(null),
});

interface Stopper {
  readonly metric: string;
  readonly patience: number;
  readonly minDelta: number;
  readonly checkFinite: boolean;
  readonly upperBound: number | null;
  readonly lowerBound: number | null;
  readonly relative: boolean;
  readonly baseline: number | null;
}

/**
 * Ends training when metrics no longer improve. Each option is one value for all metrics, or one value per metric.
 *
 * - `metric`: one or several; training ends when **all** of them say so at the same evaluation. For **any** of them,
 *   pass several callbacks.
 * - `patience` (3): evaluations without improvement that are put up with; 0 ends at the first.
 * - `minDelta` (0): an improvement is more than this; with `relative` (false), than this share of the best value.
 * - `baseline` (none): what the first value must improve upon.
 * - `checkFinite` (true): NaN or infinity says stop.
 * - `upperBound`, `lowerBound` (none): a value beyond says stop.
 *
 * Whether low or high values are good is the metric's own knowledge.
 * @example
 * ```ts
 * const ba = new BalancedAccuracyMetricConfig({ postprocessing: [new AsDiscreteConfig({ include: ["output"], threshold: 0.5 })] });
 * const callbacks = [new EarlyStoppingCallback({ metric: ["loss", "ba"], patience: [5, 10], minDelta: 1e-3 })];
 * const metrics = { loss: new LossMetricConfig(), ba };
 * const trainer = new Trainer({ maps: "early", model, metrics, callbacks, optimization: { numEpochs: 100 } });
 * ```
 */
export class EarlyStoppingCallback extends Callback {
  static readonly name_ = "EarlyStoppingCallback";
  static readonly schema = schema;
  readonly stoppers: readonly Stopper[];
  #modes = new Map<string, Optimum>();
  #monitorings = new Map<string, QuantityMonitoring>();

  constructor(options: Input<typeof schema>) {
    super();
    const { metric, ...rest } = parseWith(schema, options, new.target.name);
    const names = typeof metric === "string" ? [metric] : metric;
    if (names.length === 0)
      throw new ConfigError("EarlyStoppingCallback: 'metric' is empty. Name at least one metric.");
    const each = <T>(field: string, value: T | T[]): T[] => {
      if (!Array.isArray(value)) return names.map(() => value);
      const [first] = value;
      if (value.length === 1 && first !== undefined) return names.map(() => first);
      if (value.length === names.length) return value;
      throw new ConfigError(
        `EarlyStoppingCallback: '${field}' has ${value.length} values for ${names.length} metric(s). Give one, or one per metric.`,
      );
    };
    const patience = each("patience", rest.patience);
    const minDelta = each("minDelta", rest.minDelta);
    const checkFinite = each("checkFinite", rest.checkFinite);
    const upper = each("upperBound", rest.upperBound);
    const lower = each("lowerBound", rest.lowerBound);
    const relative = each("relative", rest.relative);
    const baseline = each("baseline", rest.baseline);
    this.stoppers = names.map((name, i) => {
      const upperBound = upper[i] ?? null;
      const lowerBound = lower[i] ?? null;
      if (upperBound !== null && lowerBound !== null && lowerBound > upperBound) {
        throw new ConfigError(
          `EarlyStoppingCallback: 'lowerBound' of '${name}' is ${lowerBound}, above its 'upperBound' ${upperBound}. Exchange them.`,
        );
      }
      return {
        metric: name,
        patience: patience[i] ?? 3,
        minDelta: minDelta[i] ?? 0,
        checkFinite: checkFinite[i] ?? true,
        upperBound,
        lowerBound,
        relative: relative[i] ?? false,
        baseline: baseline[i] ?? null,
      };
    });
  }

  /** Looks up whether low or high values of the metrics are good. */
  resolveModes(metrics: MetricsHandler): void {
    for (const { metric } of this.stoppers) {
      const optimum = metrics.metrics?.[metric]?.optimum;
      if (optimum !== undefined) this.#modes.set(metric, optimum);
    }
  }

  /** @throws ConfigError unless the metrics that it follows are there. */
  checkMetrics(metrics: MetricsHandler): void {
    for (const { metric } of this.stoppers) metrics.checkMetricName(metric);
  }

  override onTrainStart({ metrics }: EventArgs<"onTrainStart">): void {
    this.checkMetrics(metrics);
    this.resolveModes(metrics);
    this.#monitorings = new Map(
      this.stoppers.map((stopper) => [
        stopper.metric,
        new QuantityMonitoring(this.#modes.get(stopper.metric) ?? "min", stopper),
      ]),
    );
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }

  override onValidationEnd({ state, metrics, log }: EventArgs<"onValidationEnd">): void {
    const stops = this.stoppers.map((stopper) =>
      this.#step(log, stopper, metrics.getMetricValue(stopper.metric, state.currentEpoch), state.currentEpoch),
    );
    if (!stops.every(Boolean)) return;
    log.info("Early stopping criteria met for all monitored metrics. Stopping training.");
    // never set back to false: another callback may have asked to stop
    state.shouldStop = true;
  }

  #step(log: RunLog, stopper: Stopper, value: number, epoch: number): boolean {
    const { metric, patience, checkFinite, upperBound, lowerBound } = stopper;
    const monitoring = this.#monitorings.get(metric);
    if (monitoring === undefined) return false;
    if (checkFinite && !Number.isFinite(value)) {
      log.warning(`The metric '${metric}' is ${value} at epoch ${epoch}. Stopping training.`);
      return true;
    }
    if (upperBound !== null && value > upperBound) {
      log.warning(
        `The metric '${metric}' is ${value} at epoch ${epoch}, above its bound ${upperBound}. Stopping training.`,
      );
      return true;
    }
    if (lowerBound !== null && value < lowerBound) {
      log.warning(
        `The metric '${metric}' is ${value} at epoch ${epoch}, below its bound ${lowerBound}. Stopping training.`,
      );
      return true;
    }
    if (monitoring.step(value)) return false;
    log.debug(`No improvement in '${metric}' for ${monitoring.numNonImprovements} evaluation step(s).`);
    if (monitoring.numNonImprovements <= patience) return false;
    log.info(
      `Early stopping triggered on metric '${metric}' after ${monitoring.numNonImprovements} evaluation(s) without improvement.`,
    );
    return true;
  }

  override stateDict(): unknown {
    return Object.fromEntries([...this.#monitorings].map(([metric, monitoring]) => [metric, monitoring.stateDict()]));
  }
  override loadStateDict(state: unknown): void {
    const states = asRecord(state, "the state of EarlyStoppingCallback");
    for (const [metric, monitoring] of this.#monitorings) monitoring.loadStateDict(states[metric]);
  }

  toDict(): JsonObject {
    return {
      name_: "EarlyStoppingCallback",
      stoppers: this.stoppers.map((stopper) => ({
        name_: "OneMetricEarlyStopping",
        metric: stopper.metric,
        patience: stopper.patience,
        min_delta: stopper.minDelta,
        mode: this.#modes.get(stopper.metric) ?? null,
        check_finite: stopper.checkFinite,
        upper_bound: stopper.upperBound,
        lower_bound: stopper.lowerBound,
      })),
    };
  }
  extrasToDict(): JsonObject {
    const isPlain = this.stoppers.every(({ relative, baseline }) => !relative && baseline === null);
    if (isPlain) return {};
    return {
      relative: this.stoppers.map((stopper) => stopper.relative),
      baseline: this.stoppers.map((stopper) => stopper.baseline),
    };
  }
  static fromDict(dict: JsonObject, extras: JsonObject = {}): EarlyStoppingCallback {
    const { stoppers } = readFields("EarlyStoppingCallback", dict, ["stoppers"]);
    if (!Array.isArray(stoppers)) throw new MissingFieldsError("EarlyStoppingCallback: 'stoppers' is not a list.");
    const keys = ["metric", "patience", "min_delta", "mode", "check_finite", "upper_bound", "lower_bound"];
    const read = stoppers.map((stopper) => readFields("OneMetricEarlyStopping", stopper as JsonObject, keys));
    const column = (key: string): JsonValue[] => read.map((fields) => fields[key] ?? null);
    return EarlyStoppingCallback.fromOptions({
      metric: column("metric"),
      patience: column("patience"),
      minDelta: column("minDelta"),
      checkFinite: column("checkFinite"),
      upperBound: column("upperBound"),
      lowerBound: column("lowerBound"),
      ...readExtras(extras),
    });
  }
}
