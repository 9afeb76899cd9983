import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { problemWith, writeManifest } from "./manifest.ts";
import { MetricsDir } from "./model-dirs.ts";
import { indicesIn } from "./scan.ts";
import { removeTemporary, stageDirectory, sync } from "./staging.ts";

/** A checkpoint from which training can go on: `tmp/epoch-<n>`, with ClinicaDL's files and our own in `.clinicadl-ts`. */
export class CheckpointDir {
  readonly path: string;
  readonly validationMetrics: MetricsDir;
  constructor(path: string) {
    this.path = path;
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
  /** What is wrong with it, or null. */
  problem(): string | null {
    const needed = [this.stateJson, this.modelPt, this.optimizerPt, this.scalerPt, join(this.path, "callbacks")];
    const missing = needed.find((path) => !existsSync(path));
    return missing === undefined ? problemWith(this.path) : `${missing} is missing`;
  }
}

/**
 * `tmp/`: the checkpoints of a training. Each is written to a temporary directory with a manifest of sizes and
 * checksums, synced, and renamed; only then are older ones deleted. Two are kept, so that one that cannot be read
 * leaves the one before.
 */
export class CheckpointsDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get epochsList(): number[] {
    return indicesIn(this.path, "epoch");
  }
  epoch(epoch: number): CheckpointDir {
    return new CheckpointDir(join(this.path, `epoch-${epoch}`));
  }

  /** Writes a checkpoint; on any error the former ones are as they were. */
  write(epoch: number, fill: (dir: CheckpointDir) => void, { keep = 2 }: { readonly keep?: number } = {}): void {
    removeTemporary(this.path);
    stageDirectory(this.epoch(epoch).path, (staging) => {
      fill(new CheckpointDir(staging));
      writeManifest(staging);
    });
    for (const old of this.epochsList.filter((e) => e < epoch).slice(0, -(keep - 1) || undefined)) {
      rmSync(this.epoch(old).path, { recursive: true, force: true });
    }
    // those of a future that is not going to happen: training was resumed from an earlier one
    for (const lost of this.epochsList.filter((e) => e > epoch)) {
      rmSync(this.epoch(lost).path, { recursive: true, force: true });
    }
  }

  /** The newest checkpoint that is whole, and what was wrong with newer ones. */
  newest(): { readonly epoch: number | null; readonly problems: readonly string[] } {
    const problems: string[] = [];
    for (const epoch of this.epochsList.reverse()) {
      const problem = this.epoch(epoch).problem();
      if (problem === null) return { epoch, problems };
      problems.push(problem);
    }
    return { epoch: null, problems };
  }

  /** Deletes all checkpoints; the directory stays. */
  clear(): void {
    if (!existsSync(this.path)) return;
    for (const name of readdirSync(this.path)) rmSync(join(this.path, name), { recursive: true, force: true });
    sync(this.path);
  }
}
