/** What `validate` and `test` write beside the values of metrics, where ClinicaDL does not look. */
import type { DatasetLike } from "../data/datasets/index.ts";
import type { MetricsDir } from "../io/maps/index.ts";
import {
  checkStatistics,
  type GroupBy,
  groupTable,
  type IntervalOptions,
  intervalTable,
  ownTables,
  replaceRows,
} from "../metrics/index.ts";
import type { RunContext } from "./context.ts";

/** What an evaluation computes of the metrics besides their values. */
export interface StatisticsOptions {
  /** Intervals of confidence, of participants drawn again, in `intervals.tsv`: `{}` for 2000 draws and BCa at 95 %. Default: none. */
  readonly intervals?: IntervalOptions | undefined;
  /** Columns of the data: the metrics of each group alone, in `groups.tsv`, with `intervals` where they are asked for. Default: none. */
  readonly groups?: readonly GroupBy[] | undefined;
}

/** The tables of one evaluation, which knows at its start that it can write them. */
export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #dataset: DatasetLike;

  /** @param what for messages. @throws ConfigError, DataFrameError */
  constructor(what: string, dataset: DatasetLike, options: StatisticsOptions) {
    checkStatistics(what, dataset.df, options);
    this.#options = options;
    this.#dataset = dataset;
  }

  /** After an evaluation, by the first of several processes, before the values are written. */
  write(dir: MetricsDir, { maps, metrics, log, world }: RunContext): void {
    if (!world.isMain) return;
    const { intervals = null, groups = [] } = this.#options;
    const evaluated = {
      metrics: metrics.metrics ?? {},
      samples: metrics.detailedDf,
      data: this.#dataset.df,
    };
    const rows = intervals === null ? [] : intervalTable(evaluated, intervals);
    const tables = ownTables(evaluated.metrics);
    tables.set("intervals", rows);
    tables.set("groups", groupTable(evaluated, groups, intervals));
    // another process may add metrics, too; what takes time is done
    maps.locked(() => {
      for (const [name, table] of tables) replaceRows(dir.table(name), metrics.metricNames, table);
    });
    for (const { metric, value, lower, n_participants: n } of rows) {
      if (!Number.isNaN(lower) || Number.isNaN(value)) continue;
      log.warning(
        `The interval of '${metric}' is not known, with ${n} participant(s): all draws are on one side of its value, or it is not defined without one of them. Look at it with more participants, 'stratify', or the method "percentile".`,
      );
    }
  }
}
