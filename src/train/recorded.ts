import { existsSync, readFileSync } from "node:fs";
import { isKnownEverywhere } from "../data/datasets/index.ts";
import { readJson, writeJson } from "../io/files/index.ts";
import { loadConfig } from "../io/json/index.ts";
import { type CheckpointDir, type Maps, readExtension, readState, type SplitDir } from "../io/maps/index.ts";
import { ComputationalConfig, type ComputationalOptions } from "../run/index.ts";
import type { Split } from "../split/index.ts";
import { ClinicaDLException, ConfigError } from "../utils/exceptions.ts";
import { rootOf } from "./moved-data.ts";

/** How the training on a split was computed, with changes. @throws ConfigError when its device is not there. */
export function recordedComputational(
  maps: Maps,
  splitIdx: number,
  changes: ComputationalOptions = {},
): ComputationalConfig {
  const { computationalJson, computationalExtrasJson } = maps.training.split(splitIdx);
  const recorded = loadConfig(ComputationalConfig, computationalJson);
  const extras = existsSync(computationalExtrasJson) ? readJson(computationalExtrasJson) : {};
  const fullyShardedDataParallel = extras.fully_sharded_data_parallel === true;
  const checkpointing = extras.checkpointing === true;
  // mixed precision was chosen for the GPU
  const amp = recorded.gpu && changes.gpu === false ? false : recorded.amp;
  const config = new ComputationalConfig({
    ...(recorded.fields() as ComputationalOptions),
    amp,
    fullyShardedDataParallel,
    checkpointing,
    ...changes,
  });
  config.takeDevice("The training was recorded with a GPU; go on without one by { computational: { gpu: false } }.");
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
  if (models.list.length === 0 && tmp.list.length === 0) return;
  const remedy = `Delete it with trainer.maps.deleteSplit(${splitIdx}) to train again`;
  const resume = tmp.list.length === 0 ? "" : `, or go on with trainer.resume({ splitIdx: ${splitIdx} })`;
  throw new ClinicaDLException(`${maps.path} holds a training on split ${splitIdx} already. ${remedy}${resume}.`);
}

/** From where a training goes on, and until which epoch. */
export interface ResumePoint {
  readonly checkpoint: CheckpointDir;
  /** What is wrong with newer checkpoints. */
  readonly problems: readonly string[];
  readonly numEpochs: number;
  /** Whether more epochs were asked for, whatever had ended the training. */
  readonly extended: boolean;
}

/**
 * @param numEpochs as asked for, if it was.
 * @throws ClinicaDLException saying why there is nothing to resume.
 */
export function findResumePoint(maps: Maps, splitIdx: number, numEpochs: number | undefined): ResumePoint {
  const split = maps.training.split(splitIdx);
  const { checkpoint, problems } = split.tmp.newest();
  const more = `To train for more epochs: resume({ splitIdx: ${splitIdx}, numEpochs }).`;
  if (existsSync(split.completeJson) && numEpochs === undefined) {
    throw new ClinicaDLException(`The training on split ${splitIdx} is complete: there is nothing to resume. ${more}`);
  }
  if (checkpoint === null) throw new ClinicaDLException(whyNoCheckpoint(split, splitIdx, problems));
  const extension = unfinishedExtension(split, checkpoint);
  const state = readState(checkpoint, splitIdx);
  const wanted = numEpochs ?? extension ?? state.num_epochs;
  const { epoch } = checkpoint.position;
  if (!Number.isInteger(wanted) || wanted < epoch) {
    throw new ConfigError(
      `resume: 'numEpochs' got ${wanted}, but split ${splitIdx} was trained for ${epoch} epochs already. Give an integer of at least that.`,
    );
  }
  return { checkpoint, problems, numEpochs: wanted, extended: numEpochs !== undefined || extension !== null };
}

/** Writes down that a number of epochs was asked for: the checkpoint from which training goes on does not say so. */
export function recordExtension(split: SplitDir, { checkpoint, numEpochs }: ResumePoint): void {
  const extension = { ...checkpoint.position, num_epochs: numEpochs };
  writeJson(split.extensionJson, extension, { overwrite: true });
}

/** Up to which epoch a training that was interrupted was to be extended from this very checkpoint; or null. */
function unfinishedExtension(split: SplitDir, { position }: CheckpointDir): number | null {
  const extension = readExtension(split.extensionJson);
  if (extension === null) return null;
  const { epoch, batch } = extension.position;
  return epoch === position.epoch && batch === position.batch ? extension.numEpochs : null;
}

function whyNoCheckpoint({ tmp, models }: SplitDir, splitIdx: number, problems: readonly string[]): string {
  if (problems.length > 0) {
    return `No checkpoint of split ${splitIdx} is whole: ${problems.join("; ")}. Train it again.`;
  }
  if (models.list.includes("final")) {
    return `The training on split ${splitIdx} is complete, and no checkpoint was kept (${tmp.path}): there is nothing to resume.`;
  }
  return `The training on split ${splitIdx} has no checkpoint (${tmp.path}): train it again, with a TrainingCheckpointCallback that is enabled.`;
}

/** What a user types to go on with a training. */
export function resumeCommand(maps: Maps, { index: splitIdx, trainDataset, valDataset }: Split): string {
  const { data } = maps.training;
  const parts = [
    maps.modelJson,
    maps.metricsJson,
    maps.callbacksJson,
    data.train(splitIdx).datasetJson,
    data.validation(splitIdx).datasetJson,
  ];
  // objects that are not configs are written as text, and datasets of one's own by a class that only the script knows
  const restorable =
    modelIsRestorable(maps) &&
    isKnownEverywhere(trainDataset) &&
    isKnownEverywhere(valDataset) &&
    parts.every((path) => !/"<[^"]* object>"|"<function /.test(readFileSync(path, "utf8")));
  if (!restorable) return `trainer.resume({ splitIdx: ${splitIdx} }), in the script that began it`;
  const [before, now] = [rootOf(readJson(data.train(splitIdx).datasetJson)), rootOf(trainDataset.toDict())];
  const moved = now === null || now === before ? "" : ` --bids ${inShell(now)}`;
  return `npx clinicadl resume ${inShell(maps.path)} --split ${splitIdx}${moved}`;
}

/** Models that need no script of one's own to be read. */
const BUILT_IN: readonly unknown[] = [
  "SupervisedModel",
  "ReconstructionModel",
  "SegmentationModel",
  "VAEModel",
  "MultiTaskModel",
];

/** A model of one's own is a text as a whole, one with a network or the like of one's own in part. */
function modelIsRestorable({ modelJson }: Maps): boolean {
  try {
    const { name_, network, loss, tasks, optimizer } = readJson(modelJson);
    const losses = name_ === "MultiTaskModel" ? lossesOf(tasks) : [loss];
    return BUILT_IN.includes(name_) && [network, ...losses, optimizer].every((part) => typeof part === "object");
  } catch {
    return false;
  }
}

/** Those of the tasks of a MultiTaskModel. */
function lossesOf(tasks: unknown): unknown[] {
  const each: unknown[] = typeof tasks === "object" && tasks !== null ? Object.values(tasks) : [];
  return each.map((task) => (typeof task === "object" && task !== null && "loss" in task ? task.loss : undefined));
}

/** A path as one word of a shell. */
function inShell(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
