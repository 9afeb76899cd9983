import { z } from "zod";
import { configClass } from "../utils/config.ts";

const optionalLimit = z.number().nonnegative().nullable().default(null);

/**
 * How the optimisation goes.
 *
 * - `numEpochs` (10), `evaluationInterval` (1: validation after every epoch).
 * - `accumulationSteps` (1): batches whose gradients are accumulated before the weights move.
 * - `clipGradNorm` (none): largest norm of all gradients together; `gradNormType` (2): which p-norm.
 * - `clipGradValue` (none): largest absolute value of each gradient; applied before the norm is clipped.
 * - `resetModel` (true): trainable weights are drawn anew before each training; otherwise each starts from the weights
 *   that the model had when the Trainer was built.
 */
export class OptimizationConfig extends configClass(
  "Optimization",
  z.strictObject({
    numEpochs: z.int().positive().default(10),
    accumulationSteps: z.int().positive().default(1),
    evaluationInterval: z.int().positive().default(1),
    clipGradNorm: optionalLimit,
    gradNormType: z
      .number()
      .or(z.literal([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]))
      .default(2),
    clipGradValue: optionalLimit,
    resetModel: z.boolean().default(true),
  }),
  { named: false },
) {}
