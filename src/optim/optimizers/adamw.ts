import { z } from "zod";
import { type nn, optim } from "../../torch/index.ts";
import { configClass } from "../../utils/config.ts";
import {
  buildOptimizer,
  checkGroups,
  freezeParameters,
  type Optimizer,
  type OptimizerConfig,
  parameterGroups,
} from "./config.ts";
import { choice, flag, freeze, lr, nonNegative, unit } from "./fields.ts";
import { perGroup } from "./per-group.ts";

const schema = z.strictObject({
  freeze,
  lr: lr(1e-3),
  betas: perGroup(z.tuple([unit(), unit()])).default([0.9, 0.999]),
  eps: nonNegative().default(1e-8),
  weightDecay: nonNegative().default(1e-2),
  amsgrad: flag(),
  maximize: flag(),
  foreach: choice(),
  capturable: flag(),
  differentiable: flag(),
  fused: choice(),
});

/** Adam with decoupled weight decay (Loshchilov & Hutter, 2019). Not in ClinicaDL 2.0.0, which cannot read it. */
export class AdamWConfig
  extends configClass("AdamW", schema, { verbatim: Object.keys(schema.shape), finish: checkGroups })
  implements OptimizerConfig
{
  freezeParameters(network: nn.Module): void {
    freezeParameters(this, network);
  }
  getParameterGroups(): string[] {
    return parameterGroups(this);
  }
  getObject(network: nn.Module, extra: readonly nn.Parameter[] = []): Optimizer {
    return buildOptimizer(optim.AdamW, this, network, extra);
  }
}
