import { z } from "zod";
import type { Accepted } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { compared, fields, getNotNans, type MetricConfig, reduction } from "./config.ts";
import {
  binaryLabels,
  type Compared,
  type ComparedFields,
  FieldMetric,
  requireBinaryOutput,
  requireLabels,
} from "./field-metric.ts";
import type { Optimum } from "./metric.ts";
import { type MetricReduction, reduceIgnoringNan, rowsOf } from "./reduce.ts";

interface DiceOptions {
  readonly includeBackground: boolean;
  readonly ignoreEmpty: boolean;
  readonly numClasses: number | null;
  readonly reduction: MetricReduction;
}

/**
 * The Dice score 2·|A∩B| / (|A| + |B|) of a decided segmentation, one value per class and sample: between 0 and 1. As MONAI's
 * `DiceMetric`. Output and label are (N, C, …) with 0 and 1 per class, or (N, 1, …) with the index of the class.
 *
 * Options: `includeBackground` (true: class 0 counts, too), `ignoreEmpty` (true: a class that is nowhere in the label is left
 * out; false: it counts 1 if it is nowhere in the output either, otherwise 0), `numClasses` (as many as the output has channels;
 * needed when both are indices of more than two classes), `reduction` ("mean" or "sum", over classes and then over samples).
 *
 * ```ts
 * const postprocessing = [new AsDiscreteConfig({ include: ["output"], threshold: 0.5 })];
 * new Trainer({ maps, model, metrics: { dice: new DiceMetricConfig({ postprocessing }) } });
 * ```
 *
 * @throws ConfigError, DataFrameError naming participants and values that are neither 0 nor 1, nor the index of a class.
 */
export class DiceMetricConfig
  extends configClass(
    "DiceMetric",
    z.strictObject({
      /** Always false: the count of values that are not NaN is not available. */
      getNotNans,
      ...fields,

      /** Whether class 0 counts, too; default true. */
      includeBackground: z.boolean().default(true),

      /** How the values of classes, and then of samples, are merged: "mean" (default) or "sum". */
      reduction,

      /** Whether a class that is nowhere in the label is left out; default true. */
      ignoreEmpty: z.boolean().default(true),

      /** How many classes there are; default null: as many as the output has channels. */
      numClasses: z.int().positive().nullable().default(null),

      /** Always false: one value per class is not available. */
      returnWithLabel: z
        .literal(false, "One value per class is not available: leave 'returnWithLabel' to false")
        .default(false),
    }),
  )
  implements MetricConfig
{
  optimum(): Optimum {
    return "max";
  }
  getObject(): DiceMetric {
    return new DiceMetric(compared(this), this);
  }
}

/** What {@link DiceMetricConfig} builds. It keeps the score of each class, NaN where there is none. */
export class DiceMetric extends FieldMetric<readonly number[]> {
  readonly optimum = "max";
  readonly #options: DiceOptions;

  constructor(fields: ComparedFields, options: DiceOptions) {
    super(fields);
    this.#options = options;
  }

  protected override compare(pred: Tensor, label: Tensor | null, source: Compared): (readonly number[])[] {
    if (label === null) throw new ConfigError("DiceMetric compares the output to a label: give it a 'labelKey'.");
    const { includeBackground, numClasses } = this.#options;
    const classes = numClasses ?? pred.shape[1] ?? 1;
    for (const [what, tensor] of [["output", pred] as const, ["label", label] as const]) {
      const channels = tensor.shape[1] ?? 1;
      const samePlace = tensor.shape.slice(2).join() === pred.shape.slice(2).join();
      if ((channels === 1 || channels === classes) && samePlace && tensor.ndim === pred.ndim) continue;
      throw new ConfigError(
        `DiceMetric: the ${what} has shape [${tensor.shape.join(", ")}], with an output of [${pred.shape.join(", ")}] and ${classes} class(es). Both have one channel per class, or one channel with the index of the class.`,
      );
    }
    const indices = (tensor: Tensor) => classes > 1 && tensor.shape[1] === 1;
    if (indices(pred)) requireLabels(classIndices("outputs", classes), pred, source.pred);
    else requireBinaryOutput("DiceMetric", pred, source.pred);
    requireLabels(indices(label) ? classIndices("labels", classes) : binaryLabels("DiceMetric"), label, source.label);

    const first = includeBackground || classes === 1 ? 0 : 1;
    const scores: number[][] = source.isNan.map(() => []);
    for (let c = first; c < classes; c++) {
      // one channel without classes holds 0 and 1
      const of = (tensor: Tensor) =>
        tensor.shape[1] === 1 ? tensor.eq(classes === 1 ? 1 : c).flatten(1) : tensor.narrow(1, c, 1).ne(0).flatten(1);
      const [a, b] = [of(pred), of(label)];
      const [inBoth, inPred, inLabel] = [a.logicalAnd(b), a, b].map((voxels) => rowsOf(voxels.sum([1])).flat());
      scores.forEach((sample, i) => {
        sample.push(source.isNan[i] ? Number.NaN : this.#score(inBoth?.[i] ?? 0, inPred?.[i] ?? 0, inLabel?.[i] ?? 0));
      });
    }
    return scores;
  }

  #score(inBoth: number, inPred: number, inLabel: number): number {
    if (inLabel > 0) return (2 * inBoth) / (inLabel + inPred);
    if (this.#options.ignoreEmpty) return Number.NaN;
    return inPred === 0 ? 1 : 0;
  }

  protected override aggregateData(data: readonly (readonly number[])[]): number {
    const { reduction } = this.#options;
    return Math.fround(
      reduceIgnoringNan(
        data.map((sample) => reduceIgnoringNan(sample, reduction)),
        reduction,
      ),
    );
  }
}

function classIndices(what: string, classes: number): Accepted {
  return {
    by: "DiceMetric",
    expected: `${what} that are indices of ${classes} classes: 0 to ${classes - 1}`,
    remedy: "Check 'numClasses' and the values of the masks.",
    integer: true,
    min: 0,
    max: classes - 1,
    ignored: null,
    nan: true,
  };
}
