import type { RandomState } from "../utils/random/index.ts";

/** Row numbers of one split. */
export interface FoldIndices {
  readonly train: number[];
  readonly test: number[];
}

/**
 * `sklearn.model_selection.KFold(nSplits, shuffle=True, random_state=random)` over n rows: the same folds. Called again with the same
 * `random`, it gives the next repeat of `RepeatedKFold`.
 */
export function kFold(n: number, nSplits: number, random: RandomState): FoldIndices[] {
  const order = random.permutation(n);
  const foldOf = new Array<number>(n);
  let start = 0;
  for (let fold = 0; fold < nSplits; fold++) {
    const size = Math.floor(n / nSplits) + (fold < n % nSplits ? 1 : 0);
    for (const row of order.slice(start, start + size)) foldOf[row] = fold;
    start += size;
  }
  return foldsOf(foldOf, nSplits);
}

/**
 * `sklearn.model_selection.StratifiedKFold(nSplits, shuffle=True, random_state=random)`: the same folds. Each class is spread
 * as evenly as its number of rows allows.
 */
export function stratifiedKFold(labels: readonly unknown[], nSplits: number, random: RandomState): FoldIndices[] {
  const classes = new Map<unknown, number>();
  for (const label of labels) if (!classes.has(label)) classes.set(label, classes.size);
  const encoded = labels.map((label) => classes.get(label) as number);
  const sorted = encoded.toSorted((a, b) => a - b);
  const foldOf = new Array<number>(labels.length);
  for (let k = 0; k < classes.size; k++) {
    const folds: number[] = [];
    for (let fold = 0; fold < nSplits; fold++) {
      for (let i = fold; i < sorted.length; i += nSplits) if (sorted[i] === k) folds.push(fold);
    }
    random.shuffle(folds);
    let next = 0;
    encoded.forEach((c, row) => {
      if (c === k) foldOf[row] = folds[next++] as number;
    });
  }
  return foldsOf(foldOf, nSplits);
}

/** `sklearn.model_selection.ShuffleSplit(test_size=nTest, random_state=random)`: endless, the same splits in the same order. */
export function* shuffleSplit(n: number, nTest: number, random: RandomState): Generator<FoldIndices> {
  for (;;) {
    const order = random.permutation(n);
    yield { test: order.slice(0, nTest), train: order.slice(nTest) };
  }
}

/** The folds, of the fold in which each row is tested. */
export function foldsOf(foldOf: readonly number[], nSplits: number): FoldIndices[] {
  const folds = Array.from({ length: nSplits }, (): FoldIndices => ({ train: [], test: [] }));
  foldOf.forEach((fold, row) => {
    folds.forEach((indices, f) => {
      (f === fold ? indices.test : indices.train).push(row);
    });
  });
  return folds;
}
