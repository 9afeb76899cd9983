/** `design.json` of a split folder: how it was made, where ClinicaDL's own JSON, which refuses other fields, cannot say it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeJson } from "../io/files/index.ts";
import { configClass } from "../utils/config.ts";
import { readSplitConfig } from "./split-dir.ts";

const FILE = "design.json";

/**
 * How the participants were dealt out, beyond what ClinicaDL knows.
 * @example
 * ```ts
 * const folder = makeKFold("bids/metadata.tsv", { nSplits: 2, groups: "diagnosis", outputDir: "grouped", seed: 42 });
 * console.log(new KFold(folder).design?.groups); // → diagnosis
 * ```
 */
export class SplitDesign extends configClass(
  "SplitDesign",
  z.strictObject({
    /** The columns whose proportions every fold keeps. Default: none. */
    stratification: z.array(z.string()).default([]),
    /** The column whose groups stay together. Default: null, none. */
    groups: z.string().nullable().default(null),
    /** How many times all participants were dealt out: the first `nSplits / repeats` splits are the first time. Default: 1. */
    repeats: z.int().min(1).default(1),
    /** Whether each split tests one group. Default: false. */
    leaveOneGroupOut: z.boolean().default(false),
    /** How many folds the training set of each split was cut into once more. Default: null, not at all. */
    nInnerSplits: z.int().min(2).nullable().default(null),
  }),
  { named: false },
) {}

/** Whether it is what ClinicaDL's own functions make: then no file says so. */
function isUsual({ stratification, groups, repeats, leaveOneGroupOut, nInnerSplits }: SplitDesign): boolean {
  return stratification.length < 2 && groups === null && repeats === 1 && !leaveOneGroupOut && nInnerSplits === null;
}

/** Writes the file into a split folder, where it is needed. */
export function writeDesign(dir: string, design: SplitDesign): void {
  if (!isUsual(design)) writeJson(join(dir, FILE), design.toDict());
}

/** Reads it; null in a folder without. @throws SplitDirError when it cannot be used. */
export function readDesign(dir: string): SplitDesign | null {
  return existsSync(join(dir, FILE)) ? readSplitConfig(dir, FILE, (dict) => SplitDesign.fromDict(dict)) : null;
}
