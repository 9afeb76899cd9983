import type { Colours } from "./parts/colours.ts";
import { axes, type FigureOptions, figure, insideAxes, nothing } from "./parts/figure.ts";
import { line } from "./parts/line.ts";
import { linearScale } from "./parts/scale.ts";
import { el, pathOf } from "./parts/svg.ts";

/** Samples whose probabilities are alike. */
export interface ReliabilityBin {
  /** From this probability on. */
  readonly lower: number;
  readonly upper: number;
  readonly n: number;
  /** Whose they are: so many are independent of each other. */
  readonly participants: number;
  /** Their mean probability. */
  readonly probability: number;
  /** The share of them that is so. */
  readonly frequency: number;
}

/** The bins of equal width, of those that have samples. A probability of 1 is in the last one. @param count how many. */
export function reliabilityBins(
  samples: readonly { readonly probability: number; readonly label: 0 | 1; readonly participant: string }[],
  count = 10,
): ReliabilityBin[] {
  const bins = Map.groupBy(samples, ({ probability }) => Math.min(count - 1, Math.floor(probability * count)));
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([bin, members]) => ({
      lower: bin / count,
      upper: (bin + 1) / count,
      n: members.length,
      participants: new Set(members.map(({ participant }) => participant)).size,
      probability: members.reduce((sum, { probability }) => sum + probability, 0) / members.length,
      frequency: members.filter(({ label }) => label === 1).length / members.length,
    }));
}

/**
 * Calibration: how often it is so, where a probability says how often it should be; each with its 95 % interval for as many
 * participants (Wilson 1927, JASA 22:209), and below how many samples have such a probability.
 */
export function calibrationFigure(bins: readonly ReliabilityBin[], options: FigureOptions = {}): string {
  const total = bins.reduce((sum, { n }) => sum + n, 0);
  const error = bins.reduce(
    (sum, { n, probability, frequency }) => sum + (n / total) * Math.abs(probability - frequency),
    0,
  );
  const shown = bins.filter(({ n }) => n > 0);
  const described = shown.map(
    ({ n, probability, frequency }) => `${probability.toFixed(2)}: ${frequency.toFixed(2)} of ${n}`,
  );
  const heading = {
    title: "Calibration",
    subtitle: total === 0 ? "no samples" : `expected calibration error ${error.toFixed(3)}, ${total} samples`,
    description: `Observed frequency by predicted probability. ${described.join("; ")}.`,
  };
  return figure(heading, { width: 480, height: 480, ...options }, (area, colours) => {
    const labels = { xLabel: "Predicted probability", yLabel: "Observed frequency" };
    const ticks = linearScale([0, 1], [0, 1], { tight: true }).ticks.map(({ label }) => label);
    const whole = insideAxes(area, { ...labels, yTicks: ticks });
    const bars = Math.min(60, (whole.bottom - whole.top) / 5);
    const inside = { ...whole, bottom: whole.bottom - bars - 10 };
    const x = linearScale([0, 1], [inside.left, inside.right], { tight: true });
    const y = linearScale([0, 1], [inside.bottom, inside.top], { tight: true });
    const colour = colours.data[0] ?? colours.ink;
    const points = shown.map(({ participants, probability, frequency }) => {
      const [lower, upper] = wilson(frequency, participants);
      const at = { x: x.at(probability), y: y.at(frequency) };
      return (
        el("line", {
          x1: at.x,
          x2: at.x,
          y1: y.at(lower),
          y2: y.at(upper),
          stroke: colour,
          "stroke-opacity": 0.45,
          "stroke-width": 2,
        }) + el("circle", { cx: at.x, cy: at.y, r: 4, fill: colour })
      );
    });
    const path = { x: shown.map(({ probability }) => probability), y: shown.map(({ frequency }) => frequency) };
    return [
      axes(inside, { x: null, y, yLabel: labels.yLabel }, colours),
      el("path", {
        d: pathOf([0, 1].map((p) => ({ x: x.at(p), y: y.at(p) }))),
        stroke: colours.muted,
        "stroke-dasharray": "3 4",
        fill: "none",
      }),
      line(path, x, y, { colour, width: 1.5 }),
      ...points,
      total === 0 ? nothing(inside, colours) : "",
      counts(shown, { ...whole, top: whole.bottom - bars }, colours),
      axes(whole, { x, y: null, xLabel: labels.xLabel }, colours),
    ].join("");
  });
}

function counts(
  bins: readonly ReliabilityBin[],
  area: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number },
  colours: Colours,
): string {
  const most = Math.max(1, ...bins.map(({ n }) => n));
  const x = linearScale([0, 1], [area.left, area.right], { tight: true });
  return bins
    .map(({ lower, upper, n }) => {
      const height = (n / most) * (area.bottom - area.top);
      const width = Math.max(1, x.at(upper) - x.at(lower) - 2);
      return el(
        "rect",
        { x: x.at(lower) + 1, y: area.bottom - height, width, height, fill: colours.muted, "fill-opacity": 0.45 },
        el("title", {}, `${n} samples`),
      );
    })
    .join("");
}

/** The interval in which a share is, with 95 % confidence. */
export function wilson(share: number, n: number): readonly [number, number] {
  const z = 1.959963984540054;
  const center = (share + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}
