import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative, unit } from "./fields.ts";
import { perGroup } from "./per-group.ts";

/** Adam (Kingma & Ba, 2015). */
export class AdamConfig extends optimizerConfig("Adam", () => optim.Adam, {
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
}) {}
