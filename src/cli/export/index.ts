/** What `npx clinicadl export` does: a trained network as a folder to share. */
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, isAbsolute, join, resolve } from "node:path";
import { readJson, sha256Of, writeFileAtomic, writeJson } from "../../io/files/index.ts";
import { type Maps, stageDirectory } from "../../io/maps/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { readCheckpoint } from "../../io/weights/index.ts";
import * as torch from "../../torch/index.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../utils/config.ts";
import { ConfigError, NotInterpretableJsonError } from "../../utils/exceptions.ts";
import { cardOf } from "./card.ts";

export interface ExportOptions {
  /** `split-<i>_best-<metric>`, `split-<i>_epoch-<n>` or `split-<i>_final`. */
  readonly checkpoint: string;
  /** The folder to make. */
  readonly output: string;
  /** What the model is called in its card. Default: the name of the folder. */
  readonly name?: string;
  readonly overwrite: boolean;
}

/**
 * Makes a folder as the Hugging Face hub has them: `model.safetensors`, `config.json` (the model's options, as in the MAPS), `preprocessing.json` (the
 * transforms of the data), `metrics.tsv` (on the validation data), `README.md` (a model card) and `SHA256SUMS`. Nothing in it names a participant or a path.
 * It appears whole or not at all.
 *
 * @throws ClinicaDLException where there is no such checkpoint, or the folder is there already.
 */
export function exportModel(maps: Maps, { checkpoint, output, name, overwrite }: ExportOptions): string {
  const folder = resolve(output);
  const { splitIdx } = maps.training.readCheckpointName(checkpoint);
  const { validationMetrics } = maps.training.getCheckpointDir(checkpoint);
  if (existsSync(folder)) {
    if (!overwrite) {
      throw new ConfigError(`${folder} is there already. Choose another --output, or replace it with --overwrite.`);
    }
    checkIsExport(folder);
  }
  const data = maps.training.data.train(splitIdx);
  const written = asObject(readJson(maps.modelJson), maps.modelJson);
  const config = withoutPaths(withoutPretrained(written));
  const dataset = existsSync(data.datasetJson) ? readJson(data.datasetJson) : null;
  const rows = readTsv(data.dataTsv);
  const metrics = existsSync(validationMetrics.aggregatedTsv) ? readTsv(validationMetrics.aggregatedTsv).at(-1) : null;
  const preprocessing = withoutPaths(transformsOf(dataset));
  const card = cardOf({
    name: name ?? basename(folder),
    config,
    pretrained: pretrainedOf(written),
    preprocessing,
    participants: new Set(rows.map((row) => row.participant_id)).size,
    sessions: rows.length,
    metrics: metrics ?? {},
  });
  stageDirectory(folder, (staging) => {
    {
      using _scope = torch.scope();
      const { tensors } = readCheckpoint(maps, checkpoint);
      torch.saveSafetensors(tensors, join(staging, "model.safetensors"), { metadata: { format: "pt" } });
    }
    writeJson(join(staging, "config.json"), config);
    writeJson(join(staging, "preprocessing.json"), preprocessing);
    if (existsSync(validationMetrics.aggregatedTsv)) {
      copyFileSync(validationMetrics.aggregatedTsv, join(staging, "metrics.tsv"));
    }
    writeFileAtomic(join(staging, "README.md"), card);
    const sums = readdirSync(staging)
      .sort()
      .map((file) => `${sha256Of(join(staging, file))}  ${file}\n`);
    writeFileAtomic(join(staging, SUMS), sums.join(""));
  });
  return folder;
}

const SUMS = "SHA256SUMS";

/** @throws ConfigError unless all that is in a folder was exported, and is as it was: a card is there to be written on, and a clone has its history. */
function checkIsExport(folder: string): void {
  if (!statSync(folder).isDirectory()) {
    throw new ConfigError(`${folder} is no folder, and is not replaced. Choose another --output.`);
  }
  const files = readdirSync(folder);
  if (files.length === 0) return;
  if (!files.includes(SUMS)) {
    throw new ConfigError(`${folder} is no exported model, and is not replaced. Choose another --output.`);
  }
  const lines = readFileSync(join(folder, SUMS), "utf8").trimEnd().split("\n");
  const sums = new Map(lines.map((line): [string, string] => [line.slice(66), line.slice(0, 64)]));
  const others = files
    .filter((file) => file !== SUMS)
    .flatMap((file) => {
      const sum = sums.get(file);
      if (sum === undefined) return [`${file} was not exported`];
      return sha256Of(join(folder, file)) === sum ? [] : [`${file} was changed`];
    });
  if (others.length === 0) return;
  throw new ConfigError(
    `${folder} is not as it was exported, and is not replaced: ${others.join(", ")}. Move what is yours, or choose another --output.`,
  );
}

/** What a network's weights began with; false: with none that were given. */
function pretrainedOf({ network }: JsonObject): JsonValue {
  return isJsonObject(network) ? (network.pretrained ?? false) : false;
}

/** The weights are those that were trained: those with which they began are not looked for where the model is used. */
function withoutPretrained(config: JsonObject): JsonObject {
  const { network } = config;
  return isJsonObject(network) && "pretrained" in network
    ? { ...config, network: { ...network, pretrained: false } }
    : config;
}

function asObject(value: JsonValue, path: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new NotInterpretableJsonError(
    `${path} has the name of a class of one's own only, not what it is made of. Save its weights from a script: torch.saveSafetensors(network.stateDict(), path).`,
  );
}

/** The transforms of a dataset; of several datasets those of the first; none where a class of one's own does not say. */
function transformsOf(dataset: JsonValue): JsonObject {
  if (!isJsonObject(dataset)) return {};
  const { transforms, datasets } = dataset;
  if (isJsonObject(transforms)) return transforms;
  return Array.isArray(datasets) ? transformsOf(datasets[0] ?? null) : {};
}

/** Paths of this machine say nothing elsewhere, and may name people: only the names of the files stay. */
function withoutPaths(options: JsonObject): JsonObject {
  const without = (value: JsonValue): JsonValue => {
    if (typeof value === "string") return isAbsolute(value) ? basename(value) : value;
    if (Array.isArray(value)) return value.map(without);
    return isJsonObject(value) ? withoutPaths(value) : value;
  };
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, without(value)]));
}
