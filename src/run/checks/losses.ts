import { checkColumnName } from "../../io/maps/index.ts";
import type { Model } from "../../models/index.ts";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { BATCH_COLUMNS } from "../records/batch-records.ts";

/** What must hold of a model before a training is begun. */
export function checkLosses(model: Model): void {
  const losses: unknown = model.getLossFunctions();
  const names = typeof losses === "object" && losses !== null ? Object.keys(losses) : [];
  if (names.length === 0) {
    throw new ConfigError(
      `${model.constructor.name}.getLossFunctions gives ${show(losses)}. Expected an object with at least one loss.`,
    );
  }
  for (const name of names) checkColumnName(`A loss of ${model.constructor.name}`, name);
  const taken = names.find((name) => BATCH_COLUMNS.includes(name));
  if (taken === undefined) return;
  throw new ConfigError(
    `${model.constructor.name}.getLossFunctions names a loss '${taken}', which is a column of training_loss.tsv. Choose another name.`,
  );
}
