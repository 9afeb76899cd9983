import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative } from "./fields.ts";

/**
 * Adagrad (Duchi, Hazan & Singer, 2011).
 *
 * @example
 * ```ts
 * const optimizer = new AdagradConfig({ lr: 1e-2 });
 * const model = new SupervisedModel({ network, loss: new BCEWithLogitsLossConfig(), optimizer });
 * ```
 */
export class AdagradConfig extends optimizerConfig("Adagrad", () => optim.Adagrad, {
  /** The learning rate, > 0: one, or one per part of the network (`{ head: 1e-3, ELSE: 1e-4 }`), as all options here; default 1e-2. */
  lr: lr(1e-2),

  /** The learning rate is divided by 1 + lrDecay · steps, ≥ 0; default 0. */
  lrDecay: nonNegative().default(0),

  /** How much of the weights is added to their gradient, ≥ 0; default 0. */
  weightDecay: nonNegative().default(0),

  /** Where the sum of squares begins, ≥ 0; default 0. */
  initialAccumulatorValue: nonNegative().default(0),

  /** Added where it is divided by a root, against division by 0; default 1e-10. */
  eps: nonNegative().default(1e-10),

  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice(),

  /** Whether to go up instead of down; default false. */
  maximize: flag(),

  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag(),

  /** Whether one kernel does the whole update; null, the default, lets the library choose. */
  fused: choice(),
}) {}
