import { writeJson } from "../io/files/index.ts";
import type { Maps } from "../io/maps/index.ts";
import type { Described } from "./differences.ts";
import type { TrainerParts } from "./trainer-parts.ts";

type Parts = Pick<TrainerParts, "model" | "metrics" | "callbacks" | "optimization">;

/** What a Trainer is made of, and in which files a MAPS says so. */
export function describeParts(maps: Maps, { model, metrics, callbacks, optimization }: Parts): Described[] {
  return [
    { what: "model", file: maps.modelJson, now: model.toDict() },
    { what: "metrics", file: maps.metricsJson, now: metrics.toDict() },
    { what: "callbacks", file: maps.callbacksJson, now: callbacks.toDict() },
    { what: "callbacks", file: maps.callbacksExtrasJson, now: callbacks.extrasToDict() },
    { what: "optimization", file: maps.training.optimizationJson, now: optimization.toDict() },
  ];
}

/** Writes what a Trainer is made of into a MAPS that has nothing of it; `readParts` reads it. */
export function writeParts(maps: Maps, parts: Parts): void {
  for (const { file, now } of describeParts(maps, parts)) writeJson(file, now);
  maps.saveFile(parts.model.toString(), maps.architectureLog);
}
