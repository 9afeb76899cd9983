import { join } from "node:path";
import { readDesign, type SplitDesign } from "./design.ts";
import { innerFolder } from "./make-nested-kfold.ts";
import { SplitDirError } from "./split-dir.ts";
import { KFold } from "./splitters.ts";

/**
 * The folds within folds that `makeNestedKFold` wrote.
 * @example
 * ```ts
 * const nested = new NestedKFold(makeNestedKFold("bids/metadata.tsv", { nSplits: 3, nInnerSplits: 2, outputDir: "nested", seed: 42 }));
 * for (const { index, trainDataset, valDataset } of nested.outer.getSplits(dataset)) {
 *   // a model and its settings are chosen on these; who is in valDataset has no say
 *   const inner = [...nested.inner(index).getSplits(trainDataset)];
 *   if (index === 0) console.log(inner.length, trainDataset.length + valDataset.length); // → 2 16
 * }
 * ```
 */
export class NestedKFold {
  readonly splitDir: string;
  readonly outer: KFold;
  readonly design: SplitDesign;
  readonly #inner: readonly KFold[];

  /** @throws SplitDirError when the folder or one of its files is missing, or cannot be used. */
  constructor(splitDir: string) {
    this.splitDir = splitDir;
    this.outer = new KFold(splitDir);
    const design = readDesign(splitDir);
    const nInnerSplits = design?.nInnerSplits ?? null;
    if (design === null || nInnerSplits === null) {
      throw new SplitDirError(
        `${splitDir} holds folds, but no folds within them. Make it with makeNestedKFold, or open it with KFold.`,
      );
    }
    this.design = design;
    this.#inner = Array.from(
      { length: this.outer.length },
      (_, i) => new KFold(join(splitDir, `split-${i}`, innerFolder(nInnerSplits))),
    );
  }

  /** How many outer folds there are. */
  get length(): number {
    return this.outer.length;
  }

  /** The inner folds of outer fold `index`, which cut its training set. @throws RangeError when there is no such fold. */
  inner(index: number): KFold {
    const folds = this.#inner[index];
    if (folds !== undefined) return folds;
    throw new RangeError(
      `NestedKFold.inner: there is no split ${index}. ${this.splitDir} has splits 0 to ${this.length - 1}.`,
    );
  }
}
