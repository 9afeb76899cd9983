import { type Colours, lookOf } from "./parts/colours.ts";
import { type Area, axes, type FigureOptions, figure, insideAxes, nothing } from "./parts/figure.ts";
import { band, line } from "./parts/line.ts";
import { precisionRecallCurve, type RankingCurve, rocCurve, type Scored } from "./parts/ranking.ts";
import { linearScale } from "./parts/scale.ts";
import { acrossDraws, acrossFolds } from "./parts/spread.ts";
import { el, type Point, pathOf } from "./parts/svg.ts";

/** The scores of one fold, or of one class against the others. */
export interface ScoredFold {
  /** As `split 0`. */
  readonly name: string;
  readonly samples: readonly Scored[];
}

/** How they look. */
export interface RankingOptions extends FigureOptions {
  /** Whether several curves have a mean: not those of different classes. Default true. */
  readonly mean?: boolean;
}

/** How the two figures differ. */
interface Kind {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly area: string;
  readonly between: "line" | "step";
  readonly curveOf: (samples: readonly Scored[]) => RankingCurve | null;
  /** How high chance is, at the left and at the right. */
  readonly chance: (samples: readonly Scored[]) => readonly [number, number];
}

const ROC: Kind = {
  title: "ROC curve",
  xLabel: "False positive rate (1 − specificity)",
  yLabel: "True positive rate (sensitivity)",
  area: "AUC",
  between: "line",
  curveOf: rocCurve,
  chance: () => [0, 1],
};

const PRECISION_RECALL: Kind = {
  title: "Precision and recall",
  xLabel: "Recall (sensitivity)",
  yLabel: "Precision (positive predictive value)",
  area: "AP",
  between: "step",
  curveOf: precisionRecallCurve,
  chance: (samples) => {
    const share = samples.filter(({ label }) => label === 1).length / samples.length;
    return [share, share];
  },
};

/**
 * Receiver operating characteristic of each fold, with its area. Of several folds their mean, and a band of ± 1 standard deviation; of one fold a band in which
 * 95 % of the curves are when participants are drawn again.
 *
 * ```ts
 * import { rocFigure } from "clinicadl/view/figures";
 * const samples = [0.9, 0.6, 0.4].map((score, i) => ({ score, label: i === 2 ? 0 : 1, participant: `sub-0${i}` }) as const);
 * const svg = rocFigure([{ name: "split 0", samples }]);
 * ```
 */
export function rocFigure(folds: readonly ScoredFold[], options: RankingOptions = {}): string {
  return rankingFigure(ROC, folds, options);
}

/** Precision against recall of each fold, with the average precision; mean and bands as in {@link rocFigure}. */
export function precisionRecallFigure(folds: readonly ScoredFold[], options: RankingOptions = {}): string {
  return rankingFigure(PRECISION_RECALL, folds, options);
}

function rankingFigure(
  kind: Kind,
  folds: readonly ScoredFold[],
  { mean: isMeant = true, ...options }: RankingOptions,
): string {
  const curves = folds.flatMap(({ name, samples }) => {
    const curve = kind.curveOf(samples);
    return curve === null ? [] : [{ name, curve, samples }];
  });
  const [only, ...others] = curves;
  const spread =
    only === undefined || (others.length > 0 && !isMeant)
      ? null
      : others.length === 0
        ? acrossDraws(only.samples, kind.curveOf, kind.between)
        : acrossFolds(
            curves.map(({ curve }) => curve),
            kind.between,
          );
  const areas = curves.map(({ name, curve }) => `${name}: ${kind.area} ${curve.area.toFixed(3)}`);
  const mean = curves.reduce((sum, { curve }) => sum + curve.area, 0) / curves.length;
  const several = others.length > 0 && isMeant;
  const bandName = several ? "± 1 standard deviation" : "95 % of draws";
  const heading = {
    title: kind.title,
    description: curves.length === 0 ? "There are not samples of both classes." : `${areas.join("; ")}.`,
    legend: (colours: Colours) => [
      ...curves.map((_, i) => {
        const { colour, dash } = lookOf(colours, i);
        return { name: areas[i] ?? "", colour, dash, mark: "line" as const };
      }),
      ...(several
        ? [{ name: `mean: ${kind.area} ${mean.toFixed(3)}`, colour: colours.ink, mark: "line" as const }]
        : []),
      ...(spread === null
        ? []
        : [{ name: bandName, colour: several ? colours.muted : lookOf(colours, 0).colour, mark: "area" as const }]),
    ],
  };
  return figure(
    heading,
    { width: 480, height: 440 + 18 * Math.ceil((curves.length + 2) / 3), ...options },
    (area, colours) => {
      const { x, y, inside } = unitSquare(area, kind);
      const [left, right] = kind.chance(folds.flatMap(({ samples }) => samples));
      const chance = pathOf([
        { x: x.at(0), y: y.at(left) },
        { x: x.at(1), y: y.at(right) },
      ]);
      const drawn = curves.map(({ curve }, i) => {
        const shown = kind.between === "step" ? stepped(curve) : curve;
        return line(shown, x, y, { ...lookOf(colours, i), width: several ? 1.25 : 2, opacity: several ? 0.75 : 1 });
      });
      return [
        axes(inside, { x, y, xLabel: kind.xLabel, yLabel: kind.yLabel }, colours),
        curves.length === 0
          ? nothing(inside, colours)
          : el("path", { d: chance, stroke: colours.muted, "stroke-dasharray": "3 4", fill: "none" }),
        spread === null ? "" : band(spread, x, y, several ? colours.muted : lookOf(colours, 0).colour),
        ...drawn,
        several && spread !== null
          ? line({ x: spread.x, y: spread.middle }, x, y, { colour: colours.ink, width: 2.5 })
          : "",
      ].join("");
    },
  );
}

/** Axes from 0 to 1, as long in both directions as there is place. */
function unitSquare(area: Area, { xLabel, yLabel }: Pick<Kind, "xLabel" | "yLabel">) {
  const ticks = linearScale([0, 1], [0, 1], { tight: true }).ticks.map(({ label }) => label);
  const place = insideAxes(area, { yTicks: ticks, xLabel, yLabel });
  const side = Math.min(place.right - place.left, place.bottom - place.top);
  const inside = { ...place, right: place.left + side, bottom: place.top + side };
  return {
    inside,
    x: linearScale([0, 1], [inside.left, inside.right], { tight: true }),
    y: linearScale([0, 1], [inside.bottom, inside.top], { tight: true }),
  };
}

/** Its steps: to the next recall on the precision that is reached there. */
function stepped({ x, y }: RankingCurve): { readonly x: readonly number[]; readonly y: readonly number[] } {
  const points = x.flatMap((place, i): Point[] =>
    i === 0
      ? [{ x: place, y: y[1] ?? y[0] ?? 0 }]
      : [
          { x: x[i - 1] ?? 0, y: y[i] ?? 0 },
          { x: place, y: y[i] ?? 0 },
        ],
  );
  return { x: points.map((point) => point.x), y: points.map((point) => point.y) };
}
