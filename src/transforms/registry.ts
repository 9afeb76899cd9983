import type { ModuleExport } from "../utils/module-export.ts";
import { isBuilder, type Registrable, Registry } from "../utils/registry.ts";
import type { AnyExtraction, TransformConfig } from "./types.ts";

/**
 * The transforms by their `name_`. Those of this package come from the list in all.ts, which `catalogue.ts` enters: Compose and OneOf, which are in
 * the list, read their parts by this registry.
 */
export const transformRegistry = new Registry<TransformConfig>("transform", isBuilder, {});

/** The extractions by their `name_`. */
export const extractionRegistry = new Registry<AnyExtraction>(
  "extraction",
  (value): value is AnyExtraction =>
    ("extract" in value && typeof value.extract === "function") ||
    ("extractAt" in value && typeof value.extractAt === "function"),
  {},
);

const modules = new Map<string, { readonly Class: object; readonly source: ModuleExport }>();

/**
 * Makes a transform config of one's own known by its `name_`, so that a MAPS with it can be read.
 *
 * @param options `module`: the URL of the module that exports the class under its own name, for worker threads to import. Without
 * it, the transform works in the main thread only.
 * @throws ConfigError when another transform has that name.
 * @example
 * ```ts
 * import { perImage, registerTransform, type Transform, transformConfig, type TransformConfig } from "clinicadl/transforms";
 * import { z } from "zod";
 *
 * export class DoubleConfig extends transformConfig("Double", { times: z.number().default(2) }) implements TransformConfig {
 *   getObject(): Transform {
 *     return perImage(this, "scalar", (image) => {
 *       image.tensor = image.tensor.mul(this.times);
 *     });
 *   }
 * }
 * registerTransform(DoubleConfig);
 * console.log(new TransformsHandler({ imageTransforms: [{ name_: "Double" }] }).imageTransforms.length); // → 1
 * ```
 */
export function registerTransform(
  Class: Registrable<TransformConfig> & { readonly name: string },
  options: { readonly module?: string | URL } = {},
): void {
  transformRegistry.register(Class);
  const { module } = options;
  if (module === undefined) return;
  modules.set(Class.name_, { Class, source: { module, export: Class.name } });
}

/** The module that exports the class of a config of one's own; undefined where it is not known. */
export function moduleOfTransform(config: TransformConfig): ModuleExport | undefined {
  const found = modules.get(config.name_);
  return found !== undefined && found.Class === config.constructor ? found.source : undefined;
}
