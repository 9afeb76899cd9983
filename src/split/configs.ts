import { z } from "zod";
import { configClass } from "../utils/config.ts";

const subsetName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]*$/,
    "Give a name made of letters, digits, '_', '-' and '.': it becomes a file name",
  )
  .refine((name) => name !== "train" && !name.endsWith("_baseline"), "This name is taken by other files of the split");
const seed = z.int().min(0).max(0xffffffff).nullable();

/**
 * `kfold_config.json`.
 * @example
 * ```ts
 * console.log(new KFoldConfig({ nSplits: 3, seed: 42 }).toDict().subset_name); // → validation
 * ```
 */
export class KFoldConfig extends configClass(
  "KFold",
  z.strictObject({
    subsetName: subsetName.default("validation"),
    stratification: z.string().nullable().default(null),
    longitudinal: z.boolean().default(false),
    seed: seed.default(null),
    nSplits: z.int().min(2, "Give at least 2 folds"),
  }),
  { named: false },
) {}

const threshold = z.number().min(0).max(1);

/**
 * `single_split_config.json`.
 * @example
 * ```ts
 * console.log(new SingleSplitConfig({ seed: 42, nTest: 4 }).toDict().subset_name); // → test
 * ```
 */
export class SingleSplitConfig extends configClass(
  "SingleSplit",
  z.strictObject({
    subsetName: subsetName.default("test"),
    stratification: z.array(z.string()).default([]),
    longitudinal: z.boolean().default(false),
    seed: seed.default(null),
    nTest: z.number().min(0).default(0.2),
    pCategoricalThreshold: threshold.default(0.8),
    pContinuousThreshold: threshold.default(0.8),
  }),
  { named: false },
) {}
