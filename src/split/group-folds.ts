/** Folds that keep groups (families, sites) together. */
import type { RandomState } from "../utils/random/index.ts";
import { mean } from "../utils/stats/index.ts";
import { type FoldIndices, foldsOf } from "./folds.ts";
import { before } from "./sort-sessions.ts";

/**
 * `sklearn.model_selection.StratifiedGroupKFold(nSplits, shuffle=True, random_state=random)`: the same folds. Groups are dealt out one by
 * one, those with the most uneven classes first, each to the fold in which the classes are then spread most evenly. With one label for
 * all rows, that is the fold with the fewest rows.
 *
 * @param labels the class of each row. @param groups the group of each row, whose rows stay together.
 */
export function stratifiedGroupKFold(
  labels: readonly unknown[],
  groups: readonly unknown[],
  nSplits: number,
  random: RandomState,
): FoldIndices[] {
  const classes = ranks(labels);
  const members = ranks(groups);
  const nClasses = Math.max(...classes) + 1;
  const nGroups = Math.max(...members) + 1;
  const rowsOfClass = new Array<number>(nClasses).fill(0);
  const countsOfGroup = Array.from({ length: nGroups }, () => new Array<number>(nClasses).fill(0));
  members.forEach((group, row) => {
    const k = classes[row] as number;
    rowsOfClass[k] = (rowsOfClass[k] as number) + 1;
    const counts = countsOfGroup[group] as number[];
    counts[k] = (counts[k] as number) + 1;
  });

  const shuffled = Array.from({ length: nGroups }, (_, i) => i);
  random.shuffle(shuffled);
  const spread = countsOfGroup.map(standardDeviation);
  const order = shuffled.toSorted((a, b) => (spread[b] as number) - (spread[a] as number));

  const countsOfFold = Array.from({ length: nSplits }, () => new Array<number>(nClasses).fill(0));
  const foldOfGroup = new Array<number>(nGroups);
  for (const group of order) {
    const counts = countsOfGroup[group] as number[];
    const fold = bestFold(countsOfFold, counts, rowsOfClass);
    countsOfFold[fold] = sum(countsOfFold[fold] as number[], counts);
    foldOfGroup[group] = fold;
  }
  return foldsOf(
    members.map((group) => foldOfGroup[group] as number),
    nSplits,
  );
}

/** `sklearn.model_selection.LeaveOneGroupOut`: each group is tested once, in the order of their names (numbers by value). */
export function leaveOneGroupOut(groups: readonly unknown[]): FoldIndices[] {
  const members = ranks(groups);
  return foldsOf(members, Math.max(...members) + 1);
}

/**
 * Random splits, endless, that keep groups together: groups in random order come into the test set as long as they fit into `nTest` rows. It
 * has fewer rows where no group fits exactly.
 *
 * @param nTest at least the rows of the smallest group.
 */
export function* groupShuffleSplit(
  groups: readonly unknown[],
  nTest: number,
  random: RandomState,
): Generator<FoldIndices> {
  const members = ranks(groups);
  const sizes = new Array<number>(Math.max(...members) + 1).fill(0);
  for (const group of members) sizes[group] = (sizes[group] as number) + 1;
  for (;;) {
    const tested = new Set<number>();
    let left = nTest;
    for (const group of random.permutation(sizes.length)) {
      const size = sizes[group] as number;
      if (size > left) continue;
      tested.add(group);
      left -= size;
    }
    const [train, test]: [number[], number[]] = [[], []];
    members.forEach((group, row) => {
      (tested.has(group) ? test : train).push(row);
    });
    yield { train, test };
  }
}

/** The fold in which, with these rows added, the classes are most evenly spread; of nearly equal ones the one with fewer rows so far. */
function bestFold(
  countsOfFold: readonly (readonly number[])[],
  added: readonly number[],
  rowsOfClass: readonly number[],
): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  let fewest = Number.POSITIVE_INFINITY;
  countsOfFold.forEach((already, fold) => {
    const counts = countsOfFold.map((own, i) => (i === fold ? sum(own, added) : own));
    const unevenness = mean(
      rowsOfClass.map((all, k) => standardDeviation(counts.map((own) => (own[k] as number) / all))),
    );
    const rows = already.reduce((total, n) => total + n, 0);
    if (unevenness < least || (isClose(unevenness, least) && rows < fewest)) {
      [best, least, fewest] = [fold, unevenness, rows];
    }
  });
  return best;
}

/** `numpy.isclose`, of a finite number and any other. */
function isClose(a: number, b: number): boolean {
  return Number.isFinite(b) && Math.abs(a - b) <= 1e-8 + 1e-5 * Math.abs(b);
}

/** With n, and in NumPy's order of operations: what is best may hang on the last bit. */
function standardDeviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) * (value - middle))));
}

function sum(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + (b[i] as number));
}

/** The number of each value among the different values in order, as `numpy.unique` has it: numbers by value, text by code points. */
function ranks(values: readonly unknown[]): number[] {
  const numbers = values.every((value) => typeof value === "number" || typeof value === "boolean");
  const unique = [...new Set(values)].sort((a, b) => {
    if (numbers) return Number(a) - Number(b);
    return before(String(a), String(b)) ? -1 : 1;
  });
  const rank = new Map(unique.map((value, i) => [value, i]));
  return values.map((value) => rank.get(value) as number);
}
