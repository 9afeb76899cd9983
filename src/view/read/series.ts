import type { Row } from "../../io/tsv/index.ts";
import { type Num, numOf } from "./numbers.ts";

/** A curve: as many x as y. */
export interface Series {
  readonly name: string;
  /** Ascending. In epochs: 0.5 is the middle of the first one, 1 its end. */
  readonly x: readonly number[];
  /** null where the value is not finite, or missing. */
  readonly y: readonly Num[];
}

/** What one moment of a training says: where it is, and values by name. */
export interface Moment {
  readonly x: number;
  readonly values: Readonly<Record<string, Num>>;
}

/** A curve for each name; a moment without a value for it has null. */
export function seriesOf(moments: readonly Moment[]): Series[] {
  const names = [...new Set(moments.flatMap(({ values }) => Object.keys(values)))];
  const x = moments.map((moment) => moment.x);
  return names.map((name) => ({ name, x, y: moments.map(({ values }) => values[name] ?? null) }));
}

/**
 * The rows of a table of batches as moments. ClinicaDL's `training_loss.tsv` says neither epoch nor batch: then rows are spread evenly over
 * the epochs.
 * @param size `batches` of an epoch, `epochs` in all, where they are known.
 * @param rename what a column is called.
 */
export function batchMoments(
  rows: readonly Row[],
  { batches, epochs }: { readonly batches: number | null; readonly epochs: number | null },
  rename: (column: string) => string = (column) => column,
): Moment[] {
  const most = rows.reduce((most, row) => Math.max(most, numOf(row.batch) ?? 0), 0);
  const perEpoch = Math.max(batches ?? 0, most) || rows.length / (epochs ?? 1) || 1;
  return rows.map((row, i) => {
    const { epoch, batch, ...values } = row;
    const [e, b] = [numOf(epoch), numOf(batch)];
    return {
      x: e === null || b === null ? (i + 1) / perEpoch : e - 1 + b / perEpoch,
      values: Object.fromEntries(Object.entries(values).map(([column, cell]) => [rename(column), numOf(cell)])),
    };
  });
}

/** The rows of a table of epochs as moments. */
export function epochMoments(rows: readonly Row[]): Moment[] {
  return rows.flatMap(({ epoch, ...values }) => {
    const x = numOf(epoch);
    const entries = Object.entries(values).map(([column, cell]) => [column, numOf(cell)] as const);
    return x === null ? [] : [{ x, values: Object.fromEntries(entries) }];
  });
}
