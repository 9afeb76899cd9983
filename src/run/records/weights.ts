import { existsSync } from "node:fs";
import { readJson, writeJson } from "../../io/files/index.ts";
import type { Maps, SplitDir } from "../../io/maps/index.ts";
import type { Model } from "../../models/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/** What must hold before a training: something learns, and weights were loaded if those of other splits were. */
export function checkWeights(maps: Maps, model: Model, splitIdx: number): void {
  const parameters = [...model.parameters()];
  if (!parameters.some((parameter) => parameter.requiresGrad)) {
    throw new ConfigError(
      `${model.constructor.name} has ${parameters.length === 0 ? "no weights" : "only frozen weights"}: nothing would be learnt. Freeze parts of it only: loadWeights(…, { freeze: ["network.…"] }).`,
    );
  }
  if (model.keptWeights.version > 0) return;
  const others = maps.training.splitsList.filter((i) => i !== splitIdx);
  const [from] = others.flatMap((i) => loadedFrom(maps.training.split(i)));
  if (from === undefined) return;
  throw new ConfigError(
    `The other trainings of ${maps.path} began with weights of ${from}, and this one would begin with new ones. Load them: trainer.model.loadWeights(…); or train in another MAPS.`,
  );
}

function loadedFrom({ weightsJson }: SplitDir): string[] {
  if (!existsSync(weightsJson)) return [];
  const { loaded } = readJson(weightsJson);
  return Array.isArray(loaded) ? loaded.map((part) => String(Object(part).from)) : [];
}

/** Writes down what is frozen when a training begins, and from where its weights come; nothing where there is nothing. */
export function recordWeights({ weightsJson }: SplitDir, model: Model): void {
  const record = model.keptWeights.toDict(model);
  if (record !== null) writeJson(weightsJson, record, { overwrite: true });
}

/** Freezes what was frozen when the training began. */
export function restoreFrozen({ weightsJson }: SplitDir, model: Model): void {
  if (existsSync(weightsJson)) model.keptWeights.restore(model, readJson(weightsJson), weightsJson);
}
