import { z } from "zod";
import type { Accepted } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { compared, fields, type MetricConfig } from "./config.ts";
import {
  binaryLabels,
  type Compared,
  type ComparedFields,
  FieldMetric,
  requireLabels,
  sameShape,
} from "./field-metric.ts";
import type { Optimum, Undefined } from "./metric.ts";
import type { NeededField } from "./needed-field.ts";
import { ties } from "./ranking.ts";
import { rowsOf } from "./reduce.ts";

/**
 * The concordance index of Harrell (1982, JAMA 247:2543): of the pairs of samples of which it is known who came first, the share
 * that the output puts in the right order; equal outputs count for a half. 1 is perfect, 0.5 what chance would reach. The label is
 * the time until the event, or until it was last known that there was none (censored): `eventKey` says which; without it, a negative time is
 * that of a censored sample, as for `CoxPHLoss`. As `lifelines.utils.concordance_index`. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * Output and label are (N, 1). Pairs of samples with the same time count where one of them is censored, who came later.
 *
 * @throws ConfigError for other shapes; DataFrameError naming participants whose event is neither 0 nor 1, or whose time is negative beside one.
 * @example
 * ```ts
 * using batch = batchOf([[5], [14], [11]], [[6], [12], [24]]); // months until the event: what was predicted, and what came
 * const metric = new ConcordanceIndexMetricConfig().getObject();
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.6667
 * ```
 */
export class ConcordanceIndexMetricConfig
  extends configClass(
    "ConcordanceIndexMetric",
    z.strictObject({
      ...fields,

      /** The field that is 1 where the event was seen at that time, and 0 where it was not (censored); default null: seen unless the time is negative. */
      eventKey: z.string().nullable().default(null),

      /** Whether a greater output means a later event, "time" (default), or an earlier one, "risk". */
      predicts: z.enum(["time", "risk"]).default("time"),
    }),
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): ConcordanceIndexMetric {
    return new ConcordanceIndexMetric(compared(this), this);
  }
}

/** What was predicted of a sample, and what came. */
export interface Survival {
  readonly pred: number;
  readonly time: number;
  /** Whether the event was seen at that time; else it comes later, or never. */
  readonly event: boolean;
}

/** What {@link ConcordanceIndexMetricConfig} builds. */
export class ConcordanceIndexMetric extends FieldMetric<Survival> {
  readonly optimum = "max";
  readonly #eventKey: string | null;
  readonly #sign: 1 | -1;

  constructor(
    compared: ComparedFields,
    { eventKey, predicts }: { readonly eventKey: string | null; readonly predicts: "time" | "risk" },
  ) {
    super(compared);
    this.#eventKey = eventKey;
    this.#sign = predicts === "time" ? 1 : -1;
  }

  override neededFields(): readonly NeededField[] {
    const event =
      this.#eventKey === null ? [] : [{ field: this.#eventKey, by: this.shownName, accepted: this.#events() }];
    return [...super.neededFields(), ...event];
  }

  /** Beside events, times have no sign. */
  protected override acceptedLabels(): Accepted | null {
    if (this.#eventKey === null) return null;
    return {
      by: this.shownName,
      expected: "times, at least 0, beside 'eventKey'",
      remedy:
        "Where times are negative for censored samples, leave 'eventKey' out; else choose a 'labelKey' with times.",
      integer: false,
      min: 0,
      max: Number.POSITIVE_INFINITY,
      ignored: null,
      nan: true,
    };
  }

  #events(): Accepted {
    const remedy = "Code an event that was seen as 1, and one that was not (censored) as 0.";
    return { ...binaryLabels(this.shownName), expected: "events that are 0 or 1", remedy };
  }

  protected override compare(
    pred: Tensor,
    label: Tensor | null,
    { batch, label: source, isNan }: Compared,
  ): Survival[] {
    const times = sameShape(this.shownName, pred, label);
    if (pred.ndim !== 2 || pred.shape[1] !== 1) {
      throw new ConfigError(
        `${this.shownName} wants one value per sample, (N, 1). The output has shape [${pred.shape.join(", ")}].`,
      );
    }
    const accepted = this.acceptedLabels();
    if (accepted !== null) requireLabels(accepted, times, source);
    const events = this.#eventKey === null ? null : batch.getField(this.#eventKey, { ensureChannelDim: true });
    if (events !== null && this.#eventKey !== null) {
      requireLabels(this.#events(), events, { ...source, field: this.#eventKey });
    }
    const [preds, labels, seen] = [rowsOf(pred).flat(), rowsOf(times).flat(), events && rowsOf(events).flat()];
    return preds.map((value, i) => {
      const time = labels[i] ?? Number.NaN;
      const event = seen?.[i] ?? (time < 0 ? 0 : 1);
      const unknown = isNan[i] === true || Number.isNaN(event);
      return { pred: unknown ? Number.NaN : this.#sign * value, time: Math.abs(time), event: event === 1 };
    });
  }

  protected override aggregateData(data: readonly Survival[]): number {
    return concordanceIndex(data.filter(({ pred }) => !Number.isNaN(pred)));
  }

  override whyUndefined(): Undefined[] {
    const why = super.whyUndefined();
    if (why.length > 0 || !Number.isNaN(this.aggregate())) return why;
    const message =
      "there is no pair of samples of which it is known who came first: too few events, or all at one time";
    return [{ cause: "no pairs", message }];
  }
}

/** NaN where of no two samples it is known who came first. In n log n steps: a bootstrap computes it thousands of times. */
export function concordanceIndex(samples: readonly Survival[]): number {
  const preds = samples.map(({ pred }) => pred);
  const rank = ranksOf(preds);
  const later = new CountTree(samples.length);
  const byTime = samples.map((_, i) => i).sort((a, b) => timeOf(samples, b) - timeOf(samples, a));
  let [right, pairs] = [0, 0];
  for (const run of ties(
    byTime,
    samples.map(({ time }) => time),
  )) {
    const [events, censored] = [run.filter((i) => samples[i]?.event), run.filter((i) => !samples[i]?.event)];
    for (const i of censored) later.add(rank[i] ?? 0);
    for (const i of events) {
      const place = rank[i] ?? 0;
      const [below, upTo] = [later.countBelow(place), later.countBelow(place + 1)];
      right += later.size - upTo + (upTo - below) / 2;
      pairs += later.size;
    }
    for (const i of events) later.add(rank[i] ?? 0);
  }
  return pairs === 0 ? Number.NaN : right / pairs;
}

function timeOf(samples: readonly Survival[], i: number): number {
  return samples[i]?.time ?? 0;
}

/** For each value, how many other values there are below it; the same for equal ones. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = values.map(() => 0);
  let below = 0;
  for (const run of ties(order, values)) {
    for (const i of run) ranks[i] = below;
    below += run.length;
  }
  return ranks;
}

/** Counts numbers 0 … n - 1, and how many are below one (Fenwick 1994, Software: Practice and Experience 24:327). */
class CountTree {
  readonly #sums: Int32Array;
  size = 0;
  constructor(n: number) {
    this.#sums = new Int32Array(n + 1);
  }
  add(value: number): void {
    this.size++;
    for (let i = value + 1; i < this.#sums.length; i += i & -i) this.#sums[i] = (this.#sums[i] ?? 0) + 1;
  }
  countBelow(value: number): number {
    let count = 0;
    for (let i = value; i > 0; i -= i & -i) count += this.#sums[i] ?? 0;
    return count;
  }
}
