import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative, unit } from "./fields.ts";
import { perGroup } from "./per-group.ts";

/** Adadelta (Zeiler, 2012). */
export class AdadeltaConfig extends optimizerConfig("Adadelta", () => optim.Adadelta, {
  lr: lr(1),
  rho: perGroup(unit()).default(0.9),
  eps: nonNegative().default(1e-6),
  weightDecay: nonNegative().default(0),
  foreach: choice(),
  capturable: flag(),
  maximize: flag(),
  differentiable: flag(),
}) {}
