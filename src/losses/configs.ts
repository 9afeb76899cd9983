import { z } from "zod";
import * as torch from "../torch/index.ts";
import { configClass, type ToDict } from "../utils/config.ts";
import type { Registry } from "../utils/registry.ts";
import type { LossModule } from "./types.ts";

/** A config that builds a loss function. */
export interface LossConfig extends ToDict {
  readonly name_: string;
  getObject(): LossModule;
}

const { nn } = torch;
const reduction = z.enum(["mean", "sum"], "Expected 'mean' or 'sum'").default("mean");
const weight = z.array(z.number().nonnegative()).nullable().default(null);
const ignoreIndex = z
  .int()
  .refine((index) => index === -100 || index >= 0, "ignoreIndex is a class index, or -100 for none")
  .default(-100);
const noWeight = z
  .null(
    "'weight' is one value per sample of the batch, which cannot be known in advance: leave it out. See 'posWeight' of BCEWithLogitsLoss",
  )
  .default(null);

type Nested = number | readonly Nested[];
const nested: z.ZodType<Nested> = z.union([z.number().nonnegative(), z.array(z.lazy(() => nested))]);

/** A buffer of the loss: one value per class, on no scope. */
function weights(values: Nested | null): torch.Tensor | null {
  return values === null ? null : torch.tensor(values as number[], { dtype: "float32" }).keep();
}

/** Negative log-likelihood of class indices, from log-probabilities (N, C, …). */
export class NLLLossConfig
  extends configClass("NLLLoss", z.strictObject({ weight, ignoreIndex, reduction }))
  implements LossConfig
{
  getObject(): LossModule {
    const { ignoreIndex, reduction } = this;
    return new nn.NLLLoss({ weight: weights(this.weight), ignoreIndex, reduction });
  }
}

/** Cross-entropy between scores (N, C, …) and class indices, or class probabilities of the same shape. */
export class CrossEntropyLossConfig
  extends configClass(
    "CrossEntropyLoss",
    z.strictObject({ weight, ignoreIndex, reduction, labelSmoothing: z.number().min(0).max(1).default(0) }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    const { ignoreIndex, reduction, labelSmoothing } = this;
    return new nn.CrossEntropyLoss({ weight: weights(this.weight), ignoreIndex, reduction, labelSmoothing });
  }
}

/** Binary cross-entropy between probabilities and targets of the same shape. */
export class BCELossConfig
  extends configClass("BCELoss", z.strictObject({ weight: noWeight, reduction }))
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.BCELoss({ reduction: this.reduction });
  }
}

/** Binary cross-entropy between logits and targets of the same shape; `posWeight` weighs the positive class. */
export class BCEWithLogitsLossConfig
  extends configClass(
    "BCEWithLogitsLoss",
    z.strictObject({ weight: noWeight, reduction, posWeight: z.array(nested).nullable().default(null) }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.BCEWithLogitsLoss({ posWeight: weights(this.posWeight), reduction: this.reduction });
  }
}

/** Multi-class margin loss between scores (N, C) and class indices. */
export class MultiMarginLossConfig
  extends configClass(
    "MultiMarginLoss",
    z.strictObject({
      p: z.union([z.literal(1), z.literal(2)], "Expected 1 or 2").default(1),
      margin: z.number().default(1),
      weight,
      reduction,
    }),
  )
  implements LossConfig
{
  getObject(): LossModule {
    const { p, margin, reduction } = this;
    return new nn.MultiMarginLoss({ p, margin, weight: weights(this.weight), reduction });
  }
}

/** Kullback-Leibler divergence between log-probabilities and probabilities (or their logarithms). */
export class KLDivLossConfig
  extends configClass("KLDivLoss", z.strictObject({ reduction, logTarget: z.boolean().default(false) }))
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.KLDivLoss({ reduction: this.reduction, logTarget: this.logTarget });
  }
}

/** Squared below `delta`, linear above. */
export class HuberLossConfig
  extends configClass("HuberLoss", z.strictObject({ reduction, delta: z.number().positive().default(1) }))
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.HuberLoss({ reduction: this.reduction, delta: this.delta });
  }
}

/** Squared (and divided by `beta`) below `beta`, linear above. */
export class SmoothL1LossConfig
  extends configClass("SmoothL1Loss", z.strictObject({ reduction, beta: z.number().nonnegative().default(1) }))
  implements LossConfig
{
  getObject(): LossModule {
    return new nn.SmoothL1Loss({ reduction: this.reduction, beta: this.beta });
  }
}

/** Mean absolute error. */
export class L1LossConfig extends configClass("L1Loss", z.strictObject({ reduction })) implements LossConfig {
  getObject(): LossModule {
    return new nn.L1Loss({ reduction: this.reduction });
  }
}

/** Mean squared error. */
export class MSELossConfig extends configClass("MSELoss", z.strictObject({ reduction })) implements LossConfig {
  getObject(): LossModule {
    return new nn.MSELoss({ reduction: this.reduction });
  }
}

/** The loss configs by their `name_`, to read them from JSON. */
export const LOSS_CONFIGS: Registry<LossConfig> = {
  NLLLoss: NLLLossConfig,
  CrossEntropyLoss: CrossEntropyLossConfig,
  BCELoss: BCELossConfig,
  BCEWithLogitsLoss: BCEWithLogitsLossConfig,
  MultiMarginLoss: MultiMarginLossConfig,
  KLDivLoss: KLDivLossConfig,
  HuberLoss: HuberLossConfig,
  SmoothL1Loss: SmoothL1LossConfig,
  L1Loss: L1LossConfig,
  MSELoss: MSELossConfig,
};
