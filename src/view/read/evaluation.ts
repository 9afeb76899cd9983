import { existsSync } from "node:fs";
import { folderOf, Maps, type MetricsDir, type Models, type ResultsDir } from "../../io/maps/index.ts";
import { type Row, readTsv } from "../../io/tsv/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { type DataTable, readData } from "./data-table.ts";
import { type Bounds, intervalsOf } from "./folds.ts";
import { type Num, numOf } from "./numbers.ts";
import { type Part, partOf, valueOr } from "./part.ts";
import { probabilitiesOf } from "./probabilities.ts";
import { readTask, type Task } from "./task.ts";

/** Which evaluation: the model of a split, or an ensemble, on its validation data (`group` null) or on a group. */
export interface EvaluationKey {
  readonly models: Models;
  /** `best-<metric>`, `epoch-<n>` or `final`. */
  readonly checkpoint: string;
  /** A group that was tested, predicted, or both; null: the validation data of the split. */
  readonly group: string | null;
}

/** A sample of an evaluation: an image, a patch or a slice of a participant's session. */
export interface EvaluatedSample {
  readonly participant: string;
  readonly session: string;
  /** Where in its image a patch or slice was, as the columns of `output.tsv` say; null of whole images, or where it is not recorded. */
  readonly position: Readonly<Record<string, Num>> | null;
  /** What was to be learnt: a number or the index of a class; null where it is not known. */
  readonly label: Num;
  /** The model's, as they were written; empty where there are no predictions. */
  readonly outputs: readonly Num[];
  /** Of each class, of one output that of class 1; null where outputs are no such. */
  readonly probabilities: readonly number[] | null;
  /** By name; null where a metric is not defined on one sample. Empty where there are no metrics. */
  readonly metrics: Readonly<Record<string, Num>>;
}

/** What a model gave on data, sample by sample, and over all. */
export interface Evaluation extends EvaluationKey {
  readonly task: Task;
  readonly samples: readonly EvaluatedSample[];
  /** Over the data set. */
  readonly metrics: Readonly<Record<string, Num>>;
  readonly intervals: Readonly<Record<string, Bounds>>;
  /** Tables that the evaluation has beside: by name, of `intervals`, `groups`, `confusion_matrix`, `reliability`. */
  readonly tables: Readonly<Record<string, readonly Row[]>>;
  /** What is not there, and why. */
  readonly missing: readonly string[];
}

const TABLES = ["intervals", "groups", "confusion_matrix", "reliability"] as const;

/**
 * What a model gave on data, sample by sample: metrics of `details.tsv`, outputs of `predict`, labels of the data as the MAPS records them.
 * Where one of them is missing, `missing` says so.
 *
 * ```ts
 * const evaluation = readEvaluation("maps", { models: 0, checkpoint: "final", group: "held_out" });
 * if (evaluation.found) for (const { participant, label, probabilities } of evaluation.value.samples) console.log(participant, label, probabilities);
 * ```
 */
export function readEvaluation(path: string, key: EvaluationKey): Part<Evaluation> {
  return partOf(() => {
    const maps = new Maps(path);
    const { metrics, output, data } = placesOf(maps, key);
    const task = readTask(path, output?.infererJson);
    const details = metrics === null ? null : partOf(() => readTsv(metrics.detailsTsv));
    const outputs = output === null ? null : partOf(() => readTsv(output.outputTsv));
    if (details?.found !== true && outputs?.found !== true) {
      const reasons = [details, outputs].flatMap((part) => (part === null || part.found ? [] : [part.reason]));
      const on = key.group === null ? "its validation data" : `the group '${key.group}'`;
      const what = `There is nothing of ${folderOf(key.models)}_${key.checkpoint} on ${on}.`;
      throw new ClinicaDLException([what, ...reasons].join(" "));
    }
    const aggregated = metrics === null ? null : partOf(() => readTsv(metrics.aggregatedTsv).at(-1) ?? {});
    const table = readData(data);
    const parts = [details, aggregated, outputs, table];
    const tables = metrics === null ? [] : TABLES.map((name) => [name, metrics.table(name)] as const);
    return {
      ...key,
      task,
      samples: samplesOf(
        details === null ? [] : valueOr(details, []),
        outputs === null ? [] : valueOr(outputs, []),
        valueOr(table, null),
        task,
      ),
      metrics: metricsIn(aggregated === null ? {} : valueOr(aggregated, {})),
      intervals: metrics === null ? {} : Object.fromEntries(intervalsOf(metrics.table("intervals"))),
      tables: Object.fromEntries(
        tables.flatMap(([name, file]) => {
          const rows = existsSync(file) ? partOf(() => readTsv(file)) : null;
          return rows?.found === true ? [[name, rows.value] as const] : [];
        }),
      ),
      missing: parts.flatMap((part) => (part === null || part.found ? [] : [part.reason])),
    };
  });
}

