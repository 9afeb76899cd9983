import { existsSync } from "node:fs";
import type { MetricsDir } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import { Callback } from "./callback.ts";
import type { EventArgs } from "./events.ts";

/** Writes the tables of metrics: of all epochs when training ends, and after `validate` and `test`. */
export class MetricsSaverCallback extends Callback {
  #metrics: MetricsHandler | null = null;
  #checkpoint = "";
  #groupName = "";

  override onTrainStart({ metrics }: EventArgs<"onTrainStart">): void {
    this.#metrics = metrics;
  }
  override onResume({ metrics }: EventArgs<"onResume">): void {
    this.#metrics = metrics;
  }
  override onTrainEnd({ maps, state }: EventArgs<"onTrainEnd">): void {
    if (this.#metrics !== null) save(this.#metrics, maps.training.split(state.splitIdx ?? 0).validationMetrics);
  }

  override onValidateStart({ modelCheckpoint }: EventArgs<"onValidateStart">): void {
    this.#checkpoint = modelCheckpoint;
  }
  override onValidateEnd({ maps, state, metrics }: EventArgs<"onValidateEnd">): void {
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
  }
  override onTestEnd({ maps, metrics }: EventArgs<"onTestEnd">): void {
    const { splitIdx, checkpoint } = maps.training.readCheckpointName(this.#checkpoint);
    save(metrics, maps.test.group(this.#groupName).results(splitIdx, checkpoint).metrics);
  }
}

function save(metrics: MetricsHandler, dir: MetricsDir): void {
  metrics.save(dir.aggregatedTsv, dir.detailsTsv);
}
