import { readRegular } from "../../io/files/index.ts";
import { parseJson } from "../../io/json/index.ts";
import { Maps } from "../../io/maps/index.ts";
import type { JsonValue } from "../../utils/config.ts";
import { NotInterpretableJsonError } from "../../utils/exceptions.ts";
import { type Part, partOf } from "./part.ts";

/** What was trained, and how. */
export interface Configuration {
  readonly model: Part<JsonValue>;
  readonly optimization: Part<JsonValue>;
  readonly metrics: Part<JsonValue>;
  readonly callbacks: Part<JsonValue>;
  /** Of each split. */
  readonly computational: readonly { readonly split: number; readonly value: Part<JsonValue> }[];
  /** The experiment file, where there was one. */
  readonly experiment: Part<string>;
  /** The network, as text. */
  readonly architecture: Part<string>;
  /** Its layers, with shapes and numbers of parameters, as text. */
  readonly networkSummary: Part<string>;
}

/** The configuration of a MAPS. Numbers that JSON does not have are texts: "NaN", "Infinity", "-Infinity". */
export function readConfiguration(path: string): Configuration {
  const maps = new Maps(path);
  const text = (file: string): Part<string> => partOf(() => readRegular(file));
  return {
    model: jsonOf(maps.modelJson),
    optimization: jsonOf(maps.training.optimizationJson),
    metrics: jsonOf(maps.metricsJson),
    callbacks: jsonOf(maps.callbacksJson),
    computational: maps.training.splitsList.map((split) => ({
      split,
      value: jsonOf(maps.training.split(split).computationalJson),
    })),
    experiment: text(`${maps.path}/experiment.yaml`),
    architecture: text(maps.architectureLog),
    networkSummary: text(maps.nnSummaryTxt),
  };
}

/** What a JSON file says: an object, or the text that stands for a model of one's own. */
export function jsonOf(file: string): Part<JsonValue> {
  return partOf(() => {
    const text = readRegular(file);
    try {
      return plain(parseJson(text) as JsonValue);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new NotInterpretableJsonError(`${file} is not valid JSON (${error.message}).`, { cause: error });
    }
  });
}

function plain(value: JsonValue): JsonValue {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