/** Where the parts of an evaluation are. */
function placesOf(
  { training, test, prediction }: Maps,
  { models, checkpoint, group }: EvaluationKey,
): {
  readonly metrics: MetricsDir | null;
  readonly output: ResultsDir | null;
  /** The directories that describe the data: the first that is there counts. */
  readonly data: readonly string[];
} {
  if (group === null) {
    if (typeof models !== "number")
      throw new ClinicaDLException("The models of several splits share no validation data.");
    const { validationMetrics } = training.split(models).models.getCheckpointDir(checkpoint);
    return { metrics: validationMetrics, output: null, data: [training.data.validation(models).datasetJson] };
  }
  const [tested, predicted] = [test.group(group), prediction.group(group)];
  const isTested = existsSync(tested.results(models, checkpoint).path);
  const isPredicted = existsSync(predicted.results(models, checkpoint).path);
  return {
    metrics: isTested ? tested.results(models, checkpoint).metrics : null,
    output: isPredicted ? predicted.results(models, checkpoint) : null,
    data: [predicted, tested].map(({ datasetJson }) => datasetJson),
  };
}

function samplesOf(
  details: readonly Row[],
  outputs: readonly Row[],
  data: DataTable | null,
  task: Task,
): EvaluatedSample[] {
  // samples of one session come in one order in both tables, which are of the same data
  const [byPair, outputsByPair] = [groupByPair(details), groupByPair(outputs)];
  const pairs = new Set([...byPair.keys(), ...outputsByPair.keys()]);
  return [...pairs].flatMap((pair) => {
    const [metricRows, outputRows] = [byPair.get(pair) ?? [], outputsByPair.get(pair) ?? []];
    const together = metricRows.length === outputRows.length || metricRows.length === 0 || outputRows.length === 0;
    const rows = together ? Math.max(metricRows.length, outputRows.length) : metricRows.length;
    return Array.from({ length: rows }, (_, i): EvaluatedSample => {
      const [metrics, output] = [metricRows[i] ?? {}, together ? (outputRows[i] ?? {}) : {}];
      const identity = metricRows[i] ?? output;
      const label =
        task.labelKey === null ? null : (output[task.labelKey] ?? data?.cellOf(pair, task.labelKey) ?? null);
      const values = outputColumns(output, task.outputName);
      const position = Object.entries(output).filter(([column]) => /^sample_position|^slice_direction$/.test(column));
      return {
        participant: String(identity.participant_id ?? ""),
        session: String(identity.session_id ?? ""),
        position:
          position.length === 0 ? null : Object.fromEntries(position.map(([name, cell]) => [name, numOf(cell)])),
        label: typeof label === "boolean" ? Number(label) : numOf(label),
        outputs: values,
        probabilities: probabilitiesOf(values, task.activation),
        metrics: metricsIn(metrics),
      };
    });
  });
}

function groupByPair(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, (row) => `${row.participant_id}\t${row.session_id}`);
}

const IDENTITY: ReadonlySet<string> = new Set(["epoch", "participant_id", "session_id"]);

function metricsIn(row: Row): Record<string, Num> {
  const columns = Object.entries(row).filter(([column]) => !IDENTITY.has(column));
  return Object.fromEntries(columns.map(([name, cell]) => [name, numOf(cell)]));
}

/** `output`, or `output_0`, `output_1` … in this order. */
function outputColumns(row: Row, name: string): Num[] {
  if (name in row) return [numOf(row[name])];
  const values: Num[] = [];
  for (let i = 0; `${name}_${i}` in row; i++) values.push(numOf(row[`${name}_${i}`]));
  return values;
}
