import type { FoldMetric, Folds } from "../read/index.ts";
import { type Colours, lookOf } from "./parts/colours.ts";
import { type FigureOptions, figure } from "./parts/figure.ts";
import { extent, linearScale, type Scale, shortNumber } from "./parts/scale.ts";
import { el, escapeXml } from "./parts/svg.ts";
import { fitted, SIZE, text, widthOf } from "./parts/text.ts";

const ROW = 62;

/**
 * The metrics of the folds: of each metric a line of its own, with a dot for each fold (and its interval, where one was computed), their mean, and ± 1
 * standard deviation.
 */
export function foldsFigure({ metrics, splits, checkpoint, group }: Folds, options: FigureOptions = {}): string {
  const on = group === null ? "validation data" : `group ${group}`;
  const hasIntervals = metrics.some(({ intervals }) => intervals.some((one) => one !== null));
  const heading = {
    title: `Metrics over ${splits.length} ${splits.length === 1 ? "fold" : "folds"}`,
    subtitle: `${checkpoint}, ${on}; mean ± standard deviation${hasIntervals ? "; thin: intervals of confidence" : ""}`,
    description: metrics.map((metric) => `${metric.metric}: ${shownMean(metric)}`).join("; "),
    legend: (colours: Colours) =>
      splits.map((split, i) => ({ name: `split ${split}`, colour: lookOf(colours, i).colour, mark: "dot" as const })),
  };
  const height = 90 + 18 * Math.ceil(splits.length / 6) + ROW * metrics.length;
  return figure(heading, { width: 640, height, ...options }, (area, colours) => {
    const names = Math.min(140, Math.max(40, ...metrics.map(({ metric }) => widthOf(metric, SIZE.label))));
    const values = Math.max(40, ...metrics.map((metric) => widthOf(shownMean(metric), SIZE.label)));
    const [left, right] = [area.left + names + 16, area.right - values - 16];
    const step = (area.bottom - area.top) / Math.max(1, metrics.length);
    const rows = metrics.map((metric, i) => {
      const y = area.top + i * step + step * 0.36;
      return [
        text(fitted(metric.metric, SIZE.label, names), {
          x: area.left,
          y: y + 4,
          fill: colours.ink,
          "font-size": SIZE.label,
        }),
        text(shownMean(metric), {
          x: area.right,
          y: y + 4,
          "text-anchor": "end",
          fill: colours.ink,
          "font-size": SIZE.label,
        }),
        strip(metric, splits, { left, right, y }, colours),
      ].join("");
    });
    return rows.join("");
  });
}

function strip(
  { mean, sd, values, intervals }: FoldMetric,
  splits: readonly number[],
  { left, right, y }: { readonly left: number; readonly right: number; readonly y: number },
  colours: Colours,
): string {
  const ends = intervals.flatMap((one) => (one === null ? [] : [one.lower, one.upper]));
  const spread = mean === null || sd === null ? [] : [mean - sd, mean + sd];
  const x = linearScale(extent([...values, ...ends, ...spread]), [left, right], {
    count: Math.max(2, Math.min(6, (right - left) / 70)),
  });
  const dots = values.map((value, i) => {
    if (value === null) return "";
    const { colour } = lookOf(colours, i);
    // folds one above the other, so that none hides another
    const at = y + (values.length === 1 ? 0 : ((i + 0.5) / values.length - 0.5) * 20);
    const interval = intervals[i] ?? null;
    const whisker =
      interval === null
        ? ""
        : el("line", {
            x1: x.at(interval.lower),
            x2: x.at(interval.upper),
            y1: at,
            y2: at,
            stroke: colour,
            "stroke-opacity": 0.55,
          });
    const name = escapeXml(`split ${splits[i]}: ${shortNumber(value)}`);
    return whisker + el("circle", { cx: x.at(value), cy: at, r: 4, fill: colour }, el("title", {}, name));
  });
  return scaleLine(x, { left, right, y: y + 18 }, colours) + middle(mean, sd, x, y, colours) + dots.join("");
}

function scaleLine(
  x: Scale,
  { left, right, y }: { readonly left: number; readonly right: number; readonly y: number },
  colours: Colours,
): string {
  const ticks = x.ticks.map(
    ({ value, label }) =>
      el("line", { x1: x.at(value), x2: x.at(value), y1: y - 34, y2: y, stroke: colours.grid }) +
      text(label, {
        x: x.at(value),
        y: y + 13,
        "text-anchor": "middle",
        fill: colours.muted,
        "font-size": SIZE.tick - 1,
      }),
  );
  return ticks.join("") + el("line", { x1: left, x2: right, y1: y, y2: y, stroke: colours.grid });
}

/** The mean, and the standard deviation to each side. */
function middle(mean: number | null, sd: number | null, x: Scale, y: number, colours: Colours): string {
  if (mean === null) return "";
  const bar =
    sd === null
      ? ""
      : el("rect", {
          x: x.at(mean - sd),
          y: y - 14,
          width: x.at(mean + sd) - x.at(mean - sd),
          height: 28,
          rx: 3,
          fill: colours.muted,
          "fill-opacity": 0.18,
        });
  return (
    bar + el("line", { x1: x.at(mean), x2: x.at(mean), y1: y - 14, y2: y + 14, stroke: colours.ink, "stroke-width": 2 })
  );
}

function shownMean({ mean, sd }: FoldMetric): string {
  if (mean === null) return "–";
  return `${shortNumber(mean)}${sd === null ? "" : ` ± ${Number(sd.toPrecision(2))}`}`;
}
