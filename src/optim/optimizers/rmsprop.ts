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

const schema = z.strictObject({
  freeze,
  lr: lr(1e-2),
  alpha: nonNegative().default(0.99),
  eps: nonNegative().default(1e-8),
  weightDecay: nonNegative().default(0),
  momentum: nonNegative().default(0),
  centered: flag(),
  capturable: flag(),
  foreach: choice(),
  maximize: flag(),
  differentiable: flag(),
});

/** RMSprop (Hinton). */
export class RMSpropConfig
  extends configClass("RMSprop", schema, { verbatim: Object.keys(schema.shape), finish: checkGroups })
  implements OptimizerConfig
{
  freezeParameters(network: nn.Module): void {
    freezeParameters(this, network);
  }
  getParameterGroups(): string[] {
    return parameterGroups(this);
  }
  getObject(network: nn.Module, extra: readonly nn.Parameter[] = []): Optimizer {
    return buildOptimizer(optim.RMSprop, this, network, extra);
  }
}
