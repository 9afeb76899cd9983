/** The figures that a MAPS has: those of a page, of a report, of `clinicadl plot`. */
import { ConfigError } from "../../utils/exceptions.ts";
import { type Contents, readContents } from "../read/index.ts";
import { evaluationFigures } from "./evaluation-figures.ts";
import { evaluationsOf } from "./evaluations.ts";
import { type GalleryFigure, withOwnNames } from "./gallery-figure.ts";
import { foldFigures, trainingFigures } from "./training-figures.ts";

export type { NamedEvaluation } from "./evaluation-figures.ts";
export { evaluationsOf } from "./evaluations.ts";
export { fileName, type GalleryFigure, withOwnNames } from "./gallery-figure.ts";
export { svgToPng } from "./png.ts";

/** Which figures. */
export interface GalleryOptions {
  /** Default: all. */
  readonly splits?: readonly number[];
  /** Which metrics and losses: with some, figures of them alone, and no other curves. Default: all figures. */
  readonly metrics?: readonly string[];
  /** `best-<metric>`, `epoch-<n>` or `final`. Default: that of most results on groups; without any, `final`. */
  readonly checkpoint?: string;
  /** Which group. Default: all of them, and the validation data. */
  readonly group?: string;
}

/**
 * The figures that a MAPS has: curves, folds, and of each group what its models gave.
 *
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import { readGallery } from "clinicadl/view/gallery";
 * for (const { name, draw } of readGallery("maps")) writeFileSync(`${name}.svg`, draw());
 * ```
 *
 * @throws ConfigError for a split, a metric or a group that the MAPS does not have.
 */
export function readGallery(path: string, options: GalleryOptions = {}): GalleryFigure[] {
  const contents = readContents(path);
  const known = contents.splits.map(({ index }) => index);
  const splits = options.splits ?? known;
  const groups = groupsOf(contents);
  refuseUnknown("split", splits, known);
  if (options.group !== undefined) refuseUnknown("group", [options.group], groups);
  const checkpoint = options.checkpoint ?? checkpointOf(contents);
  const metrics = options.metrics ?? null;
  const training = options.group === undefined ? trainingFigures(path, splits, { checkpoint, metrics }) : [];
  if (metrics !== null) refuseUnknownMetrics(path, metrics, splits, checkpoint);
  const asked = options.group === undefined ? [null, ...groups] : [options.group];
  const evaluation = asked.flatMap((group) => {
    const isWanted = (metric: string) => metrics === null || metrics.includes(metric);
    const folds = group === null ? [] : foldFigures(path, { checkpoint, group }, splits, isWanted);
    if (metrics !== null) return folds;
    return [...folds, ...evaluationFigures(evaluationsOf(path, splits, checkpoint, group), group)];
  });
  return withOwnNames([...training, ...evaluation]);
}

/**
 * The checkpoint that is shown where none is asked for: that of most results on groups, which somebody chose; without any,
 * `final`, or the first that there is.
 */
export function checkpointOf({
  splits,
  tests,
  predictions,
}: Pick<Contents, "tests" | "predictions"> & {
  readonly splits: readonly Pick<Contents["splits"][number], "checkpoints">[];
}): string {
  const saved = splits.flatMap(({ checkpoints }) => checkpoints);
  const results = [...tests, ...predictions].flatMap((group) => group.results.map(({ checkpoint }) => checkpoint));
  const counts = Map.groupBy(results, (checkpoint) => checkpoint);
  const [chosen] = [...counts].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  return chosen ?? (saved.includes("final") ? "final" : (saved[0] ?? "final"));
}

/** The groups of tests and predictions. */
export function groupsOf({ tests, predictions }: Contents): string[] {
  return [...new Set([...tests, ...predictions].map(({ name }) => name))];
}

function refuseUnknown(what: string, asked: readonly (string | number)[], known: readonly (string | number)[]): void {
  const unknown = asked.find((one) => !known.includes(one));
  if (unknown === undefined) return;
  throw new ConfigError(`There is no ${what} '${unknown}' in this MAPS. There are: ${known.join(", ") || "none"}.`);
}

function refuseUnknownMetrics(
  path: string,
  asked: readonly string[],
  splits: readonly number[],
  checkpoint: string,
): void {
  const all = trainingFigures(path, splits, { checkpoint, metrics: null });
  const known = new Set(all.flatMap(({ metric }) => metric ?? []));
  refuseUnknown("metric", asked, [...known]);
}
