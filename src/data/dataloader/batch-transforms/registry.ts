/** What is done to whole batches, as an option of a loader. */
import type { JsonValue } from "../../../utils/config.ts";
import { Registry } from "../../../utils/registry.ts";
import { CutMix } from "./cut-mix.ts";
import { MixUp } from "./mix-up.ts";
import type { BatchTransform } from "./types.ts";

export type { BatchTransform };
export { CutMix, MixUp };

/** The batch transforms by their `name_`. */
export const batchTransformRegistry = new Registry<BatchTransform>("batch transform", isBatchTransform, {
  MixUp,
  CutMix,
});

/** One of them as it is, or made of a plain object with its `name_`; anything else as it is, to be refused. */
export function toBatchTransform(value: unknown): unknown {
  return batchTransformRegistry.from("'batchTransform'", value) ?? value;
}

export function isBatchTransform(value: unknown): value is BatchTransform {
  return value instanceof MixUp || value instanceof CutMix;
}

/** Reads what `toDict` wrote. @throws CannotReadFieldError */
export function batchTransformFromJson(json: JsonValue | undefined): BatchTransform | null {
  return json === null || json === undefined
    ? null
    : batchTransformRegistry.read("DataLoader", "batch_transform", json);
}
