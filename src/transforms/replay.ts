import { ConfigError } from "../utils/exceptions.ts";
import { extractionRegistry, transformRegistry } from "./catalogue.ts";
import { extractAgain } from "./extract.ts";
import { importedTransform } from "./own.ts";
import type { HasImages, TransformRecord } from "./types.ts";

/**
 * Does to `dataPoint` what a history says was done to another (or to itself, as it was read): the same parameters, whatever was drawn
 * at random then. The result is the same bit for bit. The caller opens a `torch.scope()` around it.
 *
 * @throws ConfigError for a record of a function of one's own, unless it came from a module that this thread has used.
 * @throws CannotReadFieldError for a transform that is not known, or a record that was changed.
 * @throws ImageError when an image that was transformed then is not there now.
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomFlipConfig({ flipProbability: 1 })] });
 * using other = await sampleWith({});
 * {
 *   using scope = torch.scope();
 *   replay(sample.history, other); // the same again, of another image
 * }
 * console.log(other.history.length); // → 1
 * ```
 */
export function replay<T extends HasImages>(history: readonly TransformRecord[], dataPoint: T): T {
  return history.reduce((point, record) => replayOne(record, point), dataPoint);
}

function replayOne<T extends HasImages>({ name_, options, parameters }: TransformRecord, dataPoint: T): T {
  if (options !== null && "name_" in options) {
    if (extractionRegistry.get(name_) !== undefined) {
      extractAgain(extractionRegistry.read("A record", "history", options), dataPoint, parameters);
      return dataPoint;
    }
    const transform = transformRegistry.read("A record", "history", options).getObject();
    if (transform.replay !== undefined) return transform.replay(dataPoint, parameters);
  }
  const { module, export: name } = options ?? {};
  const own =
    typeof module === "string" && typeof name === "string" ? importedTransform({ module, export: name }) : undefined;
  if (own !== undefined) return own.replay(dataPoint, parameters);
  throw new ConfigError(
    `The record of '${name_}' cannot be replayed: it is a transform of one's own. Give it to the TransformsHandler as { module: import.meta.url, export: "…" }, in this program too.`,
  );
}
