import { type Row, readTsv, writeTsv } from "../io/tsv/index.ts";
import { checkKeys, type JsonObject, show } from "../utils/config.ts";
import { CannotReadFieldError, ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { configFrom, type Named, readConfig } from "../utils/registry.ts";
import type { EvaluatedBatch } from "./batch-like.ts";
import type { HasLossFunctions, MetricConfig } from "./configs.ts";
import { METRIC_CONFIGS } from "./factory.ts";
import { Metric } from "./metric.ts";
import { shortestFloat32 } from "./reduce.ts";
import { mergeIntoFile, TABLE_KEYS, withEmptyCells, withNan } from "./tables.ts";

/** A metric, its config, or the plain object of the config with its `name_`. */
export type MetricLike = Metric | MetricConfig | Named;

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
    mergeIntoFile(path, this.#df, this.columns);
    if (detailsPath !== null) mergeIntoFile(detailsPath, this.#detailedDf, this.detailedColumns);
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
   * @param given what to take instead of what is written: `metricsOnCpu`, and metrics by name, such as those of one's own,
   * which JSON cannot hold; metrics that are not written are added.
   * @throws MissingFieldsError, WrongFieldsError when keys are missing, or not known.
   * @throws CannotReadFieldError naming the metric that cannot be read.
   */
  static fromDict(dict: JsonObject, given: MetricsHandlerOptions = {}): MetricsHandler {
    checkKeys("MetricsHandler", dict, ["metrics", "metrics_on_cpu"]);
    const { metrics, metrics_on_cpu: onCpu } = dict;
    if (typeof metrics !== "object" || metrics === null || Array.isArray(metrics)) {
      throw new CannotReadFieldError(`MetricsHandler: 'metrics' is ${show(metrics)}, not an object.`, ["metrics"]);
    }
    if (typeof onCpu !== "boolean") {
      throw new CannotReadFieldError(`MetricsHandler: 'metrics_on_cpu' is ${show(onCpu)}, not true or false.`, [
        "metrics_on_cpu",
      ]);
    }
    const read: Record<string, MetricLike> = {};
    for (const [name, value] of Object.entries(metrics)) {
      if (!(name in given)) read[name] = readConfig("MetricsHandler", name, value, METRIC_CONFIGS);
    }
    // in the order in which they were written
    const order = Object.fromEntries(Object.keys(metrics).map((name) => [name, given[name] ?? read[name]]));
    return new MetricsHandler({ metricsOnCpu: onCpu, ...order, ...given });
  }

  #initialised(): Map<string, Metric> {
    if (this.#metrics === null) throw new ConfigError("The metrics are not built yet. Call initMetrics(model) first.");
    return this.#metrics;
  }
}

function epochColumn(rows: readonly Row[]): string[] {
  return rows.some((row) => "epoch" in row) ? ["epoch"] : [];
}

function asMetric(name: string, value: unknown): Metric | MetricConfig {
  if (TABLE_KEYS.includes(name)) {
    throw new ConfigError(`A metric cannot be named '${name}', which is a column of the tables. Choose another name.`);
  }
  const metric = value instanceof Metric ? value : configFrom(`The metric '${name}'`, value, METRIC_CONFIGS);
  if (metric !== null) return metric;
  throw new ConfigError(
    `The metric '${name}' got ${show(value)}. Expected a Metric or the config of ${Object.keys(METRIC_CONFIGS).join(", ")}.`,
  );
}
