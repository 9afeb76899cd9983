import { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import { ConfigError } from "../../../utils/exceptions.ts";
import { SPATIAL_CHECKS, type SpatialCheck, type SpatialCheckOption, spatialChecks } from "../spatial-checks.ts";

export interface ToTensorsOptions {
  /** Letters and digits. Default: "raw", which cannot be given. */
  readonly conversionName?: string | null;
  /** What is looked at, and warned of. Default: "affine", "shape" and "global_spacing"; null: nothing. */
  readonly spatialChecks?: SpatialCheckOption;
  /** Whether the image transforms are applied before. Default false. Needs a `conversionName`. */
  readonly saveTransforms?: boolean;
  /** For people. Needs a `conversionName`. */
  readonly description?: string | null;
  /** Whether a conversion of this name that is there is deleted first. Default false: what it lacks is added. */
  readonly overwrite?: boolean;
  /** Whether transforms that were applied before must be those of now. Default true. */
  readonly checkTransforms?: boolean;
  /** How many threads convert, at least 1. Default 1: the one that calls. The files are the same, byte by byte. */
  readonly nProc?: number;
  /** Called after each session. Default: a line on terminals, a line for every tenth in logs. */
  readonly onProgress?: (progress: TensorProgress) => void;
}

export interface TensorProgress {
  /** How many sessions are converted, and how many there are. */
  readonly done: number;
  readonly total: number;
}

const schema = z.strictObject({
  conversionName: z
    .string()
    .regex(/^[A-Za-z0-9]+$/, "Letters and digits are needed")
    .refine((name) => name !== "raw", "The name 'raw' is that of conversions without a name: leave it out")
    .nullable()
    .default(null),
  spatialChecks: z.unknown().optional(),
  saveTransforms: z.boolean().default(false),
  description: z.string().min(1).nullable().default(null),
  overwrite: z.boolean().default(false),
  checkTransforms: z.boolean().default(true),
  nProc: z.int().min(1).default(1),
  onProgress: z.custom<(progress: TensorProgress) => void>((value) => typeof value === "function").optional(),
});

export interface Checked {
  readonly name: string;
  readonly checks: readonly SpatialCheck[];
  readonly transformed: boolean;
  readonly description: string | null;
  readonly overwrite: boolean;
  readonly checkTransforms: boolean;
  readonly nProc: number;
  readonly onProgress: ((progress: TensorProgress) => void) | undefined;
}

/** @param hasTransforms whether there are image transforms. @throws ConfigError */
export function checkToTensors(options: ToTensorsOptions, hasTransforms: boolean): Checked {
  const what = "BidsDataset.toTensors";
  const { spatialChecks: checks = SPATIAL_CHECKS, ...parsed } = parseWith(schema, options, what);
  const { conversionName, saveTransforms, description, overwrite, checkTransforms, nProc, onProgress } = parsed;
  const transformed = saveTransforms && hasTransforms;
  if (conversionName === null && transformed)
    throw new ConfigError(`${what}: with saveTransforms: true a 'conversionName' is needed, such as "normalized".`);
  if (conversionName === null && description !== null)
    throw new ConfigError(`${what}: with a 'description' a 'conversionName' is needed.`);
  return {
    name: conversionName ?? "raw",
    checks: spatialChecks(what, checks),
    transformed,
    description,
    overwrite,
    checkTransforms,
    nProc,
    onProgress,
  };
}
