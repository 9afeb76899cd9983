import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative, unit } from "./fields.ts";
import { perGroup } from "./per-group.ts";

/**
 * Adam (Kingma & Ba, 2015).
 *
 * @example
 * ```ts
 * // the last layers learn faster than the others
 * const optimizer = new AdamConfig({ lr: { mlp: 1e-3, ELSE: 1e-4 } });
 * const model = new SupervisedModel({ network, loss: new BCEWithLogitsLossConfig(), optimizer });
 * ```
 */
export class AdamConfig extends optimizerConfig("Adam", () => optim.Adam, {
  /** The learning rate, > 0: one, or one per part of the network (`{ head: 1e-3, ELSE: 1e-4 }`), as all options here; default 1e-3. */
  lr: lr(1e-3),

  /** How much of the averages of the gradient and of its square stays at each step, in [0, 1]; default [0.9, 0.999]. */
  betas: perGroup(z.tuple([unit(), unit()])).default([0.9, 0.999]),

  /** Added where it is divided by a root, against division by 0; default 1e-8. */
  eps: nonNegative().default(1e-8),

  /** How much of the weights is added to their gradient, ≥ 0; default 0. */
  weightDecay: nonNegative().default(0),

  /** Whether the largest average of squares so far is taken; default false. */
  amsgrad: flag(),

  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice(),

  /** Whether to go up instead of down; default false. */
  maximize: flag(),

  /** Kept in state dicts; without effect here. Default false. */
  capturable: flag(),

  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag(),

  /** Whether one kernel does the whole update; null, the default, lets the library choose. */
  fused: choice(),
}) {}
