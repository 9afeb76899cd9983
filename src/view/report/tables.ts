import { type Cell, columnsOf, type Row } from "../../io/tsv/index.ts";
import type { NamedEvaluation } from "../gallery/index.ts";
import type { Contents, EvaluatedSample, Folds, Num, Resources, Task } from "../read/index.ts";

/** A table of a report: shown in it, and written beside it as TSV. */
export interface ReportTable {
  /** The name of its file, without extension. */
  readonly name: string;
  readonly title: string;
  /** A sentence below the title; "" for none. */
  readonly note: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** A metric a row: its mean, its standard deviation, and its value in each split, with bounds where it has an interval. */
export function foldTable({ splits, metrics, checkpoint, group, missing }: Folds, name: string): ReportTable {
  const rows = metrics.map(({ metric, mean, sd, n, values, intervals }): Row => {
    const ofSplits = splits.flatMap((split, i): [string, Cell][] => {
      const interval = intervals[i] ?? null;
      const value: [string, Cell] = [`split ${split}`, values[i] ?? null];
      if (metrics.every((one) => (one.intervals[i] ?? null) === null)) return [value];
      return [
        value,
        [`split ${split} lower`, interval?.lower ?? null],
        [`split ${split} upper`, interval?.upper ?? null],
      ];
    });
    return { metric, mean, sd, n, ...Object.fromEntries(ofSplits) };
  });
  const without = missing.length === 0 ? "" : ` Without split ${missing.join(", ")}, which has no such values.`;
  return {
    name,
    title: group === null ? "Metrics on the validation data" : `Metrics on the group ${group}`,
    note: `Of the models '${checkpoint}': mean and standard deviation (n − 1) over the splits in which a metric is defined.${without}`,
    columns: columnsWith(["metric", "mean", "sd", "n"], rows),
    rows,
  };
}

/** How far each training is, and where it ran. */
export function splitTable({ splits }: Contents): ReportTable {
  const rows = splits.map(({ index, status, checkpoints }): Row => {
    const { state, epoch, epochs, runsOn, message } = status;
    return {
      split: index,
      state: message === null ? state : `${state}: ${message}`,
      epoch,
      epochs,
      device: runsOn === null ? null : `${runsOn.device} (${runsOn.name})`,
      threads: runsOn?.threads ?? null,
      amp: runsOn?.amp ?? null,
      models: checkpoints.join(", "),
    };
  });
  const columns = ["split", "state", "epoch", "epochs", "device", "threads", "amp", "models"];
  return { name: "splits", title: "Trainings", note: "", columns, rows };
}

/** Every sample of an evaluation, the worst first: by how far the output is from the label, else by the loss. */
export function caseTable(evaluations: readonly NamedEvaluation[], name: string, data: string): ReportTable {
  const cases = evaluations.flatMap(({ name: models, evaluation: { samples, task } }) =>
    samples.map((sample) => ({ error: errorOf(sample, task), row: caseRow(models, sample, task) })),
  );
  const known = cases.some(({ error }) => error !== null);
  const worse = (a: Num, b: Num): number => (b ?? Number.NEGATIVE_INFINITY) - (a ?? Number.NEGATIVE_INFINITY) || 0;
  const rows = cases
    .toSorted((a, b) => worse(a.error, b.error))
    .map(({ row, error }): Row => (known ? { ...row, error } : row));
  const columns = columnsWith(["models", "participant_id", "session_id", "label"], rows);
  return {
    name,
    title: `Worst cases of ${data}`,
    note: known
      ? "Those with the greatest error first: 1 − the probability of the right class, the distance from the right value, or the loss."
      : "",
    columns: known ? [...columns.filter((column) => column !== "error").toSpliced(4, 0, "error")] : columns,
    rows,
  };
}

function caseRow(
  models: string,
  { participant, session, position, label, outputs, probabilities, metrics }: EvaluatedSample,
  task: Task,
): Row {
  const several = (what: string, values: readonly Num[]): [string, Num][] =>
    values.map((value, i) => [values.length === 1 ? what : `${what} ${i}`, value]);
  return {
    models,
    participant_id: participant,
    session_id: session,
    ...position,
    label,
    ...Object.fromEntries(several(task.outputName, outputs)),
    ...Object.fromEntries(several("probability", probabilities ?? [])),
    ...metrics,
  };
}

/** How wrong an output is; null where that is not known. */
function errorOf({ label, outputs, probabilities, metrics }: EvaluatedSample, { kind }: Task): Num {
  const [only = null, ...others] = outputs;
  if (label !== null && probabilities !== null && kind === "classes") {
    const [p = 0] = probabilities;
    const right = probabilities.length === 1 ? (label === 1 ? p : 1 - p) : probabilities[label];
    if (right !== undefined) return 1 - right;
  }
  if (label !== null && only !== null && others.length === 0 && kind === "quantity") return Math.abs(only - label);
  return metrics.loss ?? null;
}

/** Where time and memory went: a row for each phase of each split. */
export function resourceTable(resources: readonly Resources[]): ReportTable {
  const rows = resources.flatMap(({ split, phases }) =>
    (phases.found ? phases.value : []).flatMap(({ phase, time, gpuTime, gpuMemory }): Row[] =>
      time.n === 0
        ? []
        : [
            {
              split,
              phase,
              "time (s)": time.mean,
              "sd (s)": time.sd,
              n: time.n,
              "GPU time (s)": gpuTime.mean,
              "GPU max memory (MB)": gpuMemory.mean,
            },
          ],
    ),
  );
  const hasGpu = rows.some((row) => row["GPU time (s)"] !== null);
  const columns = [
    "split",
    "phase",
    "time (s)",
    "sd (s)",
    "n",
    ...(hasGpu ? ["GPU time (s)", "GPU max memory (MB)"] : []),
  ];
  const notes = resources.flatMap(({ split, notes }) => notes.map((note) => `Split ${split}: ${note}.`));
  return { name: "resources", title: "Time and memory", note: notes.join(" "), columns, rows };
}

/** The columns that rows have, those of `first` at the beginning. */
function columnsWith(first: readonly string[], rows: readonly Row[]): string[] {
  return [...new Set([...first, ...columnsOf(rows)])];
}
