/** What is read of a MAPS, beside configs: a schema for each file, so that no value of another type or range is used. */
import { existsSync } from "node:fs";
import { z } from "zod";
import type { JsonObject } from "../../utils/config.ts";
import { parseWith } from "../../utils/config.ts";
import { CannotReadJsonError, ConfigError } from "../../utils/exceptions.ts";
import { readJson } from "../files/index.ts";
import type { CheckpointDir, Position } from "./checkpoints.ts";

const count = z.int().nonnegative();

/** Where a Trainer was: `state.json` of a checkpoint. */
const state = z.looseObject({
  called: z.enum(["train", "validate", "test", "predict"]).nullable(),
  stage: z.enum(["training", "evaluation", "prediction", "interrupted"]).nullable(),
  should_stop: z.boolean(),
  current_train_batch: count,
  num_train_batches: count,
  current_val_batch: count,
  num_val_batches: count,
  current_test_batch: count,
  num_test_batches: count,
  current_pred_batch: count,
  num_pred_batches: count,
  current_epoch: count,
  num_epochs: count,
  optim_step: count,
  split_idx: count,
});

/** The sizes of logs, and the number of the last event: `.clinicadl-ts/split.json` of a checkpoint. */
const splitRecord = z.looseObject({ logs: z.record(z.string(), count), events: count.default(0) });

/** `.clinicadl-ts/extension.json` of a split. */
const extension = z.looseObject({ epoch: count, batch: count.nullable(), num_epochs: z.int().positive() });

/** `.clinicadl-ts/callbacks.json`: options that ClinicaDL does not have, of each callback; and callbacks that it does not have. */
const extras = z.looseObject({
  callbacks: z.array(z.record(z.string(), z.unknown())),
  others: z.array(z.looseObject({ position: count, callback: z.record(z.string(), z.unknown()) })).optional(),
});

function read<S extends z.ZodType>(path: string, schema: S): z.output<S> {
  const value = readJson(path);
  try {
    return parseWith(schema, value, path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CannotReadJsonError(
      `${error.message} The file was damaged or changed: restore it, or delete what it belongs to.`,
      {
        cause: error,
      },
    );
  }
}

/**
 * The state of a Trainer at a checkpoint of a split.
 * @throws CannotReadJsonError naming a value that it cannot have there: another split's, or of another moment.
 * @example
 * ```ts
 * const { checkpoint } = new Maps("maps").training.split(0).tmp.newest();
 * if (checkpoint !== null) console.log(readState(checkpoint, 0).current_epoch); // → 2
 * ```
 */
export function readState(checkpoint: CheckpointDir, splitIdx: number): JsonObject & { readonly num_epochs: number } {
  const { position, stateJson } = checkpoint;
  const value = read(stateJson, state);
  const expected = [
    ["called", "train"],
    ["split_idx", splitIdx],
    ["current_epoch", position.epoch],
    // at the end of an epoch, all of its batches
    ["current_train_batch", position.batch ?? value.num_train_batches],
  ] as const;
  for (const [key, right] of expected) {
    if (value[key] === right) continue;
    throw new CannotReadJsonError(
      `${stateJson}: '${key}' is ${JSON.stringify(value[key])}, and ${JSON.stringify(right)} in ${checkpoint} of split ${splitIdx}. It is of another checkpoint, or was changed: restore it, or delete ${checkpoint.path}.`,
    );
  }
  return value as JsonObject & { readonly num_epochs: number };
}

/** What the directory of a split was at a checkpoint. */
export interface SplitAtCheckpoint {
  /** The sizes of the logs, by name. */
  readonly logs: ReadonlyMap<string, number>;
  /** The number of the last event. */
  readonly events: number;
}

/** What the directory of a split was at a checkpoint; null where ClinicaDL wrote it, which does not say. */
export function readSplitRecord({ splitJson }: CheckpointDir): SplitAtCheckpoint | null {
  if (!existsSync(splitJson)) return null;
  const { logs, events } = read(splitJson, splitRecord);
  return { logs: new Map(Object.entries(logs)), events };
}

/** From where, and up to which epoch, a training was to be extended; null if it was not. */
export function readExtension(path: string): { readonly position: Position; readonly numEpochs: number } | null {
  if (!existsSync(path)) return null;
  const { epoch, batch, num_epochs } = read(path, extension);
  return { position: { epoch, batch }, numEpochs: num_epochs };
}

/** The options of callbacks, and the callbacks, that ClinicaDL does not have; none where it wrote the MAPS. */
export function readCallbackExtras(path: string): JsonObject {
  if (!existsSync(path)) return {};
  return read(path, extras) as JsonObject;
}
