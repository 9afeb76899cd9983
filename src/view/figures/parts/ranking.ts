/** Curves of scores against labels of two classes, as scikit-learn has them. */

/** A score, and whether it is of the class that is looked for. */
export interface Scored {
  readonly score: number;
  readonly label: 0 | 1;
  /** Whose it is: those of one participant are drawn together. */
  readonly participant: string;
}

export interface RankingCurve {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** The area under it; of precision and recall, the average precision. */
  readonly area: number;
}

/** How many of the samples whose score is as high as each of the scores, from the highest on, are of each class. */
function counted(samples: readonly Scored[]): { readonly hits: number[]; readonly alarms: number[] } {
  const sorted = [...samples].sort((a, b) => b.score - a.score);
  const [hits, alarms]: [number[], number[]] = [[], []];
  let [hit, alarm] = [0, 0];
  for (const [i, { score, label }] of sorted.entries()) {
    if (label === 1) hit++;
    else alarm++;
    if (sorted[i + 1]?.score === score) continue;
    hits.push(hit);
    alarms.push(alarm);
  }
  return { hits, alarms };
}

/** The receiver operating characteristic: the false positive rate, and the true one. Null where a class is missing. */
export function rocCurve(samples: readonly Scored[]): RankingCurve | null {
  const { hits, alarms } = counted(samples);
  const [positives, negatives] = [hits.at(-1) ?? 0, alarms.at(-1) ?? 0];
  if (positives === 0 || negatives === 0) return null;
  const x = [0, ...alarms.map((count) => count / negatives)];
  const y = [0, ...hits.map((count) => count / positives)];
  let area = 0;
  for (let i = 1; i < x.length; i++) {
    area += (((x[i] ?? 0) - (x[i - 1] ?? 0)) * ((y[i] ?? 0) + (y[i - 1] ?? 0))) / 2;
  }
  return { x, y, area };
}

/**
 * Recall, and precision; its area is the average precision, of steps: a line between two points would promise too much (Davis & Goadrich 2006, ICML). Null where
 * there is none of the class that is looked for.
 */
export function precisionRecallCurve(samples: readonly Scored[]): RankingCurve | null {
  const { hits, alarms } = counted(samples);
  const positives = hits.at(-1) ?? 0;
  if (positives === 0) return null;
  const recall = hits.map((count) => count / positives);
  const precision = hits.map((count, i) => count / (count + (alarms[i] ?? 0)));
  let area = 0;
  for (const [i, value] of recall.entries()) area += (value - (recall[i - 1] ?? 0)) * (precision[i] ?? 0);
  return { x: [0, ...recall], y: [precision[0] ?? 1, ...precision], area };
}

/** The height of a curve at a place: of several points there, the highest; between two, on the line from one to the other, or that of the next one. */
export function heightAt({ x, y }: RankingCurve, place: number, between: "line" | "step"): number {
  const last = x.findLastIndex((value) => value <= place);
  const [x0 = 0, x1] = [x[last], x[last + 1]];
  const [y0 = 0, y1 = 0] = [y[last], y[last + 1]];
  if (x0 === place || x1 === undefined) return between === "step" ? Math.max(...y.filter((_, i) => x[i] === x0)) : y0;
  return between === "step" ? y1 : y0 + ((y1 - y0) * (place - x0)) / (x1 - x0);
}
