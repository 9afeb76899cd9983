import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Maps, type SplitDir } from "../../io/maps/index.ts";
import { entriesOf } from "../../io/maps/scan.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { readEvents } from "../../run/journal/read.ts";
import type { LaterEvent, RunEvent } from "../../run/journal/schema.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { numOf } from "./numbers.ts";
import { type Part, partOf, valueOr } from "./part.ts";
import { batchMoments, epochMoments, type Moment, type Series, seriesOf } from "./series.ts";
import { readStatus } from "./status.ts";

/** The curves of a training of one split. A part that is not there has its reason. */
export interface Curves {
  readonly split: number;
  /** Of each batch, by name. */
  readonly losses: Part<readonly Series[]>;
  /** The means of the losses over each epoch, by name. */
  readonly epochLosses: Part<readonly Series[]>;
  /** Of the validations: each metric. */
  readonly metrics: Part<readonly Series[]>;
  /** `<optimizer>`; `<optimizer> <group>` where an optimizer has several groups of parameters. */
  readonly learningRates: Part<readonly Series[]>;
  /** One curve, `gradient_norm`, of the steps of optimization. */
  readonly gradientNorms: Part<readonly Series[]>;
}

type Events = readonly (RunEvent | LaterEvent)[];

/**
 * The curves of the training of a split: from the tables in `logs` and `validation_metrics`, and from the training's events what is not in
 * these yet.
 *
 * ```ts
 * const { losses } = readCurves("maps", 0);
 * if (losses.found) for (const { name, x, y } of losses.value) console.log(name, x.length, y.at(-1));
 * ```
 *
 * @param path of the MAPS.
 */
export function readCurves(path: string, split: number): Curves {
  const dir = new Maps(path).training.split(split);
  const events = valueOr(
    partOf(() => readEvents(dir.eventsJsonl)),
    [],
  );
  const { batches, epoch } = readStatus(path, split);
  const size = { batches, epochs: epoch };
  const losses = withLater(
    partOf(() => batchMoments(readTsv(dir.trainingLossTsv), size)),
    events.flatMap((event) => (event.kind === "batch" ? momentOf(event, batches, event.losses) : [])),
  );
  return {
    split,
    losses: curvesOf(losses),
    epochLosses: curvesOf(epochLosses(events, losses)),
    metrics: curvesOf(
      withLater(
        metricsOf(dir),
        events.flatMap((event) => (event.kind === "metrics" ? { x: event.epoch, values: finite(event.values) } : [])),
      ),
    ),
    learningRates: learningRates(dir, events, size),
    gradientNorms: curvesOf(partOf(() => batchMoments(readTsv(dir.gradientNormTsv), size))),
  };
}

function momentOf(
  { epoch, batch }: { readonly epoch: number; readonly batch: number },
  batches: number | null,
  values: Readonly<Record<string, number>>,
): Moment {
  return { x: epoch - 1 + batch / (batches ?? batch), values: finite(values) };
}

function finite(values: Readonly<Record<string, number>>): Moment["values"] {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, numOf(value)]));
}

/** What a table has, then what came after it; the later alone where there is no table yet. */
function withLater(table: Part<readonly Moment[]>, later: readonly Moment[]): Part<readonly Moment[]> {
  if (!table.found) return later.length === 0 ? table : { found: true, value: later };
  const last = table.value.at(-1)?.x ?? Number.NEGATIVE_INFINITY;
  return { found: true, value: [...table.value, ...later.filter(({ x }) => x > last)] };
}

function curvesOf(moments: Part<readonly Moment[]>): Part<readonly Series[]> {
  return moments.found ? { found: true, value: seriesOf(moments.value) } : moments;
}

/** What the training said of its epochs; else the means of the batches. */
function epochLosses(events: Events, losses: Part<readonly Moment[]>): Part<readonly Moment[]> {
  const told = events.flatMap((event) =>
    event.kind === "epoch" ? { x: event.epoch, values: finite(event.losses) } : [],
  );
  if (told.length > 0) return { found: true, value: told };
  if (!losses.found) return losses;
  // a rounding of the quotient must not begin an epoch early
  const epochs = Map.groupBy(losses.value, ({ x }) => Math.ceil(x - 1e-9));
  const means = [...epochs].map(([epoch, moments]): Moment => {
    const names = Object.keys(moments[0]?.values ?? {});
    return { x: epoch, values: Object.fromEntries(names.map((name) => [name, meanOf(moments, name)])) };
  });
  return { found: true, value: means };
}

/** null where one of the values is: the mean is not finite either. */
function meanOf(moments: readonly Moment[], name: string): number | null {
  let sum = 0;
  for (const { values } of moments) {
    const value = values[name] ?? null;
    if (value === null) return null;
    sum += value;
  }
  return sum / moments.length;
}

/** Of all evaluated epochs: while a training goes on, those that its last checkpoint has. */
function metricsOf({ validationMetrics, tmp, path }: SplitDir): Part<readonly Moment[]> {
  return partOf(() => {
    const last = tmp.list.at(-1);
    const tables = [validationMetrics, ...(last === undefined ? [] : [last.validationMetrics])];
    const table = tables.find(({ aggregatedTsv }) => existsSync(aggregatedTsv));
    if (table === undefined) throw new ClinicaDLException(`There are no metrics of validations in ${path} yet.`);
    return epochMoments(readTsv(table.aggregatedTsv));
  });
}

/** From the tables, which are written at the end; from the events where these have come further. */
function learningRates(
  dir: SplitDir,
  events: Events,
  size: { readonly batches: number | null; readonly epochs: number | null },
): Part<readonly Series[]> {
  const told = events.flatMap((event) => {
    if (event.kind !== "batch") return [];
    const rates = Object.entries(event.rates).flatMap(([optimizer, values]) =>
      values.map((value, i) => [values.length === 1 ? optimizer : `${optimizer} ${i}`, value] as const),
    );
    return momentOf(event, size.batches, Object.fromEntries(rates));
  });
  const tables = partOf(() => {
    const folder = dirname(dir.learningRatesTsv("any"));
    const found = entriesOf(folder).filter((entry) => entry.isFile() && /^[^.].*\.tsv$/s.test(entry.name));
    if (found.length === 0) throw new ClinicaDLException(`There are no learning rates in ${folder}.`);
    return found.flatMap(({ name }) => {
      const optimizer = basename(name, ".tsv");
      const rename = (column: string): string => (column === "lr" ? optimizer : `${optimizer} ${column}`);
      return seriesOf(batchMoments(readTsv(join(folder, name)), size, rename));
    });
  });
  const end = valueOr(tables, []).reduce((end, { x }) => Math.max(end, x.at(-1) ?? 0), 0);
  return (told.at(-1)?.x ?? 0) > end ? { found: true, value: seriesOf(told) } : tables;
}
