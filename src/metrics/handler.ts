import type { Batch } from "../data/dataloader/index.ts";
import { type Row, writeTsv } from "../io/tsv/index.ts";
import { checkKeys, type JsonObject, show } from "../utils/config.ts";
import { CannotReadFieldError, ConfigError, DataFrameError } from "../utils/exceptions.ts";
import type { FileSum } from "../utils/file-sum.ts";
import { own } from "../utils/registry.ts";
import { type HasLossFunctions, type MetricConfig, withLabelKeyOf } from "./config.ts";
import { DetailTable } from "./detail-table.ts";
import { LossMetric } from "./loss-metric.ts";
import { Metric, type Optimum } from "./metric.ts";
import { asMetric, type MetricLike } from "./metric-like.ts";
import type { NeededField } from "./needed-field.ts";
import { shortestFloat32 } from "./reduce.ts";
import { metricRegistry } from "./registry.ts";
import { mergeIntoFile, readTable, withEmptyCells } from "./tables.ts";

/** Options of {@link MetricsHandler}: `metricsOnCpu`, and every other key is the name of a metric. */
export interface MetricsHandlerOptions {
  /** Whether the batch is brought to the CPU before metrics are computed. Default true. */
  readonly metricsOnCpu?: boolean;
  readonly [metric: string]: MetricLike | boolean | undefined;
}

/** What brings together what several processes have; `World` (src/run) does. */
interface Gatherer {
  gather<T>(value: T): Promise<T[]>;
}

/**
 * Several metrics over the same batches, and the tables of their values.
 *
 * @example
 * ```ts
 * using batch = batchOf([[2], [-1]], [[1], [0]]);
 * const metrics = new MetricsHandler({ auc: new ROCAUCMetricConfig(), loss: new LossMetricConfig() });
 * metrics.initMetrics(model);
 * metrics.update(batch, 1); // one row per sample → metrics.detailedDf
 * metrics.aggregate(1); // one row → metrics.df
 * console.log(metrics.df[0]?.auc, metrics.detailedDf.length); // → 1 2
 * ```
 */
export class MetricsHandler {
  readonly metricsOnCpu: boolean;
  readonly #configs: Map<string, Metric | MetricConfig>;
  #metrics: Map<string, Metric> | null = null;
  #model: HasLossFunctions | null = null;
  #df: Row[] = [];
  readonly #details = new DetailTable();

  constructor({ metricsOnCpu = true, ...metrics }: MetricsHandlerOptions = {}) {
    this.metricsOnCpu = metricsOnCpu;
    this.#configs = new Map(Object.entries(metrics).map(([name, metric]) => [name, asMetric(name, metric)]));
  }

