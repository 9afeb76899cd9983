import { type Row, readTsv, writeTsv } from "../io/tsv/index.ts";
import { type JsonObject, type JsonValue, show } from "../utils/config.ts";
import {
  CannotReadFieldError,
  ConfigError,
  DataFrameError,
  MissingFieldsError,
  WrongFieldsError,
} from "../utils/exceptions.ts";
import type { EvaluatedBatch } from "./batch-like.ts";
import type { HasLossFunctions, MetricConfig } from "./configs.ts";
import { METRIC_CONFIGS } from "./factory.ts";
import { Metric } from "./metric.ts";
import { shortestFloat32 } from "./reduce.ts";
import { mergeTables, TABLE_KEYS, withEmptyCells, withNan } from "./tables.ts";

/** A metric, its config, or the plain object of the config with its `name_`. */
export type MetricLike = Metric | MetricConfig | { readonly name_: string; readonly [option: string]: unknown };

/** Options of {@link MetricsHandler}: `metricsOnCpu`, and every other key is the name of a metric. */
export interface MetricsHandlerOptions {
  /** Whether the batch is brought to the CPU before metrics are computed. Default true. */
  readonly metricsOnCpu?: boolean;
  readonly [metric: string]: MetricLike | boolean | undefined;
}

/** A batch that can be moved to another device. */
interface MovableBatch extends EvaluatedBatch {
  to(options: { readonly device: "cpu" }): unknown;
}

/**
 * Several metrics over the same batches, and the tables of their values.
 *
 * ```ts
 * const metrics = new MetricsHandler({ mae: new MAEMetricConfig(), loss: new LossMetricConfig() });
 * metrics.initMetrics(model);
 * metrics.update(batch, 1); // one row per sample → metrics.detailedDf
 * metrics.aggregate(1);     // one row → metrics.df
 * ```
 */
export class MetricsHandler {
  readonly metricsOnCpu: boolean;
  readonly #configs: Map<string, Metric | MetricConfig>;
  #metrics: Map<string, Metric> | null = null;
  #model: HasLossFunctions | null = null;
  #df: Row[] = [];
  #detailedDf: Row[] = [];

  constructor({ metricsOnCpu = true, ...metrics }: MetricsHandlerOptions = {}) {
    this.metricsOnCpu = metricsOnCpu;
    this.#configs = new Map(Object.entries(metrics).map(([name, metric]) => [name, asMetric(name, metric)]));
  }

  /** Builds the metrics from their configs. @param model where the losses are, for loss metrics. */
  initMetrics(model: HasLossFunctions | null = null): void {
    this.#metrics = new Map(
      [...this.#configs].map(([name, m]) => [name, m instanceof Metric ? m : m.getObject(model)]),
    );
    this.#model = model;
  }

