import type { Accepted } from "../losses/index.ts";

/** A field of the samples that a model or a metric needs, and which of its values it takes; null: any number. */
export interface NeededField {
  readonly field: string;
  /** The loss or metric. */
  readonly by: string;
  readonly accepted: Accepted | null;
}
