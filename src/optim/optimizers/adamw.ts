import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative, unit } from "./fields.ts";
import { perGroup } from "./per-group.ts";

/** Adam with decoupled weight decay (Loshchilov & Hutter, 2019). Not in ClinicaDL 2.0.0, which cannot read it. */
export class AdamWConfig extends optimizerConfig("AdamW", () => optim.AdamW, {
  lr: lr(1e-3),
  betas: perGroup(z.tuple([unit(), unit()])).default([0.9, 0.999]),
  eps: nonNegative().default(1e-8),
  weightDecay: nonNegative().default(1e-2),
  amsgrad: flag(),
  maximize: flag(),
  foreach: choice(),
  capturable: flag(),
  differentiable: flag(),
  fused: choice(),
}) {}