  /**
   * Builds the metrics from their configs.
   * @param model where the losses are, for loss metrics, and the `labelKey` of metrics that were not given one.
   */
  initMetrics(model: HasLossFunctions | null = null): void {
    for (const [name, metric] of this.#configs) {
      if (!(metric instanceof Metric)) this.#configs.set(name, withLabelKeyOf(model, metric));
    }
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
  /** Those of them that are losses of the model. */
  get lossMetricNames(): string[] {
    return [...this.#initialised()].filter(([, metric]) => metric instanceof LossMetric).map(([name]) => name);
  }
  /** The values over the whole data set: `epoch` (if known) and metrics. */
  get df(): readonly Row[] {
    return this.#df;
  }
  /**
   * The values per sample: `epoch` (if known), `participant_id`, `session_id` and metrics. While a model is trained, only
   * those of the last epoch that was evaluated: see {@link keepDetailsIn}.
   */
  get detailedDf(): readonly Row[] {
    return this.#details.rows;
  }
  /** Columns of `df`, in order. */
  get columns(): string[] {
    return [...epochColumn(this.#df), ...this.metricNames];
  }
  /** Columns of `detailedDf`, in order. */
  get detailedColumns(): string[] {
    return [...epochColumn(this.detailedDf), "participant_id", "session_id", ...this.metricNames];
  }

  /**
   * From now on the rows per sample of all epochs are in a file, to which those of an epoch are added when they are
   * aggregated, and in memory are those of the last epoch only. So neither memory nor the time for an epoch grows with
   * the number of epochs. `save` and `load` copy the file. The tables must be empty.
   * @param path null: rows stay in memory again, those that are there; the file is not looked at any more.
   */
  keepDetailsIn(path: string | null): void {
    this.#details.keepIn(path);
  }

  /**
   * Takes a batch into account and adds one row per sample to `detailedDf`.
   * @returns these rows.
   */
  update(batch: Batch, epoch: number | null = null): Row[] {
    const metrics = this.#initialised();
    if (this.metricsOnCpu) batch.to({ device: "cpu" });
    const values = [...metrics].map(([name, metric]) => [name, metric.update(batch)] as const);
    const rows = batch.participants.map(({ participantId, sessionId }, i) => {
      const row: Row = { ...(epoch === null ? {} : { epoch }), participant_id: participantId, session_id: sessionId };
      for (const [name, samples] of values) row[name] = shortestFloat32(samples[i] ?? Number.NaN);
      return row;
    });
    this.#details.add(rows, epoch);
    return rows;
  }

  /**
   * Takes the samples that all processes have evaluated, each its part of the data set, in the order of the data set. Before
   * {@link aggregate}, where several evaluate together.
   */
  async gather(world: Gatherer, epoch: number | null = null): Promise<void> {
    for (const metric of this.#initialised().values()) metric.takeSamples((await world.gather(metric.samples)).flat());
    this.#details.replace(epoch, (await world.gather(this.#details.of(epoch))).flat());
  }

  /** Adds the values over all samples since the last `reset` to `df`. */
  aggregate(epoch: number | null = null): void {
    const row: Row = epoch === null ? {} : { epoch };
    for (const [name, metric] of this.#initialised()) row[name] = metric.aggregate();
    this.#df.push(row);
    if (epoch !== null) this.#details.finish(epoch, this.metricNames);
  }

  /** After `aggregate`: for each metric, why its value is NaN, or leaves samples out. */
  whyUndefined(): { readonly metric: string; readonly cause: string; readonly message: string }[] {
    return [...this.#initialised()].flatMap(([name, metric]) => {
      const why = metric.whyUndefined();
      const unknown = why.length === 0 && Number.isNaN(this.#df.at(-1)?.[name]);
      const told = unknown ? [{ cause: "NaN", message: "it is NaN" }] : why;
      return told.map((one) => ({ metric: name, ...one }));
    });
  }
  /** The fields of the samples that the metrics need, as far as they know. */
  neededFields(): NeededField[] {
    return [...this.#initialised().values()].flatMap((metric) => metric.neededFields());
  }

  /** Makes the metrics forget their samples. `resetDf` empties the tables too. */
  reset({ resetDf = false }: { readonly resetDf?: boolean } = {}): void {
    for (const metric of this.#metrics?.values() ?? []) metric.reset();
    if (!resetDf) return;
    this.#df = [];
    this.#details.reset();
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
    return this.#details.of(epoch);
  }
  /** @throws ConfigError unless there is a metric of that name. */
  checkMetricName(metric: string): void {
    this.#configOf(metric);
  }
  #configOf(metric: string): Metric | MetricConfig {
    const found = this.#configs.get(metric);
    if (found !== undefined) return found;
    throw new ConfigError(
      `There is no metric '${metric}'. The metrics are ${this.metricNames.map((name) => `'${name}'`).join(", ")}.`,
    );
  }

  /** Whether less of a metric is better, or more. @throws ConfigError unless there is a metric of that name. */
  optimumOf(metric: string): Optimum {
    const found = this.#configOf(metric);
    return found instanceof Metric ? found.optimum : found.optimum();
  }

  /** Adds metrics. All metrics forget their samples, so that they have seen the same ones. */
  addMetrics(metrics: Readonly<Record<string, MetricLike>>): void {
    const added = Object.entries(metrics).map(([name, metric]) => [name, asMetric(name, metric)] as const);
    const known = added.find(([name]) => this.#configs.has(name));
    if (known !== undefined) throw new ConfigError(`There is a metric '${known[0]}' already. Choose another name.`);
    for (const [name, metric] of added) this.#configs.set(name, metric);
    this.reset();
    if (this.#metrics !== null) this.initMetrics(this.#model);
    for (const row of [...this.#df, ...this.detailedDf]) for (const [name] of added) row[name] = null;
    this.#details.columnsChanged(this.metricNames);
  }
  removeMetrics(metrics: string | readonly string[]): void {
    for (const name of typeof metrics === "string" ? [metrics] : metrics) {
      this.checkMetricName(name);
      this.#configs.delete(name);
      this.#metrics?.delete(name);
      for (const row of [...this.#df, ...this.detailedDf]) delete row[name];
    }
    this.#details.columnsChanged(this.metricNames);
  }
  /**
   * A new handler with some of the metrics and empty tables; this one does not change. Metrics that are objects, not
   * configs, are shared.
   */
  subset(metrics: readonly string[]): MetricsHandler {
    for (const name of metrics) this.checkMetricName(name);
    const wanted = new Set(metrics);
    return this.#with([...this.#configs].filter(([name]) => wanted.has(name)));
  }
  /** As {@link subset}, of all metrics, with others in place of their configs. */
  changed(change: (config: MetricConfig) => MetricConfig): MetricsHandler {
    return this.#with([...this.#configs].map(([name, one]) => [name, one instanceof Metric ? one : change(one)]));
  }
  #with(metrics: readonly (readonly [string, MetricLike])[]): MetricsHandler {
    const handler = new MetricsHandler({ ...Object.fromEntries(metrics), metricsOnCpu: this.metricsOnCpu });
    if (this.#metrics !== null) handler.initMetrics(this.#model);
    return handler;
  }

  /**
   * Writes `df`, and `detailedDf` if `detailsPath` is given, as TSV.
   * @param options `upTo`: leaves out later epochs. Default: none. `same`: what `detailsPath` was before, as far as is
   * known; if no rows were added since, the new file is a link to it. Default: null.
   * @returns what was written to `detailsPath`, where that is known without reading it.
   */
  save(
    path: string,
    detailsPath: string | null = null,
    { upTo = Number.POSITIVE_INFINITY, same = null }: { readonly upTo?: number; readonly same?: string | null } = {},
  ): FileSum | null {
    const wanted = (rows: readonly Row[]) => withEmptyCells(rows.filter(({ epoch }) => Number(epoch ?? 0) <= upTo));
    const floats = this.metricNames;
    writeTsv(path, wanted(this.#df), this.columns, { floats });
    if (detailsPath === null) return null;
    const { file } = this.#details;
    if (file !== null) return file.copyTo(detailsPath, same);
    writeTsv(detailsPath, wanted(this.detailedDf), this.detailedColumns, { floats });
    return null;
  }
  /** Adds the values to those of existing files, row by row. */
  merge(path: string, detailsPath: string | null = null): void {
    mergeIntoFile(path, this.#df, this.columns);
    if (detailsPath !== null) mergeIntoFile(detailsPath, this.detailedDf, this.detailedColumns);
  }
  /** Takes the tables from files that `save` wrote. */
  load(path: string, detailsPath: string | null = null): void {
    const names = this.metricNames;
    const df = readTable(path, [], names);
    const last = df.at(-1)?.epoch;
    this.#details.load(detailsPath, typeof last === "number" ? last : null, names);
    this.reset();
    this.#df = df;
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
      if (!Object.hasOwn(given, name)) read[name] = metricRegistry.read("MetricsHandler", name, value);
    }
    // in the order in which they were written
    const order = Object.fromEntries(Object.keys(metrics).map((name) => [name, own(given, name) ?? own(read, name)]));
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
