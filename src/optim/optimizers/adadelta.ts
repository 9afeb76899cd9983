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
  lr: lr(1),
  rho: perGroup(unit()).default(0.9),
  eps: nonNegative().default(1e-6),
  weightDecay: nonNegative().default(0),
  foreach: choice(),
  capturable: flag(),
  maximize: flag(),
  differentiable: flag(),
});

/** Adadelta (Zeiler, 2012). */
export class AdadeltaConfig
  extends configClass("Adadelta", schema, { verbatim: Object.keys(schema.shape), finish: checkGroups })
  implements OptimizerConfig
{
  freezeParameters(network: nn.Module): void {
    freezeParameters(this, network);
  }
  getParameterGroups(): string[] {
    return parameterGroups(this);
  }
  getObject(network: nn.Module, extra: readonly nn.Parameter[] = []): Optimizer {
    return buildOptimizer(optim.Adadelta, this, network, extra);
  }
}
