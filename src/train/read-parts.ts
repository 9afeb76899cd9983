import { CallbacksHandler } from "../callbacks/index.ts";
import { loadConfig } from "../io/json/index.ts";
import { type Maps, readCallbackExtras } from "../io/maps/index.ts";
import { MetricsHandler } from "../metrics/index.ts";
import { modelFromDict } from "../models/index.ts";
import { OptimizationConfig } from "../optim/index.ts";
import { refuseUnknown } from "../utils/options.ts";
import type { RestoreOptions, TrainerOptions } from "./options.ts";
import { readComponent } from "./restore.ts";

type Given = Omit<RestoreOptions, "bids">;

/**
 * What the Trainer of a MAPS is made of, with parts to take instead of what the MAPS says.
 * @throws CannotReadJsonError naming the part that cannot be restored and must be passed.
 */
export function readParts(maps: Maps, options: Given): Omit<TrainerOptions, "maps" | "overwrite"> {
  const { model, metrics, callbacks, distributed, ...rest } = options;
  refuseUnknown("fromMaps", rest);
  using _open = maps.open();
  const remedy = (part: string) => `Pass it: Trainer.fromMaps(path, { ${part} }).`;
  return {
    metrics:
      metrics ?? readComponent("metrics", maps.metricsJson, remedy("metrics"), (dict) => MetricsHandler.fromDict(dict)),
    callbacks:
      callbacks ??
      readComponent("callbacks", maps.callbacksJson, remedy("callbacks"), (dict) =>
        CallbacksHandler.fromDict(dict, readCallbackExtras(maps.callbacksExtrasJson)),
      ),
    optimization: loadConfig(OptimizationConfig, maps.training.optimizationJson),
    ...(distributed === undefined ? {} : { distributed }),
    // last, since it has weights, which would have to be given back if another part could not be read
    model: model ?? readComponent("model", maps.modelJson, remedy("model"), modelFromDict),
  };
}
