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
 *
 * @example
 * ```ts
 * const optimization = new OptimizationConfig({ numEpochs: 100, accumulationSteps: 2, evaluationInterval: 5 });
 * console.log(optimization.numEpochs, optimization.accumulationSteps); // → 100 2
 * ```
 */
export class OptimizationConfig extends configClass(
  "Optimization",
  z.strictObject({
    /** How many epochs a training has; default 10. */
    numEpochs: z.int().positive().default(10),

    /** How many batches make one optimization step, with their gradients together; default 1. */
    accumulationSteps: z.int().positive().default(1),

    /** After how many epochs there is a validation, each time; default 1. */
    evaluationInterval: z.int().positive().default(1),

    /** The largest norm of all gradients together, ≥ 0; default null: any. */
    clipGradNorm: optionalLimit,

    /** Which p-norm that is; infinity for the largest value. Default 2. */
    gradNormType: z
      .number()
      .or(z.literal([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]))
      .default(2),

    /** The largest absolute value of each gradient, ≥ 0, before the norm is clipped; default null: any. */
    clipGradValue: optionalLimit,

    /** Whether trainable weights are drawn anew before each training; default true. */
    resetModel: z.boolean().default(true),
  }),
  { named: false },
) {}
