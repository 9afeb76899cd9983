import { existsSync } from "node:fs";
import { writeJson } from "../io/files/index.ts";
import { Callback, type EventArgs, type Phase } from "../run/index.ts";

/**
 * Writes the configuration into the MAPS: that of the Trainer where it is not there yet, and that of a tested group.
 * (What describes a split is written with its directories, by the Trainer, so that a split is whole or not there.)
 */
export class ConfigSaverCallback extends Callback {
  override get phase(): Phase {
    return "observe";
  }

  override get ranks(): "main" {
    return "main";
  }

  override onTrainerInit({ model, maps, metrics, optimization, callbacks }: EventArgs<"onTrainerInit">): void {
    const parts = [
      [maps.modelJson, () => model.toDict()],
      [maps.metricsJson, () => metrics.toDict()],
      [maps.training.optimizationJson, () => optimization.toDict()],
      [maps.callbacksJson, () => callbacks.toDict()],
    ] as const;
    const missing = parts.filter(([path]) => !existsSync(path));
    if (missing.length > 0) maps.locked(() => missing.map(([path, describe]) => writeJson(path, describe())));
  }
}
