/** What metrics of decided segmentations share. */
import { z } from "zod";
import { scope, type Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import {
  binaryLabels,
  type Compared,
  type ComparedFields,
  classIndices,
  FieldMetric,
  requireBinaryOutput,
  requireLabels,
} from "./field-metric.ts";
import type { Optimum } from "./metric.ts";
import { type MetricReduction, reduceIgnoringNan } from "./reduce.ts";

/** How many classes there are; the original has it for the Dice score only. */
export const numClasses = z.int().positive().nullable().default(null);

/** What every metric of a segmentation is. */
export interface SegmentationOptions {
  /** How messages name it. */
  readonly name: string;
  readonly optimum: Optimum;
  /** Whether class 0 counts, too. A single class always does. */
  readonly includeBackground: boolean;
  /** Null: as many as the output has channels. */
  readonly numClasses: number | null;
  /** How the values of classes, and then of samples, are merged. */
  readonly reduction: MetricReduction;
}

/** Those options, of a config. */
export function segmentationOf(
  config: Omit<SegmentationOptions, "name" | "optimum"> & { readonly name_: string; optimum(): Optimum },
): SegmentationOptions {
  const { includeBackground, numClasses, reduction } = config;
  return { name: config.name_, optimum: config.optimum(), includeBackground, numClasses, reduction };
}

/** Where a class is, in all samples of a batch. */
export interface ClassMasks {
  /** The number of the class. */
  readonly index: number;
  /** (N, …), true where the output says that it is of this class. */
  readonly pred: Tensor;
  /** The same of the label. */
  readonly label: Tensor;
}

/**
 * A metric that has one value per class and sample. Output and label are (N, C, …) with 0 and 1 per class, or (N, 1, …) with
 * the index of the class. It keeps these values, NaN where there is none.
 */
export abstract class SegmentationMetric extends FieldMetric<readonly number[]> {
  readonly optimum: Optimum;
  readonly #options: SegmentationOptions;

  constructor(fields: ComparedFields, options: SegmentationOptions) {
    super(fields);
    this.optimum = options.optimum;
    this.#options = options;
  }

  /** The values of each sample, of one or more classes. The masks of a class are there until those of the next are asked for. */
  protected abstract valuesOf(classes: Iterable<ClassMasks>, compared: Compared): readonly (readonly number[])[];

  /** Says no to a number of classes. Class 0 is not among them, where it does not count. */
  protected checkClasses(_count: number): void {}

  protected override get shownName(): string {
    return this.#options.name;
  }
  protected override compare(pred: Tensor, label: Tensor | null, source: Compared): (readonly number[])[] {
    const { name, includeBackground } = this.#options;
    if (label === null) throw new ConfigError(`${name} compares the output to a label: give it a 'labelKey'.`);
    const classes = this.#options.numClasses ?? pred.shape[1] ?? 1;
    for (const [what, tensor] of [["output", pred] as const, ["label", label] as const]) {
      const channels = tensor.shape[1] ?? 1;
      const samePlace = tensor.shape.slice(2).join() === pred.shape.slice(2).join();
      if ((channels === 1 || channels === classes) && samePlace && tensor.ndim === pred.ndim) continue;
      throw new ConfigError(
        `${name}: the ${what} has shape [${tensor.shape.join(", ")}], with an output of [${pred.shape.join(", ")}] and ${classes} class(es). Both have one channel per class, or one channel with the index of the class.`,
      );
    }
    const remedy = "Check 'numClasses' and the values of the masks.";
    const indices = (tensor: Tensor) => classes > 1 && tensor.shape[1] === 1;
    if (indices(pred)) requireLabels(classIndices(name, "outputs", classes, remedy), pred, source.pred);
    else requireBinaryOutput(name, pred, source.pred);
    requireLabels(
      indices(label) ? classIndices(name, "labels", classes, remedy) : binaryLabels(name),
      label,
      source.label,
    );
    const first = includeBackground || classes === 1 ? 0 : 1;
    this.checkClasses(classes - first);
    const values = this.valuesOf(masksOf(pred, label, first, classes), source);
    return values.map((sample, i) => (source.isNan[i] === true ? sample.map(() => Number.NaN) : sample));
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

function* masksOf(pred: Tensor, label: Tensor, first: number, classes: number): Generator<ClassMasks> {
  for (let index = first; index < classes; index++) {
    // what is made of the masks of one class goes with them
    using _scope = scope();
    const of = (tensor: Tensor): Tensor => {
      if (tensor.shape[1] !== 1) return tensor.select(1, index).ne(0);
      // one channel without classes holds 0 and 1
      return tensor.select(1, 0).eq(classes === 1 ? 1 : index);
    };
    yield { index, pred: of(pred), label: of(label) };
  }
}
