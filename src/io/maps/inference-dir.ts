import { join } from "node:path";
import { MetricsDir } from "./model-dirs.ts";
import { indicesIn, namesIn } from "./scan.ts";
import { DataDir } from "./training-dir.ts";

/** `results/split-<i>/<checkpoint>`: what a model gave on a group. */
export class ResultsDir {
  readonly path: string;
  readonly metrics: MetricsDir;
  constructor(path: string) {
    this.path = path;
    this.metrics = new MetricsDir(join(path, "metrics"));
  }
  get computationalJson(): string {
    return join(this.path, "computational.json");
  }
  get warningLog(): string {
    return join(this.path, "warning.log");
  }
}

/** `group-<name>`: the data of a group, and the results of models on it. */
export class GroupDir extends DataDir {
  /** The splits that have results. */
  get splitsList(): number[] {
    return indicesIn(join(this.path, "results"), "split");
  }
  results(split: number, checkpoint: string): ResultsDir {
    return new ResultsDir(join(this.path, "results", `split-${split}`, checkpoint));
  }
}

/** `test/` and `prediction/`. */
export class InferenceDir {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get groupsList(): string[] {
    return namesIn(this.path, "group");
  }
  get groups(): Map<string, GroupDir> {
    return new Map(this.groupsList.map((name) => [name, this.group(name)]));
  }
  /** The directory of a group, whether it exists or not. */
  group(name: string): GroupDir {
    return new GroupDir(join(this.path, `group-${name}`));
  }
  /** @throws ClinicaDLException naming the file that is missing. */
  read(): void {
    for (const name of this.groupsList) this.group(name).read();
  }
}
