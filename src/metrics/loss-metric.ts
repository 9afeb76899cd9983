import { z } from "zod";
import {
  type Accepted,
  acceptedTargets,
  callLoss,
  callLossUnreduced,
  comparesSamples,
  type LossFunction,
  nameOf,
  prepareTarget,
  targetWeights,
} from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { compared, fields, type HasLossFunctions, type MetricConfig } from "./config.ts";
import { type Compared, type ComparedFields, FieldMetric, listed } from "./field-metric.ts";
import type { Optimum, Undefined } from "./metric.ts";
import { type MetricReduction, rowsOf } from "./reduce.ts";

/** What a sample brings to the loss: the sum over its elements, and what a mean divides it by. */
export interface LossSum {
  readonly sum: number;
  readonly count: number;
  /** Whether this is an equal share of what the loss gave for a batch, which says nothing about the sample alone. */
  readonly shared?: boolean;
}

/** What is kept of a sample for a loss that compares all of them. */
export interface LossPair {
  readonly output: readonly number[];
  readonly target: readonly number[];
}

/**
 * A training loss, over all samples of a data set: what the loss would give if they were one batch. The mean of a
 * weighted loss of class indices is therefore weighted, as in training.
 *
 * A loss of one's own that gives one number whatever its `reduction` has no value per sample: its value over the data set
 * is then made of those of the batches, a mean weighted by their samples. So is that of a loss that compares the samples of a batch;
 * `CoxPHLoss` is given all samples at once, however they came.
 */
export class LossMetric extends FieldMetric<LossSum | LossPair> {
  readonly optimum = "min";
  protected override readonly nanConsequence = "the loss is not defined";
  readonly #loss: LossFunction & { reduction?: string };
  readonly #reduction: MetricReduction;
  /** Whose loss is NaN, though their output is not. */
  readonly #nan = new Set<string>();
  #unreduced = false;

  constructor(fields: ComparedFields, loss: LossFunction, reduction: MetricReduction) {
    super(fields);
    this.#loss = loss;
    this.#reduction = reduction;
  }

  protected override acceptedLabels(): Accepted | null {
    return acceptedTargets(this.#loss, null);
  }

  protected override compare(
    pred: Tensor,
    label: Tensor | null,
    { label: source, isNan }: Compared,
  ): (LossSum | LossPair)[] {
    // half precision is for the network only
    const output = pred.to({ dtype: "float32" });
    if (label === null) throw new ConfigError("LossMetric compares the output to a label: give it a 'labelKey'.");
    const target = prepareTarget(this.#loss, output, label, source);
    if (comparesSamples(this.#loss) === "all") {
      const targets = rowsOf(target);
      return rowsOf(output).map((row, i) => ({ output: row, target: targets[i] ?? [] }));
    }
    const losses = callLossUnreduced(this.#loss, output, target);
    const samples = output.shape[0] ?? 0;
    const sums = losses.shape[0] === samples ? this.#perSample(losses, target) : this.#perBatch(losses.item(), samples);
    source.participants.forEach(({ participantId, sessionId }, i) => {
      if (Number.isNaN(sums[i]?.sum) && isNan[i] !== true) this.#nan.add(`${participantId} ${sessionId}`);
    });
    return sums;
  }

  #perSample(losses: Tensor, target: Tensor): LossSum[] {
    const weights = targetWeights(this.#loss, target);
    const counts = weights === null ? null : rowsOf(weights);
    return rowsOf(losses).map((row, i) => ({
      sum: total(row),
      count: counts === null ? row.length : total(counts[i] ?? []),
    }));
  }

  /** Shares of a batch's value: sums of the shares, and their mean, are those of the batches. */
  #perBatch(value: number, samples: number): LossSum[] {
    this.#unreduced = true;
    const share = this.#reduction === "sum" ? value / samples : value;
    return Array.from({ length: samples }, () => ({ sum: share, count: 1, shared: samples > 1 }));
  }

  protected override aggregateData(data: readonly (LossSum | LossPair)[]): number {
    const pairs = data.filter((one) => "output" in one);
    if (pairs.length > 0) return this.#together(pairs);
    const sums = data.filter((one) => "sum" in one);
    const [first] = sums;
    if (sums.length === 1 && first?.shared === true) return Number.NaN;
    const sum = total(sums.map((one) => one.sum));
    return Math.fround(this.#reduction === "sum" ? sum : sum / total(sums.map(({ count }) => count)));
  }

  /** What the loss is of all of them; NaN of one, which there is nothing to compare with. */
  #together(pairs: readonly LossPair[]): number {
    if (pairs.length === 1) return Number.NaN;
    return torch.tidy(() => {
      using _grad = torch.noGrad();
      const [output, target] = [pairs.map((pair) => [...pair.output]), pairs.map((pair) => [...pair.target])];
      return callLoss(this.#loss, torch.tensor(output), torch.tensor(target)).item();
    });
  }

  override whyUndefined(): Undefined[] {
    const why = super.whyUndefined();
    if (this.#nan.size > 0) {
      why.push({
        cause: "NaN loss",
        message: `${nameOf(this.#loss)} gives NaN for ${listed([...this.#nan])}; ${this.nanConsequence}. Look at what it computes for them`,
      });
    }
    if (this.#unreduced) {
      const mean =
        this.#reduction === "sum" ? "the sum over batches" : "the mean over batches, weighted by their samples";
      why.push(
        comparesSamples(this.#loss) === null
          ? {
              cause: 'reduction "none"',
              message: `${nameOf(this.#loss)} gives one number for a batch although its 'reduction' is "none", so that there is no value per sample, and the value over all is ${mean}. Let it give one value per element when this.reduction is "none"`,
            }
          : {
              cause: "samples of a batch are compared",
              message: `${nameOf(this.#loss)} compares the samples of a batch with each other, so that there is no value per sample, and the value over all is ${mean}. It depends on the batch size of the loader and on which samples come together: compare it only where these are the same`,
            },
      );
    }
    return why;
  }
  override reset(): void {
    super.reset();
    this.#nan.clear();
    this.#unreduced = false;
  }
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/**
 * One of the model's losses (`lossName`, as in `Model.getLossFunctions`), over the whole data set.
 *
 * @example
 * ```ts
 * using batch = batchOf([[2], [-1]], [[1], [0]]);
 * const metric = new LossMetricConfig().getObject(model); // of a model: its loss is what is measured
 * metric.update(batch);
 * console.log(metric.aggregate().toFixed(4)); // → 0.2201
 * ```
 */
export class LossMetricConfig
  extends configClass(
    "LossMetric",
    z.strictObject({
      ...fields,
      /** The name of the loss in the model; default "loss". */
      lossName: z.string().default("loss"),
    }),
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "min";
  }
  getObject(model: HasLossFunctions | null = null): LossMetric {
    if (model === null)
      throw new ConfigError("LossMetricConfig needs the model whose loss it computes: initMetrics(model).");
    const losses = model.getLossFunctions();
    const loss = losses[this.lossName];
    if (loss === undefined) {
      throw new ConfigError(
        `LossMetricConfig: 'lossName' got '${this.lossName}', but the model's losses are ${Object.keys(losses)
          .map((name) => `'${name}'`)
          .join(", ")}.`,
      );
    }
    if (loss.reduction !== "mean" && loss.reduction !== "sum") {
      throw new ConfigError(
        `LossMetricConfig: the loss '${this.lossName}' has no 'reduction' that is "mean" or "sum", so it cannot be computed per sample.`,
      );
    }
    return new LossMetric(compared(this), loss, loss.reduction);
  }
}
