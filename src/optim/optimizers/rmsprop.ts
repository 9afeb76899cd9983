import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative } from "./fields.ts";

/** RMSprop (Hinton). */
export class RMSpropConfig extends optimizerConfig("RMSprop", () => optim.RMSprop, {
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
}) {}
