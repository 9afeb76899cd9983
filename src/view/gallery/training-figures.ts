import { existsSync } from "node:fs";
import { Maps } from "../../io/maps/index.ts";
import { metricsDirOf } from "../../train/summarize.ts";
import { warnOnce } from "../../utils/warnings.ts";
import { foldsFigure, type LineSeries, lineChart } from "../figures/index.ts";
import { type Curves, readCurves, readFolds, type Series, valueOr } from "../read/index.ts";
import { fileName, type GalleryFigure } from "./gallery-figure.ts";

/** Curves of batches go up and down: shown with this much of the past in them. */
const SMOOTHING = 0.9;

/** What a training was like: its losses, metrics, learning rates and gradients, folds over one another; and the metrics of the folds' models. */
export function trainingFigures(
  path: string,
  splits: readonly number[],
  { checkpoint, metrics }: { readonly checkpoint: string; readonly metrics: readonly string[] | null },
): GalleryFigure[] {
  const curves = splits.map((split) => readCurves(path, split));
  const losses = namesOf(curves, "epochLosses");
  const others = namesOf(curves, "metrics").filter((name) => !losses.includes(name));
  const isWanted = (name: string) => metrics === null || metrics.includes(name);
  return [
    ...losses.filter(isWanted).map((name) => lossFigure(name, curves)),
    ...losses
      .filter(isWanted)
      .flatMap((name) =>
        batchFigure(
          `batch-${fileName(name)}`,
          `${name === "loss" ? "Loss" : name} of each batch`,
          name,
          curves,
          "losses",
        ),
      ),
    ...others.filter(isWanted).map((name) => metricFigure(name, curves)),
    ...(metrics === null
      ? [
          ...rateFigure(curves),
          ...batchFigure("gradient_norm", "Norm of the gradient", "gradient_norm", curves, "gradientNorms"),
        ]
      : []),
    ...foldFigures(path, { checkpoint, group: null }, splits, isWanted),
  ];
}

type Kind = Exclude<keyof Curves, "split">;

function namesOf(curves: readonly Curves[], kind: Kind): string[] {
  return [...new Set(curves.flatMap((one) => valueOr(one[kind], []).map(({ name }) => name)))];
}

/** The curves of one name, of each split. */
function curvesOf(
  curves: readonly Curves[],
  kind: Kind,
  name: string,
): (Series & { readonly split: number; readonly place: number })[] {
  return curves.flatMap((one, place) =>
    valueOr(one[kind], [])
      .filter((series) => series.name === name)
      .map((series) => ({ ...series, split: one.split, place })),
  );
}

function lossFigure(name: string, curves: readonly Curves[]): GalleryFigure {
  const of = (kind: Kind, what: string, stroke: "solid" | "dashed"): LineSeries[] =>
    curvesOf(curves, kind, name).map(({ split, place, x, y }) => ({
      name: `split ${split}, ${what}`,
      x,
      y,
      look: place,
      stroke,
    }));
  const series = [...of("epochLosses", "training", "solid"), ...of("metrics", "validation", "dashed")];
  return {
    name: fileName(name),
    metric: name,
    part: "training",
    draw: (options) => lineChart({ title: name === "loss" ? "Loss" : `Loss ${name}`, yLabel: name, series }, options),
  };
}

function metricFigure(name: string, curves: readonly Curves[]): GalleryFigure {
  const series = curvesOf(curves, "metrics", name).map(({ split, place, x, y }) => ({
    name: `split ${split}`,
    x,
    y,
    look: place,
  }));
  return {
    name: `metric-${fileName(name)}`,
    metric: name,
    part: "training",
    draw: (options) => lineChart({ title: `Validation ${name}`, yLabel: name, series }, options),
  };
}

function batchFigure(
  file: string,
  title: string,
  name: string,
  curves: readonly Curves[],
  kind: Kind,
): GalleryFigure[] {
  const series = curvesOf(curves, kind, name).map(({ split, place, x, y }) => ({
    name: `split ${split}`,
    x,
    y,
    look: place,
  }));
  if (series.length === 0) return [];
  const draw: GalleryFigure["draw"] = (options) =>
    lineChart({ title, yLabel: name, series, smoothing: SMOOTHING }, options);
  return [{ name: file, part: "training", draw }];
}

function rateFigure(curves: readonly Curves[]): GalleryFigure[] {
  const names = namesOf(curves, "learningRates");
  const series = names.flatMap((name) =>
    curvesOf(curves, "learningRates", name).map(({ split, place, x, y }) => ({
      name: names.length === 1 ? `split ${split}` : `split ${split}, ${name}`,
      x,
      y,
      look: place,
    })),
  );
  if (series.length === 0) return [];
  const rates = series.flatMap(({ y }) => y.filter((rate) => rate !== null && rate > 0));
  const [least, greatest] = rates.reduce<readonly [number, number]>(
    ([least, greatest], rate) => [Math.min(least, rate ?? least), Math.max(greatest, rate ?? greatest)],
    [Number.POSITIVE_INFINITY, 0],
  );
  const yScale = greatest / least > 20 ? "log" : "linear";
  return [
    {
      name: "learning_rate",
      part: "training",
      draw: (options) => lineChart({ title: "Learning rate", yLabel: "learning rate", yScale, series }, options),
    },
  ];
}

/** The folds' figure, of the splits and metrics that are wanted. */
export function foldFigures(
  path: string,
  { checkpoint, group }: { readonly checkpoint: string; readonly group: string | null },
  splits: readonly number[],
  isWanted: (metric: string) => boolean,
): GalleryFigure[] {
  const folds = readFolds(path, { checkpoint, group });
  if (!folds.found || folds.value.metrics.length === 0) {
    warnOfTables(path, { checkpoint, group }, folds.found ? "there are no values in them" : folds.reason);
    return [];
  }
  const kept = folds.value.splits.flatMap((split, i) => (splits.includes(split) ? [i] : []));
  const at = <T>(values: readonly T[]): T[] => kept.flatMap((i) => (values[i] === undefined ? [] : [values[i]]));
  const all = kept.length === folds.value.splits.length;
  const metrics = folds.value.metrics
    .filter(({ metric }) => isWanted(metric))
    .map((one) => ({
      ...one,
      values: at(one.values),
      intervals: at(one.intervals),
      ...(all ? {} : { mean: null, sd: null }),
    }));
  if (kept.length === 0 || metrics.length === 0) return [];
  const shown = { ...folds.value, splits: at(folds.value.splits), metrics };
  const name = group === null ? "folds" : `${fileName(group)}-folds`;
  return [{ name, part: group === null ? "training" : "evaluation", draw: (options) => foldsFigure(shown, options) }];
}

/** Tables of metrics that are there, and of which there is no figure; where there are none yet, there is nothing to say. */
function warnOfTables(
  path: string,
  { checkpoint, group }: { readonly checkpoint: string; readonly group: string | null },
  why: string,
): void {
  const maps = new Maps(path);
  const of = { checkpoint, ...(group === null ? {} : { groupName: group }) };
  const tables = maps.training.splitsList.map((split) => metricsDirOf(maps, split, of).aggregatedTsv);
  const there = tables.filter((table) => existsSync(table));
  if (there.length === 0) return;
  const folds = group === null ? "the folds" : `the folds of '${group}'`;
  warnOnce(`folds ${path} ${group ?? ""}`, `The figure of ${folds} is left out: ${there.join(", ")}: ${why}`);
}
