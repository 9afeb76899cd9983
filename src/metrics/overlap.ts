import type { ComparedFields } from "./field-metric.ts";
import { rowsOf } from "./reduce.ts";
import { type ClassMasks, SegmentationMetric, type SegmentationOptions } from "./segmentation.ts";

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
}
