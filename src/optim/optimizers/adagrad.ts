import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative } from "./fields.ts";

/** Adagrad (Duchi, Hazan & Singer, 2011). */
export class AdagradConfig extends optimizerConfig("Adagrad", () => optim.Adagrad, {
  lr: lr(1e-2),
  lrDecay: nonNegative().default(0),
  weightDecay: nonNegative().default(0),
  initialAccumulatorValue: nonNegative().default(0),
  eps: nonNegative().default(1e-10),
  foreach: choice(),
  maximize: flag(),
  differentiable: flag(),
  fused: choice(),
}) {}
