/**
 * What all processes of a training or an evaluation must have alike. Each is given its script, its file and its data by its own host, and gradients are
 * averaged whatever they were computed of: without these checks one that trains something else would spoil the model of all in silence,
 * and one that evaluates other data would bring others' participants into the results.
 */
import { createHash } from "node:crypto";
import type { DataLoader } from "../data/dataloader/index.ts";
import { formatJson, parseJson } from "../io/json/index.ts";
import { type ComputationalConfig, describeSplit, type World } from "../run/index.ts";
import type { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../utils/config.ts";
import { packageVersion } from "../utils/environment.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { differences, shown } from "./differences.ts";
import type { TrainerParts } from "./trainer-parts.ts";
import { describeParts } from "./write-parts.ts";

/** What a process trains, or evaluates. */
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
  const options = versions();
  for (const { what, now } of describeParts(maps, { model, metrics, callbacks, optimization })) {
    if (what !== "callbacks") options[what] = now;
  }
  const { train, validation, computational: config, computationalExtras } = describeSplit(split, computational);
  options.computational = { ...config, ...computationalExtras };
  options.split = split.index;
  options.training = { loader: stepsOf(train.dataloader), ...transformsOf(train.dataset) };
  options.validation = { loader: stepsOf(validation.dataloader), ...transformsOf(validation.dataset) };
  const here: Brought = {
    options: asJson(options),
    data: {
      "the training data": digests(split.trainDataset.df),
      "the validation data": digests(split.valDataset.df),
    },
  };
  await compare(world, here, { does: "train", undone: "Nothing was trained." });
}

/**
 * Called by all processes, with the data that they evaluate together, and what they do with them.
 * @throws ConfigError, in all of them, naming the first that has not the data of the main one, and in what.
 */
export async function checkSameData(
  world: World,
  { dataset, batchSize }: Pick<DataLoader, "dataset" | "batchSize">,
  asked: JsonObject,
): Promise<void> {
  if (world.size === 1) return;
  const described = { ...asked, loader: { batch_size: batchSize }, ...transformsOf(dataset.toDict()) };
  const here: Brought = { options: asJson({ ...versions(), ...described }), data: { "the data": digests(dataset.df) } };
  await compare(world, here, { does: "evaluate", undone: "Nothing was evaluated." });
}

async function compare(
  world: World,
  here: Brought,
  { does, undone }: { readonly does: string; readonly undone: string },
): Promise<void> {
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
      `Rank ${i + 1} of ${world.size} does not ${does} what rank 0 does:\n  ${lines.slice(0, SHOWN).join("\n  ")}${more}\n` +
        `All processes need the same version, script or experiment file, and data. ${undone}`,
    );
  }
}

const versions = (): JsonObject => ({ clinicadl: packageVersion(), libtorch: torch.version() });

/** As JSON has it: no values of classes. */
const asJson = (options: JsonObject): JsonObject => parseJson(formatJson(options)) as JsonObject;

function stepsOf(loader: JsonValue): JsonObject {
  if (!isJsonObject(loader)) return {};
  return Object.fromEntries(LOADER_KEYS.map((key) => [key, loader[key] ?? null]));
}

/** Of the description of a dataset, which also has where its data are. */
function transformsOf(dataset: JsonValue): JsonObject {
  return isJsonObject(dataset) && dataset.transforms !== undefined ? { transforms: dataset.transforms } : {};
}

/** Of a table: how many rows it has, and a digest of each of its columns, in the order of the rows. */
function digests(rows: DataLoader["dataset"]["df"]): JsonObject {
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
