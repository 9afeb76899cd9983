import { isBuilder, type Registrable, Registry } from "../utils/registry.ts";
import * as list from "./all.ts";
import type { LossConfig } from "./types.ts";

/** The losses by their `name_`. */
export const lossRegistry = new Registry<LossConfig>("loss", isBuilder, list);

/**
 * Makes a loss config of one's own known by its `name_`, so that a MAPS with it can be read.
 *
 * @throws ConfigError when another loss has that name.
 * @example
 * ```ts
 * class MyLossConfig extends MSELossConfig {
 *   static override readonly name_: string = "MyLoss";
 * }
 * registerLoss(MyLossConfig);
 * console.log(lossRegistry.names.includes("MyLoss")); // → true
 * ```
 */
export function registerLoss(Class: Registrable<LossConfig>): void {
  lossRegistry.register(Class);
}
