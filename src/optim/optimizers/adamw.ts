import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative, unit } from "./fields.ts";
import { perGroup } from "./per-group.ts";

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, 2019). Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * @example
 * ```ts
 * const optimizer = new AdamWConfig({ lr: 1e-3, weightDecay: 0.01 });
 * const model = new SupervisedModel({ network, loss: new BCEWithLogitsLossConfig(), optimizer });
 * ```
 */
export class AdamWConfig extends optimizerConfig("AdamW", () => optim.AdamW, {
  /** The learning rate, > 0: one, or one per part of the network (`{ head: 1e-3, ELSE: 1e-4 }`), as all options here; default 1e-3. */
  lr: lr(1e-3),

  /** How much of the averages of the gradient and of its square stays at each step, in [0, 1]; default [0.9, 0.999]. */
  betas: perGroup(z.tuple([unit(), unit()])).default([0.9, 0.999]),

  /** Added where it is divided by a root, against division by 0; default 1e-8. */
  eps: nonNegative().default(1e-8),

  /** What part of the weights, times the learning rate, is taken from them at each step, ≥ 0; default 1e-2. */
  weightDecay: nonNegative().default(1e-2),

  /** Whether the largest average of squares so far is taken; default false. */
  amsgrad: flag(),

  /** Whether to go up instead of down; default false. */
  maximize: flag(),

  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice(),

  /** Kept in state dicts; without effect here. Default false. */
  capturable: flag(),

  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag(),

  /** Whether one kernel does the whole update; null, the default, lets the library choose. */
  fused: choice(),
}) {}
