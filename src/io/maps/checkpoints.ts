import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { FileSum } from "../../utils/file-sum.ts";
import { problemWith, writeManifest } from "./manifest.ts";
import { MetricsDir } from "./model-dirs.ts";
import { indexOf } from "./scan.ts";
import { removeDirectory, stageDirectory } from "./staging.ts";

/** Where in a training a checkpoint was written. */
export interface Position {
  /** From 1. */
  readonly epoch: number;
  /** How many batches of the epoch were trained on; null: the epoch is complete, with its validation. */
  readonly batch: number | null;
}

/** `epoch-3`, or `batch-3-120`, which ClinicaDL does not look at. */
function nameOf({ epoch, batch }: Position): string {
  return batch === null ? `epoch-${epoch}` : `batch-${epoch}-${batch}`;
}

function positionOf(name: string): Position | null {
  const [, complete, inEpoch, inBatch] = /^(?:epoch-(\d+)|batch-(\d+)-(\d+))$/.exec(name) ?? [];
  const [epoch, batch] = [indexOf(complete ?? inEpoch ?? ""), indexOf(inBatch ?? "")];
  if (epoch === null) return null;
  if (complete !== undefined) return { epoch, batch: null };
  return batch === null ? null : { epoch, batch };
}

function compare(a: Position, b: Position): number {
  const rank = ({ batch }: Position) => batch ?? Number.POSITIVE_INFINITY;
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  return rank(a) === rank(b) ? 0 : rank(a) - rank(b);
}

/**
 * A checkpoint from which training can go on: a directory in `tmp/`, with ClinicaDL's files and our own in `.clinicadl-ts`.
 * @example
 * ```ts
 * const { checkpoint } = new Maps("maps").training.split(0).tmp.newest();
 * console.log(checkpoint?.position, checkpoint?.problem()); // → { epoch: 2, batch: null } null
 * ```
 */
export class CheckpointDir {
  readonly path: string;
  readonly position: Position;
  readonly validationMetrics: MetricsDir;
  constructor(path: string, position: Position) {
    this.path = path;
    this.position = position;
    this.validationMetrics = new MetricsDir(join(path, "validation_metrics"));
  }
  get stateJson(): string {
    return join(this.path, "state.json");
  }
  get modelPt(): string {
    return join(this.path, "model.pt");
  }
  get optimizerPt(): string {
    return join(this.path, "optimizer.pt");
  }
  get scalerPt(): string {
    return join(this.path, "scaler.pt");
  }
  callbackPt(name: string): string {
    return join(this.path, "callbacks", `${name}.pt`);
  }
  /** What ClinicaDL does not keep: random streams, and all else that the future depends on. */
  get extraPt(): string {
    return join(this.path, ".clinicadl-ts", "extra.pt");
  }
  get hasExtra(): boolean {
    return existsSync(this.extraPt);
  }
  /** What else there was in the directory of the split. */
  get splitJson(): string {
    return join(this.path, ".clinicadl-ts", "split.json");
  }
  /** The best models as they were. */
  get bestModels(): string {
    return join(this.path, ".clinicadl-ts", "best_models");
  }
  /** `the end of epoch 3`, `batch 120 of epoch 3`. */
  toString(): string {
    const { epoch, batch } = this.position;
    return batch === null ? `the end of epoch ${epoch}` : `batch ${batch} of epoch ${epoch}`;
  }
  /** What is wrong with it, or null. */
  problem(): string | null {
    const needed = [this.stateJson, this.modelPt, this.optimizerPt, this.scalerPt, join(this.path, "callbacks")];
    const missing = needed.find((path) => !existsSync(path));
    return missing === undefined ? problemWith(this.path) : `${missing} is missing`;
  }
}

/**
 * `tmp/`: the checkpoints of a training. Each is written to a temporary directory with a manifest of sizes and
 * checksums, synced, and renamed; only then are older ones deleted. At least two are kept during training, so that one
 * that cannot be read leaves the one before.
 * @example
 * ```ts
 * const checkpoints = new Maps("maps").training.split(0).tmp;
 * console.log(checkpoints.list.map(String)); // → [ 'the end of epoch 2' ]
 * ```
 */
export class CheckpointsDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  /** From the oldest to the newest. */
  get list(): CheckpointDir[] {
    if (!existsSync(this.path)) return [];
    return readdirSync(this.path)
      .flatMap((name) => positionOf(name) ?? [])
      .sort(compare)
      .map((position) => this.at(position));
  }
  at(position: Position): CheckpointDir {
    return new CheckpointDir(join(this.path, nameOf(position)), position);
  }

  /**
   * Writes a checkpoint, and deletes all but the newest `keep`; on any error the former ones are as they were.
   * @param fill writes the files, and adds the checksums that it knows, by path.
   */
  write(
    position: Position,
    fill: (dir: CheckpointDir, known: Map<string, FileSum>) => void,
    { keep = 2 }: { readonly keep?: number } = {},
  ): void {
    stageDirectory(this.at(position).path, (staging) => {
      const known = new Map<string, FileSum>();
      fill(new CheckpointDir(staging, position), known);
      writeManifest(staging, known);
    });
    // those of a future that is not going to happen: training was resumed from an earlier one
    this.#remove(this.list.filter((other) => compare(other.position, position) > 0));
    this.keepNewest(keep);
  }
  keepNewest(keep: number): void {
    this.#remove(this.list.slice(0, -keep));
  }
  #remove(checkpoints: readonly CheckpointDir[]): void {
    for (const { path } of checkpoints) removeDirectory(path);
  }

  /** The newest checkpoint that is whole, and what was wrong with newer ones. */
  newest(): { readonly checkpoint: CheckpointDir | null; readonly problems: readonly string[] } {
    const problems: string[] = [];
    for (const checkpoint of this.list.reverse()) {
      const problem = checkpoint.problem();
      if (problem === null) return { checkpoint, problems };
      problems.push(problem);
    }
    return { checkpoint: null, problems };
  }
}
