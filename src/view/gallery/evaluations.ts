import type { Models } from "../../io/maps/index.ts";
import { readEvaluation } from "../read/index.ts";
import type { NamedEvaluation } from "./evaluation-figures.ts";

/** What models gave on a group, or on their validation data: of those that have been evaluated. */
export function evaluationsOf(
  path: string,
  models: readonly Models[],
  checkpoint: string,
  group: string | null,
): NamedEvaluation[] {
  return models.flatMap((one) => {
    const evaluation = readEvaluation(path, { models: one, checkpoint, group });
    const name = typeof one === "number" ? `split ${one}` : "ensemble";
    return evaluation.found ? [{ name, evaluation: evaluation.value }] : [];
  });
}
