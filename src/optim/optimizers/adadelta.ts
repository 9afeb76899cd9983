import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative, unit } from "./fields.ts";
import { perGroup } from "./per-group.ts";

/**
 * Adadelta (Zeiler, 2012).
 *
 * @example
 * ```ts
 * const optimizer = new AdadeltaConfig({ rho: 0.9 });
 * const model = new SupervisedModel({ network, loss: new BCEWithLogitsLossConfig(), optimizer });
 * ```
 */
export class AdadeltaConfig extends optimizerConfig("Adadelta", () => optim.Adadelta, {
  /** The learning rate, > 0: one, or one per part of the network (`{ head: 1e-3, ELSE: 1e-4 }`), as all options here; default 1. */
  lr: lr(1),

  /** How much of the averages of squares stays at each step, in [0, 1]; default 0.9. */
  rho: perGroup(unit()).default(0.9),

  /** Added where it is divided by a root, against division by 0; default 1e-6. */
  eps: nonNegative().default(1e-6),

  /** How much of the weights is added to their gradient, ≥ 0; default 0. */
  weightDecay: nonNegative().default(0),

  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice(),

  /** Kept in state dicts; without effect here. Default false. */
  capturable: flag(),

  /** Whether to go up instead of down; default false. */
  maximize: flag(),

  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag(),
}) {}
