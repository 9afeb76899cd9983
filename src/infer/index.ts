/** Inference: how images go through a trained network. */

import type { JsonObject } from "../utils/config.ts";
import type { Inferer } from "./inferer.ts";
import { SimpleInferer } from "./simple.ts";

export type { InferableBatch, Inferer } from "./inferer.ts";
/** Whole images. */
export { SimpleInferer } from "./simple.ts";

/** The inferers, by their `name_`, to read them from JSON. */
export const INFERERS: Readonly<Record<string, { fromDict(dict: JsonObject): Inferer }>> = { SimpleInferer };
