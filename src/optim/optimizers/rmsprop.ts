import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative } from "./fields.ts";

/**
 * RMSprop (Hinton).
 *
 * @example
 * ```ts
 * const optimizer = new RMSpropConfig({ lr: 1e-3, momentum: 0.9 });
 * const model = new SupervisedModel({ network, loss: new BCEWithLogitsLossConfig(), optimizer });
 * ```
 */
export class RMSpropConfig extends optimizerConfig("RMSprop", () => optim.RMSprop, {
  /** The learning rate, > 0: one, or one per part of the network (`{ head: 1e-3, ELSE: 1e-4 }`), as all options here; default 1e-2. */
  lr: lr(1e-2),

  /** How much of the average of squares stays at each step, ≥ 0; default 0.99. */
  alpha: nonNegative().default(0.99),

  /** Added where it is divided by a root, against division by 0; default 1e-8. */
  eps: nonNegative().default(1e-8),

  /** How much of the weights is added to their gradient, ≥ 0; default 0. */
  weightDecay: nonNegative().default(0),

  /** How much of the last update stays, ≥ 0; default 0. */
  momentum: nonNegative().default(0),

  /** Whether the gradient is divided by its standard deviation instead of its mean square; default false. */
  centered: flag(),

  /** Kept in state dicts; without effect here. Default false. */
  capturable: flag(),

  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice(),

  /** Whether to go up instead of down; default false. */
  maximize: flag(),

  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag(),
}) {}
