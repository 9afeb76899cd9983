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
  lrDecay: nonNegative().default(0),
  weightDecay: nonNegative().default(0),
  initialAccumulatorValue: nonNegative().default(0),
  eps: nonNegative().default(1e-10),
  foreach: choice(),
  maximize: flag(),
  differentiable: flag(),
  fused: choice(),
});

/** Adagrad (Duchi, Hazan & Singer, 2011). */
export class AdagradConfig
  extends configClass("Adagrad", schema, { verbatim: Object.keys(schema.shape), finish: checkGroups })
  implements OptimizerConfig
{
  freezeParameters(network: nn.Module): void {
    freezeParameters(this, network);
  }
  getParameterGroups(): string[] {
    return parameterGroups(this);
  }
  getObject(network: nn.Module, extra: readonly nn.Parameter[] = []): Optimizer {
    return buildOptimizer(optim.Adagrad, this, network, extra);
  }
}
