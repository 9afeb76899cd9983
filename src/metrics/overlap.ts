import { z } from "zod";
import { fields, getNotNans, reduction } from "./config.ts";
import type { ComparedFields } from "./field-metric.ts";
import type { Undefined } from "./metric.ts";
import { rowsOf } from "./reduce.ts";
import { type ClassMasks, numClasses, SegmentationMetric, type SegmentationOptions } from "./segmentation.ts";

/** The options of metrics of what two masks have in common. */
export const overlapShape = {
  /** Always false: the count of values that are not NaN is not available. */
  getNotNans,
  ...fields,

  /** Whether class 0 counts, too; default true. */
  includeBackground: z.boolean().default(true),

  /** How the values of classes, and then of samples, are merged: "mean" (default) or "sum". */
  reduction,

  /** Whether a class that is nowhere in the label is left out; default true. Otherwise it counts 1 if it is nowhere in the output either, else 0. */
  ignoreEmpty: z.boolean().default(true),

  /** How many classes there are; default null: as many as the output has channels. Needed where both are indices of classes. */
  numClasses,
};

/** How many voxels of a sample belong to a class. */
export interface Overlap {
  readonly inBoth: number;
  readonly inPred: number;
  readonly inLabel: number;
}

/** A metric that is a formula of how many voxels output and label have in common. */
export class OverlapMetric extends SegmentationMetric {
  readonly #formula: (classes: readonly Overlap[]) => readonly number[];

  /** @param formula the values of a sample, from the voxels of each class. */
  constructor(
    fields: ComparedFields,
    options: SegmentationOptions,
    formula: (classes: readonly Overlap[]) => readonly number[],
  ) {
    super(fields, options);
    this.#formula = formula;
  }

  protected override valuesOf(classes: Iterable<ClassMasks>): readonly (readonly number[])[] {
    const samples: Overlap[][] = [];
    for (const { pred, label } of classes) {
      const [inBoth, inPred, inLabel] = [pred.logicalAnd(label), pred, label].map((voxels) =>
        rowsOf(voxels.flatten(1).sum([1])).flat(),
      );
      inLabel?.forEach((count, i) => {
        samples[i] ??= [];
        samples[i].push({ inBoth: inBoth?.[i] ?? 0, inPred: inPred?.[i] ?? 0, inLabel: count });
      });
    }
    return samples.map(this.#formula);
  }

  override whyUndefined(): Undefined[] {
    const why = super.whyUndefined();
    if (why.length === 0 && Number.isNaN(this.aggregate())) {
      why.push({ cause: "label is empty", message: "no class that counts is in the label of any sample" });
    }
    return why;
  }
}
