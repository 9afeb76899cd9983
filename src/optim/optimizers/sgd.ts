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
import { choice, flag, freeze, lr, nonNegative } from "./fields.ts";
import { perGroup } from "./per-group.ts";

const schema = z.strictObject({
  freeze,
  lr: lr(1e-3),
  momentum: nonNegative().default(0),
  dampening: perGroup(z.number()).default(0),
  weightDecay: nonNegative().default(0),
  nesterov: flag(),
  maximize: flag(),
  foreach: choice(),
  differentiable: flag(),
  fused: choice(),
});

/** Stochastic gradient descent, with momentum if asked. */
export class SGDConfig
  extends configClass("SGD", schema, { verbatim: Object.keys(schema.shape), finish: checkGroups })
  implements OptimizerConfig
{
  freezeParameters(network: nn.Module): void {
    freezeParameters(this, network);
  }
  getParameterGroups(): string[] {
    return parameterGroups(this);
  }
  getObject(network: nn.Module, extra: readonly nn.Parameter[] = []): Optimizer {
    return buildOptimizer(optim.SGD, this, network, extra);
  }
}
