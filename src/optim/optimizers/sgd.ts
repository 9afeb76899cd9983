import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative } from "./fields.ts";
import { perGroup } from "./per-group.ts";

/** Stochastic gradient descent, with momentum if asked. */
export class SGDConfig extends optimizerConfig("SGD", () => optim.SGD, {
  lr: lr(1e-3),
  momentum: nonNegative().default(0),
  dampening: perGroup(z.number()).default(0),
  weightDecay: nonNegative().default(0),
  nesterov: flag(),
  maximize: flag(),
  foreach: choice(),
  differentiable: flag(),
  fused: choice(),
}) {}
