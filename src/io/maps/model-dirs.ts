import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../utils/exceptions.ts";
import { indicesIn, isPlainName, namesIn, shownName } from "./scan.ts";

/**
 * Tables of metrics: over the data set, and one row per sample.
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 *
 * const { validationMetrics } = new Maps("maps").training.split(0).models.final;
 * const [columns] = readFileSync(validationMetrics.detailsTsv, "utf8").split("\n");
 * console.log(columns?.split("\t")); // → [ 'epoch', 'participant_id', 'session_id', 'loss' ]
 * ```
 */
export class MetricsDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get aggregatedTsv(): string {
    return join(this.path, "aggregated.tsv");
  }
  get detailsTsv(): string {
    return join(this.path, "details.tsv");
  }
  /** What ClinicaDL does not have, and does not look at: `intervals`, `groups`, `confusion_matrix`, `reliability`. */
  table(name: string): string {
    return join(this.path, `${name}.tsv`);
  }
}

/**
 * The weights of a model, with its validation metrics.
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 * import { basename } from "node:path";
 *
 * const { modelPt } = new Maps("maps").training.getCheckpointDir("split-0_final");
 * console.log(basename(modelPt), existsSync(modelPt)); // → model.pt true
 * ```
 */
export class ModelDir {
  readonly path: string;
  readonly validationMetrics: MetricsDir;
  constructor(path: string) {
    this.path = path;
    this.validationMetrics = new MetricsDir(join(path, "validation_metrics"));
  }
  get modelPt(): string {
    return join(this.path, "model.pt");
  }
  get warningLog(): string {
    return join(this.path, "warning.log");
  }
  /** What was fitted for these weights on the validation data, which ClinicaDL does not have, and does not look at. */
  get calibrationJson(): string {
    return join(this.path, "calibration.json");
  }
}

/**
 * `models/` of a split: the best ones (`best-<metric>`), those of given epochs (`epoch-<n>`), and the last (`final`).
 * @example
 * ```ts
 * const { models } = new Maps("maps").training.split(0);
 * console.log(models.list, models.epochsList); // → [ 'final' ] []
 * ```
 */
export class ModelsDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get bestPath(): string {
    return join(this.path, "best_models");
  }
  best(metric: string): ModelDir {
    return new ModelDir(join(this.bestPath, `best-${metric}`));
  }
  get epochsList(): number[] {
    return indicesIn(join(this.path, "checkpoints"), "epoch");
  }
  epoch(epoch: number): ModelDir {
    return new ModelDir(join(this.path, "checkpoints", `epoch-${epoch}`));
  }
  get final(): ModelDir {
    return new ModelDir(join(this.path, "final"));
  }

  /** The names of the checkpoints whose weights are there: `best-loss`, `epoch-5`, `final`. */
  get list(): string[] {
    const best = namesIn(this.bestPath, "best").map((metric) => `best-${metric}`);
    const epochs = this.epochsList.map((epoch) => `epoch-${epoch}`);
    return [...best, ...epochs, "final"].filter((name) => existsSync(this.getCheckpointDir(name).modelPt));
  }

  /** The directory of `best-<metric>`, `epoch-<n>` or `final`. */
  getCheckpointDir(name: string): ModelDir {
    if (name === "final") return this.final;
    if (/^best-[^/\\]+$/.test(name) && isPlainName(name)) return this.best(name.slice(5));
    const epoch = /^epoch-(\d+)$/.exec(name)?.[1];
    if (epoch !== undefined) return this.epoch(Number(epoch));
    throw new ConfigError(
      `The checkpoint is named '${shownName(name)}'. Expected 'best-<metric>', 'epoch-<n>' or 'final'.`,
    );
  }
}
