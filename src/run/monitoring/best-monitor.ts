import type { MetricsHandler, Optimum } from "../../metrics/index.ts";
import * as torch from "../../torch/index.ts";
import { asRecord } from "../checkpoint/as-record.ts";
import { type BatchLosses, WhenRead } from "../unread-losses.ts";
import { QuantityMonitoring } from "./quantity-monitoring.ts";

/** A quantity by which models are compared. */
interface Level {
  readonly name: string;
  readonly monitoring: QuantityMonitoring;
  value(metrics: MetricsHandler, epoch: number): number;
}

/**
 * Which model is the best by a metric. As long as the metric is not defined (NaN at every validation), it is the one with the
 * lowest validation loss, or, where there is no such metric or it is not defined either, with the lowest training loss.
 */
export class BestMonitor {
  /** The metric, then what stands in for it. */
  readonly #levels: readonly Level[];
  readonly #trainingLoss: string | null;
  /** Of the batches of this epoch; those whose loss is not finite did not move the weights either. */
  #sum = 0;
  #count = 0;
  readonly #whenRead = new WhenRead();

  /** @param lossNames of the model; several have no lowest one. */
  constructor(metric: string, mode: Optimum, metrics: MetricsHandler, lossNames: readonly string[]) {
    const validationLoss = metrics.lossMetricNames.find((name) => name !== metric);
    const trainingLoss = lossNames.length === 1 ? (lossNames[0] ?? null) : null;
    this.#trainingLoss = trainingLoss;
    const ofMetric = (name: string, shown: string, optimum: Optimum): Level => ({
      name: shown,
      monitoring: new QuantityMonitoring(optimum),
      value: (handler, epoch) => handler.getMetricValue(name, epoch),
    });
    this.#levels = [
      ofMetric(metric, `'${metric}'`, mode),
      ...(validationLoss === undefined ? [] : [ofMetric(validationLoss, `validation loss '${validationLoss}'`, "min")]),
      ...(trainingLoss === null
        ? []
        : [
            {
              name: `training loss '${trainingLoss}'`,
              monitoring: new QuantityMonitoring("min"),
              value: () => this.#sum / this.#count,
            },
          ]),
    ];
  }

  startEpoch(): void {
    this.#whenRead.clear();
    this.#sum = 0;
    this.#count = 0;
  }
  addBatch(losses: BatchLosses): void {
    const name = this.#trainingLoss;
    if (name !== null) this.#whenRead.add(losses, () => this.#add(losses[name] ?? Number.NaN));
  }
  #add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#sum += value;
    this.#count++;
  }

  /** Whether the model of this epoch is the best so far. */
  step(metrics: MetricsHandler, epoch: number): boolean {
    this.#whenRead.now();
    for (const { monitoring, value } of this.#levels) {
      const better = monitoring.step(value(metrics, epoch));
      if (isDefined(monitoring)) return better;
    }
    return false;
  }

  /** What stood in for a metric that was never defined, and its best value; null when the metric was. */
  get standIn(): { readonly name: string; readonly best: number } | "nothing" | null {
    const [first, ...others] = this.#levels;
    if (first === undefined || isDefined(first.monitoring)) return null;
    const used = others.find(({ monitoring }) => isDefined(monitoring));
    return used === undefined ? "nothing" : { name: used.name, best: used.monitoring.best };
  }

  /** That of the metric, as ClinicaDL has it, which does not look at `fallback`: it is there until the metric is defined. */
  stateDict(): Record<string, unknown> {
    this.#whenRead.now();
    const [first, ...others] = this.#levels;
    const state = first?.monitoring.stateDict() ?? {};
    if (this.standIn === null) return state;
    const levels = Object.fromEntries(others.map((level) => [level.name, level.monitoring.stateDict()]));
    return { ...state, fallback: { levels, sum: torch.float(this.#sum), count: this.#count } };
  }
  loadStateDict(state: unknown): void {
    const { fallback, ...own } = asRecord(state, "the state of ModelCheckpointCallback");
    const [first, ...others] = this.#levels;
    first?.monitoring.loadStateDict(own);
    if (fallback === undefined) return;
    const { levels, sum, count } = asRecord(fallback, "the fallback of ModelCheckpointCallback");
    const saved = asRecord(levels, "the fallback of ModelCheckpointCallback");
    for (const { name, monitoring } of others) {
      if (saved[name] !== undefined) monitoring.loadStateDict(saved[name]);
    }
    this.#sum = Number(sum);
    this.#count = Number(count);
  }
}

/** Whether there was a value: the best one is infinite, to the bad side, before. */
function isDefined({ mode, best }: QuantityMonitoring): boolean {
  return best !== (mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
}
