/** How alike the sets of a split are. */
import type { Row } from "../io/tsv/index.ts";
import { chiSquaredTest, mean, variance } from "../utils/stats/index.ts";

/** The values of a column, without those that are missing. */
export function numbers(rows: readonly Row[], column: string): number[] {
  return rows
    .map((row) => row[column] ?? null)
    .filter((value) => value !== null)
    .map(Number);
}

/** Whether the categories of two sets are alike: the p-value of the chi-squared test. */
export function categoricalP(test: readonly Row[], train: readonly Row[], column: string): number {
  const categories = new Map<unknown, [number, number]>();
  [test, train].forEach((rows, side) => {
    for (const row of rows) {
      const value = row[column] ?? null;
      if (value === null) continue;
      const counts = categories.get(value) ?? [0, 0];
      if (side === 0) counts[0]++;
      else counts[1]++;
      categories.set(value, counts);
    }
  });
  const counts = [...categories.values()];
  return chiSquaredTest(
    counts.map(([n]) => n),
    counts.map(([, n]) => n),
  );
}

/** `split_continuous_stats.tsv`. */
export function continuousStats(
  columns: readonly string[],
  train: readonly Row[],
  test: readonly Row[],
  subset: string,
): Row[] {
  const rows = (statistic: string, of: (values: readonly number[]) => number): Row[] =>
    columns.map((label) => ({
      label,
      statistic,
      train: of(numbers(train, label)),
      [subset]: of(numbers(test, label)),
    }));
  return [...rows("mean", mean), ...rows("std", (values) => Math.sqrt(variance(values)))];
}

/** `split_categorical_stats.tsv`. */
export function categoricalStats(
  columns: readonly string[],
  train: readonly Row[],
  test: readonly Row[],
  subset: string,
): Row[] {
  return columns.flatMap((label) => {
    const values = new Set([...train, ...test].map((row) => row[label] ?? null).filter((value) => value !== null));
    return [...values].flatMap((value): Row[] => {
      const count = (rows: readonly Row[]): number => rows.filter((row) => row[label] === value).length;
      const [inTrain, inTest] = [count(train), count(test)];
      return [
        { label, value, statistic: "proportion", train: inTrain / train.length, [subset]: inTest / test.length },
        { label, value, statistic: "count", train: inTrain, [subset]: inTest },
      ];
    });
  });
}
