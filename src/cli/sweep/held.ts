/** What the trials of a study have in common, besides the sweep file. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { sha256Of } from "../../io/files/index.ts";
import { ExperimentDocument } from "../experiment/document.ts";
import { withoutSpeed } from "../experiment/record.ts";
import type { SweepFile } from "./file.ts";

/**
 * The experiment of a sweep, by the keys of its file: without what trials differ in, and what changes nothing but speed. The names of
 * variables stay: machines that share a study may have the data in other places. With the table of participants, by its content.
 */
export function heldOf({ sweep, experiment, splits }: SweepFile): Record<string, unknown> {
  const open = [
    ...Object.keys(sweep.parameters),
    "maps",
    ...(splits === undefined ? [] : ["split"]),
    ...(sweep.seeds === undefined ? [] : ["computational.seed"]),
  ];
  const changes = open.map((key) => `${key}=null`);
  const { values } = new ExperimentDocument(experiment, changes, { fillIn: false });
  const { computational, trainLoader, valLoader, ...rest } = values;
  return {
    ...rest,
    computational: { seed: optionsOf(computational).seed ?? null },
    trainLoader: withoutSpeed(optionsOf(trainLoader)),
    valLoader: valLoader === undefined ? null : withoutSpeed(optionsOf(valLoader)),
    "table of dataset.data": tableOf(experiment),
  };
}

/** The sum of the table; null where it is none, or in another place for each trial. */
function tableOf(experiment: string): string | null {
  const { dataset, baseDir } = new ExperimentDocument(experiment).values;
  const { data } = optionsOf(dataset);
  if (typeof data !== "string") return null;
  const path = resolve(dirname(experiment), typeof baseDir === "string" ? baseDir : ".", data);
  return existsSync(path) ? sha256Of(path) : null;
}

function optionsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
