import type { Colours } from "./parts/colours.ts";
import { lookOf } from "./parts/colours.ts";
import { axes, type FigureOptions, figure, insideAxes } from "./parts/figure.ts";
import { extent, linearScale } from "./parts/scale.ts";
import { el, type Point, pathOf } from "./parts/svg.ts";

/** The values of one class. */
export interface Distribution {
  readonly name: string;
  readonly values: readonly number[];
}

/** What a histogram shows. */
export interface HistogramData {
  readonly title?: string;
  /** Of the values. Default "Output". */
  readonly xLabel?: string;
  readonly distributions: readonly Distribution[];
}

/** How the values of each class are distributed: outlined areas over one another, of the same bins. */
export function histogramFigure(
  { title = "Outputs by class", xLabel = "Output", distributions }: HistogramData,
  options: FigureOptions = {},
): string {
  const edges = binEdges(distributions.flatMap(({ values }) => values));
  const counts = distributions.map(({ values }) => countsOf(values, edges));
  const heading = {
    title,
    description: distributions.map(({ name, values }) => `${name}: ${values.length} values`).join("; "),
    legend: (colours: Colours) =>
      distributions.map(({ name, values }, i) => ({
        name: `${name} (n = ${values.length})`,
        colour: lookOf(colours, i).colour,
        mark: "area" as const,
      })),
  };
  return figure(heading, { width: 480, height: 360, ...options }, (area, colours) => {
    const most = Math.max(1, ...counts.flat());
    const labels = { xLabel, yLabel: "Samples" };
    const ticks = linearScale([0, most], [0, 1], { whole: true }).ticks.map(({ label }) => label);
    const inside = insideAxes(area, { ...labels, yTicks: ticks });
    const y = linearScale([0, most], [inside.bottom, inside.top], { whole: true });
    const x = linearScale(extent(edges), [inside.left, inside.right], { tight: true });
    const areas = counts.map((count, i) => {
      const outline: Point[] = [
        { x: x.at(edges[0] ?? 0), y: y.at(0) },
        ...count.flatMap((n, bin) => [
          { x: x.at(edges[bin] ?? 0), y: y.at(n) },
          { x: x.at(edges[bin + 1] ?? 0), y: y.at(n) },
        ]),
        { x: x.at(edges.at(-1) ?? 0), y: y.at(0) },
      ];
      const { colour, dash } = lookOf(colours, i);
      const look = {
        fill: colour,
        "fill-opacity": 0.25,
        stroke: colour,
        "stroke-width": 1.5,
        "stroke-linejoin": "round",
      };
      return el("path", { d: `${pathOf(outline)}Z`, ...look, "stroke-dasharray": dash });
    });
    return axes(inside, { x, y, ...labels }, colours) + areas.join("");
  });
}

/** The edges of bins of equal width, as wide as Freedman and Diaconis (1981) have it, of at least 10 and at most 40. */
export function binEdges(values: readonly number[]): number[] {
  const [least, greatest] = extent(values);
  const [low, high] = least < greatest ? [least, greatest] : [least - 0.5, greatest + 0.5];
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const width = (2 * (at(0.75) - at(0.25))) / Math.cbrt(sorted.length || 1);
  const count = Math.min(40, Math.max(10, width > 0 ? Math.ceil((high - low) / width) : 10));
  return Array.from({ length: count + 1 }, (_, i) => low + ((high - low) * i) / count);
}

/** How many values are in each bin; one on an edge is in the upper bin, the greatest in the last. */
function countsOf(values: readonly number[], edges: readonly number[]): number[] {
  const [low, high, bins] = [edges[0] ?? 0, edges.at(-1) ?? 1, edges.length - 1];
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
