/** The options of a dataset of one's own, in JSON and on the way to a worker thread. */
import { z } from "zod";
import type { PortableTransforms } from "../../transforms/index.ts";
import { type JsonObject, type JsonValue, parseWith } from "../../utils/config.ts";

const whole = z.strictObject({
  name: z.string(),
  length: z.number(),
  options: z.record(z.string(), z.unknown()).nullable(),
  transforms: z.custom<PortableTransforms>((value) => typeof value === "object" && value !== null),
});
const part = z.strictObject({ whole: z.unknown(), samples: z.array(z.number()) });

/** What a whole dataset is built of. */
export type WholeContent = z.output<typeof whole>;
/** What a part of one is built of: the content of the whole, and which of its samples. */
export type PartContent = z.output<typeof part>;

/** What came from the other thread. */
export function readContent(content: unknown): WholeContent | PartContent {
  return parseWith(z.union([whole, part]), content, "A dataset in a worker thread");
}

/** Options as JSON, or a text that cannot be read back where JSON cannot hold one of them. */
export function optionsToJson(name: string, options: object): JsonObject | string {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!isJson(value)) return `<${name} options>`;
    out[key] = value;
  }
  return out;
}

function isJson(value: unknown): value is JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value !== "object") return false;
  const proto: unknown = Object.getPrototypeOf(value);
  return (proto === Object.prototype || proto === null) && Object.values(value).every(isJson);
}
