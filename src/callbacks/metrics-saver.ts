import { existsSync } from "node:fs";
import type { MetricsDir } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import { Callback, type EventArgs, type RunLog } from "../run/index.ts";

/**
 * Writes the tables of metrics: of all epochs when training ends, and after `validate` and `test`. Says once per run, metric
 * and cause why a value is missing there.
 */
export class MetricsSaverCallback extends Callback {
  #metrics: MetricsHandler | null = null;
  #checkpoint = "";
  #groupName = "";
  /** The metrics and causes that have been told. */
  #told = new Set<string>();

  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart({ metrics }: EventArgs<"onTrainStart">): void {
    this.#metrics = metrics;
    this.#told.clear();
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onValidationEnd({ state, metrics, log }: EventArgs<"onValidationEnd">): void {
    this.#tell(log, metrics, ` at epoch ${state.currentEpoch}`);
  }
  override onTrainEnd({ maps, state }: EventArgs<"onTrainEnd">): void {
    if (this.#metrics !== null) save(this.#metrics, maps.training.split(state.splitIdx ?? 0).validationMetrics);
  }

  override onValidateStart({ modelCheckpoint }: EventArgs<"onValidateStart">): void {
    this.#checkpoint = modelCheckpoint;
    this.#told.clear();
  }
  override onValidateEnd({ maps, state, metrics, log }: EventArgs<"onValidateEnd">): void {
    this.#tell(log, metrics, "");
    const dir = maps.training.split(state.splitIdx ?? 0).models.getCheckpointDir(this.#checkpoint).validationMetrics;
    // another process may add metrics, too
    maps.locked(() => {
      if (existsSync(dir.aggregatedTsv) && existsSync(dir.detailsTsv)) {
        metrics.merge(dir.aggregatedTsv, dir.detailsTsv);
      } else {
        save(metrics, dir);
      }
    });
  }

  override onTestStart({ modelCheckpoint, groupName }: EventArgs<"onTestStart">): void {
    this.#checkpoint = modelCheckpoint;
    this.#groupName = groupName;
    this.#told.clear();
  }
  override onTestEnd({ maps, metrics, log }: EventArgs<"onTestEnd">): void {
    this.#tell(log, metrics, "");
    const { splitIdx, checkpoint } = maps.training.readCheckpointName(this.#checkpoint);
    save(metrics, maps.test.group(this.#groupName).results(splitIdx, checkpoint).metrics);
  }

  #tell(log: RunLog, metrics: MetricsHandler, when: string): void {
    for (const { metric, cause, message } of metrics.whyUndefined()) {
      const key = `${metric}: ${cause}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      log.warning(`The metric '${metric}'${when}: ${message}.`);
    }
  }
}

function save(metrics: MetricsHandler, dir: MetricsDir): void {
  metrics.save(dir.aggregatedTsv, dir.detailsTsv);
}
