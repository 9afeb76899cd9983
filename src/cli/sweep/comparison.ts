/** By what the trials of a sweep are compared, looked at before the first is trained. */
import { CallbacksHandler, ModelCheckpointCallback } from "../../callbacks/index.ts";
import { MetricsHandler } from "../../metrics/index.ts";
import { OptimizationConfig } from "../../optim/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { Experiment } from "../experiment/schema.ts";
import type { SweepFile } from "./file.ts";

/** @throws ConfigError where the experiment does not compute the metric or keep the model by which trials are compared, or the direction is not the metric's. */
export function checkComparison({ sweep, experiment }: SweepFile, given: Experiment): void {
  const { metric, direction, checkpoint } = sweep;
  const names = Object.keys(given.metrics ?? { loss: null });
  if (!names.includes(metric)) {
    throw new ConfigError(
      `The sweep's 'metric' is '${metric}', and the metrics of ${experiment} are: ${names.join(", ") || "none"}.`,
    );
  }
  const optimum = given.metrics === undefined ? "min" : new MetricsHandler(given.metrics).optimumOf(metric);
  if (optimum !== direction) {
    throw new ConfigError(
      `The sweep's 'direction' is ${direction}, and of '${metric}' ${optimum === "max" ? "more" : "less"} is better: the worst trial would be the best. Give direction: ${optimum}.`,
    );
  }
  if (!keeps(given, checkpoint)) {
    throw new ConfigError(
      `The sweep's 'checkpoint' is '${checkpoint}', and no ModelCheckpointCallback of ${experiment} keeps that model: final (unless save_last is false), best-<metric> of its metric, epoch-<n> of its epochs that are trained.`,
    );
  }
}

function keeps({ callbacks, optimization }: Experiment, checkpoint: string): boolean {
  const [, kind, what = ""] = /^(best|epoch)-(.+)$/.exec(checkpoint) ?? [];
  const epoch = Number(what);
  return new CallbacksHandler(callbacks).callbacks
    .filter((callback) => callback instanceof ModelCheckpointCallback)
    .some(({ metric, epochs, everyNEpochs, saveLast }) => {
      if (kind === undefined) return checkpoint === "final" && saveLast;
      if (kind === "best") return metric === what;
      const isKept = epochs.includes(epoch) || (everyNEpochs !== null && epoch > 0 && epoch % everyNEpochs === 0);
      return isKept && epoch <= OptimizationConfig.fromOptions(optimization).numEpochs;
    });
}
