import type { JsonObject } from "../../utils/config.ts";
import { NotInterpretableJsonError } from "../../utils/exceptions.ts";
import { EncodingError } from "../../utils/text.ts";
import { type WriteOptions, writeFileAtomic } from "../files/atomic.ts";
import { readRegular } from "../files/regular.ts";
import { formatJson } from "./format.ts";
import { parseJson } from "./parse.ts";

/**
 * Reads a JSON file that holds an object, in UTF-8, with or without a byte order mark, or in UTF-16 with one.
 * @throws NotInterpretableJsonError when it is damaged, or holds something else. A missing file is node's own ENOENT error,
 * which names it.
 * @example
 * ```ts
 * console.log(readJson("maps/model.json").name_); // → SupervisedModel
 * ```
 */
export function readJson(path: string): JsonObject {
  const text = textOf(path);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new NotInterpretableJsonError(
      `${path} is not valid JSON (${text.length} characters; ${(error as Error).message}). It may be truncated: write it again, or restore it.`,
      { cause: error },
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const got = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
    throw new NotInterpretableJsonError(`${path} must hold a JSON object; it holds ${got}.`);
  }
  return value as JsonObject;
}

function textOf(path: string): string {
  try {
    return readRegular(path);
  } catch (error) {
    if (error instanceof EncodingError) throw new NotInterpretableJsonError(error.message, { cause: error });
    throw error;
  }
}

/**
 * Writes an object as Python's `json.dump(indent=4)` would, atomically.
 * @throws FileExistsError when the file is there and `overwrite` is false (the default, as in ClinicaDL).
 * @example
 * ```ts
 * writeJson("options.json", { numEpochs: 20 });
 * console.log(readJson("options.json")); // → { numEpochs: 20 }
 * ```
 */
export function writeJson(path: string, value: JsonObject | string, { overwrite = false }: WriteOptions = {}): void {
  writeFileAtomic(path, formatJson(value), { overwrite });
}
