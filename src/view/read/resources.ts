import { readRegular } from "../../io/files/index.ts";
import { Maps } from "../../io/maps/index.ts";
import { type Cell, readTsv } from "../../io/tsv/index.ts";
import { mean, variance } from "../../utils/stats/index.ts";
import { type Num, numOf } from "./numbers.ts";
import { type Part, partOf, valueOr } from "./part.ts";

/** What was measured in one phase. */
export interface PhaseResources {
  /** `Training`, `Epoch`, `Training data loading`, `Forward`, `Backward` … */
  readonly phase: string;
  /** In seconds: of one iteration, epoch or validation. */
  readonly time: Measurement;
  /** In seconds. */
  readonly gpuTime: Measurement;
  /** In MB: the most that tensors held at once. */
  readonly gpuMemory: Measurement;
}

/** Several measurements; null of none. */
export interface Measurement {
  readonly mean: Num;
  /** With n - 1; null of fewer than two. */
  readonly sd: Num;
  readonly n: number;
}

/** Where time and memory went in the training of a split. */
export interface Resources {
  readonly split: number;
  readonly phases: Part<readonly PhaseResources[]>;
  /** What the summary says beside its table: `Throughput of training: …`, `Peak memory: …`. Empty where it does not. */
  readonly notes: readonly string[];
}

/** Where time and memory went in the training of a split: `logs/computational.tsv`, which is written at its end. */
export function readResources(path: string, split: number): Resources {
  const dir = new Maps(path).training.split(split);
  const summary = valueOr(
    partOf(() => readRegular(dir.summaryLog)),
    "",
  );
  return {
    split,
    phases: partOf(() => {
      const rows = readTsv(dir.computationalTsv);
      const column = (name: string): Measurement => measured(rows.map((row) => row[name]));
      const columns = Object.keys(rows[0] ?? {});
      const phases = columns.flatMap((name) => /^(.*?)(?<! GPU) \(s\)$/.exec(name)?.[1] ?? []);
      return phases.map((phase) => ({
        phase,
        time: column(`${phase} (s)`),
        gpuTime: column(`${phase} GPU (s)`),
        gpuMemory: column(`${phase} GPU max memory (MB)`),
      }));
    }),
    notes: notesOf(summary),
  };
}

/** A throughput is that of the rows above it: `Training | …`, those that belong to it indented, then `Throughput: …`. */
function notesOf(summary: string): string[] {
  let phase = "";
  return summary.split("\n").flatMap((line) => {
    phase = /^(\S[^|]*?) *\|/.exec(line)?.[1] ?? phase;
    if (line.startsWith("Throughput: ")) return line.replace(":", ` of ${phase.toLowerCase()}:`);
    return line.startsWith("Peak memory: ") ? line : [];
  });
}

function measured(cells: readonly (Cell | undefined)[]): Measurement {
  const values = cells.flatMap((cell) => numOf(cell) ?? []);
  return { mean: numOf(mean(values)), sd: numOf(Math.sqrt(variance(values))), n: values.length };
}
