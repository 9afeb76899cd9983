import { ComputationalConfig, type ComputationalOptions } from "../callbacks/index.ts";
import { readJson } from "../io/files/index.ts";
import type { Maps } from "../io/maps/index.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";

/** How the training on a split was computed, with changes. @throws ConfigError when its device is not there. */
export function recordedComputational(
  maps: Maps,
  splitIdx: number,
  changes: ComputationalOptions = {},
): ComputationalConfig {
  const recorded = ComputationalConfig.fromDict(readJson(maps.training.split(splitIdx).computationalJson));
  const config = new ComputationalConfig({ ...(recorded.fields() as ComputationalOptions), ...changes });
  config.checkDevice("The training was recorded with a GPU; go on without one by { computational: { gpu: false } }.");
  return config;
}

/** @throws ClinicaDLException unless there was a training on the split. */
export function checkTrained(maps: Maps, splitIdx: number): void {
  const { splitsList } = maps.training;
  if (splitsList.includes(splitIdx)) return;
  throw new ClinicaDLException(
    `There was no training on split ${splitIdx} in ${maps.path}. Its splits are: ${splitsList.join(", ") || "none"}.`,
  );
}

/** A start that came to nothing (no model, no checkpoint) may be repeated. */
export function checkNotTrained(maps: Maps, splitIdx: number): void {
  if (!maps.training.splitsList.includes(splitIdx)) return;
  const { models, tmp } = maps.training.split(splitIdx);
  if (models.list.length === 0 && tmp.epochsList.length === 0) return;
  const remedy = `Delete it with trainer.maps.deleteSplit(${splitIdx}) to train again`;
  const resume = tmp.epochsList.length === 0 ? "" : `, or go on with trainer.resume({ splitIdx: ${splitIdx} })`;
  throw new ClinicaDLException(`${maps.path} holds a training on split ${splitIdx} already. ${remedy}${resume}.`);
}

/** @throws ClinicaDLException saying why there is nothing to resume from. */
export function checkCheckpoint(maps: Maps, splitIdx: number): void {
  const { tmp, models } = maps.training.split(splitIdx);
  const { epoch, problems } = tmp.newest();
  if (epoch !== null) return;
  if (problems.length > 0) {
    throw new ClinicaDLException(
      `No checkpoint of split ${splitIdx} is whole: ${problems.join("; ")}. Train it again.`,
    );
  }
  if (models.list.includes("final")) {
    throw new ClinicaDLException(`The training on split ${splitIdx} is complete: there is nothing to resume.`);
  }
  throw new ClinicaDLException(
    `The training on split ${splitIdx} has no checkpoint (${tmp.path}): train it again. A TrainingCheckpointCallback with a small everyNEpochs writes them more often.`,
  );
}
