import { type Processor, processorOf } from "./instruction-sets.ts";
import { native } from "./native.ts";

/**
 * The processor of this process, and the instruction sets in use. They do not change while it runs.
 * @example
 * ```ts
 * console.log(typeof torch.processor().capability); // → string
 * ```
 */
export function processor(): Processor {
  return processorOf(native.processor());
}
