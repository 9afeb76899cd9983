import { isBuilder, type Registrable, Registry } from "../../utils/registry.ts";
import type { LRSchedulerConfig } from "./config.ts";

/** The learning-rate schedulers by their `name_`; `catalogue.ts` adds those of this package. */
export const lrSchedulerRegistry = new Registry<LRSchedulerConfig>("learning-rate scheduler", isBuilder, {});

/**
 * Makes the config of a scheduler of one's own known by its `name_`, so that a MAPS with it can be read.
 * @throws ConfigError when another learning-rate scheduler has that name.
 * @example
 * ```ts
 * class MyStepLRConfig extends StepLRConfig {
 *   static override readonly name_: string = "MyStepLR";
 * }
 * registerLRScheduler(MyStepLRConfig);
 * console.log(lrSchedulerRegistry.names.includes("MyStepLR")); // → true
 * ```
 */
export function registerLRScheduler(Class: Registrable<LRSchedulerConfig>): void {
  lrSchedulerRegistry.register(Class);
}
