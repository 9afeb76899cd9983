import { type Registrable, Registry } from "../utils/registry.ts";
import type { Inferer } from "./inferer.ts";

/** The inferers by their `name_`. Those of this package come from the list in all.ts, which `catalogue.ts` enters. */
export const infererRegistry = new Registry<Inferer>(
  "inferer",
  (value): value is Inferer => "call" in value && typeof value.call === "function" && "toDict" in value,
  {},
);

/**
 * Makes an inferer of one's own known by its `name_`, so that a MAPS with it can be read.
 * @throws ConfigError when another inferer has that name.
 * @example
 * ```ts
 * class ScoreInferer extends SimpleInferer {
 *   override readonly name_ = "ScoreInferer";
 *   static readonly name_ = "ScoreInferer";
 * }
 * registerInferer(ScoreInferer);
 * ```
 */
export function registerInferer(Class: Registrable<Inferer>): void {
  infererRegistry.register(Class);
}
