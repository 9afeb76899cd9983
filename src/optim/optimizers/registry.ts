import { isBuilder, type Registrable, Registry } from "../../utils/registry.ts";
import * as list from "./all.ts";
import type { OptimizerConfig } from "./config.ts";

/** The optimizers by their `name_`. */
export const optimizerRegistry = new Registry<OptimizerConfig>("optimizer", isBuilder, list);

/**
 * Makes the config of an optimizer of one's own known by its `name_`, so that a MAPS with it can be read.
 * @throws ConfigError when another optimizer has that name.
 * @example
 * ```ts
 * class MyAdamConfig extends AdamConfig {
 *   static override readonly name_: string = "MyAdam";
 * }
 * registerOptimizer(MyAdamConfig);
 * console.log(optimizerRegistry.names.includes("MyAdam")); // → true
 * ```
 */
export function registerOptimizer(Class: Registrable<OptimizerConfig>): void {
  optimizerRegistry.register(Class);
}
