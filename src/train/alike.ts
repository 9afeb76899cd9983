/**
 * What all processes of a training must have alike. Each is given its script, its file and its data by its own host, and gradients are
 * averaged whatever they were computed of: without these checks one that trains something else would spoil the model of all in silence.
 */
import { createHash } from "node:crypto";
import { formatJson, parseJson } from "../io/json/index.ts";
import { type ComputationalConfig, describeSplit } from "../run/index.ts";
import type { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../utils/config.ts";
import { packageVersion } from "../utils/environment.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { differences, shown } from "./differences.ts";
import type { TrainerParts } from "./trainer-parts.ts";
import { describeParts } from "./write-parts.ts";

/** What a process trains. */
interface Brought {
  /** By values, which a message shows. */
  readonly options: JsonObject;
  /** By digests, since tables may be long. */
  readonly data: JsonObject;
}

/** What of a loader steps depend on in all processes; each may have its own number of workers. */
const LOADER_KEYS = ["batch_size", "sampling_weights", "shuffle", "drop_last", "collate_fn", "batch_transform"];

const SHOWN = 10;

/**
 * Called by all processes, with what each trains. Callbacks and the place of the data may be each process's own.
 * @throws ConfigError, in all of them, naming the first that does not train what the main one does, and in what.
 */
export async function checkAlike(
  { maps, model, metrics, callbacks, optimization, world }: Omit<TrainerParts, "state" | "bids" | "log">,
  split: Split,
  computational: ComputationalConfig,
): Promise<void> {
  if (world.size === 1) return;
  const options: JsonObject = { clinicadl: packageVersion(), libtorch: torch.version() };
  for (const { what, now } of describeParts(maps, { model, metrics, callbacks, optimization })) {
    if (what !== "callbacks") options[what] = now;
  }
  const { train, validation, computational: config, computationalExtras } = describeSplit(split, computational);
  options.computational = { ...config, ...computationalExtras };
  options.split = split.index;
  options.training = { loader: stepsOf(train.dataloader), ...transformsOf(train.dataset) };
  options.validation = { loader: stepsOf(validation.dataloader), ...transformsOf(validation.dataset) };
  const here: Brought = {
    // as JSON has it: no values of classes
    options: parseJson(formatJson(options)) as JsonObject,
    data: {
      "the training data": digests(split.trainDataset.df),
      "the validation data": digests(split.valDataset.df),
    },
  };
  const [main = here, ...others] = await world.gather(here);
  for (const [i, other] of others.entries()) {
    const lines = [
      ...differences("", main.options, other.options).map(
        ({ path, values: [first, own] }) =>
          `${path.slice(1)}: ${shown(first)} in rank 0, ${shown(own)} in rank ${i + 1}`,
      ),
      ...differences("", main.data, other.data).map(({ path }) => dataLine(path.slice(1))),
    ];
    if (lines.length === 0) continue;
    const more = lines.length > SHOWN ? `\n  and ${lines.length - SHOWN} more` : "";
    throw new ConfigError(
      `Rank ${i + 1} of ${world.size} does not train what rank 0 does:\n  ${lines.slice(0, SHOWN).join("\n  ")}${more}\n` +
        "All processes need the same version, script or experiment file, and data. Nothing was trained.",
    );
  }
}

function stepsOf(loader: JsonValue): JsonObject {
  if (!isJsonObject(loader)) return {};
  return Object.fromEntries(LOADER_KEYS.map((key) => [key, loader[key] ?? null]));
}

/** Of the description of a dataset, which also has where its data are. */
function transformsOf(dataset: JsonValue): JsonObject {
  return isJsonObject(dataset) && dataset.transforms !== undefined ? { transforms: dataset.transforms } : {};
}

/** Of a table: how many rows it has, and a digest of each of its columns, in the order of the rows. */
function digests(rows: Split["trainDataset"]["df"]): JsonObject {
  const columns = new Set(rows.flatMap((row) => Object.keys(row)));
  const digest = (column: string) =>
    createHash("sha256")
      .update(formatJson(rows.map((row) => row[column] ?? null)))
      .digest("hex");
  return Object.fromEntries([["", rows.length], ...[...columns].map((column) => [column, digest(column)])]);
}

/** @param path the words for a table, and the column after a point; none of the number of its rows. */
function dataLine(path: string): string {
  const [table = "", ...column] = path.split(".");
  return column.join(".") === ""
    ? `${table}: another number of rows`
    : `${table}: other values of '${column.join(".")}'`;
}