  /** The metrics, by name; null before `initMetrics`. */
  get metrics(): Readonly<Record<string, Metric>> | null {
    return this.#metrics === null ? null : Object.fromEntries(this.#metrics);
  }
  get metricNames(): string[] {
    return [...this.#configs.keys()];
  }
  /** The values over the whole data set: `epoch` (if known) and metrics. */
  get df(): readonly Row[] {
    return this.#df;
  }
  /** The values per sample: `epoch` (if known), `participant_id`, `session_id` and metrics. */
  get detailedDf(): readonly Row[] {
    return this.#detailedDf;
  }
  /** Columns of `df`, in order. */
  get columns(): string[] {
    return [...epochColumn(this.#df), ...this.metricNames];
  }
  /** Columns of `detailedDf`, in order. */
  get detailedColumns(): string[] {
    return [...epochColumn(this.#detailedDf), "participant_id", "session_id", ...this.metricNames];
  }

  /**
   * Takes a batch into account and adds one row per sample to `detailedDf`.
   * @returns these rows.
   */
  update(batch: EvaluatedBatch, epoch: number | null = null): Row[] {
    const metrics = this.#initialised();
    if (this.metricsOnCpu && "to" in batch) (batch as MovableBatch).to({ device: "cpu" });
    const values = [...metrics].map(([name, metric]) => [name, metric.update(batch)] as const);
    const rows = batch.participants.map(({ participantId, sessionId }, i) => {
      const row: Row = { ...(epoch === null ? {} : { epoch }), participant_id: participantId, session_id: sessionId };
      for (const [name, samples] of values) row[name] = shortestFloat32(samples[i] ?? Number.NaN);
      return row;
    });
    for (const row of rows) this.#detailedDf.push(row);
    return rows;
  }

  /** Adds the values over all samples since the last `reset` to `df`. */
  aggregate(epoch: number | null = null): void {
    const row: Row = epoch === null ? {} : { epoch };
    for (const [name, metric] of this.#initialised()) row[name] = metric.aggregate();
    this.#df.push(row);
  }

  /** Makes the metrics forget their samples. `resetDf` empties the tables too. */
  reset({ resetDf = false }: { readonly resetDf?: boolean } = {}): void {
    for (const metric of this.#metrics?.values() ?? []) metric.reset();
    if (!resetDf) return;
    this.#df = [];
    this.#detailedDf = [];
  }

  /** The value of a metric over the data set, at an epoch or the last one computed. */
  getMetricValue(metric: string, epoch: number | null = null): number {
    this.checkMetricName(metric);
    const [row] = this.getMetricValues(epoch);
    const value = row?.[metric];
    if (typeof value === "number") return value;
    const when = epoch === null ? "" : ` at epoch ${epoch}`;
    throw new DataFrameError(`There is no value of the metric '${metric}'${when}. Was the model evaluated then?`);
  }
  /** The rows of `df` of an epoch, or the last one. */
  getMetricValues(epoch: number | null = null): Row[] {
    return epoch === null ? this.#df.slice(-1) : this.#df.filter((row) => row.epoch === epoch);
  }
  /** The rows of `detailedDf` of an epoch. */
  getDetailedMetricValues(epoch: number): Row[] {
    return this.#detailedDf.filter((row) => row.epoch === epoch);
  }
  /** @throws ConfigError unless there is a metric of that name. */
  checkMetricName(metric: string): void {
    if (this.#configs.has(metric)) return;
    throw new ConfigError(
      `There is no metric '${metric}'. The metrics are ${this.metricNames.map((name) => `'${name}'`).join(", ")}.`,
    );
  }

  /** Adds metrics. All metrics forget their samples, so that they have seen the same ones. */
  addMetrics(metrics: Readonly<Record<string, MetricLike>>): void {
    const added = Object.entries(metrics).map(([name, metric]) => [name, asMetric(name, metric)] as const);
    const known = added.find(([name]) => this.#configs.has(name));
    if (known !== undefined) throw new ConfigError(`There is a metric '${known[0]}' already. Choose another name.`);
    for (const [name, metric] of added) this.#configs.set(name, metric);
    this.reset();
    if (this.#metrics !== null) this.initMetrics(this.#model);
    for (const row of [...this.#df, ...this.#detailedDf]) for (const [name] of added) row[name] = null;
  }
  removeMetrics(metrics: string | readonly string[]): void {
    for (const name of typeof metrics === "string" ? [metrics] : metrics) {
      this.checkMetricName(name);
      this.#configs.delete(name);
      this.#metrics?.delete(name);
      for (const row of [...this.#df, ...this.#detailedDf]) delete row[name];
    }
  }
  /**
   * A new handler with some of the metrics and empty tables; this one does not change. Metrics that are objects, not
   * configs, are shared.
   */
  subset(metrics: readonly string[]): MetricsHandler {
    for (const name of metrics) this.checkMetricName(name);
    const wanted = new Set(metrics);
    const kept = Object.fromEntries([...this.#configs].filter(([name]) => wanted.has(name)));
    const handler = new MetricsHandler({ ...kept, metricsOnCpu: this.metricsOnCpu });
    if (this.#metrics !== null) handler.initMetrics(this.#model);
    return handler;
  }

  /**
   * Writes `df`, and `detailedDf` if `detailsPath` is given, as TSV.
   * @param options `upTo`: leaves out later epochs. Default: none.
   */
  save(
    path: string,
    detailsPath: string | null = null,
    { upTo = Number.POSITIVE_INFINITY }: { readonly upTo?: number } = {},
  ): void {
    const options = { floats: this.metricNames };
    const wanted = (rows: readonly Row[]) => withEmptyCells(rows.filter(({ epoch }) => Number(epoch ?? 0) <= upTo));
    writeTsv(path, wanted(this.#df), this.columns, options);
    if (detailsPath !== null) writeTsv(detailsPath, wanted(this.#detailedDf), this.detailedColumns, options);
  }
  /** Adds the values to those of existing files, row by row. */
  merge(path: string, detailsPath: string | null = null): void {
    const pairs = [
      [path, this.#df] as const,
      ...(detailsPath === null ? [] : [[detailsPath, this.#detailedDf] as const]),
    ];
    for (const [file, rows] of pairs) {
      const merged = mergeTables(readTsv(file), withEmptyCells(rows));
      const columns = Object.keys(merged[0] ?? {});
      writeTsv(file, merged, columns, { floats: columns.filter((column) => !TABLE_KEYS.includes(column)) });
    }
  }
  /** Takes the tables from files that `save` wrote. */
  load(path: string, detailsPath: string | null = null): void {
    const df = this.#read(path, []);
    const details = detailsPath === null ? [] : this.#read(detailsPath, ["participant_id", "session_id"]);
    this.reset({ resetDf: true });
    this.#df = df;
    this.#detailedDf = details;
  }
  #read(path: string, keys: readonly string[]): Row[] {
    const rows = readTsv(path);
    const missing = [...keys, ...this.metricNames].filter((column) => rows.some((row) => !(column in row)));
    if (missing.length > 0)
      throw new DataFrameError(`${path} lacks the column(s) ${missing.map((c) => `'${c}'`).join(", ")}.`);
    return withNan(rows, this.metricNames);
  }

  toDict(): JsonObject {
    const metrics: JsonObject = {};
    for (const [name, metric] of this.#configs)
      metrics[name] = metric instanceof Metric ? metric.toString() : metric.toDict();
    return { name_: "MetricsHandler", metrics, metrics_on_cpu: this.metricsOnCpu };
  }
  /**
   * Rebuilds a handler from `toDict`.
   * @param given metrics to take instead of those in `dict`, such as custom ones, which JSON cannot hold.
   */
  static fromDict(dict: JsonObject, given: Readonly<Record<string, MetricLike>> = {}): MetricsHandler {
    const missing = ["name_", "metrics", "metrics_on_cpu"].filter((key) => !(key in dict));
    if (missing.length > 0)
      throw new MissingFieldsError(`MetricsHandler: missing ${missing.map((k) => `'${k}'`).join(", ")}.`);
    const extra = Object.keys(dict).filter((key) => !["name_", "metrics", "metrics_on_cpu"].includes(key));
    if (extra.length > 0)
      throw new WrongFieldsError(`MetricsHandler: unknown ${extra.map((k) => `'${k}'`).join(", ")}.`);
    const written = dict.metrics;
    if (typeof written !== "object" || written === null || Array.isArray(written)) {
      throw new CannotReadFieldError(`MetricsHandler: 'metrics' is ${show(written)}, not an object.`, ["metrics"]);
    }
    const read: Record<string, MetricLike> = {};
    for (const [name, value] of Object.entries({ ...written, ...given })) {
      read[name] = name in given ? (value as MetricLike) : readMetric(name, value as JsonValue);
    }
    return new MetricsHandler({ ...read, metricsOnCpu: dict.metrics_on_cpu !== false });
  }

  #initialised(): Map<string, Metric> {
    if (this.#metrics === null) throw new ConfigError("The metrics are not built yet. Call initMetrics(model) first.");
    return this.#metrics;
  }
}

function epochColumn(rows: readonly Row[]): string[] {
  return rows.some((row) => "epoch" in row) ? ["epoch"] : [];
}

function isConfig(value: unknown): value is MetricConfig {
  return (
    typeof value === "object" && value !== null && typeof (value as Partial<MetricConfig>).getObject === "function"
  );
}

function asMetric(name: string, value: unknown): Metric | MetricConfig {
  if (value instanceof Metric || isConfig(value)) return value;
  if (typeof value === "object" && value !== null && "name_" in value) {
    const { name_, ...options } = value;
    const Class = METRIC_CONFIGS[String(name_)] as (new (options: object) => MetricConfig) | undefined;
    if (Class !== undefined) return new Class(options);
  }
  throw new ConfigError(
    `The metric '${name}' got ${show(value)}. Expected a Metric or the config of ${Object.keys(METRIC_CONFIGS).join(", ")}.`,
  );
}

function readMetric(name: string, value: JsonValue): MetricConfig {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const Class = isObject && typeof value.name_ === "string" ? METRIC_CONFIGS[value.name_] : undefined;
  if (!isObject || Class === undefined) {
    throw new CannotReadFieldError(
      `The metric '${name}' was written as ${show(value)}, which cannot be read back. Pass it again.`,
      [name],
    );
  }
  return Class.fromDict(value);
}
