import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Maps } from "../io/maps/index.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../utils/config.ts";
import { ClinicaDLException, ConfigError } from "../utils/exceptions.ts";
import { warnOnce } from "../utils/warnings.ts";

/** The data are no longer where a MAPS says; the message says what to type. */
export class DataMovedError extends ClinicaDLException {}

/**
 * Makes the paths in the description of a data set what they are now. (In place: an object read from JSON also knows which of
 * its numbers were written as floats.) A path that is no longer there is taken
 *
 * - from `bids`, for the data set itself and what is inside of it; for tensors, from where its tensors are, or from that folder;
 * - else from the same place relative to the MAPS, with a warning: both may have been moved together.
 *
 * @throws DataMovedError saying what to type where a path is at neither place.
 */
export function withPathsOfNow(dict: JsonObject, maps: Maps, bids: string | null): JsonObject {
  const places = [...placesIn(dict)];
  const root = places.find(({ tensors }) => !tensors);
  const given = bids === null ? null : resolve(bids);
  if (given !== null && !existsSync(given)) throw new ConfigError(`'bids' is ${given}, which does not exist.`);
  for (const { holder, key, path, tensors } of places) {
    if (tensors) {
      const found = given === null ? undefined : tensorsBelow(given, path);
      if (found !== undefined) holder[key] = found;
      else if (!existsSync(path)) holder[key] = besideMaps(path, maps);
      continue;
    }
    const inside = relative(root?.path ?? path, path);
    const isInside = inside === "" || !(inside.startsWith("..") || isAbsolute(inside));
    if (given !== null && isInside) holder[key] = join(given, inside);
    else if (!existsSync(path)) holder[key] = besideMaps(path, maps);
  }
  return dict;
}

/** The path of the data set in a description, or the folder of its tensors; null where there is none. */
export function rootOf(dict: JsonValue): string | null {
  const [root] = placesIn(dict);
  if (root === undefined) return null;
  return root.tensors ? dirname(root.path) : root.path;
}

/** A description of tensors where a data set has it: a raw one inside, a derivative beside; or in the folder itself. */
function tensorsBelow(bids: string, path: string): string | undefined {
  const folders = [bids, join(bids, "derivatives", "tensors"), join(dirname(bids), "tensors")];
  return folders.map((folder) => join(folder, basename(path))).find((file) => existsSync(file));
}

function besideMaps(path: string, maps: Maps): string {
  const before = recordedPlace(maps);
  const now = before === null ? null : resolve(maps.path, relative(before, path));
  if (now !== null && now !== path && existsSync(now)) {
    warnOnce(
      `moved ${path} ${now}`,
      `${path}, where the data were, does not exist; they are taken from ${now}, the same place relative to the MAPS.`,
    );
    return now;
  }
  const also = now === null || now === path ? "" : `, nor does ${now}, the same place relative to the MAPS`;
  throw new DataMovedError(
    `The data were in ${path}, which does not exist${also}. Say where the data set is now, with --bids PATH (npx clinicadl resume ${maps.path} --split <i> --bids PATH), or Trainer.fromMaps("${maps.path}", { bids: "PATH" }).`,
  );
}

/** Where the MAPS was when it was made: its summary says so. */
function recordedPlace({ summaryLog }: Maps): string | null {
  if (!existsSync(summaryLog)) return null;
  const path = /^Path: (.+)$/m.exec(readFileSync(summaryLog, "utf8"))?.[1];
  return path !== undefined && isAbsolute(path) ? path : null;
}

/** A path in a description: the object that holds it, and under which key. */
interface Place {
  readonly holder: JsonObject;
  readonly key: string;
  readonly path: string;
  /** Whether it is the description of a `TensorDataset`, not a data set or a mask. */
  readonly tensors: boolean;
}

/** `{ name_: "Bids", path }` anywhere; masks are paths where they are single files; the description of a `TensorDataset`. In their order. */
function* placesIn(value: JsonValue): Generator<Place> {
  if (Array.isArray(value)) for (const item of value) yield* placesIn(item);
  if (!isJsonObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "path" && value.name_ === "Bids") yield* placeAt(value, key);
    else if (key === "description_json" && value.name_ === "TensorDataset") yield* placeAt(value, key, true);
    else if (key === "masks" && isJsonObject(inner)) for (const name of Object.keys(inner)) yield* placeAt(inner, name);
    else yield* placesIn(inner);
  }
}

function* placeAt(holder: JsonObject, key: string, tensors = false): Generator<Place> {
  const path = holder[key];
  if (typeof path === "string") yield { holder, key, path, tensors };
  else if (path !== undefined) yield* placesIn(path);
}
