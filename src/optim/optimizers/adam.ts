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
  weightDecay: nonNegative().default(0),
  amsgrad: flag(),
  foreach: choice(),
  maximize: flag(),
  capturable: flag(),
  differentiable: flag(),
  fused: choice(),
});

/** Adam (Kingma & Ba, 2015). */
export class AdamConfig
  extends configClass("Adam", schema, { verbatim: Object.keys(schema.shape), finish: checkGroups })
  implements OptimizerConfig
{
  freezeParameters(network: nn.Module): void {
    freezeParameters(this, network);
  }
  getParameterGroups(): string[] {
    return parameterGroups(this);
  }
  getObject(network: nn.Module, extra: readonly nn.Parameter[] = []): Optimizer {
    return buildOptimizer(optim.Adam, this, network, extra);
  }
}
